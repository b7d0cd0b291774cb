//! The configured providers: their adapters, and how their zones are verified.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::ProviderName;
use dns_provider::port::Provider;
use dns_provider::rfc2136::{NotifyError, Rfc2136, TsigAlgorithm, TsigKey};
use dns_service::config::provider::{self, ProviderKind, Rfc2136Config, TsigConfig};
use dns_service::config::secret::{SecretError, read_base64_line};
use dns_service::config::{Config, ProviderConfig};
use dns_service::failpoint::{self, Failpoint};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

/// Writes sent to one provider at once. A server takes updates of a zone one after the other anyway.
const SENDING_MAX: usize = 16;

/// The counter of NOTIFYs that failed, by provider and server.
const NOTIFY_FAILURES: &str = "failover_controller_notify_failures_total";

/// One provider in use.
#[derive(Clone)]
pub(crate) struct ProviderInUse {
    /// Its adapter.
    pub(crate) adapter: Arc<dyn Provider>,
    /// The server that plans are read from.
    pub(crate) primary: SocketAddr,
    /// The servers that verification asks; if empty, the zone's NS.
    pub(crate) authoritative_servers: Vec<SocketAddr>,
    /// Recursive resolvers for NS names outside the zone.
    pub(crate) resolvers: Vec<SocketAddr>,
    /// How often services are read in quiet times.
    pub(crate) read_interval: Duration,
    /// How long a permit lasts.
    pub(crate) permit: Duration,
    /// Places for writes that are being sent, so that a region-wide move does not flood a provider, and a provider that
    /// hangs holds up only its own services.
    pub(crate) sending: Arc<Semaphore>,
}

/// A provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderSetupError {
    /// Its secret cannot be read; checking the configuration has reported it before.
    #[error("provider {provider}: the TSIG secret")]
    Secret {
        provider: ProviderName,
        #[source]
        source: SecretError,
    },
    /// No adapter.
    #[error("provider {0}: this kind has no adapter yet")]
    NotYet(ProviderName),
}

/// Makes every provider's adapter.
///
/// # Errors
/// [`ProviderSetupError`], the first one.
pub(crate) fn set_up(config: &Config) -> Result<BTreeMap<ProviderName, ProviderInUse>, ProviderSetupError> {
    let resolvers: Vec<SocketAddr> = config.resolvers.values().flatten().copied().collect();
    config
        .providers
        .iter()
        .map(|(name, provider)| match &provider.kind {
            ProviderKind::Rfc2136(rfc2136) => Ok((name.clone(), set_up_rfc2136(name, provider, rfc2136, &resolvers)?)),
            ProviderKind::Route53(_) | ProviderKind::Cloudflare(_) | ProviderKind::PowerDns(_) => {
                Err(ProviderSetupError::NotYet(name.clone()))
            }
        })
        .collect()
}

fn set_up_rfc2136(
    name: &ProviderName,
    provider: &ProviderConfig,
    config: &Rfc2136Config,
    resolvers: &[SocketAddr],
) -> Result<ProviderInUse, ProviderSetupError> {
    let keys: Result<Vec<TsigKey>, _> = config.tsig.iter().map(read_key).collect();
    let keys = keys.map_err(|source| ProviderSetupError::Secret { provider: name.clone(), source })?;
    let key = keys.into_iter().next().expect("invariant: a validated provider has a key");
    let adapter = Rfc2136::new(config.server, key, provider.timeout, provider.permit)
        .telling_when_sent(|| failpoint::reach(Failpoint::AfterSend))
        .notifying(&config.notify, notify_log(name.clone(), &config.notify));
    Ok(ProviderInUse {
        adapter: Arc::new(adapter),
        primary: config.server,
        authoritative_servers: provider.authoritative_servers.clone(),
        resolvers: resolvers.to_vec(),
        read_interval: provider.read_interval,
        permit: provider.permit,
        sending: Arc::new(Semaphore::new(SENDING_MAX)),
    })
}

fn read_key(config: &TsigConfig) -> Result<TsigKey, SecretError> {
    let secret = read_base64_line(&config.secret_file)?;
    let algorithm = match config.algorithm {
        provider::TsigAlgorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
        provider::TsigAlgorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
        provider::TsigAlgorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
    };
    Ok(TsigKey::new(&config.name, algorithm, secret))
}

/// Logs and counts what became of each NOTIFY. A failed one makes a secondary late and nothing worse, so it wakes nobody:
/// verification tells who does not serve a write.
fn notify_log(
    provider: ProviderName,
    servers: &[SocketAddr],
) -> impl Fn(SocketAddr, Result<(), NotifyError>) + Send + Sync + 'static {
    metrics::describe_counter!(NOTIFY_FAILURES, "NOTIFYs after a write that a secondary did not take");
    for server in servers {
        notify_failures(&provider, *server).absolute(0);
    }
    move |server, outcome| match outcome {
        Ok(()) => debug!(%provider, %server, "secondary takes NOTIFY"),
        Err(error) => {
            warn!(%provider, %server, %error, "secondary was not notified of a write");
            notify_failures(&provider, server).increment(1);
        }
    }
}

fn notify_failures(provider: &ProviderName, server: SocketAddr) -> metrics::Counter {
    metrics::counter!(NOTIFY_FAILURES, "provider" => provider.to_string(), "server" => server.to_string())
}
