//! How fast a provider takes moves at the most, by the calls that its account may make.

use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use dns_core::rrset::Rrset;
use dns_service::config::ProviderKind;

/// What one request to Route 53 may hold (Developer Guide, "Quotas"): resource records, and characters of their values.
const BATCH_MAX: Weight = Weight { records: 1_000, characters: 32_000 };

/// Calls of Route 53 for a batch: the change, and one question whether it has arrived.
const ROUTE53_CALLS: usize = 2;

/// Calls of Cloudflare for a move: the look before, the batch, and the look after.
const CLOUDFLARE_CALLS: usize = 3;

/// A fence's text as it is written, about: its longest parts are a reason and two ids.
const FENCE_CHARACTERS: usize = 350;

/// How much a move adds to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Resource records.
    pub(crate) records: usize,
    /// Characters of their values.
    pub(crate) characters: usize,
}

impl Weight {
    /// The fence that goes and the one that comes.
    pub(crate) const FENCES: Self = Self { records: 2, characters: 2 * FENCE_CHARACTERS };

    /// Of a set that goes or comes.
    pub(crate) fn of_set(set: &Rrset) -> Self {
        let characters = set.values().iter().map(|value| value.to_string().len()).sum();
        Self { records: set.values().len().max(1), characters }
    }

    /// Of one of so many, rounded up.
    pub(crate) fn mean(self, count: usize) -> Self {
        let count = count.max(1);
        Self { records: self.records.div_ceil(count), characters: self.characters.div_ceil(count) }
    }
}

impl Add for Weight {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { records: self.records + other.records, characters: self.characters + other.characters }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Weight {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// What a provider counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// Nothing: a server takes updates as fast as it can.
    #[default]
    Uncounted,
    /// Calls, each of which may hold many moves.
    Batches {
        /// The time between two calls.
        period: Duration,
    },
    /// Calls, several for each move.
    Calls {
        /// The time between two calls.
        period: Duration,
        /// Calls that may be made at once after a quiet time.
        burst: usize,
    },
}

impl Allowance {
    /// Of a provider as it is configured.
    pub(crate) fn of(kind: &ProviderKind) -> Self {
        match kind {
            ProviderKind::Route53(route53) => Self::Batches { period: route53.calls.period },
            ProviderKind::Cloudflare(cloudflare) => {
                let burst = usize::try_from(cloudflare.calls.burst.get()).unwrap_or(usize::MAX);
                Self::Calls { period: cloudflare.calls.period, burst }
            }
            ProviderKind::Rfc2136(_) | ProviderKind::PowerDns(_) => Self::Uncounted,
        }
    }

    /// The least calls for so many moves that weigh so much in the mean; `None` if they are not counted.
    pub(crate) fn calls(self, moves: usize, mean: Weight) -> Option<usize> {
        match self {
            Self::Uncounted => None,
            Self::Batches { .. } => Some(moves.div_ceil(in_batch(mean)) * ROUTE53_CALLS),
            Self::Calls { .. } => Some(moves * CLOUDFLARE_CALLS),
        }
    }

    /// The least time for them.
    pub(crate) fn least(self, moves: usize, mean: Weight) -> Duration {
        let calls = self.calls(moves, mean).unwrap_or_default();
        let times = |period: Duration, calls: usize| period.saturating_mul(u32::try_from(calls).unwrap_or(u32::MAX));
        match self {
            Self::Uncounted => Duration::ZERO,
            Self::Batches { period } => times(period, calls),
            Self::Calls { period, burst } => times(period, calls.saturating_sub(burst)),
        }
    }
}

fn in_batch(mean: Weight) -> usize {
    let by_records = BATCH_MAX.records / mean.records.max(1);
    let by_characters = BATCH_MAX.characters / mean.characters.max(1);
    by_records.min(by_characters).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_holds_as_many_moves_as_fit_and_each_costs_two_calls() {
        let allowance = Allowance::Batches { period: Duration::from_millis(200) };
        let small = Weight { records: 4, characters: 320 };
        assert_eq!((allowance.calls(100, small), allowance.calls(101, small)), (Some(2), Some(4)), "32,000 characters");
        let broad = Weight { records: 250, characters: 1 };
        assert_eq!(allowance.calls(9, broad), Some(6), "1,000 records");
        assert_eq!(allowance.least(101, small), Duration::from_millis(800));
        assert_eq!(allowance.calls(1, Weight { records: 5_000, characters: 0 }), Some(2), "one is never split");
    }

    #[test]
    fn calls_for_each_move_come_after_the_burst_one_by_one() {
        let allowance = Allowance::Calls { period: Duration::from_millis(300), burst: 200 };
        assert_eq!(allowance.least(66, Weight::default()), Duration::ZERO);
        assert_eq!(allowance.least(100, Weight::default()), Duration::from_secs(30));
        assert_eq!(Allowance::Uncounted.calls(9, Weight::default()), None);
    }
}
