//! The rules themselves: each returns why not, or nothing.

mod relations;
mod sharing;
mod velocity;

use hickory_proto::rr::Name;

use super::{Proposal, Purpose, Rule, Situation};
use crate::change::{Guard, Requirement};
use crate::fence::Fence;
use crate::gate;
use crate::group::GroupMove;
use crate::judgement::Health;
use crate::judgement::RegionJudgement;
use crate::rrset::{Rrset, Rrsets};
use crate::service::Mode;
use crate::standing::Standing;
use crate::window::{EmergencyFailover, Window};
use crate::write::{Initiative, WriteKind};

/// Asks one rule.
pub(super) fn ask(rule: Rule, proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    match rule {
        Rule::EmptyAnswer => empty_answer(proposal, situation),
        Rule::UnreadRecord => unread_record(proposal),
        Rule::Unfenced => unfenced(proposal, situation),
        Rule::ZoneKnown => zone_known(situation),
        Rule::QuorumJudged => quorum_judged(proposal, situation),
        Rule::AllRegionsFailing => all_regions_failing(proposal, situation),
        Rule::TargetProven => target_proven(proposal, situation),
        Rule::GatesOpen => gates_open(proposal, situation),
        Rule::Observing => observing(situation),
        Rule::NotPaused => not_paused(proposal, situation),
        Rule::ChangeFreeze => change_freeze(proposal, situation),
        Rule::RegionEvacuated => region_evacuated(proposal, situation),
        Rule::Adopted => adopted(proposal, situation),
        Rule::NoForeignChange => no_foreign_change(proposal, situation),
        Rule::ConfigurationCurrent => configuration_current(situation),
        Rule::HooksAgreed => situation.veto.map(str::to_owned),
        Rule::OneWrite => situation.other_write_open.then(|| "another write of the service is open".to_owned()),
        Rule::CooledDown => velocity::cooled_down(proposal, situation),
        Rule::Soaked => velocity::soaked(proposal, situation),
        Rule::NotPinned => velocity::not_pinned(proposal, situation),
        Rule::StandbyHolds => velocity::standby_holds(proposal, situation),
        Rule::FailoverBudget => velocity::failover_budget(proposal, situation),
        Rule::BlastRadius => velocity::blast_radius(proposal, situation),
        Rule::Wave => velocity::wave(proposal, situation),
        Rule::WriteBackoff => write_backoff(proposal, situation),
        Rule::GroupTogether => relations::group_together(proposal, situation),
        Rule::GroupReady => relations::group_ready(proposal, situation),
        Rule::MemberFirst => relations::member_first(proposal, situation),
        Rule::Assertion => relations::assertion(proposal, situation),
        Rule::Gating => relations::gating(proposal, situation),
    }
}

fn is_automatic(proposal: &Proposal<'_>) -> bool {
    matches!(proposal.initiative, Initiative::Automatic)
}

/// Whether nobody waits for its answer. A move that follows an operator's carries the operator's name, and is tried again
/// by itself like any other.
fn is_unattended(proposal: &Proposal<'_>) -> bool {
    is_automatic(proposal) || aligns(proposal) || follows(proposal)
}

/// Whether it brings a member of a group after one that has decided for the group.
fn follows(proposal: &Proposal<'_>) -> bool {
    proposal.group.is_some_and(GroupMove::follows)
}

/// Whether it only follows what was decided at another place.
fn aligns(proposal: &Proposal<'_>) -> bool {
    proposal.purpose == Purpose::Aligns
}

fn empty_answer(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    // Before an adoption there is nothing that this controller would take away.
    let after: &Rrsets = proposal.after?;
    let same = |one: &Name, other: &Name| std::ptr::eq(one, other) || one == other;
    let mut names = situation.service.records.iter().map(|record| record.key.name());
    let emptied = names.find(|name| !after.keys().any(|key| same(key.name(), name)))?;
    Some(format!("`{emptied}` would answer with no record at all"))
}

fn unread_record(proposal: &Proposal<'_>) -> Option<String> {
    let change = proposal.change?;
    let exactly = |deleted: &Rrset| {
        change.requires.iter().any(|requirement| matches!(requirement, Requirement::Exactly(set) if set == deleted))
    };
    if let Some(unread) = change.deletes.iter().find(|deleted| !exactly(deleted)) {
        return Some(format!("`{unread}` would be removed without being required as it was read"));
    }
    let read = |created: &Rrset| {
        change.requires.iter().any(|requirement| match requirement {
            Requirement::Exactly(set) => set.key() == created.key(),
            Requirement::Absent(key) => key == created.key(),
        })
    };
    let unread = change.creates.iter().find(|created| !read(created))?;
    Some(format!("`{unread}` would be written over something that was not read"))
}

fn unfenced(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let change = proposal.change?;
    let absent_fits = match proposal.kind {
        WriteKind::Adopt => true,
        WriteKind::Repair => matches!(situation.standing, Standing::Lost { found: None, .. }),
        // A place that lost its fence may move straight to where the others are.
        WriteKind::Failover | WriteKind::Failback | WriteKind::Abort => {
            aligns(proposal) && matches!(situation.standing, Standing::Lost { found: None, .. })
        }
        WriteKind::Release | WriteKind::Annotate | WriteKind::Rerender => false,
    };
    if change.guard == Guard::Absent && !absent_fits {
        return Some("there is no fence that the write could require".to_owned());
    }
    let service = situation.service;
    let guarded = change.zone == *service.zone && service.is_fence_name(&change.fence_name);
    (!guarded).then(|| format!("the write is guarded by `{}`, which is not the service's fence", change.fence_name))
}

fn zone_known(situation: &Situation<'_>) -> Option<String> {
    matches!(situation.standing, Standing::Unread)
        .then(|| "the zone has not been read since the start or the last write".to_owned())
}

fn quorum_judged(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    if !is_automatic(proposal) || aligns(proposal) {
        return None;
    }
    match proposal.kind {
        WriteKind::Failover => {}
        WriteKind::Abort => return sharing::given_up(proposal, situation),
        WriteKind::Failback
        | WriteKind::Adopt
        | WriteKind::Release
        | WriteKind::Annotate
        | WriteKind::Repair
        | WriteKind::Rerender => return None,
    }
    let Some(from) = proposal.from else { return Some("which region is active is not known".to_owned()) };
    // A member that is well leaves with one that is not, and stays with those that are well.
    if let Some(with) = proposal.group {
        return relations::group_judged(with, from, proposal, situation);
    }
    let quorum = vantage_points(situation.service.policy.quorum);
    match situation.judgement {
        Some(judgement) if judgement.health(from) == Health::Failing => None,
        Some(judgement) => {
            let seen = judgement.regions.get(from).map(RegionJudgement::describe).unwrap_or_default();
            Some(format!("region `{from}` is {}, {quorum} must see all of it failing; {seen}", judgement.health(from)))
        }
        None => Some(format!("region `{from}` has not been judged yet")),
    }
}

fn all_regions_failing(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let all_failing =
        proposal.kind.moves() && situation.judgement.is_some_and(crate::judgement::Judgement::all_failing);
    all_failing.then(|| {
        "every region is failing, so no move can help; a fault near the vantage points looks the same".to_owned()
    })
}

fn target_proven(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    // New endpoints of the same region must be proven like a new region.
    if !proposal.kind.moves() && proposal.kind != WriteKind::Rerender {
        return None;
    }
    let Some(to) = proposal.to else { return Some("there is no other region".to_owned()) };
    let Some(judgement) = situation.judgement else { return Some(format!("region `{to}` has not been judged yet")) };
    if proposal.kind == WriteKind::Abort {
        return sharing::unfit_for_the_rest(to, judgement);
    }
    if judgement.is_proven(to) {
        return None;
    }
    let ready_for = situation.service.policy.ready_for.as_secs_f64();
    let seen = judgement.regions.get(to).map(RegionJudgement::describe).unwrap_or_default();
    let quorum = vantage_points(situation.service.policy.quorum);
    Some(format!("region `{to}` is not proven, {quorum} must have seen all of it healthy for {ready_for} s; {seen}"))
}

/// A place that only follows is not asked: the service has gone there, many gates (replication) mean nothing any more when
/// it has, and to leave its places apart would help nobody.
fn gates_open(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let enters = matches!(proposal.kind, WriteKind::Failover | WriteKind::Failback | WriteKind::Rerender);
    if aligns(proposal) || !enters {
        return None;
    }
    let to = situation.service.region(proposal.to?)?;
    let judged = situation.judgement.and_then(|judgement| judgement.regions.get(&to.name));
    gate::shut(to, judged, situation.now)
}

fn vantage_points(count: usize) -> String {
    if count == 1 { "1 vantage point".to_owned() } else { format!("{count} vantage points") }
}

fn observing(situation: &Situation<'_>) -> Option<String> {
    (situation.service.mode == Mode::Observe).then(|| "the service's mode is `observe`: it writes nothing".to_owned())
}

fn not_paused(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let pause = situation.pause.filter(|_| is_automatic(proposal) && proposal.kind != WriteKind::Annotate)?;
    Some(format!("paused by `{}`: {}; resume to arm it", pause.by, pause.reason))
}

/// What keeps fence and pause true never waits, and neither does an adoption or a release: they leave the records. To leave
/// a region that fails is an emergency, whoever wants it.
fn change_freeze(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let changes = matches!(proposal.kind, WriteKind::Failover | WriteKind::Failback | WriteKind::Rerender);
    if !changes || aligns(proposal) {
        return None;
    }
    // A drill is no emergency.
    let fails = |judgement: &crate::judgement::Judgement| {
        judgement.drill.is_none() && proposal.from.is_some_and(|from| judgement.health(from) == Health::Failing)
    };
    let its_group_leaves = || {
        let ends = proposal.group.zip(proposal.from);
        ends.is_some_and(|(with, from)| relations::group_judged(with, from, proposal, situation).is_none())
    };
    let leaves_failing = || situation.judgement.is_some_and(fails) || its_group_leaves();
    let is_emergency = proposal.kind == WriteKind::Failover && leaves_failing();
    let binds = |window: &&Window| !is_emergency || window.emergency_failover == EmergencyFailover::Block;
    let open = situation.service.windows.iter().filter(binds).find_map(|window| {
        let until = window.open_until(situation.now)?;
        Some((window, until))
    });
    let (window, until) = open?;
    let left = until.since(situation.now).as_secs().max(1);
    Some(format!("the window `{}` is open for another {left} s", window.name))
}

/// By hand, too: whoever fails one service back may not know that a colleague is emptying the region. A place that only
/// follows is not asked, since the service has gone there. If nobody can tell which regions are being evacuated, what can wait
/// does; a service that leaves a failing region is not kept in it.
fn region_evacuated(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let to = proposal.to.filter(|_| proposal.kind.moves() && !aligns(proposal))?;
    let can_wait = proposal.kind == WriteKind::Failback;
    let unknown = || situation.fleet.evacuations_unknown().filter(|_| can_wait);
    situation.fleet.evacuation_of(to).or_else(unknown).map(str::to_owned)
}

fn adopted(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let was_released = situation.held.is_some_and(Fence::is_tombstone);
    match (proposal.kind, situation.standing) {
        (kind, Standing::Lost { .. }) if was_released && kind != WriteKind::Adopt => Some(
            "the service was released, and the zone was set back to before that; adopt it to take it back".to_owned(),
        ),
        (WriteKind::Repair, Standing::Lost { found: Some(found), .. }) if found.is_tombstone() => {
            Some("the zone was set back to when the service was released; adopt it again".to_owned())
        }
        (kind, Standing::Lost { serving: Some(_), found })
            if aligns(proposal) && kind.moves() && found.as_ref().is_none_or(|found| !found.is_tombstone()) =>
        {
            None
        }
        (WriteKind::Adopt, _)
        | (WriteKind::Repair, Standing::Lost { .. })
        | (_, Standing::Held | Standing::Newer { .. } | Standing::Foreign { .. } | Standing::Unread) => None,
        (_, Standing::Lost { .. }) => Some("the fence was lost or set back and is not repaired yet".to_owned()),
        (_, Standing::Unadopted { .. }) => Some("the service has not been adopted; adopt it".to_owned()),
        (_, Standing::Released { .. }) => Some("the service was released; adopt it to take it back".to_owned()),
    }
}

fn no_foreign_change(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    match situation.standing {
        Standing::Foreign { why } if proposal.kind != WriteKind::Adopt => Some(why.clone()),
        Standing::Lost { serving: None, .. } if proposal.kind == WriteKind::Repair => {
            Some("the fence is lost and the records served are no region's; restore them or adopt".to_owned())
        }
        Standing::Foreign { .. }
        | Standing::Lost { .. }
        | Standing::Unread
        | Standing::Unadopted { .. }
        | Standing::Held
        | Standing::Newer { .. }
        | Standing::Released { .. } => None,
    }
}

fn configuration_current(situation: &Situation<'_>) -> Option<String> {
    let ours = situation.service.revision;
    let theirs = situation.held.map_or(0, |fence| fence.cfg).max(situation.disputed_revision);
    (ours < theirs).then(|| {
        let ours = if ours == 0 { "this one has none".to_owned() } else { format!("this one is {ours}") };
        format!("the fence was written with configuration revision {theirs}, {ours}")
    })
}

fn write_backoff(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let until = situation.backoff_until.filter(|until| is_unattended(proposal) && situation.now < *until)?;
    Some(format!("the last write failed, the next try is in {} s", until.since(situation.now).as_secs().max(1)))
}
