//! Dwell: how much longer failback waits at a service that leaves its preferred region again and again.
//!
//! Each return that does not last costs users two moves. So the first one waits for the cooldown, and each that follows a
//! further departure twice as long, until nothing has happened for a quiet time. The fence keeps the count: it is not lost
//! with the store, and every controller waits alike. An order to leave the region is no flapping, and counts for nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identifier::RegionName;
use crate::time::Timestamp;

/// How the wait grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DwellPolicy {
    /// The longest wait, unless the cooldown itself is longer.
    pub longest: Duration,
    /// How long after the last departure all of them are forgotten; never shorter than the longest wait.
    pub quiet_after: Duration,
}

/// Two hours are longer than most incidents; after a quarter of a day the next failure is another one.
impl Default for DwellPolicy {
    fn default() -> Self {
        Self { longest: Duration::from_hours(2), quiet_after: Duration::from_hours(6) }
    }
}

/// How often in a row a service has left its preferred region without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dwell {
    /// How often.
    pub left: u32,
    /// When for the first time. Whole seconds.
    pub since: Timestamp,
    /// When for the last time. Whole seconds.
    pub last: Timestamp,
}

impl Dwell {
    /// The most that is counted, and that is read from a fence: the wait has stopped growing long before.
    pub const LEFT_MAX: u32 = 32;

    /// Points in the future count as seen now: they would make the quiet time never begin.
    #[must_use]
    pub fn seen(self, now: Timestamp) -> Self {
        Self { since: self.since.min(now), last: self.last.min(now), ..self }
    }
}

impl DwellPolicy {
    /// What counts of a dwell; `None` after the quiet time.
    pub fn remembered(self, dwell: Option<Dwell>, now: Timestamp) -> Option<Dwell> {
        dwell.filter(|dwell| now.since(dwell.last) < self.quiet_after)
    }

    /// The dwell after a departure.
    pub fn left_again(self, before: Option<Dwell>, now: Timestamp) -> Dwell {
        let before = self.remembered(before, now);
        let left = before.map_or(0, |before| before.left).saturating_add(1).min(Dwell::LEFT_MAX);
        Dwell { left, since: before.map_or(now, |before| before.since), last: now }
    }

    /// How long after a move failback waits. Whatever a fence says, it is never shorter than the cooldown, and never longer
    /// than the longest wait.
    pub fn wait(self, cooldown: Duration, dwell: Option<Dwell>, now: Timestamp) -> Duration {
        let doublings = self.remembered(dwell, now).map_or(0, |dwell| dwell.left.saturating_sub(1));
        let grown = cooldown.saturating_mul(1 << doublings.min(Dwell::LEFT_MAX - 1));
        grown.min(self.longest.max(cooldown))
    }

    /// Why the wait is longer than the cooldown, if it is: "it has left `prod` 3 times within 2 h".
    pub fn reason(self, preferred: &RegionName, dwell: Option<Dwell>, now: Timestamp) -> Option<String> {
        let dwell = self.remembered(dwell, now).filter(|dwell| dwell.left > 1)?;
        let within = crate::explain::span(now.since(dwell.since));
        Some(format!("it has left `{preferred}` {} times within {within}", dwell.left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_mins(10);
    const START: Timestamp = Timestamp::from_secs(1_795_246_200);

    fn after(departures: u32) -> Option<Dwell> {
        let policy = DwellPolicy::default();
        (0..departures).fold(None, |dwell, _| Some(policy.left_again(dwell, START)))
    }

    #[test]
    fn the_wait_doubles_with_each_further_departure_up_to_the_longest() {
        let minutes = |departures| DwellPolicy::default().wait(COOLDOWN, after(departures), START).as_secs() / 60;
        assert_eq!([0, 1, 2, 3, 4, 5, 40].map(minutes), [10, 10, 20, 40, 80, 120, 120]);
    }

    #[test]
    fn a_cooldown_that_is_longer_than_the_longest_wait_stays() {
        let cooldown = Duration::from_hours(5);
        assert_eq!(DwellPolicy::default().wait(cooldown, after(9), START), cooldown);
        let off = DwellPolicy { longest: Duration::ZERO, ..DwellPolicy::default() };
        assert_eq!(off.wait(COOLDOWN, after(9), START), COOLDOWN, "a policy without growth");
    }

    #[test]
    fn a_quiet_time_ends_it_and_the_next_departure_counts_as_the_first() {
        let policy = DwellPolicy::default();
        let quiet = START + policy.quiet_after;
        assert_eq!(policy.wait(COOLDOWN, after(3), quiet.before(Duration::from_secs(1))), COOLDOWN * 4);
        assert_eq!(policy.wait(COOLDOWN, after(3), quiet), COOLDOWN);
        assert_eq!(policy.left_again(after(3), quiet), Dwell { left: 1, since: quiet, last: quiet });
        assert_eq!(policy.reason(&"prod".parse().expect("a name"), after(3), quiet), None);
    }

    #[test]
    fn a_point_in_the_future_counts_as_seen_now() {
        let policy = DwellPolicy::default();
        let far = START + Duration::from_hours(100_000);
        let read = Dwell { left: 3, since: far, last: far }.seen(START);
        assert_eq!(policy.remembered(Some(read), START + policy.quiet_after), None, "the quiet time has begun");
    }
}
