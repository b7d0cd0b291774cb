//! Hooks that say no: the decision ends unsent, the next one waits, someone is woken once, an operator can override.

use std::time::Duration;

use super::world::*;
use crate::fence::DecisionId;
use crate::fixture::Seen;
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::effect::{PermitAnswer, Refusal, Step};
use crate::machine::event::Event;
use crate::machine::siblings::Fitness;

const NO: &str = "vetoed by hook desk: freeze until 06:00";

fn decided() -> World {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.machine.state(), State::Flipping {});
    world
}

fn veto(world: &mut World) -> Step {
    let decision = world.pending().id.clone();
    world.step(&Event::HookVetoed { decision, reason: NO.to_owned() })
}

#[test]
fn a_veto_ends_the_decision_unsent_in_its_own_words() {
    let mut world = decided();
    assert_eq!(veto(&mut world).refusal, None);
    assert!(world.outbox.is_empty(), "nothing is sent");
    let summary = world.last(HistoryKind::Expired).summary.clone();
    assert_eq!(summary, format!("failover ended before it was sent: hooksAgreed: {NO}"));
    assert_eq!(world.memory().write_error(), Some(format!("hooksAgreed: {NO}").as_str()));
    assert_ne!(world.machine.state(), State::Flipping {});
}

#[test]
fn the_next_decision_waits_and_only_the_first_veto_wakes_someone() {
    let mut world = decided();
    veto(&mut world);
    world.tick();
    assert!(world.outbox.is_empty(), "it waits");
    for wait in [1, 2, 4] {
        world.pass(Duration::from_secs(wait));
        veto(&mut world);
    }
    assert_eq!(world.count(HistoryKind::Expired), 4);
    assert_eq!(world.pages().len(), 2, "the move and its veto: {:?}", world.pages());
    world.pass(Duration::from_secs(8));
    world.run();
    assert!(world.serves("dr"), "nobody says no any more");
    assert_eq!(world.memory().write_error(), None);
}

#[test]
fn a_veto_says_nothing_against_the_place() {
    let mut world = decided();
    veto(&mut world);
    assert_eq!(world.memory().fitness(world.now), Fitness::Fit, "another place would be told the same");
    world.crash();
    assert_eq!(world.memory().fitness(world.now), Fitness::Fit);
}

#[test]
fn an_operator_who_overrides_hooks_is_not_stopped_by_one() {
    let mut world = World::adopted();
    let step = world.order_with(failover("dr"), &[Rule::HooksAgreed]);
    assert_eq!(step.refusal, None);
    veto(&mut world);
    assert_eq!(world.count(HistoryKind::Expired), 0);
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
}

#[test]
fn a_veto_that_comes_late_stops_nothing() {
    let mut world = decided();
    let stranger = DecisionId::at(world.now, 999);
    let step = world.step(&Event::HookVetoed { decision: stranger, reason: NO.to_owned() });
    assert_eq!(step.refusal, Some(Refusal::Unexpected));
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
    assert_eq!(veto(&mut world).refusal, Some(Refusal::Unexpected), "it may have been sent");
    assert_eq!(world.outbox.len(), 1);
}
