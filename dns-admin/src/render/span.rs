//! Durations as a person reads them: two units, never more.

/// Milliseconds in words: `420ms`, `12s`, `3m12s`, `2h05m`, `3d04h`.
pub fn span(millis: u64) -> String {
    let secs = millis / 1000;
    let (minutes, hours, days) = (secs / 60, secs / 3600, secs / 86400);
    match secs {
        0 => format!("{millis}ms"),
        1..60 => format!("{secs}s"),
        60..3600 => format!("{minutes}m{:02}s", secs % 60),
        3600..86400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units_at_the_most() {
        let cases =
            [(0, "0ms"), (999, "999ms"), (1999, "1s"), (59_999, "59s"), (60_000, "1m00s"), (3_599_000, "59m59s")];
        for (millis, text) in cases {
            assert_eq!(span(millis), text);
        }
        assert_eq!(span(7_500_000), "2h05m");
        assert_eq!(span(86_400_000 * 3 + 3_600_000 * 4), "3d04h");
        assert_eq!(span(u64::MAX), "213503982334d14h");
    }
}
