//! Coming back in steps at several places: the anchor decides each step, the others come after it.

use std::time::Duration;

use super::world::*;
use crate::fixture::{COOLDOWN, Seen, region};
use crate::machine::command::Command;
use crate::policy::{Failback, Gradual};
use crate::saga::Saga;
use crate::service::{Everywhere, Service};
use crate::write::WriteKind;

const STEP_EVERY: Duration = Duration::from_mins(5);

/// What the first state with shares was persisted as: a step waits for its permit.
const GOLDEN: &str = include_str!("envelope.v2.gradual.golden.json");

fn in_steps(places: usize) -> Everywhere {
    let steps = ["10%", "50%"].map(|text| text.parse().expect("a share")).to_vec();
    let gradual = Gradual { soak: Duration::from_mins(1), steps, step_every: STEP_EVERY };
    let failback = Failback::Gradual(Box::new(gradual));
    let projections = at_providers(places);
    let projections = projections.projections().iter().map(|service| {
        let mut service = Service::clone(service);
        service.policy.failback = failback.clone();
        service
    });
    Everywhere::new(projections).expect("at least one")
}

/// In `dr` everywhere, `prod` well again, the cooldown over.
fn in_dr(places: usize) -> World {
    let mut world = World::new(places, 1);
    world.service = in_steps(places);
    world.look_around(0);
    world.must_order(0, Command::Adopt);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!((0..places).all(|rank| world.serves(rank, "dr")));
    world.see(Seen::Proven, Seen::Proven);
    world.now = world.now + COOLDOWN;
    world
}

/// The share of `prod` at each place, by its fence, once the records are as it says.
fn shares(world: &World) -> Vec<Option<u8>> {
    let of = |rank: usize| {
        let fence = world.fence(rank);
        assert_eq!(world.zones[rank].rrsets, world.service.projections()[rank].render_under(&fence), "{rank}");
        fence.blend.as_ref().map(|blend| blend.share().into())
    };
    (0..world.zones.len()).map(of).collect()
}

#[test]
fn every_place_takes_every_step_under_one_decision() {
    let mut world = in_dr(3);
    world.run();
    assert_eq!(shares(&world), [Some(10); 3]);
    let begun = world.fence(0);
    world.pass(STEP_EVERY);
    assert_eq!(world.controllers[0].outbox.len(), 1, "the first goes first");
    world.run();
    assert_eq!(shares(&world), [Some(50); 3]);
    world.pass(STEP_EVERY);
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert_eq!((fence.epoch, &fence.plan, fence.active), (begun.epoch, &begun.plan, Some(region("prod"))));
    assert_eq!(world.controllers[0].saga.divergences(), []);
}

#[test]
fn a_place_that_was_down_comes_after_the_newest_step() {
    let mut world = in_dr(2);
    world.becomes(1, Condition::Down);
    world.run();
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), [Some(50), None], "nothing waits for it");
    world.becomes(1, Condition::Works);
    world.run();
    assert_eq!(shares(&world), [Some(50), Some(50)], "at once, and no step twice");
    assert_eq!(world.fence(0).plan, world.fence(1).plan);
}

#[test]
fn the_second_place_goes_on_when_the_first_is_down_in_the_middle() {
    let mut world = in_dr(2);
    world.run();
    world.becomes(0, Condition::Down);
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), [Some(10), Some(50)]);
    world.becomes(0, Condition::Works);
    world.run();
    assert_eq!(shares(&world), [Some(50), Some(50)], "it is not set back by whoever comes later");
}

#[test]
fn every_place_gives_it_up() {
    let mut world = in_dr(2);
    world.run();
    let begun = world.fence(0);
    world.becomes(1, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves(0, "dr"));
    assert_eq!(shares(&world), [None, Some(10)]);
    world.becomes(1, Condition::Works);
    world.tick(0);
    let (_, write, _) = world.open(0, 1).expect("it follows");
    assert_eq!((write.kind, write.from.clone()), (WriteKind::Abort, Some(region("prod"))));
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert_eq!((fence.epoch, fence.active, fence.blend), (begun.epoch.next(), Some(region("dr")), None));
}

#[test]
fn places_with_shares_are_not_moved_by_a_backup_of_one() {
    let mut world = in_dr(2);
    let before = world.zones[1].clone();
    world.run();
    world.zones[1] = before;
    world.look_around(0);
    world.look_around(0);
    assert_eq!(shares(&world), [Some(10), Some(10)], "the restored place is brought to the shares again");
}

#[test]
fn what_was_given_up_does_not_return_from_a_place_that_lost_its_fence() {
    let mut world = in_dr(2);
    world.run();
    assert_eq!(shares(&world), [Some(10), Some(10)]);
    world.becomes(1, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!(shares(&world), [None, Some(10)], "the first gives up");
    world.zones[1].fence = None;
    world.becomes(1, Condition::Works);
    world.look_around(0);
    world.look_around(0);
    world.run();
    world.see(Seen::Proven, Seen::Proven);
    world.run();
    assert_eq!(shares(&world), [None, None]);
    assert!(world.serves(0, "dr") && world.serves(1, "dr"));
}

#[test]
fn the_persisted_form_of_a_step_is_pinned() {
    let mut world = in_dr(1);
    world.run();
    world.pass(STEP_EVERY);
    assert!(world.open(0, 0).expect("a step").1.advances);
    let value: serde_json::Value = serde_json::from_str(&world.controllers[0].saga.to_envelope()).expect("json");
    let written = serde_json::to_string_pretty(&value).expect("json") + "\n";
    assert!(written == GOLDEN, "the persisted form changed; raise VERSION and read both:\n{written}");
    let saga = Saga::from_envelope(GOLDEN, &world.service).expect("reads");
    assert_eq!(saga.to_envelope(), world.controllers[0].saga.to_envelope());
}
