//! Pauses: they bind at once by the store, the fence follows.

use std::time::Duration;

use super::world::*;
use crate::fixture::Seen;
use crate::history::HistoryKind;
use crate::machine::State;
use crate::machine::command::Command;
use crate::machine::effect::{PermitAnswer, Refusal};
use crate::time::Timestamp;
use crate::write::WriteKind;

fn paused() -> World {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    world
}

#[test]
fn is_written_into_the_fence_and_taken_out_again() {
    let mut world = World::adopted();
    let before = world.fence();
    world.must_order(Command::Pause { until: None });
    assert_eq!(world.machine.state(), State::Paused {}, "at once, before the fence says so");
    assert_eq!(world.pending().kind, WriteKind::Annotate);
    world.run();
    let fence = world.fence();
    assert_eq!((fence.epoch, fence.rev, &fence.plan), (before.epoch, before.rev.next(), &before.plan));
    assert_eq!(fence.pause.expect("paused").reason, "as agreed");
    world.must_order(Command::Resume);
    world.run();
    assert_eq!(world.fence().pause, None);
    assert_eq!(world.machine.state(), State::SteadyPreferred {});
    assert_eq!((world.count(HistoryKind::Paused), world.count(HistoryKind::Resumed)), (1, 1));
}

#[test]
fn blocks_automatic_moves_and_tells_once() {
    let mut world = paused();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.pass(Duration::from_mins(5));
    assert!(world.serves("prod"));
    assert_eq!(world.count(HistoryKind::Held), 1);
    assert!(world.pages().last().expect("paged").starts_with("failover to `dr` held: notPaused: paused by `oncall`"));
    world.must_order(Command::Resume);
    world.run();
    assert!(world.serves("dr"));
    assert_eq!(world.fence().pause, None, "the move says it too");
}

#[test]
fn lets_operators_move() {
    let mut world = paused();
    world.must_order(failover("dr"));
    world.run();
    assert!(world.serves("dr"));
    assert!(world.fence().pause.is_some(), "and stays");
    assert_eq!(world.machine.state(), State::Paused {});
}

#[test]
fn reaches_the_fence_even_while_the_region_is_failing() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Failing);
    world.must_order(Command::Pause { until: None });
    world.run();
    assert!(world.fence().pause.is_some());
}

#[test]
fn ends_an_automatic_write_that_was_not_sent() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    world.must_order(Command::Pause { until: None });
    assert_eq!(world.machine.state(), State::Flipping {});
    assert!(matches!(world.ask_permit(), Some(PermitAnswer::Refused(why)) if why.starts_with("notPaused")));
    assert_eq!(world.count(HistoryKind::Expired), 1);
    world.run();
    assert!(world.serves("prod"));
    assert!(world.fence().pause.is_some(), "then the fence follows");
}

#[test]
fn ends_by_itself_and_the_fence_hears_of_it() {
    let mut world = World::adopted();
    let until = Timestamp::from_millis(world.now.as_millis() + 60_001);
    world.must_order(Command::Pause { until: Some(until) });
    world.run();
    let rounded = Timestamp::from_secs(world.now.as_secs() + 61);
    assert_eq!(world.fence().pause.expect("paused").until, Some(rounded), "never early");
    world.pass(Duration::from_millis(60_999));
    assert!(world.memory().pause().is_some());
    world.pass(Duration::from_millis(1));
    world.run();
    assert_eq!((world.memory().pause(), world.fence().pause), (None, None));
    assert_eq!(world.count(HistoryKind::Resumed), 1);
}

#[test]
fn refuses_an_end_in_the_past_or_beyond_what_a_fence_can_say() {
    let mut world = World::adopted();
    for until in [world.now, Timestamp::from_secs(1), Timestamp::from_millis(u64::MAX)] {
        let step = world.order(Command::Pause { until: Some(until) });
        assert!(matches!(step.refusal, Some(Refusal::Invalid(_))), "{until}");
    }
    assert_eq!(world.memory().pause(), None);
    let last = Timestamp::from_secs(crate::fence::text::SECONDS_MAX);
    world.must_order(Command::Pause { until: Some(last) });
    world.run();
    assert_eq!(world.fence().pause.expect("paused").until, Some(last));
}

#[test]
fn a_resume_without_a_pause_is_pointless() {
    for mut world in [World::adopted(), World::new()] {
        let step = world.order(Command::Resume);
        assert_eq!(refusal_text(&step), "the service is not paused");
        assert_eq!(step.effects, []);
    }
}

#[test]
fn paused_and_resumed_before_the_fence_heard_of_it_writes_nothing() {
    let mut world = World::adopted();
    world.see(Seen::Proven, Seen::Proven);
    world.provider = Provider::Unreachable;
    world.must_order(Command::Pause { until: None });
    world.ask_permit();
    world.send();
    world.must_order(Command::Resume);
    world.provider = Provider::Works;
    let fence = world.fence();
    world.pass(Duration::from_mins(1));
    world.run();
    assert_eq!(world.fence(), fence);
}

#[test]
fn a_resume_while_the_pause_is_on_its_way_is_written_after_it() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
    world.must_order(Command::Resume);
    world.send();
    world.run();
    assert_eq!((world.memory().pause(), world.fence().pause), (None, None));
}

#[test]
fn stays_in_the_store_while_observing() {
    let mut world = World::observing();
    world.must_order(Command::Pause { until: None });
    world.run();
    assert_eq!(world.machine.state(), State::Paused {});
    assert_eq!((world.enqueued.len(), world.zone.fence.is_none()), (0, true));
}

#[test]
fn orders_in_long_words_of_any_alphabet_still_fit_the_fence() {
    let mut world = World::adopted();
    let reason = "техническое обслуживание базы данных €€€€€€€€€€€€€€€€€€".to_owned();
    let by = "a".repeat(62).parse().expect("a name");
    let until = Some(Timestamp::from_secs(crate::fence::text::SECONDS_MAX));
    let order = crate::machine::command::Order::new(Command::Pause { until }, by, reason);
    world.step(&crate::machine::event::Event::Commanded(order));
    world.run();
    assert!(world.fence().pause.is_some());
    world.read();
    world.run();
    assert_eq!(world.machine.state(), State::Paused {});
}
