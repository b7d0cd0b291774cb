//! Troubles: what rows of the history begin and end, for receivers that open and resolve incidents.
//!
//! A trouble is told from others by its service, its sort and, for a service with several places, its place. A row that
//! pages begins one; a later row ends it. Rows of the history alone decide, so a restart changes nothing.

use std::collections::BTreeMap;
use std::fmt;

use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::machine::State;
use dns_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Troubles that are remembered at once. Those beyond are told, and nobody is told of their end: with so many a person
/// looks at `status`.
const OPEN_MAX: usize = 2000;

/// Sorts of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Sort {
    /// It moves by itself; over when the move was verified.
    Move,
    /// A write is wanted and a rule says no.
    Hold,
    /// Writes fail, or a hook says no to them.
    Write,
    /// Servers do not serve what was written.
    Delivery,
    /// Someone else changed the zone.
    ForeignChange,
    /// The fence was lost, or places contradict each other.
    Fence,
    /// The zone cannot be read.
    Unreadable,
    /// Automation is off.
    Paused,
    /// A standby region could not be moved to.
    Standby,
    /// An evacuation has stopped by itself.
    Evacuation,
    /// Somebody waits for a second person.
    Approval,
    /// A drill has not gone well, or none has for too long.
    Drill,
}

impl Sort {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Hold => "hold",
            Self::Write => "write",
            Self::Delivery => "delivery",
            Self::ForeignChange => "foreignChange",
            Self::Fence => "fence",
            Self::Unreadable => "unreadable",
            Self::Paused => "paused",
            Self::Standby => "standby",
            Self::Evacuation => "evacuation",
            Self::Approval => "approval",
            Self::Drill => "drill",
        }
    }
}

/// Which trouble.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    /// Of which service.
    pub(crate) service: ServiceName,
    /// What.
    pub(crate) sort: Sort,
    /// At which of several places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.sort.as_str())?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, "/{place}"))
    }
}

/// A trouble that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Open {
    /// Since when.
    pub(crate) since: Timestamp,
    /// The sentence that began it.
    pub(crate) summary: String,
}

/// What a row does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The trouble that it begins, or tells of again.
    pub(crate) begins: Option<Key>,
    /// Those that it ends, with how they had begun.
    pub(crate) ends: Vec<(Key, Open)>,
}

/// Every trouble that has begun and not ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Key, Open)>", into = "Vec<(Key, Open)>")]
pub(crate) struct Troubles(BTreeMap<Key, Open>);

impl From<Vec<(Key, Open)>> for Troubles {
    fn from(open: Vec<(Key, Open)>) -> Self {
        Self(open.into_iter().collect())
    }
}

impl From<Troubles> for Vec<(Key, Open)> {
    fn from(troubles: Troubles) -> Self {
        troubles.0.into_iter().collect()
    }
}

impl Troubles {
    /// What a row would do; `places` are the labels of the service's places if it has several.
    pub(super) fn change(&self, row: &HistoryEntry, places: &[String]) -> Change {
        let label =
            places.iter().find(|label| row.summary.strip_prefix(*label).is_some_and(|rest| rest.starts_with(": ")));
        let key = |sort| Key { service: row.service.clone(), sort, place: label.cloned() };
        let begins = begins(row.kind).filter(|_| row.page).map(key);
        // What is said once for all places is over at all of them.
        let everywhere = label.is_none() || said_once(row.kind);
        let is_ended = |key: &Key| {
            let here = everywhere || key.place.as_ref() == label;
            key.service == row.service && here && begins.as_ref() != Some(key) && ends(row, key.sort)
        };
        let ends = self.0.iter().filter(|(key, _)| is_ended(key)).map(|(key, open)| (key.clone(), open.clone()));
        Change { ends: ends.collect(), begins }
    }

    /// Takes in what a row does.
    pub(super) fn apply(&mut self, change: &Change, row: &HistoryEntry) {
        for (key, _) in &change.ends {
            self.0.remove(key);
        }
        let Some(key) = &change.begins else { return };
        let room = self.0.len() < OPEN_MAX;
        if let Some(open) = self.0.get_mut(key) {
            open.summary.clone_from(&row.summary);
        } else if room {
            self.0.insert(key.clone(), Open { since: row.at, summary: row.summary.clone() });
        }
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Open)> {
        self.0.iter()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Open> {
        self.0.get(key)
    }
}

/// What a row that pages begins.
fn begins(kind: HistoryKind) -> Option<Sort> {
    match kind {
        HistoryKind::Decided => Some(Sort::Move),
        HistoryKind::Held => Some(Sort::Hold),
        HistoryKind::Expired
        | HistoryKind::Conflicted
        | HistoryKind::Denied
        | HistoryKind::Unreachable
        | HistoryKind::OutcomeUnknown
        | HistoryKind::Burned => Some(Sort::Write),
        HistoryKind::Verified | HistoryKind::Unverified => Some(Sort::Delivery),
        HistoryKind::FenceLost | HistoryKind::Split => Some(Sort::Fence),
        HistoryKind::ForeignChange => Some(Sort::ForeignChange),
        HistoryKind::Unreadable => Some(Sort::Unreadable),
        HistoryKind::Paused => Some(Sort::Paused),
        HistoryKind::StandbyUnready => Some(Sort::Standby),
        HistoryKind::EvacuationStopped => Some(Sort::Evacuation),
        HistoryKind::ApprovalAsked => Some(Sort::Approval),
        HistoryKind::DrillEnded | HistoryKind::DrillOverdue => Some(Sort::Drill),
        HistoryKind::StateChanged
        | HistoryKind::WouldMove
        | HistoryKind::Unheld
        | HistoryKind::Permitted
        | HistoryKind::Applied
        | HistoryKind::Drained
        | HistoryKind::Followed
        | HistoryKind::ForeignChangeEnded
        | HistoryKind::ReadableAgain
        | HistoryKind::Resumed
        | HistoryKind::StandbyReady
        | HistoryKind::EvacuationStarted
        | HistoryKind::EvacuationResumed
        | HistoryKind::EvacuationEnded
        | HistoryKind::Approved
        | HistoryKind::Declined
        | HistoryKind::ApprovalLapsed
        | HistoryKind::DrillBegun
        | HistoryKind::DrillSkipped
        | HistoryKind::Imported => None,
    }
}

/// Whether a row ends troubles of a sort.
fn ends(row: &HistoryEntry, sort: Sort) -> bool {
    match row.kind {
        HistoryKind::Decided | HistoryKind::Unheld => sort == Sort::Hold,
        // Nothing was sent; what is still wanted is decided anew.
        HistoryKind::Expired => sort == Sort::Move,
        HistoryKind::Applied => matches!(sort, Sort::Write | Sort::ForeignChange | Sort::Fence),
        // One that pages begins the latter.
        HistoryKind::Verified => matches!(sort, Sort::Move | Sort::Delivery),
        HistoryKind::Followed => matches!(sort, Sort::Move | Sort::Write | Sort::ForeignChange | Sort::Fence),
        HistoryKind::ForeignChangeEnded => sort == Sort::ForeignChange,
        HistoryKind::ReadableAgain => sort == Sort::Unreadable,
        HistoryKind::Resumed => sort == Sort::Paused,
        HistoryKind::StandbyReady => sort == Sort::Standby,
        HistoryKind::EvacuationResumed | HistoryKind::EvacuationEnded => sort == Sort::Evacuation,
        HistoryKind::Approved | HistoryKind::Declined | HistoryKind::ApprovalLapsed => {
            sort == Sort::Approval && nobody_waits(row)
        }
        // One that pages begins it.
        HistoryKind::DrillEnded => sort == Sort::Drill,
        HistoryKind::StateChanged => matches!(sort, Sort::Move | Sort::Write) && came_to_rest(row),
        HistoryKind::WouldMove
        | HistoryKind::Held
        | HistoryKind::Permitted
        | HistoryKind::Conflicted
        | HistoryKind::Denied
        | HistoryKind::Unreachable
        | HistoryKind::OutcomeUnknown
        | HistoryKind::Burned
        | HistoryKind::Unverified
        | HistoryKind::Drained
        | HistoryKind::FenceLost
        | HistoryKind::Split
        | HistoryKind::ForeignChange
        | HistoryKind::Unreadable
        | HistoryKind::Paused
        | HistoryKind::StandbyUnready
        | HistoryKind::EvacuationStarted
        | HistoryKind::EvacuationStopped
        | HistoryKind::ApprovalAsked
        | HistoryKind::DrillBegun
        | HistoryKind::DrillSkipped
        | HistoryKind::DrillOverdue
        | HistoryKind::Imported => false,
    }
}

/// Whether that was the last of what waits for a second person.
fn nobody_waits(row: &HistoryEntry) -> bool {
    row.details["stillWaiting"].as_u64().unwrap_or_default() == 0
}

/// Rows that a service with several places has once for all of them.
fn said_once(kind: HistoryKind) -> bool {
    matches!(kind, HistoryKind::StateChanged | HistoryKind::Paused | HistoryKind::Resumed)
}

/// Whether the active region is healthy: a move that was tried in vain is no longer wanted.
fn came_to_rest(row: &HistoryEntry) -> bool {
    let rest = [State::SteadyPreferred {}, State::SteadyElsewhere {}, State::CoolingDown {}];
    row.details["to"].as_str().is_some_and(|to| rest.iter().any(|state| state.as_str() == to))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::row;
    use super::*;

    fn told(rows: &[(HistoryKind, bool, &str)], places: &[&str]) -> Vec<String> {
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        let mut troubles = Troubles::default();
        for (kind, page, summary) in rows {
            let mut row = row(1, *kind, summary).entry;
            row.page = *page;
            if *kind == HistoryKind::StateChanged {
                row.details = serde_json::json!({ "to": summary.trim_start_matches("main: ") }).into();
            }
            let change = troubles.change(&row, &places);
            troubles.apply(&change, &row);
        }
        troubles.iter().map(|(key, _)| key.to_string()).collect()
    }

    #[test]
    fn each_sort_is_begun_by_a_page_and_ended_by_its_row() {
        use HistoryKind::*;
        for (begin, end, key) in [
            (Decided, Verified, "checkout/move"),
            (Held, Unheld, "checkout/hold"),
            (Held, Decided, "checkout/hold"),
            (Denied, Applied, "checkout/write"),
            (Expired, Applied, "checkout/write"),
            (Unverified, Verified, "checkout/delivery"),
            (ForeignChange, ForeignChangeEnded, "checkout/foreignChange"),
            (FenceLost, Applied, "checkout/fence"),
            (Split, Followed, "checkout/fence"),
            (Unreadable, ReadableAgain, "checkout/unreadable"),
            (Paused, Resumed, "checkout/paused"),
            (StandbyUnready, StandbyReady, "checkout/standby"),
            (EvacuationStopped, EvacuationResumed, "checkout/evacuation"),
            (EvacuationStopped, EvacuationEnded, "checkout/evacuation"),
            (ApprovalAsked, Approved, "checkout/approval"),
            (ApprovalAsked, Declined, "checkout/approval"),
            (ApprovalAsked, ApprovalLapsed, "checkout/approval"),
        ] {
            assert_eq!(told(&[(begin, true, "x")], &[]), [key], "{begin}");
            assert_eq!(told(&[(begin, false, "x")], &[]), Vec::<String>::new(), "{begin} that wakes nobody");
            assert_eq!(told(&[(begin, true, "x"), (end, false, "x")], &[]), Vec::<String>::new(), "{begin} {end}");
            assert_eq!(told(&[(begin, true, "x"), (Permitted, false, "x")], &[]), [key], "{begin} goes on");
        }
    }

    #[test]
    fn a_verified_move_of_which_a_server_is_silent_leaves_that_open() {
        use HistoryKind::*;
        let rows = [(Decided, true, "x"), (Verified, true, "1 of 2")];
        assert_eq!(told(&rows, &[]), ["checkout/delivery"]);
    }

    #[test]
    fn a_move_that_is_no_longer_wanted_ends_with_the_state() {
        use HistoryKind::*;
        let failed = [(Decided, true, "x"), (Denied, true, "x")];
        assert_eq!(told(&failed, &[]), ["checkout/move", "checkout/write"]);
        for (state, left) in [("steady on the preferred region", 0), ("flipping", 2), ("unknown", 2)] {
            let rows = [failed[0], failed[1], (StateChanged, false, state)];
            assert_eq!(told(&rows, &[]).len(), left, "{state}");
        }
    }

    #[test]
    fn somebody_waits_for_a_second_person_until_nobody_does() {
        let mut troubles = Troubles::default();
        for (kind, waiting) in
            [(HistoryKind::ApprovalAsked, 1), (HistoryKind::Approved, 1), (HistoryKind::ApprovalLapsed, 0)]
        {
            assert_eq!(troubles.iter().len(), usize::from(kind != HistoryKind::ApprovalAsked), "{kind}");
            let details = serde_json::json!({ "stillWaiting": waiting }).into();
            let row = HistoryEntry { page: kind == HistoryKind::ApprovalAsked, details, ..row(1, kind, "x").entry };
            troubles.apply(&troubles.change(&row, &[]), &row);
        }
        assert_eq!(troubles.iter().len(), 0);
    }

    #[test]
    fn places_are_told_apart_and_what_is_said_once_is_over_at_all() {
        use HistoryKind::*;
        let both = [(Unreadable, true, "main: refused"), (Unreadable, true, "second: refused")];
        assert_eq!(told(&both, &["main", "second"]), ["checkout/unreadable/main", "checkout/unreadable/second"]);
        let one = [both[0], both[1], (ReadableAgain, false, "main: can be read")];
        assert_eq!(told(&one, &["main", "second"]), ["checkout/unreadable/second"]);
        let failed = [(Denied, true, "main: x"), (Denied, true, "second: x")];
        let rest = [failed[0], failed[1], (StateChanged, false, "main: steady on the preferred region")];
        assert_eq!(told(&rest, &["main", "second"]), Vec::<String>::new());
    }

    #[test]
    fn a_trouble_that_is_told_again_keeps_when_it_began() {
        let mut troubles = Troubles::default();
        for (position, summary) in [(1, "first"), (2, "second")] {
            let row = row(position, HistoryKind::Held, summary).entry;
            let row = HistoryEntry { page: true, ..row };
            troubles.apply(&troubles.change(&row, &[]), &row);
        }
        let (_, open) = troubles.iter().next().expect("one");
        assert_eq!((open.since, open.summary.as_str()), (row(1, HistoryKind::Held, "").entry.at, "second"));
        let kept = serde_json::to_string(&troubles).expect("serialises");
        assert_eq!(serde_json::from_str::<Troubles>(&kept).expect("reads"), troubles);
    }
}
