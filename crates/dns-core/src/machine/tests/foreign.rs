//! Hands in the zone: changed records hold, a lost fence is repaired above all that is known.

use std::time::Duration;

use super::world::*;
use crate::fence::{Fence, Pin, WriteId};
use crate::fixture::{Seen, Zone, key, region, rrset, tombstone};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::command::Command;
use crate::rrset::{GuardedType, Rrset};
use crate::standing::Standing;
use crate::time::Timestamp;
use crate::write::WriteKind;

fn hand() -> Rrset {
    rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"])
}

#[test]
fn a_changed_record_holds_every_write_and_wakes_someone_once() {
    for change in [hand(), rrset("api.example.com", GuardedType::A, 5, &["192.0.2.10"])] {
        let mut world = World::adopted();
        world.zone.put(change);
        for _ in 0..3 {
            world.look_around();
        }
        assert_eq!(world.kinds(), [HistoryKind::ForeignChange]);
        assert_eq!(world.pages().len(), 1);
        for command in [failover("dr"), Command::Release] {
            assert_eq!(refused_by(&world.order(command)), [Rule::NoForeignChange]);
        }
        world.see(Seen::Failing, Seen::Proven);
        world.run();
        assert_eq!(world.count(HistoryKind::Held), 1);
        assert!(world.outbox.is_empty() && world.enqueued.len() == 1);
    }
}

#[test]
fn a_change_taken_back_ends_the_hold() {
    let mut world = World::adopted();
    let before = world.zone.clone();
    world.zone.rrsets.remove(&key("www.example.com", GuardedType::Cname));
    world.look_around();
    world.zone = before;
    world.look_around();
    assert_eq!(world.kinds(), [HistoryKind::ForeignChange, HistoryKind::ForeignChangeEnded]);
    world.must_order(failover("dr"));
}

#[test]
fn a_change_to_another_regions_records_is_adopted_as_a_move() {
    let mut world = World::adopted();
    world.now = world.now + Duration::from_mins(5);
    world.zone.rrsets = world.service.render(&region("dr")).expect("renders");
    world.look_around();
    assert_eq!(world.active(), "prod", "the fence has the word until then");
    let before = world.fence();
    world.must_order(Command::Adopt);
    world.run();
    let fence = world.fence();
    assert_eq!((fence.active, fence.epoch), (Some(region("dr")), before.epoch.next()));
    assert_eq!(fence.moved, world.now, "the cooldown begins");
    assert_eq!(world.machine.state(), State::CoolingDown {});
}

#[test]
fn a_deleted_fence_is_repaired_above_what_was_held() {
    let mut world = World::in_dr();
    let before = world.fence();
    world.zone.fence = None;
    world.look_around();
    let fence = world.fence();
    assert_eq!((fence.epoch, fence.rev), (before.epoch.next(), before.rev.next()), "never epoch 1");
    assert_eq!((fence.active, fence.moved), (Some(region("dr")), before.moved));
    assert_eq!(world.count(HistoryKind::FenceLost), 1);
    assert!(world.last(HistoryKind::FenceLost).page);
    assert_eq!(world.memory().standing(), &Standing::Held);
}

#[test]
fn a_restored_older_zone_keeps_its_answer_under_a_higher_fence() {
    let mut world = World::adopted();
    let backup = world.zone.clone();
    world.must_order(failover("dr"));
    world.run();
    let before = world.fence();
    world.pass(Duration::from_hours(1));
    world.zone = backup;
    world.look_around();
    let fence = world.fence();
    assert!(world.serves("prod"), "the answer that the zone serves");
    assert_eq!((fence.epoch, fence.rev), (before.epoch.next(), before.rev.next()));
    assert_eq!((fence.active, fence.moved), (Some(region("prod")), world.now), "that was a move");
    assert_eq!(world.memory().moved(), Some(world.now));
    assert!(world.memory().pin().is_some(), "what operators said is kept");
    assert_eq!(world.active(), "prod");
}

/// The zone was set back, and another controller that knew only that has moved it again: a fence of the same order.
#[test]
fn a_repair_over_another_fence_of_the_same_order_keeps_what_that_one_says_of_the_last_move() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.pass(Duration::from_mins(2));
    let moved = Timestamp::from_secs(world.now.as_secs());
    let pin = Some(Pin { by: "oncall".parse().expect("a name"), reason: "as agreed".to_owned() });
    let by = "controller-2".parse().expect("a name");
    let theirs = Fence { write: WriteId::at(world.now, 77), by, moved, pin, ..world.fence() };
    world.zone = Zone::serving(&world.service, "dr").with_fence(&theirs);
    world.look_around();
    assert_eq!(world.count(HistoryKind::FenceLost), 1);
    let fence = world.fence();
    assert_eq!((fence.epoch, fence.moved, fence.pin), (theirs.epoch.next(), moved, theirs.pin));
}

#[test]
fn a_look_of_before_the_zone_was_set_back_does_not_prove_that_a_repair_cannot_arrive() {
    let mut world = World::adopted();
    let backup = world.zone.clone();
    world.must_order(failover("dr"));
    world.run();
    let lagging = world.zone.view(&world.service);
    world.zone = backup;
    world.read();
    world.read();
    let repair = world.pending().clone();
    assert_eq!(repair.kind, WriteKind::Repair);
    assert!(!repair.is_outrun_by(&lagging));
    let required = world.fence();
    assert!(!repair.is_outrun_by(&world.zone.view(&world.service)), "what it requires is there");
    let burned = Fence { rev: repair.burning_rev(&required), ..required };
    assert!(repair.is_outrun_by(&world.zone.clone().with_fence(&burned).view(&world.service)));
    world.zone.fence = None;
    assert!(!repair.is_outrun_by(&world.zone.view(&world.service)), "it may have been restored since");
}

#[test]
fn a_restored_fence_of_higher_counts_than_ours_in_one_of_two_is_outdone_in_both() {
    let mut world = World::adopted();
    world.must_order(failover("dr"));
    world.run();
    let older = Fence { rev: crate::fence::Rev::new(50), ..crate::fixture::fence(&world.service, "dr", 1, 1) };
    world.zone = world.zone.clone().with_fence(&older);
    world.look_around();
    let fence = world.fence();
    assert_eq!((fence.epoch.get(), fence.rev.get()), (3, 51));
}

#[test]
fn a_lost_fence_over_foreign_records_is_held_until_somebody_decides() {
    let mut world = World::adopted();
    world.zone.fence = None;
    world.zone.put(hand());
    for _ in 0..3 {
        world.look_around();
    }
    assert_eq!(world.kinds(), [HistoryKind::FenceLost, HistoryKind::Held]);
    assert!(world.pages()[1].contains("no region's; restore them or adopt"), "{:?}", world.pages());
    world.zone.rrsets = world.service.render(&region("prod")).expect("renders");
    world.look_around();
    assert_eq!(world.fence().epoch.get(), 2);
}

#[test]
fn an_older_tombstone_is_replaced_by_adoption_only() {
    let mut world = World::in_dr();
    let older = tombstone(&world.service, 1, 1);
    world.zone = Zone::serving(&world.service, "dr").with_fence(&older);
    world.look_around();
    assert_eq!(world.fence(), older);
    assert_eq!(world.kinds(), [HistoryKind::FenceLost, HistoryKind::Held]);
    world.must_order(Command::Adopt);
    world.run();
    assert_eq!(world.fence().epoch.get(), 3);
}

#[test]
fn one_look_alone_never_makes_a_loss() {
    let mut world = World::adopted();
    let early = world.zone.view(&world.service);
    world.must_order(failover("dr"));
    world.run();
    world.history.clear();
    let step = world.step(&crate::machine::event::Event::ZoneRead(early));
    assert_eq!(step.effects, [crate::machine::effect::Effect::ReadZone], "it began before the write");
    world.run();
    assert_eq!(world.kinds(), []);
    assert_eq!(world.memory().standing(), &Standing::Held);
}

#[test]
fn a_lost_fence_is_told_once_while_observing_or_paused() {
    let mut world = World::in_dr();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.history.clear();
    world.zone.fence = None;
    for _ in 0..5 {
        world.look_around();
        world.pass(Duration::from_mins(1));
    }
    assert_eq!(world.kinds(), [HistoryKind::FenceLost, HistoryKind::Held]);

    let mut world = World::in_dr();
    let mut service = (*world.service).clone();
    service.mode = crate::service::Mode::Observe;
    world.service = std::sync::Arc::new(service);
    world.zone.fence = None;
    for _ in 0..5 {
        world.look_around();
        world.crash();
    }
    assert_eq!(world.kinds(), [HistoryKind::FenceLost, HistoryKind::WouldMove]);
    assert_eq!(world.pages().len(), 1);
}

#[test]
fn an_apply_that_was_skipped_in_part_is_seen_by_a_second_look() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit();
    let change = world.pending().change.clone();
    world.zone.apply(&change).expect("applies");
    world.zone.rrsets.remove(&key("www.example.com", GuardedType::Cname));
    let view = Box::new(world.zone.view(&world.service));
    world.settle(crate::machine::event::WriteOutcome::Applied(view));
    assert_eq!(world.count(HistoryKind::ForeignChange), 0, "the listing may have been of before");
    world.look_around();
    assert_eq!(world.count(HistoryKind::ForeignChange), 1);
    assert!(matches!(world.memory().standing(), Standing::Foreign { .. }));
}

#[test]
fn a_listing_that_lags_behind_an_own_write_wakes_nobody() {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    world.ask_permit();
    let change = world.pending().change.clone();
    let before = world.zone.rrsets.clone();
    world.zone.apply(&change).expect("applies");
    let after = std::mem::replace(&mut world.zone.rrsets, before);
    let view = Box::new(world.zone.view(&world.service));
    world.settle(crate::machine::event::WriteOutcome::Applied(view));
    assert!(world.memory().view().is_none(), "nothing is planned on it");
    assert_eq!(world.active(), "dr", "the answer said that it was applied");
    world.zone.rrsets = after;
    world.look_around();
    assert_eq!((world.count(HistoryKind::ForeignChange), world.memory().standing()), (0, &Standing::Held));
}

#[test]
fn changed_endpoints_are_rendered_once_they_are_proven() {
    let mut world = World::adopted();
    let mut service = (*world.service).clone();
    service.regions[0].endpoints[0] = crate::fixture::address("192.0.2.99");
    let shop = crate::fixture::record("shop.example.com", GuardedType::A, crate::service::RecordValues::Endpoints);
    service.records.edit(|records| records.push(shop));
    world.service = std::sync::Arc::new(service);
    world.see(Seen::Healthy, Seen::Proven);
    world.run();
    assert_eq!(world.kinds(), [HistoryKind::Held]);
    assert!(world.pages().is_empty(), "nobody is worse off while it waits");
    let before = world.fence();
    world.see(Seen::Proven, Seen::Proven);
    assert_eq!(world.pending().kind, WriteKind::Rerender);
    world.run();
    let fence = world.fence();
    assert!(world.serves("prod"));
    assert_eq!((fence.epoch, fence.rev, fence.plan), (before.epoch, before.rev.next(), before.plan));
    assert!(fence.rrs.contains(&key("shop.example.com", GuardedType::A)));
}

#[test]
fn a_record_that_is_no_longer_configured_stays_in_the_zone() {
    let mut world = World::adopted();
    let mut service = (*world.service).clone();
    service.records.edit(Vec::pop);
    world.service = std::sync::Arc::new(service);
    world.look_around();
    world.must_order(failover("dr"));
    world.run();
    let www = key("www.example.com", GuardedType::Cname);
    assert!(world.zone.rrsets.contains_key(&www) && !world.fence().rrs.contains(&www));
}

#[test]
fn a_service_with_a_new_home_writes_nothing_there_by_itself() {
    let mut world = World::adopted();
    let mut service = (*world.service).clone();
    service.provider = "second".parse().expect("a name");
    world.service = std::sync::Arc::new(service);
    world.zone.fence = None;
    world.look_around();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!(world.zone.fence, None);
    assert_eq!(world.enqueued.len(), 1, "the adoption at its old home");
    world.see(Seen::Proven, Seen::Proven);
    world.must_order(Command::Adopt);
    world.run();
    assert_eq!(world.fence().provider.as_str(), "second");
}
