//! How many calls of an API may be made, and by whom first.
//!
//! Providers count calls per account, and Terraform, octoDNS and people use the same account. So every call takes a place
//! in one bucket; calls in quiet times also take one in a smaller bucket, which leaves the rest for the day of a failover.
//! When the provider asks for a pause, every call waits until it is over.
//!
//! Invariants:
//! - Whoever came first goes first, among flips and among watchers: a place for which anyone may grab is had by chance, and
//!   several places together never.
//! - A place is taken last, when there is nothing left to wait for. So a pause ends for one call after the other, as the
//!   bucket fills, and whoever gives up while waiting has used nothing.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::port::Urgency;

/// The share of the calls that watching in quiet times may take: a fifth.
const WATCH_SHARE: u32 = 5;

/// The buckets of one account.
#[derive(Debug)]
pub struct Budget {
    all: DefaultDirectRateLimiter,
    burst: NonZeroU32,
    watch: DefaultDirectRateLimiter,
    /// Whether a place of the watchers is taken for whoever of them is next: the one who took it has given up.
    watch_taken: AtomicBool,
    clock: DefaultClock,
    closed_until: Mutex<Option<Instant>>,
    flips: Queue,
    watchers: Queue,
}

/// Lets one at a time wait for the buckets, in order of arrival.
#[derive(Debug)]
struct Queue(Semaphore);

impl Budget {
    /// One call each `period`, and up to `burst` at once after a quiet time.
    pub fn new(period: Duration, burst: NonZeroU32) -> Self {
        let shared = NonZeroU32::new(burst.get() / WATCH_SHARE).unwrap_or(NonZeroU32::MIN);
        Self {
            all: RateLimiter::direct(quota(period, burst)),
            burst,
            watch: RateLimiter::direct(quota(period.saturating_mul(WATCH_SHARE), shared)),
            watch_taken: AtomicBool::new(false),
            clock: DefaultClock::default(),
            closed_until: Mutex::new(None),
            flips: Queue::new(),
            watchers: Queue::new(),
        }
    }

    /// Waits for a place. Cancel safe: a place that was waited for and not taken is not used up.
    pub async fn take(&self, urgency: Urgency) {
        match urgency {
            Urgency::Flip => {
                self.take_together(NonZeroU32::MIN).await;
            }
            Urgency::Watch => {
                let _turn = self.watchers.turn().await;
                self.until_taken(|| self.try_watch()).await;
            }
        }
    }

    /// Waits for so many places of a flip at once, or for as many as there ever are, and tells how many. Cancel safe, as
    /// [`take`](Self::take) is.
    pub async fn take_together(&self, most: NonZeroU32) -> NonZeroU32 {
        let places = most.min(self.burst);
        let _turn = self.flips.turn().await;
        self.until_taken(|| self.try_all(places)).await;
        places
    }

    /// Makes every call wait: the provider has asked for it. A shorter wait never ends a longer one.
    pub fn close_for(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut closed = self.lock();
        *closed = Some(closed.map_or(until, |known| known.max(until)));
    }

    /// How long every call still has to wait.
    pub fn closed_for(&self) -> Duration {
        self.closed().map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default()
    }

    /// Waits for the end of the pause that the provider has asked for. Cancel safe.
    pub async fn until_open(&self) {
        while let Some(until) = self.closed() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Tries until it succeeds, never while the provider has asked for a pause.
    async fn until_taken(&self, take: impl Fn() -> Result<(), Duration>) {
        loop {
            self.until_open().await;
            match take() {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Takes places, or says how long to wait before it is worth another try.
    fn try_all(&self, places: NonZeroU32) -> Result<(), Duration> {
        let taken = self.all.check_n(places).expect("invariant: nobody asks for more than a burst");
        taken.map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// The same in both buckets. Called by one at a time.
    fn try_watch(&self) -> Result<(), Duration> {
        if !self.watch_taken.load(Ordering::Relaxed) {
            self.watch.check().map_err(|not_until| not_until.wait_time_from(self.clock.now()))?;
            self.watch_taken.store(true, Ordering::Relaxed);
        }
        self.try_all(NonZeroU32::MIN)?;
        self.watch_taken.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn closed(&self) -> Option<Instant> {
        self.lock().filter(|until| *until > Instant::now())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.closed_until.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

impl Queue {
    fn new() -> Self {
        Self(Semaphore::new(1))
    }

    async fn turn(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.0.acquire().await.expect("invariant: nobody closes it")
    }
}

fn quota(period: Duration, burst: NonZeroU32) -> Quota {
    // A period of zero is no limit at all, which a nanosecond is as well.
    let period = period.max(Duration::from_nanos(1));
    Quota::with_period(period).expect("invariant: the period is not zero").allow_burst(burst)
}

#[cfg(test)]
mod tests;
