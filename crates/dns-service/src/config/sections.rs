//! The sections of the files, one module each: from spots in the tree to typed values, each with its own faults.
//!
//! What one section says about another is checked in [`super::check`].

pub(super) mod drill;
pub(super) mod gate;
pub(super) mod group;
pub(super) mod hook;
pub(super) mod notification;
pub(super) mod observation;
pub(super) mod policy;
pub(super) mod probe;
pub(super) mod process;
pub(super) mod provider;
pub(super) mod record;
pub(super) mod region;
pub(super) mod relation;
mod remote;
pub(super) mod safety;
pub(super) mod service;
pub(super) mod sync;
pub(super) mod top;
pub(super) mod vantage;
pub(super) mod window;

use std::fmt::Display;
use std::net::SocketAddr;

use dns_core::rrset::canonical_name;
use dns_core::shared::Shared;
use hickory_proto::rr::Name;
use url::{Host, Url};

use super::pool::Pool;
use super::tree::Spot;

/// Reports every name that was given before.
fn refuse_repeated<'a, 't: 'a, N: Display + Ord + 'a>(
    what: &str,
    names: impl IntoIterator<Item = (&'a Spot<'t>, &'a N)>,
) {
    let mut seen = std::collections::BTreeMap::new();
    for (spot, name) in names {
        if let Some(first) = seen.get(name) {
            let first: &&Spot<'_> = first;
            spot.fault(format!("{what} `{name}` is given twice; it first stands at {}", first.place()));
        } else {
            seen.insert(name, spot);
        }
    }
}

/// An address with its port.
fn socket_address(spot: &Spot<'_>) -> Option<SocketAddr> {
    let text = spot.text()?;
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => spot.fault(format!("`{text}` has no usable port")),
        Ok(address) if address.ip().is_unspecified() || address.ip().is_multicast() => {
            spot.fault(format!("`{text}` is no address that answers"));
        }
        Ok(address) => return Some(address),
        Err(_) => {
            let hint = match text.parse() {
                Ok(std::net::IpAddr::V4(_)) => format!("add the port: `{text}:53`"),
                Ok(std::net::IpAddr::V6(_)) => format!("add the port: `\"[{text}]:53\"`"),
                Err(_) => "write `192.0.2.53:53` or `\"[2001:db8::53]:53\"`; names are not resolved here".to_owned(),
            };
            spot.fault_with_hint(format!("`{text}` is no address with a port"), hint);
        }
    }
    None
}

/// Addresses with ports, none of them twice.
fn socket_addresses(spot: &Spot<'_>) -> Option<Vec<SocketAddr>> {
    let spots = spot.list()?;
    let addresses = super::tree::each(&spots, socket_address)?;
    refuse_repeated("address", spots.iter().zip(&addresses));
    Some(addresses)
}

/// A domain name, taken as fully qualified.
fn domain_name(spot: &Spot<'_>) -> Option<Name> {
    let text = spot.text()?;
    canonical_name(text).map_err(|error| spot.fault(error.to_string())).ok()
}

/// The zones that were named so far.
pub(in crate::config) type Zones = Pool<Shared<Name>>;

/// A zone, kept once for all that name it.
fn zone_name(spot: &Spot<'_>, zones: &Zones) -> Option<Shared<Name>> {
    domain_name(spot).map(|name| zones.one(name.into()))
}

/// Whether a URL leads to this machine whatever any resolver says.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}
