//! Failback: by hand, after the cooldown, or by itself after the soak.

use std::time::Duration;

use super::world::*;
use crate::fixture::{COOLDOWN, Seen, region};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::command::Command;
use crate::policy::{Failback, OnStandbyFailure};
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

const SOAK: Duration = Duration::from_mins(30);

/// In `dr` with a policy that fails back by itself, `prod` seen healthy since the beginning.
fn in_dr_for_a_while() -> World {
    World::in_dr_with(Failback::Automatic { soak: SOAK })
}

#[test]
fn comes_back_by_itself_when_the_preferred_region_has_soaked() {
    let mut world = in_dr_for_a_while();
    world.pass(SOAK.checked_sub(Duration::from_millis(1)).expect("longer"));
    world.run();
    assert!(world.serves("dr"));
    assert_eq!(
        (world.memory().hold(), world.pages().len()),
        (None, 0),
        "whoever waits for its time holds nothing back"
    );
    world.pass(Duration::from_millis(1));
    assert_eq!(world.pending().kind, WriteKind::Failback);
    world.run();
    assert!(world.serves("prod"));
    assert!(world.last(HistoryKind::Decided).summary.contains("has been healthy for 1800 s"));
}

#[test]
fn stays_away_while_anything_speaks_against_the_preferred_region() {
    for prod in [Seen::Healthy, Seen::Suspected, Seen::Failing, Seen::Unknown] {
        let mut world = in_dr_for_a_while();
        world.see(prod, Seen::Proven);
        world.pass(SOAK + COOLDOWN);
        world.run();
        let returns = prod == Seen::Suspected;
        assert_eq!(world.serves("prod"), returns, "{prod:?}: one vantage point of three is outvoted");
    }
}

#[test]
fn a_pinned_service_does_not_come_back_by_itself() {
    let mut world = in_dr_for_a_while();
    world.pass(COOLDOWN);
    world.must_order(Command::Failback);
    world.run();
    world.must_order(failover("dr"));
    world.run();
    world.pass(SOAK * 4);
    world.run();
    assert!(world.serves("dr") && world.memory().pin().is_some());
    assert!(world.pages().is_empty());
}

#[test]
fn a_standby_that_holds_is_left_by_hand_only() {
    let mut service = crate::fixture::service();
    service.policy.on_standby_failure = OnStandbyFailure::Hold;
    let mut world = World::of(service);
    world.look_around();
    world.must_order(Command::Adopt);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    assert!(world.serves("dr"));
    assert!(world.last(HistoryKind::Held).page, "someone has to come");
    assert!(world.last(HistoryKind::Held).summary.contains("standbyHolds"));
    world.must_order(Command::Failback);
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn a_service_that_flaps_runs_out_of_budget_and_pages() {
    let mut world = World::adopted();
    let mut moves = 0;
    for round in 0..40 {
        let (prod, dr) =
            if world.serves("prod") { (Seen::Failing, Seen::Proven) } else { (Seen::Proven, Seen::Failing) };
        let before = world.fence().epoch;
        world.see(prod, dr);
        world.run();
        world.pass(Duration::from_secs(30));
        moves += u32::from(world.fence().epoch > before);
        assert!(round > 0 || moves == 1, "the first one is not held up");
    }
    assert_eq!(moves, 4, "within twenty minutes");
    assert!(world.memory().hold().is_some_and(|hold| hold.told.contains(&Rule::FailoverBudget)));
    assert!(world.last(HistoryKind::Held).page);
    world.crash();
    world.look_around();
    world.tick();
    assert!(world.memory().open().is_none(), "a restart gives no new budget");
}
