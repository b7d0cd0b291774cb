//! Points in time. A browser counts ages from them and writes them into the element; without JavaScript the time of
//! day stands there. The text never depends on when it was rendered.

use std::time::Duration;

use dns_core::time::Timestamp;
use maud::{Markup, html};

use crate::api::report::rfc3339;

/// "for 3m12s", or "since 12:03:14 UTC" where nothing counts.
pub(super) fn lasting(since: Timestamp) -> Markup {
    counted(since, "for", "since")
}

/// "3m12s ago", or "at 12:03:14 UTC".
pub(super) fn ago(at: Timestamp) -> Markup {
    counted(at, "ago", "at")
}

/// What lasts since an age before now.
pub(super) fn lasting_age(now: Timestamp, age_ms: u64) -> Markup {
    lasting(now.before(Duration::from_millis(age_ms)))
}

/// What was an age ago.
pub(super) fn ago_age(now: Timestamp, age_ms: u64) -> Markup {
    ago(now.before(Duration::from_millis(age_ms)))
}

fn counted(at: Timestamp, counting: &str, plain: &str) -> Markup {
    let full = rfc3339(at);
    html! {
        time.age datetime=(full) title=(full) data-at=(at.as_millis()) data-say=(counting) { (plain) " " (clock(&full)) }
    }
}

/// A point in time that stays one: date and time of day, to the millisecond.
pub(super) fn fixed(at: &str) -> Markup {
    let (date, time) = at.split_once('T').unwrap_or(("", at));
    html! { time.fixed datetime=(at) { span.date { (date) } " " (time.trim_end_matches('Z')) } }
}

/// "12:03:14 UTC" of "2026-11-21T12:03:14.123Z", with the date before it: nobody knows when it is read.
pub(super) fn clock(rfc3339: &str) -> String {
    let whole = rfc3339.split_once('.').map_or(rfc3339, |(whole, _)| whole);
    whole.replacen('T', " ", 1) + " UTC"
}

/// Milliseconds after the first step: `+0.000 s`, and words from a hundred seconds on.
pub(super) fn offset(ms: i64) -> String {
    match ms.unsigned_abs() {
        small @ ..100_000 => format!("{}{}.{:03} s", if ms < 0 { "−" } else { "+" }, small / 1000, small % 1000),
        large => format!("+{}m{:02}s", large / 60_000, large / 1000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_at_a_glance() {
        let cases =
            [(0, "+0.000 s"), (1_204, "+1.204 s"), (-30, "−0.030 s"), (99_999, "+99.999 s"), (125_000, "+2m05s")];
        for (ms, text) in cases {
            assert_eq!(offset(ms), text);
        }
    }

    #[test]
    fn an_age_is_a_point_in_time_that_does_not_change_with_now() {
        let at = Timestamp::from_millis(1_795_246_200_123);
        let early = lasting_age(at + Duration::from_secs(5), 5_000).into_string();
        let late = lasting_age(at + Duration::from_mins(5), 300_000).into_string();
        assert_eq!(early, late);
        assert!(early.contains("data-at=\"1795246200123\""), "{early}");
    }
}
