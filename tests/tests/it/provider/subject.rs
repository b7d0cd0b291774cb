//! What the contract is tested on. A subject is a provider's zone, with what people and other clients do to it.

mod aws_zone;
mod cloudflare;
mod memory;
pub(crate) mod ministack;
pub(crate) mod moto;
mod powerdns_api;
pub(crate) mod primary;
mod route53;
pub(crate) mod stall;

use std::sync::Arc;
use std::time::Duration;

use dns_provider::port::Provider;
use tests::Kind;

use self::cloudflare::Account;
use self::memory::InMemory;
use self::ministack::MinistackZone;
use self::moto::MotoZone;
use self::powerdns_api::PowerDnsApi;
pub(crate) use self::primary::Primary;
use self::route53::HostedZone;
use self::stall::Stall;

/// How long a client waits for a write that is held up: longer than what the others do meanwhile.
const LONG: Duration = Duration::from_secs(30);

/// A provider that holds [`ZONE`](super::ZONE) with [`CONTENT`](super::CONTENT).
pub(crate) trait Subject {
    /// Another client of the zone, with the same rights.
    fn provider(&self) -> Arc<dyn Provider>;

    /// A client with a credential that the provider does not know. Subjects without credentials have none.
    fn stranger(&self) -> Arc<dyn Provider>;

    /// A client whose next write is held up on its way, after all that the client itself checks.
    fn stalling(&self) -> (Arc<dyn Provider>, Stall);

    /// Puts an RRset by hand, in place of the one that is there. Values as in a zone file, those of TXT without quotes.
    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]);

    /// Removes an RRset by hand.
    fn remove(&self, owner: &str, rtype: &str);

    /// The values at a name as others see them, in DNS or behind the API: sorted, in lower case, without final dots.
    fn held(&self, owner: &str, rtype: &str) -> Vec<String>;
}

impl<S: Subject + ?Sized> Subject for Box<S> {
    fn provider(&self) -> Arc<dyn Provider> {
        (**self).provider()
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        (**self).stranger()
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        (**self).stalling()
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        (**self).put(owner, rtype, ttl, values);
    }

    fn remove(&self, owner: &str, rtype: &str) {
        (**self).remove(owner, rtype);
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        (**self).held(owner, rtype)
    }
}

pub(crate) fn knot() -> Box<dyn Subject> {
    Box::new(Primary::start(Kind::Knot))
}

pub(crate) fn bind() -> Box<dyn Subject> {
    Box::new(Primary::start(Kind::Bind))
}

pub(crate) fn powerdns() -> Box<dyn Subject> {
    Box::new(Primary::start(Kind::PowerDns))
}

pub(crate) fn powerdns_api() -> Box<dyn Subject> {
    Box::new(PowerDnsApi::start())
}

pub(crate) fn route53() -> Box<dyn Subject> {
    Box::new(HostedZone::start())
}

pub(crate) fn moto() -> Box<dyn Subject> {
    Box::new(MotoZone::start())
}

pub(crate) fn ministack() -> Box<dyn Subject> {
    Box::new(MinistackZone::start())
}

pub(crate) fn cloudflare() -> Box<dyn Subject> {
    Box::new(Account::start())
}

pub(crate) fn memory() -> Box<dyn Subject> {
    Box::new(InMemory::start())
}

/// In the form of [`Subject::held`].
fn normal(values: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> =
        values.into_iter().map(|value| value.trim_end_matches('.').to_ascii_lowercase()).collect();
    values.sort();
    values
}
