//! The clock of a process: steady for ages, true for signatures.
//!
//! Everything that has an age (evidence, decisions, cooldowns) is measured with [`Clock::now`]: the wall clock at
//! the start of the process plus what the monotonic clock has counted since. If NTP or a hand sets the wall clock
//! while the process runs, no age jumps: a step forward must not make fresh evidence stale and permits expired, a
//! step back must not make them young again. The price is that `now` drifts from true time by what was stepped
//! since the start, which is why it is never compared with another machine's clock.
//!
//! TSIG signatures are compared with another machine's clock. They take [`Clock::wall`], the real one.
//!
//! The monotonic clock counts while the process is stopped, but not while the whole machine sleeps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::time::Timestamp;
use tokio::time::Instant;

/// A clock, started once per process and copied from there.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_at_start: Timestamp,
    started: Instant,
}

impl Clock {
    /// Starts it. Under tokio's paused time it stands and advances with that.
    pub fn start() -> Self {
        Self { wall_at_start: wall(), started: Instant::now() }
    }

    /// The steady time, for everything that has an age.
    pub fn now(&self) -> Timestamp {
        self.wall_at_start + self.started.elapsed()
    }

    /// The wall clock, for signatures and for what people read.
    pub fn wall(&self) -> Timestamp {
        wall()
    }

    /// How far the wall clock was stepped since the start, if by more than `tolerance`: ahead of or behind the
    /// steady time.
    pub fn stepped_by(&self, tolerance: Duration) -> Option<Duration> {
        let (now, wall) = (self.now(), self.wall());
        Some(now.since(wall).max(wall.since(now))).filter(|step| *step > tolerance)
    }
}

fn wall() -> Timestamp {
    // A clock before 1970 is a machine without a clock; zero makes every signature fail with BADTIME, which says so.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ages_follow_the_monotonic_clock() {
        let clock = Clock::start();
        let before = clock.now();
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(clock.now().since(before), Duration::from_hours(1));
        // Paused time moved the steady clock only: to the wall clock that is a step.
        assert!(clock.stepped_by(Duration::from_mins(1)).is_some());
    }

    #[test]
    fn starts_at_the_wall_clock() {
        let clock = Clock::start();
        assert!(clock.now().since(clock.wall()) < Duration::from_secs(5));
        assert!(clock.stepped_by(Duration::from_mins(1)).is_none());
    }
}
