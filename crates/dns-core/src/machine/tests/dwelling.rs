//! A service that leaves its preferred region again and again: failback waits longer each time, and the fence keeps that.

use std::time::Duration;

use super::world::*;
use crate::dwell::Dwell;
use crate::fixture::{COOLDOWN, Seen, region};
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::event::Event;
use crate::machine::{Machine, State};
use crate::policy::Failback;

/// Goes back to `prod` at once by an order, and leaves it again without one.
fn returns_and_leaves(world: &mut World) {
    assert_eq!(world.order_with(Command::Failback, &[Rule::CooledDown]).refusal, None);
    world.run();
    assert!(world.serves("prod"));
    world.pass(Duration::from_mins(5));
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves("dr"));
    world.see(Seen::Proven, Seen::Proven);
    world.run();
}

/// In `dr` after having left `prod` twice.
fn flapping() -> World {
    let mut world = World::in_dr();
    returns_and_leaves(&mut world);
    world
}

fn left(world: &World) -> Option<u32> {
    world.fence().dwell.map(|dwell| dwell.left)
}

fn just_before(length: Duration) -> Duration {
    length.checked_sub(Duration::from_secs(1)).expect("longer")
}

#[test]
fn the_first_failback_waits_for_the_cooldown_and_the_next_twice_as_long() {
    let world = World::in_dr();
    assert_eq!(left(&world), Some(1));
    let mut world = flapping();
    assert_eq!(left(&world), Some(2));
    world.pass(just_before(COOLDOWN * 2));
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::CooledDown]);
    assert_eq!(world.machine.state(), State::CoolingDown {});
    world.pass(Duration::from_secs(1));
    assert_eq!(world.machine.state(), State::SteadyElsewhere {});
    world.must_order(Command::Failback);
}

#[test]
fn to_leave_a_standby_for_another_is_no_leaving_of_the_preferred_region() {
    let mut service = crate::fixture::service();
    service.regions.edit(|regions| regions.push(crate::fixture::place("third", &["203.0.113.10", "2001:db8:3::10"])));
    service.records[2].values = crate::fixture::explicit(&[
        ("prod", "lb-prod.example.net."),
        ("dr", "lb-dr.example.net."),
        ("third", "lb-third.example.net."),
    ]);
    let mut world = World::of(service);
    world.look_around();
    world.must_order(Command::Adopt);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!((world.active(), left(&world)), ("dr", Some(1)));
    let mut judged = crate::fixture::judgement(Seen::Failing, Seen::Proven);
    let well = judged.regions[&region("dr")].clone();
    judged.regions.insert(region("third"), well);
    let failing = judged.regions[&region("prod")].clone();
    judged.regions.insert(region("dr"), failing);
    world.step(&Event::Judged(judged));
    world.ask_permit();
    world.send();
    assert_eq!((world.active(), left(&world)), ("third", Some(1)));
}

#[test]
fn the_controllers_own_failback_waits_as_long() {
    let mut world = flapping();
    let mut service = (*world.service).clone();
    service.policy.failback = Failback::Automatic { soak: Duration::ZERO };
    world.service = std::sync::Arc::new(service);
    world.pass(just_before(COOLDOWN * 2));
    world.run();
    assert!(world.serves("dr"));
    world.pass(Duration::from_secs(1));
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn an_empty_store_learns_it_from_the_fence() {
    let mut world = flapping();
    let known = world.memory().dwell();
    world.machine = Machine::new();
    world.look_around();
    assert_eq!((world.memory().dwell(), known.map(|dwell| dwell.left)), (known, Some(2)));
    world.must_order(Command::Resume);
    world.pass(just_before(COOLDOWN * 2));
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::CooledDown], "not forgotten with the store");
    world.pass(Duration::from_secs(1));
    world.must_order(Command::Failback);
}

#[test]
fn a_restart_forgets_nothing() {
    let mut world = flapping();
    let known = world.memory().dwell();
    world.crash();
    assert_eq!(world.memory().dwell(), known);
}

/// A program that knew no dwell followed the fence, kept the pair as it was, and was then upgraded.
#[test]
fn a_state_of_before_the_dwell_learns_it_from_the_fence_that_it_holds() {
    let mut world = flapping();
    let known = world.memory().dwell().expect("it has left twice");
    let pair = format!("{},{},{}", known.left, known.since.as_secs(), known.last.as_secs());
    let mut kept: serde_json::Value = serde_json::from_str(&world.kept()).expect("JSON");
    let memory = kept["shared_storage"].as_object_mut().expect("the memory");
    assert!(memory.remove("dwell").is_some());
    let held = memory["held"].as_object_mut().expect("a fence");
    assert!(held.remove("dwell").is_some());
    held.insert("unknown".to_owned(), serde_json::json!([["dwell", pair], ["later", "kept"]]));
    world.machine = serde_json::from_value(kept).expect("it is read");
    assert_eq!(world.memory().dwell(), None);

    world.look_around();
    assert_eq!(world.memory().dwell(), Some(known));
    assert_eq!(world.memory().held(), Some(&world.fence()), "and holds the fence as this program reads it");
    world.pass(just_before(COOLDOWN * 2));
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::CooledDown]);
}

#[test]
fn another_controllers_count_is_followed_and_what_it_says_of_the_future_counts_as_now() {
    let mut world = World::adopted();
    let far = world.now + Duration::from_hours(100_000);
    let theirs = Dwell { left: Dwell::LEFT_MAX, since: far, last: far };
    world.other_writes("dr", |fence| fence.dwell = Some(theirs));
    world.look_around();
    let followed = world.memory().dwell().expect("followed");
    assert_eq!((followed.left, followed.last), (Dwell::LEFT_MAX, world.now));
    let longest = world.service.policy.dwell.longest;
    let waits = world.memory().failback_wait(&world.service.policy, world.now);
    assert_eq!(waits, longest, "nobody can be made to wait longer than the policy says");
}

#[test]
fn a_departure_by_order_counts_for_nothing() {
    let mut world = World::adopted();
    world.must_order(failover("dr"));
    world.run();
    assert_eq!(left(&world), None);
}

#[test]
fn a_quiet_time_ends_it() {
    let mut world = flapping();
    world.pass(world.service.policy.dwell.quiet_after);
    world.must_order(Command::Failback);
    world.run();
    assert_eq!(left(&world), None, "the fence is as before");
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!(left(&world), Some(1));
}

#[test]
fn a_release_ends_it() {
    let mut world = flapping();
    world.must_order(Command::Release);
    world.run();
    assert_eq!((left(&world), world.memory().dwell()), (None, None));
}
