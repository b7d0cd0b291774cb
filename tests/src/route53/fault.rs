//! Faults on demand.

use std::time::Duration;

use super::refusal::Refusal;
use crate::gate::Gate;

/// The operations of the API that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the API's own")]
pub enum Operation {
    ChangeResourceRecordSets,
    CreateHostedZone,
    DeleteHostedZone,
    GetChange,
    GetHostedZone,
    GetHostedZoneCount,
    ListHealthChecks,
    ListHostedZones,
    ListHostedZonesByName,
    ListResourceRecordSets,
}

/// A fault that strikes some calls of an operation: after `skip` of them, the next `times`.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which operation.
    pub operation: Operation,
    /// How many calls are left alone first; of a list, this is the page that fails.
    pub skip: usize,
    /// How many calls it strikes.
    pub times: usize,
    /// What happens to them.
    pub kind: Kind,
}

/// What happens to a call. Several faults may strike one.
#[derive(Clone, Debug)]
pub enum Kind {
    /// It waits before anything is done; its zone is busy meanwhile.
    Latency(Duration),
    /// As with [`Kind::Latency`], until the gate is opened.
    Gate(Gate),
    /// It is done, and the answer waits.
    SlowAnswer(Duration),
    /// It is refused and not done.
    Refused(Failure),
    /// It is done and then answered as if it had failed.
    RefusedAfterwards(Failure),
    /// The connection is cut without an answer and nothing is done.
    Cut,
    /// It is done, and the connection is cut without an answer.
    CutAfterwards,
    /// A list shows the zone of so many changes ago.
    Stale(usize),
    /// The answer's document breaks off in the middle.
    Truncated,
    /// The change is in sync only after this time.
    Propagation(Duration),
    /// The change stays pending.
    NeverInSync,
}

/// The failures that any operation may answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// HTTP 400 `Throttling`.
    Throttling,
    /// HTTP 400 `PriorRequestNotComplete`.
    PriorRequestNotComplete,
    /// HTTP 500 `InternalFailure`.
    InternalFailure,
    /// HTTP 503 `ServiceUnavailable`.
    ServiceUnavailable,
}

impl Failure {
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Throttling => Refusal::throttling(),
            Self::PriorRequestNotComplete => Refusal::prior_request_not_complete(),
            Self::InternalFailure => Refusal::internal_failure(),
            Self::ServiceUnavailable => Refusal::service_unavailable(),
        }
    }
}

impl Fault {
    /// A fault of the next call only.
    pub fn once(operation: Operation, kind: Kind) -> Self {
        Self { operation, skip: 0, times: 1, kind }
    }
}

/// The faults that are to come, each with the calls that it has seen.
#[derive(Debug, Default)]
pub(super) struct Script {
    faults: Vec<(Fault, usize)>,
}

impl Script {
    pub(super) fn add(&mut self, fault: Fault) {
        self.faults.push((fault, 0));
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }

    /// How many strikes are still to come.
    pub(super) fn pending(&self) -> usize {
        self.faults.iter().map(|(fault, seen)| fault.times - seen.saturating_sub(fault.skip)).sum()
    }

    /// What strikes this call.
    pub(super) fn strike(&mut self, operation: Operation) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for (fault, seen) in self.faults.iter_mut().filter(|(fault, _)| fault.operation == operation) {
            if *seen >= fault.skip {
                kinds.push(fault.kind.clone());
            }
            *seen += 1;
        }
        self.faults.retain(|(fault, seen)| *seen < fault.skip.saturating_add(fault.times));
        kinds
    }
}

/// Waits as long as the faults before the work say.
pub(super) async fn wait_before(kinds: &[Kind]) {
    for kind in kinds {
        match kind {
            Kind::Latency(time) => tokio::time::sleep(*time).await,
            Kind::Gate(gate) => gate.pass().await,
            _ => {}
        }
    }
}

/// Waits as long as the faults after the work say.
pub(super) async fn wait_after(kinds: &[Kind]) {
    for kind in kinds {
        if let Kind::SlowAnswer(time) = kind {
            tokio::time::sleep(*time).await;
        }
    }
}
