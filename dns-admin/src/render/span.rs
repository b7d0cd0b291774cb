//! Durations as a person reads them: two units, never more.

use std::time::Duration;

/// Milliseconds in words: `420ms`, `12s`, `3m12s`, `2h05m`, `3d04h`; the same as in the controller's sentences.
pub fn span(millis: u64) -> String {
    dns_core::explain::span(Duration::from_millis(millis))
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
