//! Drills in the configuration: what is read, what is the default, and what is refused with the reason.

use std::time::Duration;

use dns_core::drill::schedule::When;
use dns_core::drill::{Method, STAY_DEFAULT};

use crate::config::{FULL, NO_SECRETS, load};

/// The full example with these lines at its end.
fn with(lines: &str) -> String {
    format!("{FULL}\n{lines}\n")
}

fn faults(lines: &str) -> String {
    load(&with(lines), &NO_SECRETS).expect_err("a fault").to_string()
}

#[test]
fn nothing_is_drilled_by_itself_unless_asked_for() {
    let drills = load(FULL, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}")).drills;
    assert_eq!((drills.at_once, drills.warning, drills.schedules.len()), (1, None, 0));
}

#[test]
fn schedules_are_read_with_their_defaults() {
    let lines = "drillsAtOnce: 2\ndrillWarning: 180d\ndrills:\n  \
        - { name: quarterly, services: [checkout], stay: 10m, reason: the audit, injection: false, \
            schedule: { weekly: { days: [tue], from: \"10:00\", everyWeeks: 13 } } }\n  \
        - { name: before-sale, services: [checkout], schedule: { at: 2026-12-01T10:00:00Z } }";
    let drills = load(&with(lines), &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}")).drills;
    assert_eq!((drills.at_once, drills.warning), (2, Some(Duration::from_hours(180 * 24))));
    let [quarterly, once] = drills.schedules.as_slice() else { panic!("two schedules") };
    assert!(matches!(&quarterly.when, When::Weekly { every_weeks: 13, .. }), "{quarterly:?}");
    assert_eq!((quarterly.method, quarterly.stay), (Method::Ordered, Duration::from_mins(10)));
    assert!(matches!(&once.when, When::Once { .. }));
    assert_eq!((once.method, once.stay, once.reason.as_str()), (Method::Injected, STAY_DEFAULT, "scheduled"));
}

#[test]
fn every_fault_of_a_schedule_is_told_at_once() {
    let lines = "drillsAtOnce: 0\ndrillWarning: 0s\ndrills:\n  \
        - { name: a, services: [chekout], schedule: { weekly: { days: [], from: \"25:00\", everyWeeks: 0 } }, stay: 25h }\n  \
        - { name: a, services: [], schedule: { at: soon }, reason: \"\" }\n  \
        - { name: c, services: [checkout, checkout], schedule: {} }";
    let told = faults(lines);
    for wanted in [
        "drillsAtOnce",
        "drillWarning",
        "there is no service `chekout`",
        "did you mean `checkout`",
        "drills[0].schedule.weekly.days",
        "drills[0].schedule.weekly.from",
        "drills[0].schedule.weekly.everyWeeks",
        "drills[0].stay: a drill stays for 1day at the most",
        "drill `a` is given twice",
        "drills[1].services",
        "`soon` is no moment",
        "drills[1].reason",
        "service `checkout` is given twice",
        "needs either `at` or `weekly`",
    ] {
        assert!(told.contains(wanted), "`{wanted}` is not in:\n{told}");
    }
}

#[test]
fn a_service_that_only_observes_is_not_drilled() {
    let observing = FULL.replacen("mode: active", "mode: observe", 1);
    let lines = "drills:\n  - { name: a, services: [checkout], schedule: { at: 2026-12-01T10:00:00Z } }";
    let told = load(&format!("{observing}\n{lines}\n"), &NO_SECRETS).expect_err("a fault").to_string();
    assert!(told.contains("service `checkout` only observes"), "{told}");
}

#[test]
fn an_objective_that_detection_alone_exceeds_is_a_warning() {
    let with_objective = |objective: &str| {
        let text = FULL.replacen(
            "    interval: 2s\n",
            &format!("    interval: 2s\n    recoveryTimeObjective: {objective}\n"),
            1,
        );
        let config = load(&text, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
        assert!(config.services[0].lead().policy.recovery_time_objective.is_some());
        config.warnings.iter().any(|warning| warning.to_string().contains("detection alone may take 5s"))
    };
    assert!(with_objective("4s"), "two runs at 2 s and the timeout of 1 s");
    assert!(!with_objective("5s"));
}
