//! Failover: on a quorum's judgement, to a proven region, all records at once.

use std::time::Duration;

use super::world::*;
use crate::fixture::{COOLDOWN, Seen, region};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::command::Command;
use crate::write::{Initiative, WriteKind};

#[test]
fn has_moved_when_the_write_has_arrived_and_small_writes_change_nothing_of_it() {
    let mut world = World::adopted();
    world.pass(Duration::from_hours(1));
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit();
    world.now = world.now + Duration::from_secs(3);
    world.send();
    let arrived = world.now;
    assert_eq!(world.memory().moved(), Some(arrived), "the cooldown begins when the records are there");
    world.pass(Duration::from_mins(1));
    world.must_order(Command::Pause { until: None });
    world.run();
    assert!(world.fence().pause.is_some());
    assert_eq!((world.memory().moved(), world.fence().moved), (Some(arrived), arrived));
}

#[test]
fn moves_all_records_at_once_and_counts_the_move() {
    let mut world = World::adopted();
    let before = world.fence();
    world.see(Seen::Failing, Seen::Proven);
    let change = &world.pending().change;
    assert_eq!((change.deletes.len(), change.creates.len()), (3, 3));
    world.run();
    let fence = world.fence();
    assert!(world.serves("dr"));
    assert_eq!((fence.epoch, fence.rev), (before.epoch.next(), before.rev.next()));
    assert_eq!(fence.active, Some(region("dr")));
    assert_eq!((fence.pin, fence.moved), (None, world.now));
    assert_eq!(
        world.kinds(),
        [HistoryKind::Decided, HistoryKind::Permitted, HistoryKind::Applied, HistoryKind::Verified]
    );
    assert_eq!(world.pages().len(), 1, "a move wakes someone");
    assert_eq!(world.machine.state(), State::CoolingDown {});
}

#[test]
fn says_why_with_figures() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    let row = world.last(HistoryKind::Decided);
    assert!(row.summary.starts_with("failover from `prod` to `dr`: region `prod` is failing: "), "{}", row.summary);
    assert!(row.summary.contains("2 of 3 failing (fra1: timed out, lon1: timed out)"), "{}", row.summary);
    assert_eq!(row.decision.as_ref(), Some(&world.pending().id));
    assert_eq!(row.details["evidence"]["dr"]["proven"], true);
    assert_eq!(row.details["epoch"], 2);
}

#[test]
fn moves_only_when_a_quorum_sees_it_failing() {
    let mut world = World::adopted();
    for prod in [Seen::Suspected, Seen::Unknown, Seen::Healthy, Seen::Proven] {
        for dr in Seen::ALL {
            world.see(prod, dr);
            world.run();
        }
    }
    assert_eq!(world.fence().epoch.get(), 1);
    assert_eq!(world.kinds(), []);
}

#[test]
fn holds_until_the_target_is_proven_and_tells_once() {
    let mut world = World::adopted();
    for dr in [Seen::Healthy, Seen::Unknown, Seen::Healthy] {
        world.see(Seen::Failing, dr);
        world.run();
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(world.kinds(), [HistoryKind::Held]);
    assert!(world.pages()[0].starts_with("failover to `dr` held: targetProven: "), "{:?}", world.pages());
    assert_eq!(world.machine.state(), State::Suspected {});
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves("dr"));
    assert_eq!(world.memory().hold(), None);
}

#[test]
fn prefers_the_first_proven_region_in_order() {
    let mut service = crate::fixture::service();
    let near = crate::fixture::place("near", &["203.0.113.1", "2001:db8:3::1"]);
    service.regions.edit(|regions| regions.insert(1, near));
    let values = [("prod", "lb.example.net."), ("near", "lb.example.net."), ("dr", "lb.example.net.")];
    service.records[2].values = crate::fixture::explicit(&values);
    let mut world = World::of(service);
    world.look_around();
    world.must_order(Command::Adopt);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.pending().to, Some(region("dr")), "`near` is not judged");
}

#[test]
fn both_down_moves_nothing_and_wakes_someone_once() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Failing);
    for _ in 0..10 {
        world.run();
        world.pass(Duration::from_secs(5));
    }
    assert_eq!(world.kinds(), [HistoryKind::Held]);
    let rules: Vec<Rule> = world.memory().hold().expect("held").rejections.iter().map(|one| one.rule).collect();
    assert_eq!(rules, [Rule::AllRegionsFailing, Rule::TargetProven]);
    assert_eq!(world.pages().len(), 1);
    world.must_order(Command::Pause { until: None });
    world.run();
    world.must_order(Command::Resume);
    world.run();
    assert_eq!(world.pages().len(), 1, "another reason wakes nobody again");
    let held = world.count(HistoryKind::Held);
    world.see(Seen::Unknown, Seen::Unknown);
    world.see(Seen::Failing, Seen::Failing);
    assert_eq!(world.count(HistoryKind::Held), held, "evidence that comes and goes is no news");
    world.see(Seen::Proven, Seen::Failing);
    assert_eq!(world.count(HistoryKind::Unheld), 1);
    assert!(world.serves("prod"));
}

#[test]
fn dr_dying_while_cooling_down_is_a_failover_back() {
    let mut world = World::in_dr();
    world.see(Seen::Proven, Seen::Failing);
    assert_eq!((world.pending().kind, &world.pending().initiative), (WriteKind::Failover, &Initiative::Automatic));
    world.run();
    assert!(world.serves("prod"));
    assert_eq!(world.machine.state(), State::SteadyPreferred {});
    assert!(world.now.since(world.memory().moved().expect("moved")) < COOLDOWN);
}

#[test]
fn an_observing_service_says_once_what_it_would_do() {
    let mut world = World::observing();
    for _ in 0..5 {
        world.see(Seen::Failing, Seen::Proven);
        world.read();
        world.pass(Duration::from_mins(1));
    }
    assert_eq!(world.kinds(), [HistoryKind::WouldMove]);
    assert!(
        world.history.iter().any(|row| row.summary.starts_with("would failover to `dr`: region `prod` is failing"))
    );
    assert!(world.memory().hold().expect("held").is_observation());
    assert_eq!((world.enqueued.len(), world.pages().len()), (0, 0));
    world.see(Seen::Proven, Seen::Proven);
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.count(HistoryKind::WouldMove), 2, "another outage is news");
}

#[test]
fn orders_are_refused_while_a_move_is_open() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.machine.state(), State::Flipping {});
    for command in [failover("dr"), Command::Release] {
        assert_eq!(refused_by(&world.order(command)), [Rule::OneWrite]);
    }
    let adopt = world.order(Command::Adopt);
    assert!(adopt.refusal.is_some());
    assert_eq!(world.enqueued.len(), 2, "the adoption and the move");
}

#[test]
fn a_manual_failover_names_its_decision_and_pins() {
    let mut world = World::adopted();
    let decision = world.must_order(failover("dr")).expect("a decision");
    assert_eq!(world.pending().id, decision);
    assert!(world.pages().is_empty(), "who gave the order is awake");
    world.run();
    let pin = world.fence().pin.expect("pinned");
    assert_eq!((pin.by.as_str(), pin.reason.as_str()), ("oncall", "as agreed"));
    assert_eq!(world.memory().pin(), Some(&pin));
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    assert!(world.serves("prod"), "failover stays armed");
    assert_eq!((world.fence().pin, world.memory().pin()), (None, None));
}

#[test]
fn a_manual_failover_passes_the_same_kernel() {
    let mut world = World::adopted();
    world.see(Seen::Proven, Seen::Healthy);
    assert_eq!(refused_by(&world.order(failover("dr"))), [Rule::TargetProven]);
    assert!(refusal_text(&world.order(failover("moon"))).contains("no region `moon`; it has prod, dr"));
    assert!(refusal_text(&world.order(failover("prod"))).contains("already"));
    world.see(Seen::Failing, Seen::Failing);
    let rules = refused_by(&world.order(failover("dr")));
    assert_eq!(rules, [Rule::AllRegionsFailing, Rule::TargetProven]);
    let step = world.order_with(failover("dr"), &rules);
    assert_eq!(step.refusal, None);
    world.run();
    assert!(world.serves("dr"), "an operator took it on themselves");
}
