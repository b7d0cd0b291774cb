//! A move by hand with neither controller nor store: what the zones alone allow an operator to write.
//!
//! Everything is planned at once for every place of the service, from one look at each. Rules of the first precedence are
//! the kernel's own and never overridden; the others are asked as well, and an operator who overrides one names it. All
//! places get the same epoch, rev and plan, above everything that any of them says.
//!
//! Nothing here waits for a cooldown, a quorum or another open write: whoever breaks the glass has no controller to ask.

use std::time::Duration;

use crate::change::ChangeSet;
use crate::fence::{DecisionId, Epoch, Fence, Pin, Rev, WriteId};
use crate::fleet::Fleet;
use crate::identifier::{Actor, RegionName};
use crate::kernel::{Proposal, Purpose, Rejection, Rule, Situation, review};
use crate::rrset::records_digest;
use crate::service::{RenderError, Service};
use crate::standing::{Standing, classify, own_records};
use crate::time::Timestamp;
use crate::write::{Initiative, WriteKind};
use crate::zone::ZoneView;

/// The rules that an operator may override here. Those that keep an answer from being empty, unread or unfenced are not
/// among them.
pub const OVERRIDABLE: [Rule; 7] = [
    Rule::ZoneKnown,
    Rule::TargetProven,
    Rule::Observing,
    Rule::NotPaused,
    Rule::Adopted,
    Rule::NoForeignChange,
    Rule::ConfigurationCurrent,
];

/// The rules that the kernel is asked for each place. The others need a controller's memory, or are asked here.
const ASKED: [Rule; 5] =
    [Rule::EmptyAnswer, Rule::UnreadRecord, Rule::Unfenced, Rule::Observing, Rule::ConfigurationCurrent];

/// What an operator wants.
#[derive(Clone, Debug)]
pub struct Order {
    /// The region to move to.
    pub to: RegionName,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// Rules to override; those that are not in [`OVERRIDABLE`] have no effect.
    pub overrides: Vec<Rule>,
    /// For how long; nothing is written after that.
    pub override_for: Duration,
    /// Why the target is not known to be healthy; `None` if it was seen healthy from here.
    pub doubt: Option<String>,
    /// Now.
    pub now: Timestamp,
    /// A fresh random number, for the ids.
    pub nonce: u128,
}

/// One place of the service as it was found.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The service as the place sees it.
    pub service: &'a Service,
    /// What its zone holds, or why that is not known.
    pub view: Result<&'a ZoneView, &'a str>,
}

/// A write to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceWrite {
    /// What to send.
    pub change: ChangeSet,
    /// The fence that it leaves.
    pub fence: Fence,
}

/// What was found at one place, and what is to be done there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacePlan {
    /// What the look means without a memory.
    pub standing: Standing,
    /// The fence that is there, whoever's it is.
    pub found: Option<Fence>,
    /// The region whose records are served.
    pub serving: Option<RegionName>,
    /// What speaks against a write there, overridden rules left out.
    pub rejections: Vec<Rejection>,
    /// What to write; `None` if it cannot be planned, or was not read and that is overridden.
    pub write: Option<PlaceWrite>,
}

/// What was found everywhere, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What fences will name the move by.
    pub id: DecisionId,
    /// In the order of the looks.
    pub places: Vec<PlacePlan>,
    /// What speaks against the move as a whole, overridden rules left out.
    pub rejections: Vec<Rejection>,
}

impl Plan {
    /// Everything that speaks against it.
    pub fn all_rejections(&self) -> impl Iterator<Item = &Rejection> {
        self.rejections.iter().chain(self.places.iter().flat_map(|place| &place.rejections))
    }

    /// Whether it may be carried out: nothing speaks against it and there is something to write.
    pub fn is_clear(&self) -> bool {
        self.all_rejections().next().is_none() && self.places.iter().any(|place| place.write.is_some())
    }

    /// Whether every place is in the region already, under a fence that says so: then a write would change nothing.
    pub fn is_pointless(&self, to: &RegionName) -> bool {
        let arrived = |place: &PlacePlan| {
            let standing = matches!(&place.standing, Standing::Newer { fence } if fence.active.as_ref() == Some(to));
            standing && place.serving.as_ref() == Some(to)
        };
        !self.places.is_empty() && self.places.iter().all(arrived)
    }
}

/// Plans a move of all places.
pub fn plan(order: &Order, looks: &[Look<'_>]) -> Plan {
    let id = DecisionId::at(order.now, order.nonce);
    let found: Vec<Option<Fence>> = looks.iter().map(|look| look.view.ok().and_then(ZoneView::parsed_fence)).collect();
    let next = Next::above(&found);
    let places = looks.iter().zip(found).zip(0u128..).map(|((look, found), number)| {
        let write = WriteId::at(order.now, order.nonce.wrapping_add(number));
        let draft = Draft { order, look, found, next, id: &id, write };
        draft.plan()
    });
    let places = places.collect();
    let doubt = order.doubt.clone().map(|reason| Rejection { rule: Rule::TargetProven, reason });
    let rejections = order.binding(doubt.into_iter().collect());
    Plan { id, places, rejections }
}

impl Order {
    /// When the overrides end, if there are any: what was looked at then is no longer what is so.
    pub fn overrides_expire(&self) -> Option<Timestamp> {
        (!self.overrides.is_empty()).then(|| self.now + self.override_for)
    }

    /// The rejections that are not overridden.
    fn binding(&self, rejections: Vec<Rejection>) -> Vec<Rejection> {
        let overridden = |rule| OVERRIDABLE.contains(&rule) && self.overrides.contains(&rule);
        rejections.into_iter().filter(|rejection| !overridden(rejection.rule)).collect()
    }
}

/// The counters of the next fence everywhere.
#[derive(Clone, Copy)]
struct Next {
    epoch: Epoch,
    rev: Rev,
    cfg: u64,
}

impl Next {
    fn above(found: &[Option<Fence>]) -> Self {
        let known = || found.iter().flatten();
        Self {
            epoch: known().map(|fence| fence.epoch).max().unwrap_or_default().next(),
            rev: known().map(|fence| fence.rev).max().unwrap_or_default().next(),
            // A replica with an older configuration must not be let back in by this write.
            cfg: known().map(|fence| fence.cfg).max().unwrap_or_default(),
        }
    }
}

/// One place in the making.
struct Draft<'a> {
    order: &'a Order,
    look: &'a Look<'a>,
    found: Option<Fence>,
    next: Next,
    id: &'a DecisionId,
    write: WriteId,
}

impl Draft<'_> {
    fn plan(self) -> PlacePlan {
        let service = self.look.service;
        let view = match self.look.view {
            Ok(view) => view,
            Err(reason) => return self.unread(reason),
        };
        let standing = classify(None, view, service);
        let serving = service.region_serving(&own_records(view, service)).cloned();
        let mut rejections = of_standing(&standing, serving.as_ref(), view);
        rejections.extend(self.of_pause());
        let write = match self.write(view) {
            Ok(write) => {
                rejections.extend(self.of_kernel(&write, &standing));
                Some(write)
            }
            Err(rejection) => {
                rejections.push(rejection);
                None
            }
        };
        rejections.sort_by_key(|rejection| rejection.rule);
        let rejections = self.order.binding(rejections);
        PlacePlan { standing, found: self.found, serving, write: write.filter(|_| rejections.is_empty()), rejections }
    }

    fn unread(self, reason: &str) -> PlacePlan {
        let rejection = Rejection { rule: Rule::ZoneKnown, reason: reason.to_owned() };
        let rejections = self.order.binding(vec![rejection]);
        PlacePlan { standing: Standing::Unread, found: None, serving: None, rejections, write: None }
    }

    fn of_pause(&self) -> Option<Rejection> {
        let pause = self.own_fence()?.pause.as_ref()?;
        let over = pause.until.is_some_and(|until| until <= self.order.now);
        let reason = format!("paused by `{}`: {}", pause.by, pause.reason);
        (!over).then_some(Rejection { rule: Rule::NotPaused, reason })
    }

    /// The fence found, if it is this service's.
    fn own_fence(&self) -> Option<&Fence> {
        let Service { installation, name, .. } = self.look.service;
        self.found.as_ref().filter(|fence| fence.install == *installation && fence.id == *name)
    }

    fn write(&self, view: &ZoneView) -> Result<PlaceWrite, Rejection> {
        let service = self.look.service;
        let target = service.render(&self.order.to).map_err(|error| match &error {
            RenderError::Rrset { source, .. } => format!("{error}: {source}"),
            RenderError::NoRegion(_) | RenderError::NoValue { .. } | RenderError::EmptyName { .. } => error.to_string(),
        });
        let target = target.map_err(|reason| Rejection { rule: Rule::EmptyAnswer, reason })?;
        let fence = self.next_fence(target.keys().cloned().collect(), records_digest(&target));
        match ChangeSet::plan(view, &service.keys(), &target, &fence) {
            Ok(change) => Ok(PlaceWrite { change, fence }),
            Err(error) => Err(Rejection { rule: Rule::Unfenced, reason: chain(&error) }),
        }
    }

    fn next_fence(
        &self,
        rrs: std::collections::BTreeSet<crate::rrset::RrsetKey>,
        digest: crate::digest::Digest,
    ) -> Fence {
        let Order { to, by, reason, now, .. } = self.order;
        let service = self.look.service;
        let own = self.own_fence();
        let pause = own.and_then(|fence| fence.pause.clone());
        // As with every other move: by hand it pins, and coming back to the preferred region unpins.
        let pin = (to != service.preferred()).then(|| Pin { by: by.clone(), reason: reason.clone() });
        Fence {
            install: service.installation.clone(),
            id: service.name.clone(),
            provider: service.provider.clone(),
            epoch: self.next.epoch,
            rev: self.next.rev,
            write: self.write.clone(),
            plan: self.id.clone(),
            active: Some(to.clone()),
            blend: None,
            released: None,
            moved: *now,
            by: by.clone(),
            cfg: service.revision.max(self.next.cfg),
            pin,
            dwell: own.and_then(|fence| fence.dwell),
            pause: pause.filter(|pause| pause.until.is_none_or(|until| until > *now)),
            rrs,
            digest,
            unknown: own.map(|fence| fence.unknown.clone()).unwrap_or_default(),
        }
    }

    fn of_kernel(&self, write: &PlaceWrite, standing: &Standing) -> Vec<Rejection> {
        let service = self.look.service;
        let after = service.render(&self.order.to).unwrap_or_default();
        let initiative = Initiative::Manual { by: self.order.by.clone(), approved_by: None };
        // Without a fence its absence is the condition, as in an adoption; whether that may be is the rule `adopted`.
        let absent = matches!(standing, Standing::Unadopted { .. } | Standing::Lost { .. });
        let proposal = Proposal {
            kind: if absent { WriteKind::Adopt } else { WriteKind::Failover },
            initiative: &initiative,
            purpose: Purpose::Decides,
            from: self.found.as_ref().and_then(|fence| fence.active.as_ref()),
            to: Some(&self.order.to),
            overrides: &[],
            overrides_expire: None,
            group: None,
            change: Some(&write.change),
            after: Some(&after),
        };
        let situation = Situation {
            service,
            judgement: None,
            standing,
            held: self.own_fence(),
            disputed_revision: 0,
            pause: None,
            moved: None,
            dwell: None,
            pin: None,
            failovers: &[],
            fleet: &Fleet::default(),
            veto: None,
            other_write_open: false,
            backoff_until: None,
            now: self.order.now,
        };
        review(&proposal, &situation).into_iter().filter(|rejection| ASKED.contains(&rejection.rule)).collect()
    }
}

/// What a look without a memory says against a write.
fn of_standing(standing: &Standing, serving: Option<&RegionName>, view: &ZoneView) -> Vec<Rejection> {
    let rejection = |rule, reason: String| Rejection { rule, reason };
    let unadopted = || {
        let reason =
            format!("there is no fence at `{}`: it was never adopted, or the fence was deleted", view.fence_name);
        rejection(Rule::Adopted, reason)
    };
    let strange = "the records served are no region's".to_owned();
    match standing {
        Standing::Unadopted { .. } if serving.is_none() => {
            vec![unadopted(), rejection(Rule::NoForeignChange, strange)]
        }
        Standing::Unadopted { .. } | Standing::Lost { .. } => vec![unadopted()],
        Standing::Released { .. } => {
            vec![rejection(Rule::Adopted, "the service was released there: its fence is a tombstone".to_owned())]
        }
        Standing::Foreign { why } => vec![rejection(Rule::NoForeignChange, why.clone())],
        Standing::Newer { .. } | Standing::Held | Standing::Unread => Vec::new(),
    }
}

/// The error with its cause: a rejection has no chain.
fn chain(error: &crate::change::PlanError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests;
