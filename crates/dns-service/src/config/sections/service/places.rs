//! `providers:` of a service and the zones of its records: every zone is kept at every provider that lists it.

use dns_core::identifier::ProviderName;
use dns_core::shared::Shared;
use hickory_proto::rr::Name;

use crate::config::sections::provider::{self, ProviderDraft};
use crate::config::sections::record::RecordDraft;
use crate::config::sections::refuse_repeated;
use crate::config::tree::{Map, Spot};

/// A provider and those of the service's zones that it lists, in the service's order.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    pub(super) provider: ProviderName,
    pub(super) zones: Vec<Shared<Name>>,
}

/// The zones that the records lie in, in the order of the records; the service's own first.
pub(crate) fn zones_of(own: Option<&Shared<Name>>, records: &[RecordDraft<'_>]) -> Vec<Shared<Name>> {
    let mut zones: Vec<Shared<Name>> = own.into_iter().cloned().collect();
    for zone in records.iter().filter_map(|record| record.zone.as_ref()) {
        if !zones.contains(zone) {
            zones.push(zone.clone());
        }
    }
    let used =
        |zone: &Shared<Name>| records.is_empty() || records.iter().any(|record| record.zone.as_ref() == Some(zone));
    zones.retain(used);
    zones
}

/// Reads `providers`: where each stands, and which it is, if there is such a one.
pub(super) fn named<'t, 'd>(
    map: &Map<'t>,
    drafts: &'d [ProviderDraft<'d>],
) -> Option<(Vec<Spot<'t>>, Vec<Option<&'d ProviderDraft<'d>>>)> {
    let items = map.required("providers")?.filled_list("provider")?;
    let found = items.iter().map(|spot| provider::reference_of_service(spot, drafts)).collect();
    Some((items, found))
}

/// What the named providers keep. Each must list a zone of the service, and each zone must be listed by one of them.
pub(super) fn read(
    map: &Map<'_>,
    own: Option<&Shared<Name>>,
    records: &[RecordDraft<'_>],
    items: &[Spot<'_>],
    named: &[Option<&ProviderDraft<'_>>],
) -> Option<Vec<Keeper>> {
    let found: Vec<&ProviderDraft<'_>> = named.iter().copied().collect::<Option<_>>()?;
    refuse_repeated("provider", items.iter().zip(found.iter().map(|draft| &draft.name)));
    let zones = zones_of(own, records);
    let keepers = found.iter().zip(items).map(|(draft, spot)| read_keeper(map, spot, draft, &zones));
    let keepers: Vec<Option<Keeper>> = keepers.collect();
    let whole: Option<Vec<Keeper>> = keepers.into_iter().collect();
    let keepers = whole?;
    let orphans = records.iter().filter(|record| {
        record.zone.as_ref().is_some_and(|zone| !keepers.iter().any(|keeper| keeper.zones.contains(zone)))
    });
    let mut orphaned = false;
    for record in orphans {
        let zone = record.zone.as_ref().map(ToString::to_string).unwrap_or_default();
        let at = record.zone_spot.as_ref().unwrap_or(&record.spot);
        at.fault_with_hint(
            format!("no provider of the service lists the zone `{zone}`"),
            "add the zone to one of its providers",
        );
        orphaned = true;
    }
    (!orphaned).then_some(keepers)
}

fn read_keeper(map: &Map<'_>, spot: &Spot<'_>, draft: &ProviderDraft<'_>, zones: &[Shared<Name>]) -> Option<Keeper> {
    let Some(config) = draft.config() else {
        // Its own faults are told already.
        return Some(Keeper { provider: draft.name.clone(), zones: zones.to_vec() });
    };
    let kept = config.zones();
    let listed: Vec<_> = zones.iter().filter(|zone| kept.contains(&&***zone)).cloned().collect();
    if !listed.is_empty() || zones.is_empty() {
        return Some(Keeper { provider: draft.name.clone(), zones: listed });
    }
    let known = config.zones().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let hint = format!("the provider lists {known}; add the zone there at {}", draft.spot.place());
    let (what, at) = match zones {
        [zone] => (format!("the zone `{zone}`"), map.optional("zone").unwrap_or_else(|| spot.clone())),
        _ => ("any zone of the service".to_owned(), spot.clone()),
    };
    at.fault_with_hint(format!("provider `{}` does not list {what}", draft.name), hint);
    None
}
