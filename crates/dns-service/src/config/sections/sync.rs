//! `sync:`: the zones that are kept equal across providers.

mod daemon;
mod limits;
mod markers;

use std::path::PathBuf;

use dns_core::identifier::ProviderName;
use hickory_proto::rr::Name;

use super::provider::{ProviderDraft, reference};
use super::top::Top;
use super::{domain_name, refuse_repeated};
use crate::config::sync::{
    ApexProtection, LimitsConfig, MarkersConfig, SyncConfig, SyncDaemonConfig, SyncSource, TtlChoice, ZoneSync,
};
use crate::config::tree::{Map, Spot, each, or_default};

/// Where a Debian package would put it.
const FOLDER_DEFAULT: &str = "/var/lib/dns-sync";

/// What all zones share unless they say otherwise.
struct Common {
    limits: LimitsConfig,
    markers: MarkersConfig,
}

/// Reads `sync`.
pub(crate) fn read(top: &Top<'_>, providers: &[ProviderDraft<'_>]) -> Option<SyncConfig> {
    let Some(spot) = top.one("sync") else {
        return Some(SyncConfig { folder: PathBuf::from(FOLDER_DEFAULT), ..SyncConfig::default() });
    };
    let map = spot.map(&["zones", "folder", "limits", "markers", "daemon"])?;
    let folder = or_default(map.optional("folder"), PathBuf::from(FOLDER_DEFAULT), |spot| spot.file());
    let limits = or_default(map.optional("limits"), limits::Limits::default(), |spot| limits::read(&spot));
    let markers = or_default(map.optional("markers"), MarkersConfig::default(), |spot| {
        markers::read(&spot, &MarkersConfig::default())
    });
    let daemon = or_default(map.optional("daemon"), SyncDaemonConfig::default(), |spot| daemon::read(&spot));
    let is_sound = limits.is_some() && markers.is_some();
    // Zones are read all the same, so that their faults are told, too.
    let limits = limits.unwrap_or_default();
    let common = Common { limits: limits.zone, markers: markers.unwrap_or_default() };
    let zones = map.required("zones").and_then(|spot| read_zones(&spot, &common, providers));
    let config = SyncConfig { zones: zones?, folder: folder?, all_limits: limits.all, daemon: daemon? };
    is_sound.then_some(config)
}

fn read_zones(spot: &Spot<'_>, common: &Common, providers: &[ProviderDraft<'_>]) -> Option<Vec<ZoneSync>> {
    let items = spot.filled_list("zone")?;
    let (named, zones): (Vec<_>, Vec<_>) = items.iter().map(|item| read_zone(item, common, providers)).unzip();
    // Two sources of one zone would undo each other.
    refuse_repeated("zone", named.iter().flatten().map(|(spot, name)| (spot, name)));
    zones.into_iter().collect()
}

/// A zone's name, where it stands; and all of it, unless something is faulty.
type Read<'t> = (Option<(Spot<'t>, Name)>, Option<ZoneSync>);

fn read_zone<'t>(item: &Spot<'t>, common: &Common, providers: &[ProviderDraft<'_>]) -> Read<'t> {
    let Some(map) = item.map(&["zone", "source", "targets", "limits", "protected", "ttl", "markers"]) else {
        return (None, None);
    };
    let named = map.required("zone").and_then(|spot| domain_name(&spot).map(|name| (spot, name)));
    let zone = named.as_ref().map(|(_, name)| name);
    let source = map.required("source").and_then(|spot| read_source(&spot, zone, providers));
    let targets = map.required("targets").and_then(|spot| read_targets(&spot, zone, providers));
    let ways = read_ways(&map, common);
    let read = together(item, zone, source, targets, ways);
    (named, read)
}

/// How a zone is kept equal, beside from where to where.
struct Ways {
    limits: LimitsConfig,
    protected: ApexProtection,
    ttl: TtlChoice,
    markers: MarkersConfig,
}

fn read_ways(map: &Map<'_>, common: &Common) -> Option<Ways> {
    let limits = or_default(map.optional("limits"), LimitsConfig::default(), |spot| limits::read_of_zone(&spot));
    let protected = or_default(map.optional("protected"), ApexProtection::default(), |spot| {
        spot.choice(&[("soaAndNs", ApexProtection::SoaAndNs), ("soa", ApexProtection::Soa)])
    });
    let ttl = or_default(map.optional("ttl"), TtlChoice::default(), |spot| {
        spot.choice(&[("adjust", TtlChoice::Adjust), ("refuse", TtlChoice::Refuse)])
    });
    let markers =
        or_default(map.optional("markers"), common.markers.clone(), |spot| markers::read(&spot, &common.markers));
    Some(Ways { limits: limits?.or(common.limits), protected: protected?, ttl: ttl?, markers: markers? })
}

fn together(
    item: &Spot<'_>,
    zone: Option<&Name>,
    source: Option<SyncSource>,
    targets: Option<Vec<ProviderName>>,
    ways: Option<Ways>,
) -> Option<ZoneSync> {
    let (source, targets) = (source?, targets?);
    if let Some(own) = source.provider().filter(|name| targets.contains(name)) {
        let hint = "leave it out of `targets`: the source is never written";
        item.fault_with_hint(format!("provider `{own}` is the source and a target"), hint);
        return None;
    }
    let Ways { limits, protected, ttl, markers } = ways?;
    Some(ZoneSync { zone: zone?.clone(), source, targets, limits, protected, ttl, markers })
}

fn read_source(spot: &Spot<'_>, zone: Option<&Name>, providers: &[ProviderDraft<'_>]) -> Option<SyncSource> {
    let map: Map<'_> = spot.map(&["file", "octodns", "provider"])?;
    match (map.optional("file"), map.optional("octodns"), map.optional("provider")) {
        (Some(file), None, None) => file.file().map(SyncSource::File),
        (None, Some(file), None) => file.file().map(SyncSource::OctoDns),
        (None, None, Some(provider)) => holder(&provider, zone, providers).map(SyncSource::Provider),
        (_, _, _) => {
            let hint = "one of `{ file: PATH }`, `{ octodns: PATH }` and `{ provider: NAME }`";
            spot.fault_with_hint("says no single source", hint);
            None
        }
    }
}

fn read_targets(spot: &Spot<'_>, zone: Option<&Name>, providers: &[ProviderDraft<'_>]) -> Option<Vec<ProviderName>> {
    let items = spot.filled_list("provider")?;
    let names = each(&items, |item| holder(item, zone, providers))?;
    refuse_repeated("target", items.iter().zip(&names));
    Some(names)
}

/// A provider that holds the zone.
fn holder(spot: &Spot<'_>, zone: Option<&Name>, providers: &[ProviderDraft<'_>]) -> Option<ProviderName> {
    let found = reference(spot, providers)?;
    // A faulty provider or zone is a fault already.
    if let (Some(zones), Some(zone)) = (found.zones(), zone)
        && !zones.contains(&zone)
    {
        let hint = format!("add it to `providers.{}`", found.name);
        spot.fault_with_hint(format!("provider `{}` does not hold the zone {zone}", found.name), hint);
        return None;
    }
    Some(found.name.clone())
}
