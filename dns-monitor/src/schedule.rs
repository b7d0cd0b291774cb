//! When an endpoint is probed: pure arithmetic, no clock and no timer.
//!
//! Run `k` is planned for `first + k · interval`, computed from the first one and never from the last one, so a late
//! run shifts no other. `first` is chosen such that the wall clock modulo the interval is the endpoint's phase:
//! monitors whose clocks agree within a part of the interval thereby keep their phases apart without knowing of each
//! other, whenever each of them was started. Runs that were missed are counted and left out, never made up for in a
//! burst: a burst says the same thing several times, and would turn one blink into a verdict.

use std::time::{Duration, Instant};

use dns_core::digest::Digest;
use dns_core::evidence::EndpointKey;
use dns_core::time::Timestamp;

/// How late a run may start at the most: far below what a detection is measured in, far above a busy scheduler's jitter.
pub const LATENESS_MAX: Duration = Duration::from_millis(500);

/// The plan of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    first: Instant,
    interval: Duration,
}

/// One planned run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Which run.
    pub run: u64,
    /// When it is planned.
    pub at: Instant,
    /// How many runs before it can no longer start in time.
    pub missed: u64,
}

impl Schedule {
    /// A plan whose runs fall on `phase` of the wall clock's intervals; `now` and `wall` are the same moment.
    ///
    /// # Panics
    /// If the interval is zero, which no configuration lets through.
    pub fn new(now: Instant, wall: Timestamp, phase: Duration, interval: Duration) -> Self {
        assert!(!interval.is_zero(), "invariant: intervals are positive");
        let into_interval = Duration::from_millis(wall.as_millis()).as_nanos() % interval.as_nanos();
        let wait = (phase.as_nanos() + interval.as_nanos() - into_interval) % interval.as_nanos();
        Self { first: now + nanos(wait), interval }
    }

    /// The first run.
    pub fn first(&self) -> Tick {
        Tick { run: 0, at: self.first, missed: 0 }
    }

    /// How late a run may start.
    pub fn tolerance(&self) -> Duration {
        (self.interval / 2).min(LATENESS_MAX)
    }

    /// The next run after `run` that can still start in time.
    pub fn after(&self, run: u64, now: Instant) -> Tick {
        let next = run + 1;
        let late = now.saturating_duration_since(self.at(next));
        if late <= self.tolerance() {
            return Tick { run: next, at: self.at(next), missed: 0 };
        }
        let whole = u64::try_from(late.as_nanos() / self.interval.as_nanos()).unwrap_or(u64::MAX);
        let current = next.saturating_add(whole);
        let usable = now.saturating_duration_since(self.at(current)) <= self.tolerance();
        let run = if usable { current } else { current + 1 };
        Tick { run, at: self.at(run), missed: run - next }
    }

    fn at(&self, run: u64) -> Instant {
        self.first + nanos(self.interval.as_nanos().saturating_mul(u128::from(run)))
    }
}

/// Where in its interval an endpoint is probed by the vantage point at `position` of `count`: a part that depends on
/// the endpoint spreads the load, and equal shares of the interval keep the vantage points of one endpoint apart.
pub fn phase(key: &EndpointKey, interval: Duration, position: usize, count: usize) -> Duration {
    let texts = [key.service.as_str().as_bytes(), key.region.as_str().as_bytes(), key.endpoint.as_bytes()];
    let digest = Digest::over(texts).to_string();
    let spread = u128::from_str_radix(&digest[..16], 16).expect("invariant: a digest is hexadecimal");
    let length = interval.as_nanos().max(1);
    // `spread` has 64 bits, so the product stays below 2^128 for every interval shorter than five centuries.
    let offset = (spread * length) >> 64;
    let share = length * position as u128 / count.max(1) as u128;
    nanos((offset + share) % length)
}

fn nanos(count: u128) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use dns_core::identifier::{RegionName, ServiceName};

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(5);

    fn key(endpoint: &str) -> EndpointKey {
        EndpointKey {
            service: ServiceName::new("checkout").expect("a name"),
            region: RegionName::new("prod").expect("a name"),
            endpoint: endpoint.to_owned(),
        }
    }

    fn schedule(now: Instant) -> Schedule {
        Schedule::new(now, Timestamp::from_secs(1000), Duration::ZERO, INTERVAL)
    }

    #[test]
    fn a_late_run_shifts_no_other() {
        let now = Instant::now();
        let tick = schedule(now).after(0, now + INTERVAL + Duration::from_millis(400));
        assert_eq!(tick, Tick { run: 1, at: now + INTERVAL, missed: 0 });
        let tick = schedule(now).after(1, now + INTERVAL * 2);
        assert_eq!(tick.at, now + INTERVAL * 2);
    }

    #[test]
    fn missed_runs_are_counted_and_left_out() {
        let now = Instant::now();
        let tick = schedule(now).after(0, now + INTERVAL * 4 + Duration::from_secs(1));
        assert_eq!(tick, Tick { run: 5, at: now + INTERVAL * 5, missed: 4 });
        let tick = schedule(now).after(0, now + INTERVAL * 4 + Duration::from_millis(100));
        assert_eq!(tick, Tick { run: 4, at: now + INTERVAL * 4, missed: 3 });
    }

    #[test]
    fn monitors_started_at_different_times_keep_their_phases_apart() {
        let now = Instant::now();
        for (position, started) in [(0, 0), (1, 1_700), (2, 11_300)] {
            let wall = Timestamp::from_millis(1_000_000 + started);
            let phase = phase(&key("192.0.2.1"), INTERVAL, position, 3);
            let first = Schedule::new(now, wall, phase, INTERVAL).first().at;
            let first_wall = wall + first.duration_since(now);
            let into_interval = first_wall.as_millis() % 5_000;
            assert!(into_interval.abs_diff(u64::try_from(phase.as_millis()).expect("small")) <= 1);
        }
    }

    #[test]
    fn vantage_points_share_the_interval_equally() {
        let phases: Vec<_> = (0..3).map(|position| phase(&key("192.0.2.1"), INTERVAL, position, 3)).collect();
        let third = INTERVAL.as_millis().div_euclid(3);
        for pair in [(0, 1), (1, 2), (2, 0)] {
            let ahead = phases[pair.1] + INTERVAL;
            let apart = ahead.saturating_sub(phases[pair.0]).as_millis() % INTERVAL.as_millis();
            assert!(apart.abs_diff(third) <= 1, "{phases:?}");
        }
    }

    #[test]
    fn endpoints_are_spread_over_the_interval() {
        let phases: Vec<_> = (0..100).map(|number| phase(&key(&format!("192.0.2.{number}")), INTERVAL, 0, 1)).collect();
        assert!(phases.iter().all(|phase| *phase < INTERVAL));
        let early = phases.iter().filter(|phase| **phase < INTERVAL / 2).count();
        assert!((25..=75).contains(&early), "{early} of 100 in the first half");
    }

    #[test]
    fn tolerance_is_at_most_half_the_interval() {
        let now = Instant::now();
        let quick = Schedule::new(now, Timestamp::default(), Duration::ZERO, Duration::from_millis(200));
        assert_eq!(quick.tolerance(), Duration::from_millis(100));
        assert_eq!(schedule(now).tolerance(), LATENESS_MAX);
    }
}
