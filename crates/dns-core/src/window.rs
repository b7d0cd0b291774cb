//! Windows of time in which changes wait: a maintenance of a region, a freeze over the holidays.
//!
//! All times are UTC: an outage during the hour that a clock change repeats must not depend on whose clock it is.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A day.
const DAY: Duration = Duration::from_hours(24);

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Weekday {
    /// The first one (ISO 8601).
    Mon,
    /// The second.
    Tue,
    /// The third.
    Wed,
    /// The fourth.
    Thu,
    /// The fifth.
    Fri,
    /// The sixth.
    Sat,
    /// The last.
    Sun,
}

impl Weekday {
    /// Every day, in order.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// The day as the configuration names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// The day of so many days since 1970-01-01, which was a Thursday.
    pub(crate) fn of(days: u64) -> Self {
        Self::ALL[usize::try_from((days + 3) % 7).unwrap_or_default()]
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is `HH:MM` in UTC, from 00:00 to 23:59")]
pub struct TimeOfDayError;

/// A time of day in UTC, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// This time on the day of so many days since 1970-01-01.
    pub(crate) fn on_day(self, day: u64) -> Timestamp {
        Timestamp::from_secs(day.saturating_mul(DAY.as_secs())) + self.since_midnight()
    }

    /// Since midnight.
    fn since_midnight(self) -> Duration {
        Duration::from_mins(u64::from(self.minutes))
    }
}

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hours, minutes) = text.split_once(':').ok_or(TimeOfDayError)?;
        let two_digits = |part: &str, below: u16| {
            let is_two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            let number = part.parse::<u16>().ok().filter(|number| is_two && *number < below);
            number.ok_or(TimeOfDayError)
        };
        Ok(Self { minutes: two_digits(hours, 24)? * 60 + two_digits(minutes, 60)? })
    }
}

/// When a window is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Once.
    Once {
        /// From here on.
        from: Timestamp,
        /// Until then, exclusive.
        until: Timestamp,
    },
    /// Each week.
    Weekly {
        /// The days on which it opens; never empty.
        days: BTreeSet<Weekday>,
        /// When it opens.
        from: TimeOfDay,
        /// How long it stays open; at most a week.
        length: Duration,
    },
}

/// Whether a window holds up the leaving of a region that fails, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmergencyFailover {
    /// A service leaves a failing region as ever.
    Allow,
    /// It waits for an order that overrides the window: the failure is expected, as in a maintenance.
    Block,
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// Its name.
    pub name: String,
    /// When it is open.
    pub when: When,
    /// Whether it holds up the leaving of a failing region.
    pub emergency_failover: EmergencyFailover,
}

impl Window {
    /// When it closes, if it is open.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once { from, until } => (*from <= now && now < *until).then_some(*until),
            When::Weekly { days, from, length } => {
                let today = now.as_secs() / DAY.as_secs();
                // One that opened a week ago may still be open; the latest to close counts.
                let openings =
                    (0..=7).filter_map(|back| today.checked_sub(back)).filter(|day| days.contains(&Weekday::of(*day)));
                let starts = openings.map(|day| Timestamp::from_secs(day * DAY.as_secs()) + from.since_midnight());
                starts.filter(|start| *start <= now).map(|start| start + *length).filter(|end| now < *end).max()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20, a Friday, at midnight.
    const FRIDAY: Timestamp = Timestamp::from_secs(1_795_132_800);

    fn weekend() -> Window {
        let when = When::Weekly {
            days: [Weekday::Fri].into(),
            from: "16:00".parse().expect("a time"),
            length: Duration::from_hours(64),
        };
        Window { name: "weekend".to_owned(), when, emergency_failover: EmergencyFailover::Allow }
    }

    #[test]
    fn knows_the_day_of_the_week() {
        assert_eq!(Weekday::of(0), Weekday::Thu, "1970-01-01");
        assert_eq!(Weekday::of(FRIDAY.as_secs() / 86_400), Weekday::Fri, "2026-11-20");
    }

    #[test]
    fn a_weekly_window_opens_and_closes_in_utc_and_over_midnight() {
        let hours = |hours: u64| FRIDAY + Duration::from_hours(hours);
        let monday_morning = hours(16 + 64);
        for (at, open) in [
            (hours(15) + Duration::from_mins(59), false),
            (hours(16), true),
            (hours(48), true),
            (hours(80) + Duration::ZERO, false),
            (hours(7 * 24 + 16), true),
        ] {
            assert_eq!(weekend().open_until(at).is_some(), open, "{at}");
        }
        assert_eq!(weekend().open_until(hours(20)), Some(monday_morning));
        assert_eq!(weekend().open_until(Timestamp::default()), None, "before there was a Friday");
    }

    #[test]
    fn a_window_of_a_whole_week_is_open_on_its_own_day() {
        let mut window = weekend();
        if let When::Weekly { length, .. } = &mut window.when {
            *length = Duration::from_hours(7 * 24);
        }
        assert!(window.open_until(FRIDAY + Duration::from_hours(15)).is_some(), "of the week before");
    }

    #[test]
    fn a_window_that_opens_once_ends_exclusively() {
        let (from, until) = (FRIDAY, FRIDAY + Duration::from_hours(1));
        let window = Window { when: When::Once { from, until }, ..weekend() };
        assert_eq!(window.open_until(from), Some(until));
        assert_eq!(window.open_until(until), None);
        assert_eq!(window.open_until(from.before(Duration::from_millis(1))), None);
    }

    #[test]
    fn a_time_of_day_is_strict() {
        for text in ["", "16", "16:0", "24:00", "16:60", "1:00", "16:00:00", "+1:00", "ab:cd"] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(TimeOfDayError), "{text}");
        }
        assert_eq!("23:59".parse::<TimeOfDay>().map(TimeOfDay::since_midnight), Ok(Duration::from_mins(1439)));
    }
}
