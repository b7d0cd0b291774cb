//! A service: the RRsets that move together, their regions, and what each region renders to.

mod place;
mod serving;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::gate::GateSpec;
use crate::identifier::{Installation, ProviderName, RegionName, ServiceName, VantageName};
use crate::policy::{Detection, Policy};
use crate::probe::Probes;
use crate::rrset::{Alias, GuardedType, Rrset, RrsetError, RrsetKey, Rrsets, Ttl, name_text};
use crate::shared::Shared;
use crate::window::Window;
pub use place::{Everywhere, Place};

/// Whether a service writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Decides and records, writes nothing.
    #[default]
    Observe,
    /// Acts, once adopted.
    Active,
}

/// What a region answers with and what is probed there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Endpoint {
    /// An address.
    Address(IpAddr),
    /// A host name, such as a load balancer's; resolved for probes by a named resolver.
    Hostname(#[serde(with = "name_text")] Shared<Name>),
    /// A load balancer that the provider has an alias for: A and AAAA records become aliases of it. Probed by its name.
    LoadBalancer(Shared<Alias>),
}

impl Endpoint {
    /// The name that has to be resolved before it can be probed.
    pub fn hostname(&self) -> Option<&Name> {
        match self {
            Self::Address(_) => None,
            Self::Hostname(name) => Some(name),
            Self::LoadBalancer(alias) => Some(alias.target()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Hostname(name) => name.fmt(f),
            Self::LoadBalancer(alias) => alias.target().fmt(f),
        }
    }
}

/// A region as one service uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Its name.
    pub name: RegionName,
    /// Where it can answer; never empty.
    pub endpoints: Box<[Endpoint]>,
    /// How each endpoint is probed; never empty.
    pub probes: Probes,
    /// The vantage points that stand in it: they see what nobody outside can reach, and miss what cuts all of it off.
    #[serde(default)]
    pub inside: Shared<BTreeSet<VantageName>>,
    /// What must say yes beside the probes before records move there.
    #[serde(default)]
    pub gates: Shared<[GateSpec]>,
}

/// Where a record's values come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordValues {
    /// From the region's endpoints of the fitting kind.
    Endpoints,
    /// Written out per region, in presentation form.
    Explicit(Shared<BTreeMap<RegionName, Vec<String>>>),
}

/// One RRset of a service, before a region is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Name and type.
    pub key: RrsetKey,
    /// Time to live, the same in every region.
    pub ttl: Ttl,
    /// Values.
    pub values: RecordValues,
    /// Whether the provider's proxy stands in front of it.
    #[serde(default)]
    pub proxied: bool,
    /// Regions that do not have this record, for a missing address family.
    pub absent_in: BTreeSet<RegionName>,
}

/// One service as one of its places sees it, validated: with the records of that zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its name, which is its fence's id.
    pub name: ServiceName,
    /// The installation that owns it.
    pub installation: Installation,
    /// Whether it writes.
    pub mode: Mode,
    /// The zone that holds its records and its fence.
    #[serde(with = "name_text")]
    pub zone: Shared<Name>,
    /// The provider that serves the zone.
    pub provider: ProviderName,
    /// How it is watched and moved.
    pub policy: Shared<Policy>,
    /// What moves.
    pub records: Shared<[Record]>,
    /// Where it can move, in order of preference; at least two.
    pub regions: Shared<[Region]>,
    /// When its changes wait.
    #[serde(default)]
    pub windows: Arc<[Window]>,
    /// The configuration's `revision`, 0 without one.
    pub revision: u64,
}

/// A region that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The region is not one of the service's.
    #[error("the service has no region `{0}`")]
    NoRegion(RegionName),
    /// A record has no value there.
    #[error("record `{key}` has no value in region `{region}`: {hint}")]
    NoValue {
        /// The record.
        key: RrsetKey,
        /// The region.
        region: RegionName,
        /// What to do about it.
        hint: &'static str,
    },
    /// A value is not of the record's type.
    #[error("record `{key}` in region `{region}`")]
    Rrset {
        /// The record.
        key: RrsetKey,
        /// The region.
        region: RegionName,
        /// What is wrong.
        #[source]
        source: RrsetError,
    },
    /// A name would answer with nothing.
    #[error("`{name}` would have no record at all in region `{region}`")]
    EmptyName {
        /// The name.
        name: Name,
        /// The region.
        region: RegionName,
    },
}

impl Service {
    /// The region that comes first.
    pub fn preferred(&self) -> &RegionName {
        &self.regions.first().expect("invariant: a validated service has at least two regions").name
    }

    /// A region of this service.
    pub fn region(&self, name: &RegionName) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == *name)
    }

    /// Every key that some region renders.
    pub fn keys(&self) -> BTreeSet<RrsetKey> {
        self.records.iter().map(|record| record.key.clone()).collect()
    }

    /// The RRsets that the zone holds while the service is in a region.
    ///
    /// # Errors
    /// [`RenderError`], the first one; configuration checks render every region, so later it cannot fail.
    pub fn render(&self, name: &RegionName) -> Result<Rrsets, RenderError> {
        let region = self.region(name).ok_or_else(|| RenderError::NoRegion(name.clone()))?;
        let mut rrsets = Rrsets::new();
        for record in self.records.iter().filter(|record| !record.absent_in.contains(name)) {
            rrsets.insert(record.key.clone(), render_record(record, region)?);
        }
        self.refuse_empty_names(name)?;
        Ok(rrsets)
    }

    /// The region whose rendering equals what is served.
    pub fn region_serving(&self, served: &Rrsets) -> Option<&RegionName> {
        self.regions
            .iter()
            .map(|region| &region.name)
            .find(|name| self.render(name).is_ok_and(|rendered| rendered == *served))
    }

    /// The owner name of the fence: `_<service>._failover.<zone>`, beside the records and never below them, where
    /// it would hide a wildcard (RFC 4592 §2.2.2).
    ///
    /// # Errors
    /// If zone and service together exceed 255 bytes.
    pub fn fence_name(&self) -> Result<Name, RrsetError> {
        fence_name(&self.name, &self.zone)
    }
}

/// The owner name of a service's fence in a zone.
///
/// # Errors
/// If zone and service together exceed 255 bytes.
pub fn fence_name(service: &ServiceName, zone: &Name) -> Result<Name, RrsetError> {
    crate::rrset::canonical_name(&format!(
        "_{service}._failover.{}",
        if zone.is_root() { String::new() } else { zone.to_string() }
    ))
}

/// The digest of all that makes two vantage points' evidence of an endpoint comparable: where it is, how it is
/// probed and how outcomes become a verdict. An old configuration therefore proves nothing about a new endpoint.
pub fn endpoint_digest(endpoint: &Endpoint, probes: &Probes, detection: Detection) -> Digest {
    // The JSON of all three in one list, which vantage points of every version digest.
    let mut spec = Vec::with_capacity(probes.as_json().len() + SPEC_ROOM);
    spec.push(b'[');
    write_json(endpoint, &mut spec);
    spec.push(b',');
    spec.extend_from_slice(probes.as_json().as_bytes());
    spec.push(b',');
    write_json(&detection, &mut spec);
    spec.push(b']');
    Digest::over([&*spec])
}

/// Bytes of what is digested beside the probes, mostly.
const SPEC_ROOM: usize = 128;

fn write_json(part: &impl Serialize, spec: &mut Vec<u8>) {
    serde_json::to_writer(spec, part).expect("invariant: addresses and numbers always serialise");
}

fn render_record(record: &Record, region: &Region) -> Result<Rrset, RenderError> {
    let refused = |source| RenderError::Rrset { key: record.key.clone(), region: region.name.clone(), source };
    let missing = |hint| RenderError::NoValue { key: record.key.clone(), region: region.name.clone(), hint };
    let in_front = |set: Rrset| if record.proxied { set.proxied() } else { set };
    if let Some(alias) = alias_in(record, region) {
        return Rrset::alias_of(record.key.clone(), alias).map(in_front).map_err(refused);
    }
    let values: Vec<RData> = match &record.values {
        RecordValues::Explicit(by_region) => {
            let texts = by_region
                .get(&region.name)
                .ok_or_else(|| missing("add it under `values`, or name the region in `absentIn`"))?;
            let parsed: Result<Vec<_>, _> = texts.iter().map(|text| record.key.rtype().parse_value(text)).collect();
            parsed.map_err(refused)?
        }
        RecordValues::Endpoints => {
            region.endpoints.iter().filter_map(|endpoint| endpoint_value(record.key.rtype(), endpoint)).collect()
        }
    };
    if values.is_empty() {
        return Err(missing("give the region an endpoint of that kind, or name it in `absentIn`"));
    }
    Rrset::new(record.key.clone(), record.ttl, values).map(in_front).map_err(refused)
}

/// The load balancer that an address record of a region is an alias of. A set has one answer, so a region has one; the
/// configuration's check refuses a second.
fn alias_in(record: &Record, region: &Region) -> Option<Alias> {
    if record.values != RecordValues::Endpoints || record.key.rtype() == GuardedType::Cname {
        return None;
    }
    region.endpoints.iter().find_map(|endpoint| match endpoint {
        Endpoint::LoadBalancer(alias) => Some((**alias).clone()),
        Endpoint::Address(_) | Endpoint::Hostname(_) => None,
    })
}

fn endpoint_value(rtype: GuardedType, endpoint: &Endpoint) -> Option<RData> {
    match (rtype, endpoint) {
        (GuardedType::A, Endpoint::Address(IpAddr::V4(address))) => Some(RData::A((*address).into())),
        (GuardedType::Aaaa, Endpoint::Address(IpAddr::V6(address))) => Some(RData::AAAA((*address).into())),
        (GuardedType::Cname, Endpoint::Hostname(name)) => Some(RData::CNAME(CNAME((**name).clone()))),
        (GuardedType::Cname, Endpoint::LoadBalancer(alias)) => Some(RData::CNAME(CNAME(alias.target().clone()))),
        (GuardedType::A | GuardedType::Aaaa | GuardedType::Cname, _) => None,
    }
}

#[cfg(test)]
mod tests;
