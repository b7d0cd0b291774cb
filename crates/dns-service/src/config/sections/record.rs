//! `records:` of a service: the RRsets that move.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::identifier::RegionName;
use dns_core::rrset::{GuardedType, RrsetKey, Ttl, canonical_name};
use dns_core::service::{Record, RecordValues};
use dns_core::shared::Shared;
use hickory_proto::rr::Name;

use super::{Zones, zone_name};
use crate::config::suggestion;
use crate::config::tree::{Spot, each, or_default};

/// What a TTL says that the provider chooses; only for records behind Cloudflare's proxy, see [`super::super::check`].
const AUTOMATIC: &str = "auto";

/// How Cloudflare's API writes it.
const AUTOMATIC_SECS: u64 = 1;

/// A record as far as it could be read.
#[derive(Debug)]
pub(crate) struct RecordDraft<'t> {
    pub(crate) spot: Spot<'t>,
    /// The zone that it lies in, its own or the service's, and where its own is given.
    pub(crate) zone: Option<Shared<Name>>,
    pub(crate) zone_spot: Option<Spot<'t>>,
    pub(crate) key: Option<RrsetKey>,
    pub(crate) ttl: Option<Ttl>,
    /// Whether the provider chooses the TTL.
    pub(crate) automatic_ttl: bool,
    pub(crate) values: Option<RecordValues>,
    pub(crate) absent_in: Option<BTreeSet<RegionName>>,
    pub(crate) proxied: Option<bool>,
}

impl RecordDraft<'_> {
    /// The record, if enough of it could be read to render it; a faulty TTL is stood in for.
    pub(crate) fn renderable(&self) -> Option<Record> {
        let stand_in = Ttl::from_secs(60).expect("invariant: a minute is a TTL");
        Some(Record {
            key: self.key.clone()?,
            ttl: self.ttl.unwrap_or(stand_in),
            values: self.values.clone()?,
            absent_in: self.absent_in.clone()?,
            proxied: self.proxied.unwrap_or_default(),
        })
    }
}

/// Reads a record of a service in `service_zone` with `regions`.
pub(crate) fn read<'t>(
    spot: &Spot<'t>,
    service_zone: Option<&Shared<Name>>,
    regions: &[RegionName],
    zones: &Zones,
) -> Option<RecordDraft<'t>> {
    let map = spot.map(&["name", "type", "ttl", "values", "absentIn", "proxied", "zone"])?;
    let zone_spot = map.optional("zone");
    let zone = match &zone_spot {
        Some(spot) => zone_name(spot, zones),
        None => service_zone.cloned(),
    };
    let zone = zone.as_ref();
    let name = map.required("name").and_then(|spot| owner_name(&spot, zone?));
    let rtype = map.required("type").and_then(|spot| guarded_type(&spot));
    let ttl = map.required("ttl").and_then(|spot| ttl(&spot));
    let values = or_default(map.optional("values"), RecordValues::Endpoints, |spot| values(&spot, rtype, regions));
    let absent_in = or_default(map.optional("absentIn"), BTreeSet::new(), |spot| absent_in(&spot, regions));
    let proxied = or_default(map.optional("proxied"), false, |spot| spot.bool());
    let draft = RecordDraft {
        spot: spot.clone(),
        zone: zone.cloned(),
        zone_spot,
        key: name.zip(rtype).map(|(name, rtype)| RrsetKey::new(&name, rtype)),
        ttl,
        automatic_ttl: map.optional("ttl").is_some_and(|spot| spot.is_word(AUTOMATIC)),
        values,
        absent_in,
        proxied,
    };
    check_regions(&draft, regions);
    Some(draft)
}

/// A name relative to the zone, `@` for the zone itself, or an absolute one with its dot.
fn owner_name(spot: &Spot<'_>, zone: &Name) -> Option<Name> {
    let text = spot.text()?;
    let full = match text {
        "@" => zone.to_string(),
        absolute if absolute.ends_with('.') => absolute.to_owned(),
        relative if zone.is_root() => format!("{relative}."),
        relative => format!("{relative}.{zone}"),
    };
    let name = canonical_name(&full).map_err(|_| spot.fault(format!("`{text}` is no domain name"))).ok()?;
    if !zone.zone_of(&name) {
        spot.fault_with_hint(format!("`{name}` is not in the zone `{zone}`"), "names without a final dot are relative");
        return None;
    }
    if canonical_name(text).is_ok_and(|alone| zone.zone_of(&alone)) && !text.ends_with('.') {
        let hint = format!("write `{text}.` with a final dot, or only the part before `{zone}`");
        spot.fault_with_hint(format!("`{text}` is relative and would become `{name}`"), hint);
        return None;
    }
    let misplaced = |(index, label): (usize, &[u8])| label.contains(&b'*') && (index > 0 || label != b"*");
    if name.iter().enumerate().any(misplaced) {
        spot.fault_with_hint(format!("`{text}` is no wildcard"), "`*` stands alone as the first label (RFC 4592)");
        return None;
    }
    if name.iter().any(|label| label == b"_failover") {
        spot.fault(format!("`{text}` lies where the fences are"));
        return None;
    }
    Some(name)
}

fn guarded_type(spot: &Spot<'_>) -> Option<GuardedType> {
    spot.choice(
        &GuardedType::ALL
            .map(|rtype| (rtype.to_string(), rtype))
            .each_ref()
            .map(|(text, rtype)| (text.as_str(), *rtype)),
    )
}

fn ttl(spot: &Spot<'_>) -> Option<Ttl> {
    if spot.is_word(AUTOMATIC) {
        return Ttl::from_secs(AUTOMATIC_SECS).ok();
    }
    let text = spot.text()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        spot.fault_with_hint(format!("`{text}` has no unit"), format!("write `{text}s`; a TTL is 1s or more"));
        return None;
    }
    let length = spot.duration()?;
    if length.subsec_nanos() != 0 {
        spot.fault("a TTL is whole seconds (RFC 2181 §8)");
        return None;
    }
    Ttl::from_secs(length.as_secs()).map_err(|error| spot.fault(error.to_string())).ok()
}

fn values(spot: &Spot<'_>, rtype: Option<GuardedType>, regions: &[RegionName]) -> Option<RecordValues> {
    let map = spot.named_map()?;
    let mut by_region = BTreeMap::new();
    let mut faulty = false;
    for (key, list) in map.entries() {
        let texts = region_values(list, rtype);
        match (service_region(key, regions), texts) {
            (Some(region), Some(texts)) => drop(by_region.insert(region, texts)),
            _ => faulty = true,
        }
    }
    (!faulty).then_some(RecordValues::Explicit(by_region.into()))
}

fn region_values(list: &Spot<'_>, rtype: Option<GuardedType>) -> Option<Vec<String>> {
    each(&list.filled_list("value")?, |item| {
        let text = item.text()?;
        if let Some(Err(error)) = rtype.map(|rtype| rtype.parse_value(text)) {
            item.fault(error.to_string());
            return None;
        }
        Some(text.to_owned())
    })
}

fn absent_in(spot: &Spot<'_>, regions: &[RegionName]) -> Option<BTreeSet<RegionName>> {
    each(&spot.list()?, |item| service_region(item, regions)).map(|names| names.into_iter().collect())
}

fn service_region(spot: &Spot<'_>, regions: &[RegionName]) -> Option<RegionName> {
    let name: RegionName = spot.parse()?;
    let own = regions.iter().find(|region| **region == name);
    if own.is_none() {
        let hint = suggestion::hint(name.as_str(), regions.iter().map(RegionName::as_str));
        spot.fault_with_hint(format!("the service has no region `{name}`"), hint);
    }
    own.cloned()
}

fn check_regions(draft: &RecordDraft<'_>, regions: &[RegionName]) {
    let Some(absent_in) = &draft.absent_in else { return };
    if !regions.is_empty() && regions.iter().all(|region| absent_in.contains(region)) {
        draft.spot.fault("is absent in every region; remove it");
    }
    if let Some(RecordValues::Explicit(by_region)) = &draft.values {
        for region in by_region.keys().filter(|region| absent_in.contains(*region)) {
            draft.spot.fault(format!("has values in region `{region}` and is absent there"));
        }
    }
}
