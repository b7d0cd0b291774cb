//! Scripted faults: which call of which operation goes wrong, and how.

use std::time::Duration;

use super::answer::Answer;
use super::call::Operation;
use crate::gate::Gate;

/// A fault that strikes some calls of an operation: after `skip` of them, the next `times`.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which operation.
    pub operation: Operation,
    /// How many calls are left alone first, counted from the injection; of a list, this is the page that fails.
    pub skip: usize,
    /// How many calls it strikes.
    pub times: usize,
    /// What happens to them.
    pub kind: Kind,
}

impl Fault {
    /// A fault of the next call only.
    pub fn once(operation: Operation, kind: Kind) -> Self {
        Self { operation, skip: 0, times: 1, kind }
    }
}

/// What happens to a call. Several faults may strike one; of those that answer it, the first that was injected does.
#[derive(Clone, Debug)]
pub enum Kind {
    /// It waits before anything is done. A client that has gone by then has not called it back.
    Latency(Duration),
    /// As with [`Kind::Latency`], until the gate is opened.
    Gate(Gate),
    /// It is done, and the answer waits.
    SlowAnswer(Duration),
    /// It is refused and not done.
    Refused(Failure),
    /// It is done, unless the rules refuse it, and then answered as if it had failed.
    RefusedAfterwards(Failure),
    /// The connection ends, not one octet of an answer comes, and nothing is done.
    Cut,
    /// It is done, and not one octet of an answer comes.
    CutAfterwards,
    /// A read does not know so many of the last changes.
    Stale(usize),
    /// A page lacks so many of its last records, and says of itself that it is whole.
    ShortPage(usize),
    /// It is done, and the answer's JSON breaks off in the middle.
    Truncated,
}

/// The failures that any operation may be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 429, although the limit is not reached.
    Throttled {
        /// What the answer asks for, in whole seconds.
        retry_after_secs: u64,
    },
    /// A refusal in JSON with this status, 5xx.
    Error(u16),
    /// The edge's page in HTML with this status, 52x; nothing in it is JSON.
    EdgePage(u16),
}

impl Failure {
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Throttled { retry_after_secs } => Answer::throttled(retry_after_secs),
            Self::Error(status) => Answer::error(status),
            Self::EdgePage(status) => Answer::edge_page(status),
        }
    }
}

/// The faults that are to come, each with the calls that it has seen.
#[derive(Debug, Default)]
pub(super) struct Script(Vec<(Fault, usize)>);

impl Script {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many strikes are still to come.
    pub(super) fn pending(&self) -> usize {
        self.0.iter().map(|(fault, seen)| fault.times - seen.saturating_sub(fault.skip)).sum()
    }

    /// What strikes this call.
    pub(super) fn strike(&mut self, operation: Operation) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for (fault, seen) in self.0.iter_mut().filter(|(fault, _)| fault.operation == operation) {
            if *seen >= fault.skip {
                kinds.push(fault.kind.clone());
            }
            *seen += 1;
        }
        self.0.retain(|(fault, seen)| *seen < fault.skip.saturating_add(fault.times));
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_the_calls_it_was_made_for_and_no_others() {
        let mut script = Script::default();
        script.add(Fault { operation: Operation::Batch, skip: 1, times: 2, kind: Kind::Truncated });
        let struck: Vec<usize> = (0..4).map(|_| script.strike(Operation::Batch).len()).collect();
        assert_eq!((struck, script.pending()), (vec![0, 1, 1, 0], 0));
        script.add(Fault::once(Operation::Batch, Kind::Truncated));
        script.add(Fault::once(Operation::Batch, Kind::Cut));
        assert!(script.strike(Operation::ListRecords).is_empty());
        assert_eq!((script.pending(), script.strike(Operation::Batch).len(), script.pending()), (2, 2, 0));
    }
}
