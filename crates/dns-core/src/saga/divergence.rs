//! Where the places of a service differ, for people and metrics. Nothing is decided by it.

use super::Saga;
use crate::fence::{Epoch, Fence};
use crate::service::Place;
use crate::standing::Standing;

/// A place that is not where the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Which.
    pub place: Place,
    /// How.
    pub lag: Lag,
}

/// How a place differs from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lag {
    /// It was moved by another decision of the same epoch.
    Split,
    /// It has not come after the newest decision.
    Behind {
        /// The epoch of its fence, if it has one.
        epoch: Option<Epoch>,
        /// The epoch of the newest one.
        newest: Epoch,
    },
    /// Its fence is gone or was set back.
    Lost,
}

impl Saga {
    /// The newest fence of all places; the first one's of equals.
    pub fn newest(&self) -> Option<&Fence> {
        let held = self.stands.iter().filter_map(|stand| stand.machine.memory().held());
        held.filter(|held| !held.is_tombstone()).reduce(|best, next| if next.epoch > best.epoch { next } else { best })
    }

    /// Every place that is not where the service is. Empty if all is well, if nothing was adopted, and for one place.
    pub fn divergences(&self) -> Vec<Divergence> {
        let Some(newest) = self.newest().filter(|_| self.stands.len() > 1) else { return Vec::new() };
        let lags = self.stands.iter().filter_map(|stand| {
            let memory = stand.machine.memory();
            let held = memory.held().filter(|held| !held.is_tombstone());
            let lag = match held {
                _ if matches!(memory.standing(), Standing::Lost { .. }) => Lag::Lost,
                Some(held) if held.epoch == newest.epoch && held.plan == newest.plan => return None,
                Some(held) if held.epoch == newest.epoch => Lag::Split,
                held => Lag::Behind { epoch: held.map(|held| held.epoch), newest: newest.epoch },
            };
            Some(Divergence { place: stand.place.clone(), lag })
        });
        lags.collect()
    }
}
