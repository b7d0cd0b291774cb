//! The limit on requests of each token: a window from its first request on, refused to its end once it is used up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::setup::Rate;

/// How far each token is.
#[derive(Debug)]
pub(super) struct Throttle {
    rate: Rate,
    windows: HashMap<String, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    started: Instant,
    requests: u32,
}

/// What every answer tells of the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) rate: Rate,
    pub(super) remaining: u32,
    pub(super) resets_in: Duration,
    pub(super) is_refused: bool,
}

impl Throttle {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, windows: HashMap::new() }
    }

    /// Counts a request of a token.
    pub(super) fn count(&mut self, token: &str, now: Instant) -> Standing {
        let Rate { requests, window } = self.rate;
        let current = self.windows.entry(token.to_owned()).or_insert(Window { started: now, requests: 0 });
        if now.duration_since(current.started) >= window {
            *current = Window { started: now, requests: 0 };
        }
        let is_refused = current.requests >= requests;
        current.requests = current.requests.saturating_add(1);
        Standing {
            rate: self.rate,
            remaining: requests.saturating_sub(current.requests),
            resets_in: window.saturating_sub(now.duration_since(current.started)),
            is_refused,
        }
    }
}

impl Standing {
    /// In whole seconds, rounded up, as headers have it.
    pub(super) fn resets_in_secs(self) -> u64 {
        self.resets_in.as_secs() + u64::from(self.resets_in.subsec_nanos() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_to_the_end_of_the_window_and_no_other_token() {
        let rate = Rate { requests: 2, window: Duration::from_secs(10) };
        let mut throttle = Throttle::new(rate);
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        assert!(!throttle.count("a", at(0)).is_refused);
        assert_eq!(throttle.count("a", at(1)).remaining, 0);
        let refused = throttle.count("a", at(4));
        assert_eq!((refused.is_refused, refused.resets_in_secs()), (true, 6));
        assert!(!throttle.count("b", at(4)).is_refused);
        assert!(throttle.count("a", at(9)).is_refused);
        assert!(!throttle.count("a", at(10)).is_refused);
    }
}
