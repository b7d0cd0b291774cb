//! Moves by their rows.

use serde_json::json;

use super::*;
use crate::fixture::START;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn row(offset: u64, decision: &str, kind: HistoryKind, details: Value) -> HistoryEntry {
    HistoryEntry {
        at: START + ms(offset),
        service: "checkout".parse().expect("a name"),
        kind,
        decision: Some(decision.parse().expect("an id")),
        summary: String::new(),
        page: false,
        details: details.into(),
    }
}

fn decided(offset: u64, decision: &str, epoch: u64, follows: bool) -> HistoryEntry {
    let at = |offset: u64| (START + ms(offset)).as_millis();
    let details = json!({
        "kind": "failover", "initiative": { "initiative": "automatic" }, "from": "prod", "to": "dr", "drill": "d1",
        "follows": follows, "epoch": epoch,
        "evidence": { "prod": { "suspectedAt": at(1_000), "agreedAt": at(1_500) } },
    });
    row(offset, decision, HistoryKind::Decided, details)
}

/// Decision, permit, write and what servers showed after so many milliseconds.
fn arrives(offset: u64, decision: &str, served: &[(&str, u64)]) -> Vec<HistoryEntry> {
    let servers: Vec<Value> =
        served.iter().map(|(outcome, took)| json!({ "server": "ns", "outcome": outcome, "tookMs": took })).collect();
    vec![
        row(offset + 10, decision, HistoryKind::Permitted, Value::Null),
        row(offset + 40, decision, HistoryKind::Applied, Value::Null),
        row(offset + 900, decision, HistoryKind::Verified, json!({ "servers": servers })),
    ]
}

#[test]
fn every_stage_is_measured_and_they_add_up() {
    let mut rows = vec![decided(1_600, "w1", 2, false)];
    rows.extend(arrives(1_600, "w1", &[("served", 100), ("served", 300)]));
    rows.push(row(9_000, "w1", HistoryKind::Drained, Value::Null));
    let [journey] = &journeys(&rows)[..] else { panic!("one move") };
    assert_eq!((journey.automatic, journey.drill.as_ref().map(DrillId::as_str)), (true, Some("d1")));
    let stages = journey.stages(Some(START));
    assert_eq!(stages.detection, Some(ms(1_500)));
    assert_eq!(stages.decision, Some(ms(110)), "from the judgement to the permit");
    assert_eq!(stages.write, Some(ms(30)));
    assert_eq!(stages.propagation, Some(ms(300)), "the last server, and not the row");
    assert_eq!(stages.drain, Some(ms(9_000 - 1_940)));
    assert_eq!(stages.total, Some(ms(1_940)));
    let parts = [stages.detection, stages.decision, stages.write, stages.propagation];
    assert_eq!(parts.into_iter().flatten().sum::<Duration>(), ms(1_940));
    assert_eq!(journey.stages(None).total, Some(ms(940)), "from the first suspicion if nobody knows more");
}

#[test]
fn a_move_has_arrived_when_it_has_at_every_place() {
    let mut rows = vec![decided(1_600, "w1", 2, false)];
    rows.extend(arrives(1_600, "w1", &[("served", 100)]));
    rows.push(decided(1_700, "w2", 2, true));
    rows.extend(arrives(1_700, "w2", &[("served", 800)]));
    let [journey] = &journeys(&rows)[..] else { panic!("one move over two places") };
    assert_eq!(journey.decision.as_str(), "w1");
    assert_eq!(journey.served, Some(START + ms(1_740 + 800)));
    let unfinished = &journeys(&rows[..rows.len() - 1])[0];
    assert_eq!(unfinished.served, None, "the second place was not seen to arrive");
}

#[test]
fn what_was_not_seen_is_missing_and_what_was_not_sent_is_no_move() {
    let unsent = [decided(1_600, "w1", 2, false), row(1_700, "w1", HistoryKind::Expired, Value::Null)];
    assert_eq!(journeys(&unsent), []);
    let mut rows = vec![decided(1_600, "w1", 2, false)];
    rows.extend(arrives(1_600, "w1", &[("old", 100)]));
    assert_eq!(journeys(&rows)[0].stages(None).propagation, None, "no server served it");
    let mut ordered = rows[0].clone();
    let mut details = ordered.details.into_value();
    details["initiative"] = json!({ "initiative": "manual", "by": "oncall" });
    ordered.details = details.into();
    rows[0] = ordered;
    let stages = journeys(&rows)[0].stages(None);
    assert_eq!(stages.detection, None, "an order is not detected");
    assert_eq!(stages.decision, Some(ms(10)));
}
