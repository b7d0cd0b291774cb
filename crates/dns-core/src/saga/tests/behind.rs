//! The place that decides may be behind: what leaves is the service, wherever this place's records are.

use std::sync::Arc;
use std::time::Duration;

use super::world::*;
use crate::companion::tests::{companion, companions, group, led};
use crate::companion::{Companion, Companions};
use crate::fence::DecisionId;
use crate::fixture::{COOLDOWN, Seen, region};
use crate::fleet::Fleet;
use crate::group::{GroupMove, MoveWhen};
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::effect::Refusal;
use crate::machine::memory::LastMove;
use crate::policy::Failback;
use crate::service::{Everywhere, Service};
use crate::write::{Initiative, WriteKind};

/// The service went to `dr` while the first place was down. That place can be written again and does not follow, since
/// `dr` is no longer proven.
fn first_behind() -> World {
    let mut world = World::adopted(2, 1);
    // Long ago, as far as the first place is concerned.
    world.pass(COOLDOWN);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Proven, Seen::Healthy);
    world.becomes(0, Condition::Works);
    world.run();
    assert!(world.serves(0, "prod") && world.serves(1, "dr"));
    assert_eq!(world.controllers[0].saga.anchor(world.now), &world.place(0));
    world
}

/// `checkout` comes after `db`.
fn with_db(world: &mut World, db: Companion) -> Arc<Companions> {
    let ties = companions(Some(group(&["db", "checkout"], MoveWhen::Any)), Vec::new(), &[("db", db)]);
    world.fleet = Arc::new(Fleet::default().with_companions(Some(Arc::clone(&ties))));
    ties
}

fn must_leave_dr(world: &World, kind: WriteKind) {
    let (_, write, _) = world.open(0, 0).expect("the first place writes");
    assert_eq!((write.kind, &write.from, &write.to), (kind, &Some(region("dr")), &Some(region("prod"))));
}

#[test]
fn a_member_that_comes_after_its_group_leaves_where_the_service_is() {
    let mut world = first_behind();
    let members = ["db", "checkout"].map(|name| name.parse().expect("a name")).to_vec();
    let last = LastMove {
        plan: DecisionId::at(world.now, 500),
        kind: WriteKind::Failover,
        initiative: Initiative::Automatic,
        overrides: Vec::new(),
        overrides_expire: None,
        drill: None,
        reason: "`db` failed".to_owned(),
        group: Some(GroupMove { group: "shop".parse().expect("a name"), decision: None, members }),
    };
    with_db(&mut world, led("prod", last));
    world.tick(0);
    must_leave_dr(&world, WriteKind::Failover);
}

#[test]
fn an_order_for_the_group_leaves_where_the_service_is() {
    let mut world = first_behind();
    with_db(&mut world, companion("prod", (Seen::Proven, Seen::Proven)));
    let step = world.order_with(0, Command::LeadGroup { to: region("prod") }, &[Rule::CooledDown]);
    assert_eq!(step.refusal, None);
    must_leave_dr(&world, WriteKind::Failback);
}

#[test]
fn an_order_leaves_where_the_service_is() {
    let mut world = first_behind();
    let step = world.order_with(0, Command::Failback, &[Rule::CooledDown]);
    assert_eq!(step.refusal, None);
    must_leave_dr(&world, WriteKind::Failback);
}

fn comes_back_by_itself(world: &mut World) {
    let change = |service: &Arc<Service>| {
        let mut service = (**service).clone();
        service.policy.failback = Failback::Automatic { soak: Duration::ZERO };
        service
    };
    world.service = Everywhere::new(world.service.projections().iter().map(change)).expect("two");
}

#[test]
fn an_automatic_failback_leaves_where_the_service_is() {
    let mut world = first_behind();
    comes_back_by_itself(&mut world);
    world.pass(COOLDOWN);
    must_leave_dr(&world, WriteKind::Failback);
}

#[test]
fn the_cooldown_counts_from_the_move_of_the_other_place() {
    let mut world = first_behind();
    comes_back_by_itself(&mut world);
    world.pass(COOLDOWN.saturating_sub(Duration::from_secs(1)));
    assert!(world.open(0, 0).is_none(), "the second place has moved a moment ago");
    world.pass(Duration::from_secs(1));
    must_leave_dr(&world, WriteKind::Failback);
}

#[test]
fn an_order_that_brings_a_place_to_where_the_service_is_begins_the_cooldown() {
    let mut world = first_behind();
    let left = world.fence(1).dwell;
    assert!(left.is_some());
    world.pass(COOLDOWN);
    let step = world.order_with(0, failover("dr"), &[Rule::TargetProven]);
    assert_eq!(step.refusal, None);
    world.run();
    assert!(world.serves(0, "dr") && world.serves(1, "dr"));
    assert_eq!(world.fence(0).dwell, left, "how often it has left by itself is not forgotten");
    let Some(Refusal::Kernel(rejections)) = world.order(0, Command::Failback).refusal else { panic!("refused") };
    assert_eq!(rejections.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::CooledDown]);
    world.pass(COOLDOWN);
    assert_eq!(world.order(0, Command::Failback).refusal, None);
}

#[test]
fn a_pin_of_the_other_place_binds() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.must_order(0, failover("dr"));
    world.run();
    assert!(world.fence(1).pin.is_some() && world.fence(0).pin.is_none());
    world.see(Seen::Proven, Seen::Healthy);
    world.becomes(0, Condition::Works);
    comes_back_by_itself(&mut world);
    world.pass(COOLDOWN);
    assert!(world.open(0, 0).is_none(), "an operator has moved it");
    assert!(world.serves(1, "dr"));
}

#[test]
fn a_preview_asks_about_where_the_service_is_and_with_its_group() {
    let mut world = first_behind();
    with_db(&mut world, companion("dr", (Seen::Proven, Seen::Proven)));
    let around = world.around(0);
    let saga = &world.controllers[0].saga;
    let preview = saga.preview(&region("prod"), &Initiative::Automatic, &around).expect("a place decides");
    assert_eq!(preview.from, Some(region("dr")));
    let why = |rule| preview.answers.iter().find(|answer| answer.rule == rule).and_then(|answer| answer.why.clone());
    let judged = why(Rule::QuorumJudged).expect("dr does not fail");
    assert_eq!(judged, "0 of 2 services of group `shop` fail in `dr`, 1 must");
    assert_eq!(why(Rule::GroupTogether), None, "it would go with its group");
}
