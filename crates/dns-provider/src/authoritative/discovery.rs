//! Where a provider's zones are served, found once and kept for a while.
//!
//! A primary is asked each time: it answers in a round trip. An API's word about a zone's name servers is kept, because
//! its calls are counted, and because it must still be known on the day when the API is down.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use hickory_proto::rr::Name;
use tokio::time::Instant;

use super::AskError;
use super::servers::{self, Servers, find};
use crate::port::{Provider, ZoneFacts};

/// How long an API's word and the addresses found for it count. Delegations have TTLs of a day or two, so an hour adds
/// little to how late a change of them is seen anywhere.
const KEPT: Duration = Duration::from_hours(1);

/// How long the API is not asked again after it did not answer: whoever looks for servers looks several times a second.
const FAILURE_KEPT: Duration = Duration::from_secs(3);

/// Why the servers of a zone are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The primary does not tell them: ask again.
    #[error(transparent)]
    Primary(#[from] AskError),
    /// The API does not tell them.
    #[error("{reason}")]
    Provider {
        /// What it said.
        reason: String,
    },
}

/// Finds the servers of one provider's zones.
#[derive(Debug)]
pub struct Discovery {
    configured: Vec<SocketAddr>,
    primary: Option<SocketAddr>,
    resolvers: Vec<SocketAddr>,
    zones: Mutex<BTreeMap<Name, Known>>,
}

/// What is known of one zone at an API.
#[derive(Clone, Debug, Default)]
struct Known {
    names: Option<(Vec<Name>, Instant)>,
    failure: Option<(String, Instant)>,
    servers: Option<(Servers, Instant)>,
}

impl Discovery {
    /// Of `configured` servers if there are any; else of those that the `primary` tells, or the API where there is none.
    /// `resolvers` tell the addresses of those outside the zone.
    pub fn new(configured: Vec<SocketAddr>, primary: Option<SocketAddr>, resolvers: Vec<SocketAddr>) -> Self {
        Self { configured, primary, resolvers, zones: Mutex::default() }
    }

    /// Whether somebody has said which servers these are.
    pub fn is_configured(&self) -> bool {
        !self.configured.is_empty()
    }

    /// The recursive resolvers that it asks.
    pub fn resolvers(&self) -> &[SocketAddr] {
        &self.resolvers
    }

    /// The servers of a zone. Each question takes `within` at the most; those to the API have its own bound.
    ///
    /// # Errors
    /// [`DiscoveryError`] if nobody tells their names.
    pub async fn servers(
        &self,
        provider: &dyn Provider,
        zone: &Name,
        within: Duration,
    ) -> Result<Servers, DiscoveryError> {
        if !self.configured.is_empty() {
            return Ok(Servers { addresses: self.configured.iter().copied().collect(), unresolved: Vec::new() });
        }
        match self.primary {
            Some(primary) => Ok(servers::servers(primary, zone, &[], &self.resolvers, within).await?),
            None => self.of_api(provider, zone, within).await,
        }
    }

    /// The names of a zone's servers, as the provider says.
    ///
    /// # Errors
    /// [`DiscoveryError::Provider`] if it does not answer and never has.
    pub async fn name_servers(&self, provider: &dyn Provider, zone: &Name) -> Result<Vec<Name>, DiscoveryError> {
        let Known { names, failure, .. } = self.known(zone);
        let last = match names {
            Some((names, told)) if told.elapsed() < KEPT => return Ok(names),
            Some((names, _)) => Some(names),
            None => None,
        };
        if let Some((reason, _)) = failure.filter(|(_, at)| at.elapsed() < FAILURE_KEPT) {
            return last.ok_or(DiscoveryError::Provider { reason });
        }
        match provider.zone(zone).await {
            Ok(ZoneFacts { name_servers }) => {
                let kept = name_servers.clone();
                self.remember(zone, |known| (known.names, known.failure) = (Some((kept, Instant::now())), None));
                Ok(name_servers)
            }
            Err(error) => {
                let reason = error.to_string();
                self.remember(zone, |known| known.failure = Some((reason.clone(), Instant::now())));
                last.ok_or(DiscoveryError::Provider { reason })
            }
        }
    }

    async fn of_api(&self, provider: &dyn Provider, zone: &Name, within: Duration) -> Result<Servers, DiscoveryError> {
        if let Some((servers, found)) = self.known(zone).servers
            && found.elapsed() < KEPT
        {
            return Ok(servers);
        }
        let names = self.name_servers(provider, zone).await?;
        let servers = find(names, None, &self.resolvers, within).await;
        if servers.unresolved.is_empty() && !servers.addresses.is_empty() {
            let kept = servers.clone();
            self.remember(zone, |known| known.servers = Some((kept, Instant::now())));
        }
        Ok(servers)
    }

    fn known(&self, zone: &Name) -> Known {
        self.lock().get(zone).cloned().unwrap_or_default()
    }

    fn remember(&self, zone: &Name, note: impl FnOnce(&mut Known)) {
        note(self.lock().entry(zone.clone()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Known>> {
        self.zones.lock().expect("invariant: nothing panics while it holds this lock")
    }
}
