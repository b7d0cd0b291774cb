//! Stories of decisions and holds.

use std::time::Duration;

use super::stage::{Stage, all, blind_since, failing_since, healthy_since};
use super::{check, script};
use crate::explain::{Topic, recount, story};
use crate::fixture::{START, region, service};
use crate::history::{HistoryEntry, HistoryKind};
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::event::{Event, WriteOutcome};
use crate::service::{Mode, Service};

/// Two of three see `prod` failing, the third is blind; `dr` is as `dr` says.
fn fails(stage: &mut Stage, dr: [crate::judgement::Vote; 3]) {
    let now = stage.now;
    let (first, second) = (now.before(Duration::from_millis(2300)), now.before(Duration::from_millis(40)));
    let blind = blind_since(now.before(Duration::from_secs(58)));
    stage.judged([[blind, failing_since(first), failing_since(second)], dr]);
}

#[test]
fn a_failover_is_told_from_the_first_suspicion_to_the_last_server() {
    let mut stage = Stage::adopted();
    fails(&mut stage, all(healthy_since(START)));
    stage.carry_out();
    let rows = stage.newest_decision();
    let mut drained = rows[0].clone();
    (drained.kind, drained.summary) = (HistoryKind::Drained, "drained 4 of 4 resolvers after 61 s".to_owned());
    drained.at = stage.now + Duration::from_secs(61);
    let rows: Vec<HistoryEntry> = rows.into_iter().chain([drained]).collect();
    check(&script(&story(&rows)), include_str!("failover.golden.txt"), "failover");
}

#[test]
fn an_order_names_who_gave_it_and_what_it_overrode() {
    let mut stage = Stage::adopted();
    let now = stage.now;
    let late = [healthy_since(now.before(Duration::from_secs(30))), healthy_since(START), failing_since(now)];
    stage.judged([all(healthy_since(START)), late]);
    let step = stage.order(Command::Failover { to: region("dr") }, &[Rule::TargetProven]);
    assert_eq!(step.refusal, None);
    stage.carry_out();
    check(&script(&story(&stage.newest_decision())), include_str!("order.golden.txt"), "order");
}

#[test]
fn a_hold_tells_who_saw_what_and_who_was_blind() {
    let mut stage = Stage::adopted();
    let now = stage.now;
    fails(&mut stage, all(healthy_since(now.before(Duration::from_secs(30)))));
    let held = stage.rows.iter().find(|row| row.kind == HistoryKind::Held).expect("held");
    let told = script(&recount(held));
    check(&told, include_str!("held.golden.txt"), "held");
    assert!(told.contains("fra1 was blind since 10:29:02 (control targets failing)"), "{told}");
}

#[test]
fn what_was_never_sent_says_why() {
    let mut stage = Stage::adopted();
    fails(&mut stage, all(healthy_since(START)));
    let decision = stage.newest_decision()[0].decision.clone().expect("it is one");
    stage.pass(Duration::from_millis(200));
    stage.judged([all(healthy_since(stage.now)), all(healthy_since(START))]);
    stage.step(&Event::PermitAsked { decision });
    let told = story(&stage.newest_decision());
    let last = told.last().expect("told");
    assert_eq!(last.about, Topic::Permit);
    assert!(
        last.text.starts_with("Failover ended before it was sent: quorumJudged: region `prod` is healthy"),
        "{last:?}"
    );
}

#[test]
fn what_the_provider_refused_is_told_as_it_said_it() {
    let mut stage = Stage::adopted();
    fails(&mut stage, all(healthy_since(START)));
    let decision = stage.newest_decision()[0].decision.clone().expect("it is one");
    stage.step(&Event::PermitAsked { decision: decision.clone() });
    let outcome = WriteOutcome::Denied("NOTAUTH (BADKEY)".to_owned());
    stage.step(&Event::WriteSettled { decision, outcome });
    let rows: Vec<HistoryEntry> = stage.newest_decision();
    let told = script(&story(&rows));
    assert!(told.ends_with("Failover failed: NOTAUTH (BADKEY).\n"), "no total of what did not end well: {told}");
}

#[test]
fn a_service_that_observes_says_what_it_would_have_done() {
    let mut stage = Stage::of(Service { mode: Mode::Observe, ..service() });
    stage.pass(Duration::from_hours(3));
    fails(&mut stage, all(healthy_since(START)));
    let row = stage.rows.iter().find(|row| row.kind == HistoryKind::WouldMove).expect("told");
    let told = script(&recount(row));
    assert!(told.starts_with("[hold] It would have made a failover to `dr`, but it only observes.\n"), "{told}");
    assert!(told.contains("2 of 3 vantage points saw `prod` failing: lon1 since"), "{told}");
}

#[test]
fn rows_of_before_are_told_by_their_summary() {
    let mut stage = Stage::adopted();
    fails(&mut stage, all(healthy_since(START)));
    stage.carry_out();
    let mut rows = stage.newest_decision();
    for row in &mut rows {
        let mut value = row.details.clone().into_value();
        let details = value.as_object_mut().expect("an object");
        details.retain(|key, _| !["quorum", "readyForMs", "rules", "candidates", "follows"].contains(&key.as_str()));
        for seen in details.get_mut("evidence").and_then(|all| all.as_object_mut()).into_iter().flatten() {
            drop(seen.1.as_object_mut().expect("an object").remove("endpoints"));
        }
        row.details = value.into();
    }
    check(&script(&story(&rows)), include_str!("before.golden.txt"), "before");
    for row in &mut rows {
        row.details = serde_json::Value::Null.into();
    }
    let told = story(&rows);
    assert!(told[0].text.starts_with("Failover from `prod` to `dr`: region `prod` is failing"), "{told:?}");
    assert!(story(&[]).is_empty());
}

#[test]
fn another_region_that_was_not_taken_says_why() {
    let mut stage = Stage::adopted();
    fails(&mut stage, all(healthy_since(START)));
    let mut row = stage.newest_decision().remove(0);
    let other = |region: &str, why: &str| serde_json::json!({ "region": region, "chosen": region == "dr", "why": why });
    let mut details = row.details.into_value();
    details["candidates"] = serde_json::json!([other("eu3", "failing"), other("dr", "proven"), other("us1", "proven")]);
    row.details = details.into();
    let told = recount(&row);
    let others = told.iter().find(|sentence| sentence.about == Topic::Candidates).expect("told");
    assert_eq!(others.text, "`dr` was taken; `eu3` was failing and `us1` was proven too.");
}
