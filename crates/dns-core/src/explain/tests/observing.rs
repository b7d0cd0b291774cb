//! What observing services would have done.

use std::time::Duration;

use super::stage::{Stage, all, failing_since, healthy_since};
use crate::explain::observed::{End, WouldBeMove, would_be_moves};
use crate::fixture::{START, service};
use crate::history::{HistoryEntry, HistoryKind};
use crate::kernel::Rule;
use crate::service::{Mode, Service};

fn observing() -> Stage {
    let mut stage = Stage::of(Service { mode: Mode::Observe, ..service() });
    stage.pass(Duration::from_hours(1));
    stage
}

fn only(stage: &Stage) -> WouldBeMove {
    let mut found = would_be_moves(&stage.rows);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_trouble_that_ends_by_itself_is_told_with_its_length() {
    let mut stage = observing();
    let (began, suspected) = (stage.now, stage.now.before(Duration::from_secs(3)));
    stage.judged([all(failing_since(suspected)), all(healthy_since(START))]);
    let open = only(&stage);
    assert_eq!((open.ended, open.lasted(began + Duration::from_secs(5))), (None, Duration::from_secs(5)));
    stage.pass(Duration::from_mins(4));
    stage.judged([all(healthy_since(stage.now)), all(healthy_since(START))]);
    let trouble = only(&stage);
    assert_eq!((trouble.began, trouble.suspected, trouble.moved), (began, Some(suspected), Some(began)));
    assert_eq!((trouble.from.as_deref(), trouble.to.as_deref()), (Some("prod"), Some("dr")));
    assert_eq!(trouble.ended, Some((stage.now, End::Recovered)));
    assert_eq!(trouble.lasted(stage.now + Duration::from_hours(9)), Duration::from_mins(4));
    assert!(trouble.held_by.is_empty());
}

#[test]
fn rules_that_would_have_held_it_are_named_until_it_would_have_moved() {
    let mut stage = observing();
    let now = stage.now;
    stage.judged([all(failing_since(now)), all(healthy_since(now))]);
    assert_eq!(only(&stage).moved, None, "dr is not proven yet");
    stage.pass(Duration::from_mins(3));
    stage.judged([all(failing_since(now)), all(healthy_since(now))]);
    let trouble = only(&stage);
    assert_eq!(trouble.moved, Some(stage.now));
    assert_eq!(trouble.held_by.keys().copied().collect::<Vec<_>>(), [Rule::TargetProven]);
    assert_eq!(trouble.began, now);
    stage.judged([all(failing_since(now)), all(failing_since(stage.now))]);
    let both = stage.rows.iter().any(|row| row.details.to_string().contains("allRegionsFailing"));
    assert!(both && only(&stage) == trouble, "what comes after the move would not have held it");
}

#[test]
fn two_troubles_are_two() {
    let mut stage = observing();
    for _ in 0..2 {
        stage.judged([all(failing_since(stage.now)), all(healthy_since(START))]);
        stage.pass(Duration::from_secs(30));
        stage.judged([all(healthy_since(stage.now)), all(healthy_since(START))]);
        stage.pass(Duration::from_secs(30));
    }
    let found = would_be_moves(&stage.rows);
    assert_eq!(found.iter().filter(|one| matches!(one.ended, Some((_, End::Recovered)))).count(), 2, "{found:?}");
}

fn row(kind: HistoryKind, second: u64, details: serde_json::Value) -> HistoryEntry {
    HistoryEntry {
        at: START + Duration::from_secs(second),
        service: "checkout".parse().expect("a name"),
        kind,
        decision: None,
        summary: "told".to_owned(),
        page: false,
        details: details.into(),
    }
}

#[test]
fn what_ends_a_trouble_is_told_apart() {
    let began =
        || row(HistoryKind::WouldMove, 0, serde_json::json!({ "wanted": "failover", "from": "prod", "to": "dr" }));
    let cases = [
        (HistoryKind::Unheld, serde_json::json!({ "ended": "recovered", "active": "prod" }), Some(End::Recovered)),
        (HistoryKind::Unheld, serde_json::json!({ "ended": "recovered", "active": "dr" }), Some(End::MovedElsewhere)),
        (HistoryKind::Unheld, serde_json::Value::Null, Some(End::Unwanted)),
        (HistoryKind::Followed, serde_json::json!({ "active": "dr" }), Some(End::MovedElsewhere)),
        (HistoryKind::Followed, serde_json::json!({ "active": "prod" }), None),
        (
            HistoryKind::Held,
            serde_json::json!({ "rejections": [{ "rule": "adopted", "reason": "adopt it" }] }),
            Some(End::Acts),
        ),
        (HistoryKind::Decided, serde_json::json!({ "kind": "failover" }), Some(End::Acts)),
        (HistoryKind::Decided, serde_json::json!({ "kind": "annotate" }), None),
        (HistoryKind::StateChanged, serde_json::Value::Null, None),
    ];
    for (kind, details, end) in cases {
        let rows = [began(), row(kind, 60, details.clone())];
        let found = would_be_moves(&rows);
        assert_eq!(found[0].ended.map(|(_, end)| end), end, "{kind}: {details}");
    }
}

#[test]
fn a_way_back_is_no_part_of_the_trouble_before() {
    let away = row(HistoryKind::WouldMove, 0, serde_json::json!({ "wanted": "failover", "from": "dr", "to": "prod" }));
    let back = row(HistoryKind::WouldMove, 60, serde_json::json!({ "wanted": "failback", "from": "dr", "to": "prod" }));
    let found = would_be_moves(&[away, back]);
    let told: Vec<(&str, Option<End>)> =
        found.iter().map(|one| (one.kind.as_str(), one.ended.map(|(_, end)| end))).collect();
    assert_eq!(told, [("failover", Some(End::Unwanted)), ("failback", None)]);
}

#[test]
fn services_that_act_are_no_observation() {
    let held =
        row(HistoryKind::Held, 0, serde_json::json!({ "rejections": [{ "rule": "targetProven", "reason": "no" }] }));
    assert!(would_be_moves(&[held]).is_empty());
}
