//! A provider that fails: tries that grow rarer, a history that stays bounded, one page.

use std::time::Duration;

use super::world::*;
use crate::fixture::Seen;
use crate::history::HistoryKind;
use crate::machine::State;
use crate::machine::command::Command;
use crate::machine::effect::PermitAnswer;
use crate::machine::event::{Event, WriteOutcome};
use crate::machine::siblings::Fitness;

/// Ticks second by second, with a shell that reads and sends at once; returns the seconds at which a try was made.
fn tries(world: &mut World, seconds: u64) -> Vec<u64> {
    let began = world.now;
    let mut tried = Vec::new();
    for _ in 0..seconds {
        let before = world.count(HistoryKind::Permitted);
        world.round();
        world.round();
        if world.count(HistoryKind::Permitted) > before {
            tried.push(world.now.since(began).as_secs());
        }
        world.now = world.now + Duration::from_secs(1);
    }
    tried
}

fn failing(provider: Provider) -> World {
    let mut world = World::adopted();
    world.provider = provider;
    world.seen = (Seen::Failing, Seen::Proven);
    world
}

#[test]
fn waits_double_up_to_half_a_minute() {
    let mut world = failing(Provider::Unreachable);
    assert_eq!(tries(&mut world, 125), [0, 1, 3, 7, 15, 31, 61, 91, 121]);
}

#[test]
fn a_failing_provider_makes_three_rows_a_try_and_wakes_someone_once_a_kind() {
    for (provider, kind) in [(Provider::Unreachable, HistoryKind::Unreachable), (Provider::Denies, HistoryKind::Denied)]
    {
        let mut world = failing(provider);
        let tried = tries(&mut world, 600).len();
        let each: Vec<HistoryKind> = [HistoryKind::Decided, HistoryKind::Permitted, kind].repeat(tried);
        assert_eq!(world.kinds(), each, "no row says held, let go or held again");
        assert_eq!(world.pages().len(), 2, "the move and its failure: {:?}", world.pages());
        assert!(world.memory().write_error().is_some() && world.memory().is_write_failing());
    }
}

#[test]
fn the_wait_shows_in_the_status_only() {
    let mut world = failing(Provider::Denies);
    tries(&mut world, 5);
    let hold = world.memory().hold().expect("waits");
    assert!(hold.told.is_empty() && !hold.is_observation());
    assert!(hold.rejections[0].reason.contains("the next try is in"), "{hold:?}");
}

#[test]
fn a_place_is_fit_again_the_moment_its_wait_is_over_and_unfit_without_a_fence() {
    let mut world = failing(Provider::Unreachable);
    tries(&mut world, 1);
    let until = world.memory().backoff_until().expect("waits");
    assert_eq!(world.memory().fitness(until.before(Duration::from_millis(1))), Fitness::Unreachable);
    assert_eq!(world.memory().fitness(until), Fitness::Fit);
    assert_eq!(World::new().memory().fitness(until), Fitness::Unsound, "it was neither read nor adopted");
}

#[test]
fn a_provider_that_comes_back_is_used_and_forgiven() {
    let mut world = failing(Provider::Unreachable);
    tries(&mut world, 60);
    world.provider = Provider::Works;
    tries(&mut world, 31);
    assert!(world.serves("dr"));
    assert_eq!((world.memory().write_error(), world.memory().backoff_until()), (None, None));
}

#[test]
fn an_operator_does_not_wait() {
    let mut world = failing(Provider::Unreachable);
    tries(&mut world, 40);
    world.provider = Provider::Works;
    assert!(world.outbox.is_empty());
    world.must_order(failover("dr"));
    world.run();
    assert!(world.serves("dr"));
}

#[test]
fn a_clock_that_was_set_back_does_not_stretch_the_wait() {
    let mut world = failing(Provider::Unreachable);
    tries(&mut world, 40);
    world.provider = Provider::Works;
    world.now = world.now.before(Duration::from_hours(24));
    tries(&mut world, 32);
    assert!(world.serves("dr"));
}

#[test]
fn an_end_of_the_outage_ends_the_wait() {
    let mut world = failing(Provider::Denies);
    tries(&mut world, 40);
    world.see(Seen::Proven, Seen::Proven);
    world.run();
    assert_eq!(world.memory().backoff_until(), None);
    assert_eq!(world.count(HistoryKind::Unheld), 0, "nobody was told of a hold");
    assert!(!world.memory().is_write_failing(), "nobody has to do anything about it");
    assert!(world.memory().write_error().is_some(), "the provider is still not known to work");
}

#[test]
fn the_first_conflict_is_tried_again_at_once_and_a_row_of_them_waits_and_wakes() {
    let mut world = failing(Provider::Conflicts);
    let tried = tries(&mut world, 125);
    assert_eq!(tried.len(), world.count(HistoryKind::Permitted) - 1, "twice in the first second");
    assert!(tried.len() <= 9, "{tried:?}");
    let pages: Vec<_> = world.history.iter().filter(|row| row.page).map(|row| row.kind).collect();
    assert_eq!(pages, [HistoryKind::Decided, HistoryKind::Decided, HistoryKind::Conflicted]);
}

#[test]
fn an_uncertain_write_stays_open_until_it_is_settled() {
    let mut world = failing(Provider::Works);
    world.tick();
    world.ask_permit();
    let decision = world.pending().id.clone();
    for reason in ["no answer", "no answer", "still none"] {
        world.step(&Event::WriteUncertain { decision: decision.clone(), reason: reason.to_owned() });
    }
    assert_eq!(world.count(HistoryKind::OutcomeUnknown), 1);
    assert_eq!(world.memory().open().expect("open").uncertain.as_deref(), Some("still none"));
    world.read();
    world.pass(Duration::from_mins(10));
    assert_eq!(world.machine.state(), State::Flipping {}, "no time and no look ends it");
    world.settle(WriteOutcome::Burned("the fence that it requires is gone".to_owned()));
    assert!(world.memory().view().is_none() && world.read_wanted, "nothing is decided until it is read anew");
    let burned = world.other_writes("prod", |fence| fence.epoch = crate::fence::Epoch::new(1));
    world.run();
    assert_eq!(world.fence().epoch, burned.epoch.next());
    assert!(world.serves("dr"), "and decided anew");
}

#[test]
fn whoever_asks_what_became_of_a_write_may_have_sent_it() {
    let mut world = failing(Provider::Works);
    world.tick();
    let decision = world.pending().id.clone();
    world.step(&Event::WriteUncertain { decision: decision.clone(), reason: "no answer".to_owned() });
    assert!(matches!(world.ask_permit(), Some(PermitAnswer::Refused(_))), "never a second time");
}

#[test]
fn a_denied_order_tells_and_waits_for_the_next_order() {
    let mut world = World::adopted();
    world.provider = Provider::Denies;
    world.must_order(failover("dr"));
    world.run();
    world.pass(Duration::from_mins(5));
    world.run();
    assert_eq!(world.kinds(), [HistoryKind::Decided, HistoryKind::Permitted, HistoryKind::Denied]);
    assert_eq!(world.pages().len(), 1);
    world.must_order(Command::Release);
}
