//! The places of a service, each with the adapter that reads and writes it.
//!
//! Only the credentials of these places are looked for: whoever breaks the glass does so from a machine that has no
//! daemon's secrets. A place whose credentials are missing here counts as one that cannot be read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dns_adapters::{AdapterError, Hooks};
use dns_core::identifier::{ProviderName, ServiceName};
use dns_core::service::{Everywhere, Service};
use dns_core::zone::{ReadRequest, ZoneView};
use dns_provider::authoritative::Discovery;
use dns_provider::port::{Provider, ProviderError, Urgency};
use dns_service::config::secret::{Program, SecretCheck};
use dns_service::config::{Config, ProviderConfig};
use dns_service::exit::{Exit, one_line};

use crate::failure::Failure;

/// How often a place is read before it counts as unreachable: one lost packet must not hold a move up.
const READ_TRIES: u32 = 3;

/// Between two tries. An account that asks for a longer pause gets it, up to [`THROTTLED_PAUSE_MAX`].
const READ_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that an account is given before it counts as unreachable: someone is waiting.
const THROTTLED_PAUSE_MAX: Duration = Duration::from_secs(10);

/// One place of a service.
#[derive(Clone)]
pub struct Place {
    /// The service as this place sees it.
    pub service: Service,
    /// The provider's configuration.
    pub config: ProviderConfig,
    /// Its adapter, or why there is none here.
    pub adapter: Result<Arc<dyn Provider>, String>,
    /// Finds the zone's servers.
    pub discovery: Arc<Discovery>,
}

/// Why a place could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFailure {
    /// It did not answer; it may later.
    Unreachable(String),
    /// It refuses, or this machine cannot ask it.
    Refused(String),
}

impl ReadFailure {
    /// What happened.
    pub fn reason(&self) -> &str {
        match self {
            Self::Unreachable(reason) | Self::Refused(reason) => reason,
        }
    }
}

/// Loads files without looking for secrets.
///
/// # Errors
/// With exit code 64 and every fault.
pub fn load(files: &[PathBuf]) -> Result<Config, Failure> {
    let loaded = Config::load(files, &Program::Admin(SecretCheck::Skip));
    loaded.map_err(|faults| Failure::new(Exit::BadConfiguration, faults.to_string()))
}

/// Every place of a service, in the order in which they anchor decisions.
///
/// # Errors
/// If the configuration does not have the service.
pub fn of_service(config: &Config, name: &ServiceName) -> Result<Vec<Place>, Failure> {
    let found = projections(config, name);
    if found.is_empty() {
        return Err(no_service(config, name));
    }
    Ok(with_doors(config, found))
}

/// The configuration does not have the service.
pub fn no_service(config: &Config, name: &ServiceName) -> Failure {
    let known: std::collections::BTreeSet<&str> =
        all_projections(config).map(|service| service.name.as_str()).collect();
    let known: Vec<&str> = known.into_iter().collect();
    Failure::new(Exit::Usage, format!("the configuration has no service `{name}`"))
        .hint(format!("it has {}", known.join(", ")))
}

/// Every service as each of its places sees it.
pub fn all_projections(config: &Config) -> impl Iterator<Item = &Service> {
    config.services.iter().flat_map(Everywhere::projections).map(|service| &**service)
}

/// One service as each of its places sees it.
pub fn projections(config: &Config, name: &ServiceName) -> Vec<Service> {
    all_projections(config).filter(|service| service.name == *name).cloned().collect()
}

/// Every place of every service.
pub fn of_all(config: &Config) -> Vec<Place> {
    with_doors(config, all_projections(config).cloned())
}

/// A provider's adapter and what finds its servers: one for all its places, since calls are counted per account.
#[derive(Clone)]
struct Door {
    config: ProviderConfig,
    adapter: Result<Arc<dyn Provider>, String>,
    discovery: Arc<Discovery>,
}

impl Door {
    fn of(config: &Config, name: &ProviderName) -> Self {
        let provider = config.providers.get(name);
        let provider = provider.expect("invariant: a validated service names a configured provider").clone();
        let adapter = dns_adapters::adapter(name, &provider, &Hooks::none());
        let adapter = adapter.map_err(|error: AdapterError| one_line(&error));
        let resolvers = config.resolvers.values().flatten().copied().collect();
        let configured = provider.authoritative_servers.clone();
        let discovery = Arc::new(Discovery::new(configured, dns_adapters::primary(&provider), resolvers));
        Self { config: provider, adapter, discovery }
    }
}

fn with_doors(config: &Config, services: impl IntoIterator<Item = Service>) -> Vec<Place> {
    let mut doors: BTreeMap<ProviderName, Door> = BTreeMap::new();
    let place = |service: Service| {
        let door = doors.entry(service.provider.clone()).or_insert_with_key(|name| Door::of(config, name));
        let Door { config, adapter, discovery } = door.clone();
        Place { service, config, adapter, discovery }
    };
    services.into_iter().map(place).collect()
}

impl Place {
    /// How people tell it from others.
    pub fn label(&self) -> String {
        format!("{} at {}", self.service.zone, self.service.provider)
    }

    /// Reads fence and records, again if there is no answer.
    ///
    /// # Errors
    /// [`ReadFailure`] of the last try.
    pub async fn read(&self, urgency: Urgency) -> Result<ZoneView, ReadFailure> {
        let adapter = self.adapter.as_ref().map_err(|reason| ReadFailure::Refused(reason.clone()))?;
        let request = ReadRequest::for_service(&self.service);
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match adapter.read(&request, urgency).await {
                Ok(view) => return Ok(view),
                Err(error) => error,
            };
            let pause = match &error {
                ProviderError::Transient { .. } => READ_PAUSE,
                ProviderError::Throttled { retry_after, .. } if *retry_after <= THROTTLED_PAUSE_MAX => *retry_after,
                ProviderError::Throttled { .. } => return Err(ReadFailure::Unreachable(error.to_string())),
                ProviderError::Conflict { .. }
                | ProviderError::Denied { .. }
                | ProviderError::Invalid { .. }
                | ProviderError::OutcomeUnknown { .. } => return Err(ReadFailure::Refused(error.to_string())),
            };
            if tries == READ_TRIES {
                return Err(ReadFailure::Unreachable(error.to_string()));
            }
            tokio::time::sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"apiVersion: dnsfailover/v1
installation: acme
regions: [{ name: prod }, { name: dr }]
vantagePoints: [{ name: v1, url: "http://127.0.0.1:1" }]
providers: { main: { route53: { zones: { example.com: Z0123456789 } } } }
policies: { default: { quorum: 1 } }
services:
"#;

    fn service(name: &str) -> String {
        format!(
            "  - name: {name}\n    zone: example.com\n    providers: [main]\n    records: [{{ name: {name}, type: A, ttl: 60s }}]\n    \
             regions:\n      - {{ name: prod, endpoints: [{{ address: 192.0.2.10 }}], probes: [{{ tcp: {{ port: 1 }} }}] }}\n      \
             - {{ name: dr, endpoints: [{{ address: 192.0.2.20 }}], probes: [{{ tcp: {{ port: 1 }} }}] }}\n"
        )
    }

    #[test]
    fn all_places_of_a_provider_share_its_adapter_and_so_its_budget_of_calls() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, format!("{CONFIG}{}{}", service("one"), service("two"))).expect("written");
        let config = load(&[file]).expect("a configuration");
        let places = of_all(&config);
        let [one, two] = places.as_slice() else { panic!("two places") };
        let adapter = |place: &Place| place.adapter.clone().expect("no secret is needed");
        assert!(Arc::ptr_eq(&adapter(one), &adapter(two)));
    }
}
