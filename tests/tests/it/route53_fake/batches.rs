//! Change batches: atomic, in order, matched against what the zone holds now, within the limits.

use tests::route53::{RecordSet, Routing, Setup};

use super::client::{Rig, alias, set, weighted};

const API: &str = "api.example.com";
const OLD: &str = "192.0.2.1";
const NEW: &str = "198.51.100.1";

fn api(value: &str) -> String {
    set(API, "A", 60, &[value])
}

fn with_api() -> Rig {
    let rig = Rig::new();
    rig.create(&api(OLD)).assert_done();
    rig
}

fn values(rig: &Rig) -> Option<Vec<String>> {
    rig.fake.record(&rig.zone, API, "A").map(|set| set.values().to_vec())
}

#[test]
fn applies_a_delete_and_a_create_of_one_set_together() {
    let rig = with_api();
    rig.change(&[("DELETE", api(OLD)), ("CREATE", api(NEW))]).assert_done();
    assert_eq!(values(&rig), Some(vec![NEW.to_owned()]));
}

#[test]
fn applies_nothing_of_a_batch_with_one_fault() {
    let rig = with_api();
    let before = rig.fake.records(&rig.zone);
    let other = set("new.example.com", "A", 60, &[NEW]);
    let answer =
        rig.change(&[("CREATE", other), ("DELETE", api(OLD)), ("DELETE", set("gone.example.com", "A", 60, &[OLD]))]);
    answer.assert_invalid_batch("[name='gone.example.com.', type='A'] but it was not found");
    assert_eq!(rig.fake.records(&rig.zone), before);
}

#[test]
fn names_every_fault_of_a_batch() {
    let rig = with_api();
    let answer = rig.change(&[("DELETE", set("gone.example.com", "A", 60, &[OLD])), ("CREATE", api(NEW))]);
    answer.assert_invalid_batch(
        "[Tried to delete resource record set [name='gone.example.com.', type='A'] but it was not found, \
         Tried to create resource record set [name='api.example.com.', type='A'] but it already exists]",
    );
}

#[test]
fn deletes_only_what_the_zone_holds_now() {
    let rig = with_api();
    let mismatch = "[name='api.example.com.', type='A'] but the values provided do not match the current values";
    rig.change(&[("DELETE", api(OLD)), ("CREATE", api(NEW))]).assert_done();
    // What it held once is no match.
    rig.change(&[("DELETE", api(OLD))]).assert_invalid_batch(mismatch);
    rig.change(&[("DELETE", set(API, "A", 61, &[NEW]))]).assert_invalid_batch(mismatch);
    rig.change(&[("DELETE", set(API, "A", 60, &[NEW, OLD]))]).assert_invalid_batch(mismatch);
    rig.change(&[("DELETE", alias(API, "A", &rig.zone, API))]).assert_invalid_batch(mismatch);
    rig.change(&[("DELETE", api(NEW))]).assert_done();
    rig.change(&[("DELETE", api(NEW))]).assert_invalid_batch("but it was not found");
}

#[test]
fn sees_a_change_made_by_hand() {
    let rig = with_api();
    rig.fake.put(&rig.zone, RecordSet::new(API, "A", 60, &[NEW]));
    rig.change(&[("DELETE", api(OLD)), ("CREATE", api(OLD))]).assert_invalid_batch("do not match");
    assert_eq!(rig.fake.remove(&rig.zone, API, "A"), 1);
    rig.change(&[("DELETE", api(NEW))]).assert_invalid_batch("not found");
}

#[test]
fn deletes_whatever_the_order_of_values() {
    let rig = Rig::new();
    rig.create(&set(API, "A", 60, &[OLD, NEW])).assert_done();
    rig.change(&[("DELETE", set(API, "A", 60, &[NEW, OLD]))]).assert_done();
    assert_eq!(values(&rig), None);
}

#[test]
fn deletes_an_alias_only_by_its_whole_target() {
    let rig = with_api();
    let of = |zone: &str, target: &str| alias("www.example.com", "A", zone, target);
    rig.create(&of("Z35SXDOTRQ7X7K", "lb.example.net")).assert_done();
    rig.change(&[("DELETE", of("Z35SXDOTRQ7X7X", "lb.example.net"))]).assert_invalid_batch("do not match");
    rig.change(&[("DELETE", of("Z35SXDOTRQ7X7K", "lb2.example.net"))]).assert_invalid_batch("do not match");
    let healthy = of("Z35SXDOTRQ7X7K", "lb.example.net").replace("false", "true");
    rig.change(&[("DELETE", healthy)]).assert_invalid_batch("do not match");
    rig.change(&[("DELETE", of("Z35SXDOTRQ7X7K", "LB.example.net."))]).assert_done();
}

#[test]
fn tells_sets_apart_by_their_identifier() {
    let rig = Rig::new();
    let (one, two) = (weighted(API, "one", 1, 60, OLD), weighted(API, "two", 2, 60, NEW));
    rig.change(&[("CREATE", one.clone()), ("CREATE", two)]).assert_done();
    rig.create(&one)
        .assert_invalid_batch("[name='api.example.com.', type='A', set-identifier='one'] but it already exists");
    rig.change(&[("DELETE", weighted(API, "one", 9, 60, OLD))]).assert_invalid_batch("do not match");
    rig.change(&[("DELETE", weighted(API, "three", 1, 60, OLD))]).assert_invalid_batch("not found");
    rig.change(&[("DELETE", one)]).assert_done();
    let left: Vec<_> = rig.fake.records(&rig.zone).into_iter().filter_map(|set| set.routing).collect();
    assert_eq!(left, [Routing::Weighted(2)]);
}

#[test]
fn refuses_a_set_twice_in_one_batch_but_for_delete_and_create() {
    let rig = with_api();
    let before = rig.fake.records(&rig.zone);
    for actions in
        [["DELETE", "DELETE"], ["UPSERT", "UPSERT"], ["DELETE", "UPSERT"], ["CREATE", "DELETE"], ["UPSERT", "DELETE"]]
    {
        let answer = rig.change(&actions.map(|action| (action, api(OLD))));
        answer
            .assert_invalid_batch("contains an invalid set of changes for a resource record set 'A api.example.com.'");
    }
    assert_eq!(rig.fake.records(&rig.zone), before);
}

#[test]
fn upserts_what_is_there_and_what_is_not() {
    let rig = Rig::new();
    for value in [OLD, OLD, NEW] {
        rig.change(&[("UPSERT", api(value))]).assert_done();
        assert_eq!(values(&rig), Some(vec![value.to_owned()]));
    }
}

#[test]
fn follows_the_order_of_changes() {
    let rig = with_api();
    let cname = set(API, "CNAME", 60, &["lb.example.net"]);
    rig.change(&[("CREATE", cname.clone()), ("DELETE", api(OLD))]).assert_invalid_batch("conflicts with other records");
    rig.change(&[("DELETE", api(OLD)), ("CREATE", cname)]).assert_done();
}

/// So many sets of one record each.
fn many(action: &'static str, count: usize) -> Vec<(&'static str, String)> {
    (0..count).map(|at| (action, set(&format!("n{at}.example.com"), "A", 60, &["192.0.2.1"]))).collect()
}

#[test]
fn takes_a_thousand_records_an_upsert_for_two() {
    let rig = Rig::new();
    let limit = "Number of records limit of 1000 exceeded.";
    rig.change(&many("CREATE", 1001)).assert_invalid_batch(limit);
    rig.change(&many("CREATE", 1000)).assert_done();
    rig.change(&many("UPSERT", 501)).assert_invalid_batch(limit);
    rig.change(&many("UPSERT", 500)).assert_done();
    let sizes: Vec<_> = rig.fake.batches().iter().map(|batch| (batch.records, batch.refusal.is_none())).collect();
    assert_eq!(sizes, [(1001, false), (1000, true), (1002, false), (1000, true)]);
}

#[test]
fn takes_32000_characters_an_upsert_for_two() {
    let rig = Rig::new();
    let text = |at: usize, characters: usize| {
        // Strings of 250 bytes, with their marks 252 characters each; the last one fills up.
        let mut value = "\"\"".repeat((characters - 2) / 252);
        value = value.replace("\"\"", &format!("\"{}\"", "x".repeat(250)));
        let left = characters - value.len();
        value.extend(["\"", &"x".repeat(left - 2), "\""]);
        set(&format!("t{at}.example.com"), "TXT", 60, &[&value])
    };
    let limit = "RDATA character limit of 32000 exceeded.";
    let of = |action: &'static str, count: usize, last: usize| {
        let full = (1..count).map(|at| (action, text(at, 4000)));
        full.chain([(action, text(count, last))]).collect::<Vec<_>>()
    };
    rig.change(&of("CREATE", 9, 3)).assert_invalid_batch(limit);
    rig.change(&of("CREATE", 8, 4000)).assert_done();
    rig.change(&of("UPSERT", 5, 3)).assert_invalid_batch(limit);
    rig.change(&of("UPSERT", 4, 4000)).assert_done();
    assert_eq!(
        rig.fake.batches().iter().map(|batch| batch.characters).collect::<Vec<_>>(),
        [32_003, 32_000, 32_006, 32_000]
    );
}

#[test]
fn holds_no_more_sets_than_the_account_may_have() {
    let rig = Rig::with(Setup { sets_per_zone_max: 3, ..Setup::default() });
    rig.create(&api(OLD)).assert_done();
    rig.create(&set("b.example.com", "A", 60, &[OLD]))
        .assert_invalid_batch("Exceeded limit MAX_RRSETS_BY_ZONE for zone: Z");
    rig.change(&[("UPSERT", api(NEW))]).assert_done();
}
