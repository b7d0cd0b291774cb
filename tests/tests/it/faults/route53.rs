//! Route 53's strict stand-in.

use std::collections::BTreeMap;
use std::time::Duration;

use tests::World;
use tests::route53::{Failure, Fault, Gate, Kind, Operation, Setup};
use tests::world::{HostedZone, Sampler, Snapshot};

use super::matrix::{Faulty, Matrix, SLOW, plan};

/// The kinds in their order; without a wildcard, so that a new one does not compile before it has its place.
fn next(kind: &Kind) -> Option<Kind> {
    Some(match kind {
        Kind::Latency(_) => Kind::Gate(Gate::default()),
        Kind::Gate(_) => Kind::SlowAnswer(SLOW),
        Kind::SlowAnswer(_) => Kind::Refused(Failure::Throttling),
        Kind::Refused(failure) => match after(*failure) {
            Some(failure) => Kind::Refused(failure),
            None => Kind::RefusedAfterwards(Failure::Throttling),
        },
        Kind::RefusedAfterwards(failure) => match after(*failure) {
            Some(failure) => Kind::RefusedAfterwards(failure),
            None => Kind::Cut,
        },
        Kind::Cut => Kind::CutAfterwards,
        Kind::CutAfterwards => Kind::Stale(1),
        Kind::Stale(1) => Kind::Stale(2),
        Kind::Stale(_) => Kind::Truncated,
        Kind::Truncated => Kind::Propagation(Duration::from_millis(500)),
        Kind::Propagation(_) => Kind::NeverInSync,
        Kind::NeverInSync => return None,
    })
}

fn after(failure: Failure) -> Option<Failure> {
    Some(match failure {
        Failure::Throttling => Failure::PriorRequestNotComplete,
        Failure::PriorRequestNotComplete => Failure::InternalFailure,
        Failure::InternalFailure => Failure::ServiceUnavailable,
        Failure::ServiceUnavailable => return None,
    })
}

/// Likewise for the operations.
fn following(operation: Operation) -> Option<Operation> {
    Some(match operation {
        Operation::ChangeResourceRecordSets => Operation::CreateHostedZone,
        Operation::CreateHostedZone => Operation::DeleteHostedZone,
        Operation::DeleteHostedZone => Operation::GetChange,
        Operation::GetChange => Operation::GetHostedZone,
        Operation::GetHostedZone => Operation::GetHostedZoneCount,
        Operation::GetHostedZoneCount => Operation::ListHealthChecks,
        Operation::ListHealthChecks => Operation::ListHostedZones,
        Operation::ListHostedZones => Operation::ListHostedZonesByName,
        Operation::ListHostedZonesByName => Operation::ListResourceRecordSets,
        Operation::ListResourceRecordSets => return None,
    })
}

impl Faulty for HostedZone {
    type Call = Operation;
    type Fault = Kind;

    fn calls(&self) -> BTreeMap<Operation, usize> {
        let all = std::iter::successors(Some(Operation::ChangeResourceRecordSets), |last| following(*last));
        all.map(|operation| (operation, self.fake.requests(operation))).collect()
    }

    fn faults(&self, call: Operation) -> Vec<Kind> {
        let all = std::iter::successors(Some(Kind::Latency(SLOW)), next);
        all.filter(|kind| concerns(kind, call)).collect()
    }

    fn inject(&self, call: Operation, skip: usize, fault: &Kind) {
        self.fake.inject(Fault { operation: call, skip, times: 1, kind: fault.clone() });
    }

    fn pending(&self) -> usize {
        self.fake.pending_faults()
    }

    fn heal(&self, fault: &Kind) {
        if let Kind::Gate(gate) = fault {
            // The client gives up meanwhile; nothing else would tell this from a slow call.
            std::thread::sleep(SLOW);
            gate.open();
        }
        self.fake.heal();
        if matches!(fault, Kind::NeverInSync) {
            self.fake.finish_propagation();
        }
    }

    fn writes(&self, call: Operation) -> bool {
        call == Operation::ChangeResourceRecordSets
    }

    fn words(&self, fault: &Kind) -> &'static [&'static str] {
        match fault {
            Kind::Latency(_) | Kind::Gate(_) | Kind::SlowAnswer(_) => &["timed out", "timeout"],
            // A batch waits until the zone's last change is stored, or until calls may be made again, and is sent again.
            Kind::Refused(Failure::PriorRequestNotComplete | Failure::Throttling)
            | Kind::RefusedAfterwards(Failure::PriorRequestNotComplete | Failure::Throttling)
            // Nothing is wrong but the time.
            | Kind::Propagation(_)
            | Kind::NeverInSync => &[],
            Kind::Refused(failure) | Kind::RefusedAfterwards(failure) => said(*failure),
            Kind::Cut | Kind::CutAfterwards => &["connection closed"],
            // Records older than their fence look like somebody's hand, until the next look.
            Kind::Stale(_) => &["its fence is not in the zone", "someone else changed the zone"],
            Kind::Truncated => &["breaks off"],
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.snapshot()
    }
}

fn said(failure: Failure) -> &'static [&'static str] {
    match failure {
        Failure::Throttling => &["asks for fewer calls, Rate exceeded (Throttling)"],
        Failure::PriorRequestNotComplete => &["PriorRequestNotComplete"],
        Failure::InternalFailure => &["it answered 500", "InternalFailure"],
        Failure::ServiceUnavailable => &["it answered 503", "ServiceUnavailable"],
    }
}

/// Some faults are of reads, some of changes.
fn concerns(kind: &Kind, call: Operation) -> bool {
    match kind {
        Kind::Stale(_) => call == Operation::ListResourceRecordSets,
        Kind::Propagation(_) | Kind::NeverInSync => call == Operation::ChangeResourceRecordSets,
        Kind::Latency(_)
        | Kind::Gate(_)
        | Kind::SlowAnswer(_)
        | Kind::Refused(_)
        | Kind::RefusedAfterwards(_)
        | Kind::Cut
        | Kind::CutAfterwards
        | Kind::Truncated => true,
    }
}

#[test]
fn every_fault_at_every_call_of_a_flip_leaves_one_whole_plan() {
    let world = World::start_at(&plan(), |sandbox| HostedZone::start(sandbox, Setup::default()));
    let sampler = Sampler::start(world.auth.looks());
    let cases = Matrix::of(world).run();
    let moves = sampler.end().len();
    assert!(cases > 30 && moves >= cases, "{cases} faults, {moves} moves");
}
