//! Batches: as many steps as a target takes at once, to the last record and octet.
//!
//! Steps keep their order, so a batch is a run of consecutive ones. Filling each run before the next is begun gives the least
//! number of batches that order allows: by induction, whatever other cut there is, its n-th batch ends no later than ours,
//! provided that a run weighs what its steps weigh together. A target whose batches share something (names that are
//! compressed in a message) is weighed without that.

use std::ops::{Add, Range};

use crate::order::Step;
use crate::record_set::SetKey;

/// What a step weighs, or at most may weigh, in the units that providers count in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Records, as the target counts them (Route 53 counts those of an UPSERT twice).
    pub records: u64,
    /// Characters of record data (Route 53).
    pub characters: u64,
    /// Octets of a message (RFC 2136: 65,535 over TCP).
    pub octets: u64,
    /// Operations (Cloudflare's batches).
    pub operations: u64,
}

impl Weight {
    /// No bound at all.
    pub const UNBOUNDED: Self =
        Self { records: u64::MAX, characters: u64::MAX, octets: u64::MAX, operations: u64::MAX };

    /// Whether a batch may weigh that much.
    pub fn fits(self, maxima: Self) -> bool {
        let Self { records, characters, octets, operations } = self;
        records <= maxima.records
            && characters <= maxima.characters
            && octets <= maxima.octets
            && operations <= maxima.operations
    }
}

impl Add for Weight {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            characters: self.characters.saturating_add(other.characters),
            octets: self.octets.saturating_add(other.octets),
            operations: self.operations.saturating_add(other.operations),
        }
    }
}

/// How a target counts.
pub trait Measure {
    /// The most that it takes at once.
    fn maxima(&self) -> Weight;

    /// What every batch weighs before anything is in it: a message's header, its signature.
    fn empty(&self) -> Weight {
        Weight::default()
    }

    /// What a step adds.
    fn weigh(&self, step: &Step) -> Weight;
}

/// A step that no batch can take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the change of {key} and the {} that belong to it exceed what the target takes at once ({weight:?} of {maxima:?}); \
     split its values over several names",
    changes - 1
)]
pub struct TooBig {
    /// Its heaviest set, or the first of them.
    pub key: SetKey,
    /// How many changes it has.
    pub changes: usize,
    /// What it weighs, in a batch of its own.
    pub weight: Weight,
    /// What the target takes.
    pub maxima: Weight,
}

/// Cuts steps into the least number of batches that keep their order.
///
/// # Errors
/// [`TooBig`], the first such step: nothing should be sent of a plan that cannot be sent whole.
pub fn pack(steps: &[Step], measure: &impl Measure) -> Result<Vec<Range<usize>>, TooBig> {
    let (maxima, empty) = (measure.maxima(), measure.empty());
    let mut batches = Vec::new();
    let (mut start, mut filled) = (0, empty);
    for (index, step) in steps.iter().enumerate() {
        let weight = measure.weigh(step);
        if !(empty + weight).fits(maxima) {
            return Err(TooBig { key: heaviest(step), changes: step.changes.len(), weight: empty + weight, maxima });
        }
        if !(filled + weight).fits(maxima) {
            batches.push(start..index);
            (start, filled) = (index, empty);
        }
        filled = filled + weight;
    }
    if start < steps.len() {
        batches.push(start..steps.len());
    }
    Ok(batches)
}

/// The set with the most octets: the one to look at.
fn heaviest(step: &Step) -> SetKey {
    let octets = |change: &crate::SetChange| -> usize {
        let sets = change.before.iter().chain(&change.after);
        sets.flat_map(crate::RecordSet::values).map(|value| value.as_wire().len()).sum()
    };
    let heaviest = step.changes.iter().rev().max_by_key(|change| octets(change));
    heaviest.expect("invariant: a step has changes").key.clone()
}

#[cfg(test)]
mod tests;
