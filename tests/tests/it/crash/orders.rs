//! What an operator ordered, and faults inside the process, interrupted.

use tests::{Kind, PATIENCE, Plan, Region, World};

use super::aftermath::{Before, aftermath};

/// A fault in one write's task ends neither the process nor the write.
#[test]
fn a_panic_while_writing_is_got_over_without_a_restart() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    world.controller.restart_with_failpoints(Some("after-answer=1*panic"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    world.prod.process().kill9();
    world.until_moved_whole(Region::Dr);
    world.until_state("cooling down");
    world.until_served(Region::Dr);
    let decisions = aftermath(&world, before, &watch.end(), &[Region::Prod, Region::Dr]);
    assert!(matches!(decisions.as_slice(), [only] if only.end == "applied"), "{decisions:#?}");
    assert!(world.controller.process().is_running());
}

/// What an operator ordered and nobody sees wanted any more is not done behind the operator's back.
#[test]
fn an_order_that_was_cut_off_after_its_permit_is_burned_and_not_repeated() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    world.controller.restart_with_failpoints(Some("after-permit=kill"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    world.admin(&["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--timeout", "2s"]);
    world.controller.process().wait(PATIENCE);
    world.controller.restart_with_failpoints(None);
    world.until_history("burned");
    world.until_state("steady on the preferred region");
    let decisions = aftermath(&world, before, &watch.end(), &[Region::Prod]);
    assert!(matches!(decisions.as_slice(), [only] if only.end == "burned"), "{decisions:#?}");
}
