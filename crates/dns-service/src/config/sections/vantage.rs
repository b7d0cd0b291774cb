//! `vantagePoints:` and `resolvers:`: where the monitors stand and whom they ask for names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use dns_core::identifier::{RegionName, VantageName};
use dns_core::shared::Shared;
use rustls_pki_types::ServerName;
use url::Url;

use super::region::Regions;
use super::top::Top;
use super::{is_loopback, refuse_repeated, socket_addresses};
use crate::config::VantagePoint;
use crate::config::suggestion;
use crate::config::tree::{Map, Spot};

const KEYS: &[&str] = &["name", "url", "region", "labels", "resolver", "controlTargets", "allowPlainHttp"];

/// A vantage point as far as it could be read; policies select among these even if one is faulty elsewhere.
#[derive(Debug)]
pub(crate) struct VantageDraft<'t> {
    pub(crate) spot: Spot<'t>,
    pub(crate) name: Option<VantageName>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) region: Option<String>,
    pub(crate) resolver: Option<String>,
    url: Option<Url>,
    control_targets: Option<Vec<SocketAddr>>,
}

impl VantageDraft<'_> {
    /// Whether it stands in a region: it names the region itself or its location.
    fn stands_in(&self, region: &RegionName, regions: &Regions) -> bool {
        let Some(place) = self.region.as_deref() else { return false };
        place == region.as_str() || regions.locations.get(region).is_some_and(|location| location == place)
    }

    /// The vantage point, if all of it could be read.
    pub(crate) fn build(self) -> Option<VantagePoint> {
        let Self { spot: _, name, labels, region, resolver, url, control_targets } = self;
        Some(VantagePoint {
            name: name?,
            url: url?,
            region,
            labels,
            resolver,
            control_targets: control_targets.unwrap_or_default(),
        })
    }
}

/// Reads `resolvers`.
pub(crate) fn read_resolvers(top: &Top<'_>) -> BTreeMap<String, Vec<SocketAddr>> {
    let entries = top.entries("resolvers");
    let names: Vec<String> = entries.iter().map(|(key, _)| key.text().unwrap_or_default().to_owned()).collect();
    refuse_repeated("resolver", entries.iter().map(|(key, _)| key).zip(&names));
    let mut resolvers = BTreeMap::new();
    for ((_, value), name) in entries.iter().zip(names) {
        // A faulty one still has a name, so that references to it are no further faults.
        let servers = value.filled_list("server").and_then(|_| socket_addresses(value));
        resolvers.insert(name, servers.unwrap_or_default());
    }
    resolvers
}

/// Reads `vantagePoints`.
pub(crate) fn read<'t>(top: &Top<'t>, resolvers: &BTreeMap<String, Vec<SocketAddr>>) -> Vec<VantageDraft<'t>> {
    let items = top.items("vantagePoints");
    let drafts: Vec<_> = items.iter().filter_map(|item| read_one(item, resolvers)).collect();
    refuse_repeated("vantage point", drafts.iter().filter_map(|draft| Some((&draft.spot, draft.name.as_ref()?))));
    // One monitor under two names would make a quorum with itself.
    let urls: Vec<_> = drafts.iter().filter_map(|draft| Some((&draft.spot, draft.url.as_ref()?.as_str()))).collect();
    refuse_repeated("the vantage point's url", urls.iter().map(|(spot, url)| (*spot, url)));
    drafts
}

fn read_one<'t>(item: &Spot<'t>, resolvers: &BTreeMap<String, Vec<SocketAddr>>) -> Option<VantageDraft<'t>> {
    let map = item.map(KEYS)?;
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(Spot::parse::<VantageName>);
    if let (Some(spot), Some(name)) = (&name_spot, &name) {
        check_certificate_name(spot, name);
    }
    Some(VantageDraft {
        spot: name_spot.unwrap_or_else(|| item.clone()),
        name,
        labels: map.optional("labels").and_then(|spot| labels(&spot)).unwrap_or_default(),
        region: map.optional("region").and_then(|spot| spot.text()).map(str::to_owned),
        resolver: map.optional("resolver").and_then(|spot| resolver(&spot, resolvers)),
        url: read_url(&map),
        control_targets: map.optional("controlTargets").and_then(|spot| socket_addresses(&spot)),
    })
}

/// A vantage point is known by the name in its certificate, so the name must be able to stand in one.
fn check_certificate_name(spot: &Spot<'_>, name: &VantageName) {
    if !matches!(ServerName::try_from(name.as_str()), Ok(ServerName::DnsName(_))) {
        let hint = "a monitor is known by its name in its certificate; begin it with a letter";
        spot.fault_with_hint(format!("`{name}` cannot stand in a certificate"), hint);
    }
}

/// Labels, as vantage points carry them and policies select by them.
pub(crate) fn labels(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    let map = spot.named_map()?;
    let pair = |(key, value): &(Spot<'_>, Spot<'_>)| Some((key.text()?.to_owned(), value.text()?.to_owned()));
    let pairs: Vec<Option<(String, String)>> = map.entries().iter().map(pair).collect();
    pairs.into_iter().collect()
}

fn resolver(spot: &Spot<'_>, resolvers: &BTreeMap<String, Vec<SocketAddr>>) -> Option<String> {
    let name = spot.text()?;
    if !resolvers.contains_key(name) {
        let hint = suggestion::hint(name, resolvers.keys().map(String::as_str).collect::<Vec<_>>());
        spot.fault_with_hint(format!("there is no resolver `{name}`"), hint);
        return None;
    }
    Some(name.to_owned())
}

fn read_url(map: &Map<'_>) -> Option<Url> {
    let plain_allowed = map.optional("allowPlainHttp").and_then(|spot| spot.bool()).unwrap_or(false);
    let spot = map.required("url")?;
    let url: Url = spot.parse()?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        spot.fault_with_hint("the url goes past host and port", "the paths of the API are added to it");
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        spot.fault_with_hint("the url holds a password", "use `controller.monitorTokenFile`");
        return None;
    }
    match url.scheme() {
        "https" => Some(url),
        "http" if plain_allowed || is_loopback(&url) => Some(url),
        "http" => {
            let hint = "use https, or say `allowPlainHttp: true` if the network itself proves who answers";
            spot.fault_with_hint("plain http beyond loopback: anyone on the way could speak for this monitor", hint);
            None
        }
        other => {
            spot.fault(format!("scheme `{other}` is neither https nor http"));
            None
        }
    }
}

/// The vantage points that stand in each region.
pub(crate) type Insiders = BTreeMap<RegionName, Shared<BTreeSet<VantageName>>>;

/// Finds them, for every region once.
pub(crate) fn insiders(drafts: &[VantageDraft<'_>], regions: &Regions) -> Insiders {
    let of = |region: &RegionName| {
        let inside = drafts.iter().filter(|draft| draft.stands_in(region, regions));
        Shared::from(inside.filter_map(|draft| draft.name.clone()).collect::<BTreeSet<_>>())
    };
    regions.names.iter().map(|region| (region.clone(), of(region))).collect()
}

/// Reads a label selector: `all`, or labels that must all match.
pub(crate) fn select<'d>(
    selector: Option<&Spot<'_>>,
    drafts: &'d [VantageDraft<'_>],
) -> Option<Vec<&'d VantageDraft<'d>>> {
    let wanted = match selector {
        None => BTreeMap::new(),
        Some(spot) if spot.is_word("all") => BTreeMap::new(),
        Some(spot) => labels(spot)?,
    };
    let matches = |draft: &&VantageDraft<'_>| wanted.iter().all(|(key, value)| draft.labels.get(key) == Some(value));
    Some(drafts.iter().filter(matches).collect())
}
