//! Pauses, by an operator and after the loss of the store: nothing moves by itself, and the fence tells others.

use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::until_held_by;

/// Pauses, with further arguments, and waits until the fence says so.
pub(super) fn pause(world: &World, more: &[&str]) {
    let args = [&["pause", "checkout", "--reason", "maintenance"], more].concat();
    let (code, out, err) = world.admin(&args);
    assert_eq!(code, 0, "{out}{err}");
    until("the fence says paused", PATIENCE, || {
        if world.fence_value("pause").starts_with("oncall,") { Ok(()) } else { Err(world.fence()) }
    });
}

pub(super) fn resume(world: &World) {
    let (code, out, err) = world.admin(&["resume", "checkout", "--reason", "done"]);
    assert_eq!(code, 0, "{out}{err}");
    until_fence_says_no_pause(world);
}

fn until_fence_says_no_pause(world: &World) {
    until("the fence says not paused", PATIENCE, || {
        let fence = world.fence();
        if fence.contains("pause=;") { Ok(()) } else { Err(fence) }
    });
}

#[test]
fn a_pause_holds_a_failover_until_it_is_resumed_and_is_in_the_fence() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let epoch = world.fence_number("epoch");
    pause(&world, &[]);
    assert_eq!(world.fence_number("epoch"), epoch, "an annotation is no move");
    world.until_state("paused");
    world.prod.process().kill9();
    until_held_by(&world, "notPaused");
    assert_eq!(world.served_whole(), Region::Prod);
    resume(&world);
    world.until_served(Region::Dr);
    assert_eq!(world.fence_number("epoch"), epoch + 1);
}

#[test]
fn a_pause_with_an_end_ends_by_itself() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    pause(&world, &["--for", "2s"]);
    world.until_history("resumed");
    until_fence_says_no_pause(&world);
    world.until_state("steady on the preferred region");
    world.prod.process().kill9();
    world.until_served(Region::Dr);
}

#[test]
fn a_manual_failover_works_while_paused() {
    let world = World::start(&Plan::on(Kind::Knot));
    pause(&world, &[]);
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Dr);
    world.until_state("paused");
    assert!(world.fence_value("pause").starts_with("oncall,"), "still paused: {}", world.fence());
    assert!(world.fence_value("pin").starts_with("oncall,"), "and pinned: {}", world.fence());
}

#[test]
fn a_lost_store_is_rebuilt_from_the_zone_and_waits_paused() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (fence, epoch) = (world.fence(), world.fence_number("epoch"));
    world.controller.process().kill9();
    for entry in std::fs::read_dir(world.sandbox.path()).expect("the sandbox").flatten() {
        if entry.file_name().to_string_lossy().starts_with("state.db") {
            std::fs::remove_file(entry.path()).expect("the store is removed");
        }
    }
    world.controller.restart();
    world.until_state("paused");
    assert_eq!(world.service()["summary"]["active"], "prod");
    let paused = world.until_history("paused");
    assert_eq!(paused["page"], true, "{paused}");
    world.prod.process().kill9();
    until_held_by(&world, "notPaused");
    assert_eq!((world.fence(), world.served_whole()), (fence, Region::Prod), "it writes nothing by itself");
    let (code, out, err) = world.admin(&["resume", "checkout", "--reason", "looked at"]);
    assert_eq!(code, 0, "{out}{err}");
    world.until_served(Region::Dr);
    assert_eq!(world.fence_number("epoch"), epoch + 1);
}
