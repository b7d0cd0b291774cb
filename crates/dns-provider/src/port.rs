//! The port that every provider adapter implements: read a zone consistently, apply one change set atomically.

use std::time::Duration;

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::time::Timestamp;
use dns_core::zone::{ReadRequest, ZoneView};

/// Leave to send one write, once, within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// When it was granted, by the wall clock: the time that the write is signed with. A process that stalls
    /// between permit and send therefore sends a signature that the server's own clock refuses.
    pub granted: Timestamp,
    /// How long it lasts; the fudge of the signature (RFC 8945 §4.2), in whole seconds.
    pub length: Duration,
}

/// How strongly a provider enforces a change set's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardStrength {
    /// Read, compare, write, read back: another writer can slip in between.
    Weak,
    /// Atomic among writers that keep to the fence.
    OwnWriters,
    /// Atomic against everyone.
    Atomic,
}

/// What a provider can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How strongly conditions are enforced.
    pub guard: GuardStrength,
    /// The server or API that enforces them.
    pub checked_by: String,
}

/// A failed call, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing was written and it may work later: try again with back-off.
    #[error("{subject} could not be reached: {reason}")]
    Unreachable {
        /// Server or API.
        subject: String,
        /// What happened.
        reason: String,
    },
    /// The zone is not as the change set requires; nothing was written. Read, then decide again.
    #[error("zone {zone} is not as it was read ({reason})")]
    Conflict {
        /// The zone.
        zone: String,
        /// What the provider said.
        reason: String,
    },
    /// Refused for a reason that only a person can change: key, rights, clock. Nothing was written.
    #[error("{subject} refused: {reason}")]
    Denied {
        /// Server or API.
        subject: String,
        /// What it said, and a hint.
        reason: String,
    },
    /// This change set can never be written. Nothing was written.
    #[error("{subject} cannot take {record}: {reason}")]
    Invalid {
        /// Server or API.
        subject: String,
        /// Which record.
        record: String,
        /// Why.
        reason: String,
    },
    /// Sent, and no answer that can be trusted came: the write may have happened or may still happen.
    #[error("no answer from {subject} after the write was sent: {reason}")]
    OutcomeUnknown {
        /// Server or API.
        subject: String,
        /// What happened.
        reason: String,
    },
}

/// A DNS provider. Calls are bounded in time by the adapter and may be dropped at any await; a dropped `apply` is an
/// unknown outcome.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What this provider can do.
    fn capabilities(&self) -> Capabilities;

    /// Reads the fence and the RRsets of a request, those the found fence names, and the types that conflict with
    /// any of them, from where writes are checked; never from a cache or a secondary. The fence is read again after
    /// the records, and everything again if it changed.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`] or [`ProviderError::Denied`].
    async fn read(&self, request: &ReadRequest) -> Result<ZoneView, ProviderError>;

    /// Sends a change set once. `Ok` means that the provider accepted it; the caller reads back.
    ///
    /// # Errors
    /// Any [`ProviderError`].
    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<(), ProviderError>;
}
