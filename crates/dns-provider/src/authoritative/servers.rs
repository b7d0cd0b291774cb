//! Which servers are authoritative for a zone: the configured ones, else those that its NS RRset names.
//!
//! Addresses of servers inside the zone come from the primary, if there is one, others from the given resolvers. A name
//! without an address is reported, never dropped.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};

use super::{AskError, Content, ask, resolving};

/// Where authoritative servers listen (RFC 1035 §4.2).
pub(super) const PORT: u16 = 53;

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
    let names = names(ask(primary, zone, RecordType::NS, within).await?);
    Ok(find(names, Some((primary, zone)), resolvers, within).await)
}

/// Finds the addresses of servers of these names. Those inside the zone of a `primary` are asked there: a resolver would
/// have to ask them for their own addresses.
pub(super) async fn find(
    names: impl IntoIterator<Item = Name>,
    primary: Option<(SocketAddr, &Name)>,
    resolvers: &[SocketAddr],
    within: Duration,
) -> Servers {
    let mut found = Servers::default();
    for (count, name) in names.into_iter().enumerate() {
        if count >= NAMES_MAX {
            let reason = format!("only {NAMES_MAX} servers of a zone are looked up");
            found.unresolved.push(Unresolved { name, reason });
            continue;
        }
        let looked_up = match primary {
            Some((primary, zone)) if zone.zone_of(&name) => at_primary(primary, &name, within).await,
            Some(_) | None => through(resolvers, &name, within).await,
        };
        match looked_up {
            Ok(ips) => found.addresses.extend(ips.into_iter().map(|ip| SocketAddr::new(ip, PORT))),
            Err(reason) => found.unresolved.push(Unresolved { name, reason }),
        }
    }
    found
}

/// The names in an NS RRset.
pub(super) fn names(content: Content) -> BTreeSet<Name> {
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
        return Err("no resolver is configured that could tell its address; configure `resolvers`, or \
                    `authoritativeServers` of the provider"
            .to_owned());
    }
    resolving::addresses(resolvers, name, within).await
}
