//! What is wrong with the store, told once and until it is over.
//!
//! A commit that works proves little: on a full disk a small one may fit where the one that is wanted does not. So an
//! error stands until a whole turn of the engine has passed without one. Damage stands until the process ends, since
//! commits that happen not to touch it prove nothing.

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
}

impl Trouble {
    /// Takes in a failed call.
    pub(super) fn note(&mut self, error: &StoreError) {
        let text = one_line(error);
        metrics::counter!("failover_controller_store_failures_total").increment(1);
        self.failures += 1;
        if matches!(error, StoreError::Corrupt { .. }) {
            self.damage = Some(text.clone());
        }
        self.error = Some(text);
        self.tell(None);
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

    /// What people are told; `None` if all is well. `seen` is what the store itself remembers of its calls.
    pub(super) fn text(&self, seen: Option<String>) -> Option<String> {
        self.damage.clone().or_else(|| self.error.clone()).or(seen)
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
}
