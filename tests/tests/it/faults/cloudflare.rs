//! Cloudflare's strict stand-in.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tests::World;
use tests::cloudflare::{Failure, Fault, Gate, Kind, Operation, Rate};
use tests::world::{Account, Sampler, Snapshot};

use super::matrix::{Faulty, Matrix, SLOW, plan};

/// The kinds in their order; without a wildcard, so that a new one does not compile before it has its place.
fn next(kind: &Kind) -> Option<Kind> {
    Some(match kind {
        Kind::Latency(_) => Kind::Gate(Gate::default()),
        Kind::Gate(_) => Kind::SlowAnswer(SLOW),
        Kind::SlowAnswer(_) => Kind::Refused(FIRST_FAILURE),
        Kind::Refused(failure) => match after(*failure) {
            Some(failure) => Kind::Refused(failure),
            None => Kind::RefusedAfterwards(FIRST_FAILURE),
        },
        Kind::RefusedAfterwards(failure) => match after(*failure) {
            Some(failure) => Kind::RefusedAfterwards(failure),
            None => Kind::Cut,
        },
        Kind::Cut => Kind::CutAfterwards,
        Kind::CutAfterwards => Kind::Stale(1),
        Kind::Stale(1) => Kind::Stale(2),
        Kind::Stale(_) => Kind::ShortPage(1),
        // More than a page has: nothing is left.
        Kind::ShortPage(1) => Kind::ShortPage(1000),
        Kind::ShortPage(_) => Kind::Truncated,
        Kind::Truncated => return None,
    })
}

const FIRST_FAILURE: Failure = Failure::Throttled { retry_after_secs: 1 };

fn after(failure: Failure) -> Option<Failure> {
    Some(match failure {
        Failure::Throttled { .. } => Failure::Error(500),
        Failure::Error(_) => Failure::EdgePage(522),
        Failure::EdgePage(_) => return None,
    })
}

/// The place of an operation in the stand-in's own list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call(usize);

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operation().fmt(f)
    }
}

impl Call {
    fn operation(self) -> Operation {
        Operation::ALL[self.0]
    }
}

impl Faulty for Account {
    type Call = Call;
    type Fault = Kind;

    fn calls(&self) -> BTreeMap<Call, usize> {
        (0..Operation::ALL.len()).map(|at| (Call(at), self.fake.requests(Operation::ALL[at]))).collect()
    }

    fn faults(&self, call: Call) -> Vec<Kind> {
        let all = std::iter::successors(Some(Kind::Latency(SLOW)), next);
        all.filter(|kind| concerns(kind, call.operation())).collect()
    }

    fn inject(&self, call: Call, skip: usize, fault: &Kind) {
        self.fake.inject(Fault { operation: call.operation(), skip, times: 1, kind: fault.clone() });
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
    }

    fn writes(&self, call: Call) -> bool {
        call.operation().writes()
    }

    fn words(&self, fault: &Kind) -> &'static [&'static str] {
        match fault {
            Kind::Latency(_) | Kind::Gate(_) | Kind::SlowAnswer(_) => &["timed out"],
            Kind::Refused(failure) | Kind::RefusedAfterwards(failure) => match failure {
                Failure::Throttled { .. } => &["asks for fewer calls"],
                Failure::Error(_) => &["it answered 500"],
                Failure::EdgePage(_) => &["it answered 522"],
            },
            Kind::Cut | Kind::CutAfterwards => &["connection closed"],
            Kind::Stale(_) | Kind::ShortPage(_) => &[
                "its fence is not in the zone",
                "is not as it was read",
                "someone else changed the zone",
                "lost or set back",
            ],
            Kind::Truncated => &["it answered 200", "breaks off"],
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.snapshot()
    }
}

/// Some faults are of reads.
fn concerns(kind: &Kind, call: Operation) -> bool {
    match kind {
        Kind::Stale(_) | Kind::ShortPage(_) => call == Operation::ListRecords,
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
    let world = World::start_at(&plan(), |_| Account::start());
    // Hundreds of moves in a minute are more than any account may do; what that looks like is among the faults.
    world.auth.fake.set_rate(Rate { requests: u32::MAX, window: Duration::from_hours(1) });
    let sampler = Sampler::start(world.auth.looks());
    let cases = Matrix::of(world).run();
    let moves = sampler.end().len();
    assert!(cases > 30 && moves >= cases, "{cases} faults, {moves} moves");
}
