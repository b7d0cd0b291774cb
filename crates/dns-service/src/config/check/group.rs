//! Whether groups can move as they say: members that there are, alike in regions, and an order that has a beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dns_core::group::{Group, MEMBERS_MAX, Member, MoveWhen};
use dns_core::identifier::{GroupName, RegionName, ServiceName};
use dns_core::policy::{Failback, Policy};
use dns_core::service::Mode;

use super::cycle;
use crate::config::sections::group::GroupDraft;
use crate::config::sections::service::ServiceDraft;
use crate::config::suggestion;
use crate::config::tree::Spot;

type ByName<'d, 't> = BTreeMap<&'d ServiceName, &'d ServiceDraft<'t>>;

/// Refuses what could never move, or not as its words say; hands out the groups if there is nothing of that.
pub(in crate::config) fn check(groups: &[GroupDraft<'_>], services: &[ServiceDraft<'_>]) -> Option<Vec<Arc<Group>>> {
    let known: ByName<'_, '_> = services.iter().filter_map(|draft| Some((draft.name.as_ref()?, draft))).collect();
    refuse_twice(groups);
    let built: Vec<Option<Arc<Group>>> = groups.iter().map(|draft| check_one(draft, &known)).collect();
    check_dependencies(groups, services, &known);
    built.into_iter().collect()
}

/// A member of two groups would have to be in two places when one of them moves.
fn refuse_twice(groups: &[GroupDraft<'_>]) {
    let mut seen: BTreeMap<&ServiceName, (&Spot<'_>, Option<&GroupName>)> = BTreeMap::new();
    for group in groups {
        for (spot, name) in group.services.iter().flatten() {
            match seen.get(name) {
                // Twice in one group was found when it was read.
                Some((_, other)) if *other == group.name.as_ref() => {}
                Some((first, other)) => {
                    let other = other.map_or("another group", GroupName::as_str);
                    let message = format!("service `{name}` is in group `{other}` already, at {}", first.place());
                    spot.fault_with_hint(message, "a service moves with one group; make one of both");
                }
                None => {
                    seen.insert(name, (spot, group.name.as_ref()));
                }
            }
        }
    }
}

fn check_one(draft: &GroupDraft<'_>, known: &ByName<'_, '_>) -> Option<Arc<Group>> {
    let (services, move_when) = (draft.services.as_ref()?, draft.move_when?);
    let mut sound = refuse_size(draft, services.len(), move_when);
    for (spot, name) in services {
        if !known.contains_key(name) {
            let hint = suggestion::hint(name.as_str(), known.keys().map(|known| known.as_str()));
            spot.fault_with_hint(format!("there is no service `{name}`"), hint);
            sound = false;
        }
    }
    let members: Vec<(&Spot<'_>, &ServiceDraft<'_>)> =
        services.iter().filter_map(|(spot, name)| Some((spot, *known.get(name)?))).collect();
    sound &= refuse_other_regions(&members);
    sound &= refuse_mixed_modes(&members);
    sound &= refuse_steps(&members);
    sound &= refuse_other_persons(&members);
    let order = in_order(services, known)?;
    sound.then_some(())?;
    Some(Arc::new(Group { name: draft.name.clone()?, members: order, move_when }))
}

fn refuse_size(draft: &GroupDraft<'_>, size: usize, move_when: MoveWhen) -> bool {
    let fault = match move_when {
        _ if size < 2 => {
            Some(("a group of one moves as it would alone".to_owned(), "name its other services, or remove it"))
        }
        _ if size > MEMBERS_MAX => {
            Some((format!("{size} services, at most {MEMBERS_MAX} move as a group"), "let `rules` bind the rest"))
        }
        MoveWhen::Failing(count) if count > size => {
            let message =
                format!("`moveWhen` wants {count} services to fail, and there are {size}: it would never move");
            Some((message, "`all` is as many as there are"))
        }
        MoveWhen::Any | MoveWhen::All | MoveWhen::Failing(_) => None,
    };
    fault.as_ref().inspect(|(message, hint)| draft.spot.fault_with_hint(message, *hint)).is_none()
}

/// Where one prefers to be, the others must as well, or the group has no region to go to or to return to.
fn refuse_other_regions(members: &[(&Spot<'_>, &ServiceDraft<'_>)]) -> bool {
    let regions = |draft: &ServiceDraft<'_>| -> Option<Vec<RegionName>> {
        draft.regions.iter().map(|region| region.name.clone()).collect()
    };
    let Some(((_, first), rest)) = members.split_first() else { return true };
    let Some(wanted) = regions(first) else { return true };
    let words = |names: &[RegionName]| names.iter().map(RegionName::as_str).collect::<Vec<_>>().join(", ");
    let mut sound = true;
    for (spot, draft) in rest {
        let Some(found) = regions(draft).filter(|found| *found != wanted) else { continue };
        let of = |draft: &ServiceDraft<'_>| draft.name.as_ref().map_or("?", ServiceName::as_str).to_owned();
        let (own, other) = (of(draft), of(first));
        let message = format!("`{own}` has the regions {}, `{other}` has {}", words(&found), words(&wanted));
        spot.fault_with_hint(message, "services that move together have the same regions in the same order");
        sound = false;
    }
    sound
}

fn refuse_mixed_modes(members: &[(&Spot<'_>, &ServiceDraft<'_>)]) -> bool {
    let acts = members.iter().any(|(_, draft)| draft.mode == Some(Mode::Active));
    let mut sound = true;
    for (spot, draft) in members.iter().filter(|(_, draft)| acts && draft.mode == Some(Mode::Observe)) {
        let name = draft.name.as_ref().map_or("?", ServiceName::as_str);
        let message = format!("`{name}` only observes, and others of its group act: they would leave without it");
        spot.fault_with_hint(message, "give all of them the same mode");
        sound = false;
    }
    sound
}

fn policy<'d>(draft: &'d ServiceDraft<'_>) -> Option<&'d Policy> {
    draft.policy.as_ref()?.policy.as_deref()
}

/// A part of the answers of one member would come from a region that the others are not in.
fn refuse_steps(members: &[(&Spot<'_>, &ServiceDraft<'_>)]) -> bool {
    let mut sound = true;
    for (spot, draft) in members {
        if !policy(draft).is_some_and(|policy| matches!(policy.failback, Failback::Gradual(_))) {
            continue;
        }
        let name = draft.name.as_ref().map_or("?", ServiceName::as_str);
        let message = format!("`{name}` comes back in steps, and the others of its group would be elsewhere meanwhile");
        spot.fault_with_hint(message, "use `failback: { mode: automatic }` or `manual` for services of a group");
        sound = false;
    }
    sound
}

/// The one that decides for the group is asked whether two people are needed; the others come along.
fn refuse_other_persons(members: &[(&Spot<'_>, &ServiceDraft<'_>)]) -> bool {
    let Some(((_, first), rest)) = members.split_first() else { return true };
    let Some(wanted) = policy(first).map(|policy| &policy.approval) else { return true };
    let mut sound = true;
    for (spot, draft) in rest.iter().filter(|(_, draft)| policy(draft).is_some_and(|policy| policy.approval != *wanted))
    {
        let name = |draft: &ServiceDraft<'_>| draft.name.as_ref().map_or("?", ServiceName::as_str).to_owned();
        let message =
            format!("the policies of `{}` and `{}` want a second person for other orders", name(draft), name(first));
        spot.fault_with_hint(message, "services that move by one decision have the same `approval`");
        sound = false;
    }
    sound
}

/// The members in an order in which they can move: as listed, or, if one of them says what it depends on, as that lets them.
fn in_order(services: &[(Spot<'_>, ServiceName)], known: &ByName<'_, '_>) -> Option<Vec<Member>> {
    let names: Vec<&ServiceName> = services.iter().map(|(_, name)| name).collect();
    let wants = |name: &ServiceName| -> Vec<ServiceName> {
        let said = known.get(name).into_iter().flat_map(|draft| &draft.depends_on);
        said.map(|(_, other)| other.clone()).filter(|other| names.contains(&other)).collect()
    };
    if names.iter().all(|name| wants(name).is_empty()) {
        let before = |rank: usize| names[..rank].iter().map(|name| (*name).clone()).collect();
        let member = |(rank, name): (usize, &&ServiceName)| Member { service: (*name).clone(), after: before(rank) };
        return Some(names.iter().enumerate().map(member).collect());
    }
    let mut placed: BTreeSet<ServiceName> = BTreeSet::new();
    let mut order = Vec::new();
    while order.len() < names.len() {
        let free =
            |name: &&&ServiceName| !placed.contains(**name) && wants(name).iter().all(|one| placed.contains(one));
        // Nobody is free in a cycle, which is reported as one.
        let next = (*names.iter().find(free)?).clone();
        order.push(Member { after: wants(&next), service: next.clone() });
        placed.insert(next);
    }
    Some(order)
}

fn check_dependencies(groups: &[GroupDraft<'_>], services: &[ServiceDraft<'_>], known: &ByName<'_, '_>) {
    let group_of = |name: &ServiceName| {
        groups.iter().position(|group| group.services.iter().flatten().any(|(_, member)| member == name))
    };
    let mut edges = Vec::new();
    for draft in services {
        let Some(own) = &draft.name else { continue };
        for (spot, other) in &draft.depends_on {
            if !known.contains_key(other) {
                let hint = suggestion::hint(other.as_str(), known.keys().map(|known| known.as_str()));
                spot.fault_with_hint(format!("there is no service `{other}`"), hint);
            } else if own != other && (group_of(own).is_none() || group_of(own) != group_of(other)) {
                let message = format!("`{own}` and `{other}` are not in one group, so neither comes after the other");
                spot.fault_with_hint(
                    message,
                    "put both into a group, or bind them by a rule: `rules: [ { gating: … } ]`",
                );
            } else {
                edges.push(cycle::Edge { from: own.to_string(), to: other.to_string(), spot });
            }
        }
    }
    for found in cycle::find(&edges) {
        let steps: Vec<String> =
            found.iter().map(|edge| format!("`{}` on `{}` ({})", edge.from, edge.to, edge.spot.place())).collect();
        if let Some(first) = found.first() {
            let message = format!("none of these could move first, each depends on the next: {}", steps.join(", "));
            first.spot.fault_with_hint(message, "leave one of these out");
        }
    }
}
