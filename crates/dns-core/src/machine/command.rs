//! Operators' orders, and what becomes of them. They pass the same kernel as everything else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decide::Wish;
use super::effect::Refusal;
use super::memory::Failover;
use super::{Row, Turn};
use crate::approval::ApprovalId;
use crate::evacuation::Errand;
use crate::fence::text::SECONDS_MAX;
use crate::fence::{DecisionId, DrillId, Fence, Pause};
use crate::history::HistoryKind;
use crate::identifier::{Actor, RegionName};
use crate::judgement::Health;
use crate::kernel::Rule;
use crate::service::Service;
use crate::standing::{Standing, compare, own_records};
use crate::time::Timestamp;
use crate::write::{Initiative, WriteKind};
use crate::zone::ZoneView;

/// An order with who gave it and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// What.
    pub command: Command,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// Rules of the kernel to override.
    pub overrides: Vec<Rule>,
    /// For how long, from when the order is taken; without it as long as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_for: Option<Duration>,
    /// Who agreed to it, if a second person was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
}

impl Order {
    /// An order that overrides nothing.
    pub fn new(command: Command, by: Actor, reason: impl Into<String>) -> Self {
        Self { command, by, reason: reason.into(), overrides: Vec::new(), override_for: None, approved_by: None }
    }
}

/// What an operator can order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// Move to a region.
    Failover {
        /// Which.
        to: RegionName,
    },
    /// Move to the preferred region.
    Failback,
    /// Move to a region for a drill, or back from it: that pins nothing.
    Drill {
        /// Which drill.
        drill: DrillId,
        /// Which region.
        to: RegionName,
    },
    /// Move the whole group that the service is of to a region, this member first of those that are elsewhere.
    LeadGroup {
        /// Which.
        to: RegionName,
    },
    /// Block automatic writes.
    Pause {
        /// Until when; `None` means until resumed.
        until: Option<Timestamp>,
    },
    /// End a pause.
    Resume,
    /// Leave a region as part of its evacuation, or return to it.
    Evacuate {
        /// Where to; without it to the first region that is ready.
        to: Option<RegionName>,
        /// For which evacuation.
        errand: Errand,
    },
    /// Take the records under a fence.
    Adopt,
    /// Leave the records and turn the fence into a tombstone.
    Release,
    /// Agree to what waits for a second person.
    Approve {
        /// Which.
        approval: ApprovalId,
    },
    /// Say no to it, or take it back.
    Decline {
        /// Which.
        approval: ApprovalId,
    },
    /// Take note of a move that was made by hand.
    TellOfMove {
        /// What the fences name it by.
        plan: DecisionId,
        /// Where to.
        to: RegionName,
        /// Who moved.
        by: Actor,
    },
}

impl Failover {
    pub(super) fn obey(&mut self, order: &Order, turn: &mut Turn) {
        if let Err(too_long) = turn.around.service.policy.overrides.grant(order.override_for) {
            return turn.refuse(Refusal::Invalid(too_long.to_string()));
        }
        match &order.command {
            Command::Failover { to } => self.order_move(to.clone(), order, turn),
            Command::Failback => {
                let to = turn.around.service.preferred().clone();
                self.order_move(to, order, turn);
            }
            Command::Evacuate { to, errand } => self.order_evacuation(to.as_ref(), errand, order, turn),
            Command::LeadGroup { to } => self.order_group(to, order, turn),
            Command::Drill { drill, to } => self.order_drill(drill, to, order, turn),
            Command::Pause { until } => self.order_pause(*until, order, turn),
            Command::Resume => self.order_resume(order, turn),
            Command::Adopt => self.order_adopt(order, turn),
            Command::Release => self.order_release(order, turn),
            // These are about the service as a whole: its saga takes them.
            Command::Approve { .. } | Command::Decline { .. } | Command::TellOfMove { .. } => {
                turn.refuse(Refusal::Unexpected);
            }
        }
    }

    pub(super) fn order_move(&mut self, to: RegionName, order: &Order, turn: &mut Turn) {
        let service = turn.service();
        if service.region(&to).is_none() {
            let known: Vec<&str> = service.regions.iter().map(|region| region.name.as_str()).collect();
            let text = format!("the service has no region `{to}`; it has {}", known.join(", "));
            return turn.refuse(Refusal::Invalid(text));
        }
        if self.is_everywhere_in(&to, turn) {
            return turn.refuse(Refusal::Pointless(format!("the service is in region `{to}` already")));
        }
        let from = self.service_active(turn).cloned();
        if let Some(blend) = self.blend().filter(|_| from.as_ref() == Some(&to)) {
            // It is in that region, and another one gives a part of the answers: that part is what the order is about.
            let from = Some(blend.to().clone());
            return self.order_write(&Wish { from, ..wish(WriteKind::Abort, Some(to), order, turn) }, turn);
        }
        let kind = self.kind_of_move(from.as_ref(), &to, turn);
        self.order_write(&Wish { from, ..wish(kind, Some(to), order, turn) }, turn);
    }

    /// Records that two regions share are no region's: nobody could adopt them again.
    fn order_release(&mut self, order: &Order, turn: &mut Turn) {
        if let Some(blend) = self.blend() {
            let text = format!(
                "the service comes back in steps and has {blend}; finish it with `failback`, or give it up with \
                 `failover --to {}`, then release it",
                blend.from()
            );
            return turn.refuse(Refusal::Invalid(text));
        }
        self.order_write(&wish(WriteKind::Release, None, order, turn), turn);
    }

    /// The cooldown waits for a region that has failed to show that it is well. A service that a drill has moved may return
    /// from it at once.
    fn order_drill(&mut self, drill: &DrillId, to: &RegionName, order: &Order, turn: &mut Turn) {
        let returns = self.last_move().is_some_and(|last| last.drill.as_ref() == Some(drill));
        if !returns {
            return self.order_move(to.clone(), order, turn);
        }
        let mut order = order.clone();
        order.overrides.push(Rule::CooledDown);
        self.order_move(to.clone(), &order, turn);
    }

    /// Leaving a failing region is a failover in either direction; leaving another for a preferred one is a failback.
    pub(super) fn kind_of_move(&self, from: Option<&RegionName>, to: &RegionName, turn: &Turn) -> WriteKind {
        let service = &turn.around.service;
        let Some(from) = from else { return WriteKind::Failover };
        let health = self.judgement.as_ref().map_or(Health::Unknown, |judgement| judgement.health(from));
        let rank = |name: &RegionName| service.regions.iter().position(|region| region.name == *name);
        if health != Health::Failing && rank(to) < rank(from) { WriteKind::Failback } else { WriteKind::Failover }
    }

    pub(super) fn order_write(&mut self, wish: &Wish, turn: &mut Turn) {
        match self.propose(wish, turn) {
            Ok(write) => {
                turn.step.decision = Some(write.id.clone());
                self.open_write(write, turn);
            }
            Err(rejections) => turn.refuse(Refusal::Kernel(rejections)),
        }
    }

    fn order_adopt(&mut self, order: &Order, turn: &mut Turn) {
        let service = turn.service();
        if matches!(self.standing(), Standing::Held | Standing::Newer { .. }) {
            return turn
                .refuse(Refusal::Pointless("the service is adopted and its records are as the fence says".into()));
        }
        let Some(view) = &self.view else {
            return self.order_write(&wish(WriteKind::Adopt, None, order, turn), turn);
        };
        if let Some(why) = foreign_fence(view, &service) {
            return turn.refuse(Refusal::Invalid(why));
        }
        let served = own_records(view, &service);
        let Some(serving) = service.region_serving(&served).cloned() else {
            return turn.refuse(Refusal::Invalid(adoption_difference(&service, view)));
        };
        let identity = turn.adopted_elsewhere(&serving);
        self.order_write(&Wish { identity, ..wish(WriteKind::Adopt, Some(serving), order, turn) }, turn);
    }

    fn order_pause(&mut self, until: Option<Timestamp>, order: &Order, turn: &mut Turn) {
        // A fence keeps whole seconds, rounded up so that a pause never ends early.
        let until = until.map(|at| Timestamp::from_secs(at.as_millis().div_ceil(1000)));
        if until.is_some_and(|at| at <= turn.now()) {
            return turn.refuse(Refusal::Invalid("the pause would end before it begins".into()));
        }
        if until.is_some_and(|at| at.as_secs() > SECONDS_MAX) {
            return turn
                .refuse(Refusal::Invalid("the pause ends later than a fence can say; leave its end open".into()));
        }
        self.set_pause(Some(Pause { by: order.by.clone(), until, reason: order.reason.clone() }));
        let end =
            until.map_or_else(|| "until resumed".to_owned(), |at| format!("for {} s", at.since(turn.now()).as_secs()));
        let summary = format!("paused {end} by `{}`: {}", order.by, order.reason);
        turn.record(Row::new(HistoryKind::Paused, summary));
        self.pursue(turn);
    }

    fn order_resume(&mut self, order: &Order, turn: &mut Turn) {
        if self.pause.is_none() {
            let is_paused_elsewhere = self.binding_pause(turn).is_some();
            if is_paused_elsewhere && self.standing() != &Standing::Held {
                // What is found here may be paused as well, and the order is newer.
                self.pause_unwritten = true;
                return;
            }
            return turn.refuse(Refusal::Pointless("the service is not paused".into()));
        }
        self.set_pause(None);
        turn.record(Row::new(HistoryKind::Resumed, format!("resumed by `{}`: {}", order.by, order.reason)));
        self.pursue(turn);
    }

    /// Ends a pause whose time is over.
    pub(super) fn end_pause_if_over(&mut self, turn: &mut Turn) {
        let over = self.pause.as_ref().and_then(|pause| pause.until).is_some_and(|until| until <= turn.now());
        if over {
            self.set_pause(None);
            turn.record(Row::new(HistoryKind::Resumed, "resumed: the pause's time is over"));
        }
    }

    /// The store knows at once; the fence follows if it says otherwise.
    fn set_pause(&mut self, pause: Option<Pause>) {
        let fence_says_otherwise = self.held.as_ref().is_some_and(|held| held.pause.is_some() || pause.is_some());
        self.pause_unwritten = fence_says_otherwise;
        self.pause_stays_here = false;
        self.pause = pause;
    }

    /// Ends a pause with the fence that it belonged to.
    pub(super) fn forget_pause(&mut self, turn: &mut Turn) {
        if self.pause.is_some() {
            turn.record(Row::new(HistoryKind::Resumed, "resumed: the service was released"));
        }
        (self.pause, self.pause_unwritten, self.pause_stays_here) = (None, false, false);
    }

    /// Takes over what a newer fence says about a pause, unless this store knows better.
    pub(super) fn follow_pause(&mut self, fence: &Fence) {
        if self.keeps_own_pause() {
            return;
        }
        if self.pause.is_some() && self.is_from_a_backup(fence) {
            // Whoever restored the zone has not resumed the service.
            self.pause_unwritten = true;
            return;
        }
        self.pause.clone_from(&fence.pause);
    }

    /// Whether a fence of a higher order than the one held was written long before it: counts began anew since.
    fn is_from_a_backup(&self, fence: &Fence) -> bool {
        let known = self.held.as_ref().and_then(|held| held.write.made());
        known.zip(fence.write.made()).is_some_and(|(known, found)| known.since(found) > CLOCKS_APART)
    }

    /// Whether other controllers' fences leave the pause alone: an order that the fence has yet to hear of is newer,
    /// and a pause of this store's alone ends by an order only. Even a pause of theirs must not replace it: theirs
    /// may end by itself, and would arm this controller without an order.
    pub(super) fn keeps_own_pause(&self) -> bool {
        self.pause_unwritten || self.pause_stays_here
    }
}

/// No two controllers' clocks are this far apart.
const CLOCKS_APART: Duration = Duration::from_hours(1);

pub(super) fn wish(kind: WriteKind, to: Option<RegionName>, order: &Order, turn: &Turn) -> Wish {
    let granted = turn.around.service.policy.overrides.grant(order.override_for).ok();
    let expire = granted.filter(|_| !order.overrides.is_empty()).map(|length| turn.now() + length);
    let drill = match &order.command {
        Command::Drill { drill, .. } => Some(drill.clone()),
        Command::Failover { .. }
        | Command::Failback
        | Command::Evacuate { .. }
        | Command::LeadGroup { .. }
        | Command::Pause { .. }
        | Command::Resume
        | Command::Adopt
        | Command::Release
        | Command::Approve { .. }
        | Command::Decline { .. }
        | Command::TellOfMove { .. } => None,
    };
    Wish {
        initiative: Initiative::Manual { by: order.by.clone(), approved_by: order.approved_by.clone() },
        overrides: order.overrides.clone(),
        overrides_expire: expire,
        drill,
        ..Wish::automatic(kind, to, order.reason.clone())
    }
}

/// An adoption never takes what belongs to someone else, and cannot require what it cannot read.
fn foreign_fence(view: &ZoneView, service: &Service) -> Option<String> {
    match &view.fence {
        crate::zone::FoundFence::Absent => None,
        crate::zone::FoundFence::Unreadable { found } => {
            Some(format!("`{}` holds something that is no fence ({found}); delete it by hand first", view.fence_name))
        }
        crate::zone::FoundFence::Present { text, .. } => match crate::fence::Fence::parse(text, &view.zone) {
            Err(error) => {
                Some(format!("the fence at `{}` cannot be read ({error}); delete it by hand first", view.fence_name))
            }
            Ok(fence) if fence.install != service.installation || fence.id != service.name => Some(format!(
                "the fence at `{}` belongs to `{}` of installation `{}`; release it there first",
                view.fence_name, fence.id, fence.install
            )),
            Ok(_) => None,
        },
    }
}

/// What differs between the records served and each region's.
pub(crate) fn adoption_difference(service: &Service, view: &ZoneView) -> String {
    let served = own_records(view, service);
    let differences: Vec<String> = service
        .regions
        .iter()
        .filter_map(|region| {
            let rendered = service.render(&region.name).ok()?;
            Some(format!("for region `{}`: {}", region.name, compare(&rendered, &served)))
        })
        .collect();
    format!("the records served are no region's: {}", differences.join("; "))
}
