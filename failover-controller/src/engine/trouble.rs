//! What is wrong with the store, told once and until it is over.
//!
//! A commit that works proves little: on a full disk a small one may fit where the one that is wanted does not. So an
//! error stands until a whole turn of the engine has passed without one. Damage stands until the process ends, since
//! commits that happen not to touch it prove nothing.
//!
//! A store that is not available may take its time to say so. After the first such answer nothing more is committed
//! until the next turn, which tries it once: were each service to find out for itself, a turn would take as long as all
//! of them together, and nobody would be told meanwhile.

use dns_service::exit::one_line;
use dns_store::port::StoreError;

/// What is known of the store's health.
#[derive(Default)]
pub(super) struct Trouble {
    error: Option<String>,
    damage: Option<String>,
    /// What the log was told.
    told: Option<String>,
    failures: u64,
    /// Why nothing is committed until the next turn.
    shut: Option<String>,
}

impl Trouble {
    /// Takes in a failed call.
    pub(super) fn note(&mut self, error: &StoreError) {
        let text = one_line(error);
        metrics::counter!("failover_controller_store_failures_total").increment(1);
        self.failures += 1;
        match error {
            StoreError::Corrupt { .. } => self.damage = Some(text.clone()),
            StoreError::Unavailable { .. } => self.shut = Some(text.clone()),
            StoreError::Stale { .. } => {}
        }
        self.error = Some(text);
        self.tell(None);
    }

    /// Why no commit is to be tried before the next turn, if it isn't.
    pub(super) fn shut(&self) -> Option<&str> {
        self.shut.as_deref()
    }

    /// A new turn tries again.
    pub(super) fn reopen(&mut self) {
        self.shut = None;
    }

    /// How many calls failed; a turn in which it does not rise is a good one.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether calls have failed and none was proven to work since.
    pub(super) fn is_failing(&self) -> bool {
        self.error.is_some()
    }

    /// Forgets what a good turn has disproved.
    pub(super) fn end(&mut self) {
        self.error = None;
    }

    /// What people are told; `None` if all is well. `seen` is what the store itself remembers of its calls. What is wrong
    /// now comes before damage that was met once.
    pub(super) fn text(&self, seen: Option<String>) -> Option<String> {
        self.error.clone().or_else(|| self.damage.clone()).or(seen)
    }

    /// Tells the log what has changed.
    pub(super) fn tell(&mut self, seen: Option<String>) {
        let now = self.text(seen);
        if now == self.told {
            return;
        }
        if let Some(error) = &now {
            tracing::error!(error, "the store does not work; nothing is decided without it");
        } else {
            tracing::info!("the store works again");
        }
        self.told = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_turn_ends_what_may_pass_and_not_what_is_damaged() {
        let mut trouble = Trouble::default();
        trouble.note(&StoreError::Unavailable { subject: "a.db".to_owned(), source: "full".into() });
        assert!(trouble.text(None).is_some_and(|text| text.contains("full")));
        trouble.end();
        assert_eq!((trouble.text(None), trouble.is_failing()), (None, false));
        assert_eq!(trouble.text(Some("seen".to_owned())).as_deref(), Some("seen"));

        trouble.note(&StoreError::Corrupt { subject: "a.db".to_owned(), reason: "torn".to_owned() });
        trouble.end();
        assert!(trouble.text(None).is_some_and(|text| text.contains("torn")));
    }

    #[test]
    fn what_is_wrong_now_is_told_before_what_was_damaged_once() {
        let mut trouble = Trouble::default();
        trouble.note(&StoreError::Corrupt { subject: "a.db".to_owned(), reason: "torn".to_owned() });
        trouble.note(&StoreError::Unavailable { subject: "a.db".to_owned(), source: "full".into() });
        assert!(trouble.text(None).is_some_and(|text| text.contains("full")));
    }

    #[test]
    fn only_a_store_that_is_not_available_is_left_alone_until_the_next_turn() {
        let mut trouble = Trouble::default();
        trouble.note(&StoreError::Corrupt { subject: "a.db".to_owned(), reason: "torn".to_owned() });
        assert_eq!(trouble.shut(), None, "one bad row must not hold up the others");
        trouble.note(&StoreError::Unavailable { subject: "a.db".to_owned(), source: "locked".into() });
        assert!(trouble.shut().is_some_and(|why| why.contains("locked")));
        trouble.reopen();
        assert_eq!(trouble.shut(), None);
    }
}
