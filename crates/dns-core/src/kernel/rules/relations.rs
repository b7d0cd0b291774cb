//! Services with regard to each other: groups, and the rules of the configuration.

use super::{aligns, is_automatic};
use crate::companion::Companions;
use crate::group::GroupMove;
use crate::identifier::RegionName;
use crate::judgement::Health;
use crate::kernel::{Proposal, Situation};
use crate::relation::{Crossing, Relation};

/// Moves that are decided: a place that comes after another asks nothing of this anew, the service has gone.
fn moving<'a>(proposal: &Proposal<'a>, situation: &Situation<'a>) -> Option<(&'a Companions, &'a RegionName)> {
    let decides = proposal.kind.moves() && !aligns(proposal);
    situation.fleet.companions().zip(proposal.to).filter(|_| decides)
}

/// One of a group alone would be parted from what it needs, or what needs it. To bring it back to the others is free.
pub(super) fn group_together(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let (companions, to) = moving(proposal, situation).filter(|_| proposal.group.is_none())?;
    let group = companions.group()?;
    if companions.reunites(&situation.service.name, to) {
        return None;
    }
    let names: Vec<&str> = group.names().map(crate::identifier::ServiceName::as_str).collect();
    let (name, all) = (&group.name, names.join(", "));
    Some(format!("it moves with group `{name}` ({all}), and alone would split it; `dns-admin group` moves all of it"))
}

/// Asked of whoever decides for the group; what follows is asked about itself.
pub(super) fn group_ready(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let (companions, to) = moving(proposal, situation)?;
    let with = proposal.group.filter(|with| !with.follows())?;
    let lacking = companions.stragglers(&situation.service.name, with, to, !is_automatic(proposal));
    let all = lacking.join("; ");
    (!lacking.is_empty()).then(|| format!("group `{}` cannot go to `{to}` as a whole: {all}", with.group))
}

pub(super) fn member_first(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let (companions, to) = moving(proposal, situation)?;
    companions.not_before(&situation.service.name, proposal.group?, to)
}

/// Why the group has no reason to leave. It has one while as many of its members fail as it wants, by what is seen of them
/// now; and once a member has left, since nothing would be worse than to stop halfway.
pub(super) fn group_judged(
    with: &GroupMove,
    from: &RegionName,
    proposal: &Proposal<'_>,
    situation: &Situation<'_>,
) -> Option<String> {
    let Some(companions) = situation.fleet.companions() else {
        return Some(format!("it is in group `{}` no more", with.group));
    };
    let Some(group) = companions.group().filter(|group| group.name == with.group) else {
        return Some(format!("it is in group `{}` no more", with.group));
    };
    let gone = with.decision.as_ref().zip(proposal.to);
    if gone.is_some_and(|(decision, to)| companions.has_gone(decision, to)) {
        return None;
    }
    let own = &situation.service.name;
    let health = |name| match situation.judgement {
        Some(judgement) if name == own => judgement.health(from),
        None if name == own => Health::Unknown,
        Some(_) | None => companions.health(name, from),
    };
    let failing = with.members.iter().filter(|name| health(name) == Health::Failing).count();
    let (all, needed) = (with.members.len(), group.move_when.needed(with.members.len()));
    let words = || format!("{failing} of {all} services of group `{}` fail in `{from}`, {needed} must", with.group);
    (!group.move_when.is_met(failing, all)).then(words)
}

pub(super) fn assertion(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    against(proposal, situation, Relation::asserts_against)
}

pub(super) fn gating(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    against(proposal, situation, Relation::gates_against)
}

type Against = fn(&Relation, Crossing<'_>, &Companions) -> Option<String>;

fn against(proposal: &Proposal<'_>, situation: &Situation<'_>, says: Against) -> Option<String> {
    let (companions, to) = moving(proposal, situation)?;
    let crossing = Crossing { service: &situation.service.name, from: proposal.from, to };
    companions.relations().find_map(|relation| says(relation, crossing, companions))
}
