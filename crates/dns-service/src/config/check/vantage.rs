//! Whether the vantage points that judge a service can see its endpoints, and would survive the loss of a region.
//!
//! Who judges is a policy's to say and who stands where a region's; both are counted once, not for each of many services.

use std::collections::BTreeSet;

use dns_core::identifier::VantageName;

use crate::config::sections::policy::PolicyDraft;
use crate::config::sections::service::ServiceDraft;

/// A host name is resolved where it is probed, by a resolver that the configuration names.
pub(super) fn require_resolvers(services: &[ServiceDraft<'_>]) {
    for (service, policy) in judged(services).filter(|(_, policy)| !policy.without_resolver.is_empty()) {
        for (spot, endpoint) in service.regions.iter().flat_map(|region| region.endpoints.iter().flatten()) {
            if endpoint.hostname().is_some() {
                let message = format!("no resolver for this host name at {}", words(&policy.without_resolver));
                spot.fault_with_hint(message, "add `resolvers:` and name one as `resolver:` of each vantage point");
            }
        }
    }
}

/// A region is judged only by a quorum of which one at least stands outside: if nobody does, nothing can ever move.
pub(super) fn require_outsiders(services: &[ServiceDraft<'_>]) {
    for (service, policy) in judged(services).filter(|(_, policy)| !policy.selected.is_empty()) {
        for region in service.regions.iter().filter(|region| policy.selected.is_subset(&region.inside)) {
            let message =
                format!("every vantage point that judges this region stands in it: {}", words(&policy.selected));
            let hint = "one outside must agree; add it to the policy's `vantagePoints`, or correct a `region:`";
            region.spot.fault_with_hint(message, hint);
        }
    }
}

/// Vantage points that go down with a region cannot vote for leaving it.
pub(super) fn warn_of_shared_fate(services: &[ServiceDraft<'_>]) {
    for (service, PolicyDraft { policy, selected, .. }) in judged(services) {
        let Some(quorum) = policy.as_ref().map(|policy| policy.quorum).filter(|quorum| selected.len() >= *quorum)
        else {
            continue;
        };
        for (name, inside) in service.regions.iter().filter_map(|region| Some((region.name.as_ref()?, &region.inside)))
        {
            let outside = selected.difference(inside).count();
            if outside < quorum {
                let message = format!(
                    "losing region `{name}` leaves {outside} vantage points outside it, fewer than the quorum of {quorum}"
                );
                service.spot.warn(message, "place vantage points outside the regions that they judge");
            }
        }
    }
}

fn judged<'a, 't>(services: &'a [ServiceDraft<'t>]) -> impl Iterator<Item = (&'a ServiceDraft<'t>, &'a PolicyDraft)> {
    services.iter().filter_map(|service| Some((service, service.policy.as_deref()?)))
}

fn words(names: &BTreeSet<VantageName>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
