//! Other controllers: a newer fence is followed, a store that was lost starts paused.

use std::time::Duration;

use super::world::*;
use crate::fence::{Pause, Pin, WriteId};
use crate::fixture::{COOLDOWN, Seen, rrset};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::effect::{PermitAnswer, Refusal};
use crate::machine::event::WriteOutcome;
use crate::machine::{Machine, State};
use crate::rrset::GuardedType;
use crate::time::Timestamp;

fn pause_of(reason: &str) -> Pause {
    Pause { by: "colleague".parse().expect("a name"), until: None, reason: reason.to_owned() }
}

#[test]
fn a_newer_fence_is_followed_with_its_pause_and_pin() {
    let mut world = World::adopted();
    let pin = Pin { by: "colleague".parse().expect("a name"), reason: "drill".to_owned() };
    let theirs = world.other_writes("dr", |fence| {
        fence.pin = Some(pin.clone());
        fence.pause = Some(pause_of("drill"));
    });
    world.look_around();
    assert_eq!(world.kinds(), [HistoryKind::Followed]);
    assert_eq!(
        world.last(HistoryKind::Followed).summary,
        "followed the fence of `controller-2`: epoch 2, rev 2, active in `dr`"
    );
    assert_eq!((world.memory().held(), world.active()), (Some(&theirs), "dr"));
    assert_eq!((world.memory().pin(), world.memory().pause()), (Some(&pin), theirs.pause.as_ref()));
    assert_eq!(world.machine.state(), State::Paused {});
    world.other_writes("dr", |_| {});
    world.look_around();
    assert_eq!((world.memory().pin(), world.memory().pause()), (None, None));
}

#[test]
fn a_move_in_the_future_counts_as_seen_now() {
    let mut world = World::adopted();
    let future = world.now + Duration::from_hours(1000);
    world.other_writes("dr", |fence| fence.moved = future);
    world.read();
    assert_eq!(world.memory().moved(), Some(world.now));
    assert_eq!(world.machine.state(), State::CoolingDown {});
    world.pass(COOLDOWN);
    assert_eq!(world.machine.state(), State::SteadyElsewhere {});
}

#[test]
fn a_move_in_the_future_is_passed_on_as_it_is_and_counts_from_when_it_was_seen_first() {
    let mut world = World::adopted();
    let future = world.now + Duration::from_mins(5);
    world.other_writes("dr", |fence| fence.moved = future);
    world.read();
    let seen = world.now;
    world.pass(Duration::from_mins(1));
    world.must_order(Command::Pause { until: None });
    world.run();
    assert!(world.fence().pause.is_some());
    assert_eq!(
        (world.fence().moved, world.memory().moved()),
        (future, Some(seen)),
        "a clock that is behind shortens nothing"
    );
    world.pass(Duration::from_mins(1));
    world.other_writes("dr", |fence| fence.moved = future);
    world.read();
    assert_eq!(world.memory().moved(), Some(seen), "it is the same move");
}

#[test]
fn a_clock_that_was_behind_and_is_set_right_shortens_no_cooldown() {
    let mut world = World::adopted();
    let moved = world.now + Duration::from_mins(30);
    world.other_writes("dr", |fence| fence.moved = moved);
    world.read();
    assert_eq!(world.machine.state(), State::CoolingDown {});
    world.now = moved + Duration::from_secs(30);
    world.crash();
    world.see(Seen::Proven, Seen::Proven);
    assert_eq!((world.machine.state(), world.memory().moved()), (State::CoolingDown {}, Some(moved)));
}

/// Also where that shortens the cooldown: who holds the service says when it moved.
#[test]
fn the_cooldown_counts_from_when_the_newest_fence_says() {
    let mut world = World::adopted();
    let now = Timestamp::from_secs(world.now.as_secs());
    for moved in [now, Timestamp::from_secs(now.as_secs() - 60)] {
        world.other_writes("dr", |fence| fence.moved = moved);
        world.read();
        assert_eq!(world.memory().moved(), Some(moved));
    }
}

#[test]
fn a_hold_ends_silently_when_another_controller_has_moved_and_stays_when_it_has_not() {
    for (theirs, held) in [("prod", 1), ("dr", 0)] {
        let mut world = World::adopted();
        world.see(Seen::Failing, Seen::Healthy);
        world.other_writes(theirs, |_| {});
        world.read();
        assert_eq!(usize::from(world.memory().hold().is_some()), held, "{theirs}");
        assert_eq!((world.count(HistoryKind::Held), world.count(HistoryKind::Unheld)), (1, 0), "{theirs}");
    }
}

#[test]
fn a_stale_writer_is_refused_reads_and_follows() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
    let theirs = world.other_writes("dr", |_| {});
    let step = world.send();
    assert!(step.effects.contains(&crate::machine::effect::Effect::ReadZone));
    assert!(world.memory().view().is_none());
    assert_eq!(world.machine.state(), State::Suspected {});
    world.run();
    assert_eq!(
        world.kinds()[2..],
        [HistoryKind::Conflicted, HistoryKind::Followed],
        "nothing is decided on what was read before"
    );
    assert_eq!((world.fence(), world.active()), (theirs, "dr"));
}

#[test]
fn a_newer_fence_ends_a_write_that_was_not_sent() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    world.other_writes("dr", |_| {});
    world.read();
    assert_eq!(world.count(HistoryKind::Expired), 1);
    assert!(world.outbox.is_empty());
    assert_ne!(world.machine.state(), State::Flipping {});
}

#[test]
fn a_look_while_a_write_is_on_its_way_means_nothing() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit();
    let before = world.memory().clone();
    for _ in 0..2 {
        world.zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
        world.read();
        world.other_writes("dr", |_| {});
        world.read();
    }
    assert_eq!(world.memory(), &before);
    world.settle(WriteOutcome::Conflicted("another fence".to_owned()));
    world.run();
    assert_eq!(world.active(), "dr");
}

#[test]
fn a_lost_store_is_rebuilt_from_the_zone_and_starts_paused() {
    let mut world = World::in_dr();
    let fence = world.fence();
    world.machine = Machine::new();
    world.look_around();
    assert_eq!(world.kinds(), [HistoryKind::Followed, HistoryKind::Paused]);
    assert!(world.last(HistoryKind::Paused).page);
    assert_eq!((world.active(), world.machine.state()), ("dr", State::Paused {}));
    assert_eq!(world.fence(), fence, "the pause stays in the store");
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    assert!(world.serves("dr"));
    world.must_order(Command::Resume);
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn the_pause_of_a_rebuilt_store_never_reaches_the_fence_and_survives_what_others_write() {
    let mut world = World::in_dr();
    world.machine = Machine::new();
    world.look_around();
    world.pass(COOLDOWN);
    world.must_order(Command::Failback);
    world.run();
    assert_eq!(world.fence().pause, None);
    assert_eq!(world.machine.state(), State::Paused {});
    world.other_writes("dr", |_| {});
    world.look_around();
    assert_eq!(world.machine.state(), State::Paused {}, "a person says when to act again");
    world.must_order(Command::Pause { until: None });
    world.run();
    assert!(world.fence().pause.is_some(), "an order does reach it");
}

#[test]
fn a_rebuilt_store_is_not_armed_by_the_end_of_somebodys_pause() {
    let mut world = World::adopted();
    let until = Some(world.now + Duration::from_mins(1));
    world.other_writes("prod", |fence| fence.pause = Some(Pause { until, ..pause_of("deploy") }));
    world.machine = Machine::new();
    world.look_around();
    world.pass(Duration::from_hours(1));
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves("prod"));
    assert_eq!(world.machine.state(), State::Paused {});
}

#[test]
fn a_rebuilt_store_is_not_armed_by_the_end_of_a_pause_that_is_written_later() {
    let mut world = World::adopted();
    world.machine = Machine::new();
    world.look_around();
    let until = Some(world.now + Duration::from_mins(1));
    world.other_writes("prod", |fence| fence.pause = Some(Pause { until, ..pause_of("deploy") }));
    world.look_around();
    world.pass(Duration::from_hours(1));
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves("prod"));
    assert_eq!(world.machine.state(), State::Paused {});
    world.must_order(Command::Resume);
    world.run();
    assert!(world.serves("dr"), "an order arms it");
    assert_eq!(world.fence().pause, None);
}

#[test]
fn an_order_that_the_fence_has_yet_to_hear_of_outlives_another_controllers_release() {
    let mut world = World::adopted();
    world.provider = Provider::Unreachable;
    world.must_order(Command::Pause { until: None });
    world.ask_permit();
    world.send();
    world.other_writes("prod", |fence| (fence.active, fence.released) = (None, Some(crate::fixture::START)));
    world.provider = Provider::Works;
    world.look_around();
    assert!(world.memory().pause().is_some());
    world.must_order(Command::Adopt);
    world.run();
    assert!(world.fence().pause.is_some());
}

/// Counts began anew after the zone's fence and the store were lost; then a backup of before that was restored.
#[test]
fn a_pause_outlives_a_backup_whose_fence_is_of_a_higher_order() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    let paused = world.memory().pause().cloned();
    let made = |world: &World, ago: Duration| WriteId::at(world.now.before(ago), 77);
    let old = made(&world, Duration::from_hours(2));
    world.other_writes("prod", |fence| fence.write = old.clone());
    world.look_around();
    assert_eq!((world.memory().pause(), &world.fence().pause), (paused.as_ref(), &paused));
    assert_eq!(world.machine.state(), State::Paused {});
    let lately = made(&world, Duration::from_mins(10));
    world.other_writes("prod", |fence| fence.write = lately.clone());
    world.look_around();
    assert_eq!(world.memory().pause(), None, "a clock may be behind, and somebody else has resumed it");
}

#[test]
fn a_resume_here_outlives_a_fence_that_still_says_paused() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.provider = Provider::Unreachable;
    world.must_order(Command::Resume);
    world.ask_permit();
    world.send();
    world.other_writes("prod", |fence| fence.pause = Some(pause_of("older")));
    world.provider = Provider::Works;
    world.look_around();
    world.pass(Duration::from_mins(1));
    world.run();
    assert_eq!((world.memory().pause(), world.fence().pause), (None, None));
}

#[test]
fn a_rebuilt_store_leaves_a_pause_in_the_fence_until_its_time_is_over() {
    let rebuilt = || {
        let mut world = World::adopted();
        let until = Some(world.now + Duration::from_mins(1));
        world.other_writes("prod", |fence| fence.pause = Some(Pause { until, ..pause_of("deploy") }));
        world.machine = Machine::new();
        world.look_around();
        world
    };
    for (passed, kept) in [(0, true), (59_999, true), (60_000, false), (60_001, false)] {
        let mut world = rebuilt();
        world.pass(Duration::from_millis(passed));
        world.must_order(failover("dr"));
        assert_eq!(world.pending().fence.pause.is_some(), kept, "after {passed} ms");
    }
}

#[test]
fn news_of_another_place_are_expected_whatever_is_under_way() {
    let mut world = World::adopted();
    let heard = |world: &mut World, state| {
        assert_eq!(world.machine.state(), state);
        let step = world.step(&crate::machine::event::Event::SiblingsChanged);
        assert_eq!((step.refusal, step.effects), (None, Vec::new()), "{state:?}");
    };
    heard(&mut world, State::SteadyPreferred {});
    world.see(Seen::Failing, Seen::Proven);
    heard(&mut world, State::Flipping {});
    world.ask_permit();
    world.send();
    heard(&mut world, State::Verifying {});
}

#[test]
fn an_older_configuration_never_writes() {
    let mut world = World::adopted();
    world.other_writes("prod", |fence| fence.cfg = 12);
    world.look_around();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!(refused_by(&world.order(failover("dr"))), [Rule::ConfigurationCurrent]);
    assert!(world.serves("prod"));
    let mut service = (*world.service).clone();
    service.revision = 13;
    world.service = std::sync::Arc::new(service);
    world.run();
    assert_eq!((world.serves("dr"), world.fence().cfg), (true, 13));
}

#[test]
fn unknown_pairs_of_a_later_version_are_kept() {
    let mut world = World::adopted();
    let later = vec![("later".to_owned(), "kept".to_owned())];
    world.other_writes("prod", |fence| fence.unknown.clone_from(&later));
    world.look_around();
    world.must_order(failover("dr"));
    world.run();
    assert_eq!(world.fence().unknown, later);
}

/// A program that knew the pair wrote the state, and was then replaced by this one.
#[test]
fn pairs_that_a_later_version_took_for_its_own_are_kept() {
    let mut world = World::adopted();
    let later = vec![("later".to_owned(), "kept".to_owned())];
    world.other_writes("prod", |fence| fence.unknown.clone_from(&later));
    world.look_around();
    let mut kept: serde_json::Value = serde_json::from_str(&world.kept()).expect("JSON");
    let unknown = &mut kept["shared_storage"]["held"]["unknown"];
    assert_eq!(std::mem::replace(unknown, serde_json::json!([])), serde_json::json!([["later", "kept"]]));
    world.machine = serde_json::from_value(kept).expect("it is read");
    world.look_around();
    world.must_order(failover("dr"));
    world.run();
    assert_eq!(world.fence().unknown, later);
}

#[test]
fn a_release_by_another_controller_is_followed() {
    let mut world = World::adopted();
    world.other_writes("prod", |fence| {
        (fence.active, fence.released) = (None, Some(crate::fixture::START));
    });
    world.look_around();
    assert_eq!(world.last(HistoryKind::Followed).summary, "`controller-2` released the service");
    assert_eq!(refused_by(&world.order(failover("dr"))), [Rule::Adopted]);
    world.read();
    assert_eq!(world.count(HistoryKind::Followed), 1);
}

#[test]
fn events_that_nobody_waits_for_are_refused() {
    let mut world = World::adopted();
    let decision = crate::fence::DecisionId::at(world.now, 999);
    let events = [
        crate::machine::event::Event::WriteUncertain { decision: decision.clone(), reason: "?".to_owned() },
        crate::machine::event::Event::WriteSettled {
            decision: decision.clone(),
            outcome: WriteOutcome::Conflicted("?".to_owned()),
        },
        crate::machine::event::Event::Verified { decision, deliveries: Vec::new() },
    ];
    for event in events {
        let before = world.memory().clone();
        let step = world.step(&event);
        assert_eq!((step.refusal, step.effects), (Some(Refusal::Unexpected), Vec::new()), "{event:?}");
        assert_eq!(world.memory(), &before);
    }
}
