//! One adapter for each kind of provider, with its budget and its counters.

use std::net::SocketAddr;
use std::sync::Arc;

use dns_core::identifier::ProviderName;
use dns_provider::budget::Budget;
use dns_provider::calls::Counter;
use dns_provider::cloudflare::{self, Cloudflare};
use dns_provider::port::Provider;
use dns_provider::powerdns::{self, PowerDns};
use dns_provider::rfc2136::{NotifyError, Rfc2136, TsigAlgorithm, TsigKey, TsigKeys};
use dns_provider::route53::{self, Route53};
use dns_service::config::ProviderConfig;
use dns_service::config::provider::{
    self, CallsConfig, CloudflareConfig, PowerDnsConfig, ProviderKind, Rfc2136Config, Route53Config, TsigConfig,
};
use dns_service::config::secret::{SecretError, read_base64_line};
use dns_service::failpoint::{self, Failpoint};
use tracing::{debug, warn};

use super::ProviderSetupError;

/// The counter of API calls, by provider, operation and outcome.
const CALLS: &str = "failover_controller_provider_calls_total";

/// The counter of NOTIFYs that failed, by provider and server.
const NOTIFY_FAILURES: &str = "failover_controller_notify_failures_total";

/// Describes what is counted.
pub(super) fn describe() {
    metrics::describe_counter!(CALLS, "calls of provider APIs, by operation and outcome");
    metrics::describe_counter!(NOTIFY_FAILURES, "NOTIFYs after a write that a secondary did not take");
}

/// Makes a provider's adapter. Nothing is sent yet.
///
/// # Errors
/// [`ProviderSetupError`].
pub(super) fn make(name: &ProviderName, config: &ProviderConfig) -> Result<Arc<dyn Provider>, ProviderSetupError> {
    let of_api = |source| ProviderSetupError::Api { provider: name.clone(), source };
    Ok(match &config.kind {
        ProviderKind::Rfc2136(kind) => Arc::new(rfc2136(name, config, kind)?),
        ProviderKind::Route53(kind) => Arc::new(route53(name, config, kind)),
        ProviderKind::Cloudflare(kind) => Arc::new(cloudflare(name, config, kind).map_err(of_api)?),
        ProviderKind::PowerDns(kind) => Arc::new(powerdns(name, config, kind).map_err(of_api)?),
    })
}

fn sent() {
    failpoint::reach(Failpoint::AfterSend);
}

fn rfc2136(name: &ProviderName, config: &ProviderConfig, kind: &Rfc2136Config) -> Result<Rfc2136, ProviderSetupError> {
    let Rfc2136Config { server, zones: _, notify, tsig } = kind;
    let keys: Result<Vec<TsigKey>, _> = tsig.iter().map(read_key).collect();
    let keys = keys.map_err(|source| ProviderSetupError::Secret { provider: name.clone(), source })?;
    let mut keys = keys.into_iter();
    let first = keys.next().expect("invariant: a validated provider has a key");
    let keys = TsigKeys::new(first, keys.next());
    Ok(Rfc2136::new(*server, keys, config.timeout, config.permit)
        .telling_when_sent(sent)
        .notifying(notify, notify_log(name.clone(), notify)))
}

fn route53(name: &ProviderName, config: &ProviderConfig, kind: &Route53Config) -> Route53 {
    let Route53Config { zones, endpoint_url, calls } = kind;
    let settings = route53::Settings {
        zones: zones.clone(),
        endpoint_url: endpoint_url.as_ref().map(ToString::to_string),
        region: None,
        credentials: None,
        timeout: config.timeout,
        budget: budget(*calls),
    };
    Route53::new(settings).telling_when_sent(sent).counting(counter(name))
}

fn cloudflare(
    name: &ProviderName,
    config: &ProviderConfig,
    kind: &CloudflareConfig,
) -> Result<Cloudflare, cloudflare::ApiSetupError> {
    let CloudflareConfig { zones, token_file, endpoint_url, batch_max, calls } = kind;
    let settings = cloudflare::Settings {
        zones: zones.clone(),
        token_file: token_file.clone(),
        endpoint_url: endpoint_url.clone(),
        batch_max: *batch_max,
        timeout: config.timeout,
        budget: budget(*calls),
    };
    Ok(Cloudflare::new(settings)?.telling_when_sent(sent).counting(counter(name)))
}

fn powerdns(
    name: &ProviderName,
    config: &ProviderConfig,
    kind: &PowerDnsConfig,
) -> Result<PowerDns, powerdns::ApiSetupError> {
    let PowerDnsConfig { url, server_id, zones, api_key_file } = kind;
    let settings = powerdns::Settings {
        url: url.clone(),
        server_id: server_id.clone(),
        zones: zones.clone(),
        api_key_file: api_key_file.clone(),
        timeout: config.timeout,
    };
    Ok(PowerDns::new(settings)?.telling_when_sent(sent).counting(counter(name)))
}

fn budget(CallsConfig { period, burst }: CallsConfig) -> Arc<Budget> {
    Arc::new(Budget::new(period, burst))
}

fn counter(provider: &ProviderName) -> Counter {
    let provider = provider.to_string();
    Arc::new(move |operation, outcome| {
        let labels = [("provider", provider.clone()), ("operation", operation.into()), ("outcome", outcome.into())];
        metrics::counter!(CALLS, &labels).increment(1);
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
