//! When a scheduled drill is due.
//!
//! Days and times are those of windows ([`crate::window`]), in UTC. What was missed is not made up for: a drill that comes
//! at another hour than the one that people were told of is a surprise and no drill.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Method;
use crate::identifier::ServiceName;
use crate::time::Timestamp;
use crate::window::{TimeOfDay, Weekday};

/// A day.
const DAY: Duration = Duration::from_hours(24);

/// Days from 1970-01-01, a Thursday, to the first Monday: weeks are counted from there.
const FIRST_MONDAY: u64 = 4;

/// Looking back, no due time is older than this: schedules are looked at every second.
const LOOK_BACK_MAX: Duration = Duration::from_hours(1);

/// Drills of some services at certain times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// The services, in the order in which they are drilled.
    pub services: Vec<ServiceName>,
    /// When.
    pub when: When,
    /// How long each stays away.
    pub stay: Duration,
    /// How each is made to leave.
    pub method: Method,
    /// Why, for the history.
    pub reason: String,
}

/// When a scheduled drill begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Once.
    Once {
        /// Then.
        at: Timestamp,
    },
    /// On days of a week.
    Weekly {
        /// The days; never empty.
        days: BTreeSet<Weekday>,
        /// The time of day.
        from: TimeOfDay,
        /// In every so many weeks, counted from Monday, 1970-01-05; at least 1.
        every_weeks: u32,
    },
}

impl Schedule {
    /// The time at which it was due after `after` and up to `now`, the latest one.
    pub fn due(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let after = after.max(now.before(LOOK_BACK_MAX));
        let is_due = |at: &Timestamp| after < *at && *at <= now;
        match &self.when {
            When::Once { at } => Some(*at).filter(is_due),
            When::Weekly { days, from, every_weeks } => {
                let today = now.as_secs() / DAY.as_secs();
                let near = [today.checked_sub(1), Some(today)].into_iter().flatten();
                let wanted = near.filter(|day| days.contains(&Weekday::of(*day)) && is_in_week(*day, *every_weeks));
                wanted.map(|day| from.on_day(day)).filter(is_due).max()
            }
        }
    }
}

fn is_in_week(day: u64, every_weeks: u32) -> bool {
    let week = day.checked_sub(FIRST_MONDAY).map(|days| days / 7);
    week.is_some_and(|week| week.is_multiple_of(u64::from(every_weeks.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20, a Friday, at midnight: week 2967 from the first Monday.
    const FRIDAY: Timestamp = Timestamp::from_secs(1_795_132_800);

    fn weekly(every_weeks: u32) -> Schedule {
        let when = When::Weekly { days: [Weekday::Fri].into(), from: "10:00".parse().expect("a time"), every_weeks };
        Schedule {
            name: "quarterly".to_owned(),
            services: vec!["checkout".parse().expect("a name")],
            when,
            stay: Duration::from_mins(10),
            method: Method::Injected,
            reason: "as planned".to_owned(),
        }
    }

    fn hours(hours: u64) -> Timestamp {
        FRIDAY + Duration::from_hours(hours)
    }

    #[test]
    fn a_weekly_drill_is_due_once_at_its_time() {
        let second = Duration::from_secs(1);
        assert_eq!(weekly(1).due(hours(10).before(second), hours(10)), Some(hours(10)));
        assert_eq!(weekly(1).due(hours(10), hours(10) + second), None, "it was");
        assert_eq!(weekly(1).due(hours(9), hours(10).before(second)), None, "not yet");
        assert_eq!(weekly(1).due(hours(33), hours(34)), None, "on Saturday");
    }

    #[test]
    fn what_was_missed_for_long_is_not_made_up_for() {
        assert_eq!(weekly(1).due(hours(0), hours(10) + Duration::from_mins(59)), Some(hours(10)));
        assert_eq!(weekly(1).due(hours(0), hours(11)), None);
    }

    #[test]
    fn weeks_are_counted_from_the_first_monday() {
        let around = |schedule: &Schedule, week: u64| {
            let at = hours(10 + week * 7 * 24);
            schedule.due(at.before(Duration::from_secs(1)), at).is_some()
        };
        let due: Vec<u64> = (0..26).filter(|week| around(&weekly(13), *week)).collect();
        assert_eq!(due.len(), 2, "every thirteenth of 26 weeks: {due:?}");
        assert_eq!(due[1] - due[0], 13);
        let monday = Schedule {
            when: When::Weekly { days: [Weekday::Mon].into(), from: "00:00".parse().expect("a time"), every_weeks: 13 },
            ..weekly(13)
        };
        let first = Timestamp::from_secs(4 * 86_400);
        assert_eq!(monday.due(first.before(Duration::from_secs(1)), first), Some(first), "the first one counts");
    }

    #[test]
    fn one_that_is_due_once_is_due_then() {
        let once = Schedule { when: When::Once { at: hours(3) }, ..weekly(1) };
        assert_eq!(once.due(hours(2), hours(3)), Some(hours(3)));
        assert_eq!(once.due(hours(3), hours(4)), None);
    }
}
