//! What `drill …` prints, on a terminal of 80 columns: every stage of a drill, and what a year of them has measured.

use dns_admin::render::{Width, drill};
use dns_api::drill::{DrillList, DrillReport, RecoveryReport};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::golden::check;

const NARROW: Width = Width::Columns(80);

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("is of the API")
}

/// A drill with more of it, or other.
fn with(more: &Value) -> Value {
    let mut drill = json!({
        "id": "01a1fd0314c000000000000000000007", "service": "checkout", "from": "prod", "to": "dr",
        "method": "injected", "by": "oncall", "reason": "the exercise of november", "stayMs": 300_000,
        "begun": "2026-11-21T09:00:00.000Z", "stage": "begun", "since": "2026-11-21T09:00:00.000Z",
    });
    let fields = drill.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    drill
}

fn way(decision: &str, detection: Option<u64>) -> Value {
    let total = 1_204 + detection.unwrap_or_default();
    let mut way = json!({
        "decision": format!("01a1fd0314c0000000000000000000{decision}"), "decisionMs": 102, "writeMs": 88,
        "propagationMs": 1_014, "drainMs": 61_250, "totalMs": total,
    });
    if let Some(detection) = detection {
        way["detectionMs"] = detection.into();
    }
    way
}

/// It went there and back, and resolvers were seen to follow both times.
fn completed() -> Value {
    with(&json!({
        "schedule": "monthly", "stage": "ended", "since": "2026-11-21T09:06:31.000Z", "outcome": "completed",
        "why": "it went to `dr` and came back to `prod`", "away": way("08", Some(15_312)), "back": way("09", None),
    }))
}

/// Its move was ordered, and what it has measured so far is the way there without the resolvers.
fn returning() -> Value {
    let mut away = way("0b", None);
    away.as_object_mut().expect("an object").remove("drainMs");
    with(&json!({
        "id": "01a1fd0314c00000000000000000000a", "service": "search", "method": "ordered", "stage": "returning",
        "since": "2026-11-21T10:05:02.000Z", "away": away,
        "held": "targetProven: region `prod` is not proven, 2 vantage points must have seen all of it healthy for 120 s",
    }))
}

fn failed() -> Value {
    with(&json!({
        "id": "01a1fd0314c00000000000000000000c", "service": "a-service-with-a-rather-long-name", "stage": "ended",
        "since": "2026-11-21T11:10:00.000Z", "outcome": "failed", "why": "it was not seen to leave `prod` within 10m",
    }))
}

fn narrow(name: &str, text: &str) {
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    check(name, text);
}

#[test]
fn every_stage_of_a_drill_is_a_line_of_its_own() {
    let stages = ["begun", "injected", "away", "returning"];
    let told = stages.map(|stage| drill::progress(&read(with(&json!({ "stage": stage })))));
    let ended = [completed(), returning()].map(|one| drill::progress(&read(one)));
    check("drill-progress", &(told.into_iter().chain(ended).collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn a_drill_that_was_begun_says_how_to_follow_it() {
    let begun: DrillReport = read(with(&json!({})));
    check("drill-begun", &drill::begun(&begun));
}

#[test]
fn drills_are_listed_with_their_recovery_times() {
    let list: DrillList = read(json!({ "drills": [completed(), returning(), failed()] }));
    narrow("drill-list", &drill::list(&list, NARROW));
    let none: DrillList = read(json!({ "drills": [] }));
    assert_eq!(drill::list(&none, NARROW), "no drills\n");
}

#[test]
fn a_drill_shows_what_each_way_took_stage_by_stage() {
    narrow("drill-show", &drill::show(&read(completed()), NARROW));
    narrow("drill-show-held", &drill::show(&read(returning()), NARROW));
    let nowhere = drill::show(&read(failed()), NARROW);
    assert!(!nowhere.contains("DETECTION"), "nothing was measured: {nowhere}");
}

#[test]
fn a_year_of_drills_says_whether_the_objective_was_met_and_where_the_time_went() {
    let spread = |count: usize, median: u64| json!({ "count": count, "medianMs": median, "worstMs": median * 2, "lastMs": median });
    let report: RecoveryReport = read(json!({
        "since": "2025-11-21T00:00:00.000Z", "until": "2026-11-21T00:00:00.000Z", "incomplete": false,
        "services": [
            {
                "service": "checkout", "drills": 13, "completed": 12, "failovers": 2, "recovery": spread(14, 16_516),
                "detection": spread(14, 15_312), "decision": spread(14, 102), "write": spread(14, 88),
                "propagation": spread(14, 1_014), "drain": spread(12, 61_250), "lastDrill": "2026-11-21T09:06:31.000Z",
                "lastOutcome": "completed", "objectiveMs": 60_000, "withinObjective": true,
            },
            {
                "service": "search", "drills": 1, "completed": 1, "failovers": 0, "recovery": spread(1, 45_000),
                "lastDrill": "2026-03-01T09:06:31.000Z", "lastOutcome": "completed", "objectiveMs": 60_000,
                "withinObjective": false,
            },
            { "service": "mail", "drills": 0, "completed": 0, "failovers": 0, "objectiveMs": 60_000 },
            { "service": "reports", "drills": 0, "completed": 0, "failovers": 0 },
        ],
    }));
    narrow("drill-report", &drill::recovery(&report, NARROW));
    let incomplete = RecoveryReport { incomplete: true, ..report };
    assert!(drill::recovery(&incomplete, NARROW).contains("\nwarning: there is more than one report holds"));
}
