//! Permits: one-shot, and refused when what was decided is no longer right.

use std::sync::Arc;
use std::time::Duration;

use super::world::*;
use crate::fence::DecisionId;
use crate::fixture::{Seen, address, rrset};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::command::{Command, Order};
use crate::machine::effect::{PermitAnswer, Refusal};
use crate::machine::event::Event;
use crate::rrset::GuardedType;
use crate::service::{Mode, Service};
use crate::write::WriteKind;

fn decided() -> World {
    let mut world = World::adopted();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.machine.state(), State::Flipping {});
    world
}

fn refused(world: &mut World) -> String {
    let Some(PermitAnswer::Refused(why)) = world.ask_permit() else { panic!("expected a refusal") };
    assert_eq!(world.count(HistoryKind::Expired), 1);
    assert!(world.outbox.is_empty(), "nothing is sent");
    why
}

fn reconfigure(world: &mut World, change: impl FnOnce(&mut Service)) {
    let mut service = (*world.service).clone();
    change(&mut service);
    world.service = Arc::new(service);
}

#[test]
fn a_permit_is_given_once() {
    let mut world = decided();
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
    let again = world.ask_permit();
    assert_eq!(again, Some(PermitAnswer::Refused("its permit was given already".to_owned())));
    assert_eq!(world.count(HistoryKind::Permitted), 1);
}

#[test]
fn overrides_that_have_expired_end_the_write_unsent() {
    for (length, granted) in [(6, true), (5, false)] {
        let mut world = World::adopted();
        world.see(Seen::Proven, Seen::Healthy);
        let command = Command::Failover { to: crate::fixture::region("dr") };
        let order = Order {
            overrides: vec![Rule::TargetProven],
            override_for: Some(Duration::from_secs(length)),
            ..Order::new(command, "oncall".parse().expect("a name"), "as agreed")
        };
        assert_eq!(world.step(&Event::Commanded(order)).refusal, None);
        world.pass(Duration::from_secs(5));
        if granted {
            assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
        } else {
            let why = refused(&mut world);
            assert!(why.starts_with("targetProven: ") && why.contains("override of this rule has expired"), "{why}");
        }
    }
}

#[test]
fn overrides_that_would_outlast_the_policys_bound_are_refused() {
    let mut world = World::adopted();
    let command = Command::Failover { to: crate::fixture::region("dr") };
    let longer = world.service.policy.overrides.longest + Duration::from_secs(1);
    let order = Order::new(command, "oncall".parse().expect("a name"), "as agreed");
    let order = Order { overrides: vec![Rule::TargetProven], override_for: Some(longer), ..order };
    let step = world.step(&Event::Commanded(order));
    assert!(matches!(&step.refusal, Some(Refusal::Invalid(why)) if why.contains("at most 3600 s")), "{step:?}");
    assert!(world.outbox.is_empty());
}

#[test]
fn an_unknown_decision_gets_none() {
    let mut world = decided();
    let decision = DecisionId::at(world.now, 999);
    let step = world.step(&Event::PermitAsked { decision });
    assert_eq!(step.permit, Some(PermitAnswer::Refused("the decision has ended".to_owned())));
    assert_eq!(step.effects, []);
}

#[test]
fn the_judgement_of_now_decides() {
    for (prod, dr, rule) in [
        (Seen::Proven, Seen::Proven, "quorumJudged"),
        (Seen::Unknown, Seen::Proven, "quorumJudged"),
        (Seen::Failing, Seen::Healthy, "targetProven"),
        (Seen::Failing, Seen::Failing, "allRegionsFailing"),
    ] {
        let mut world = decided();
        world.see(prod, dr);
        assert!(refused(&mut world).starts_with(rule), "{rule}");
        assert_ne!(world.machine.state(), State::Flipping {});
    }
}

#[test]
fn a_decision_gets_too_old() {
    let mut world = decided();
    world.now = world.pending().valid_until;
    assert_eq!(world.clone().ask_permit(), Some(PermitAnswer::Granted), "not yet");
    world.now = world.now + Duration::from_millis(1);
    assert!(refused(&mut world).contains("too old"));
}

#[test]
fn a_clock_that_was_set_back_makes_a_decision_too_old() {
    let mut world = decided();
    world.now = world.now.before(Duration::from_hours(1));
    assert!(refused(&mut world).contains("too old"));
}

#[test]
fn a_decision_that_nobody_sends_ends_by_itself_and_is_made_anew() {
    let mut world = decided();
    let first = world.pending().id.clone();
    world.pass(Duration::from_mins(1));
    assert_eq!(world.count(HistoryKind::Expired), 1);
    world.run();
    assert!(world.serves("dr"));
    assert_ne!(world.enqueued.last(), Some(&first));
}

#[test]
fn a_small_write_that_nobody_sends_does_not_stand_in_the_way_of_a_failover() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.must_order(Command::Resume);
    assert_eq!(world.pending().kind, WriteKind::Annotate);
    world.see(Seen::Failing, Seen::Proven);
    world.pass(Duration::from_mins(1));
    assert_eq!(world.pending().kind, WriteKind::Failover);
}

#[test]
fn a_foreign_change_in_between_is_not_overwritten() {
    let mut world = decided();
    world.zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    world.read();
    assert!(refused(&mut world).starts_with("noForeignChange"));
}

#[test]
fn a_restart_in_between_reads_first() {
    let mut world = decided();
    world.crash();
    assert!(refused(&mut world).starts_with("zoneKnown"));
    world.look_around();
    assert!(world.serves("dr"), "and decides again");
}

#[test]
fn a_mode_that_became_observe_sends_nothing() {
    let mut world = decided();
    reconfigure(&mut world, |service| service.mode = Mode::Observe);
    assert!(refused(&mut world).starts_with("observing"));
}

#[test]
fn endpoints_that_were_exchanged_in_between_are_not_written() {
    let mut world = decided();
    reconfigure(&mut world, |service| service.regions[1].endpoints[0] = address("198.51.100.99"));
    assert!(refused(&mut world).contains("renders other records"));
    world.look_around();
    assert!(world.serves("dr"), "the new ones are");
}

#[test]
fn what_another_configuration_did_not_read_is_read_anew_but_for_a_write_that_is_on_its_way() {
    let widened = |world: &mut World| {
        let added = crate::fixture::record("shop.example.com", GuardedType::A, crate::service::RecordValues::Endpoints);
        reconfigure(world, |service| service.records.edit(|records| records.push(added)));
        world.tick();
        world.memory().view().is_none() && world.read_wanted
    };
    assert!(widened(&mut World::adopted()), "nothing is open");
    assert!(widened(&mut decided()), "nothing was sent");
    let mut sent = decided();
    assert_eq!(sent.ask_permit(), Some(PermitAnswer::Granted));
    assert!(!widened(&mut sent), "its answer is looked at first");
}

#[test]
fn every_record_counts_for_the_answer_not_only_those_that_change() {
    let mut service = crate::fixture::service();
    let same = [("prod", "lb.example.net."), ("dr", "lb.example.net.")];
    service.records[2].values = crate::fixture::explicit(&same);
    let mut world = World::of(service);
    world.look_around();
    world.must_order(Command::Adopt);
    world.run();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.pending().change.creates.len(), 2, "www stays as it is");
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
}
