//! What is kept of a hold, and how its end is told.

use std::sync::Arc;

use super::world::*;
use crate::fixture::{Seen, address, region};
use crate::fleet::{Fleet, Presence, Progress};
use crate::history::HistoryKind;
use crate::kernel::Rule;

/// Other endpoints of `prod` wait to be written, while nobody knows how they are.
fn waiting_to_be_rendered() -> World {
    let mut world = World::adopted();
    world.see(Seen::Unknown, Seen::Proven);
    world.reconfigure(|service| service.regions[0].endpoints[0] = address("192.0.2.99"));
    world.run();
    assert_eq!(world.kinds(), [HistoryKind::Held]);
    world
}

#[test]
fn a_hold_of_what_moves_nothing_names_no_other_region_that_it_could_go_to() {
    let world = waiting_to_be_rendered();
    let details = &world.last(HistoryKind::Held).details;
    assert_eq!(details["to"], "prod");
    assert_eq!(details.get("candidates"), None, "{details:?}");
    let mut moving = World::adopted();
    moving.see(Seen::Failing, Seen::Healthy);
    assert!(moving.last(HistoryKind::Held).details.get("candidates").is_some(), "a move could go elsewhere");
}

#[test]
fn a_hold_ends_as_unwanted_unless_the_region_is_seen_well() {
    for (seen, ended) in [(Seen::Unknown, "unwanted"), (Seen::Healthy, "recovered")] {
        let mut world = waiting_to_be_rendered();
        world.seen.0 = seen;
        world.reconfigure(|service| service.regions[0].endpoints[0] = address("192.0.2.10"));
        world.tick();
        assert_eq!(world.last(HistoryKind::Unheld).details["ended"], ended, "{seen:?}");
    }
}

#[test]
fn a_hold_of_a_failover_wakes_someone_though_another_kind_was_held_before() {
    let mut world = waiting_to_be_rendered();
    assert!(world.pages().is_empty());
    world.see(Seen::Failing, Seen::Healthy);
    assert_eq!(world.pages().len(), 1, "{:?}", world.pages());
}

#[test]
fn a_hold_wakes_someone_though_it_has_waited_for_a_retry_before() {
    let mut world = World::adopted();
    world.provider = Provider::Unreachable;
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit();
    world.send();
    world.read();
    assert!(world.memory().hold().is_some_and(|hold| hold.told.is_empty()), "it waits for the next try");
    world.history.clear();
    world.see(Seen::Failing, Seen::Healthy);
    assert!(world.pages().iter().any(|page| page.contains("held: targetProven")), "{:?}", world.history);
}

/// So many services have begun to leave `prod` that no more may, and others were told or not.
fn crowd(told: bool) -> Arc<Fleet> {
    let mut fleet = Fleet::default();
    for _ in 0..100 {
        fleet.count(&Presence { region: Some(region("prod")), told, ..Presence::default() });
    }
    for _ in 0..10 {
        let left = Some((region("prod"), Progress::UnderWay));
        fleet.count(&Presence { region: Some(region("dr")), left, ..Presence::default() });
    }
    Arc::new(fleet)
}

#[test]
fn of_many_that_wait_for_an_order_one_wakes_for_all_and_other_reasons_wake_for_themselves() {
    for (told, dr, rules, pages) in [
        (false, Seen::Proven, &[Rule::BlastRadius][..], 1),
        (true, Seen::Proven, &[Rule::BlastRadius], 0),
        (true, Seen::Healthy, &[Rule::TargetProven, Rule::BlastRadius], 1),
    ] {
        let mut world = World::adopted();
        world.fleet = crowd(told);
        world.see(Seen::Failing, dr);
        assert_eq!(world.memory().hold().expect("held").told, rules);
        assert_eq!(world.pages().len(), pages, "told: {told}, dr: {dr:?}");
    }
}
