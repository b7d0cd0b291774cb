//! A hook's veto is about the service: no other place tries in the stead of the one that was told.

use std::time::Duration;

use super::world::*;
use crate::fixture::{Seen, region};
use crate::machine::event::Event;

fn veto(world: &mut World) {
    let [(rank, write, _)] = world.controllers[0].outbox.as_slice() else { panic!("one decision is open") };
    assert_eq!(*rank, 0, "the first place decides");
    let decision = write.id.clone();
    world.step(0, &Event::HookVetoed { decision, reason: "vetoed by hook desk: freeze".to_owned() });
}

#[test]
fn a_veto_lets_no_other_place_decide_and_pages_once() {
    let mut world = World::adopted(3, 1);
    world.see(Seen::Failing, Seen::Proven);
    veto(&mut world);
    for wait in [1, 2, 4] {
        world.tick(0);
        assert_eq!(world.controllers[0].outbox.len(), 0, "every place waits");
        world.pass(Duration::from_secs(wait));
        veto(&mut world);
    }
    let pages = world.pages(0);
    assert_eq!(pages.iter().filter(|page| page.contains("vetoed by hook desk")).count(), 1, "{pages:?}");
    assert_eq!(pages.len(), 2, "the move and its veto: {pages:?}");

    world.pass(Duration::from_secs(8));
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))), "as soon as nobody says no");
}
