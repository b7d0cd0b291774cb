//! The disk of the store is full.

use tests::{Kind, Plan, Region, World};

use super::{tellings, until_moved_once, until_over, until_told, until_tried};
use crate::crash::aftermath::Before;

/// What everyone is told, whatever SQLite calls it.
const FULL: &str = "its disk is full";

fn on_own_disk() -> Plan {
    Plan { disk: Some(String::new()), ..Plan::on(Kind::Knot) }
}

#[test]
fn a_disk_that_fills_up_holds_everything_until_there_is_room() {
    let mut world = World::start(&on_own_disk());
    let (before, watch) = (Before::of(&world), world.watch());
    let fence = world.fence();
    world.fill_disk();
    world.prod.process().kill9();
    until_told(&world, FULL);
    until_tried(&world, 8);
    assert_eq!((world.served_whole(), world.fence()), (Region::Prod, fence), "nothing is decided without its commit");
    assert_eq!(world.moves_decided(), Vec::<String>::new());
    assert_eq!(tellings(&world), 1, "told once, not with each try");

    world.free_disk();
    until_over(&mut world);
    until_moved_once(&world, before, watch);
}

/// What is in the zone is not lost because it cannot be written down: it is told when there is room.
#[test]
fn a_disk_that_fills_up_behind_a_permit_loses_no_flip() {
    // The first permit is the adoption's.
    let failpoints = Some("after-permit=2*stop".to_owned());
    let mut world = World::start(&Plan { failpoints, ..on_own_disk() });
    let (before, watch) = (Before::of(&world), world.watch());
    world.prod.process().kill9();
    world.controller.process().until_stopped();
    world.fill_disk();
    world.controller.process().sigcont();
    world.until_moved_whole(Region::Dr);
    until_told(&world, FULL);
    until_tried(&world, 8);
    assert!(!world.service()["open"].is_null(), "nothing says that it has ended, as nothing could be committed");
    let applied = world.history_kinds().iter().filter(|kind| *kind == "applied").count();
    assert_eq!(applied, 1, "the adoption alone: {:?}", world.history_kinds());

    world.free_disk();
    until_over(&mut world);
    until_moved_once(&world, before, watch);
}

#[test]
fn a_disk_that_is_full_at_the_start_is_waited_for() {
    let fill = "dd if=/dev/zero of=\"$0/ballast\" bs=4096 2>/dev/null || true".to_owned();
    let plan = Plan { disk: Some(fill), ready: false, armed: false, ..Plan::on(Kind::Knot) };
    let mut world = World::start(&plan);
    until_told(&world, "No space left on device");
    until_tried(&world, 8);
    assert_eq!(tellings(&world), 1, "told once, not with each try");
    world.free_disk();
    until_over(&mut world);
    world.arm();
    world.prod.process().kill9();
    world.until_moved_whole(Region::Dr);
}

#[test]
fn a_disk_that_can_only_be_read_is_told_with_its_path() {
    let read_only = "mount -o remount,ro \"$0\"".to_owned();
    let plan = Plan { disk: Some(read_only), ready: false, armed: false, ..Plan::on(Kind::Knot) };
    let world = World::start(&plan);
    until_told(&world, "Read-only file system");
    until_told(&world, &world.sandbox.path().join("disk/state.db").display().to_string());
}
