//! What every rule says to a proposal, the agreeing ones included: what a decision keeps of the kernel, and what a preview
//! shows. Nothing is decided by it; that is [`super::review`]'s.

use serde::{Deserialize, Serialize};

use super::{Proposal, Rule, Situation, ask};
use crate::identifier::RegionName;
use crate::judgement::{EndpointJudgement, Health, RegionJudgement, Vote, is_ready};
use crate::write::{Initiative, WriteKind};

/// What one rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Which.
    pub rule: Rule,
    /// Its answer.
    pub answer: Said,
    /// Why not; of a rule that agrees, the figures that it went by, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A rule's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Said {
    /// It has nothing against it.
    Yes,
    /// It refuses.
    No,
    /// It refused, and an operator had overridden it.
    Overridden,
}

impl Said {
    /// The answer as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Overridden => "overridden",
        }
    }
}

/// Asks every rule, and keeps every answer.
pub fn interview(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Vec<Answer> {
    Rule::ALL.iter().map(|rule| answer(*rule, proposal, situation)).collect()
}

fn answer(rule: Rule, proposal: &Proposal<'_>, situation: &Situation<'_>) -> Answer {
    match ask(rule, proposal, situation) {
        None => Answer { rule, answer: Said::Yes, why: figure(rule, proposal, situation) },
        Some(why) => {
            let overridden = proposal.overrides(rule, situation.now);
            Answer { rule, answer: if overridden { Said::Overridden } else { Said::No }, why: Some(why) }
        }
    }
}

type Figure = fn(&Proposal<'_>, &Situation<'_>) -> Option<String>;

/// The rules that agree by figures worth telling.
const FIGURES: &[(Rule, Figure)] = &[
    (Rule::Unfenced, required_fence),
    (Rule::QuorumJudged, seen_failing),
    (Rule::AllRegionsFailing, regions_failing),
    (Rule::TargetProven, seen_ready),
    (Rule::ConfigurationCurrent, revisions),
    (Rule::CooledDown, time_since_move),
];

fn figure(rule: Rule, proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let (_, figure) = FIGURES.iter().find(|(known, _)| *known == rule)?;
    figure(proposal, situation)
}

fn required_fence(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let held = situation.held.filter(|_| proposal.change.is_some())?;
    Some(format!("the zone must still hold epoch {}, rev {}", held.epoch, held.rev))
}

fn seen_failing(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let automatic = *proposal.initiative == Initiative::Automatic && proposal.kind == WriteKind::Failover;
    let from = proposal.from.filter(|_| automatic)?;
    let judged = judged(situation, from)?;
    let enough = (judged.endpoints.len() + 1).checked_sub(judged.healthy_min)?;
    let (count, all) = agreeing(judged, enough, |vote| matches!(vote, Vote::Failing { .. }))?;
    let (part, quorum) = (part(from, enough, judged), situation.service.policy.quorum);
    Some(format!("{count} of {all} vantage points see {part} failing, {quorum} must"))
}

fn seen_ready(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let to = proposal.to.filter(|_| proposal.kind.moves() || proposal.kind == WriteKind::Rerender)?;
    let judged = judged(situation, to)?;
    let is_ready = |vote: &Vote| is_ready(vote, situation.service, situation.now);
    let (count, all) = agreeing(judged, judged.proven_min, is_ready)?;
    let (part, quorum) = (part(to, judged.proven_min, judged), situation.service.policy.quorum);
    let ready_for = situation.service.policy.ready_for.as_secs_f64();
    Some(format!("{count} of {all} vantage points have seen {part} healthy for {ready_for} s or longer, {quorum} must"))
}

fn part(region: &RegionName, endpoints: usize, judged: &RegionJudgement) -> String {
    match judged.endpoints.len() {
        all if all == endpoints => format!("all of `{region}`"),
        all => format!("{endpoints} of {all} endpoints of `{region}`"),
    }
}

fn regions_failing(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let judgement = situation.judgement.filter(|_| proposal.kind.moves())?;
    let failing = judgement.regions.values().filter(|region| region.health == Health::Failing).count();
    Some(format!("{failing} of {} regions failing", judgement.regions.len()))
}

fn revisions(_: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let (ours, theirs) = (situation.service.revision, situation.held.map_or(0, |held| held.cfg));
    (ours > 0).then(|| format!("configuration revision {ours}, the fence has {theirs}"))
}

fn time_since_move(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let moved = situation.moved.filter(|_| proposal.kind == WriteKind::Failback)?;
    let Situation { service, dwell, now, .. } = situation;
    let (passed, cooldown) = (now.since(moved).as_secs(), service.policy.cooldown.as_secs());
    let wait = service.policy.dwell.wait(service.policy.cooldown, *dwell, *now).as_secs();
    let grown = service.policy.dwell.reason(service.preferred(), *dwell, *now);
    let grown = grown.map(|why| format!(", grown to {wait} s as {why}")).unwrap_or_default();
    Some(format!("the last move was {passed} s ago, the cooldown is {cooldown} s{grown}"))
}

fn judged<'a>(situation: &Situation<'a>, region: &RegionName) -> Option<&'a RegionJudgement> {
    situation.judgement?.regions.get(region)
}

/// How many vantage points say so, at the least, of each of so many endpoints: of those of which the most do. And of how
/// many vantage points.
fn agreeing(region: &RegionJudgement, endpoints: usize, says: impl Fn(&Vote) -> bool) -> Option<(usize, usize)> {
    let count = |endpoint: &EndpointJudgement| {
        (endpoint.votes.values().filter(|vote| says(vote)).count(), endpoint.votes.len())
    };
    let mut counts: Vec<(usize, usize)> = region.endpoints.iter().map(count).collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    counts.get(endpoints.checked_sub(1)?).copied()
}
