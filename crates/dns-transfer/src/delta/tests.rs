use dns_zone::{Rtype, difference};

use super::*;
use crate::fixture::{address, signature, soa, zone};

fn step(from: u32, deleted: &[Record], to: u32, added: &[Record]) -> Difference {
    Difference { deleted: [&[soa(from)], deleted].concat(), added: [&[soa(to)], added].concat() }
}

fn slow(record: Record) -> Record {
    Record { ttl: Ttl::received(90), ..record }
}

#[track_caller]
fn applies(is: &Zone, steps: &[Difference], becomes: &Zone) {
    let mut zone = is.clone();
    let changes = apply(&mut zone, steps.to_vec()).expect("they fit");
    assert_eq!(zone, *becomes);
    assert_eq!(changes, difference(is, becomes));
}

#[track_caller]
fn refuses(is: &Zone, steps: &[Difference]) -> DeltaError {
    let mut zone = is.clone();
    let error = apply(&mut zone, steps.to_vec()).expect_err("they don't fit");
    assert_eq!(zone, *is, "the zone is as before");
    error
}

#[test]
fn a_step_changes_what_it_names_and_says_so() {
    let is = zone(7, &[address("a", 1), address("b", 1), address("c", 1)]);
    let steps = [step(7, &[address("a", 1), address("b", 1)], 8, &[address("b", 2), address("d", 1)])];
    applies(&is, &steps, &zone(8, &[address("b", 2), address("c", 1), address("d", 1)]));
}

#[test]
fn several_steps_become_one_change_of_each_set() {
    let is = zone(7, &[address("a", 1)]);
    let steps = [
        step(7, &[address("a", 1)], 8, &[address("a", 2), address("b", 1)]),
        step(8, &[address("a", 2), address("b", 1)], 9, &[address("a", 3)]),
    ];
    applies(&is, &steps, &zone(9, &[address("a", 3)]));
}

#[test]
fn what_steps_undo_themselves_is_no_change() {
    let is = zone(7, &[address("a", 1)]);
    let steps = [step(7, &[address("a", 1)], 8, &[]), step(8, &[], 9, &[address("a", 1)])];
    applies(&is, &steps, &zone(9, &[address("a", 1)]));
}

#[test]
fn one_value_of_several_can_go_and_come() {
    let is = zone(7, &[address("a", 1), address("a", 2)]);
    applies(&is, &[step(7, &[address("a", 1)], 8, &[address("a", 3)])], &zone(8, &[address("a", 2), address("a", 3)]));
}

#[test]
fn a_ttl_changes_when_all_values_go_and_come() {
    let is = zone(7, &[address("a", 1), address("a", 2)]);
    let (old, new) = ([address("a", 1), address("a", 2)], [slow(address("a", 1)), slow(address("a", 2))]);
    applies(&is, &[step(7, &old, 8, &new)], &zone(8, &new));
}

/// A signer makes new ones every few days, and with the last one of a TTL that TTL goes.
#[test]
fn signatures_come_and_go_with_the_ttls_of_what_they_cover() {
    let of = |covers, ttl| [signature(covers, ttl)];
    let (slow, quick, once) = (of(Rtype::SOA, 3600), of(Rtype::NSEC, 30), of(Rtype::NSEC3PARAM, 0));
    let anew = of(Rtype::SOA, 900);
    let is = zone(7, &[&slow[..], &once].concat());
    let steps = [step(7, &once, 8, &quick), step(8, &slow, 9, &anew)];
    applies(&is, &steps, &zone(9, &[&anew[..], &quick].concat()));
    applies(&is, &steps[..1], &zone(8, &[&slow[..], &quick].concat()));
    applies(&is, &[step(7, &[], 8, &quick)], &zone(8, &[slow, once, quick].concat()));
}

#[test]
fn a_signature_that_is_not_there_is_not_deleted() {
    let is = zone(7, &[signature(Rtype::SOA, 3600)]);
    assert!(matches!(refuses(&is, &[step(7, &[signature(Rtype::NS, 3600)], 8, &[])]), DeltaError::NotThere { .. }));
}

#[test]
fn deleting_what_is_not_there_is_refused() {
    let is = zone(7, &[address("a", 1)]);
    for absent in [address("a", 2), address("b", 1), slow(address("a", 1))] {
        assert!(matches!(refuses(&is, &[step(7, &[absent], 8, &[])]), DeltaError::NotThere { .. }));
    }
    assert!(matches!(refuses(&is, &[step(6, &[], 8, &[])]), DeltaError::NotThere { .. }), "another SOA");
}

#[test]
fn adding_what_is_there_is_refused() {
    let is = zone(7, &[address("a", 1)]);
    assert!(matches!(refuses(&is, &[step(7, &[], 8, &[address("a", 1)])]), DeltaError::AlreadyThere { .. }));
}

#[test]
fn adding_with_another_ttl_is_refused() {
    let is = zone(7, &[address("a", 1)]);
    assert!(matches!(refuses(&is, &[step(7, &[], 8, &[slow(address("a", 2))])]), DeltaError::Ttls { .. }));
}

#[test]
fn a_later_step_that_does_not_fit_undoes_the_first() {
    let is = zone(7, &[address("a", 1)]);
    let steps = [step(7, &[address("a", 1)], 8, &[]), step(8, &[address("a", 1)], 9, &[])];
    assert!(matches!(refuses(&is, &steps), DeltaError::NotThere { .. }));
}
