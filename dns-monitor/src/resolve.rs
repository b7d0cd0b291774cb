//! Resolves host-name endpoints through the vantage point's named resolver, and never through a guarded record.
//!
//! Only the configured name servers are asked: no system configuration, no hosts file, no search list. Answers are
//! kept for their TTL, within [interval, [`KEPT_MAX`]]: not shorter, or each run would mostly measure the resolver;
//! not longer, or a load balancer's change would be seen late. Failures are not kept.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use crate::coverage::GuardedNames;

/// How many addresses of a host name are tried: more would leave each too little of the timeout.
pub const ADDRESSES_MAX: usize = 4;

/// How long an answer is kept at the most, whatever its TTL.
pub const KEPT_MAX: Duration = Duration::from_mins(1);

/// How long one name server may take before the next is asked; the run's timeout bounds all of it.
const SERVER_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a host name has no address to probe. All of them are void runs: what is not known is not down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Its answer depends on a record that a flip moves.
    #[error("`{name}` resolves through the guarded record `{guarded}`; give the load balancer's own name")]
    Guarded {
        /// The host name.
        name: Name,
        /// The record.
        guarded: Name,
    },
    /// The resolver did not answer, or not with success.
    #[error("cannot resolve `{name}`: {reason}")]
    Failed {
        /// The host name.
        name: Name,
        /// What the resolver said.
        reason: String,
    },
    /// This vantage point has no resolver.
    #[error("cannot resolve `{name}`: this vantage point has no `resolver`")]
    NoResolver {
        /// The host name.
        name: Name,
    },
}

/// The resolver of one vantage point.
#[derive(Debug)]
pub struct HostResolver {
    resolver: Option<TokioResolver>,
    guarded: GuardedNames,
    kept: Mutex<HashMap<Name, Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

impl HostResolver {
    /// A resolver that asks `servers` only; with none it resolves nothing.
    ///
    /// # Errors
    /// If the library refuses the servers.
    pub fn new(servers: &[SocketAddr], guarded: GuardedNames) -> Result<Self, NetError> {
        let resolver = if servers.is_empty() { None } else { Some(asking(servers)?) };
        Ok(Self { resolver, guarded, kept: Mutex::default() })
    }

    /// At most [`ADDRESSES_MAX`] addresses, both families in turn; there is at least one. And how long asking took,
    /// zero for an answer that was kept.
    ///
    /// # Errors
    /// [`ResolveError`], within `within`.
    pub async fn addresses(
        &self,
        name: &Name,
        interval: Duration,
        within: Duration,
    ) -> Result<(Arc<[IpAddr]>, Duration), ResolveError> {
        let started = Instant::now();
        if let Some(addresses) = self.kept(name, started) {
            return Ok((addresses, Duration::ZERO));
        }
        let asked = tokio::time::timeout(within, self.ask(name)).await;
        let reason = || format!("no answer within {} ms", within.as_millis());
        let found = asked.map_err(|_| ResolveError::Failed { name: name.clone(), reason: reason() })??;
        let addresses: Arc<[IpAddr]> = found.addresses.into();
        let until = Instant::now() + keep_for(found.ttl, interval);
        let kept = Kept { addresses: addresses.clone(), until };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), kept);
        Ok((addresses, started.elapsed()))
    }

    fn kept(&self, name: &Name, now: Instant) -> Option<Arc<[IpAddr]>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name).filter(|kept| now < kept.until).map(|kept| kept.addresses.clone())
    }

    async fn ask(&self, name: &Name) -> Result<Found, ResolveError> {
        let Some(resolver) = &self.resolver else {
            return Err(ResolveError::NoResolver { name: name.clone() });
        };
        let (v4, v6) =
            tokio::join!(resolver.lookup(name.clone(), RecordType::A), resolver.lookup(name.clone(), RecordType::AAAA));
        let mut records: Vec<Record> = Vec::new();
        let mut reasons: Vec<String> = Vec::new();
        for (family, looked_up) in [("A", v4), ("AAAA", v6)] {
            match looked_up {
                Ok(found) => records.extend_from_slice(found.answers()),
                Err(error) if error.is_no_records_found() => reasons.push(format!("no {family} record")),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        self.judge(name, &records, &reasons.join(", "))
    }

    fn judge(&self, name: &Name, records: &[Record], reason: &str) -> Result<Found, ResolveError> {
        let owners = records.iter().map(|record| &record.name);
        let aliases = records.iter().filter_map(|record| match &record.data {
            RData::CNAME(target) => Some(&target.0),
            _ => None,
        });
        if let Some(guarded) = owners.chain(aliases).chain([name]).find_map(|step| self.guarded.guarding(step)) {
            return Err(ResolveError::Guarded { name: name.clone(), guarded: guarded.clone() });
        }
        let addresses = in_turn(records);
        if addresses.is_empty() {
            return Err(ResolveError::Failed { name: name.clone(), reason: reason.to_owned() });
        }
        let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
        Ok(Found { addresses, ttl: Duration::from_secs(ttl.into()) })
    }
}

struct Found {
    addresses: Vec<IpAddr>,
    ttl: Duration,
}

fn asking(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let name_server = |server: &SocketAddr| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = server.port();
            connection
        });
        NameServerConfig::new(server.ip(), true, connections.into())
    };
    let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(name_server).collect());
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = SERVER_TIMEOUT;
    options.attempts = 1;
    // Keeping is done here, within our own bounds.
    options.cache_size = 0;
    // The whole chain is needed to see that no guarded record is part of it.
    options.preserve_intermediates = true;
    builder.build()
}

fn keep_for(ttl: Duration, interval: Duration) -> Duration {
    ttl.min(KEPT_MAX).max(interval)
}

/// IPv4 and IPv6 alternately, so that one broken family leaves room for the other.
fn in_turn(records: &[Record]) -> Vec<IpAddr> {
    let mut v4 = Vec::new();
    let mut v6 = Vec::new();
    for record in records {
        match &record.data {
            RData::A(address) => v4.push(IpAddr::V4(address.0)),
            RData::AAAA(address) => v6.push(IpAddr::V6(address.0)),
            _ => {}
        }
    }
    let longest = v4.len().max(v6.len());
    let pairs = (0..longest).flat_map(|index| [v4.get(index), v6.get(index)]);
    pairs.flatten().copied().take(ADDRESSES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a(last: u8) -> Record {
        let name = Name::from_ascii("lb.example.net.").expect("a name");
        Record::from_rdata(name, 30, RData::A(std::net::Ipv4Addr::new(192, 0, 2, last).into()))
    }

    #[test]
    fn answers_are_kept_between_the_interval_and_a_minute() {
        let (interval, second) = (Duration::from_secs(5), Duration::from_secs(1));
        assert_eq!(keep_for(second, interval), interval);
        assert_eq!(keep_for(second * 30, interval), second * 30);
        assert_eq!(keep_for(second * 3600, interval), KEPT_MAX);
    }

    #[test]
    fn few_addresses_are_tried_and_both_families_have_their_turn() {
        let name = Name::from_ascii("lb.example.net.").expect("a name");
        let v6 = Record::from_rdata(name, 30, RData::AAAA("2001:db8::1".parse().expect("an address")));
        let found = in_turn(&[a(1), a(2), a(3), a(4), v6]);
        let expected: [IpAddr; 4] =
            ["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"].map(|text| text.parse().expect("address"));
        assert_eq!(found, expected);
    }
}
