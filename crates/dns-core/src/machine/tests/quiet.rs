//! Nothing new makes no noise: no effects, no change of what is persisted.

use std::time::Duration;

use super::world::*;
use crate::fixture::{Seen, rrset};
use crate::history::HistoryKind;
use crate::machine::command::Command;
use crate::machine::event::Event;
use crate::rrset::GuardedType;

fn assert_quiet(mut world: World, what: &str) {
    world.look_around();
    world.round();
    let envelope = world.kept();
    for _ in 0..5 {
        world.now = world.now + Duration::from_secs(1);
        assert_eq!(world.tick().effects, [], "{what}");
        assert_eq!(world.read().effects, [], "{what}");
        assert_eq!(world.kept(), envelope, "{what}");
    }
}

#[test]
fn a_tick_and_a_look_without_news_change_nothing() {
    assert_quiet(World::new(), "never adopted");
    assert_quiet(World::adopted(), "steady");
    assert_quiet(World::in_dr(), "cooling down");
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Failing);
    assert_quiet(world, "both down");
    let mut world = World::observing();
    world.see(Seen::Failing, Seen::Proven);
    assert_quiet(world, "observing");
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    assert_quiet(world, "paused");
    let mut world = World::adopted();
    world.zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    world.read();
    assert_quiet(world, "foreign");
    let mut world = World::adopted();
    world.must_order(Command::Release);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    assert_quiet(world, "released");
    let mut world = World::adopted();
    world.zone.fence = None;
    world.zone.rrsets.clear();
    world.read();
    world.read();
    assert_quiet(world, "lost");
}

#[test]
fn a_zone_that_cannot_be_read_is_told_once_and_its_return_too() {
    let mut world = World::adopted();
    for number in 0..5 {
        let reason = format!("timed out after {number} s");
        world.step(&Event::ZoneUnreadable { reason, denied: false });
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(world.kinds(), [HistoryKind::Unreadable]);
    assert!(world.pages().is_empty());
    assert_eq!(world.memory().unreadable().expect("known").reason, "timed out after 4 s");
    world.read();
    assert_eq!(world.kinds(), [HistoryKind::Unreadable, HistoryKind::ReadableAgain]);
    assert_eq!(world.last(HistoryKind::ReadableAgain).summary, "the zone can be read again after 5 s");
    world.step(&Event::ZoneUnreadable { reason: "REFUSED".to_owned(), denied: true });
    assert_eq!(world.pages().len(), 1, "only a person can change that");
}

#[test]
fn a_zone_that_becomes_unreadable_for_good_wakes_someone_once() {
    let mut world = World::adopted();
    for denied in [false, false, true, false, true] {
        world.step(&Event::ZoneUnreadable { reason: format!("denied: {denied}"), denied });
        world.crash();
    }
    assert_eq!(world.kinds(), [HistoryKind::Unreadable; 2]);
    assert_eq!(world.pages(), ["the zone cannot be read: denied: true"]);
    world.read();
    world.step(&Event::ZoneUnreadable { reason: "REFUSED".to_owned(), denied: true });
    assert_eq!(world.pages().len(), 2, "a new trouble is told anew");
}

#[test]
fn a_failover_without_a_look_at_the_zone_waits_quietly_for_one_and_loudly_for_none() {
    let mut world = World::adopted();
    world.crash();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.kinds(), [], "the first look is under way");
    world.step(&Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false });
    world.tick();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.kinds(), [HistoryKind::Unreadable, HistoryKind::Held]);
    assert!(world.pages()[0].contains("zoneKnown: the zone has not been read"), "{:?}", world.pages());
    world.look_around();
    assert!(world.serves("dr"));
}

#[test]
fn a_restart_in_an_outage_tells_nothing_twice() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Failing);
    world.run();
    let told = world.kinds();
    for _ in 0..3 {
        world.crash();
        world.see(Seen::Unknown, Seen::Unknown);
        world.read();
        world.see(Seen::Failing, Seen::Failing);
        world.run();
    }
    assert_eq!(world.kinds(), told);
}

#[test]
fn a_suspicion_alone_is_a_state_and_nothing_else() {
    let mut world = World::adopted();
    world.see(Seen::Suspected, Seen::Proven);
    world.run();
    let rows: Vec<_> = world.history.iter().map(|row| row.summary.as_str()).collect();
    assert_eq!(rows, ["steady on the preferred region → suspected"]);
}
