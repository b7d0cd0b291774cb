//! How soon a receiver that did not take a letter is tried again.

use std::time::Duration;

use tokio::time::Instant;

/// The first wait. It doubles with each further failure.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait: a receiver that is back is told within a minute.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    failures: u32,
}

impl Pace {
    /// The wait after one more failure. `share`, from 0 to 1, spreads those who failed together over its second half; a
    /// receiver that says for how long it wants to be left alone is, at least.
    pub(super) fn after_failure(&mut self, asked: Option<Duration>, share: f64) -> Duration {
        let doubled = WAIT_MIN.saturating_mul(1 << self.failures.min(10)).min(WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        let spread = doubled.mul_f64(0.5 + share / 2.0);
        asked.map_or(spread, |asked| asked.max(spread))
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// How long a receiver may answer one row with a fault of its own, before it is the row that it cannot take: those behind
/// it are told then. A receiver that does not answer at all is waited for.
const SAME_FAULT_MAX: Duration = Duration::from_hours(1);

/// Since when the row that is next is answered with a fault.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fault {
    since: Option<Instant>,
}

impl Fault {
    /// It was not taken; whether it is to be given up.
    pub(super) fn again(&mut self, answered: bool, now: Instant) -> bool {
        if !answered {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.duration_since(since) >= SAME_FAULT_MAX
    }

    /// Another row is next.
    pub(super) fn over(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_given_up_only_if_the_receiver_answers_it_with_faults_for_long() {
        let now = Instant::now();
        let mut fault = Fault::default();
        assert!(!fault.again(true, now));
        assert!(!fault.again(true, now + SAME_FAULT_MAX - Duration::from_secs(1)));
        assert!(fault.again(true, now + SAME_FAULT_MAX));
        let mut down = Fault::default();
        assert!(!down.again(true, now));
        assert!(!down.again(false, now + SAME_FAULT_MAX), "one that is down is waited for");
        assert!(!down.again(true, now + SAME_FAULT_MAX * 2), "and counted anew");
        fault.over();
        assert!(!fault.again(true, now + SAME_FAULT_MAX * 3), "another row");
    }

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_a_success() {
        let mut pace = Pace::default();
        let waits: Vec<u64> = (0..8).map(|_| pace.after_failure(None, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        pace.succeeded();
        assert_eq!(pace.after_failure(None, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn those_who_failed_together_come_back_apart() {
        let wait = |share| Pace { failures: 3 }.after_failure(None, share);
        assert_eq!((wait(0.0), wait(1.0)), (Duration::from_secs(4), Duration::from_secs(8)));
    }

    #[test]
    fn whoever_asks_to_be_left_alone_is() {
        let wait = |asked| Pace::default().after_failure(Some(Duration::from_secs(asked)), 1.0);
        assert_eq!((wait(30), wait(0)), (Duration::from_secs(30), Duration::from_secs(1)));
    }
}
