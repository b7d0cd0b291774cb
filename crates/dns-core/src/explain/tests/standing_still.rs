//! Why nothing happens.

use std::time::Duration;

use super::stage::{Stage, all, blind_since, failing_since, healthy_since};
use super::{check, script};
use crate::explain::Topic;
use crate::fixture::{START, region, service};
use crate::history::HistoryKind;
use crate::judgement::Vote;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::policy::{Failback, Gradual};
use crate::service::{Mode, Service};
use crate::write::WriteKind;

fn told(stage: &Stage) -> String {
    script(&stage.why_not().sentences)
}

#[test]
fn a_calm_service_says_what_it_would_take() {
    let mut stage = Stage::adopted();
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    check(&told(&stage), include_str!("calm.golden.txt"), "calm");
}

#[test]
fn one_that_nobody_can_judge_says_who_is_missing() {
    let mut stage = Stage::adopted();
    let now = stage.now;
    let blind = blind_since(now.before(Duration::from_secs(58)));
    let silent = Vote::Silent { since: Some(now.before(Duration::from_secs(9))) };
    let prod = [blind.clone(), failing_since(now.before(Duration::from_secs(12))), silent.clone()];
    stage.judged([prod, [blind, healthy_since(START), silent]]);
    check(&told(&stage), include_str!("unknown.golden.txt"), "unknown");
}

#[test]
fn what_is_held_says_by_which_rules_and_what_would_end_it() {
    let mut stage = Stage::adopted();
    stage.order(Command::Pause { until: None }, &[]);
    stage.carry_out();
    let now = stage.now;
    let failing = failing_since(now.before(Duration::from_secs(4)));
    stage.judged([all(failing), all(healthy_since(now.before(Duration::from_secs(30))))]);
    stage.pass(Duration::from_secs(7));
    check(&told(&stage), include_str!("paused.golden.txt"), "paused");
}

#[test]
fn after_an_order_the_way_back_is_told() {
    let mut stage = Stage::adopted();
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    stage.order(Command::Failover { to: region("dr") }, &[]);
    stage.carry_out();
    stage.pass(Duration::from_secs(90));
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    check(&told(&stage), include_str!("away.golden.txt"), "away");
}

#[test]
fn a_preview_asks_the_kernel_and_changes_nothing() {
    let mut stage = Stage::adopted();
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    let (envelope, rows) = (stage.saga.to_envelope(), stage.rows.len());
    let explanation = stage.why_not();
    assert_eq!((stage.saga.to_envelope(), stage.rows.len()), (envelope, rows));
    let [preview] = explanation.previews.as_slice() else { panic!("one other region: {:?}", explanation.previews) };
    assert_eq!((preview.kind, preview.to.as_str()), (WriteKind::Failover, "dr"));
    assert_eq!(preview.answers.iter().map(|answer| answer.rule).collect::<Vec<_>>(), Rule::ALL);
    assert_eq!(preview.obstacles().count(), 0, "it would move if prod failed: {:?}", preview.answers);
}

#[test]
fn a_preview_says_what_a_failover_would_really_be_refused_for() {
    let mut stage = Stage::adopted();
    let now = stage.now;
    stage.judged([all(healthy_since(START)), all(healthy_since(now))]);
    stage.order(Command::Pause { until: None }, &[]);
    stage.carry_out();
    let now = stage.now;
    stage.judged([all(healthy_since(START)), all(healthy_since(now))]);
    let obstacles: Vec<Rule> = stage.why_not().previews[0].obstacles().map(|answer| answer.rule).collect();
    assert_eq!(obstacles, [Rule::TargetProven, Rule::NotPaused]);
    stage.judged([all(failing_since(now)), all(healthy_since(now))]);
    let held = stage.rows.iter().rfind(|row| row.kind == HistoryKind::Held).expect("held");
    let named: Vec<&str> = held.details["rejections"]
        .as_array()
        .expect("rejections")
        .iter()
        .filter_map(|rejection| rejection["rule"].as_str())
        .collect();
    assert_eq!(named, ["targetProven", "notPaused"], "the same as when it was wanted");
}

#[test]
fn one_that_observes_says_so_and_needs_an_adoption_as_well() {
    let stage = Stage::of(Service { mode: Mode::Observe, ..service() });
    let explanation = stage.why_not();
    let first = &explanation.sentences[0];
    assert_eq!(first.about, Topic::State);
    assert!(first.text.ends_with("It only observes: it writes nothing."), "{first:?}");
    let obstacles: Vec<Rule> = explanation.previews[0].obstacles().map(|answer| answer.rule).collect();
    assert!(obstacles.contains(&Rule::Observing) && obstacles.contains(&Rule::Adopted), "{obstacles:?}");
}

#[test]
fn a_write_under_way_is_what_happens() {
    let mut stage = Stage::adopted();
    let now = stage.now;
    stage.judged([all(failing_since(now)), all(healthy_since(START))]);
    let told = told(&stage);
    assert!(told.contains("A write is under way: failover, decided at 10:30:00; `dns-admin explain "), "{told}");
    assert!(!told.contains("Nothing moves"), "{told}");
}

#[test]
fn one_that_comes_back_in_steps_says_how_far_it_is_and_what_it_waits_for() {
    let mut service = service();
    let steps = vec!["10%".parse().expect("a share")];
    let gradual = Gradual { soak: Duration::from_mins(1), steps, step_every: Duration::from_mins(5) };
    service.policy.failback = Failback::Gradual(Box::new(gradual));
    let mut stage = Stage::of(service);
    stage.order(Command::Adopt, &[]);
    stage.carry_out();
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    stage.order(Command::Failover { to: region("dr") }, &[Rule::TargetProven]);
    stage.carry_out();
    stage.pass(Duration::from_hours(1));
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    stage.order(Command::Failback, &[]);
    stage.carry_out();
    stage.judged([all(failing_since(stage.now)), all(healthy_since(START))]);
    stage.carry_out();
    stage.pass(Duration::from_hours(1));
    stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
    stage.carry_out();
    stage.pass(Duration::from_mins(1));
    let text = told(&stage);
    assert!(text.contains("It is coming back in steps: 10 % of the answers from `prod` since"), "{text}");
    assert!(text.contains("(1m01s). The next step is due at 09:35:01."), "{text}");
    let doubt = Vote::Silent { since: None };
    stage.judged([all(doubt), all(healthy_since(START))]);
    let text = told(&stage);
    assert!(text.contains("It holds: region `prod` is unknown"), "{text}");
}
