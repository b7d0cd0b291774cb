//! The port that every provider adapter implements: read a zone consistently, apply one change set atomically.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::rrset::GuardedType;
use dns_core::time::Timestamp;
use dns_core::zone::{ReadRequest, ZoneView};
use hickory_proto::rr::Name;

/// Leave to send one write, once, within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// When it was granted, by the wall clock: the time that the write is signed with. A process that stalls
    /// between permit and send therefore sends a signature that the server's own clock refuses.
    pub granted: Timestamp,
    /// How long it lasts; the fudge of the signature (RFC 8945 §4.2), in whole seconds.
    pub length: Duration,
}

impl Permit {
    /// What is left of it now, by the wall clock: it has been running since it was granted, whoever was stopped meanwhile.
    pub fn left(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.left_at(Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)))
    }

    /// What is left of it at a time. A clock that was set back makes it no longer than it was.
    pub fn left_at(&self, now: Timestamp) -> Duration {
        self.length.saturating_sub(now.since(self.granted))
    }

    /// Gets a write ready within what is left.
    pub(crate) async fn within<T>(
        &self,
        subject: &str,
        ready: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        self.check(subject, "anything was asked")?;
        let ready = tokio::time::timeout(self.left(), ready).await;
        ready.map_err(|_| self.late(subject, "the write was ready"))?
    }

    /// Whether something is left, for the moment before something is sent that nobody can call back.
    pub(crate) fn check(&self, subject: &str, before: &str) -> Result<(), ProviderError> {
        if self.left().is_zero() { Err(self.late(subject, before)) } else { Ok(()) }
    }

    fn late(&self, subject: &str, before: &str) -> ProviderError {
        let reason = format!("the permit of {} s ran out before {before}; nothing was sent", self.length.as_secs());
        ProviderError::Transient { subject: subject.to_owned(), reason }
    }
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

/// What a provider can do. What it cannot is refused when the configuration is checked, not on the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How strongly conditions are enforced.
    pub guard: GuardStrength,
    /// The server or API that enforces them.
    pub checked_by: String,
    /// The types of records that can be guarded.
    pub types: &'static [GuardedType],
    /// Whether a record can be an alias of a load balancer, resolved by the provider.
    pub alias: bool,
    /// Whether a record can be proxied, so that its answer in DNS is the proxy's.
    pub proxy: bool,
    /// Whether several record sets of one name and type can share its answers by weight, each of one value or an alias.
    pub weighting: bool,
    /// What becomes of a CNAME at the zone's apex.
    pub apex_cname: ApexCname,
    /// Which conditions a change set can rely on.
    pub conditions: Conditions,
    /// What one change set must fit into.
    pub limits: Limits,
}

/// A CNAME at the apex would stand beside SOA and NS, which DNS forbids (RFC 1034 §3.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApexCname {
    /// Refused as [`ProviderError::Invalid`] before anything is sent. A server that takes DNS UPDATE would leave it out
    /// silently, and the name would be empty.
    Refused,
    /// The provider answers with the addresses of its target.
    Flattened,
}

/// How far a change set's conditions reach. What they cover and does not hold *when `apply` is called* is a
/// [`ProviderError::Conflict`] at every provider, whatever its [`GuardStrength`]; that one says what still holds for edits
/// made *while* `apply` runs. The fence is covered everywhere, its absence included, and so is every RRset that is
/// required exactly, also one that the change set leaves as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Which required absences of RRsets are covered.
    pub absence: AbsenceCondition,
    /// Whether a TTL is covered.
    pub ttl: TtlCondition,
}

/// Which [`Requirement::Absent`](dns_core::change::Requirement::Absent) is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsenceCondition {
    /// All.
    Everywhere,
    /// Where the change set creates an RRset of this name and type, or one of a type that cannot stand beside it. An RRset
    /// that appears elsewhere is seen by the next read.
    WhereCreated,
}

/// Whether a TTL that differs from the one that was read is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlCondition {
    /// No: values alone are compared (RFC 2136 §2.4).
    Ignored,
    /// Yes: the provider removes a record set only by all of it.
    Compared,
}

/// The largest change set that is taken whole, in the provider's own measures; `None` where it has no such measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records removed and added.
    pub records: Option<usize>,
    /// Characters of all values.
    pub characters: Option<usize>,
    /// Octets of the message.
    pub octets: Option<usize>,
    /// The TTLs that a record can have, in seconds.
    pub ttl_secs: RangeInclusive<u32>,
}

/// What a call is for. Providers limit calls per account, and others use the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Watching in quiet times: a small share of what the account may do.
    Watch,
    /// A write and what belongs to it: everything that the account may do.
    Flip,
}

/// What a provider calls a write that it accepted, for [`Provider::status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Accepting was all: the provider's own servers have it.
    Complete,
    /// The provider spreads it to its servers and tells under this id how far it is.
    Change(String),
}

/// How far an accepted write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The provider says that all of its servers have it.
    Complete,
    /// Not yet.
    Spreading,
}

/// What a provider says of a zone that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneFacts {
    /// The name servers that the provider serves it from: what the parent should delegate to.
    pub name_servers: Vec<Name>,
}

/// A failed call, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nothing was written and it may work later: try again with back-off.
    #[error("{subject} gave no usable answer: {reason}")]
    Transient {
        /// Server or API.
        subject: String,
        /// What happened.
        reason: String,
    },
    /// Too many calls, ours or others' of the same account. Nothing was written; not before `retry_after`.
    #[error("{subject} asks for fewer calls, {reason}; next try in {} s", retry_after.as_secs_f32().ceil())]
    Throttled {
        /// The API.
        subject: String,
        /// What it said.
        reason: String,
        /// How long to wait.
        retry_after: Duration,
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
    /// [`ProviderError::Transient`], [`ProviderError::Throttled`] or [`ProviderError::Denied`].
    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError>;

    /// Sends a change set once. `Ok` means that the provider accepted it; the caller reads back.
    ///
    /// # Errors
    /// Any [`ProviderError`].
    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError>;

    /// How far an accepted write is.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn status(&self, receipt: &Receipt) -> Result<Progress, ProviderError>;

    /// What the provider says of a zone. An error names the zone and says what to do about it: it is how a wrong token
    /// and a missing zone show before the day.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_lasts_its_length_and_no_clock_makes_it_longer() {
        let permit = Permit { granted: Timestamp::from_secs(100), length: Duration::from_secs(10) };
        assert_eq!(permit.left_at(Timestamp::from_secs(103)), Duration::from_secs(7));
        assert_eq!(permit.left_at(Timestamp::from_secs(110)), Duration::ZERO);
        assert_eq!(permit.left_at(Timestamp::from_secs(500)), Duration::ZERO);
        assert_eq!(permit.left_at(Timestamp::from_secs(50)), Duration::from_secs(10), "a clock that was set back");
        assert_eq!(permit.left(), Duration::ZERO, "it was granted decades ago");
    }
}
