//! DNS UPDATE (RFC 2136) with TSIG (RFC 8945) over TCP: writes and reads at one primary.
//!
//! Invariants: a write is signed with the time of its *permit*, by a fudge no longer than the permit, and sent
//! once, so the primary itself refuses it when the process stalled in between. Nothing checks the time here: a
//! check made before the write proves nothing about the moment in which it arrives. Whatever was sent and not
//! answered under the key is an unknown outcome.
//!
//! What the servers do differently:
//! - NOERROR does not mean applied: a CNAME beside other data, and the reverse, is skipped silently (RFC 2136
//!   §3.4.2.2). Deletes go first, absence of conflicting types is a prerequisite, and the caller reads back.
//! - RRsets are deleted whole (RFC 2136 §2.5.2), not record by record: the prerequisites say what is in them, and a
//!   value that a server would not recognise as its own could otherwise stay beside the new one.
//! - BIND and Knot answer a bad key, signature or time with NOTAUTH and a TSIG error; `PowerDNS` answers an
//!   UPDATE with an unsigned REFUSED and a query with an unsigned NOTAUTH. So an error's rcode counts before its
//!   signature is checked.
//! - All three sign answers to signed queries, and all three compare the strings of a TXT record one by one
//!   in a prerequisite; `PowerDNS` does so without case.
//!
//! After an accepted write it may tell secondaries to ask the primary at once, see [`NotifyError`]; the write is done by
//! then.
//!
//! It does not decide what a conflict means, and it does not retry a write: neither over another connection nor under
//! another key. Writes go over connections of their own, reads share a few.

mod idle;
mod key;
mod keyring;
mod message;
mod notify;
mod outcome;
mod reader;
mod zone;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::rrset::GuardedType;
use dns_core::zone::{ReadRequest, ZoneView};
use dns_wire::ExchangeError;
use hickory_proto::rr::Name;

use self::idle::Idle;
use self::key::Signed;
pub use self::key::{TsigAlgorithm, TsigKey};
pub use self::keyring::TsigKeys;
use self::keyring::{Keyring, Which};
use self::notify::Notifier;
pub use self::notify::NotifyError;
use self::reader::Reader;
pub use self::zone::{Rfc2136Zones, WholeZone};
use crate::port::{
    AbsenceCondition, ApexCname, Capabilities, Conditions, GuardStrength, Limits, Permit, Progress, Provider,
    ProviderError, Receipt, TtlCondition, Urgency, ZoneFacts,
};

/// A DNS message over TCP has a length of 16 bits (RFC 1035 §4.2.2).
const MESSAGE_OCTETS_MAX: usize = 65_535;

/// RFC 2181 §8; 0 would be a record that nobody may cache, and the fence's arithmetic reads it as 1.
const TTL_SECS: RangeInclusive<u32> = 1..=0x7fff_ffff;

/// A primary that takes DNS UPDATE.
#[derive(Clone, Debug)]
pub struct Rfc2136 {
    server: SocketAddr,
    keyring: Arc<Keyring>,
    idle: Idle,
    timeout: Duration,
    read_fudge: Duration,
    sent: fn(),
    notifier: Notifier,
}

impl Rfc2136 {
    /// A primary, and a [`TsigKey`] or two [`TsigKeys`]. One exchange takes `timeout` at the most. Reads are signed with a
    /// fudge of `read_fudge`, in whole seconds: with the permit's length, a clock that would refuse the writes shows in
    /// quiet times already.
    pub fn new(server: SocketAddr, keys: impl Into<TsigKeys>, timeout: Duration, read_fudge: Duration) -> Self {
        let (keyring, idle) = (Keyring::new(keys.into()), Idle::default());
        Self { server, keyring, idle, timeout, read_fudge, sent: || {}, notifier: Notifier::default() }
    }

    /// Calls `told` each time that an update's bytes were handed to the system and its answer was not read yet: the
    /// moment from which on only a look at the zone says what became of it.
    #[must_use]
    pub fn telling_when_sent(self, told: fn()) -> Self {
        Self { sent: told, ..self }
    }

    /// Sends NOTIFY (RFC 1996) to `servers` after each write that the primary accepted, so that they ask the primary at
    /// once, whenever it would notify them itself. `apply` does not wait for it. `told` hears what became of it, once
    /// for each server and write, in the task that found out; it must not block.
    #[must_use]
    pub fn notifying(
        self,
        servers: &[SocketAddr],
        told: impl Fn(SocketAddr, Result<(), NotifyError>) + Send + Sync + 'static,
    ) -> Self {
        let notifier = Notifier::new(servers, &self.keyring, self.read_fudge, told);
        Self { notifier, ..self }
    }

    /// The name of the key that writes are signed with: of two, the one that a read was last answered under.
    pub fn key_in_use(&self) -> &Name {
        self.keyring.name_in_use()
    }

    fn subject(&self) -> String {
        format!("primary {}", self.server)
    }

    /// Sends an update, once.
    async fn send(&self, zone: &Name, which: Which, signed: &Signed) -> Result<Receipt, ProviderError> {
        let subject = self.subject();
        match dns_wire::tcp_telling(self.server, signed.wire(), self.timeout, self.sent).await {
            Ok(answer) => {
                let verified = signed.verify(&answer);
                if outcome::may_be_for_the_key(&answer.message, &verified) {
                    self.keyring.doubt(which);
                }
                outcome::of_update(&subject, zone, &answer.message, &verified)?;
                self.notifier.tell(zone);
                Ok(Receipt::Complete)
            }
            Err(ExchangeError::Connect { reason, .. }) => Err(ProviderError::Transient { subject, reason }),
            Err(ExchangeError::NoAnswer { reason, .. } | ExchangeError::Garbage { reason, .. }) => {
                Err(ProviderError::OutcomeUnknown { subject, reason })
            }
        }
    }
}

#[async_trait]
impl Provider for Rfc2136 {
    fn capabilities(&self) -> Capabilities {
        able(self.subject())
    }

    /// No call of a primary is counted by anyone, so its urgency makes no difference.
    async fn read(&self, request: &ReadRequest, _urgency: Urgency) -> Result<ZoneView, ProviderError> {
        Reader::new(self, request).read().await
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        let subject = self.subject();
        let message = message::update(&self.capabilities(), change)?;
        let which = self.keyring.proven();
        let key = self.keyring.key(which);
        let signed = key.sign(&message, permit.granted.as_secs(), permit.length).map_err(|reason| {
            ProviderError::Invalid { subject: subject.clone(), record: change.fence_name.to_string(), reason }
        })?;
        self.send(&change.zone, which, &signed).await
    }

    async fn status(&self, _receipt: &Receipt) -> Result<Progress, ProviderError> {
        Ok(Progress::Complete)
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        let request = ReadRequest { zone: zone.clone(), fence_name: zone.clone(), keys: BTreeSet::new() };
        let name_servers = Reader::new(self, &request).name_servers().await?;
        Ok(ZoneFacts { name_servers })
    }
}

/// What every server that takes DNS UPDATE can do.
fn able(subject: String) -> Capabilities {
    Capabilities {
        guard: GuardStrength::Atomic,
        checked_by: subject,
        types: &GuardedType::ALL,
        alias: false,
        proxy: false,
        weighting: false,
        apex_cname: ApexCname::Refused,
        conditions: Conditions { absence: AbsenceCondition::Everywhere, ttl: TtlCondition::Ignored },
        limits: Limits { records: None, characters: None, octets: Some(MESSAGE_OCTETS_MAX), ttl_secs: TTL_SECS },
    }
}

/// What happened to a message whose sending may be repeated.
fn reason(error: ExchangeError) -> String {
    match error {
        ExchangeError::Connect { reason, .. } | ExchangeError::NoAnswer { reason, .. } => reason,
        ExchangeError::Garbage { reason, .. } => format!("it sent garbage: {reason}"),
    }
}
