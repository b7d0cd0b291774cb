//! Monitors die: nothing moves for it, the status says who is missing, and one that comes back is heard again.

use tests::{Kind, Plan, Region, World};

use super::aftermath::{Before, aftermath};

fn until_steady(world: &World) {
    world.until_judged(Region::Prod, "healthy");
    world.until_state("steady on the preferred region");
}

#[test]
fn killing_any_one_monitor_moves_nothing() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    for number in 0..world.monitors.len() {
        world.monitors[number].process().kill9();
        let reason = world.until_sight(number, "silent");
        assert!(!reason.is_empty(), "v{number} is silent without a reason");
        world.until_status_says(&format!("v{number}"));
        // The two that are left are a quorum.
        until_steady(&world);
        world.monitors[number].restart();
        world.until_sight(number, "sighted");
    }
    until_steady(&world);
    let decisions = aftermath(&world, before, &watch.end(), &[Region::Prod]);
    assert!(decisions.is_empty(), "{decisions:#?}");
}

#[test]
fn killing_two_monitors_at_once_makes_everything_unknown_and_moves_nothing() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    for number in [0, 2] {
        world.monitors[number].process().kill9();
    }
    world.until_judged(Region::Prod, "unknown");
    world.until_judged(Region::Dr, "unknown");
    world.until_status_says("2 of 3 vantage points are blind or not heard");
    assert!(world.pages(), "nobody could move it now");
    // One failing region and no quorum: still no move.
    world.prod.process().kill9();
    world.until_seen(1, Region::Prod, "failing");
    world.until_state("unknown");
    world.prod.restart();
    for number in [0, 2] {
        world.monitors[number].restart();
        world.until_sight(number, "sighted");
    }
    until_steady(&world);
    let decisions = aftermath(&world, before, &watch.end(), &[Region::Prod]);
    assert!(decisions.is_empty(), "{decisions:#?}");
}
