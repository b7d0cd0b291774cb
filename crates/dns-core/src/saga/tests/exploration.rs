//! Random walks of one or two controllers over the same places: any order of events, faults and crashes. The world checks
//! its invariants after every step; in the end, when all is well again, one decision stands everywhere.

use std::time::Duration;

use proptest::prelude::*;

use super::world::*;
use crate::fixture::{COOLDOWN, Seen, Zone};
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::write::WriteStage;

/// One thing that can happen; numbers are of controllers and places, modulo how many there are.
#[derive(Clone, Debug)]
enum Happening {
    See(usize, Seen, Seen),
    Pass(u64),
    Read(usize, usize),
    Permit(usize, usize),
    Send(usize, usize),
    Lose(usize, usize),
    Resolve(usize, usize),
    Arrive(usize),
    Becomes(usize, Condition),
    Verify(usize),
    Order(usize, u8, bool),
    Round(usize),
    FenceDeleted(usize),
    Restored(usize),
    Crash(usize),
    StoreLost(usize),
}

fn any_happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let seen = || proptest::sample::select(Seen::ALL.to_vec());
    let who = || 0_usize..6;
    let condition =
        proptest::sample::select(vec![Condition::Works, Condition::Works, Condition::Down, Condition::Denies]);
    prop_oneof![
        8 => (who(), seen(), seen()).prop_map(|(number, prod, dr)| See(number, prod, dr)),
        2 => (0_u64..700_000).prop_map(Pass),
        6 => (who(), who()).prop_map(|(number, rank)| Read(number, rank)),
        8 => (who(), who()).prop_map(|(number, rank)| Permit(number, rank)),
        8 => (who(), who()).prop_map(|(number, rank)| Send(number, rank)),
        2 => (who(), who()).prop_map(|(number, rank)| Lose(number, rank)),
        3 => (who(), who()).prop_map(|(number, rank)| Resolve(number, rank)),
        2 => who().prop_map(Arrive),
        3 => (who(), condition).prop_map(|(rank, condition)| Becomes(rank, condition)),
        3 => who().prop_map(Verify),
        4 => (who(), 0_u8..5, any::<bool>()).prop_map(|(number, which, overriding)| Order(number, which, overriding)),
        4 => who().prop_map(Round),
        1 => who().prop_map(FenceDeleted),
        1 => who().prop_map(Restored),
        2 => who().prop_map(Crash),
        1 => who().prop_map(StoreLost),
    ]
}

fn happen(world: &mut World, backups: &mut [Option<Zone>], happening: &Happening) {
    let (controllers, places) = (world.controllers.len(), world.zones.len());
    let (controller, place) = (|number: &usize| number % controllers, |rank: &usize| rank % places);
    let stage = |world: &World, number, rank| world.open(number, rank).map(|(_, _, stage)| *stage);
    match happening {
        Happening::See(number, prod, dr) => {
            // Each judges by what it hears itself.
            world.seen = (*prod, *dr);
            world.tick(controller(number));
        }
        Happening::Pass(millis) => world.pass(Duration::from_millis(*millis)),
        Happening::Read(number, rank) => world.read(controller(number), place(rank)),
        Happening::Permit(number, rank) => drop(world.ask_permit(controller(number), place(rank))),
        Happening::Send(number, rank) => {
            let (number, rank) = (controller(number), place(rank));
            if stage(world, number, rank) == Some(WriteStage::Sent) {
                world.send(number, rank);
            }
        }
        Happening::Lose(number, rank) => {
            let (number, rank) = (controller(number), place(rank));
            if stage(world, number, rank) == Some(WriteStage::Sent) {
                world.lose(number, rank);
            }
        }
        Happening::Resolve(number, rank) => {
            let (number, rank) = (controller(number), place(rank));
            if stage(world, number, rank) == Some(WriteStage::Sent) {
                world.resolve(number, rank);
            }
        }
        Happening::Arrive(index) if !world.on_their_way.is_empty() => world.arrive(index % world.on_their_way.len()),
        Happening::Arrive(_) => {}
        Happening::Becomes(rank, condition) => world.conditions[place(rank)] = *condition,
        Happening::Verify(number) => world.verify(controller(number)),
        Happening::Order(number, which, overriding) => order(world, controller(number), *which, *overriding),
        Happening::Round(number) => drop(world.round(controller(number))),
        Happening::FenceDeleted(rank) => delete_fence(world, place(rank)),
        Happening::Restored(rank) => restore(world, backups, place(rank)),
        Happening::Crash(number) => world.crash(controller(number)),
        Happening::StoreLost(number) => lose_store(world, controller(number)),
    }
}

fn order(world: &mut World, number: usize, which: u8, overriding: bool) {
    let until = world.now + Duration::from_secs(90);
    let command = match which {
        0 => failover("dr"),
        1 => failover("prod"),
        2 => Command::Failback,
        3 => Command::Pause { until: Some(until) },
        _ => Command::Resume,
    };
    world.order_with(number, command, if overriding { Rule::ALL } else { &[] });
}

/// Somebody's hand; only where every controller knows that there was a fence, or it has to be adopted by hand.
fn delete_fence(world: &mut World, rank: usize) {
    if (0..world.controllers.len()).all(|number| world.memory(number, rank).held().is_some()) {
        world.zones[rank].fence = None;
    }
}

fn restore(world: &mut World, backups: &mut [Option<Zone>], rank: usize) {
    match backups[rank].take() {
        Some(backup) => world.zones[rank] = backup,
        None if world.zones[rank].fence.is_some() => backups[rank] = Some(world.zones[rank].clone()),
        None => {}
    }
}

fn lose_store(world: &mut World, number: usize) {
    if world.zones.iter().all(|zone| zone.fence.is_some()) {
        let fresh = World::new(world.zones.len(), 1).controllers.remove(0);
        world.controllers[number] = fresh;
    }
}

fn live(world: &mut World, story: &[Happening]) {
    let mut backups = vec![None; world.zones.len()];
    for happening in story {
        happen(world, &mut backups, happening);
    }
}

/// After any story: every provider works, the evidence is good, nobody touches the zones. Then everything settles.
fn calm_down(world: &mut World) {
    world.conditions.fill(Condition::Works);
    world.seen = (Seen::Proven, Seen::Proven);
    world.on_their_way.clear();
    for _ in 0..4 {
        world.pass(COOLDOWN);
        for number in 0..world.controllers.len() {
            world.read_all(number);
            world.read_all(number);
            world.order(number, Command::Resume);
        }
        world.run();
    }
}

fn assert_one_decision_stands(world: &mut World, story: &[Happening]) {
    let fence = world.agree();
    let fences: Vec<_> = world.zones.iter().map(Zone::fence_found).collect();
    assert!(fence.is_some(), "{fences:#?}\n{story:#?}");
    for number in 0..world.controllers.len() {
        let controller = &world.controllers[number];
        assert_eq!(controller.saga.divergences(), [], "{story:#?}");
        assert!(controller.outbox.is_empty());
        let rows = controller.history.len();
        world.read_all(number);
        world.pass(Duration::from_secs(1));
        assert_eq!(world.controllers[number].history.len(), rows, "a quiet world makes no rows: {story:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_story_over_two_places_ends_in_one_decision(story in proptest::collection::vec(any_happening(), 0..80)) {
        let mut world = World::adopted(2, 1);
        live(&mut world, &story);
        calm_down(&mut world);
        assert_one_decision_stands(&mut world, &story);
    }

    #[test]
    fn any_story_of_two_controllers_over_two_places_ends_in_one_decision(
        story in proptest::collection::vec(any_happening(), 0..100),
    ) {
        let mut world = World::adopted(2, 2);
        live(&mut world, &story);
        calm_down(&mut world);
        assert_one_decision_stands(&mut world, &story);
    }

    #[test]
    fn any_story_of_two_controllers_over_three_places_ends_in_one_decision(
        story in proptest::collection::vec(any_happening(), 0..100),
    ) {
        let mut world = World::adopted(3, 2);
        live(&mut world, &story);
        calm_down(&mut world);
        assert_one_decision_stands(&mut world, &story);
    }
}
