//! `services:`: what moves together, where it can be and what is probed there.

pub(crate) mod places;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use dns_core::gate::GateSpec;
use dns_core::identifier::{Installation, ProviderName, RegionName, ServiceName, VantageName};
use dns_core::probe::Probes;
use dns_core::rrset::{Alias, GuardedType};
use dns_core::service::{Endpoint, Everywhere, Mode, Region, Service};
use dns_core::shared::Shared;
use dns_core::window::Window;
use hickory_proto::rr::Name;

use super::gate::GateDraft;
use super::policy::{Policies, PolicyDraft, defaults};
use super::provider::ProviderDraft;
use super::record::{self, RecordDraft};
use super::region::Regions;
use super::vantage::Insiders;
use super::window::{self, WindowDraft};
use super::{Zones, domain_name, gate, group, probe, refuse_repeated, zone_name};
use places::Keeper;

use crate::config::pool::Pool;
use crate::config::secret::SecretUser;
use crate::config::tree::{Map, Spot, each, or_default};

const KEYS: &[&str] = &["name", "mode", "zone", "providers", "policy", "records", "regions", "dependsOn"];

/// What services refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'d> {
    pub(crate) regions: &'d Regions,
    pub(crate) providers: &'d [ProviderDraft<'d>],
    pub(crate) policies: &'d Policies,
    pub(crate) insiders: &'d Insiders,
    pub(crate) windows: &'d [WindowDraft<'d>],
    pub(crate) pools: &'d Pools,
}

/// What many services have in common.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    zones: Zones,
    probes: Pool<Probes>,
    gates: Pool<Shared<[GateSpec]>>,
    windows: Pool<Arc<[Window]>>,
}

/// A service as far as it could be read.
#[derive(Debug)]
pub(crate) struct ServiceDraft<'t> {
    /// Its position in the configuration, faulty ones counted.
    pub(crate) index: usize,
    pub(crate) spot: Spot<'t>,
    pub(crate) name: Option<ServiceName>,
    pub(crate) mode: Option<Mode>,
    /// The services of its group that it is moved after.
    pub(crate) depends_on: Vec<(Spot<'t>, ServiceName)>,
    pub(crate) zone: Option<Shared<Name>>,
    keepers: Option<Vec<Keeper>>,
    /// Those of its providers that there are, even if one that it names is not among them.
    providers: Vec<ProviderName>,
    pub(crate) policy: Option<Rc<PolicyDraft>>,
    pub(crate) records: Vec<RecordDraft<'t>>,
    pub(crate) regions: Vec<RegionDraft<'t>>,
    windows: Arc<[Window]>,
    /// Whether a record or region was too faulty to have a draft at all.
    lost: bool,
}

/// A service's region as far as it could be read.
#[derive(Debug)]
pub(crate) struct RegionDraft<'t> {
    pub(crate) spot: Spot<'t>,
    pub(crate) name: Option<RegionName>,
    pub(crate) endpoints: Option<Vec<(Spot<'t>, Endpoint)>>,
    probes: Option<Probes>,
    /// The vantage points that stand in it.
    pub(crate) inside: Shared<BTreeSet<VantageName>>,
    pub(crate) gates: Option<Vec<GateDraft<'t>>>,
    gate_specs: Shared<[GateSpec]>,
}

impl<'t> ServiceDraft<'t> {
    /// The service at each of its places, if all of it could be read.
    pub(crate) fn build(&self, installation: &Installation, revision: u64) -> Option<Everywhere> {
        self.records.iter().all(|record| record.ttl.is_some()).then_some(())?;
        self.regions.iter().all(|region| region.probes.is_some() && region.gates.is_some()).then_some(())?;
        let keepers = self.keepers.as_ref()?;
        let places = keepers.iter().flat_map(|keeper| keeper.zones.iter().map(move |zone| (&keeper.provider, zone)));
        let mut projections: Vec<Service> = Vec::with_capacity(1);
        for (provider, zone) in places {
            let alike = projections.iter().find(|known| known.zone == *zone).cloned();
            let alike = alike.or_else(|| self.renderable_in(zone, installation, revision))?;
            projections.push(Service {
                name: self.name.clone()?,
                mode: self.mode?,
                provider: provider.clone(),
                policy: self.policy.as_ref()?.policy.clone()?,
                regions: projections.first().map_or(&alike.regions, |first| &first.regions).clone(),
                ..alike
            });
        }
        Everywhere::new(projections)
    }

    /// Whether it writes nothing.
    pub(crate) fn observes(&self) -> bool {
        self.mode == Some(Mode::Observe)
    }

    /// The zones that the records lie in.
    pub(crate) fn zones(&self) -> Vec<Shared<Name>> {
        places::zones_of(self.zone.as_ref(), &self.records)
    }

    /// The names of the service's providers, as far as they could be read.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &ProviderName> {
        self.providers.iter()
    }

    /// The service as one zone has it, with stand-ins for all that does not decide what its regions render to.
    pub(crate) fn renderable_in(
        &self,
        zone: &Shared<Name>,
        installation: &Installation,
        revision: u64,
    ) -> Option<Service> {
        if self.lost {
            return None;
        }
        let stand_in = || "unnamed".to_owned();
        let policy = self.policy.as_ref().and_then(|draft| draft.policy.clone());
        let records: Option<Vec<_>> = self.records_in(zone).map(RecordDraft::renderable).collect();
        let regions: Option<Vec<_>> = self.regions.iter().map(RegionDraft::renderable).collect();
        Some(Service {
            name: self.name.clone().or_else(|| ServiceName::new(stand_in()).ok())?,
            installation: installation.clone(),
            mode: self.mode.unwrap_or_default(),
            zone: zone.clone(),
            provider: ProviderName::new(stand_in()).ok()?,
            policy: policy.unwrap_or_else(|| defaults().into()),
            records: records?.into(),
            regions: regions?.into(),
            windows: Arc::clone(&self.windows),
            revision,
        })
    }

    /// The records that lie in a zone, and those of which that is not known.
    pub(crate) fn records_in(&self, zone: &Name) -> impl Iterator<Item = &RecordDraft<'t>> {
        self.records.iter().filter(move |record| record.zone.as_ref().is_none_or(|own| **own == *zone))
    }
}

impl RegionDraft<'_> {
    fn renderable(&self) -> Option<Region> {
        let endpoints = self.endpoints.as_ref()?.iter().map(|(_, endpoint)| endpoint.clone()).collect();
        let (probes, inside) = (self.probes.clone().unwrap_or_default(), self.inside.clone());
        Some(Region { name: self.name.clone()?, endpoints, probes, inside, gates: self.gate_specs.clone() })
    }
}

/// Reads `services`, in the order of the files.
pub(crate) fn read<'t>(items: &[Spot<'t>], declared: Declared<'_>) -> Vec<ServiceDraft<'t>> {
    let drafts: Vec<_> = items.iter().enumerate().filter_map(|(index, item)| read_one(index, item, declared)).collect();
    refuse_repeated("service", drafts.iter().filter_map(|draft| Some((&draft.spot, draft.name.as_ref()?))));
    drafts
}

fn read_one<'t>(index: usize, item: &Spot<'t>, declared: Declared<'_>) -> Option<ServiceDraft<'t>> {
    let map = item.map(KEYS)?;
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(Spot::parse);
    let mode = or_default(map.optional("mode"), Mode::Observe, |spot| {
        spot.choice(&[("observe", Mode::Observe), ("active", Mode::Active)])
    });
    let depends_on = map.optional("dependsOn").and_then(|spot| group::read_services(&spot)).unwrap_or_default();
    let zones = &declared.pools.zones;
    let zone = map.required("zone").and_then(|spot| zone_name(&spot, zones));
    let spot = name_spot.unwrap_or_else(|| item.clone());
    let policy = declared.policies.of(map.optional("policy").as_ref(), &spot);
    let (region_items, regions) = read_regions(index, &map, declared);
    let names: Vec<RegionName> = regions.iter().filter_map(|region| region.name.clone()).collect();
    let record_items = map.required("records").and_then(|spot| spot.filled_list("record")).unwrap_or_default();
    let records: Vec<_> =
        record_items.iter().filter_map(|item| record::read(item, zone.as_ref(), &names, zones)).collect();
    let found = places::named(&map, declared.providers);
    let drafts = found.iter().flat_map(|(_, drafts)| drafts.iter().flatten());
    let providers = drafts.map(|draft| draft.name.clone()).collect();
    let keepers = found.and_then(|(items, drafts)| places::read(&map, zone.as_ref(), &records, &items, &drafts));
    let lost = records.is_empty() || records.len() < record_items.len() || regions.len() < region_items.max(2);
    let windows = name.as_ref().map(|name| window::of(declared.windows, name)).unwrap_or_default();
    let windows = declared.pools.windows.one(windows.into());
    Some(ServiceDraft {
        index,
        spot,
        name,
        mode,
        depends_on,
        zone,
        keepers,
        providers,
        policy,
        records,
        regions,
        windows,
        lost,
    })
}

fn read_regions<'t>(index: usize, map: &Map<'t>, declared: Declared<'_>) -> (usize, Vec<RegionDraft<'t>>) {
    let Some(list) = map.required("regions") else { return (0, Vec::new()) };
    let Some(items) = list.list() else { return (0, Vec::new()) };
    if items.len() < 2 {
        list.fault_with_hint("a service needs at least two regions", "it moves from one to another");
    }
    let drafts: Vec<_> = items.iter().filter_map(|item| read_region(index, item, declared)).collect();
    refuse_repeated("region", drafts.iter().filter_map(|draft| Some((&draft.spot, draft.name.as_ref()?))));
    (items.len(), drafts)
}

fn read_region<'t>(index: usize, item: &Spot<'t>, declared: Declared<'_>) -> Option<RegionDraft<'t>> {
    let pools = declared.pools;
    let map = item.map(&["name", "endpoints", "probes", "gates"])?;
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(|spot| declared.regions.reference(spot));
    let endpoints = map.required("endpoints").and_then(|spot| read_endpoints(&spot));
    let probes = map.required("probes").and_then(|spot| probe::read_all(&spot, SecretUser::Probes(index)));
    let probes = probes.map(|probes| pools.probes.one(probes.into()));
    let gates = or_default(map.optional("gates"), Vec::new(), |spot| gate::read_all(&spot));
    let gate_specs = pools.gates.one(gates.iter().flatten().map(|gate: &GateDraft<'_>| gate.spec.clone()).collect());
    let inside = name.as_ref().and_then(|name| declared.insiders.get(name)).cloned().unwrap_or_default();
    let spot = name_spot.unwrap_or_else(|| item.clone());
    Some(RegionDraft { spot, name, endpoints, probes, inside, gates, gate_specs })
}

fn read_endpoints<'t>(spot: &Spot<'t>) -> Option<Vec<(Spot<'t>, Endpoint)>> {
    let items = spot.filled_list("endpoint")?;
    let endpoints = each(&items, read_endpoint)?;
    refuse_repeated("endpoint", items.iter().zip(&endpoints));
    Some(items.into_iter().zip(endpoints).collect())
}

fn read_endpoint(spot: &Spot<'_>) -> Option<Endpoint> {
    let map = spot.map(&["address", "hostname", "loadBalancer"])?;
    match (map.optional("address"), map.optional("hostname"), map.optional("loadBalancer")) {
        (Some(address), None, None) => read_address(&address).map(Endpoint::Address),
        (None, Some(hostname), None) => read_hostname(&hostname).map(|name| Endpoint::Hostname(name.into())),
        (None, None, Some(balancer)) => read_load_balancer(&balancer).map(|alias| Endpoint::LoadBalancer(alias.into())),
        (_, _, _) => {
            spot.fault_with_hint("needs one of address, hostname and loadBalancer", "`{ address: 192.0.2.10 }`");
            None
        }
    }
}

/// `loadBalancer: { hostname: …, zoneId: … }`.
fn read_load_balancer(spot: &Spot<'_>) -> Option<Alias> {
    let map = spot.map(&["hostname", "zoneId"])?;
    let hostname = map.required("hostname").and_then(|spot| read_hostname(&spot));
    let zone_id = map.optional("zoneId");
    if zone_id.is_none() {
        let hint =
            "it is the load balancer's own, its CanonicalHostedZoneId: `aws elbv2 describe-load-balancers` tells it";
        spot.fault_with_hint("`zoneId` is missing", hint);
    }
    let (hostname, zone_id) = (hostname?, zone_id?);
    Alias::new(&hostname, zone_id.text()?).map_err(|error| zone_id.fault(error.to_string())).ok()
}

fn read_address(spot: &Spot<'_>) -> Option<IpAddr> {
    let text = spot.text()?;
    let Ok(address) = text.parse::<IpAddr>() else {
        spot.fault_with_hint(
            format!("`{text}` is no IP address"),
            "a name goes into `hostname`, a port into the probe",
        );
        return None;
    };
    let mapped = matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some());
    let broadcast = matches!(address, IpAddr::V4(four) if four.is_broadcast());
    if address.is_unspecified() || address.is_multicast() || broadcast || mapped {
        spot.fault(format!("`{text}` is no address of a single host"));
        return None;
    }
    Some(address)
}

fn read_hostname(spot: &Spot<'_>) -> Option<Name> {
    let text = spot.text()?;
    if text.parse::<IpAddr>().is_ok() {
        spot.fault_with_hint(format!("`{text}` is an address"), "write `address:`");
        return None;
    }
    let name = domain_name(spot)?;
    if name.is_wildcard() || name.is_root() || name.num_labels() < 2 || GuardedType::Cname.parse_value(text).is_err() {
        spot.fault_with_hint(format!("`{text}` is no full host name"), "such as `lb-dr.example.net`");
        return None;
    }
    Some(name)
}
