//! `sync:`: the zones that are kept equal across providers.

mod daemon;

use std::path::PathBuf;

use dns_core::identifier::ProviderName;
use hickory_proto::rr::Name;

use super::provider::{ProviderDraft, reference};
use super::top::Top;
use super::{domain_name, refuse_repeated};
use crate::config::sync::{SyncConfig, SyncDaemonConfig, SyncSource, ZoneSync};
use crate::config::tree::{Map, Spot, each, or_default};

/// Where a Debian package would put it.
const FOLDER_DEFAULT: &str = "/var/lib/dns-sync";

/// Reads `sync`.
pub(crate) fn read(top: &Top<'_>, providers: &[ProviderDraft<'_>]) -> Option<SyncConfig> {
    let folder = PathBuf::from(FOLDER_DEFAULT);
    let daemon = SyncDaemonConfig::default();
    let Some(spot) = top.one("sync") else { return Some(SyncConfig { zones: Vec::new(), folder, daemon }) };
    let map = spot.map(&["zones", "folder", "daemon"])?;
    let folder = or_default(map.optional("folder"), folder, |spot| spot.file());
    let daemon = or_default(map.optional("daemon"), daemon, |spot| daemon::read(&spot));
    let zones = map.required("zones").and_then(|spot| {
        let items = spot.filled_list("zone")?;
        let (named, zones): (Vec<_>, Vec<_>) = items.iter().map(|item| read_zone(item, providers)).unzip();
        // Two sources of one zone would undo each other.
        refuse_repeated("zone", named.iter().flatten().map(|(spot, name)| (spot, name)));
        zones.into_iter().collect()
    });
    Some(SyncConfig { zones: zones?, folder: folder?, daemon: daemon? })
}

/// A zone's name, where it stands; and all of it, unless something is faulty.
type Read<'t> = (Option<(Spot<'t>, Name)>, Option<ZoneSync>);

fn read_zone<'t>(item: &Spot<'t>, providers: &[ProviderDraft<'_>]) -> Read<'t> {
    let Some(map) = item.map(&["zone", "source", "targets"]) else { return (None, None) };
    let named = map.required("zone").and_then(|spot| domain_name(&spot).map(|name| (spot, name)));
    let zone = named.as_ref().map(|(_, name)| name);
    let source = map.required("source").and_then(|spot| read_source(&spot, zone, providers));
    let targets = map.required("targets").and_then(|spot| read_targets(&spot, zone, providers));
    let read = together(item, zone, source, targets);
    (named, read)
}

fn together(
    item: &Spot<'_>,
    zone: Option<&Name>,
    source: Option<SyncSource>,
    targets: Option<Vec<ProviderName>>,
) -> Option<ZoneSync> {
    let (source, targets) = (source?, targets?);
    if let Some(own) = source.provider().filter(|name| targets.contains(name)) {
        let hint = "leave it out of `targets`: the source is never written";
        item.fault_with_hint(format!("provider `{own}` is the source and a target"), hint);
        return None;
    }
    Some(ZoneSync { zone: zone?.clone(), source, targets })
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
    if let (Some(config), Some(zone)) = (&found.config, zone)
        && !config.zones().contains(&zone)
    {
        let hint = format!("add it to `providers.{}`", found.name);
        spot.fault_with_hint(format!("provider `{}` does not hold the zone {zone}", found.name), hint);
        return None;
    }
    Some(found.name.clone())
}
