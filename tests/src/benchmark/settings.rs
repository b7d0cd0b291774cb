//! How ours is set in a section, as configuration and as the bound that follows from it.

use std::time::Duration;

use serde::Serialize;

use super::installation::MONITORS;
use super::statistics::milliseconds;

/// How many vantage points must agree.
const QUORUM: u32 = 2;

/// Part of the bound: from the decision to the new answer at every authoritative server. It is the target, not a
/// measurement, or a slow write would move its own bound.
pub(super) const WRITE: Duration = Duration::from_millis(150);

/// A policy of ours.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    /// Between two probes of one vantage point.
    #[serde(rename = "intervalMs", serialize_with = "milliseconds")]
    pub(super) interval: Duration,
    /// One probe.
    #[serde(rename = "timeoutMs", serialize_with = "milliseconds")]
    pub(super) timeout: Duration,
    /// Bad probes in a row that make a vantage point's verdict.
    pub(super) fall: u32,
}

impl Settings {
    /// The policy in a configuration, under a name. Recovery is quick, or most of a run would be waiting between
    /// repetitions: `rise`, `readyFor` and `cooldown` come after what is measured.
    pub(super) fn policy(&self, name: &str) -> String {
        let Self { interval, timeout, fall } = self;
        let (interval, timeout) = (interval.as_millis(), timeout.as_millis());
        format!(
            "{name}: {{ interval: {interval}ms, timeout: {timeout}ms, detection: {{ fall: {fall}, rise: 1 }}, \
             quorum: {QUORUM}, readyFor: 1s, cooldown: 0s, \
             failoverBudget: {{ moves: 16, per: 1s, backoff: 0s }} }}"
        )
    }

    /// The longest that any kind of failure should take from its beginning to the new answer: the last good probe ended
    /// just before it, so `fall` whole intervals pass until the probe that decides starts; that one may hang for its
    /// whole timeout; then the write. A quorum adds nothing: every vantage point has decided by then.
    pub(super) fn bound(&self) -> Duration {
        self.interval * self.fall + self.timeout + WRITE
    }

    /// The window in which a region whose connections are refused is judged failing: vantage points probe at equal
    /// distances within the interval, so after the kill the first bad probe comes within one share of it, the quorum's
    /// last vantage point is `quorum − 1` shares behind, and each needs `fall − 1` more intervals.
    pub(super) fn expected(&self) -> (Duration, Duration) {
        let share = self.interval / u32::try_from(MONITORS).expect("invariant: a handful of monitors");
        let earliest = self.interval * (self.fall - 1) + share * (QUORUM - 1);
        (earliest, earliest + share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings =
        Settings { interval: Duration::from_secs(1), timeout: Duration::from_millis(500), fall: 2 };

    #[test]
    fn the_bound_is_every_interval_the_timeout_and_the_write() {
        assert_eq!(SETTINGS.bound(), Duration::from_millis(2_650));
    }

    #[test]
    fn refused_connections_are_judged_within_one_share_of_the_interval() {
        let (earliest, latest) = SETTINGS.expected();
        assert_eq!((earliest.as_millis(), latest.as_millis()), (1_333, 1_666));
    }

    #[test]
    fn a_policy_says_what_is_measured() {
        let policy = SETTINGS.policy("fast");
        assert!(policy.starts_with("fast: { interval: 1000ms, timeout: 500ms, detection: { fall: 2,"), "{policy}");
    }
}
