//! The configured providers: their adapters, and how their zones are verified and watched.

pub(crate) mod allowance;
mod hooks;
pub(crate) mod outlook;
mod receipts;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use dns_adapters::vantage::{AtVantage, accesses};
use dns_api::evidence_stream::EvidenceAccess;
use dns_core::identifier::ProviderName;
use dns_provider::authoritative::Discovery;
use dns_provider::port::Provider;
use dns_provider::watched::Watched;
use dns_service::config::{Config, ProviderConfig, ProviderKind};
use tokio::sync::Semaphore;

use self::outlook::Outlook;
use self::receipts::Receipted;
pub(crate) use self::receipts::Receipts;

/// Writes sent to one server at once. It takes updates of a zone one after the other anyway.
const SENDING_MAX: usize = 16;

/// Writes sent to Cloudflare at once. Each takes three calls and more of its own, and the account makes four a second: what
/// eight need comes in within a permit. One more would only let all of them grow old; so it waits before its permit.
const SENDING_CLOUDFLARE_MAX: usize = 8;

/// Writes sent to Route 53 at once: those that wait for their call share it. Two of the largest batches (250 flips of four
/// records each are the 1,000 records that Route 53 takes), or ten of the usual ones, which is two seconds at five calls
/// a second: far less than a permit lasts.
const SENDING_ROUTE53_MAX: usize = 512;

/// Reads of one server at once. Each has a connection of its own and takes a few round trips, so this is hundreds a second
/// from a server nearby; thousands of services that begin together would be as many connections.
const READING_MAX: usize = 16;

/// One provider in use.
#[derive(Clone)]
pub(crate) struct ProviderInUse {
    /// Its adapter.
    pub(crate) adapter: Arc<dyn Provider>,
    /// Finds the servers that its zones are verified on.
    pub(crate) discovery: Arc<Discovery>,
    /// From where these servers are asked.
    pub(crate) outlook: Outlook,
    /// What it calls the writes that this process made.
    pub(crate) receipts: Arc<Receipts>,
    /// How often services are read in quiet times.
    pub(crate) read_interval: Duration,
    /// Places for the reads in quiet times that are under way; `None` where reads that wait are answered together, which
    /// more of them make cheaper.
    pub(crate) reading: Option<Arc<Semaphore>>,
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
/// The first one that stands in the way of an adapter; checking the configuration has reported missing secrets before.
pub(crate) fn set_up(config: &Config) -> anyhow::Result<BTreeMap<ProviderName, ProviderInUse>> {
    hooks::describe();
    let accesses = accesses(config)?;
    let resolvers: Vec<SocketAddr> = config.resolvers.values().flatten().copied().collect();
    let in_use = |(name, provider): (&ProviderName, &ProviderConfig)| {
        Ok((name.clone(), set_up_one(name, provider, &resolvers, &accesses)?))
    };
    config.providers.iter().map(in_use).collect()
}

fn set_up_one(
    name: &ProviderName,
    provider: &ProviderConfig,
    resolvers: &[SocketAddr],
    accesses: &[EvidenceAccess],
) -> anyhow::Result<ProviderInUse> {
    let primary = dns_adapters::primary(provider);
    let discovery = Arc::new(Discovery::new(provider.authoritative_servers.clone(), primary, resolvers.to_vec()));
    let outlook = outlook(provider, accesses).with_context(|| format!("provider {name}"))?;
    let receipts = Arc::<Receipts>::default();
    let adapter = dns_adapters::adapter(name, provider, &hooks::of(name, provider))?;
    let adapter = if outlook.is_here() { watched(adapter, &provider.kind, &discovery) } else { adapter };
    Ok(ProviderInUse {
        adapter: Arc::new(Receipted { inner: adapter, receipts: Arc::clone(&receipts) }),
        discovery,
        outlook,
        receipts,
        read_interval: provider.read_interval,
        reading: reading_max(&provider.kind).map(|most| Arc::new(Semaphore::new(most))),
        permit: provider.permit,
        sending: Arc::new(Semaphore::new(sending_max(&provider.kind))),
    })
}

fn outlook(provider: &ProviderConfig, accesses: &[EvidenceAccess]) -> anyhow::Result<Outlook> {
    let inside = accesses.iter().filter(|access| provider.verify.inside().contains(&access.vantage));
    let points: Result<Vec<AtVantage>, _> = inside.map(AtVantage::new).collect();
    Ok(Outlook::through(points?))
}

fn sending_max(kind: &ProviderKind) -> usize {
    match kind {
        ProviderKind::Route53(_) => SENDING_ROUTE53_MAX,
        ProviderKind::Cloudflare(_) => SENDING_CLOUDFLARE_MAX,
        ProviderKind::Rfc2136(_) | ProviderKind::PowerDns(_) => SENDING_MAX,
    }
}

fn reading_max(kind: &ProviderKind) -> Option<usize> {
    match kind {
        ProviderKind::Route53(_) | ProviderKind::Cloudflare(_) => None,
        ProviderKind::Rfc2136(_) | ProviderKind::PowerDns(_) => Some(READING_MAX),
    }
}

/// Only calls that an account is limited in are worth saving: a server of one's own tells more, and at once. Servers that
/// only vantage points reach are not asked in quiet times: the API is.
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
        outlook: Outlook::Here,
        receipts,
        read_interval: Duration::from_secs(10),
        reading: None,
        permit: Duration::from_secs(10),
        sending: Arc::new(Semaphore::new(1)),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use dns_service::config::provider::{CallsConfig, CloudflareConfig};

    use super::*;

    /// With the defaults: a permit of ten seconds, and one call each 250 ms once the burst is used up.
    #[test]
    fn flips_at_work_at_cloudflare_have_their_calls_within_a_permit() {
        let (permit, period) = (Duration::from_secs(10), Duration::from_millis(250));
        let kind = ProviderKind::Cloudflare(CloudflareConfig {
            zones: BTreeMap::new(),
            token_file: "token".into(),
            endpoint_url: None,
            batch_max: 200,
            calls: CallsConfig { period, burst: NonZeroU32::MIN },
        });
        // The fence, one name and the batch; and looks at what became of others take some as well.
        let calls = 3 * u32::try_from(sending_max(&kind)).expect("few");
        assert!(period * calls < permit.mul_f64(0.75), "{calls} calls in {permit:?}");
        assert!(reading_max(&kind).is_none(), "and reads that wait share a listing");
    }
}
