//! What a service has to know of the others that it moves with, or that rules bind it to: its *companions*.
//!
//! Only services of groups and rules have any. What is known of a companion is in two parts, since they change at different
//! times: its [`Stance`], where it is by what its machines remember, and its [`Sight`], what a quorum sees of it. Both hold
//! no figures that change by themselves, so that a service is looked at again only when something about a companion changed.

mod call;
mod stance;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use call::{Call, Own};
pub use stance::Stance;

use crate::gate::GateState;
use crate::group::Group;
use crate::identifier::{RegionName, ServiceName};
use crate::judgement::{Health, Judgement, RegionJudgement};
use crate::relation::Relation;
use crate::time::Timestamp;

/// What the configuration binds a service to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// The group that it moves with.
    pub group: Option<Arc<Group>>,
    /// The rules that name it.
    pub relations: Vec<Arc<Relation>>,
}

impl Ties {
    /// Of every service that has some.
    pub fn of_all(groups: &[Arc<Group>], relations: &[Arc<Relation>]) -> BTreeMap<ServiceName, Arc<Self>> {
        let mut all: BTreeMap<ServiceName, Self> = BTreeMap::new();
        for group in groups {
            for name in group.names() {
                all.entry(name.clone()).or_default().group = Some(Arc::clone(group));
            }
        }
        for relation in relations {
            for name in relation.services().into_iter().collect::<BTreeSet<_>>() {
                all.entry(name.clone()).or_default().relations.push(Arc::clone(relation));
            }
        }
        all.into_iter().map(|(name, ties)| (name, Arc::new(ties))).collect()
    }

    /// The services that one with these ties has to know of; itself among them.
    pub fn names(&self) -> BTreeSet<&ServiceName> {
        let of_group = self.group.iter().flat_map(|group| group.names());
        let of_rules = self.relations.iter().flat_map(|relation| relation.services());
        of_group.chain(of_rules).collect()
    }
}

/// A companion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companion {
    /// Where it is.
    pub stance: Stance,
    /// What is seen of it.
    pub sight: Sight,
}

/// What a quorum sees of a service, by region, without figures that age.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    regions: BTreeMap<RegionName, Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    health: Health,
    refuge: Refuge,
    /// The votes in figures, of a region that fails.
    says: String,
}

/// Whether a region can be moved to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refuge {
    Ready,
    /// It is proven, and these gates are not open.
    Shut(Vec<String>),
    Unproven,
}

impl Sight {
    /// Of a judgement.
    pub fn of(judgement: &Judgement, now: Timestamp) -> Self {
        let regions = judgement.regions.iter();
        Self { regions: regions.map(|(name, judged)| (name.clone(), Seen::of(judged, now))).collect() }
    }

    fn health(&self, region: &RegionName) -> Health {
        self.regions.get(region).map_or(Health::Unknown, |seen| seen.health)
    }

    fn says(&self, region: &RegionName) -> &str {
        self.regions.get(region).map(|seen| seen.says.as_str()).unwrap_or_default()
    }

    fn is_ready(&self, region: &RegionName) -> bool {
        self.regions.get(region).is_some_and(|seen| seen.refuge == Refuge::Ready)
    }

    fn is_proven(&self, region: &RegionName) -> bool {
        self.regions.get(region).is_some_and(|seen| seen.refuge != Refuge::Unproven)
    }

    /// Why it could not come to a region.
    fn lack(&self, region: &RegionName) -> Option<String> {
        match self.regions.get(region).map(|seen| (&seen.refuge, seen.health)) {
            Some((Refuge::Ready, _)) => None,
            Some((Refuge::Shut(gates), _)) => {
                Some(format!("its gates of `{region}` are not open: {}", gates.join(", ")))
            }
            Some((Refuge::Unproven, health)) => Some(format!("`{region}` is not proven for it, but {health}")),
            None => Some(format!("`{region}` has not been judged for it yet")),
        }
    }
}

impl Seen {
    fn of(judged: &RegionJudgement, now: Timestamp) -> Self {
        let is_shut = |state: &GateState| !matches!(state, GateState::Open { until, .. } if now <= *until);
        let shut: Vec<String> = judged
            .gates
            .iter()
            .filter(|gate| !gate.is_open(now) || is_shut(&gate.state))
            .map(|gate| gate.name.to_string())
            .collect();
        let refuge = match (judged.proven, shut.is_empty()) {
            (false, _) => Refuge::Unproven,
            (true, true) => Refuge::Ready,
            (true, false) => Refuge::Shut(shut),
        };
        let says = if judged.health == Health::Failing { judged.describe() } else { String::new() };
        Self { health: judged.health, refuge, says }
    }
}

/// What a service knows of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companions {
    ties: Arc<Ties>,
    others: BTreeMap<ServiceName, Companion>,
}

/// Where a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts<'a> {
    In(&'a RegionName),
    OnItsWay { from: &'a RegionName, to: &'a RegionName },
}

impl Whereabouts<'_> {
    pub(crate) fn is_settled_in(&self, region: &RegionName) -> bool {
        matches!(self, Self::In(here) if *here == region)
    }

    pub(crate) fn touches(&self, region: &RegionName) -> bool {
        match self {
            Self::In(here) => *here == region,
            Self::OnItsWay { from, to } => *from == region || *to == region,
        }
    }
}

impl fmt::Display for Whereabouts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(here) => write!(f, "in `{here}`"),
            Self::OnItsWay { from, to } => write!(f, "on its way from `{from}` to `{to}`"),
        }
    }
}

impl Companions {
    /// Of a service with these ties. Those of the others that are missing are those of which nothing is known.
    pub fn new(ties: Arc<Ties>, others: BTreeMap<ServiceName, Companion>) -> Self {
        Self { ties, others }
    }

    /// The group that it moves with.
    pub fn group(&self) -> Option<&Group> {
        self.ties.group.as_deref()
    }

    /// The rules that bind it.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.ties.relations.iter().map(Arc::as_ref)
    }

    /// Where another service is, or why that is not known.
    pub(crate) fn whereabouts(&self, other: &ServiceName) -> Result<Whereabouts<'_>, &str> {
        let stance = &self.others.get(other).ok_or("its state is not loaded")?.stance;
        stance.whereabouts()
    }

    fn stance(&self, other: &ServiceName) -> Option<&Stance> {
        self.others.get(other).map(|companion| &companion.stance)
    }

    fn sight(&self, other: &ServiceName) -> Option<&Sight> {
        self.others.get(other).map(|companion| &companion.sight)
    }
}

#[cfg(test)]
pub(crate) mod tests;
