//! Orders: for a whole group, and for one of its members alone.

use super::group;
use super::troop::Troop;
use crate::evacuation::Errand;
use crate::fence::EvacuationId;
use crate::fixture::{START, Seen, region};
use crate::group::MoveWhen;
use crate::history::HistoryKind::Decided;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::effect::Refusal;
use crate::saga::SagaStep;

const SHOP: [&str; 3] = ["shop-db", "shop-api", "shop-web"];

fn troop() -> Troop {
    Troop::of(&group(&SHOP, MoveWhen::Any), &[], |_| {})
}

fn lead(to: &str) -> Command {
    Command::LeadGroup { to: region(to) }
}

fn alone(to: &str) -> Command {
    Command::Failover { to: region(to) }
}

fn rules(step: &SagaStep) -> Vec<Rule> {
    match &step.refusal {
        Some(Refusal::Kernel(rejections)) => rejections.iter().map(|rejection| rejection.rule).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_for_the_group_moves_all_and_pins_them() {
    let mut troop = troop();
    let step = troop.order_of("shop-db", lead("dr"), &[]);
    let decision = step.decision.expect("a decision");
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
    for row in troop.rows(Decided) {
        assert_eq!(row.details["group"]["decision"], decision.as_str());
        assert_eq!(row.details["initiative"]["by"], "oncall");
    }
    assert!(troop.soldiers.values().all(|one| one.zone.fence_found().expect("a fence").pin.is_some()));
}

#[test]
fn an_order_for_the_group_is_given_to_the_first_that_has_to_move() {
    let mut troop = troop();
    assert_eq!(rules(&troop.order_of("shop-api", lead("dr"), &[])), [Rule::MemberFirst]);
    let nowhere = troop.order_of("shop-db", lead("moon"), &[]);
    assert!(matches!(nowhere.refusal, Some(Refusal::Invalid(_))), "{nowhere:?}");
}

#[test]
fn an_order_for_the_group_says_who_lacks_what_and_can_be_overridden() {
    let mut troop = troop();
    troop.see("shop-web", Seen::Proven, Seen::Healthy);
    assert_eq!(rules(&troop.order_of("shop-db", lead("dr"), &[])), [Rule::GroupReady]);
    let overrides = [Rule::GroupReady, Rule::TargetProven];
    assert_eq!(troop.order_of("shop-db", lead("dr"), &overrides).refusal, None);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
}

#[test]
fn a_group_that_is_led_out_of_a_region_where_one_fails_fails_over_and_waits_for_no_cooldown() {
    let in_dr = || {
        let mut troop = troop();
        troop.order_of("shop-db", lead("dr"), &[]);
        troop.run();
        troop.history.clear();
        troop
    };
    let mut leaving = in_dr();
    leaving.see("shop-web", Seen::Proven, Seen::Failing);
    let calm = in_dr().order_of("shop-db", lead("prod"), &[]);
    assert_eq!(rules(&calm), [Rule::CooledDown], "nobody fails: they return");
    let step = leaving.order_of("shop-db", lead("prod"), &[]);
    assert_eq!(step.refusal, None);
    assert_eq!(leaving.rows(Decided).next().expect("decided").details["kind"], "failover");
}

#[test]
fn one_alone_is_named_as_splitting_its_group_and_can_come_back_to_it() {
    let mut troop = troop();
    assert_eq!(rules(&troop.order_of("shop-web", alone("dr"), &[])), [Rule::GroupTogether]);
    assert_eq!(troop.order_of("shop-web", alone("dr"), &[Rule::GroupTogether]).refusal, None);
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod", "dr"]);
    assert_eq!(troop.order_of("shop-web", Command::Failback, &[Rule::CooledDown]).refusal, None, "it is whole again");
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod", "prod"]);
}

#[test]
fn an_order_brings_together_what_was_apart() {
    let mut troop = troop();
    troop.order_of("shop-db", alone("dr"), &[Rule::GroupTogether]);
    troop.run();
    assert_eq!(troop.order_of("shop-api", lead("dr"), &[]).refusal, None);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
}

#[test]
fn an_evacuation_leaves_a_group_of_which_one_is_paused() {
    let mut troop = Troop::of(&group(&["shop-db", "shop-api"], MoveWhen::Any), &[], |_| {});
    troop.order_of("shop-api", Command::Pause { until: None }, &[]);
    troop.run();
    let errand = Errand { evacuation: EvacuationId::at(START, 1), run: 0 };
    let step = troop.order_of("shop-db", Command::Evacuate { to: Some(region("dr")), errand }, &[]);
    let Some(Refusal::Kernel(rejections)) = &step.refusal else { panic!("it is refused: {step:?}") };
    assert_eq!(rejections[0].rule, Rule::NotPaused);
    assert!(rejections[0].reason.contains("`shop-api`"), "{}", rejections[0].reason);
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod"]);
}
