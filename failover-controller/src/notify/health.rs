//! How a receiver is: told in the log once, and as a line of `status` while it lasts. It never pages: who is not told
//! cannot be told that, and everyone else has the metrics.

use std::time::Duration;

use dns_core::time::Timestamp;

use crate::api::report::rfc3339;

/// How long a receiver may fail before people are told: shorter is a restart of its own.
const FAILING_FOR: Duration = Duration::from_mins(1);

/// Since when a receiver takes nothing, and whether that was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    failing: Option<Failing>,
}

#[derive(Clone, Debug)]
struct Failing {
    since: Timestamp,
    told: bool,
}

/// What people are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It fails, in a sentence.
    Fails(String),
    /// It takes letters again.
    Well,
}

impl Health {
    /// It did not take a letter; a refusal will not end by itself, so it is told at once.
    pub(super) fn failed(&mut self, name: &str, why: &str, refused: bool, now: Timestamp) -> Option<News> {
        let failing = self.failing.get_or_insert(Failing { since: now, told: false });
        if failing.told || !(refused || now.since(failing.since) >= FAILING_FOR) {
            return None;
        }
        failing.told = true;
        let word = if refused { "refuses what it is told" } else { "has taken nothing" };
        Some(News::Fails(format!("receiver `{name}` {word} since {}: {why}", rfc3339(failing.since))))
    }

    /// It took one.
    pub(super) fn took(&mut self) -> Option<News> {
        self.failing.take().filter(|failing| failing.told).map(|_| News::Well)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_246_200);

    #[test]
    fn a_receiver_that_fails_for_long_is_told_once_and_so_is_its_return() {
        let mut health = Health::default();
        assert_eq!(health.failed("chat", "no route", false, NOW), None, "a restart is no news");
        let news = health.failed("chat", "no route", false, NOW + FAILING_FOR);
        let Some(News::Fails(words)) = news else { panic!("{news:?}") };
        assert_eq!(words, "receiver `chat` has taken nothing since 2026-11-21T07:30:00.000Z: no route");
        assert_eq!(health.failed("chat", "no route", false, NOW + FAILING_FOR * 2), None, "once");
        assert_eq!(health.took(), Some(News::Well));
        assert_eq!(health.took(), None);
    }

    #[test]
    fn a_short_failure_is_told_to_nobody() {
        let mut health = Health::default();
        health.failed("chat", "no route", false, NOW);
        assert_eq!(health.took(), None);
        assert_eq!(health.failed("chat", "no route", false, NOW + FAILING_FOR), None, "it is counted anew");
    }

    #[test]
    fn a_refusal_is_told_at_once() {
        let news = Health::default().failed("chat", "it answered 403", true, NOW);
        assert!(matches!(news, Some(News::Fails(words)) if words.contains("refuses")));
    }
}
