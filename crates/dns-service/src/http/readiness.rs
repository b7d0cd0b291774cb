//! Whether a daemon can do its work, part by part: what `/readyz` answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The parts of a daemon that are not ready, with the reason. A part that was never named counts as ready, so a
/// daemon names every part before it listens. Clones share one registry.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Readiness {
    /// A registry in which these parts are still starting.
    pub fn starting(parts: &[&'static str]) -> Self {
        let readiness = Self::default();
        for part in parts {
            readiness.not_ready(part, "starting");
        }
        readiness
    }

    /// Says that a part works.
    pub fn ready(&self, part: &'static str) {
        self.lock().remove(part);
    }

    /// Says that a part does not work, and why.
    pub fn not_ready(&self, part: &'static str, reason: impl Into<String>) {
        self.lock().insert(part, reason.into());
    }

    /// Every part that is not ready.
    pub fn reasons(&self) -> BTreeMap<&'static str, String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // A map of strings is whole at every point at which a holder could have panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_ready_when_every_part_is() {
        let readiness = Readiness::starting(&["store", "evidence"]);
        readiness.ready("store");
        readiness.not_ready("evidence", "no vantage point was heard");
        assert_eq!(
            readiness.reasons().into_iter().collect::<Vec<_>>(),
            [("evidence", "no vantage point was heard".to_owned())]
        );
        readiness.clone().ready("evidence");
        assert!(readiness.reasons().is_empty());
    }
}
