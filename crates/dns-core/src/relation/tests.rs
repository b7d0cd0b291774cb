//! Assertions and gating rules, each against every place that another service can be in.

use std::collections::BTreeMap;

use super::*;
use crate::companion::Companion;
use crate::companion::tests::{companion, companions, in_doubt, on_its_way};
use crate::fixture::{Seen, region};

fn name(text: &str) -> ServiceName {
    text.parse().expect("a name")
}

fn settled(active: &str) -> Companion {
    companion(active, (Seen::Proven, Seen::Proven))
}

/// Of `a`, `b` and `c`, at least one and at most two in `prod`.
fn assertion() -> Relation {
    let services = ["a", "b", "c"].map(name).into();
    let demand = Demand::Assertion { services, region: region("prod"), at_least: 1, at_most: 2 };
    Relation { name: "one-in-prod".parse().expect("a name"), demand }
}

/// What the assertion says to a move of `a`, with `b` and `c` there.
fn said(from: &str, to: &str, b: Companion, c: Companion) -> Option<String> {
    let (rule, own, from, to) = (assertion(), name("a"), region(from), region(to));
    let others = companions(None, vec![rule.clone()], &[("b", b), ("c", c)]);
    rule.asserts_against(Crossing { service: &own, from: Some(&from), to: &to }, &others)
}

#[test]
fn an_assertion_keeps_as_many_in_a_region_as_it_says() {
    assert_eq!(said("prod", "dr", settled("prod"), settled("dr")), None);
    for gone in [settled("dr"), on_its_way("prod", "dr"), on_its_way("dr", "prod")] {
        let why = said("prod", "dr", settled("dr"), gone).expect("the last one");
        assert_eq!(why, "rule `one-in-prod`: 0 of its services would be left in `prod`, at least 1 must");
    }
    let why = said("prod", "dr", settled("dr"), in_doubt("prod")).expect("nobody knows");
    assert!(why.contains("not known is where these are: `c` (someone else has changed its zone)"), "{why}");
    assert_eq!(
        said("dr", "moon", settled("dr"), settled("dr")),
        None,
        "it is broken, and the move does not concern it"
    );
}

#[test]
fn an_assertion_lets_no_more_into_a_region_than_it_says() {
    assert_eq!(said("dr", "prod", settled("prod"), settled("dr")), None);
    for there in [settled("prod"), on_its_way("dr", "prod"), on_its_way("prod", "dr"), in_doubt("dr")] {
        let why = said("dr", "prod", settled("prod"), there).expect("the third");
        assert!(why.starts_with("rule `one-in-prod`: 3 of its services would be in `prod`, at most 2 may"), "{why}");
    }
    assert_eq!(said("prod", "prod", settled("prod"), settled("prod")), None, "it is there already");
}

#[test]
fn a_service_that_is_not_loaded_is_nowhere_for_certain() {
    let (rule, own, prod, dr) = (assertion(), name("a"), region("prod"), region("dr"));
    let others = companions(None, vec![rule.clone()], &[]);
    let why = rule.asserts_against(Crossing { service: &own, from: Some(&prod), to: &dr }, &others);
    assert!(why.expect("held").contains("`b` (its state is not loaded)"));
}

fn gated(db: Companion) -> Option<String> {
    let while_in: BTreeMap<ServiceName, RegionName> = [(name("db"), region("dr"))].into();
    let demand = Demand::Gating { services: vec![name("web")], into: region("dr"), while_in };
    let rule = Relation { name: "web-follows-db".parse().expect("a name"), demand };
    let (own, prod, dr) = (name("web"), region("prod"), region("dr"));
    let others = companions(None, vec![rule.clone()], &[("db", db)]);
    let crossing = |from, to| Crossing { service: &own, from: Some(from), to };
    assert_eq!(rule.gates_against(crossing(&dr, &prod), &others), None, "the way out is free");
    let db = name("db");
    assert_eq!(
        rule.gates_against(Crossing { service: &db, from: Some(&prod), to: &dr }, &others),
        None,
        "it is no gate of it"
    );
    rule.gates_against(crossing(&prod, &dr), &others)
}

#[test]
fn a_gating_rule_lets_in_only_while_the_others_are_where_they_should_be() {
    assert_eq!(gated(settled("dr")), None);
    let why = gated(settled("prod")).expect("not there");
    assert_eq!(why, "rule `web-follows-db`: `db` is in `prod`, and must be in `dr`");
    let why = gated(on_its_way("prod", "dr")).expect("not there yet");
    assert_eq!(why, "rule `web-follows-db`: `db` is on its way from `prod` to `dr`, and must be in `dr`");
    let why = gated(in_doubt("dr")).expect("nobody knows");
    assert!(why.contains("`db` must be in `dr`, and where it is is not known: someone else"), "{why}");
}
