//! The configured providers: their adapters, and how their zones are verified and watched.

mod hooks;
mod receipts;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dns_adapters::AdapterError;
use dns_core::identifier::ProviderName;
use dns_provider::authoritative::Discovery;
use dns_provider::port::Provider;
use dns_provider::watched::Watched;
use dns_service::config::{Config, ProviderConfig, ProviderKind};
use tokio::sync::Semaphore;

use self::receipts::Receipted;
pub(crate) use self::receipts::Receipts;

/// Writes sent to one server at once. It takes updates of a zone one after the other anyway.
const SENDING_MAX: usize = 16;

/// Writes sent to one API at once: those that wait for their call share it. Two of the largest batches (250 flips of four
/// records each are the 1,000 records that Route 53 takes), or ten of the usual ones, which is two seconds at five calls
/// a second: far less than a permit lasts.
const SENDING_API_MAX: usize = 512;

/// One provider in use.
#[derive(Clone)]
pub(crate) struct ProviderInUse {
    /// Its adapter.
    pub(crate) adapter: Arc<dyn Provider>,
    /// Finds the servers that its zones are verified on.
    pub(crate) discovery: Arc<Discovery>,
    /// What it calls the writes that this process made.
    pub(crate) receipts: Arc<Receipts>,
    /// How often services are read in quiet times.
    pub(crate) read_interval: Duration,
    /// How long a permit lasts.
    pub(crate) permit: Duration,
    /// Places for writes that are being sent, so that a region-wide move does not flood a provider, and a provider that
    /// hangs holds up only its own services.
    pub(crate) sending: Arc<Semaphore>,
}

impl ProviderInUse {
    /// The server or API, for people.
    pub(crate) fn subject(&self) -> String {
        self.adapter.capabilities().checked_by
    }
}

/// Makes every provider's adapter.
///
/// # Errors
/// [`AdapterError`], the first one; checking the configuration has reported missing secrets before.
pub(crate) fn set_up(config: &Config) -> Result<BTreeMap<ProviderName, ProviderInUse>, AdapterError> {
    hooks::describe();
    let resolvers: Vec<SocketAddr> = config.resolvers.values().flatten().copied().collect();
    let in_use = |(name, provider): (&ProviderName, &ProviderConfig)| {
        Ok((name.clone(), set_up_one(name, provider, &resolvers)?))
    };
    config.providers.iter().map(in_use).collect()
}

fn set_up_one(
    name: &ProviderName,
    provider: &ProviderConfig,
    resolvers: &[SocketAddr],
) -> Result<ProviderInUse, AdapterError> {
    let primary = dns_adapters::primary(provider);
    let discovery = Arc::new(Discovery::new(provider.authoritative_servers.clone(), primary, resolvers.to_vec()));
    let receipts = Arc::<Receipts>::default();
    let adapter =
        watched(dns_adapters::adapter(name, provider, &hooks::of(name, provider))?, &provider.kind, &discovery);
    Ok(ProviderInUse {
        adapter: Arc::new(Receipted { inner: adapter, receipts: Arc::clone(&receipts) }),
        discovery,
        receipts,
        read_interval: provider.read_interval,
        permit: provider.permit,
        sending: Arc::new(Semaphore::new(sending_max(&provider.kind))),
    })
}

fn sending_max(kind: &ProviderKind) -> usize {
    match kind {
        ProviderKind::Route53(_) | ProviderKind::Cloudflare(_) => SENDING_API_MAX,
        ProviderKind::Rfc2136(_) | ProviderKind::PowerDns(_) => SENDING_MAX,
    }
}

/// Only calls that an account is limited in are worth saving: a server of one's own tells more, and at once.
fn watched(adapter: Arc<dyn Provider>, kind: &ProviderKind, discovery: &Arc<Discovery>) -> Arc<dyn Provider> {
    match kind {
        ProviderKind::Route53(_) | ProviderKind::Cloudflare(_) => {
            Arc::new(Watched::new(adapter, Arc::clone(discovery)))
        }
        ProviderKind::Rfc2136(_) | ProviderKind::PowerDns(_) => adapter,
    }
}

/// A provider with one authoritative server.
#[cfg(test)]
pub(crate) fn in_use_for_test(inner: Arc<dyn Provider>, server: SocketAddr) -> ProviderInUse {
    let receipts = Arc::<Receipts>::default();
    ProviderInUse {
        adapter: Arc::new(Receipted { inner, receipts: Arc::clone(&receipts) }),
        discovery: Arc::new(Discovery::new(vec![server], None, Vec::new())),
        receipts,
        read_interval: Duration::from_secs(10),
        permit: Duration::from_secs(10),
        sending: Arc::new(Semaphore::new(1)),
    }
}
