//! Verification: told as it comes back, in nobody's way.

use std::time::Duration;

use super::world::*;
use crate::fence::DecisionId;
use crate::fixture::Seen;
use crate::history::HistoryKind;
use crate::machine::State;
use crate::machine::command::Command;
use crate::machine::effect::{PermitAnswer, Refusal};
use crate::machine::event::{Delivery, DeliveryOutcome, Event};
use crate::write::WriteKind;

fn flipped() -> World {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
    world.send();
    assert_eq!(world.machine.state(), State::Verifying {});
    world.history.clear();
    world
}

fn verified(world: &mut World, outcomes: &[DeliveryOutcome]) -> (HistoryKind, bool, String) {
    let decision = world.to_verify.take().expect("asked to verify");
    let delivery = |(number, outcome): (usize, &DeliveryOutcome)| Delivery {
        server: format!("ns{number}"),
        outcome: *outcome,
        took: Some(Duration::from_millis(40)),
        detail: (*outcome == DeliveryOutcome::Silent).then(|| "timed out".to_owned()),
    };
    let deliveries = outcomes.iter().enumerate().map(delivery).collect();
    world.step(&Event::Verified { decision, deliveries });
    let row = world.history.iter().find(|row| row.kind != HistoryKind::StateChanged).expect("a row");
    (row.kind, row.page, row.summary.clone())
}

#[test]
fn says_what_every_server_serves() {
    use DeliveryOutcome::{Old, Served, Silent};
    for (outcomes, kind, page, summary) in [
        (vec![Served, Served], HistoryKind::Verified, false, "2 of 2 authoritative servers serve it"),
        (
            vec![Served, Silent],
            HistoryKind::Verified,
            true,
            "1 of 2 authoritative servers serve it; ns1 does not answer (timed out)",
        ),
        (
            vec![Served, Old],
            HistoryKind::Unverified,
            true,
            "1 of 2 authoritative servers serve it; ns1 serves something else",
        ),
        (
            vec![Silent],
            HistoryKind::Unverified,
            true,
            "0 of 1 authoritative servers serve it; ns0 does not answer (timed out)",
        ),
        (vec![], HistoryKind::Unverified, true, "no authoritative server is known"),
    ] {
        let mut world = flipped();
        assert_eq!(verified(&mut world, &outcomes), (kind, page, summary.to_owned()));
        assert_ne!(world.machine.state(), State::Verifying {}, "it blocks nothing");
    }
}

#[test]
fn the_next_move_does_not_wait_for_it() {
    let mut world = flipped();
    let first = world.to_verify.clone().expect("asked to verify");
    world.see(Seen::Proven, Seen::Failing);
    assert_eq!(world.machine.state(), State::Flipping {});
    assert_eq!(world.pending().kind, WriteKind::Failover);
    world.ask_permit();
    world.send();
    assert!(world.serves("prod"));
    let late = Event::Verified { decision: first.clone(), deliveries: Vec::new() };
    assert_eq!(world.step(&late).refusal, Some(Refusal::Unexpected), "the question has become pointless");
    assert_eq!(world.verify(DeliveryOutcome::Served).expect("it comes back").refusal, None);
    assert_eq!(rows_of(&world, &first), [HistoryKind::Unverified], "whoever waits for the first is told");
    assert!(!world.last(HistoryKind::Unverified).page);
}

#[test]
fn a_restart_goes_on_with_it() {
    let mut world = flipped();
    world.to_verify = None;
    world.crash();
    assert_eq!(world.machine.state(), State::Verifying {});
    assert!(world.to_verify.is_some());
    world.run();
    assert_eq!(world.count(HistoryKind::Verified), 1);
}

#[test]
fn small_writes_are_verified_without_a_state() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.ask_permit();
    world.send();
    assert_eq!(world.machine.state(), State::Paused {});
    assert_eq!(verified(&mut world, &[DeliveryOutcome::Served]).0, HistoryKind::Paused);
    assert_eq!(world.count(HistoryKind::Verified), 1);
}

/// What history tells of the verification of a decision.
fn rows_of(world: &World, decision: &DecisionId) -> Vec<HistoryKind> {
    let rows = world.history.iter().filter(|row| row.decision.as_ref() == Some(decision)).map(|row| row.kind);
    rows.filter(|kind| matches!(kind, HistoryKind::Verified | HistoryKind::Unverified)).collect()
}

#[test]
fn the_answer_to_a_small_write_is_the_answer_to_the_move_before_it() {
    for (outcome, kind) in
        [(DeliveryOutcome::Served, HistoryKind::Verified), (DeliveryOutcome::Old, HistoryKind::Unverified)]
    {
        let mut world = flipped();
        let moved = world.to_verify.clone().expect("asked to verify");
        world.must_order(Command::Pause { until: None });
        world.ask_permit();
        world.send();
        assert_eq!(world.machine.state(), State::Verifying {}, "a pause alone does not end it");
        let small = world.to_verify.clone().expect("asked to verify");
        world.verify(outcome);
        assert_eq!(world.machine.state(), State::Paused {});
        assert_eq!((rows_of(&world, &moved), rows_of(&world, &small)), (vec![kind], vec![kind]));
        assert_eq!(world.pages().len(), usize::from(outcome == DeliveryOutcome::Old), "one of both rows wakes");
    }
}

#[test]
fn a_release_ends_it() {
    let mut world = flipped();
    let moved = world.to_verify.clone().expect("asked to verify");
    world.must_order(Command::Release);
    world.ask_permit();
    world.send();
    assert_ne!(world.machine.state(), State::Verifying {});
    assert_eq!(rows_of(&world, &moved), [HistoryKind::Unverified]);
    world.crash();
    assert_eq!(world.to_verify, None);
}

#[test]
fn another_controllers_fence_ends_it_and_wakes_nobody() {
    type Change = fn(&mut crate::fence::Fence);
    let changes: [Change; 2] = [|_| {}, |fence| (fence.active, fence.released) = (None, Some(crate::fixture::START))];
    for change in changes {
        let mut world = flipped();
        let moved = world.to_verify.clone().expect("asked to verify");
        world.other_writes("dr", change);
        world.read();
        assert_ne!(world.machine.state(), State::Verifying {});
        let late = world.verify(DeliveryOutcome::Old).expect("it comes back");
        assert_eq!(late.refusal, Some(Refusal::Unexpected));
        assert_eq!(rows_of(&world, &moved), [HistoryKind::Unverified]);
        assert_eq!(world.pages(), Vec::<&str>::new());
    }
}
