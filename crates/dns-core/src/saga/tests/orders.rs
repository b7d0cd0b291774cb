//! Orders: which places they concern, and what they need of them.

use super::world::*;
use crate::fence::Epoch;
use crate::fixture::{COOLDOWN, Seen, Zone, region};
use crate::fleet::{BlastRadius, Presence};
use crate::history::HistoryKind;
use crate::identifier::RegionName;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::effect::Refusal;
use crate::machine::event::Event;
use crate::standing::Standing;
use crate::write::WriteKind;

fn text(refusal: Option<Refusal>) -> String {
    match refusal {
        Some(Refusal::Invalid(text) | Refusal::Pointless(text)) => text,
        other => panic!("expected words, found {other:?}"),
    }
}

#[test]
fn one_adoption_writes_one_decision_into_every_zone() {
    let mut world = World::new(3, 1);
    world.look_around(0);
    world.must_order(0, Command::Adopt);
    assert_eq!(world.controllers[0].outbox.len(), 3);
    world.run();
    assert_eq!(world.agree().expect("adopted everywhere").epoch, Epoch::new(1));
    assert_eq!(text(world.order(0, Command::Adopt).refusal).matches("adopted").count(), 1);
}

#[test]
fn refuses_to_adopt_places_that_serve_different_regions() {
    let mut world = World::new(2, 1);
    world.zones[1] = Zone::serving(&world.service.projections()[1].clone(), "dr");
    world.look_around(0);
    let said = text(world.order(0, Command::Adopt).refusal);
    assert!(said.contains("main serves region `prod`") && said.contains("second serves region `dr`"), "{said}");
    assert!(world.controllers[0].outbox.is_empty());
}

#[test]
fn refuses_to_adopt_before_every_zone_was_read() {
    let mut world = World::new(2, 1);
    world.tick(0);
    world.read(0, 0);
    let Some(Refusal::Kernel(rejections)) = world.order(0, Command::Adopt).refusal else { panic!("refused") };
    assert_eq!(rejections[0].rule, Rule::ZoneKnown);
    assert!(rejections[0].reason.starts_with("second: "), "{rejections:?}");
}

#[test]
fn a_place_that_joins_is_adopted_under_the_decision_of_the_others() {
    let mut world = World::adopted(2, 1);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    let joined = World::new(3, 1);
    world.zones.push(Zone::serving(&joined.service.projections()[2], "dr"));
    world.conditions.push(Condition::Works);
    world.service = joined.service;
    world.crash(0);
    world.run();
    assert_eq!(world.memory(0, 2).standing().as_str(), "unadopted");
    world.must_order(0, Command::Adopt);
    world.run();
    assert_eq!(world.agree().expect("one decision everywhere").epoch, Epoch::new(2));
}

#[test]
fn an_adoption_of_other_records_than_the_fences_say_is_a_decision_of_its_own() {
    let mut world = World::adopted(2, 1);
    world.must_order(0, failover("dr"));
    world.run();
    let moved = world.agree().expect("moved everywhere");
    for rank in 0..2 {
        world.zones[rank].rrsets = world.service.projections()[rank].render(&region("prod")).expect("renders");
    }
    (0..2).for_each(|_| world.read_all(0));
    world.must_order(0, Command::Adopt);
    world.run();
    let fence = world.agree().expect("adopted everywhere");
    assert_eq!((fence.epoch, fence.active), (moved.epoch.next(), Some(region("prod"))));
    assert_ne!(fence.plan, moved.plan);
}

#[test]
fn a_pause_reaches_every_fence_and_a_resume_ends_it_everywhere() {
    let mut world = World::adopted(2, 1);
    world.becomes(1, Condition::Down);
    world.must_order(0, Command::Pause { until: None });
    world.run();
    assert!(world.fence(0).pause.is_some());
    assert_eq!(world.count(0, HistoryKind::Paused), 1, "one order is told once");
    world.becomes(1, Condition::Works);
    world.pass(std::time::Duration::from_mins(1));
    world.run();
    assert!(world.fence(1).pause.is_some(), "it follows when the place returns");
    world.must_order(0, Command::Resume);
    world.run();
    assert!(world.fence(0).pause.is_none() && world.fence(1).pause.is_none());
}

#[test]
fn a_pause_that_reached_one_place_binds_the_service() {
    let mut world = World::adopted(2, 2);
    // The other controller pauses, and reaches only the first place.
    world.must_order(1, Command::Pause { until: None });
    world.ask_permit(1, 0);
    world.send(1, 0);
    world.controllers.remove(1);
    world.read(0, 0);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves(1, "prod"), "the second place is bound by it");
    world.must_order(0, Command::Resume);
    world.run();
    assert!(world.serves(1, "dr"));
}

#[test]
fn a_pause_at_one_place_binds_the_others_until_its_time_is_over_and_no_longer() {
    let mut world = World::adopted(2, 2);
    let until = world.now + std::time::Duration::from_mins(1);
    world.must_order(1, Command::Pause { until: Some(until) });
    world.ask_permit(1, 0);
    world.send(1, 0);
    world.controllers.remove(1);
    world.read(0, 0);
    world.becomes(0, Condition::Down);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves(1, "prod") && world.open(0, 1).is_none(), "the second place is bound by it");
    world.now = until;
    world.read(0, 1);
    assert!(world.open(0, 1).is_some(), "the first place cannot be asked, and need not be");
}

#[test]
fn an_order_goes_to_the_anchor_and_is_followed() {
    let mut world = World::adopted(2, 1);
    world.becomes(0, Condition::Down);
    world.must_order(0, failover("dr"));
    world.run();
    assert!(world.serves(0, "prod") && world.serves(1, "dr"));
    world.becomes(0, Condition::Works);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.pin.is_some()));
    let said = text(world.order(0, failover("dr")).refusal);
    assert!(said.contains("already"), "{said}");
    world.pass(COOLDOWN);
    world.must_order(0, Command::Failback);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("prod")) && fence.pin.is_none()));
}

#[test]
fn an_order_to_go_where_only_a_part_is_leaves_nothing_and_waits_for_no_cooldown() {
    let mut world = World::adopted(2, 1);
    world.becomes(1, Condition::Down);
    world.must_order(0, failover("dr"));
    world.run();
    assert!(world.serves(0, "dr") && world.serves(1, "prod"));
    world.must_order(0, failover("dr"));
    let (_, write, _) = world.open(0, 0).expect("a decision of its own");
    assert_eq!(write.kind, WriteKind::Failover);
}

#[test]
fn a_release_leaves_a_tombstone_everywhere_or_nowhere() {
    let mut world = World::adopted(2, 1);
    world.crash(0);
    world.read(0, 0);
    assert!(world.order(0, Command::Release).refusal.is_some(), "the second was not read");
    assert!(world.controllers[0].outbox.is_empty());
    world.read(0, 1);
    world.must_order(0, Command::Release);
    world.run();
    assert!((0..2).all(|rank| world.fence(rank).is_tombstone()));
    assert!((0..2).all(|rank| matches!(world.memory(0, rank).standing(), Standing::Released { .. })));
    assert_eq!(world.controllers[0].saga.divergences(), []);
}

#[test]
fn a_release_waits_for_a_place_that_is_down() {
    let mut world = World::adopted(2, 1);
    world.becomes(1, Condition::Down);
    let Some(Refusal::Kernel(rejections)) = world.order(0, Command::Release).refusal else { panic!("refused") };
    assert_eq!(rejections[0].rule, Rule::ZoneKnown);
    assert!(rejections[0].reason.starts_with("second: "), "{rejections:?}");
    assert!(world.controllers[0].outbox.is_empty(), "none is left behind alone");
    world.becomes(1, Condition::Works);
    world.must_order(0, Command::Release);
}

#[test]
fn a_look_that_does_not_say_where_is_refused() {
    let mut world = World::adopted(2, 1);
    let event = Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false };
    assert_eq!(world.step(0, &event).refusal, Some(Refusal::Unexpected));
}

#[test]
fn a_place_whose_fence_is_ours_joins_without_a_pause() {
    let mut world = World::adopted(3, 1);
    let saga = &mut world.controllers[0].saga;
    let mut known: serde_json::Value = serde_json::from_str(&saga.to_envelope()).expect("json");
    known["places"].as_array_mut().expect("a list").pop();
    *saga = crate::saga::Saga::from_envelope(&known.to_string(), &world.service).expect("reads");
    world.look_around(0);
    assert_eq!(world.memory(0, 2).standing(), &Standing::Held);
    assert_eq!(world.memory(0, 2).pause(), None, "the store was not lost");
}

#[test]
fn a_resume_holds_at_a_place_that_is_read_only_later() {
    let mut world = World::adopted(2, 1);
    world.must_order(0, Command::Pause { until: None });
    world.run();
    // The store is lost, and the second place cannot be read.
    world.controllers[0].saga = crate::saga::Saga::new(&world.service);
    world.becomes(1, Condition::Down);
    world.read(0, 0);
    world.run();
    world.must_order(0, Command::Resume);
    world.run();
    assert!(world.fence(0).pause.is_none() && world.fence(1).pause.is_some());
    world.becomes(1, Condition::Works);
    world.pass(std::time::Duration::from_mins(1));
    world.run();
    assert!((0..2).all(|rank| world.fence(rank).pause.is_none() && world.memory(0, rank).pause().is_none()));
}

#[test]
fn a_decision_goes_above_places_that_are_not_configured_any_more() {
    let mut world = World::adopted(2, 1);
    world.must_order(0, failover("dr"));
    world.run();
    let known = world.agree().expect("moved everywhere").epoch;
    let third = World::new(3, 1).service.projections()[2].clone();
    world.zones = vec![Zone::serving(&third, "prod")];
    world.conditions = vec![Condition::Works];
    world.service = crate::service::Everywhere::only((*third).clone());
    world.crash(0);
    world.controllers[0].outbox.clear();
    world.run();
    world.must_order(0, Command::Adopt);
    world.run();
    assert!(world.fence(0).epoch > known, "a place that comes back must not count as newest");
}

#[test]
fn a_released_service_still_counts_where_its_records_are() {
    let mut world = World::adopted(2, 1);
    world.must_order(0, Command::Release);
    world.run();
    let presence = Presence::of(&world.controllers[0].saga, &BlastRadius::default(), world.now);
    assert_eq!(presence.region().map(RegionName::as_str), Some("prod"));
}
