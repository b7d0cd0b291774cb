//! Timelines of moves that arrived, that are under way and that came to nothing.

use serde_json::json;

use super::*;

/// 2026-11-21T03:00:00Z in milliseconds.
const START: i64 = 1_795_230_000_000;

fn row(offset_ms: i64, kind: &str, details: Value) -> HistoryRowReport {
    let at = Timestamp::from_millisecond(START + offset_ms).expect("a time");
    HistoryRowReport {
        position: 1,
        at: written(at),
        service: "checkout".to_owned(),
        kind: kind.to_owned(),
        decision: Some("d1".to_owned()),
        summary: format!("{kind} happened"),
        page: false,
        details,
    }
}

fn decided() -> HistoryRowReport {
    let prod = json!({ "seen": "2 of 3 failing", "suspectedAt": START - 700, "agreedAt": START - 20 });
    row(0, "decided", json!({ "kind": "failover", "from": "prod", "to": "dr", "evidence": { "prod": prod } }))
}

fn told(rows: &[HistoryRowReport]) -> Vec<(Step, StepStatus, Option<i64>)> {
    let timeline = Timeline::newest_move(rows).expect("a move");
    timeline.steps.iter().map(|step| (step.step, step.status, step.offset_ms)).collect()
}

fn arrived() -> Vec<HistoryRowReport> {
    let servers = json!([
        { "server": "198.51.100.53:53", "outcome": "silent", "tookMs": null, "detail": "timed out" },
        { "server": "203.0.113.53:53", "outcome": "served", "tookMs": 3 },
        { "server": "192.0.2.53:53", "outcome": "served", "tookMs": 1 },
    ]);
    let verified = row(400, "verified", json!({ "servers": servers }));
    vec![decided(), row(5, "permitted", Value::Null), row(12, "applied", Value::Null), verified]
}

#[test]
fn a_move_that_arrived_has_every_step_with_its_time() {
    use Step::{Decision, Judgement, Permit, Served, Suspicion, Written};
    use StepStatus::{Done, Failed};
    let expected = [
        (Suspicion, Done, Some(0)),
        (Judgement, Done, Some(680)),
        (Decision, Done, Some(700)),
        (Permit, Done, Some(705)),
        (Written, Done, Some(712)),
        (Served, Done, Some(713)),
        (Served, Done, Some(715)),
        (Served, Failed, None),
    ];
    assert_eq!(told(&arrived()), expected);
    let timeline = Timeline::newest_move(&arrived()).expect("a move");
    assert_eq!(timeline.total_ms(), Some(715));
    assert_eq!(timeline.steps[5].server.as_deref(), Some("192.0.2.53:53"));
    assert_eq!(timeline.steps[7].detail.as_deref(), Some("timed out"));
}

#[test]
fn whoever_broke_the_region_adds_when() {
    let failure = Timestamp::from_millisecond(START - 1000).expect("a time");
    let timeline = Timeline::newest_move(&arrived()).expect("a move").begun_at(failure);
    assert_eq!((timeline.steps[0].step, timeline.steps[0].offset_ms), (Step::Failure, Some(0)));
    assert_eq!((timeline.steps[1].offset_ms, timeline.total_ms()), (Some(300), Some(1015)));
}

#[test]
fn a_move_under_way_says_what_it_waits_for() {
    use StepStatus::{Current, Done, Pending};
    let status = |rows: &[HistoryRowReport]| -> Vec<StepStatus> {
        told(rows).into_iter().skip(2).map(|(_, status, _)| status).collect()
    };
    let rows = arrived();
    assert_eq!(status(&rows[..1]), [Done, Current, Pending, Pending]);
    assert_eq!(status(&rows[..2]), [Done, Done, Current, Pending]);
    assert_eq!(status(&rows[..3]), [Done, Done, Done, Current]);
    assert_eq!(Timeline::newest_move(&rows[..3]).and_then(|timeline| timeline.total_ms()), None);
}

#[test]
fn a_move_that_came_to_nothing_says_why_at_the_step_that_was_not_done() {
    for kind in ENDS {
        let rows = [decided(), row(9, kind, Value::Null)];
        let timeline = Timeline::newest_move(&rows).expect("a move");
        let permit = timeline.steps.iter().find(|step| step.step == Step::Permit).expect("a permit step");
        assert_eq!(permit.status, StepStatus::Failed, "{kind}");
        assert_eq!(permit.detail.as_deref(), Some(&*format!("{kind} happened")));
        let told = timeline.steps.iter().filter(|step| step.status == StepStatus::Failed && step.detail.is_some());
        assert_eq!(told.count(), 1, "why is told once");
    }
}

#[test]
fn an_ordered_move_was_suspected_by_nobody() {
    let details = json!({ "kind": "failback", "from": "dr", "to": "prod", "initiative": { "by": "alice" },
        "evidence": { "dr": { "seen": "3 of 3 healthy", "suspectedAt": null, "agreedAt": null } } });
    let timeline = Timeline::newest_move(&[row(0, "decided", details)]).expect("a move");
    assert_eq!(timeline.steps[0].step, Step::Decision);
    assert_eq!(timeline.steps[0].detail.as_deref(), Some("ordered by alice"));
}

#[test]
fn writes_that_move_nothing_are_no_moves() {
    let adopt = row(0, "decided", json!({ "kind": "adopt", "to": "prod" }));
    assert_eq!(Timeline::newest_move(&[adopt]), None);
}
