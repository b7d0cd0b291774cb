//! One question round to one recursive resolver: does it serve what was written, or how long may it keep what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use dns_core::rrset::{Rrset, RrsetKey, Rrsets};
use dns_provider::authoritative::{Content, ask_resolver};
use hickory_proto::rr::RData;

use super::drained::Sample;

/// How long one question may take: a resolver that has to ask further itself answers in that time.
const QUESTION: Duration = Duration::from_secs(2);

/// How many records of a service are sampled. They were written in one transaction, so a few tell of all.
const KEYS_MAX: usize = 8;

/// What resolvers should serve.
#[derive(Clone, Debug)]
pub(super) struct Sampled {
    records: BTreeMap<RrsetKey, Values>,
}

/// The values of a record, as a resolver would answer them.
#[derive(Clone, Debug)]
enum Values {
    Exactly(Box<Rrset>),
    Absent,
}

impl Sampled {
    /// Of these records, those whose answers say whether they are the new ones: not the provider's own.
    pub(super) fn of(expected: &Rrsets, absent: &BTreeSet<RrsetKey>) -> Self {
        let plain =
            expected.iter().filter(|(_, set)| set.alias().is_none() && !set.is_proxied() && set.weighted().is_empty());
        let plain = plain.map(|(key, set)| (key.clone(), Values::Exactly(Box::new(set.clone()))));
        let gone = absent.iter().filter(|key| !expected.keys().any(|other| other.name() == key.name()));
        let gone = gone.map(|key| (key.clone(), Values::Absent));
        Self { records: plain.chain(gone).take(KEYS_MAX).collect() }
    }

    /// Whether nothing can be sampled.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Asks one resolver for all of them, until one is old.
    pub(super) async fn ask(&self, resolver: SocketAddr, took: Duration) -> Sample {
        for (key, values) in &self.records {
            let rtype = key.rtype().record_type();
            let content = match ask_resolver(resolver, key.name(), rtype, QUESTION).await {
                Ok(content) => content,
                Err(reason) => return Sample::Silent { reason },
            };
            if !values.are(&content) {
                return old(key, &content);
            }
        }
        Sample::New { took }
    }
}

impl Values {
    fn are(&self, content: &Content) -> bool {
        match (self, content) {
            (Self::Absent, Content::Absent) => true,
            (Self::Exactly(set), Content::Records { values, .. }) => {
                let answered = Rrset::new(set.key().clone(), set.ttl(), values.iter().cloned());
                answered.is_ok_and(|answered| answered.values() == set.values())
            }
            (Self::Absent, Content::Records { .. }) | (Self::Exactly(_), Content::Absent) => false,
        }
    }
}

fn old(key: &RrsetKey, content: &Content) -> Sample {
    match content {
        // How long it keeps a no is not in the answer's records.
        Content::Absent => Sample::Old { answered: format!("{key} is absent"), rest: None },
        Content::Records { ttl_secs, values } => {
            let values: Vec<String> = values.iter().map(RData::to_string).collect();
            // A second more, as resolvers count whole ones.
            let rest = Duration::from_secs(u64::from(*ttl_secs) + 1);
            Sample::Old { answered: format!("{key} {}", values.join(", ")), rest: Some(rest) }
        }
    }
}
