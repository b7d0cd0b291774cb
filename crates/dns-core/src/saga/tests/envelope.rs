//! The persisted form: pinned by a golden file for each version, and refused when it is not ours.

use std::time::Duration;

use super::world::*;
use crate::fixture::{Seen, service};
use crate::fleet::Progress;
use crate::machine::State;
use crate::machine::command::Command;
use crate::machine::event::Event;
use crate::saga::Saga;
use crate::saga::envelope::EnvelopeError;
use crate::service::{Everywhere, Service};
use crate::time::Timestamp;

const VERSION_1: &str = include_str!("envelope.v1.golden.json");
const VERSION_2: &str = include_str!("envelope.v2.golden.json");

/// Since the counts of what left a region without an order are kept with the state.
const VERSION_2_LEFT: &str = include_str!("envelope.v2.left.golden.json");

/// Since failback waits longer at a service that flaps.
const VERSION_2_DWELL: &str = include_str!("envelope.v2.dwell.golden.json");

/// In `dr` after a failover that nobody has ordered, and that has arrived.
fn left() -> World {
    let mut world = World::adopted(1, 1);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world
}

/// Every field filled: pinned and paused in `dr` with the move still being verified, a failover held, a provider that
/// failed, an uncertain write open and a zone that cannot be read; at the second place likewise.
fn rich() -> World {
    let mut world = World::adopted(2, 1);
    world.must_order(0, failover("dr"));
    for rank in 0..2 {
        world.ask_permit(0, rank);
        world.send(0, rank);
    }
    world.see(Seen::Failing, Seen::Failing);
    world.conditions = vec![Condition::Denies; 2];
    world.must_order(0, Command::Pause { until: Some(Timestamp::from_secs(1_795_999_999)) });
    for rank in 0..2 {
        world.ask_permit(0, rank);
        world.send(0, rank);
        world.read(0, rank);
    }
    world.pass(Duration::from_secs(1));
    for rank in 0..2 {
        world.ask_permit(0, rank);
        world.lose(0, rank);
        let event = Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false };
        world.step_at(0, rank, &event);
    }
    world
}

fn pretty(envelope: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(envelope).expect("json");
    serde_json::to_string_pretty(&value).expect("json") + "\n"
}

#[test]
fn its_form_is_pinned() {
    let written = pretty(&rich().controllers[0].saga.to_envelope());
    assert!(written == VERSION_2, "the persisted form changed; raise VERSION and read both:\n{written}");
    let value: serde_json::Value = serde_json::from_str(VERSION_2).expect("json");
    let memory = value["places"][0]["machine"]["shared_storage"].as_object().expect("an object");
    let empty: Vec<&String> = memory.iter().filter(|(_, value)| value.is_null()).map(|(field, _)| field).collect();
    assert_eq!(memory.len(), 15, "every field is pinned");
    assert!(empty.is_empty(), "with a value: {empty:?}");
}

#[test]
fn the_pinned_form_is_read_whole() {
    let saga = Saga::from_envelope(VERSION_2, &at_providers(2)).expect("reads");
    assert_eq!(pretty(&saga.to_envelope()), VERSION_2);
    let heard =
        saga.machines().any(|(_, machine)| machine.memory().judgement().is_some() || machine.memory().view().is_some());
    assert!(!heard, "to be heard anew");
}

#[test]
fn what_left_a_region_without_an_order_is_pinned_and_read() {
    let saga = Saga::from_envelope(VERSION_2_LEFT, &at_providers(1)).expect("reads");
    assert_eq!(pretty(&saga.to_envelope()), VERSION_2_LEFT);
    let machine = saga.machines().next().map(|(_, machine)| machine).expect("one");
    let departure = machine.memory().departure().expect("it has left");
    assert_eq!((departure.from.as_str(), departure.progress), ("prod", Progress::Arrived));
}

#[test]
fn how_often_it_has_left_its_preferred_region_is_pinned_and_read() {
    let written = pretty(&left().controllers[0].saga.to_envelope());
    assert!(written == VERSION_2_DWELL, "the persisted form changed; raise VERSION and read both:\n{written}");
    let saga = Saga::from_envelope(VERSION_2_DWELL, &at_providers(1)).expect("reads");
    assert_eq!(pretty(&saga.to_envelope()), VERSION_2_DWELL);
    let machine = saga.machines().next().map(|(_, machine)| machine).expect("one");
    assert_eq!(machine.memory().dwell().map(|dwell| dwell.left), Some(1));
}

/// Version 1 as it was pinned, of the one place that it knew.
#[test]
fn version_1_is_read_as_the_first_places_machine() {
    let saga = Saga::from_envelope(VERSION_1, &at_providers(2)).expect("reads");
    let states: Vec<State> = saga.machines().map(|(_, machine)| machine.state()).collect();
    assert_eq!(states, [State::Verifying {}, State::Unknown {}]);
    let first: serde_json::Value = serde_json::from_str(VERSION_1).expect("json");
    let second: serde_json::Value = serde_json::from_str(&saga.to_envelope()).expect("json");
    assert_eq!(second["places"][0]["machine"], first["machine"], "nothing of it is lost");
    assert_eq!(second["places"][0]["provider"], "main");
}

#[test]
fn version_1_goes_to_the_place_that_its_fence_names_however_the_places_are_ordered() {
    let [main, second] = [0, 1].map(|rank: usize| (*at_providers(2).projections()[rank].clone()).clone());
    let reordered = Everywhere::new([second, main]).expect("two");
    let saga = Saga::from_envelope(VERSION_1, &reordered).expect("reads");
    let held: Vec<bool> = saga.machines().map(|(_, machine)| machine.memory().held().is_some()).collect();
    assert_eq!(held, [false, true]);
}

#[test]
fn version_1_without_what_was_added_later_is_read() {
    let older = VERSION_1.replace("        \"denied\": false,\n", "");
    assert_ne!(older, VERSION_1);
    let service = Everywhere::only(service());
    let read = |text: &str| Saga::from_envelope(text, &service).expect("reads").to_envelope();
    assert_eq!(read(&older), read(VERSION_1));
}

#[test]
fn a_place_that_left_the_configuration_is_kept_for_its_return() {
    let saga = Saga::from_envelope(VERSION_2, &at_providers(2)).expect("reads");
    let without = Saga::from_envelope(&saga.to_envelope(), &Everywhere::only(service())).expect("reads");
    assert_eq!(without.machines().len(), 1);
    let again = Saga::from_envelope(&without.to_envelope(), &at_providers(2)).expect("reads");
    assert_eq!(again.to_envelope(), saga.to_envelope());
}

#[test]
fn a_service_of_one_place_takes_what_it_knows_to_a_new_home() {
    let saga = Saga::from_envelope(VERSION_1, &Everywhere::only(service())).expect("reads");
    let moved = Service { provider: "elsewhere".parse().expect("a name"), ..service() };
    let there = Saga::from_envelope(&saga.to_envelope(), &Everywhere::only(moved)).expect("reads");
    assert!(there.machines().all(|(_, machine)| machine.memory().held().is_some()));
}

#[test]
fn the_pinned_state_goes_on() {
    let mut world = rich();
    world.crash(0);
    world.conditions = vec![Condition::Works; 2];
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    world.pass(Duration::from_mins(1));
    world.run();
    assert!((0..2).all(|rank| world.fence(rank).pause.is_some()));
    world.must_order(0, Command::Resume);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active.is_some_and(|active| active.as_str() == "prod")));
}

#[test]
fn another_version_is_refused() {
    for version in [0, 3, 99] {
        let text = format!(r#"{{"version":{version},"machine":{{"anything":1}}}}"#);
        let read = Saga::from_envelope(&text, &at_providers(1));
        assert!(matches!(read, Err(EnvelopeError::Version(found)) if found == version));
    }
}

#[test]
fn garbage_is_refused() {
    let service = at_providers(1);
    let good = Saga::new(&service).to_envelope();
    let cut = &good[..good.len() - 1];
    let others = ["", "null", "{}", r#"{"version":1}"#, r#"{"version":2}"#, r#"{"version":1,"machine":{}}"#];
    for text in others.into_iter().chain([r#"{"version":-1}"#, r#"{"version":2,"places":[{}]}"#, cut]) {
        assert!(matches!(Saga::from_envelope(text, &service), Err(EnvelopeError::Content(_))), "{text}");
    }
    assert!(Saga::from_envelope(&good, &service).is_ok());
}
