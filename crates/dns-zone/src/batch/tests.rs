use std::collections::BTreeMap;

use domain::base::Rtype;
use proptest::prelude::*;

use super::*;
use crate::fixture::{key, set};
use crate::{Kind, SetChange, order};

/// Counts as Route 53 does: values, those of an update twice.
struct Records(u64);

impl Measure for Records {
    fn maxima(&self) -> Weight {
        Weight { records: self.0, ..Weight::UNBOUNDED }
    }

    fn weigh(&self, step: &Step) -> Weight {
        let records = |change: &SetChange| {
            let values = change.after.as_ref().or(change.before.as_ref()).map_or(0, |set| set.values().len());
            values as u64 * if change.kind() == Kind::Update { 2 } else { 1 }
        };
        Weight { records: step.changes.iter().map(records).sum(), ..Weight::default() }
    }
}

/// Octets, with a header in every message.
struct Octets;

impl Measure for Octets {
    fn maxima(&self) -> Weight {
        Weight { octets: 20, ..Weight::UNBOUNDED }
    }

    fn empty(&self) -> Weight {
        Weight { octets: 12, ..Weight::default() }
    }

    fn weigh(&self, step: &Step) -> Weight {
        let octets: usize = step.changes.iter().flat_map(|one| &one.after).map(|set| 4 * set.values().len()).sum();
        Weight { octets: octets as u64, ..Weight::default() }
    }
}

fn creates(sizes: &[u8]) -> Vec<Step> {
    let change = |(index, size): (usize, &u8)| {
        let values: Vec<String> = (0..*size).map(|value| value.to_string()).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        SetChange { key: key(&format!("n{index:03}"), Rtype::A), before: None, after: Some(set(Rtype::A, &values)) }
    };
    order(sizes.iter().enumerate().map(change).collect(), &BTreeMap::new())
}

#[test]
fn a_batch_is_filled_to_the_last_record() {
    assert_eq!(pack(&creates(&[5, 5, 1, 9, 1]), &Records(10)), Ok(vec![0..2, 2..4, 4..5]));
    assert_eq!(pack(&[], &Records(10)), Ok(vec![]));
}

#[test]
fn what_every_batch_weighs_counts_in_every_batch() {
    assert_eq!(pack(&creates(&[1, 1, 1, 1, 1]), &Octets), Ok(vec![0..2, 2..4, 4..5]));
}

#[test]
fn a_step_that_fits_no_batch_is_named() {
    let error = pack(&creates(&[1, 11]), &Records(10)).expect_err("too big");
    assert_eq!(error.key, key("n001", Rtype::A));
    assert!(error.to_string().starts_with("the change of n001.example.test. A "), "{error}");
    assert!(pack(&creates(&[3]), &Octets).is_err(), "the header counts here too");
}

/// The least number of runs by trying every cut.
fn least(sizes: &[u8], max: u64) -> usize {
    let mut best = vec![0; sizes.len() + 1];
    for end in 1..=sizes.len() {
        let fits = |start: &usize| sizes[*start..end].iter().map(|size| u64::from(*size)).sum::<u64>() <= max;
        best[end] = (0..end).filter(fits).map(|start| best[start] + 1).min().expect("one alone fits");
    }
    best[sizes.len()]
}

proptest! {
    #[test]
    fn no_other_cut_needs_fewer_batches(sizes in prop::collection::vec(1..10_u8, 0..40)) {
        let steps = creates(&sizes);
        let batches = pack(&steps, &Records(10)).expect("each fits");
        prop_assert_eq!(batches.len(), least(&sizes, 10));
        let covered: Vec<usize> = batches.into_iter().flatten().collect();
        prop_assert_eq!(covered, (0..sizes.len()).collect::<Vec<_>>());
    }
}
