//! How fast and how often: cooldown, soak, pin, and what a service may do without an order.

use std::time::Duration;

use super::{aligns, follows, is_automatic};
use crate::explain::span;
use crate::fleet::Withheld;
use crate::kernel::{Proposal, Situation};
use crate::policy::OnStandbyFailure;
use crate::time::Timestamp;
use crate::write::WriteKind;

/// Both kinds of failback wait for it.
pub(super) fn cooled_down(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let Situation { service, dwell, now, .. } = situation;
    let comes_after = aligns(proposal) || follows(proposal);
    let moved = situation.moved.filter(|_| proposal.kind == WriteKind::Failback && !comes_after)?;
    let wait = service.policy.dwell.wait(service.policy.cooldown, *dwell, *now);
    let left = wait.saturating_sub(now.since(moved));
    let secs = left.as_secs().max(1);
    (!left.is_zero()).then(|| match service.policy.dwell.reason(service.preferred(), *dwell, *now) {
        Some(why) => format!("{why}, so failback waits {} after a move: another {secs} s", span(wait)),
        None => format!("the cooldown lasts another {secs} s"),
    })
}

/// An operator who fails back has looked; the controller has only its patience.
pub(super) fn soaked(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let policy = &situation.service.policy;
    let to = proposal.to.filter(|_| is_automatic_decision(proposal, WriteKind::Failback))?;
    let Some(soak) = policy.failback.soak() else {
        return Some("the policy leaves failback to operators".to_owned());
    };
    let judged = situation.judgement.and_then(|judgement| judgement.regions.get(to));
    let Some(since) = judged.and_then(|judged| judged.healthy_since(policy.quorum)) else {
        return Some(format!("region `{to}` is not healthy without a doubt"));
    };
    let left = soak.saturating_sub(situation.now.since(since));
    (!left.is_zero()).then(|| format!("region `{to}` soaks for another {} s", left.as_secs().max(1)))
}

pub(super) fn not_pinned(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let pin = situation.pin.filter(|_| is_automatic_decision(proposal, WriteKind::Failback))?;
    Some(format!("`{}` has moved it by hand: {}; fail back by hand", pin.by, pin.reason))
}

pub(super) fn standby_holds(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let service = situation.service;
    let from = proposal.from.filter(|_| is_automatic_decision(proposal, WriteKind::Failover))?;
    let holds = service.policy.on_standby_failure == OnStandbyFailure::Hold && from != service.preferred();
    holds.then(|| format!("`{from}` is a standby region, and the policy says to stay there; move it by hand"))
}

pub(super) fn failover_budget(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    if !is_automatic_decision(proposal, WriteKind::Failover) {
        return None;
    }
    let (budget, now) = (&situation.service.policy.failover_budget, situation.now);
    let recent: Vec<Timestamp> = situation.failovers.iter().copied().filter(|at| now.since(*at) < budget.per).collect();
    let count = u32::try_from(recent.len()).unwrap_or(u32::MAX);
    let (first, last) = (*recent.first()?, *recent.last()?);
    let left = if count >= budget.moves {
        budget.per.saturating_sub(now.since(first))
    } else {
        budget.wait_after(count).saturating_sub(now.since(last))
    };
    (!left.is_zero()).then(|| {
        format!(
            "it has left regions {count} times within {}, at most {} times without an order; the next is possible in {} s, \
             or by hand",
            minutes(budget.per),
            budget.moves,
            left.as_secs().max(1)
        )
    })
}

pub(super) fn blast_radius(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    match withheld(proposal, situation)? {
        Withheld::UntilOrdered(why) => Some(why),
        Withheld::UntilItsWave(_) => None,
    }
}

pub(super) fn wave(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    match withheld(proposal, situation)? {
        Withheld::UntilItsWave(why) => Some(why),
        Withheld::UntilOrdered(_) => None,
    }
}

fn withheld(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<Withheld> {
    let from = proposal.from.filter(|_| is_automatic_decision(proposal, WriteKind::Failover))?;
    situation.fleet.admit(from).err()
}

/// Whether the controller wants it by itself, and it does not only follow what was decided at another place, or by another
/// member of its group, which has answered for all of them.
fn is_automatic_decision(proposal: &Proposal<'_>, kind: WriteKind) -> bool {
    proposal.kind == kind && is_automatic(proposal) && !aligns(proposal) && !follows(proposal)
}

fn minutes(length: Duration) -> String {
    if length.as_secs() < 120 { format!("{} s", length.as_secs()) } else { format!("{} min", length.as_secs() / 60) }
}
