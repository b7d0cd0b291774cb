//! The moves of a drill in the machine: what they share with real ones, and what not.

use std::time::Duration;

use super::world::*;
use crate::fence::DrillId;
use crate::fixture::{COOLDOWN, START, Seen, judgement, region};
use crate::fleet::{Departure, Presence};
use crate::history::HistoryKind;
use crate::judgement::Judgement;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::event::Event;
use crate::policy::Failback;
use crate::window::{EmergencyFailover, When, Window};

fn id() -> DrillId {
    DrillId::at(START, 1)
}

fn to(name: &str) -> Command {
    Command::Drill { drill: id(), to: region(name) }
}

/// `prod` fails, for a drill only.
fn inject(world: &mut World) {
    let judged = judgement(Seen::Failing, Seen::Proven);
    world.step(&Event::Judged(Judgement { drill: Some(id()), ..judged }));
}

/// The judgement of the permit is that of the drill, too.
fn carry_out(world: &mut World) {
    world.ask_permit();
    world.send();
    world.run();
}

#[test]
fn an_injected_failure_moves_the_service_and_wakes_nobody() {
    let mut world = World::adopted();
    inject(&mut world);
    let write = world.pending().clone();
    assert_eq!(write.drill, Some(id()));
    carry_out(&mut world);
    assert_eq!(world.active(), "dr");
    assert_eq!(world.pages(), Vec::<&str>::new());
    let decided = world.last(HistoryKind::Decided);
    assert!(decided.summary.contains(&format!("for drill {}", id())), "{}", decided.summary);
    assert_eq!(decided.details["drill"], id().as_str());
    let last = world.memory().last_move().expect("a move");
    assert_eq!(last.drill, Some(id()));
    assert!(world.memory().pin().is_none());
}

#[test]
fn a_drill_is_no_loss_of_its_region_and_costs_no_budget() {
    let mut world = World::adopted();
    inject(&mut world);
    assert_eq!(Departure::of(world.pending()), None);
    carry_out(&mut world);
    assert_eq!(world.memory().departure(), None);
    assert!(!world.kept().contains("failovers"), "none is counted: {}", world.kept());
}

#[test]
fn the_fleet_does_not_count_an_injected_failure() {
    let real = judgement(Seen::Failing, Seen::Proven);
    let injected = Judgement { drill: Some(id()), ..real.clone() };
    let there = Presence { region: Some(region("prod")), ..Presence::default() };
    assert!(there.clone().judged(&real).failing);
    assert!(!there.judged(&injected).failing);
}

#[test]
fn an_ordered_drill_pins_nothing_and_returns_within_the_cooldown() {
    let mut world = World::adopted();
    world.must_order(to("dr"));
    world.run();
    assert_eq!((world.active(), world.memory().pin()), ("dr", None));
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::CooledDown], "nobody else may");
    world.must_order(to("prod"));
    world.run();
    assert_eq!(world.active(), "prod");
    assert!(world.now.since(START) < COOLDOWN, "no time has passed");
    assert_eq!(world.pages(), Vec::<&str>::new());
}

#[test]
fn a_drill_does_not_return_within_the_cooldown_of_a_real_failover() {
    let mut world = World::in_dr();
    assert_eq!(refused_by(&world.order(to("prod"))), [Rule::CooledDown]);
}

#[test]
fn a_freeze_that_allows_emergencies_still_blocks_a_drill() {
    let mut world = World::adopted();
    let mut service = crate::fixture::service();
    let when = When::Once { from: START.before(Duration::from_secs(1)), until: START + Duration::from_hours(1) };
    let window = Window { name: "freeze".to_owned(), when, emergency_failover: EmergencyFailover::Allow };
    service.windows = vec![window].into();
    world.service = service.into();
    assert_eq!(refused_by(&world.order(to("dr"))), [Rule::ChangeFreeze]);
    inject(&mut world);
    assert!(world.outbox.is_empty());
    let held = world.memory().hold().expect("held");
    assert_eq!(held.told, [Rule::ChangeFreeze]);
    assert_eq!(world.pages(), Vec::<&str>::new(), "a drill that is held wakes nobody");
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.outbox.len(), 1, "a real failure is an emergency");
}

#[test]
fn a_pause_blocks_an_injected_failure() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    inject(&mut world);
    assert!(world.outbox.is_empty());
}

#[test]
fn a_service_that_a_drill_has_moved_is_not_brought_back_by_the_policy() {
    let mut world = World::adopted();
    let mut service = crate::fixture::service();
    service.policy.failback = Failback::Automatic { soak: COOLDOWN };
    world.service = service.into();
    world.must_order(to("dr"));
    world.run();
    world.pass(COOLDOWN * 2);
    world.run();
    assert_eq!(world.active(), "dr", "the drill returns it itself");
    world.must_order(to("prod"));
    world.run();
    assert_eq!(world.active(), "prod");
}
