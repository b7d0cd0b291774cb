//! Which servers are authoritative for a zone: the configured ones, else those that its NS RRset names.
//!
//! Addresses of servers inside the zone come from the primary, others from the given resolvers and from no others: the
//! system's resolver may be one that depends on what is being moved. A name without an address is reported,
//! never dropped.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::{AskError, Content, ask};

/// Where authoritative servers listen (RFC 1035 §4.2).
const PORT: u16 = 53;

/// How many servers of an NS RRset are looked up. Zones have up to 13; more is a mistake or an attack.
const NAMES_MAX: usize = 32;

/// A server whose address is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Its name in the NS RRset.
    pub name: Name,
    /// Why, for people.
    pub reason: String,
}

/// A zone's authoritative servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// Where they listen.
    pub addresses: BTreeSet<SocketAddr>,
    /// Those that could not be found.
    pub unresolved: Vec<Unresolved>,
}

/// Finds a zone's authoritative servers: `configured` if there are any, else the zone's NS as the primary has them.
/// `resolvers` are recursive; without any, servers outside the zone stay unresolved. Each question takes `within`
/// at the most.
///
/// # Errors
/// [`AskError`] if the primary does not tell the NS RRset.
pub async fn servers(
    primary: SocketAddr,
    zone: &Name,
    configured: &[SocketAddr],
    resolvers: &[SocketAddr],
    within: Duration,
) -> Result<Servers, AskError> {
    if !configured.is_empty() {
        return Ok(Servers { addresses: configured.iter().copied().collect(), unresolved: Vec::new() });
    }
    let mut found = Servers::default();
    let names = names(ask(primary, zone, RecordType::NS, within).await?);
    for (count, name) in names.into_iter().enumerate() {
        if count >= NAMES_MAX {
            let reason = format!("only {NAMES_MAX} servers of a zone are looked up");
            found.unresolved.push(Unresolved { name, reason });
            continue;
        }
        let looked_up = if zone.zone_of(&name) {
            at_primary(primary, &name, within).await
        } else {
            through(resolvers, &name, within).await
        };
        match looked_up {
            Ok(ips) => found.addresses.extend(ips.into_iter().map(|ip| SocketAddr::new(ip, PORT))),
            Err(reason) => found.unresolved.push(Unresolved { name, reason }),
        }
    }
    Ok(found)
}

fn names(content: Content) -> BTreeSet<Name> {
    let Content::Records { values, .. } = content else { return BTreeSet::new() };
    let names = values.into_iter().map(|value| match value {
        RData::NS(target) => Some(target.0.to_lowercase()),
        _ => None,
    });
    names.flatten().collect()
}

async fn at_primary(primary: SocketAddr, name: &Name, within: Duration) -> Result<Vec<IpAddr>, String> {
    let mut ips = Vec::new();
    for rtype in [RecordType::A, RecordType::AAAA] {
        let content = ask(primary, name, rtype, within).await.map_err(|error| error.to_string())?;
        let Content::Records { values, .. } = content else { continue };
        ips.extend(values.iter().filter_map(RData::ip_addr));
    }
    if ips.is_empty() { Err(format!("{primary} has no address for it")) } else { Ok(ips) }
}

async fn through(resolvers: &[SocketAddr], name: &Name, within: Duration) -> Result<Vec<IpAddr>, String> {
    if resolvers.is_empty() {
        return Err("it is outside the zone and no resolver is configured; configure `authoritativeServers`".to_owned());
    }
    let lookup = resolver(resolvers, within)?;
    let found = tokio::time::timeout(within, lookup.lookup_ip(name.clone())).await;
    let found = found.map_err(|_| format!("no resolver answered within {} ms", within.as_millis()))?;
    let ips: Vec<IpAddr> = found.map_err(|error| error.to_string())?.iter().collect();
    if ips.is_empty() { Err("it has no address".to_owned()) } else { Ok(ips) }
}

fn resolver(resolvers: &[SocketAddr], within: Duration) -> Result<TokioResolver, String> {
    let servers = resolvers.iter().map(|at| NameServerConfig::new(at.ip(), true, connections(at.port()))).collect();
    let config = ResolverConfig::from_name_servers(servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options: &mut ResolverOpts = builder.options_mut();
    options.timeout = within;
    options.attempts = 1;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build().map_err(|error| error.to_string())
}

fn connections(port: u16) -> Vec<ConnectionConfig> {
    [ConnectionConfig::udp(), ConnectionConfig::tcp()]
        .into_iter()
        .map(|mut connection| {
            connection.port = port;
            connection
        })
        .collect()
}
