//! Members come after the first: through failed writes, servers that do not follow, restarts and recoveries.

use super::group;
use super::troop::Troop;
use crate::fixture::Seen;
use crate::group::MoveWhen;
use crate::history::HistoryKind::{Decided, Denied, Held, Unverified};
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::event::DeliveryOutcome;

const SHOP: [&str; 3] = ["shop-db", "shop-api", "shop-web"];

fn leaving() -> Troop {
    let mut troop = Troop::of(&group(&SHOP, MoveWhen::Any), &[], |_| {});
    troop.see("shop-db", Seen::Failing, Seen::Proven);
    troop
}

/// The first has moved and is served, nobody else has begun.
fn halfway() -> Troop {
    let mut troop = leaving();
    for _ in 0..5 {
        troop.tick("shop-db");
    }
    assert_eq!(troop.all_active(), ["dr", "prod", "prod"]);
    troop
}

#[test]
fn a_failed_write_holds_the_later_ones_and_takes_nothing_back() {
    let mut troop = leaving();
    troop.soldier("shop-api").works = false;
    for _ in 0..10 {
        troop.round();
    }
    assert_eq!(troop.all_active(), ["dr", "prod", "prod"]);
    assert_eq!(troop.held_by("shop-web"), [Rule::MemberFirst]);
    assert_eq!(troop.told(Denied), ["shop-api"]);
    assert_eq!(troop.pages().len(), 2, "the move, and the write that failed: {:?}", troop.pages());
    troop.soldier("shop-api").works = true;
    troop.now = troop.now + std::time::Duration::from_mins(1);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
}

#[test]
fn one_that_is_not_seen_to_be_served_holds_the_later_ones() {
    let mut troop = leaving();
    troop.soldier("shop-db").serves = DeliveryOutcome::Old;
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "prod", "prod"]);
    assert_eq!(troop.told(Unverified), ["shop-db"]);
    assert_eq!(troop.held_by("shop-api"), [Rule::MemberFirst]);
    troop.crash();
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "prod", "prod"], "that is remembered");
    // Somebody has looked, and lets the rest follow.
    let go = Command::LeadGroup { to: crate::fixture::region("dr") };
    assert!(troop.order_of("shop-api", go.clone(), &[]).refusal.is_some());
    assert_eq!(troop.order_of("shop-api", go, &[Rule::MemberFirst]).refusal, None);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"], "the override goes along with the group's decision");
}

#[test]
fn an_override_of_the_group_has_the_same_end_for_those_that_come_along() {
    let mut troop = Troop::of(&group(&SHOP, MoveWhen::Any), &[], |_| {});
    troop.see("shop-web", Seen::Proven, Seen::Healthy);
    let overrides = [Rule::GroupReady, Rule::TargetProven];
    let go = Command::LeadGroup { to: crate::fixture::region("dr") };
    assert_eq!(troop.order_of("shop-db", go, &overrides).refusal, None);
    for _ in 0..5 {
        troop.tick("shop-db");
    }
    troop.now = troop.now + crate::overriding::OverrideTerm::default().usual;
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "prod"]);
    assert_eq!(troop.held_by("shop-web"), [Rule::TargetProven]);
}

#[test]
fn a_decision_says_with_whom_it_moves() {
    let mut troop = leaving();
    troop.run();
    let told: Vec<&str> = troop.rows(Decided).map(|row| row.summary.as_str()).collect();
    let first = "failover from `prod` to `dr`, first of group `shop` (shop-db, shop-api, shop-web): ";
    assert!(told[0].starts_with(first), "{told:?}");
    let decision = troop.rows(Decided).next().and_then(|row| row.decision.clone()).expect("its id");
    let along = format!("failover from `prod` to `dr`, with group `shop` by decision {decision}: ");
    assert!(told[1..].iter().all(|told| told.starts_with(&along)), "{told:?}");
}

#[test]
fn a_restart_in_the_middle_goes_on_with_the_same_decision() {
    let mut troop = halfway();
    troop.crash();
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
    let decisions: std::collections::BTreeSet<String> =
        troop.rows(Decided).map(|row| row.details["group"]["decision"].to_string()).collect();
    assert_eq!(decisions.len(), 1, "{decisions:?}");
}

#[test]
fn a_restart_says_nothing_of_members_that_are_not_seen_yet() {
    let mut troop = halfway();
    let pages = troop.pages().len();
    troop.crash();
    troop.see("shop-api", Seen::Unknown, Seen::Unknown);
    troop.tick("shop-api");
    assert_eq!((troop.told(Held), troop.pages().len()), (Vec::new(), pages), "{:?}", troop.history.last());
}

#[test]
fn the_rest_comes_after_though_the_failing_one_has_recovered() {
    let mut troop = halfway();
    troop.see("shop-db", Seen::Proven, Seen::Proven);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"], "to stop halfway is worse than either");
}

#[test]
fn a_member_that_cannot_arrive_is_held_and_told() {
    let mut troop = halfway();
    troop.see("shop-api", Seen::Proven, Seen::Failing);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "prod", "prod"]);
    assert_eq!(troop.held_by("shop-api"), [Rule::TargetProven]);
    assert_eq!(troop.held_by("shop-web"), [Rule::MemberFirst]);
    assert_eq!(troop.pages().len(), 2, "the move, and the hold: {:?}", troop.pages());
}

#[test]
fn one_that_was_moved_apart_since_is_not_drawn_along() {
    let mut troop = leaving();
    troop.run();
    let back = Command::Failover { to: crate::fixture::region("prod") };
    let apart = [Rule::GroupTogether, Rule::CooledDown];
    assert_eq!(troop.order_of("shop-web", back, &apart).refusal, None);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "prod"]);
    troop.see("shop-db", Seen::Proven, Seen::Failing);
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod", "prod"], "those that are together leave together");
}
