//! What is due in a world, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dns_core::fence::DecisionId;
use dns_core::zone::ZoneView;

use super::Ms;
use super::happening::Verb;
use super::writing::Phase;
use super::zone::Message;

/// Everything that is due, the earliest first.
#[derive(Default)]
pub(super) struct Queue {
    due: BinaryHeap<Due>,
    planned: u64,
}

impl Queue {
    pub(super) fn plan(&mut self, at: Ms, occurrence: Occurrence) {
        self.planned += 1;
        self.due.push(Due(Reverse((at, self.planned)), occurrence));
    }

    /// When the next is due.
    pub(super) fn next_at(&self) -> Option<Ms> {
        self.due.peek().map(|Due(Reverse((at, _)), _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<(Ms, Occurrence)> {
        self.due.pop().map(|Due(Reverse((at, _)), occurrence)| (at, occurrence))
    }
}

/// Something that is due.
#[derive(Debug)]
pub(super) enum Occurrence {
    /// An entry of the script.
    Injected(usize),
    /// A state that was injected is over.
    Ended(Ending),
    /// A run of a probe that may be news.
    Probed { vantage: usize, region: usize, endpoint: usize },
    /// A subscription begins anew.
    Connected { controller: usize, incarnation: u64, vantage: usize },
    /// Time alone may change a judgement.
    Judged { controller: usize },
    /// A reader looks at a zone.
    Read { controller: usize, place: usize },
    /// What it saw comes back; the version is that of the zone, unless it was shown an older one.
    WasRead { controller: usize, incarnation: u64, place: usize, version: Option<u64>, view: Option<Box<ZoneView>> },
    /// A write's task goes on.
    Wrote { controller: usize, incarnation: u64, place: usize, serial: u64, turn: u64, phase: Phase },
    /// A message reaches a provider.
    Arrived(Box<Message>),
    /// The authoritative servers were asked.
    Verified { controller: usize, incarnation: u64, decision: DecisionId },
    /// A process goes on, or begins.
    Awake { controller: usize, incarnation: u64 },
    /// An order reaches a controller.
    Commanded { controller: usize, verb: Verb, overriding: bool },
    /// A process takes up another configuration.
    Reloads { controller: usize, configuration: usize },
    /// The same of a vantage point.
    Relearns { vantage: usize, configuration: usize },
    /// A part of the end, when all faults are over.
    Calm(usize),
}

/// What ends by itself.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Region(usize),
    Endpoint(usize, usize),
    Paths(Vec<usize>, usize),
    Blind(usize),
    Silent(usize),
    Partition(usize, usize),
    Clock(usize),
    Gate(usize),
    Hook,
}

impl Occurrence {
    /// The controller that has to run for it.
    pub(super) fn controller(&self) -> Option<usize> {
        match self {
            Self::Connected { controller, .. }
            | Self::Judged { controller }
            | Self::Read { controller, .. }
            | Self::WasRead { controller, .. }
            | Self::Wrote { controller, .. }
            | Self::Verified { controller, .. }
            | Self::Commanded { controller, .. } => Some(*controller),
            Self::Injected(_)
            | Self::Ended(_)
            | Self::Probed { .. }
            | Self::Arrived(_)
            | Self::Awake { .. }
            | Self::Reloads { .. }
            | Self::Relearns { .. }
            | Self::Calm(_) => None,
        }
    }
}

/// An occurrence in the queue: the earliest first, and of equals the one that was planned first.
struct Due(Reverse<(Ms, u64)>, Occurrence);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
