//! How much a plan may change before somebody has to say so.
//!
//! Every kind of change has a limit by count and one by share, for each zone and for all zones of a run together; all are
//! counted in RRsets. A count stops what a share lets through in a large zone, a share what a count lets through in a small
//! one. Each has a name that stays, by which an operator lifts that one and no other. Nobody lifts an empty source.
//!
//! The defaults ([`Limits::default`]) let a day's work pass and stop what has taken zones off the air: a source that is cut
//! or generated wrongly. Deletes take answers away at once, so they get the least room. octoDNS allows 30 % of updates and of
//! deletes in zones of ten records or more and knows no count; so nine records may be lost in silence. Here a few
//! changes never exceed a share ([`FEW`]), whatever the zone's size, and more do.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::change::{Kind, SetChange};
use crate::order::Step;

/// As many changes of a kind never exceed a share: in a zone of ten sets one rename would be a fifth.
pub const FEW: u64 = 5;

/// What one kind of change is bound by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The most sets; none means as many as there are.
    pub count_max: Option<u64>,
    /// The largest share of the sets that are there, in percent; none means all of them.
    pub percent_max: Option<u8>,
}

impl Bound {
    /// The most sets of so many; none means as many as there are.
    pub fn most_of(&self, existing: u64) -> Option<u64> {
        let share = self.percent_max.map(|percent| FEW.max(existing.saturating_mul(percent.into()) / 100));
        [self.count_max, share].into_iter().flatten().min()
    }
}

/// The bounds of all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Sets that come.
    pub creates: Bound,
    /// Sets that become others.
    pub updates: Bound,
    /// Sets that go.
    pub deletes: Bound,
}

/// All limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of each zone.
    pub zone: Bounds,
    /// Of all zones of a run together.
    pub all: Bounds,
    /// How much smaller a source may be than it was when last read, or than the target; in percent.
    pub shrink_percent_max: u8,
}

impl Default for Limits {
    /// Creates hurt least and are all there is on a zone's first day: bound by count only. A third of a zone is updated by
    /// migrations, which somebody watches. A tenth of it is deleted by accidents.
    fn default() -> Self {
        let bound = |count_max, percent_max| Bound { count_max: Some(count_max), percent_max };
        let bounds = |times: u64| Bounds {
            creates: bound(10_000 * times, None),
            updates: bound(1_000 * times, Some(30)),
            deletes: bound(100 * times, Some(10)),
        };
        Self { zone: bounds(1), all: bounds(3), shrink_percent_max: 20 }
    }
}

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One zone.
    Zone,
    /// All zones of a run.
    All,
}

/// How it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Sets.
    Count,
    /// Percent of the sets that are there.
    Share,
}

/// The name of something that stops a plan and that an operator may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Force {
    /// The limit of one kind of change: `deletes`, `deletesShare`, `allDeletes`, `allDeletesShare`, and so on.
    Changes(Scope, Kind, Unit),
    /// `shrink`: the source has become much smaller.
    Shrink,
    /// `strayMarkers`: somebody else's ownership marker leads to no record.
    StrayMarkers,
}

impl Force {
    /// All that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        let kinds = [Kind::Create, Kind::Update, Kind::Delete];
        let of =
            |scope| kinds.into_iter().flat_map(move |kind| [Unit::Count, Unit::Share].map(|unit| (scope, kind, unit)));
        let changes = of(Scope::Zone).chain(of(Scope::All)).map(|(scope, kind, unit)| Self::Changes(scope, kind, unit));
        changes.chain([Self::Shrink, Self::StrayMarkers])
    }

    /// What it is about, where that may be one or the other.
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Self::Changes(scope, _, _) => Some(scope),
            Self::Shrink | Self::StrayMarkers => None,
        }
    }
}

impl fmt::Display for Force {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scope, kind, unit) = match self {
            Self::Changes(scope, kind, unit) => (scope, kind, unit),
            Self::Shrink => return f.write_str("shrink"),
            Self::StrayMarkers => return f.write_str("strayMarkers"),
        };
        f.write_str(match (scope, kind) {
            (Scope::Zone, Kind::Create) => "creates",
            (Scope::Zone, Kind::Update) => "updates",
            (Scope::Zone, Kind::Delete) => "deletes",
            (Scope::All, Kind::Create) => "allCreates",
            (Scope::All, Kind::Update) => "allUpdates",
            (Scope::All, Kind::Delete) => "allDeletes",
        })?;
        f.write_str(match unit {
            Unit::Count => "",
            Unit::Share => "Share",
        })
    }
}

/// A text names nothing that can be lifted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be forced; what can: {known}", known = Force::all().map(|one| one.to_string()).collect::<Vec<_>>().join(", "))]
pub struct UnknownForce(String);

impl FromStr for Force {
    type Err = UnknownForce;

    fn from_str(text: &str) -> Result<Self, UnknownForce> {
        Self::all().find(|one| one.to_string() == text).ok_or_else(|| UnknownForce(text.to_owned()))
    }
}

impl TryFrom<String> for Force {
    type Error = UnknownForce;

    fn try_from(text: String) -> Result<Self, UnknownForce> {
        text.parse()
    }
}

impl From<Force> for String {
    fn from(force: Force) -> Self {
        force.to_string()
    }
}

/// What a plan changes, in sets; tallies of zones add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// How many were there that the plan might have changed.
    pub existing: u64,
    /// How many come.
    pub creates: u64,
    /// How many become others.
    pub updates: u64,
    /// How many go.
    pub deletes: u64,
}

impl Tally {
    /// Counts changes.
    pub fn of<'a>(existing: u64, changes: impl IntoIterator<Item = &'a SetChange>) -> Self {
        let mut tally = Self { existing, ..Self::default() };
        for change in changes {
            match change.kind() {
                Kind::Create => tally.creates += 1,
                Kind::Update => tally.updates += 1,
                Kind::Delete => tally.deletes += 1,
            }
        }
        tally
    }

    /// Counts what limits are about: not what a failover controller moves with its fence, since it has limits of its own, and a region
    /// must be left however much that is.
    pub fn of_own<'s>(existing: u64, steps: impl IntoIterator<Item = &'s Step>) -> Self {
        let own = steps.into_iter().filter(|step| step.service.is_none());
        Self::of(existing, own.flat_map(|step| &step.changes))
    }

    /// The limits that it exceeds.
    pub fn exceeding(&self, scope: Scope, limits: &Limits) -> Vec<Exceeded> {
        let Bounds { creates, updates, deletes } = match scope {
            Scope::Zone => limits.zone,
            Scope::All => limits.all,
        };
        let kinds = [
            (Kind::Create, self.creates, creates),
            (Kind::Update, self.updates, updates),
            (Kind::Delete, self.deletes, deletes),
        ];
        kinds.into_iter().flat_map(|(kind, found, bound)| self.over(scope, kind, found, bound)).collect()
    }

    fn over(&self, scope: Scope, kind: Kind, found: u64, bound: Bound) -> impl Iterator<Item = Exceeded> + use<> {
        let existing = self.existing;
        let exceeded = move |unit, max| Exceeded { limit: Force::Changes(scope, kind, unit), found, existing, max };
        let count = bound.count_max.filter(|max| found > *max).map(|max| exceeded(Unit::Count, max));
        let share = bound.percent_max.map(u64::from).filter(|max| exceeds_share(found, existing, *max));
        count.into_iter().chain(share.map(|max| exceeded(Unit::Share, max)))
    }
}

impl Add for Tally {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            existing: self.existing + other.existing,
            creates: self.creates + other.creates,
            updates: self.updates + other.updates,
            deletes: self.deletes + other.deletes,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), Add::add)
    }
}

fn exceeds_share(found: u64, of: u64, percent_max: u64) -> bool {
    found > FEW && found.saturating_mul(100) > of.saturating_mul(percent_max)
}

/// A limit, and by what it is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exceeded {
    /// Which.
    pub limit: Force,
    /// How many sets the plan would change so, or how many the source lost.
    pub found: u64,
    /// How many there were.
    pub existing: u64,
    /// How many are allowed; of a share, in percent.
    pub max: u64,
}

impl Exceeded {
    /// A source that has lost more than it may: it has `found` sets and had `known`.
    pub fn by_shrinking(found: u64, known: u64, limits: &Limits) -> Option<Self> {
        let (lost, max) = (known.saturating_sub(found), u64::from(limits.shrink_percent_max));
        exceeds_share(lost, known, max).then_some(Self { limit: Force::Shrink, found: lost, existing: known, max })
    }

    /// Whether the limit is one by share: `max` is in percent.
    pub(crate) fn is_share(&self) -> bool {
        !matches!(self.limit, Force::Changes(_, _, Unit::Count))
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, found, existing, max } = self;
        let unit = if self.is_share() { " %" } else { "" };
        write!(
            f,
            "{limit}: {found} of {existing} record sets, allowed are {max}{unit}; if that is meant: --force {limit}"
        )
    }
}

#[cfg(test)]
mod tests;
