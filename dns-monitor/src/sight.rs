//! Whether this vantage point may trust its own eyes. Pure; time comes in.
//!
//! It is blind
//! - after it was *stalled*: it woke more than [`STALL_MIN`] later than planned (stopped, starved, suspended), or its
//!   two clocks ran apart by that much. It stays so until every endpoint has had one fresh run, within a bound;
//! - while *no control target* answers: targets outside every region, so their silence is the vantage point's own.
//!
//! That every probe fails is no reason: it is what the loss of a region looks like. Each onset names the moment from
//! which what was seen is in doubt; runs that began before sight came back say nothing ([`Sight::trusts`]).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use dns_core::time::Timestamp;

/// How often the owner of the evidence wakes at least; also the heartbeat of the stream (architecture §6).
pub const BEAT: Duration = Duration::from_secs(1);

/// How late a waking may be: a second is far beyond a busy machine's jitter, and still below every useful timeout.
pub const STALL_MIN: Duration = Duration::from_secs(1);

/// The judgement of a vantage point about itself.
#[derive(Clone, Debug)]
pub struct Sight {
    endpoints: usize,
    /// How long a stall may keep it blind: two runs of every endpoint. What has no run by then lapses by itself.
    stall_max: Duration,
    noticed: (Instant, Timestamp),
    trusted_from: Instant,
    stall: Option<Stall>,
    controls_answered: Instant,
    controls_failing: Option<String>,
}

#[derive(Clone, Debug)]
struct Stall {
    reason: String,
    waiting_for: BTreeSet<usize>,
    until: Instant,
}

/// One attempt at every control target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRound {
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub finished: Instant,
    /// How many targets there are.
    pub targets: usize,
    /// Those that failed, each with its reason.
    pub failures: Vec<String>,
}

/// The moment from which what was seen is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// That moment.
    pub from: Instant,
}

impl Sight {
    /// Sighted, with the number of covered endpoints and the longest time between two runs of one.
    pub fn new(endpoints: usize, interval_max: Duration, now: Instant, wall: Timestamp) -> Self {
        Self {
            endpoints,
            stall_max: interval_max * 2,
            noticed: (now, wall),
            trusted_from: now,
            stall: None,
            controls_answered: now,
            controls_failing: None,
        }
    }

    /// Compares the time with the last waking, which must be at most a [`BEAT`] ago. Called first at every waking, so
    /// that nothing that waited during a stall is taken at face value.
    #[must_use]
    pub fn notice(&mut self, now: Instant, wall: Timestamp) -> Option<Doubt> {
        let (before, wall_before) = std::mem::replace(&mut self.noticed, (now, wall));
        let passed = now.saturating_duration_since(before);
        if passed > BEAT + STALL_MIN {
            return Some(self.stalled(before, now, &format!("this process stood still for {}", seconds(passed))));
        }
        let wall_passed = i128::from(wall.as_millis()) - i128::from(wall_before.as_millis());
        let apart = wall_passed - i128::try_from(passed.as_millis()).unwrap_or(i128::MAX);
        if apart.unsigned_abs() > STALL_MIN.as_millis() {
            let way = if apart > 0 { "forward" } else { "back" };
            let apart = Duration::from_millis(u64::try_from(apart.unsigned_abs()).unwrap_or(u64::MAX));
            return Some(self.stalled(before, now, &format!("the wall clock jumped {way} by {}", seconds(apart))));
        }
        if self.stall.as_ref().is_some_and(|stall| stall.waiting_for.is_empty() || now >= stall.until) {
            self.stall = None;
        }
        None
    }

    /// The scheduler woke at `now` for a run that was planned earlier.
    #[must_use]
    pub fn woke_for(&mut self, planned: Instant, now: Instant) -> Option<Doubt> {
        let late = now.saturating_duration_since(planned);
        // A run planned before the last stall is late because of it, which is known already.
        if late <= STALL_MIN || planned < self.trusted_from {
            return None;
        }
        Some(self.stalled(planned, now, &format!("the scheduler woke {} late", seconds(late))))
    }

    /// An endpoint's run that began at `started` has ended.
    pub fn ran(&mut self, endpoint: usize, started: Instant) {
        if started < self.trusted_from {
            return;
        }
        if let Some(stall) = &mut self.stall {
            stall.waiting_for.remove(&endpoint);
            if stall.waiting_for.is_empty() {
                self.stall = None;
            }
        }
    }

    /// Takes a round of control targets.
    #[must_use]
    pub fn controls(&mut self, round: &ControlRound) -> Option<Doubt> {
        if round.started < self.trusted_from {
            return None;
        }
        if round.failures.len() < round.targets || round.targets == 0 {
            self.controls_answered = round.started;
            if self.controls_failing.take().is_some() {
                self.trusted_from = round.finished;
            }
            return None;
        }
        let onset = self.controls_failing.is_none();
        self.controls_failing = Some(format!("control targets failing: {}", round.failures.join(", ")));
        onset.then_some(Doubt { from: self.controls_answered })
    }

    /// Whether a run that began at `started` says something.
    pub fn trusts(&self, started: Instant) -> bool {
        started >= self.trusted_from && self.controls_failing.is_none()
    }

    /// Why it is blind.
    pub fn blind(&self) -> Option<String> {
        let stall = self.stall.as_ref().map(|stall| stall.reason.as_str());
        let reasons: Vec<&str> = self.controls_failing.as_deref().into_iter().chain(stall).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn stalled(&mut self, from: Instant, now: Instant, reason: &str) -> Doubt {
        self.trusted_from = now;
        self.stall = Some(Stall {
            reason: format!("{reason}, and not every endpoint was probed since"),
            waiting_for: (0..self.endpoints).collect(),
            until: now + self.stall_max,
        });
        Doubt { from }
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.1} s", length.as_secs_f64())
}

#[cfg(test)]
mod tests;
