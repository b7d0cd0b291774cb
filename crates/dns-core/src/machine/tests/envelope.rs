//! The persisted form: pinned by a golden file, and refused when it is not ours.

use std::time::Duration;

use super::world::*;
use crate::fixture::Seen;
use crate::machine::command::Command;
use crate::machine::envelope::EnvelopeError;
use crate::machine::event::Event;
use crate::machine::{Machine, State};
use crate::time::Timestamp;

/// Every field filled: pinned and paused in `dr` with the move still being verified, a failover held, a provider that
/// failed, an uncertain write open and a zone that cannot be read.
fn rich() -> World {
    let mut world = World::adopted();
    world.must_order(failover("dr"));
    world.ask_permit();
    world.send();
    world.see(Seen::Failing, Seen::Failing);
    world.provider = Provider::Denies;
    world.must_order(Command::Pause { until: Some(Timestamp::from_secs(1_795_999_999)) });
    world.ask_permit();
    world.send();
    world.read();
    world.pass(Duration::from_secs(1));
    world.ask_permit();
    let decision = world.pending().id.clone();
    world.step(&Event::WriteUncertain { decision, reason: "no answer".to_owned() });
    world.step(&Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false });
    world
}

fn pretty(envelope: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(envelope).expect("json");
    serde_json::to_string_pretty(&value).expect("json") + "\n"
}

#[test]
fn its_form_is_pinned() {
    let golden = include_str!("envelope.golden.json");
    let written = pretty(&rich().machine.to_envelope());
    assert!(written == golden, "the persisted form changed; raise VERSION and read both:\n{written}");
    let value: serde_json::Value = serde_json::from_str(golden).expect("json");
    let memory = value["machine"]["shared_storage"].as_object().expect("an object");
    let empty: Vec<&String> = memory.iter().filter(|(_, value)| value.is_null()).map(|(field, _)| field).collect();
    assert_eq!(memory.len(), 14, "every field is pinned");
    assert!(empty.is_empty(), "with a value: {empty:?}");
}

#[test]
fn the_pinned_form_is_read_whole() {
    let machine = Machine::from_envelope(include_str!("envelope.golden.json")).expect("reads");
    let world = rich();
    assert_eq!(machine.state(), world.machine.state());
    assert_eq!(pretty(&machine.to_envelope()), pretty(&world.machine.to_envelope()));
    assert!(machine.memory().judgement().is_none() && machine.memory().view().is_none(), "to be heard anew");
}

#[test]
fn a_state_without_what_was_added_later_is_read() {
    let golden = include_str!("envelope.golden.json");
    let older = golden.replace("        \"denied\": false,\n", "");
    assert_ne!(older, golden);
    assert_eq!(pretty(&Machine::from_envelope(&older).expect("reads").to_envelope()), golden);
}

#[test]
fn the_pinned_state_goes_on() {
    let mut world = rich();
    world.crash();
    world.provider = Provider::Works;
    assert_eq!(world.machine.state(), State::Verifying {});
    world.see(Seen::Proven, Seen::Failing);
    world.run();
    assert!(world.serves("dr") && world.fence().pause.is_some());
    assert_eq!(world.machine.state(), State::Paused {});
    world.must_order(Command::Resume);
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn another_version_is_refused() {
    for version in [0, 2, 99] {
        let text = format!(r#"{{"version":{version},"machine":{{"anything":1}}}}"#);
        assert!(matches!(Machine::from_envelope(&text), Err(EnvelopeError::Version(found)) if found == version));
    }
}

#[test]
fn garbage_is_refused() {
    let good = Machine::new().to_envelope();
    let cut = &good[..good.len() - 1];
    for text in ["", "null", "{}", r#"{"version":1}"#, r#"{"version":1,"machine":{}}"#, r#"{"version":-1}"#, cut] {
        assert!(matches!(Machine::from_envelope(text), Err(EnvelopeError::Content(_))), "{text}");
    }
    assert!(Machine::from_envelope(&good).is_ok());
}
