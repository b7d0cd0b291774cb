use std::time::Duration;

use super::*;
use crate::benchmark::cost::{Cost, Memory};
use crate::benchmark::failover::Repetition;
use crate::benchmark::settings::Settings;
use crate::benchmark::timeline::Spans;

fn report() -> Report {
    let text = |text: &str| text.to_owned();
    let machine = Machine {
        date: text("2026-01-01T00:00:00Z"),
        cpu: text("a CPU"),
        cores: 2,
        kernel: text("6.1"),
        file_system: text("ext4"),
        commit: text("0123456789ab"),
        versions: vec![(text("Knot DNS"), text("3.2.6"))],
        load_before: text("0.10 0.20 0.30"),
        load_after: text("0.40 0.50 0.60"),
    };
    Report::new(machine, 7)
}

fn spans(primary_ms: u64) -> Spans {
    let millis = Duration::from_millis;
    Spans {
        permit: millis(1),
        write: millis(2),
        verify: millis(3),
        primary: millis(primary_ms),
        everywhere: millis(primary_ms + 1),
    }
}

/// One repetition for each time from kill to answer; every write took the same.
fn failover(killed_ms: &[u64], write_ms: u64) -> Failover {
    let settings = Settings { interval: Duration::from_secs(1), timeout: Duration::from_millis(500), fall: 2 };
    let repetition = |millis: &u64| Repetition {
        primary: Duration::from_millis(*millis),
        everywhere: Duration::from_millis(*millis),
        failover: spans(write_ms),
        failback: spans(write_ms),
    };
    let repetitions = killed_ms.iter().map(repetition).collect();
    Failover { settings, bound: settings.bound(), repetitions, on_bind: vec![spans(write_ms)] }
}

fn idle(rss_kib: u64) -> Idle {
    let settings = Settings { interval: Duration::from_secs(1), timeout: Duration::from_millis(500), fall: 2 };
    let cost = Cost {
        process: "failover-controller".to_owned(),
        cpu: Duration::from_secs(1),
        cpu_seconds_per_hour: 60.0,
        memory: Memory { rss_kib, pss_kib: rss_kib },
    };
    Idle { endpoints: 100, window_s: 60.0, settings, costs: vec![cost], probes: Vec::new() }
}

#[test]
fn says_where_and_with_what_it_was_measured_and_leaves_out_what_was_not_run() {
    let text = report().render();
    for fact in
        ["a CPU, 2 cores", "0123456789ab", "Knot DNS 3.2.6", "0.10 0.20 0.30 before, 0.40 0.50 0.60 after", "| 7 "]
    {
        assert!(text.contains(fact), "no `{fact}` in {text}");
    }
    assert!(!text.contains("## Kill") && !text.contains("## Beside") && !text.contains("## The cost"), "{text}");
}

#[test]
fn flags_the_repetitions_above_the_bound() {
    let text = Report { failover: Some(failover(&[1_500, 3_000, 2_649], 5)), ..report() }.render();
    assert!(text.contains("**Above the bound: #2 (3.00 s).**"), "{text}");
    assert!(text.contains("took 113 % of the bound"), "{text}");
    let text = Report { failover: Some(failover(&[1_500, 1_600], 5)), ..report() }.render();
    assert!(text.contains("None was above it."), "{text}");
}

#[test]
fn says_whether_the_write_met_its_target() {
    let text = Report { failover: Some(failover(&[1_500], 149)), ..report() }.render();
    assert!(text.contains("- Knot, primary: met, p99 149 ms"), "{text}");
    let text = Report { failover: Some(failover(&[1_500], 200)), ..report() }.render();
    assert!(text.contains("- BIND, primary and secondary: **missed**, p99 201 ms"), "{text}");
}

#[test]
fn names_who_holds_more_memory_than_it_should() {
    let text = Report { idle: Some(idle(30 * 1024)), ..report() }.render();
    assert!(text.contains("at most 30 MiB of RSS; met."), "{text}");
    let text = Report { idle: Some(idle(30 * 1024 + 1)), ..report() }.render();
    assert!(text.contains("**missed by failover-controller**"), "{text}");
}

#[test]
fn programs_get_the_same_figures() {
    let json = serde_json::to_value(Report { failover: Some(failover(&[1_500], 5)), ..report() }).expect("JSON");
    assert_eq!(json["failover"]["boundMs"], 2_650.0);
    assert_eq!(json["failover"]["repetitions"][0]["primaryMs"], 1_500.0);
    assert_eq!(json["failover"]["repetitions"][0]["failover"]["decidedToPrimaryMs"], 5.0);
    assert!(json.get("peers").is_none());
}
