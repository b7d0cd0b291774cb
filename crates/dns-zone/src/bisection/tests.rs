use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::fixture::zone;
use crate::{difference, order};

fn steps(is: &[&str], wanted: &[&str]) -> Vec<Step> {
    order(difference(&zone(is), &zone(wanted)), &BTreeMap::new())
}

fn creates(count: usize) -> Vec<Step> {
    let lines: Vec<String> = (0..count).map(|index| format!("n{index:05} A 1")).collect();
    steps(&[], &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A target that refuses every batch with a step of `poison` in it. Gives the outcome and the number of batches.
fn search(steps: &[Step], poison: &BTreeSet<usize>) -> (Outcome, usize) {
    let mut search = Bisection::new(steps, (0..steps.len()).collect(), "no", BTreeSet::new());
    let mut tries = 0;
    while let Some(batch) = search.next_batch() {
        tries += 1;
        if batch.iter().any(|index| poison.contains(index)) { search.refused("no") } else { search.passed() }
    }
    (search.into_outcome(), tries)
}

#[test]
fn one_poison_step_in_ten_thousand_is_found_and_all_others_go_through() {
    let steps = creates(10_000);
    let (outcome, tries) = search(&steps, &BTreeSet::from([6_543]));
    assert_eq!(outcome.poison, [(6_543, "no".to_owned())]);
    assert_eq!(outcome.done, (0..10_000).filter(|index| *index != 6_543).collect::<Vec<_>>());
    assert!(tries <= 28, "{tries}");
}

#[test]
fn a_batch_of_one_is_poison_at_once() {
    let steps = creates(1);
    assert_eq!(
        search(&steps, &BTreeSet::from([0])),
        (Outcome { poison: vec![(0, "no".to_owned())], ..Outcome::default() }, 0)
    );
}

#[test]
fn steps_that_need_a_poison_one_are_withheld() {
    let steps = steps(&["a A 1", "x TXT 1"], &["a A 2", "a TXT 2", "ns.sub A 3", "sub NS ns.sub"]);
    // New: ns.sub A; changed: a A; new: a TXT; sub NS; gone: x TXT.
    let (outcome, _) = search(&steps, &BTreeSet::from([0, 1]));
    assert_eq!(outcome.poison.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((outcome.withheld, outcome.done), (vec![2, 3, 4], vec![]), "after a refusal nothing is deleted");
}

#[test]
fn what_was_refused_in_a_batch_before_is_needed_still() {
    let steps = steps(&[], &["ns.sub A 3", "sub NS ns.sub", "www A 1"]);
    let named =
        |name: &str| steps.iter().position(|step| step.owners().any(|owner| *owner == crate::fixture::name(name)));
    let spoilt = BTreeSet::from([crate::fixture::name("ns.sub")]);
    let rest: Vec<usize> = ["sub", "www"].into_iter().filter_map(named).collect();
    let mut search = Bisection::new(&steps, rest, "no", spoilt);
    while search.next_batch().is_some() {
        search.passed();
    }
    let outcome = search.into_outcome();
    assert_eq!(
        (outcome.withheld, outcome.done),
        (vec![named("sub").expect("a step")], vec![named("www").expect("one")])
    );
}

proptest! {
    #[test]
    fn everything_is_accounted_for_in_order(count in 1..60_usize, poison in prop::collection::btree_set(0..60_usize, 1..6)) {
        let poison: BTreeSet<usize> = poison.into_iter().map(|index| index % count).collect();
        let steps = creates(count);
        let (outcome, tries) = search(&steps, &poison);
        prop_assert_eq!(outcome.done, (0..count).filter(|index| !poison.contains(index)).collect::<Vec<_>>());
        prop_assert_eq!(outcome.poison.into_iter().map(|(index, _)| index).collect::<BTreeSet<_>>(), poison.clone());
        let depth = usize::try_from(count.next_power_of_two().ilog2()).expect("small");
        prop_assert!(tries <= 2 * depth * poison.len() + 1);
    }
}
