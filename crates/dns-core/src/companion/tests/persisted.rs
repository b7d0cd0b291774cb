//! What machines remember of their groups: pinned, and read as it was written.

use super::group;
use super::troop::Troop;
use crate::fixture::{Seen, judgement};
use crate::group::MoveWhen;
use crate::machine::event::{DeliveryOutcome, Event};
use crate::saga::Saga;

/// Of a first member that was not seen to be served, and of a second whose write is decided.
const GOLDEN: &str = include_str!("envelopes.v2.group.golden.json");

fn written() -> String {
    let mut troop = Troop::of(&group(&["shop-db", "shop-api"], MoveWhen::Any), &[], |_| {});
    troop.see("shop-db", Seen::Failing, Seen::Proven);
    for _ in 0..5 {
        troop.tick("shop-db");
    }
    troop.step("shop-api", &Event::Judged(judgement(Seen::Proven, Seen::Proven)));
    let second = troop.soldiers["shop-api"].saga.to_envelope();
    let mut troop = Troop::of(&group(&["shop-db", "shop-api"], MoveWhen::Any), &[], |_| {});
    troop.soldier("shop-db").serves = DeliveryOutcome::Old;
    troop.see("shop-db", Seen::Failing, Seen::Proven);
    troop.run();
    let first = troop.soldiers["shop-db"].saga.to_envelope();
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("json");
    serde_json::to_string_pretty(&[read(&first), read(&second)]).expect("json") + "\n"
}

#[test]
fn what_is_remembered_of_a_group_is_pinned_and_read() {
    let written = written();
    assert!(written == GOLDEN, "the persisted form changed; raise VERSION and read both:\n{written}");
    for word in ["\"unserved\"", "\"group\"", "\"members\"", "\"decision\""] {
        assert!(GOLDEN.contains(word), "{word} is pinned");
    }
    let troop = Troop::of(&group(&["shop-db", "shop-api"], MoveWhen::Any), &[], |_| {});
    let all: Vec<serde_json::Value> = serde_json::from_str(GOLDEN).expect("json");
    for (envelope, name) in all.iter().zip(["shop-db", "shop-api"]) {
        let saga = Saga::from_envelope(&envelope.to_string(), &troop.soldiers[name].service).expect("reads");
        let again: serde_json::Value = serde_json::from_str(&saga.to_envelope()).expect("json");
        assert_eq!(again, *envelope, "nothing of it is lost");
    }
}
