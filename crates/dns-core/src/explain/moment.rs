//! Points in time and lengths of time, as a person reads them.

use std::time::Duration;

use crate::time::Timestamp;

/// A length in two units at the most: `420ms`, `12s`, `3m12s`, `2h05m`, `3d04h`.
pub fn span(length: Duration) -> String {
    let secs = length.as_secs();
    let (minutes, hours, days) = (secs / 60, secs / 3600, secs / 86400);
    match secs {
        0 => format!("{}ms", length.as_millis()),
        1..60 => format!("{secs}s"),
        60..3600 => format!("{minutes}m{:02}s", secs % 60),
        3600..86400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// The same for what takes seconds and is measured in milliseconds: `420ms`, `1.25s`, `3m12s`.
pub fn fine_span(length: Duration) -> String {
    match length.as_secs() {
        1..60 => format!("{}.{:02}s", length.as_secs(), length.subsec_millis() / 10),
        _ => span(length),
    }
}

/// The time of day in UTC, with the day before it if that is not the day of what is told of.
pub(super) fn clock(at: Timestamp, told: Timestamp) -> String {
    let format = if day(at) == day(told) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    written(at, format)
}

fn day(at: Timestamp) -> u64 {
    at.as_secs() / 86_400
}

/// A point beyond what a calendar can say stays a number.
fn written(at: Timestamp, format: &str) -> String {
    let millis = i64::try_from(at.as_millis()).ok();
    let point = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    point.map_or_else(|| at.to_string(), |point| point.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_the_most() {
        let cases =
            [(0, "0ms"), (999, "999ms"), (1999, "1s"), (59_999, "59s"), (60_000, "1m00s"), (3_599_000, "59m59s")];
        for (millis, text) in cases {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
        assert_eq!(span(Duration::from_mins(125)), "2h05m");
        assert_eq!(span(Duration::from_hours(76)), "3d04h");
    }

    #[test]
    fn seconds_are_told_to_the_hundredth_where_they_are_steps() {
        let cases = [(420, "420ms"), (1000, "1.00s"), (1256, "1.25s"), (59_999, "59.99s"), (60_000, "1m00s")];
        for (millis, text) in cases {
            assert_eq!(fine_span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn another_day_is_named() {
        let told = Timestamp::from_secs(1_795_246_200);
        assert_eq!(clock(told, told), "07:30:00");
        assert_eq!(clock(told.before(Duration::from_hours(8)), told), "2026-11-20 23:30:00");
        assert_eq!(clock(Timestamp::from_secs(u64::MAX), told), Timestamp::from_secs(u64::MAX).to_string());
    }
}
