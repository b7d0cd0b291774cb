//! Whether the vantage points that judge a service can see its endpoints, and would survive the loss of a region.

use std::collections::BTreeSet;

use crate::config::sections::region::Regions;
use crate::config::sections::service::ServiceDraft;
use crate::config::sections::vantage::VantageDraft;

/// A host name is resolved where it is probed, by a resolver that the configuration names.
pub(super) fn require_resolvers(services: &[ServiceDraft<'_>], vantage: &[VantageDraft<'_>]) {
    for service in services {
        let blind: BTreeSet<String> =
            judging(service, vantage).filter(|draft| draft.resolver.is_none()).filter_map(name_of).collect();
        if blind.is_empty() {
            continue;
        }
        for (spot, endpoint) in service.regions.iter().flat_map(|region| region.endpoints.iter().flatten()) {
            if endpoint.hostname().is_some() {
                let message = format!(
                    "no resolver for this host name at {}",
                    blind.iter().cloned().collect::<Vec<_>>().join(", ")
                );
                spot.fault_with_hint(message, "add `resolvers:` and name one as `resolver:` of each vantage point");
            }
        }
    }
}

/// A region is judged only by a quorum of which one at least stands outside: if nobody does, nothing can ever move.
pub(super) fn require_outsiders(services: &[ServiceDraft<'_>], vantage: &[VantageDraft<'_>]) {
    for service in services {
        let judging: BTreeSet<_> = judging(service, vantage).filter_map(|draft| draft.name.clone()).collect();
        for region in service.regions.iter().filter(|_| !judging.is_empty()) {
            if judging.is_subset(&region.inside) {
                let all = judging.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let message = format!("every vantage point that judges this region stands in it: {all}");
                let hint = "one outside must agree; add it to the policy's `vantagePoints`, or correct a `region:`";
                region.spot.fault_with_hint(message, hint);
            }
        }
    }
}

/// Vantage points that go down with a region cannot vote for leaving it.
pub(super) fn warn_of_shared_fate(services: &[ServiceDraft<'_>], vantage: &[VantageDraft<'_>], regions: &Regions) {
    for service in services {
        let Some(policy) = service.policy.as_ref().and_then(|draft| draft.policy.as_ref()) else { continue };
        if judging(service, vantage).count() < policy.quorum {
            continue;
        }
        for region in service.regions.iter().filter_map(|region| region.name.as_ref()) {
            let outside = judging(service, vantage).filter(|draft| !draft.stands_in(region, regions)).count();
            if outside < policy.quorum {
                let message = format!(
                    "losing region `{region}` leaves {outside} vantage points outside it, fewer than the quorum of {}",
                    policy.quorum
                );
                service.spot.warn(message, "place vantage points outside the regions that they judge");
            }
        }
    }
}

fn judging<'a, 't>(
    service: &'a ServiceDraft<'t>,
    vantage: &'a [VantageDraft<'t>],
) -> impl Iterator<Item = &'a VantageDraft<'t>> {
    let selected = service.policy.as_ref().map(|draft| &draft.selected);
    vantage.iter().filter(move |draft| {
        draft.name.as_ref().is_some_and(|name| selected.is_some_and(|selected| selected.contains(name)))
    })
}

fn name_of(draft: &VantageDraft<'_>) -> Option<String> {
    draft.name.as_ref().map(|name| format!("`{name}`"))
}
