//! Who decides, and that a place that is down holds up none of the others.

use std::time::Duration;

use super::world::*;
use crate::fence::Epoch;
use crate::fixture::{Seen, region};
use crate::history::HistoryKind;
use crate::machine::command::Command;
use crate::write::{Initiative, WriteKind};

#[test]
fn the_first_place_decides_and_the_others_come_after_it() {
    for places in [2, 3] {
        let mut world = World::adopted(places, 1);
        world.see(Seen::Failing, Seen::Proven);
        assert_eq!(world.controllers[0].outbox.len(), 1, "the first moves first");
        let (rank, write, _) = &world.controllers[0].outbox[0];
        assert_eq!((*rank, &write.fence.plan), (0, &write.id));
        world.run();
        let fence = world.agree().expect("one decision everywhere");
        assert_eq!((fence.epoch, fence.active), (Epoch::new(2), Some(region("dr"))));
        assert_eq!(world.count(0, HistoryKind::Applied), places);
        assert_eq!(world.pages(0).iter().filter(|page| page.contains("failing")).count(), 1, "it wakes people once");
    }
}

#[test]
fn places_that_come_after_move_side_by_side() {
    let mut world = World::adopted(3, 1);
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit(0, 0);
    world.send(0, 0);
    let under_way: Vec<usize> = world.controllers[0].outbox.iter().map(|(rank, _, _)| *rank).collect();
    assert_eq!(under_way, [1, 2]);
    let plan = world.fence(0).plan;
    let same = |(_, write, _): &(usize, crate::write::PlannedWrite, _)| write.aligns() && write.fence.plan == plan;
    assert!(world.controllers[0].outbox.iter().all(same));
}

#[test]
fn the_second_decides_at_once_while_the_first_is_down_which_follows_when_it_returns() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves(0, "prod") && world.serves(1, "dr"), "nothing waits for the first");
    assert_eq!(world.controllers[0].saga.divergences().len(), 1);
    world.pass(Duration::from_mins(5));
    world.run();
    world.becomes(0, Condition::Works);
    world.run();
    let fence = world.agree().expect("it has followed by itself");
    assert_eq!((fence.epoch, fence.active), (Epoch::new(2), Some(region("dr"))), "no second decision was needed");
    assert_eq!(world.controllers[0].saga.divergences(), []);
}

#[test]
fn a_place_that_returns_follows_even_if_the_region_it_leaves_is_well_again() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Proven, Seen::Proven);
    world.becomes(0, Condition::Works);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))), "nothing is rolled back");
}

#[test]
fn a_place_that_returns_stays_if_the_target_has_died_meanwhile() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Failing, Seen::Failing);
    world.becomes(0, Condition::Works);
    world.run();
    assert!(world.serves(0, "prod") && world.serves(1, "dr"), "it does not follow into a dead region");
    world.see(Seen::Failing, Seen::Unknown);
    world.run();
    assert!(world.serves(0, "prod"));
    let held =
        |row: &crate::history::HistoryEntry| row.summary.starts_with("main: failover to `dr` held: targetProven");
    assert!(world.controllers[0].history.iter().any(held));
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(
        world.agree().is_some_and(|fence| fence.active == Some(region("dr"))),
        "once it is proven again it follows"
    );
}

#[test]
fn if_the_target_has_died_and_the_first_region_is_well_the_service_comes_back_everywhere() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Proven, Seen::Failing);
    world.becomes(0, Condition::Works);
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert_eq!((fence.epoch, fence.active), (Epoch::new(3), Some(region("prod"))));
    assert_eq!(world.count(0, HistoryKind::Split), 0, "the decision went above what the other place holds");
}

#[test]
fn a_first_place_that_refuses_writes_keeps_no_other_from_moving() {
    let mut world = World::adopted(2, 1);
    world.conditions[0] = Condition::Denies;
    world.see(Seen::Failing, Seen::Proven);
    for _ in 0..6 {
        world.round(0);
    }
    assert!(world.serves(0, "prod") && world.serves(1, "dr"));
    world.conditions[0] = Condition::Works;
    world.pass(Duration::from_mins(1));
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))));
}

#[test]
fn with_every_place_down_each_is_tried_again() {
    let mut world = World::adopted(2, 1);
    world.conditions = vec![Condition::Denies; 2];
    world.see(Seen::Failing, Seen::Proven);
    for _ in 0..100 {
        world.round(0);
        world.pass(Duration::from_secs(1));
    }
    world.conditions[1] = Condition::Works;
    for _ in 0..120 {
        world.round(0);
        world.pass(Duration::from_secs(1));
    }
    assert!(world.serves(1, "dr"), "the second was not forgotten");
}

#[test]
fn places_that_refuse_every_write_are_not_asked_in_turn_without_a_pause() {
    let mut world = World::adopted(2, 1);
    world.conditions = vec![Condition::Denies; 2];
    world.see(Seen::Failing, Seen::Proven);
    for _ in 0..100 {
        world.round(0);
    }
    assert_eq!(world.count(0, HistoryKind::Decided), 2, "each was tried, and waits");
    // Each has failed once and wakes someone once, beside the first decision of each.
    assert!(world.pages(0).len() <= 4, "{:#?}", world.pages(0));
}

#[test]
fn a_follower_of_an_operators_move_that_is_refused_waits_before_it_tries_again() {
    let mut world = World::adopted(2, 1);
    world.conditions[1] = Condition::Denies;
    world.must_order(0, failover("dr"));
    // Panics if it never comes to rest.
    world.run();
    assert!(world.serves(0, "dr") && world.serves(1, "prod"));
    assert_eq!(world.count(0, HistoryKind::Denied), 1);
    world.conditions[1] = Condition::Works;
    world.pass(Duration::from_mins(1));
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))), "by itself");
}

#[test]
fn a_failback_that_a_place_follows_late_is_told_as_one() {
    let mut world = World::adopted(2, 2);
    world.must_order(0, failover("dr"));
    world.run();
    (0..2).for_each(|number| world.read_all(number));
    world.see(Seen::Proven, Seen::Proven);
    let step = world.order_with(0, Command::Failback, &[crate::kernel::Rule::CooledDown]);
    assert_eq!(step.refusal, None);
    world.ask_permit(0, 0);
    world.send(0, 0);
    // The second controller does not know how the move was decided.
    world.controllers.remove(0);
    world.read_all(0);
    world.see(Seen::Proven, Seen::Proven);
    let (_, write, _) = world.open(0, 1).expect("the second place follows");
    assert_eq!(write.kind, WriteKind::Failback);
}

#[test]
fn who_tells_of_the_service_is_a_place_that_has_come_after() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    // It can be read again and is held back: dr is not proven.
    world.see(Seen::Failing, Seen::Healthy);
    world.becomes(0, Condition::Works);
    world.run();
    assert!(world.serves(0, "prod") && world.serves(1, "dr"));
    let saga = &world.controllers[0].saga;
    assert_eq!((saga.anchor(world.now), saga.teller(world.now)), (&world.place(0), &world.place(1)));
}

#[test]
fn a_write_of_unknown_outcome_at_the_anchor_holds_up_nobody_and_rolls_forward() {
    for arrives in [true, false] {
        let mut world = World::adopted(2, 1);
        world.see(Seen::Failing, Seen::Proven);
        world.ask_permit(0, 0);
        world.lose(0, 0);
        assert!(world.open(0, 1).is_some_and(|(_, write, _)| write.aligns()), "the other takes the same decision");
        if arrives {
            world.arrive(0);
        }
        world.run();
        let fence = world.agree().expect("one decision everywhere");
        assert_eq!((fence.epoch, fence.active), (Epoch::new(2), Some(region("dr"))));
        if !arrives {
            world.arrive(0);
            assert!(world.agree().is_some(), "what comes late was burned");
        }
    }
}

#[test]
fn while_the_anchor_is_about_to_be_read_nobody_else_decides() {
    let mut world = World::adopted(2, 1);
    world.crash(0);
    world.read(0, 1);
    world.see(Seen::Failing, Seen::Proven);
    assert!(world.controllers[0].outbox.is_empty());
    world.read(0, 0);
    assert_eq!(world.controllers[0].outbox.len(), 1);
    assert_eq!(world.controllers[0].outbox[0].0, 0);
}

#[test]
fn a_foreign_change_at_one_place_holds_that_place_alone() {
    use crate::fixture::rrset;
    use crate::rrset::GuardedType;
    let mut world = World::adopted(2, 1);
    world.zones[0].put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    world.read(0, 0);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves(1, "dr"), "the others go on");
    assert_eq!(world.fence(0).epoch, Epoch::new(1), "someone's hand is respected");
    assert!(world.pages(0).iter().any(|page| page.starts_with("main: ") && page.contains("noForeignChange")));
}

#[test]
fn a_follower_carries_over_by_whom_and_with_which_overrides_it_was_ordered() {
    let mut world = World::adopted(2, 1);
    world.see(Seen::Proven, Seen::Healthy);
    let step = world.order_with(0, failover("dr"), &[crate::kernel::Rule::TargetProven]);
    assert_eq!(step.refusal, None);
    world.run();
    let fence = world.agree().expect("the override reaches every place");
    assert!(fence.pin.is_some() && world.fence(1).pin.is_some());
    let by = |rank: usize| world.memory(0, rank).as_sibling(world.place(rank), world.now).last_move.expect("a move");
    assert!(matches!(by(1).initiative, Initiative::Manual { .. }));
    assert_eq!(by(0).plan, by(1).plan);
}

#[test]
fn a_place_that_comes_after_when_the_overrides_have_expired_is_held_and_says_so() {
    let mut world = World::adopted(2, 1);
    world.see(Seen::Proven, Seen::Healthy);
    world.becomes(1, Condition::Denies);
    assert_eq!(world.order_with(0, failover("dr"), &[crate::kernel::Rule::TargetProven]).refusal, None);
    world.run();
    assert!(world.serves(0, "dr"), "the first place has moved");
    world.pass(std::time::Duration::from_mins(11));
    world.becomes(1, Condition::Works);
    world.run();
    assert!(world.serves(1, "prod"), "what was seen then is not so now");
    let hold = world.memory(0, 1).hold().expect("it is held");
    assert!(hold.rejections[0].reason.contains("override of this rule has expired"), "{hold:?}");
    world.see(Seen::Proven, Seen::Proven);
    world.run();
    assert!(world.serves(1, "dr"), "it goes on as soon as the rule agrees");
}

#[test]
fn while_the_anchors_write_is_uncertain_the_next_place_decides() {
    let mut world = World::adopted(2, 1);
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit(0, 0);
    world.lose(0, 0);
    world.ask_permit(0, 1);
    world.send(0, 1);
    world.see(Seen::Proven, Seen::Failing);
    let decided = world.open(0, 1).map(|(_, write, _)| (write.aligns(), write.to.clone()));
    assert_eq!(decided, Some((false, Some(region("prod")))));
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert_eq!((fence.epoch, fence.active), (Epoch::new(3), Some(region("prod"))));
}

#[test]
fn a_decision_that_another_place_has_overtaken_gets_no_permit() {
    use crate::machine::effect::PermitAnswer;
    let mut world = World::adopted(2, 2);
    world.conditions[0] = Condition::Down;
    world.read(1, 0);
    world.conditions[0] = Condition::Works;
    world.see(Seen::Failing, Seen::Proven);
    // The second controller, which does not reach the first place, is faster at the second.
    assert_eq!(world.ask_permit(1, 1), Some(PermitAnswer::Granted));
    world.send(1, 1);
    world.read(0, 1);
    let answer = world.ask_permit(0, 0);
    assert!(matches!(&answer, Some(PermitAnswer::Refused(why)) if why.contains("gone on to epoch 2")), "{answer:?}");
    world.run();
    assert_eq!(world.agree().expect("one decision everywhere").epoch, Epoch::new(2), "no split came of it");
}

#[test]
fn an_anchor_that_is_behind_decides_above_what_the_others_hold() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Failing, Seen::Failing);
    world.becomes(0, Condition::Works);
    world.run();
    world.see(Seen::Proven, Seen::Failing);
    let decided = world.open(0, 0).map(|(_, write, _)| (write.aligns(), write.fence.epoch, write.to.clone()));
    assert_eq!(decided, Some((false, Epoch::new(3), Some(region("prod")))));
}
