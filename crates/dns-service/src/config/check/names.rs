//! Which names services guard: no RRset twice, no CNAME beside other data, no endpoint behind a record that moves.

use std::collections::HashMap;

use dns_core::rrset::{GuardedType, RrsetKey, canonical_name};
use dns_core::service::RecordValues;
use hickory_proto::rr::Name;

use crate::config::sections::record::RecordDraft;
use crate::config::sections::service::ServiceDraft;

struct Guarded<'d, 't> {
    service: &'d ServiceDraft<'t>,
    record: &'d RecordDraft<'t>,
    key: &'d RrsetKey,
}

impl Guarded<'_, '_> {
    fn owner(&self) -> String {
        let service =
            self.service.name.as_ref().map_or_else(|| "another service".to_owned(), |name| format!("service `{name}`"));
        format!("{service} at {}", self.record.spot.place())
    }
}

fn guarded<'d, 't>(services: &'d [ServiceDraft<'t>]) -> impl Iterator<Item = Guarded<'d, 't>> {
    services.iter().flat_map(|service| {
        let records = service.records.iter();
        records.filter_map(move |record| Some(Guarded { service, record, key: record.key.as_ref()? }))
    })
}

/// Every name that moves, and those of them that are wildcards: few, since each is compared with every host name.
struct Names<'d, 't> {
    moving: HashMap<&'d Name, Guarded<'d, 't>>,
    /// In canonical order.
    wildcards: Vec<&'d Name>,
}

impl<'d, 't> Names<'d, 't> {
    fn of(services: &'d [ServiceDraft<'t>]) -> Self {
        let moving: HashMap<_, _> = guarded(services).map(|found| (found.key.name(), found)).collect();
        let mut wildcards: Vec<&Name> = moving.keys().copied().filter(|name| name.is_wildcard()).collect();
        wildcards.sort_unstable();
        Self { moving, wildcards }
    }

    fn covering_wildcard(&self, hostname: &Name) -> Option<&Guarded<'d, 't>> {
        let covering = self.wildcards.iter().find(|wildcard| wildcard.base_name().zone_of(hostname));
        covering.and_then(|wildcard| self.moving.get(*wildcard))
    }
}

/// Two services that move one RRset would undo each other; a CNAME beside other data is skipped silently by servers
/// (RFC 2136 §3.4.2.2).
pub(super) fn refuse_overlaps(services: &[ServiceDraft<'_>]) {
    let mut by_name: HashMap<&Name, Vec<Guarded<'_, '_>>> = HashMap::new();
    for found in guarded(services) {
        let earlier = by_name.entry(found.key.name()).or_default();
        if let Some(same) = earlier.iter().find(|other| other.key == found.key) {
            let message = format!("`{}` is moved twice, also by {}", found.key, same.owner());
            found.record.spot.fault(message);
        } else if let Some(other) = earlier.iter().find(|other| conflict(other.key.rtype(), found.key.rtype())) {
            let message = format!("`{}` stands beside `{}` of {}", found.key, other.key, other.owner());
            found.record.spot.fault_with_hint(message, "a name with a CNAME has nothing else (RFC 1034 §3.6.2)");
        }
        earlier.push(found);
    }
}

fn conflict(one: GuardedType, other: GuardedType) -> bool {
    one.conflicting().contains(&other)
}

/// A probe that resolves through the record that a flip moves would follow the flip and prove nothing.
pub(super) fn refuse_guarded_endpoints(services: &[ServiceDraft<'_>]) {
    let names = Names::of(services);
    for region in services.iter().flat_map(|service| &service.regions) {
        for (spot, endpoint) in region.endpoints.iter().flatten() {
            let Some(hostname) = endpoint.hostname() else { continue };
            if let Some(found) = names.moving.get(hostname) {
                let hint = "name the load balancer itself; probes never resolve through a record that moves";
                spot.fault_with_hint(format!("`{hostname}` is moved by {}", found.owner()), hint);
            } else if let Some(found) = names.covering_wildcard(hostname) {
                let message = format!("`{hostname}` lies under the wildcard of {}", found.owner());
                spot.warn(message, "without a record of its own it would move with the wildcard");
            }
        }
    }
    refuse_guarded_gates(services, &names);
    for found in guarded(services) {
        refuse_self_target(&found);
    }
}

/// A gate that is found through the record that a flip moves would be that of another region afterwards.
fn refuse_guarded_gates(services: &[ServiceDraft<'_>], names: &Names<'_, '_>) {
    for gate in services.iter().flat_map(|service| &service.regions).flat_map(|region| region.gates.iter().flatten()) {
        let (spot, url) = &gate.url;
        let Some(host) = url.domain().and_then(|host| canonical_name(host).ok()) else { continue };
        if let Some(found) = names.moving.get(&host).or_else(|| names.covering_wildcard(&host)) {
            let hint = "name a host of the region itself, which stays where it is";
            spot.fault_with_hint(format!("`{host}` moves with {}", found.owner()), hint);
        }
    }
}

fn refuse_self_target(found: &Guarded<'_, '_>) {
    let Some(RecordValues::Explicit(by_region)) = &found.record.values else { return };
    if found.key.rtype() != GuardedType::Cname {
        return;
    }
    let own = |text: &String| dns_core::rrset::canonical_name(text).is_ok_and(|target| target == *found.key.name());
    if by_region.values().flatten().any(own) {
        found.record.spot.fault("a CNAME that points at itself answers with nothing");
    }
}
