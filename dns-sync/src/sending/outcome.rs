//! What comes of sending: what was written, what was not, and why it ended early.

use dns_core::identifier::ProviderName;
use dns_provider::port::ProviderError;
use dns_zone::{Owner, TooBig};

/// What came of the steps that were still open, by their place in the plan; of those that are in none of its lists nothing was
/// sent, or it is not known what became of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Written, in this order.
    pub(crate) done: Vec<usize>,
    /// Refused even alone, with what the target said.
    pub(crate) refused: Vec<(usize, String)>,
    /// Not sent because they need a name of a refused one.
    pub(crate) withheld: Vec<usize>,
    /// Sent, and not known whether they were written.
    pub(crate) in_doubt: Vec<usize>,
    /// Messages or calls that wrote something.
    pub(crate) batches: usize,
    /// Whether a refusal was for what a record is. If none was, the target may as well take no write at all now.
    pub(crate) refuses_records: bool,
}

impl Sent {
    /// What the target said, if it denied each step that it was sent: a zone that is frozen, a clock that is wrong. A server may
    /// deny a record in the same words, but then it takes others.
    pub(crate) fn denied_all(&self) -> Option<&str> {
        let (_, reason) = self.refused.last()?;
        (self.done.is_empty() && !self.refuses_records).then_some(reason)
    }

    pub(super) fn taken(&mut self, batch: &[usize]) {
        self.batches += 1;
        self.done.extend(batch);
    }
}

/// Why sending ended early. What was written until then stays; the same plan goes on from there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The zone is not as the plan knows it.
    #[error("the zone {zone} at `{target}` was changed by someone else meanwhile ({reason}); make a new plan")]
    Drifted {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// What is other.
        reason: String,
    },
    /// A step exceeds every batch.
    #[error("nothing of this plan was written")]
    TooBig(#[from] TooBig),
    /// The target cannot be written to.
    #[error("the zone {zone} at `{target}` cannot be written; `apply` the same plan again to go on")]
    Provider {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// Somebody does not want to wait until the end.
    #[error("stopped as asked while the zone {zone} was written to `{target}`")]
    Stopped {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
    },
    /// It refuses everything.
    #[error("`{target}` refuses one change of {zone} after the other, at last: {reason}; the rest was not tried")]
    RefusesAll {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// What it said.
        reason: String,
    },
}
