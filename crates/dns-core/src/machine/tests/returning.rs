//! Failback: by hand, after the cooldown.

use std::time::Duration;

use super::world::*;
use crate::fixture::{COOLDOWN, Seen, region};
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::command::Command;
use crate::write::WriteKind;

#[test]
fn waits_for_the_cooldown() {
    let mut world = World::in_dr();
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::CooledDown]);
    world.pass(COOLDOWN.checked_sub(Duration::from_millis(1)).expect("longer"));
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::CooledDown]);
    assert_eq!(refused_by(&world.order(failover("prod"))), [Rule::CooledDown], "by whatever name");
    world.pass(Duration::from_millis(1));
    assert_eq!(world.machine.state(), State::SteadyElsewhere {});
    world.must_order(Command::Failback);
    assert_eq!(world.pending().kind, WriteKind::Failback);
    world.run();
    assert!(world.serves("prod"));
    assert_eq!(world.fence().active, Some(region("prod")));
}

#[test]
fn an_override_ends_the_waiting() {
    let mut world = World::in_dr();
    let step = world.order_with(Command::Failback, &[Rule::CooledDown]);
    assert_eq!(step.refusal, None);
    assert_eq!(world.pending().overrides, [Rule::CooledDown]);
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn needs_the_preferred_region_proven() {
    let mut world = World::in_dr();
    world.see(Seen::Healthy, Seen::Proven);
    world.pass(COOLDOWN);
    assert_eq!(refused_by(&world.order(Command::Failback)), [Rule::TargetProven]);
}

#[test]
fn is_pointless_on_the_preferred_region() {
    let mut world = World::adopted();
    let step = world.order(Command::Failback);
    assert!(refusal_text(&step).contains("already"));
}

#[test]
fn clears_the_pin() {
    let mut world = World::adopted();
    world.must_order(failover("dr"));
    world.run();
    world.pass(COOLDOWN);
    assert!(world.memory().pin().is_some());
    world.must_order(Command::Failback);
    world.run();
    assert_eq!((world.fence().pin, world.memory().pin()), (None, None));
}

#[test]
fn never_happens_by_itself() {
    let mut world = World::in_dr();
    for _ in 0..20 {
        world.pass(COOLDOWN);
        world.read();
        world.run();
    }
    assert!(world.serves("dr"));
    assert_eq!(world.machine.state(), State::SteadyElsewhere {});
}

#[test]
fn leaving_a_failing_region_for_the_preferred_one_is_a_failover_even_by_hand() {
    let mut world = World::in_dr();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.see(Seen::Proven, Seen::Failing);
    world.must_order(Command::Failback);
    assert_eq!(world.pending().kind, WriteKind::Failover);
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn a_clock_that_was_set_back_does_not_stretch_the_cooldown() {
    let mut world = World::in_dr();
    world.now = world.now.before(Duration::from_hours(24));
    world.tick();
    world.pass(COOLDOWN);
    world.must_order(Command::Failback);
}
