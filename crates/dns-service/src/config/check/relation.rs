//! Whether rules can be kept: a rule that can never hold, or that contradicts another, would lock services in for good.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dns_core::group::Group;
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::relation::{Demand, Relation};

use super::cycle;
use crate::config::sections::relation::{DemandDraft, RelationDraft};
use crate::config::sections::service::ServiceDraft;
use crate::config::suggestion;
use crate::config::tree::Spot;

/// Refuses rules that cannot be kept, hands out the others.
pub(in crate::config) fn check(
    drafts: &[RelationDraft<'_>],
    services: &[ServiceDraft<'_>],
    groups: &[Arc<Group>],
) -> Option<Vec<Arc<Relation>>> {
    refuse_strangers(drafts, services);
    let assertions: Vec<Assertion<'_, '_>> = drafts.iter().filter_map(Assertion::of).collect();
    for (rank, assertion) in assertions.iter().enumerate() {
        assertion.refuse_impossible();
        for earlier in &assertions[..rank] {
            assertion.refuse_contradiction(earlier);
        }
        for group in groups {
            assertion.refuse_against_group(group);
        }
    }
    refuse_crowded(&assertions);
    refuse_gates(drafts, groups);
    drafts.iter().map(build).collect()
}

fn build(draft: &RelationDraft<'_>) -> Option<Arc<Relation>> {
    let names = |spots: &[(Spot<'_>, ServiceName)]| spots.iter().map(|(_, name)| name.clone()).collect();
    let demand = match draft.demand.as_ref()? {
        DemandDraft::Assertion { spot: _, services, region: (_, region), at_least, at_most } => Demand::Assertion {
            services: names(services),
            region: region.clone(),
            at_least: at_least.unwrap_or(0),
            at_most: at_most.unwrap_or(usize::MAX),
        },
        DemandDraft::Gating { services, into: (_, into), while_in } => Demand::Gating {
            services: names(services),
            into: into.clone(),
            while_in: while_in.iter().map(|(name, (_, region))| (name.clone(), region.clone())).collect(),
        },
    };
    Some(Arc::new(Relation { name: draft.name.clone()?, demand }))
}

/// Services that there are not, and regions that a service does not have.
fn refuse_strangers(drafts: &[RelationDraft<'_>], services: &[ServiceDraft<'_>]) {
    let known: BTreeMap<&ServiceName, &ServiceDraft<'_>> =
        services.iter().filter_map(|draft| Some((draft.name.as_ref()?, draft))).collect();
    let ask = |spot: &Spot<'_>, name: &ServiceName, region_spot: &Spot<'_>, region: &RegionName| {
        let Some(service) = known.get(name) else {
            let hint = suggestion::hint(name.as_str(), known.keys().map(|known| known.as_str()));
            return spot.fault_with_hint(format!("there is no service `{name}`"), hint);
        };
        let names = || service.regions.iter().filter_map(|region| region.name.as_ref());
        if !names().any(|known| known == region) {
            let hint = suggestion::hint(region.as_str(), names().map(RegionName::as_str).collect::<Vec<_>>());
            region_spot.fault_with_hint(format!("service `{name}` has no region `{region}`"), hint);
        }
    };
    for demand in drafts.iter().filter_map(|draft| draft.demand.as_ref()) {
        match demand {
            DemandDraft::Assertion { services, region: (place, region), .. } => {
                for (spot, name) in services {
                    ask(spot, name, place, region);
                }
            }
            DemandDraft::Gating { services, into: (place, into), while_in } => {
                for (spot, name) in services {
                    ask(spot, name, place, into);
                }
                for (name, (spot, region)) in while_in {
                    ask(spot, name, spot, region);
                }
            }
        }
    }
}

/// An assertion with where it stands.
struct Assertion<'d, 't> {
    spot: &'d Spot<'t>,
    name: String,
    services: BTreeSet<&'d ServiceName>,
    region: &'d RegionName,
    at_least: Option<usize>,
    at_most: Option<usize>,
}

impl<'d, 't> Assertion<'d, 't> {
    fn of(draft: &'d RelationDraft<'t>) -> Option<Self> {
        let DemandDraft::Assertion { spot, services, region: (_, region), at_least, at_most } =
            draft.demand.as_ref()?
        else {
            return None;
        };
        let name = draft.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let services = services.iter().map(|(_, name)| name).collect();
        Some(Self { spot, name, services, region, at_least: *at_least, at_most: *at_most })
    }

    fn refuse_impossible(&self) {
        let size = self.services.len();
        if let Some(least) = self.at_least.filter(|least| *least > size) {
            self.spot.fault(format!("`atLeast` is {least}, and it names {size} services: it can never hold"));
        }
        if let (Some(least), Some(most)) = (self.at_least, self.at_most)
            && least > most
        {
            self.spot.fault(format!("`atLeast` {least} is above `atMost` {most}: it can never hold"));
        }
        if let Some(most) = self.at_most.filter(|most| *most >= size) {
            let message = format!("`atMost` is {most}, and it names {size} services: it never says no");
            self.spot.fault_with_hint(message, "lower it, or leave it out");
        }
    }

    /// What some of the services must be, all of them may not.
    fn refuse_contradiction(&self, earlier: &Self) {
        for (part, whole) in [(self, earlier), (earlier, self)] {
            let (Some(least), Some(most)) = (part.at_least, whole.at_most) else { continue };
            if part.region == whole.region && part.services.is_subset(&whole.services) && least > most {
                let message = format!(
                    "contradicts rule `{}` at {}: of the same services at least {least} must be in `{}`, and at most \
                     {most} may",
                    earlier.name,
                    earlier.spot.place(),
                    self.region
                );
                return self.spot.fault(message);
            }
        }
    }

    fn refuse_against_group(&self, group: &Group) {
        let together = group.names().filter(|name| self.services.contains(name)).count();
        let apart = self.services.len() - together;
        let (name, region) = (&group.name, self.region);
        if let Some(least) =
            self.at_least.filter(|least| together > 0 && *least > apart && *least <= self.services.len())
        {
            let message = format!(
                "at least {least} must be in `{region}`, and group `{name}` moves {together} of its {} services together: \
                 it could never leave `{region}`",
                self.services.len()
            );
            self.spot.fault_with_hint(message, "leave the group's services out, or name others that can stay");
        }
        if let Some(most) = self.at_most.filter(|most| together > *most) {
            let message = format!(
                "at most {most} may be in `{region}`, and group `{name}` moves {together} of its services together: it \
                 could never go there"
            );
            self.spot.fault_with_hint(message, "raise `atMost`, or leave the group's services out");
        }
    }
}

/// A service is in one region at a time.
fn refuse_crowded(assertions: &[Assertion<'_, '_>]) {
    let mut sets: BTreeMap<&BTreeSet<&ServiceName>, BTreeMap<&RegionName, &Assertion<'_, '_>>> = BTreeMap::new();
    for assertion in assertions.iter().filter(|assertion| assertion.at_least.is_some()) {
        let regions = sets.entry(&assertion.services).or_default();
        let strongest = regions.entry(assertion.region).or_insert(assertion);
        if assertion.at_least > strongest.at_least {
            *strongest = assertion;
        }
    }
    for (services, regions) in sets.iter().filter(|(_, regions)| regions.len() > 1) {
        let wanted: usize = regions.values().filter_map(|assertion| assertion.at_least).sum();
        let Some(last) = regions.values().max_by_key(|assertion| assertion.spot.place()) else { continue };
        if wanted > services.len() {
            let each: Vec<String> = regions
                .values()
                .map(|one| format!("`{}` wants {} in `{}`", one.name, one.at_least.unwrap_or(0), one.region))
                .collect();
            let message =
                format!("contradicts other rules about the same {} services: {}", services.len(), each.join(", "));
            last.spot.fault_with_hint(message, "a service is in one region at a time");
        }
    }
}

/// That one may come into a region only while another is somewhere, with where that is said.
struct Gate<'d, 't> {
    spot: &'d Spot<'t>,
    rule: String,
    service: &'d ServiceName,
    into: &'d RegionName,
    other: &'d ServiceName,
    wanted: &'d RegionName,
}

fn gates<'d, 't>(drafts: &'d [RelationDraft<'t>]) -> Vec<Gate<'d, 't>> {
    let mut all = Vec::new();
    for draft in drafts {
        let Some(DemandDraft::Gating { services, into: (_, into), while_in }) = &draft.demand else { continue };
        let rule = draft.name.as_ref().map(ToString::to_string).unwrap_or_default();
        for (_, service) in services {
            for (other, (spot, wanted)) in while_in {
                all.push(Gate { spot, rule: rule.clone(), service, into, other, wanted });
            }
        }
    }
    all
}

fn refuse_gates(drafts: &[RelationDraft<'_>], groups: &[Arc<Group>]) {
    let all = gates(drafts);
    for (rank, gate) in all.iter().enumerate() {
        if gate.service == gate.other {
            let message = format!("`{}` would wait for itself", gate.service);
            gate.spot.fault(message);
        }
        let clash = all[..rank].iter().find(|earlier| {
            (earlier.service, earlier.into, earlier.other) == (gate.service, gate.into, gate.other)
                && earlier.wanted != gate.wanted
        });
        if let Some(earlier) = clash {
            let message = format!(
                "contradicts rule `{}` at {}: `{}` would have to be in `{}` and in `{}` for `{}` to come into `{}`",
                earlier.rule,
                earlier.spot.place(),
                gate.other,
                earlier.wanted,
                gate.wanted,
                gate.service,
                gate.into
            );
            gate.spot.fault(message);
        }
        for group in groups {
            refuse_gate_in_group(gate, group);
        }
    }
    refuse_gate_cycles(&all, groups);
}

/// A group moves the other one first, and then it is not where the rule wants it.
fn refuse_gate_in_group(gate: &Gate<'_, '_>, group: &Group) {
    if gate.wanted == gate.into || !group.before(gate.service).contains(gate.other) {
        return;
    }
    let Gate { service, into, other, wanted, .. } = gate;
    let message = format!(
        "`{other}` must be in `{wanted}` for `{service}` to come into `{into}`, and group `{}` moves `{other}` to `{into}` \
         first: the group could never go there",
        group.name
    );
    gate.spot.fault(message);
}

/// Who waits in front of a region for one that waits in front of it as well; the order of a group is such a wait, too.
fn refuse_gate_cycles(all: &[Gate<'_, '_>], groups: &[Arc<Group>]) {
    let regions: BTreeSet<&RegionName> = all.iter().map(|gate| gate.into).collect();
    for region in regions {
        let waits: Vec<&Gate<'_, '_>> = all
            .iter()
            .filter(|gate| gate.into == region && gate.wanted == region && gate.service != gate.other)
            .collect();
        let Some(somewhere) = waits.first().map(|gate| gate.spot) else { continue };
        let of_rules = waits.iter().map(|gate| cycle::Edge {
            from: gate.service.to_string(),
            to: gate.other.to_string(),
            spot: gate.spot,
        });
        let of_groups = groups.iter().flat_map(|group| &group.members).flat_map(|member| {
            let from = member.service.to_string();
            member.after.iter().map(move |after| cycle::Edge {
                from: from.clone(),
                to: after.to_string(),
                spot: somewhere,
            })
        });
        // Those of the rules come first: a cycle is told where a rule says it, and groups alone have none.
        let edges: Vec<cycle::Edge<'_, '_>> = of_rules.chain(of_groups).collect();
        for found in cycle::find(&edges) {
            let Some(first) = found.first() else { continue };
            let steps: Vec<String> = found.iter().map(|edge| format!("`{}` for `{}`", edge.from, edge.to)).collect();
            let message = format!("nobody could come into `{region}`, each waits for the next: {}", steps.join(", "));
            first.spot.fault_with_hint(message, "leave out one of these rules, or turn the order of the group");
        }
    }
}
