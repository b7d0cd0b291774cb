//! The measured recovery time of a service over a time: of drills and of failovers that nobody ordered.
//!
//! Only what began with a failure has a recovery time: a move that was ordered was not detected, and its shorter time would
//! flatter. Its other stages count. A failover that nobody ordered is counted from its first suspicion, since nobody knows
//! when the failure began; a drill with injection is counted from the injection.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::measure::{Journey, Stages};
use super::{Drill, Method, Outcome};
use crate::time::Timestamp;

/// Several measurements of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// The one in the middle; of an even number, the shorter of the two.
    pub median: Duration,
    /// The longest.
    pub worst: Duration,
    /// The newest.
    pub last: Duration,
}

impl Spread {
    /// Of measurements, oldest first; `None` of none.
    pub fn of(measured: &[Duration]) -> Option<Self> {
        let last = *measured.last()?;
        let mut sorted = measured.to_vec();
        sorted.sort_unstable();
        let median = sorted[(sorted.len() - 1) / 2];
        Some(Self { count: sorted.len(), median, worst: *sorted.last()?, last })
    }
}

/// The spread of each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spreads {
    /// See [`Stages::detection`].
    pub detection: Option<Spread>,
    /// See [`Stages::decision`].
    pub decision: Option<Spread>,
    /// See [`Stages::write`].
    pub write: Option<Spread>,
    /// See [`Stages::propagation`].
    pub propagation: Option<Spread>,
    /// See [`Stages::drain`].
    pub drain: Option<Spread>,
    /// From the failure to the last authoritative server.
    pub recovery: Option<Spread>,
}

/// What became of a service over a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Drills that ended.
    pub drills: usize,
    /// Those of them that went there and back.
    pub completed: usize,
    /// Failovers that nobody ordered, and that were no drill.
    pub failovers: usize,
    /// How long they took.
    pub measured: Spreads,
    /// When the last drill ended, and how.
    pub last: Option<(Timestamp, Outcome)>,
    /// When the last drill that went well ended.
    pub succeeded: Option<Timestamp>,
}

impl Summary {
    /// Of one service: its drills and its moves, each oldest first.
    pub fn of(drills: &[Drill], journeys: &[Journey]) -> Self {
        let ended = || drills.iter().filter_map(|drill| Some((drill.ended()?, drill.outcome()?)));
        let well = |(_, outcome): &(Timestamp, Outcome)| *outcome == Outcome::Completed;
        let is_real = |journey: &&Journey| journey.is_real_failover();
        Self {
            drills: ended().count(),
            completed: ended().filter(well).count(),
            failovers: journeys.iter().filter(is_real).count(),
            measured: Spreads::of(&measured(drills, journeys)),
            last: ended().max_by_key(|(at, _)| *at),
            succeeded: ended().filter(well).map(|(at, _)| at).max(),
        }
    }
}

impl Journey {
    /// Whether nobody ordered it, and it was no drill.
    fn is_real_failover(&self) -> bool {
        self.automatic && self.kind == "failover" && self.drill.is_none()
    }
}

/// The stages of each way away from a failure, and of ways that drills ordered; the latter have no total.
fn measured(drills: &[Drill], journeys: &[Journey]) -> Vec<Stages> {
    let one = |journey: &Journey| {
        let drill = drills.iter().find(|drill| drill.away.as_ref() == Some(&journey.decision));
        match drill {
            Some(drill) if drill.method == Method::Injected => Some(journey.stages(drill.injected)),
            Some(_) => Some(Stages { total: None, ..journey.stages(None) }),
            None => journey.is_real_failover().then(|| journey.stages(None)),
        }
    };
    journeys.iter().filter_map(one).collect()
}

impl Spreads {
    fn of(all: &[Stages]) -> Self {
        let spread = |one: fn(&Stages) -> Option<Duration>| {
            let measured: Vec<Duration> = all.iter().filter_map(one).collect();
            Spread::of(&measured)
        };
        Self {
            detection: spread(|stages| stages.detection),
            decision: spread(|stages| stages.decision),
            write: spread(|stages| stages.write),
            propagation: spread(|stages| stages.propagation),
            drain: spread(|stages| stages.drain),
            recovery: spread(|stages| stages.total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(all: &[u64]) -> Vec<Duration> {
        all.iter().map(|one| Duration::from_secs(*one)).collect()
    }

    #[test]
    fn a_spread_has_the_middle_the_longest_and_the_newest() {
        let spread = Spread::of(&secs(&[9, 3, 7, 5])).expect("four");
        assert_eq!(spread.count, 4);
        assert_eq!([spread.median, spread.worst, spread.last].to_vec(), secs(&[5, 9, 5]));
        assert_eq!(Spread::of(&secs(&[4])).map(|spread| spread.median), Some(Duration::from_secs(4)));
        assert_eq!(Spread::of(&[]), None);
    }
}
