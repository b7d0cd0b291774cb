//! Names through recursive resolvers: addresses of servers and load balancers, and what a resolver's users are answered.
//!
//! Only the given resolvers are asked and nothing is cached: the system's resolver may be one that depends on what is
//! being moved, and a cached answer says nothing about now.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_wire::ExchangeError;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use crate::content::Content;

/// Asks one recursive resolver once, over UDP, and over TCP if the answer is truncated. The TTL is what is left of it in
/// the resolver's cache.
///
/// # Errors
/// Why there is no answer: silence, garbage, or a failure that the resolver reports.
pub async fn ask_resolver(
    resolver: SocketAddr,
    name: &Name,
    rtype: RecordType,
    within: Duration,
) -> Result<Content, String> {
    let mut query = dns_wire::query(Message::query().metadata.id, name, rtype);
    query.metadata.recursion_desired = true;
    let wire = query.to_vec().map_err(|error| error.to_string())?;
    let answer = dns_wire::udp_then_tcp(resolver, &wire, within).await.map_err(|error| match error {
        ExchangeError::Connect { reason, .. } | ExchangeError::NoAnswer { reason, .. } => reason,
        ExchangeError::Garbage { reason, .. } => format!("it sent garbage: {reason}"),
    })?;
    let message = answer.message;
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        other => return Err(format!("it answers {other}")),
    }
    let asked = message.queries.iter().any(|query| query.query_type() == rtype && query.name().eq_ignore_root(name));
    if asked { Ok(Content::of(&message, name, rtype)) } else { Err("it answers another question".to_owned()) }
}

/// A name's addresses, through the first of these resolvers that knows them.
pub(crate) async fn addresses(resolvers: &[SocketAddr], name: &Name, within: Duration) -> Result<Vec<IpAddr>, String> {
    if resolvers.is_empty() {
        return Err("no resolver is configured".to_owned());
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
