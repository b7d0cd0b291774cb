//! Calls of the API: how many were made, and the least that the work could take.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::route53::{Batch, Fake, Operation};

/// Sets that one page of a listing holds (API Reference, `ListResourceRecordSets`, `MaxItems`).
const PAGE_SETS_MAX: u64 = 300;

/// What one batch may hold (Developer Guide, "Quotas").
const BATCH_RECORDS_MAX: usize = 1_000;
const BATCH_CHARACTERS_MAX: usize = 32_000;

/// Calls by operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Calls {
    /// `ChangeResourceRecordSets`.
    pub(super) changes: u64,
    /// `ListResourceRecordSets`.
    pub(super) pages: u64,
    /// `GetChange`.
    pub(super) progress: u64,
    /// Any other.
    pub(super) others: u64,
}

impl Calls {
    /// What has come so far, refused ones included.
    pub(super) fn so_far(fake: &Fake) -> Self {
        let of = |operation| u64::try_from(fake.requests(operation)).unwrap_or(u64::MAX);
        let (changes, pages, progress) =
            (of(Operation::ChangeResourceRecordSets), of(Operation::ListResourceRecordSets), of(Operation::GetChange));
        let all = u64::try_from(fake.all_requests()).unwrap_or(u64::MAX);
        Self { changes, pages, progress, others: all.saturating_sub(changes + pages + progress) }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            changes: self.changes - before.changes,
            pages: self.pages - before.pages,
            progress: self.progress - before.progress,
            others: self.others - before.others,
        }
    }

    pub(super) fn sum(self) -> u64 {
        self.changes + self.pages + self.progress + self.others
    }
}

/// The least that moves every service once: as many batches as its flips fill, one call that says that a batch has
/// arrived, and one listing of the zone that shows them. No listing is counted for the plan: what was read in quiet times
/// and is still served is enough to plan on, since every write is conditional.
pub(super) fn least(batches: &[Batch], sets: usize) -> Calls {
    let changes = packed(&flips(batches));
    let pages = u64::try_from(sets).unwrap_or(u64::MAX).div_ceil(PAGE_SETS_MAX);
    Calls { changes, pages, progress: changes, others: 0 }
}

/// Records and characters of each flip that was accepted, in the order of the services: a flip is what a batch changes of
/// one service, whose records are named after it.
fn flips(batches: &[Batch]) -> Vec<(usize, usize)> {
    let mut flips: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for change in batches.iter().filter(|batch| batch.refusal.is_none()).flat_map(|batch| &batch.changes) {
        let name = change.set.name.to_string();
        let service = name.split('.').next().unwrap_or_default().trim_start_matches('_').to_owned();
        let values = change.set.values();
        let flip = flips.entry(service).or_default();
        flip.0 += values.len().max(1);
        flip.1 += values.iter().map(|value| value.chars().count()).sum::<usize>();
    }
    flips.into_values().collect()
}

/// How many batches hold them, each as full as it gets and none split.
fn packed(flips: &[(usize, usize)]) -> u64 {
    let mut batches = 0;
    let mut room = (0, 0);
    for (records, characters) in flips {
        if *records > room.0 || *characters > room.1 {
            batches += 1;
            room = (BATCH_RECORDS_MAX, BATCH_CHARACTERS_MAX);
        }
        room = (room.0.saturating_sub(*records), room.1.saturating_sub(*characters));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_records_or_by_characters() {
        assert_eq!(packed(&[]), 0);
        assert_eq!(packed(&[(4, 16_000), (4, 16_000), (4, 1)]), 2);
        assert_eq!(packed(&[(500, 10), (500, 10), (1, 10)]), 2);
        assert_eq!(packed(&vec![(4, 640); 100]), 2, "50 flips fill a batch by characters");
    }

    #[test]
    fn calls_are_counted_from_a_moment_on() {
        let before = Calls { changes: 1, pages: 2, progress: 3, others: 4 };
        let after = Calls { changes: 2, pages: 4, progress: 6, others: 4 };
        assert_eq!(after.since(before), Calls { changes: 1, pages: 2, progress: 3, others: 0 });
        assert_eq!(after.since(before).sum(), 6);
    }
}
