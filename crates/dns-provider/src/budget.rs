//! How many calls of an API may be made, and by whom first.
//!
//! Providers count calls per account, and Terraform, octoDNS and people use the same account. So every call takes a place
//! in one bucket; calls in quiet times also take one in a smaller bucket, which leaves the rest for the day of a failover.
//! When the provider asks for a pause, every call waits until it is over.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use crate::port::Urgency;

/// The share of the calls that watching in quiet times may take: a fifth.
const WATCH_SHARE: u32 = 5;

/// The buckets of one account.
#[derive(Debug)]
pub struct Budget {
    all: DefaultDirectRateLimiter,
    watch: DefaultDirectRateLimiter,
    closed_until: Mutex<Option<Instant>>,
}

impl Budget {
    /// One call each `period`, and up to `burst` at once after a quiet time.
    pub fn new(period: Duration, burst: NonZeroU32) -> Self {
        let shared = NonZeroU32::new(burst.get() / WATCH_SHARE).unwrap_or(NonZeroU32::MIN);
        Self {
            all: RateLimiter::direct(quota(period, burst)),
            watch: RateLimiter::direct(quota(period.saturating_mul(WATCH_SHARE), shared)),
            closed_until: Mutex::new(None),
        }
    }

    /// Waits for a place. Cancel safe: a place that was waited for and not taken is not used up.
    pub async fn take(&self, urgency: Urgency) {
        match urgency {
            Urgency::Flip => {}
            Urgency::Watch => self.watch.until_ready().await,
        }
        self.all.until_ready().await;
        while let Some(until) = self.closed() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Makes every call wait: the provider has asked for it. A shorter wait never ends a longer one.
    pub fn close_for(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut closed = self.lock();
        *closed = Some(closed.map_or(until, |known| known.max(until)));
    }

    fn closed(&self) -> Option<Instant> {
        self.lock().filter(|until| *until > Instant::now())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.closed_until.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

fn quota(period: Duration, burst: NonZeroU32) -> Quota {
    // A period of zero is no limit at all, which a nanosecond is as well.
    let period = period.max(Duration::from_nanos(1));
    Quota::with_period(period).expect("invariant: the period is not zero").allow_burst(burst)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

    async fn is_ready(budget: &Budget, urgency: Urgency) -> bool {
        tokio::time::timeout(Duration::from_millis(20), budget.take(urgency)).await.is_ok()
    }

    #[tokio::test]
    async fn watching_leaves_the_larger_share_for_flips() {
        let budget = Budget::new(Duration::from_hours(1), BURST);
        assert!(is_ready(&budget, Urgency::Watch).await && is_ready(&budget, Urgency::Watch).await);
        assert!(!is_ready(&budget, Urgency::Watch).await, "its fifth is used up");
        for _ in 0..8 {
            assert!(is_ready(&budget, Urgency::Flip).await);
        }
        assert!(!is_ready(&budget, Urgency::Flip).await, "and now all of it is");
    }

    #[tokio::test]
    async fn a_pause_that_the_provider_asks_for_holds_every_call() {
        let budget = Budget::new(Duration::from_millis(1), BURST);
        budget.close_for(Duration::from_millis(200));
        budget.close_for(Duration::from_millis(1));
        assert!(!is_ready(&budget, Urgency::Flip).await);
        let waited = tokio::time::timeout(Duration::from_secs(10), budget.take(Urgency::Flip)).await;
        assert!(waited.is_ok(), "it ends by itself");
    }
}
