//! What a restored backup, a deleted fence and a crash at any step come to.

use super::world::*;
use crate::fence::Epoch;
use crate::fixture::{Seen, region, rrset};
use crate::history::HistoryKind;
use crate::rrset::GuardedType;
use crate::write::WriteKind;

/// Moved to `dr`, with the zones of before as backups.
fn moved() -> (World, Vec<crate::fixture::Zone>) {
    let mut world = World::adopted(2, 1);
    let backups = world.zones.clone();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))));
    (world, backups)
}

#[test]
fn a_backup_restored_at_one_place_drags_nobody() {
    for rank in [0, 1] {
        let (mut world, backups) = moved();
        world.see(Seen::Proven, Seen::Proven);
        world.zones[rank] = backups[rank].clone();
        world.read(0, rank);
        world.read(0, rank);
        world.run();
        let fence = world.agree().expect("one decision everywhere");
        assert_eq!((fence.epoch, fence.active), (Epoch::new(2), Some(region("dr"))), "place {rank} came back to it");
        assert_eq!(world.count(0, HistoryKind::FenceLost), 1);
        assert!(world.pages(0).iter().any(|page| page.contains("set back")));
    }
}

#[test]
fn a_backup_restored_while_the_others_region_is_dead_waits_for_it() {
    let (mut world, backups) = moved();
    world.see(Seen::Proven, Seen::Unknown);
    world.zones[0] = backups[0].clone();
    world.read(0, 0);
    world.read(0, 0);
    world.run();
    assert!(world.serves(0, "prod") && world.serves(1, "dr"), "it goes nowhere that is not proven");
    let lags: Vec<_> = world.controllers[0].saga.divergences().into_iter().map(|found| found.lag).collect();
    assert_eq!(lags, [crate::saga::Lag::Lost]);
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("prod"))));
}

#[test]
fn a_backup_restored_everywhere_keeps_what_is_served_under_one_new_decision() {
    let (mut world, backups) = moved();
    world.see(Seen::Proven, Seen::Proven);
    world.zones = backups;
    (0..2).for_each(|_| world.read_all(0));
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert_eq!((fence.epoch, fence.active), (Epoch::new(3), Some(region("prod"))));
}

#[test]
fn a_fence_deleted_at_one_place_is_restored_as_the_others_are() {
    for rank in [0, 1] {
        let (mut world, _) = moved();
        world.see(Seen::Proven, Seen::Proven);
        world.zones[rank].fence = None;
        world.read(0, rank);
        world.read(0, rank);
        world.run();
        assert_eq!(world.agree().expect("one decision everywhere").epoch, Epoch::new(2));
    }
}

#[test]
fn a_lost_fence_over_records_of_another_region_moves_straight_to_the_others() {
    let (mut world, backups) = moved();
    world.see(Seen::Proven, Seen::Proven);
    world.zones[1] = backups[1].clone();
    world.zones[1].fence = None;
    world.read(0, 1);
    world.read(0, 1);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))));
}

#[test]
fn a_crash_between_any_two_steps_changes_nothing() {
    for crash_after in 0..14 {
        let mut world = World::adopted(2, 1);
        world.becomes(1, Condition::Down);
        world.see(Seen::Failing, Seen::Proven);
        for round in 0..14 {
            if round == 8 {
                world.becomes(1, Condition::Works);
            }
            if round == crash_after {
                world.crash(0);
            }
            world.round(0);
        }
        world.run();
        let fence = world.agree().expect("one decision everywhere");
        assert_eq!((fence.epoch, fence.active), (Epoch::new(2), Some(region("dr"))), "crash after {crash_after}");
    }
}

#[test]
fn another_controllers_half_made_move_is_finished() {
    let mut world = World::adopted(3, 2);
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit(0, 0);
    world.send(0, 0);
    let plan = world.fence(0).plan;
    // The first controller is never heard of again.
    world.controllers.remove(0);
    world.read(0, 0);
    world.run();
    assert_eq!(world.agree().expect("one decision everywhere").plan, plan);
}

#[test]
fn a_quiet_world_makes_no_rows() {
    let (mut world, _) = moved();
    let rows = world.controllers[0].history.len();
    for _ in 0..5 {
        world.read_all(0);
        world.pass(std::time::Duration::from_secs(1));
    }
    assert_eq!(world.controllers[0].history.len(), rows);
}

/// Everything has gone to `dr`, and there again while the second place was down: its records are right, its fence is not.
fn second_in_dr_by_an_older_fence() -> World {
    let (mut world, _) = moved();
    world.becomes(1, Condition::Down);
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    world.pass(std::time::Duration::from_mins(5));
    world.run();
    assert!(world.serves(0, "dr") && world.serves(1, "dr"));
    assert!(world.fence(0).epoch > world.fence(1).epoch);
    world
}

#[test]
fn records_that_are_right_already_get_the_fence_alone() {
    let mut world = second_in_dr_by_an_older_fence();
    world.becomes(1, Condition::Works);
    world.tick(0);
    assert_eq!(world.open(0, 1).expect("it follows").1.kind, WriteKind::Annotate);
    world.run();
    assert!(world.agree().is_some());
}

#[test]
fn records_that_someone_else_has_changed_are_not_moved_to_where_they_are() {
    let mut world = second_in_dr_by_an_older_fence();
    world.controllers[0].history.clear();
    world.zones[1].put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    world.becomes(1, Condition::Works);
    world.read(0, 1);
    world.run();
    assert_eq!(world.memory(0, 1).standing().as_str(), "foreign");
    assert_eq!(world.count(0, HistoryKind::Held), 0, "there is nothing that it wants");
}

#[test]
fn a_fence_that_was_lost_where_the_others_are_is_repaired_and_moves_nothing() {
    let (mut world, _) = moved();
    world.zones[1].fence = None;
    world.read(0, 1);
    world.read(0, 1);
    let (_, write, _) = world.open(0, 1).expect("it is repaired");
    assert_eq!((write.kind, &write.fence.plan), (WriteKind::Repair, &world.fence(0).plan));
}

#[test]
fn of_places_that_lost_their_fence_the_next_goes_on_when_the_first_cannot() {
    let mut world = World::adopted(2, 1);
    world.zones.iter_mut().for_each(|zone| zone.fence = None);
    (0..2).for_each(|_| world.read(0, 0));
    assert_eq!(world.open(0, 0).expect("the first begins").1.kind, WriteKind::Repair);
    world.becomes(0, Condition::Down);
    (0..2).for_each(|_| world.read(0, 1));
    assert_eq!(world.open(0, 1).expect("the second does").1.kind, WriteKind::Repair);
}
