//! What is kept of a hold, and how its end is told.

use super::world::*;
use crate::fixture::{Seen, address};
use crate::history::HistoryKind;

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
    assert_eq!(details.get("candidates"), None, "{details}");
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
