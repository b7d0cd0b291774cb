//! Makes provider adapters from the configuration, and the askers of servers that only vantage points reach.
//!
//! The one place that knows both: configuration knows no adapter, adapters know no configuration. It reads the secrets
//! that an adapter needs from the start, sends nothing, and decides nothing.

pub mod vantage;
mod whole_zone;

use std::net::SocketAddr;
use std::sync::Arc;

use dns_core::identifier::ProviderName;
use dns_provider::budget::Budget;
use dns_provider::calls::Counter;
use dns_provider::cloudflare::{self, ApiSetupError, Cloudflare};
use dns_provider::port::Provider;
use dns_provider::powerdns::{self, PowerDns};
use dns_provider::rfc2136::{NotifyError, Rfc2136, Rfc2136Zones, TsigAlgorithm, TsigKey, TsigKeys};
use dns_provider::route53::{self, Route53};
use dns_provider::zone_files::ZoneFiles;
use dns_provider::zones::{self, ZoneTarget};
use dns_service::config::ProviderConfig;
use dns_service::config::provider::{
    self, CallsConfig, CloudflareConfig, PowerDnsConfig, ProviderKind, Rfc2136Config, Route53Config, TsigConfig,
    ZoneFilesConfig,
};
use dns_service::config::secret::{SecretError, read_base64_line};
use dns_transfer::{Client, Limits};

pub use self::whole_zone::Transfers;

/// Hears how many records of a zone have come since it heard of it last.
pub type Came = Arc<dyn Fn(usize) + Send + Sync>;

/// Hears what became of each NOTIFY.
pub type Notified = Arc<dyn Fn(SocketAddr, Result<(), NotifyError>) + Send + Sync>;

/// What a program wants to hear of while an adapter works. None of it may block.
#[derive(Clone)]
pub struct Hooks {
    /// Called each time that a write's bytes were handed to the system and its answer was not read yet.
    pub sent: fn(),
    /// Called after each call of an API with its operation and its outcome.
    pub counted: Counter,
    /// Called while a whole zone is transferred.
    pub came: Came,
    /// Called with what became of each NOTIFY.
    pub notified: Notified,
}

impl Hooks {
    /// Hears nothing.
    pub fn none() -> Self {
        Self { sent: || {}, counted: Arc::new(|_, _| {}), came: Arc::new(|_| {}), notified: Arc::new(|_, _| {}) }
    }
}

/// A provider cannot be used from here.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// Its secret cannot be read.
    #[error("provider {provider}: its secret")]
    Secret {
        /// The provider.
        provider: ProviderName,
        /// Why.
        #[source]
        source: SecretError,
    },
    /// No client can be made for its API.
    #[error("provider {provider}")]
    Api {
        /// The provider.
        provider: ProviderName,
        /// Why.
        #[source]
        source: ApiSetupError,
    },
}

/// Makes the adapter of one provider. Nothing is sent yet.
///
/// # Errors
/// [`AdapterError`].
pub fn adapter(name: &ProviderName, config: &ProviderConfig, hooks: &Hooks) -> Result<Arc<dyn Provider>, AdapterError> {
    let of_api = |source| AdapterError::Api { provider: name.clone(), source };
    Ok(match &config.kind {
        ProviderKind::Rfc2136(kind) => Arc::new(rfc2136(name, config, kind, hooks)?),
        ProviderKind::Route53(kind) => Arc::new(route53(config, kind, hooks)),
        ProviderKind::Cloudflare(kind) => Arc::new(cloudflare(config, kind, hooks).map_err(of_api)?),
        ProviderKind::PowerDns(kind) => Arc::new(powerdns(config, kind, hooks).map_err(of_api)?),
    })
}

/// Makes the adapter of one provider as the holder of whole zones. Nothing is sent yet.
///
/// # Errors
/// [`AdapterError`].
pub fn zone_target(
    name: &ProviderName,
    config: &ProviderConfig,
    hooks: &Hooks,
) -> Result<Arc<dyn ZoneTarget>, AdapterError> {
    let of_api = |source| AdapterError::Api { provider: name.clone(), source };
    Ok(match &config.kind {
        ProviderKind::Rfc2136(kind) => {
            let whole = Transfers::new(transfer_clients(name, config, kind)?, Arc::clone(&hooks.came));
            Arc::new(Rfc2136Zones::new(rfc2136(name, config, kind, hooks)?, Arc::new(whole)))
        }
        ProviderKind::Route53(kind) => Arc::new(route53(config, kind, hooks)),
        ProviderKind::Cloudflare(kind) => Arc::new(cloudflare(config, kind, hooks).map_err(of_api)?),
        ProviderKind::PowerDns(kind) => Arc::new(powerdns(config, kind, hooks).map_err(of_api)?),
    })
}

/// Makes the adapter of a folder of zone files. Nothing is read yet.
pub fn zone_files(config: &ZoneFilesConfig) -> Arc<dyn ZoneTarget> {
    Arc::new(ZoneFiles::new(&config.folder, &config.zones))
}

/// What a provider's zones are transferred with, one client for each of its keys; `None` for an API.
///
/// # Errors
/// [`AdapterError::Secret`].
pub fn transfers(name: &ProviderName, config: &ProviderConfig) -> Result<Option<Vec<Client>>, AdapterError> {
    match &config.kind {
        ProviderKind::Rfc2136(kind) => transfer_clients(name, config, kind).map(Some),
        ProviderKind::Route53(_) | ProviderKind::Cloudflare(_) | ProviderKind::PowerDns(_) => Ok(None),
    }
}

/// Before the first message of a large zone a server may need longer than for an answer, so that a short timeout does not hold here.
fn transfer_clients(
    name: &ProviderName,
    config: &ProviderConfig,
    kind: &Rfc2136Config,
) -> Result<Vec<Client>, AdapterError> {
    let default = Limits::default();
    let limits = Limits { idle: config.timeout.max(default.idle), ..default };
    let client = |config: &TsigConfig| {
        let secret = read_base64_line(&config.secret_file)?;
        let owner = zones::owner(&config.name);
        let key = whole_zone::key(owner, config.algorithm, &secret);
        Ok(Client::new(kind.server, Some(key), limits))
    };
    let clients: Result<Vec<Client>, SecretError> = kind.tsig.iter().map(client).collect();
    clients.map_err(|source| AdapterError::Secret { provider: name.clone(), source })
}

/// The primary that a provider's zones are read from over DNS; `None` for an API.
pub fn primary(config: &ProviderConfig) -> Option<SocketAddr> {
    match &config.kind {
        ProviderKind::Rfc2136(kind) => Some(kind.server),
        ProviderKind::Route53(_) | ProviderKind::Cloudflare(_) | ProviderKind::PowerDns(_) => None,
    }
}

fn rfc2136(
    name: &ProviderName,
    config: &ProviderConfig,
    kind: &Rfc2136Config,
    hooks: &Hooks,
) -> Result<Rfc2136, AdapterError> {
    let Rfc2136Config { server, zones: _, notify, tsig } = kind;
    let keys: Result<Vec<TsigKey>, _> = tsig.iter().map(tsig_key).collect();
    let keys = keys.map_err(|source| AdapterError::Secret { provider: name.clone(), source })?;
    let mut keys = keys.into_iter();
    let first = keys.next().expect("invariant: a validated provider has a key");
    let notified = Arc::clone(&hooks.notified);
    Ok(Rfc2136::new(*server, TsigKeys::new(first, keys.next()), config.timeout, config.permit)
        .telling_when_sent(hooks.sent)
        .notifying(notify, move |server, outcome| notified(server, outcome)))
}

fn tsig_key(config: &TsigConfig) -> Result<TsigKey, SecretError> {
    let secret = read_base64_line(&config.secret_file)?;
    let algorithm = match config.algorithm {
        provider::TsigAlgorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
        provider::TsigAlgorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
        provider::TsigAlgorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
    };
    Ok(TsigKey::new(&config.name, algorithm, secret))
}

fn route53(config: &ProviderConfig, kind: &Route53Config, hooks: &Hooks) -> Route53 {
    let Route53Config { zones, endpoint_url, calls } = kind;
    let settings = route53::Settings {
        zones: zones.clone(),
        endpoint_url: endpoint_url.as_ref().map(ToString::to_string),
        region: None,
        credentials: None,
        timeout: config.timeout,
        budget: budget(*calls),
    };
    Route53::new(settings).telling_when_sent(hooks.sent).counting(Arc::clone(&hooks.counted))
}

fn cloudflare(config: &ProviderConfig, kind: &CloudflareConfig, hooks: &Hooks) -> Result<Cloudflare, ApiSetupError> {
    let CloudflareConfig { zones, token_file, endpoint_url, batch_max, calls } = kind;
    let settings = cloudflare::Settings {
        zones: zones.clone(),
        token_file: token_file.clone(),
        endpoint_url: endpoint_url.clone(),
        batch_max: *batch_max,
        timeout: config.timeout,
        budget: budget(*calls),
    };
    Ok(Cloudflare::new(settings)?.telling_when_sent(hooks.sent).counting(Arc::clone(&hooks.counted)))
}

fn powerdns(config: &ProviderConfig, kind: &PowerDnsConfig, hooks: &Hooks) -> Result<PowerDns, ApiSetupError> {
    let PowerDnsConfig { url, server_id, zones, api_key_file } = kind;
    let settings = powerdns::Settings {
        url: url.clone(),
        server_id: server_id.clone(),
        zones: zones.clone(),
        api_key_file: api_key_file.clone(),
        timeout: config.timeout,
    };
    Ok(PowerDns::new(settings)?.telling_when_sent(hooks.sent).counting(Arc::clone(&hooks.counted)))
}

fn budget(CallsConfig { period, burst }: CallsConfig) -> Arc<Budget> {
    Arc::new(Budget::new(period, burst))
}
