//! Scripted faults.

use std::thread;
use std::time::{Duration, Instant};

use tests::route53::{Failure, Fault, Gate, Kind, Operation, RecordSet};
use tests::{PATIENCE, until_eq};

use super::client::{CUT, Rig, batch, set};

const CHANGE: Operation = Operation::ChangeResourceRecordSets;
const LIST: Operation = Operation::ListResourceRecordSets;

fn record() -> String {
    set("a.example.com", "A", 60, &["192.0.2.1"])
}

fn is_there(rig: &Rig) -> bool {
    rig.fake.record(&rig.zone, "a.example.com", "A").is_some()
}

#[test]
fn fails_before_or_after_the_change_is_made() {
    for (failure, status, code) in [
        (Failure::Throttling, 400, "Throttling"),
        (Failure::PriorRequestNotComplete, 400, "PriorRequestNotComplete"),
        (Failure::InternalFailure, 500, "InternalFailure"),
        (Failure::ServiceUnavailable, 503, "ServiceUnavailable"),
    ] {
        for (kind, made) in [(Kind::Refused(failure), false), (Kind::RefusedAfterwards(failure), true)] {
            let rig = Rig::new();
            rig.fake.inject(Fault::once(CHANGE, kind));
            rig.create(&record()).assert_refused(status, code, "");
            assert_eq!(is_there(&rig), made, "{code}");
            assert_eq!(rig.fake.pending_faults(), 0);
        }
    }
}

#[test]
fn cuts_the_connection_before_or_after_the_change_is_made() {
    for (kind, made) in [(Kind::Cut, false), (Kind::CutAfterwards, true)] {
        let rig = Rig::new();
        rig.fake.inject(Fault::once(CHANGE, kind));
        let path = format!("hostedzone/{}/rrset", rig.zone);
        let outcome = rig.try_post(&path, &batch(&[("CREATE", record())]), &[]);
        assert_eq!(outcome.map(|answer| answer.status), Err(CUT));
        assert_eq!(is_there(&rig), made);
        // The next connection is whole.
        rig.list("").assert_done();
    }
}

#[test]
fn strikes_the_calls_that_were_meant() {
    let rig = Rig::new();
    rig.fake.inject(Fault { operation: LIST, skip: 1, times: 2, kind: Kind::Refused(Failure::InternalFailure) });
    assert_eq!(rig.fake.pending_faults(), 2);
    let statuses: Vec<u16> = (0..4).map(|_| rig.list("").status).collect();
    assert_eq!(statuses, [200, 500, 500, 200]);
    rig.fake.inject(Fault::once(LIST, Kind::Refused(Failure::InternalFailure)));
    rig.fake.heal();
    rig.list("").assert_done();
}

#[test]
fn shows_an_earlier_state_and_then_the_present_one() {
    let rig = Rig::new();
    rig.create(&record()).assert_done();
    rig.fake.put(&rig.zone, RecordSet::new("b.example.com", "A", 60, &["192.0.2.2"]));
    for (changes, sets) in [(1, 3), (2, 2), (9, 2), (0, 4)] {
        rig.fake.inject(Fault::once(LIST, Kind::Stale(changes)));
        assert_eq!(rig.list("").texts("Name").len(), sets, "{changes} changes ago");
    }
}

#[test]
fn breaks_a_document_off() {
    let rig = Rig::new();
    rig.fake.inject(Fault::once(LIST, Kind::Truncated));
    let answer = rig.list("");
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("</ListResourceRecordSetsResponse>"), "{}", answer.body);
}

#[test]
fn answers_late() {
    for kind in [Kind::Latency(Duration::from_millis(300)), Kind::SlowAnswer(Duration::from_millis(300))] {
        let rig = Rig::new();
        rig.fake.inject(Fault::once(LIST, kind));
        let start = Instant::now();
        rig.list("").assert_done();
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
}

#[test]
fn refuses_a_change_while_an_earlier_one_is_under_way() {
    let rig = Rig::new();
    let gate = Gate::default();
    rig.fake.inject(Fault::once(CHANGE, Kind::Gate(gate.clone())));
    thread::scope(|scope| {
        let first = scope.spawn(|| rig.create(&record()));
        gate.await_calls(1);
        let other = set("b.example.com", "A", 60, &["192.0.2.2"]);
        rig.create(&other).assert_refused(400, "PriorRequestNotComplete", "still processing a prior request");
        rig.list("").assert_done();
        gate.open();
        first.join().expect("no panic").assert_done();
        rig.create(&other).assert_done();
    });
}

#[test]
fn finishes_what_a_client_has_given_up() {
    let rig = Rig::new();
    let gate = Gate::default();
    rig.fake.inject(Fault::once(CHANGE, Kind::Gate(gate.clone())));
    let path = format!("hostedzone/{}/rrset", rig.zone);
    let body = batch(&[("CREATE", record())]);
    assert!(rig.try_post(&path, &body, &["--max-time", "3"]).is_err());
    gate.await_calls(1);
    assert!(!is_there(&rig));
    gate.open();
    until_eq("the change is made", PATIENCE, &true, || is_there(&rig));
}
