//! One consistent read: the fence, the records, the fence again; all of it again if the fence changed.
//!
//! All questions go over one connection, one after the other, signed. Bounded: rounds, reconnections, keys and time. A
//! question that is refused for its key is asked again under the other one, if there are two.

use std::collections::BTreeSet;

use dns_core::rrset::{RrsetKey, Rrsets, Ttl};
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_wire::{Answer, Connection, ExchangeError};
use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::time::timeout;

use super::keyring::Which;
use super::outcome::QueryError;
use super::{Rfc2136, outcome, reason};
use crate::asked;
use crate::content::{Content, strings};
use crate::port::ProviderError;
use crate::wildcard::witnesses;

/// How often everything is read before the zone counts as too restless. A fence is written a few times per move,
/// so a second change within one read is rare and a third one is no coincidence.
const ROUNDS_MAX: u32 = 3;

/// How many times the length of one exchange a whole read may take. A read of a common service takes some 20 round
/// trips, which fit into one; this leaves room for services of hundreds of records.
const READ_TIMEOUTS: u32 = 4;

/// A read in progress.
pub(super) struct Reader<'a> {
    provider: &'a Rfc2136,
    request: &'a ReadRequest,
    connection: Option<Connection>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(provider: &'a Rfc2136, request: &'a ReadRequest) -> Self {
        Self { provider, request, connection: None }
    }

    pub(super) async fn read(mut self) -> Result<ZoneView, ProviderError> {
        let within = self.provider.timeout.saturating_mul(READ_TIMEOUTS);
        let late = format!("zone {} could not be read within {} ms", self.request.zone, within.as_millis());
        let unreachable = self.unreachable(late);
        let view = timeout(within, self.rounds()).await.map_err(|_| unreachable)?;
        self.rest();
        view
    }

    /// The zone's name servers, as its primary has them.
    pub(super) async fn name_servers(mut self) -> Result<Vec<Name>, ProviderError> {
        let zone = &self.request.zone;
        let message = self.ask(zone, RecordType::NS).await?;
        self.rest();
        let Content::Records { values, .. } = Content::of(&message, zone, RecordType::NS) else {
            return Err(self.denied(format!("zone {zone} has no NS there")));
        };
        let names = values.into_iter().filter_map(|value| match value {
            RData::NS(target) => Some(target.0.to_lowercase()),
            _ => None,
        });
        Ok(names.collect())
    }

    async fn rounds(&mut self) -> Result<ZoneView, ProviderError> {
        let mut fence = self.fence().await?;
        for _ in 0..ROUNDS_MAX {
            let asked = asked::keys(self.request, &fence);
            let rrsets = self.rrsets(&asked).await?;
            let again = self.fence().await?;
            if again == fence {
                let ReadRequest { zone, fence_name, keys: _ } = self.request.clone();
                return Ok(ZoneView { zone, fence_name, fence, asked, rrsets });
            }
            fence = again;
        }
        Err(self.unreachable(format!(
            "the fence {} changed during each of {ROUNDS_MAX} reads; is another controller writing?",
            self.request.fence_name
        )))
    }

    async fn rrsets(&mut self, keys: &BTreeSet<RrsetKey>) -> Result<Rrsets, ProviderError> {
        let mut rrsets = Rrsets::new();
        for key in keys {
            let content = self.standing(key.name(), key.rtype().record_type()).await?;
            let read = content
                .into_rrset(key)
                .map_err(|error| self.denied(format!("what it serves at {key} cannot be guarded: {error}")))?;
            rrsets.extend(read.map(|rrset| (key.clone(), rrset)));
        }
        Ok(rrsets)
    }

    async fn fence(&mut self) -> Result<FoundFence, ProviderError> {
        let name = &self.request.fence_name;
        let message = self.ask(name, RecordType::TXT).await?;
        if Content::of(&message, name, RecordType::CNAME).is_present() {
            return Ok(FoundFence::Unreadable { found: "a CNAME".to_owned() });
        }
        let content = Content::of(&message, name, RecordType::TXT);
        Ok(found_fence(&self.unless_lent(content, name, RecordType::TXT).await?))
    }

    /// What stands at the name itself.
    async fn standing(&mut self, name: &Name, rtype: RecordType) -> Result<Content, ProviderError> {
        let content = Content::of(&self.ask(name, rtype).await?, name, rtype);
        self.unless_lent(content, name, rtype).await
    }

    /// Absent if a wildcard lent it. The apex always exists, so nothing is lent to it.
    async fn unless_lent(
        &mut self,
        content: Content,
        name: &Name,
        rtype: RecordType,
    ) -> Result<Content, ProviderError> {
        if !content.is_present() || *name == self.request.zone {
            return Ok(content);
        }
        let witnesses = witnesses(name);
        for witness in &witnesses {
            let message = self.ask(witness, rtype).await?;
            if !Content::of(&message, witness, rtype).is_present() {
                return Ok(content);
            }
        }
        Ok(if witnesses.is_empty() { content } else { Content::Absent })
    }

    /// The answer under the key that reads begin with, or under the other one.
    async fn ask(&mut self, name: &Name, rtype: RecordType) -> Result<Message, ProviderError> {
        let keyring = &self.provider.keyring;
        let first = keyring.preferred();
        let answered = self.ask_with(first, name, rtype).await;
        let (refused, second) = match (answered, keyring.other(first)) {
            (Err(QueryError::Key(refused)), Some(second)) => (refused, second),
            (answered, _) => return answered.map_err(|error| self.error(error)),
        };
        self.ask_with(second, name, rtype).await.map_err(|error| match error {
            QueryError::Key(also) => {
                let name = |which| keyring.key(which).name();
                self.denied(format!("key {}: {refused}; key {}: {also}", name(first), name(second)))
            }
            QueryError::Other(error) => error,
        })
    }

    async fn ask_with(&mut self, which: Which, name: &Name, rtype: RecordType) -> Result<Message, QueryError> {
        let (subject, keyring) = (self.provider.subject(), &self.provider.keyring);
        let query = dns_wire::query(Message::query().metadata.id, name, rtype);
        let signed = keyring.key(which).sign_now(&query, self.provider.read_fudge);
        let signed = signed.map_err(|reason| self.unreachable(reason))?;
        let answer = self.exchange(signed.wire()).await.map_err(|error| self.unreachable(reason(error)))?;
        outcome::of_query(&subject, &self.request.zone, name, &answer.message, &signed.verify(&answer))?;
        keyring.prove(&subject, which);
        Ok(answer.message)
    }

    /// Asks on an open connection; once more on a new one if that had answered before, since a server may close a
    /// connection between two questions (RFC 7766 §6.2.4) and a question does no harm twice.
    async fn exchange(&mut self, wire: &[u8]) -> Result<Answer, ExchangeError> {
        if let Some(mut open) = self.connection.take().or_else(|| self.provider.idle.take()) {
            match open.ask(wire, self.provider.timeout).await {
                Ok(answer) => {
                    self.connection = Some(open);
                    return Ok(answer);
                }
                Err(ExchangeError::NoAnswer { .. }) if open.answered() > 0 => {}
                Err(error) => return Err(error),
            }
        }
        let mut open = Connection::open(self.provider.server, self.provider.timeout).await?;
        let answer = open.ask(wire, self.provider.timeout).await?;
        self.connection = Some(open);
        Ok(answer)
    }

    /// Leaves the connection to the next read. There is one only if everything asked on it was answered.
    fn rest(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.provider.idle.give(connection);
        }
    }

    fn error(&self, error: QueryError) -> ProviderError {
        match error {
            QueryError::Key(reason) => self.denied(reason),
            QueryError::Other(error) => error,
        }
    }

    fn denied(&self, reason: String) -> ProviderError {
        ProviderError::Denied { subject: self.provider.subject(), reason }
    }

    fn unreachable(&self, reason: String) -> ProviderError {
        ProviderError::Transient { subject: self.provider.subject(), reason }
    }
}

fn found_fence(content: &Content) -> FoundFence {
    let unreadable = |found: String| FoundFence::Unreadable { found };
    let Content::Records { ttl_secs, values } = content else { return FoundFence::Absent };
    let [RData::TXT(record)] = values.as_slice() else {
        return unreadable(format!("{} TXT records", values.len()));
    };
    let Some(text) = strings(record) else { return unreadable("a TXT record that is no text".to_owned()) };
    match Ttl::from_secs(u64::from(*ttl_secs).clamp(1, Ttl::MAX_SECS)) {
        Ok(ttl) => FoundFence::Present { ttl, text },
        Err(error) => unreadable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::TXT;

    use super::*;

    fn found(records: &[&[&[u8]]]) -> FoundFence {
        let values = records.iter().map(|strings| RData::TXT(TXT::from_bytes(strings.to_vec()))).collect();
        found_fence(&Content::Records { ttl_secs: 60, values })
    }

    #[test]
    fn keeps_the_strings_of_a_fence_as_they_are() {
        let FoundFence::Present { ttl, text } = found(&[&[b"a=1;", b"b=2;"]]) else { panic!("present") };
        assert_eq!((ttl.as_secs(), text.strings()), (60, ["a=1;".to_owned(), "b=2;".to_owned()].as_slice()));
    }

    #[test]
    fn calls_several_records_or_bytes_unreadable() {
        assert_eq!(found(&[&[b"a=1;"], &[b"b=2;"]]), FoundFence::Unreadable { found: "2 TXT records".to_owned() });
        assert!(matches!(found(&[&[&[0xff]]]), FoundFence::Unreadable { .. }));
        assert_eq!(found_fence(&Content::Absent), FoundFence::Absent);
    }
}
