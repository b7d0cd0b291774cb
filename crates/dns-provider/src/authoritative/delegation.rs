//! To whom the parent of a zone delegates it: the one thing about a zone that its provider does not decide.
//!
//! A zone that is delegated elsewhere is written and read without a fault, verified on every server of its provider, and
//! no user ever sees it. So the servers of the parent are asked directly, without a resolver's cache in between, and what
//! they say is compared with what the provider says. When they cannot be asked, the provider's own word counts.
//!
//! Names say little where they lie in the zone itself: their addresses are what the parent's glue makes of them. So these
//! are compared by address, and the provider's own are never looked up through the delegation that is in question.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_core::rrset::{GuardedType, RrsetKey};
use dns_core::zone::ReadRequest;
use dns_wire::ExchangeError;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::resolving::{addresses, ask_resolver};
use super::servers::{PORT, names};
use crate::port::{Provider, Urgency};

/// How many of the parent's servers are asked, one after the other, until one answers. They serve the same zone.
const PARENT_SERVERS_MAX: usize = 4;

/// Whom the parent sends resolvers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Referral {
    /// The names of the servers; none if the parent does not delegate the zone.
    names: BTreeSet<Name>,
    /// Their addresses, as far as the parent tells them.
    glue: BTreeSet<IpAddr>,
}

/// What the parent says about a zone, compared with what its provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delegated {
    /// To at least one of the provider's servers.
    Here,
    /// To other servers, and none of the provider's: nobody sees what is written there.
    Elsewhere {
        /// The names that the parent has.
        parent: BTreeSet<Name>,
    },
    /// To nobody: right for a zone of private networks, and a fault for any other.
    Nowhere,
    /// The parent could not be asked.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// Asks the parent of `zone` and compares with the provider's servers: their `names`, and their addresses where they are
/// `configured`. `resolvers` tell where the parent is served. Each question takes `within` at the most.
pub async fn delegated(
    provider: &dyn Provider,
    zone: &Name,
    names: &[Name],
    configured: &[SocketAddr],
    resolvers: &[SocketAddr],
    within: Duration,
) -> Delegated {
    let mut own = Own { names: names.iter().map(Name::to_lowercase).collect(), addresses: BTreeSet::new() };
    own.addresses.extend(configured.iter().map(SocketAddr::ip));
    let inside: BTreeSet<Name> = own.names.iter().filter(|name| zone.zone_of(name)).cloned().collect();
    if !inside.is_empty() {
        match told_addresses(provider, zone, &inside).await {
            Ok(told) => own.addresses.extend(told),
            // Without them, two different servers of one name look the same, or one server of two names different.
            Err(reason) if configured.is_empty() => return Delegated::Unknown { reason },
            Err(_) => {}
        }
    }
    delegated_at(zone, own, resolvers, within, PORT).await
}

/// The provider's servers, as far as they are known without asking anyone whom the delegation leads to.
#[derive(Clone, Debug, Default)]
struct Own {
    names: BTreeSet<Name>,
    /// Of those inside the zone, and the configured ones.
    addresses: BTreeSet<IpAddr>,
}

async fn delegated_at(zone: &Name, own: Own, resolvers: &[SocketAddr], within: Duration, port: u16) -> Delegated {
    let Referral { names, glue } = match at_parent(zone, resolvers, within, port).await {
        Ok(referral) => referral,
        Err(reason) => return Delegated::Unknown { reason },
    };
    if names.is_empty() {
        return Delegated::Nowhere;
    }
    // A name outside the zone leads everyone to the same server; one inside leads wherever the parent's glue says.
    let (is_outside, is_inside) = common(zone, &own.names, &names);
    if is_outside || is_inside && (glue.is_empty() || own.addresses.is_empty()) {
        return Delegated::Here;
    }
    // The same servers may have other names there: those that a provider lends to its customers.
    match same_servers(zone, &names, glue, own, resolvers, within).await {
        Ok(true) => Delegated::Here,
        Ok(false) => Delegated::Elsewhere { parent: names },
        Err(reason) => Delegated::Unknown { reason },
    }
}

/// Whether parent and provider have a name in common that lies outside the zone, and one that lies inside.
fn common(zone: &Name, own: &BTreeSet<Name>, parent: &BTreeSet<Name>) -> (bool, bool) {
    let common = || own.iter().filter(|own| parent.iter().any(|name| name.eq_ignore_root(own)));
    (common().any(|name| !zone.zone_of(name)), common().any(|name| zone.zone_of(name)))
}

/// The addresses of the provider's servers inside its zone, by its own records: a resolver would go through the very
/// delegation that is in question.
async fn told_addresses(
    provider: &dyn Provider,
    zone: &Name,
    inside: &BTreeSet<Name>,
) -> Result<BTreeSet<IpAddr>, String> {
    let types = [GuardedType::A, GuardedType::Aaaa];
    let mut keys = BTreeSet::new();
    for name in inside {
        keys.extend(types.map(|rtype| RrsetKey::new(name, rtype)));
    }
    // No fence is looked for; below this name they all are, and it has none itself.
    let fence_name = zone.prepend_label("_failover").map_err(|error| format!("{zone}: {error}"))?;
    let request = ReadRequest { zone: zone.clone(), fence_name, keys };
    let view = provider.read(&request, Urgency::Watch).await.map_err(|error| error.to_string())?;
    // A view may hold more than was asked for.
    let sets = view.rrsets.values().filter(|set| request.keys.contains(set.key()));
    Ok(sets.flat_map(|set| set.values().iter().filter_map(RData::ip_addr)).collect())
}

async fn same_servers(
    zone: &Name,
    parent: &BTreeSet<Name>,
    glue: BTreeSet<IpAddr>,
    own: Own,
    resolvers: &[SocketAddr],
    within: Duration,
) -> Result<bool, String> {
    let Own { names: outside, addresses: mut here } = own;
    let outside: BTreeSet<Name> = outside.into_iter().filter(|name| !zone.zone_of(name)).collect();
    if !outside.is_empty() && glue.is_disjoint(&here) {
        match all_addresses(&outside, resolvers, within).await {
            Ok(found) => here.extend(found),
            Err(reason) if here.is_empty() => return Err(reason),
            Err(_) => {}
        }
    }
    if here.is_empty() {
        // All its names lie in the zone and have no address there: they are not the ones that the parent has.
        return Ok(false);
    }
    let there = if glue.is_empty() { all_addresses(parent, resolvers, within).await? } else { glue };
    Ok(!here.is_disjoint(&there))
}

/// Every address of all that have one.
async fn all_addresses(
    names: &BTreeSet<Name>,
    resolvers: &[SocketAddr],
    within: Duration,
) -> Result<BTreeSet<IpAddr>, String> {
    let mut found = BTreeSet::new();
    let mut failure = None;
    for name in names {
        match addresses(resolvers, name, within).await {
            Ok(ips) => found.extend(ips),
            Err(reason) => failure = Some(format!("the address of {name}: {reason}")),
        }
    }
    match failure {
        Some(reason) if found.is_empty() => Err(reason),
        Some(_) | None => Ok(found),
    }
}

async fn at_parent(zone: &Name, resolvers: &[SocketAddr], within: Duration, port: u16) -> Result<Referral, String> {
    let (parent, servers) = parent_of(zone, resolvers, within).await?;
    let mut last = format!("{parent} has no server that could be asked");
    let mut asked = 0;
    for name in servers {
        let ips = match addresses(resolvers, &name, within).await {
            Ok(ips) => ips,
            Err(reason) => {
                last = format!("the address of {name}, which serves {parent}: {reason}");
                continue;
            }
        };
        for ip in ips {
            if asked == PARENT_SERVERS_MAX {
                return Err(last);
            }
            asked += 1;
            match referral(SocketAddr::new(ip, port), zone, within).await {
                Ok(referral) => return Ok(referral),
                Err(reason) => last = format!("{name} ({ip}), which serves {parent}: {reason}"),
            }
        }
    }
    Err(last)
}

/// The closest zone above, and its servers. Not every label is a zone, so it may be further up.
async fn parent_of(zone: &Name, resolvers: &[SocketAddr], within: Duration) -> Result<(Name, BTreeSet<Name>), String> {
    if zone.is_root() {
        return Err("the root has no parent".to_owned());
    }
    let mut above = zone.base_name();
    loop {
        let found = names_through(&above, resolvers, within).await?;
        if !found.is_empty() {
            return Ok((above, found));
        }
        if above.is_root() {
            return Err(format!("no resolver knows a zone above {zone}"));
        }
        above = above.base_name();
    }
}

async fn names_through(zone: &Name, resolvers: &[SocketAddr], within: Duration) -> Result<BTreeSet<Name>, String> {
    let mut last = "no resolver is configured".to_owned();
    for resolver in resolvers {
        match ask_resolver(*resolver, zone, RecordType::NS, within).await {
            Ok(content) => return Ok(names(content)),
            Err(reason) => last = format!("resolver {resolver}: {reason}"),
        }
    }
    Err(last)
}

/// Asks one server of the parent for the zone's NS. It refers to the zone's servers (RFC 1034 §4.3.1), or answers itself
/// if it serves the zone as well.
async fn referral(server: SocketAddr, zone: &Name, within: Duration) -> Result<Referral, String> {
    let query = dns_wire::query(Message::query().metadata.id, zone, RecordType::NS);
    let wire = query.to_vec().map_err(|error| error.to_string())?;
    let answer = dns_wire::udp_then_tcp(server, &wire, within).await.map_err(|error| match error {
        ExchangeError::Connect { reason, .. } | ExchangeError::NoAnswer { reason, .. } => reason,
        ExchangeError::Garbage { reason, .. } => format!("it sent garbage: {reason}"),
    })?;
    let message = answer.message;
    if !message.queries.iter().any(|query| query.name().eq_ignore_root(zone)) {
        return Err("it answers another question".to_owned());
    }
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => read_referral(&message, zone),
        other => Err(format!("it answers {other}")),
    }
}

fn read_referral(message: &Message, zone: &Name) -> Result<Referral, String> {
    let of_zone = |record: &&Record| record.record_type() == RecordType::NS && record.name.eq_ignore_root(zone);
    let targets = |records: &[Record]| -> BTreeSet<Name> {
        let names = records.iter().filter(of_zone).filter_map(|record| match &record.data {
            RData::NS(target) => Some(target.0.to_lowercase()),
            _ => None,
        });
        names.collect()
    };
    let names: BTreeSet<Name> = targets(&message.answers).into_iter().chain(targets(&message.authorities)).collect();
    if names.is_empty() && !message.metadata.authoritative {
        // Neither a referral nor authority to say that there is none.
        return Err("it is not authoritative for the parent".to_owned());
    }
    let glue = message.additionals.iter().filter(|record| names.iter().any(|name| name.eq_ignore_root(&record.name)));
    let glue = glue.filter_map(|record| record.data.ip_addr()).collect();
    Ok(Referral { names, glue })
}

#[cfg(test)]
mod tests;
