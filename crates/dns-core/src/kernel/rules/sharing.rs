//! When a share of the answers may be taken back that a region was given.

use crate::identifier::RegionName;
use crate::judgement::{Health, Judgement, RegionJudgement};
use crate::kernel::{Proposal, Situation};

/// Why an automatic abort is not called for. Not to know how the region is, is no reason to give it up: it holds.
pub(super) fn given_up(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let Some(from) = proposal.from else { return Some("which region gives a share is not known".to_owned()) };
    if situation.fleet.evacuation_of(from).is_some() {
        return None;
    }
    match situation.judgement {
        Some(judgement) if judgement.is_lost(from, situation.service, situation.now) => None,
        Some(judgement) => {
            let seen = judgement.regions.get(from).map(RegionJudgement::describe).unwrap_or_default();
            let word = if judgement.is_proven(from) { "proven" } else { judgement.health(from).as_str() };
            Some(format!("region `{from}` is {word}, and keeps its share; {seen}"))
        }
        None => Some(format!("region `{from}` has not been judged yet")),
    }
}

/// Why a region must not have the rest of the answers back. It gives most of them already, so it need not be proven: that it
/// does not fail is enough.
pub(super) fn unfit_for_the_rest(to: &RegionName, judgement: &Judgement) -> Option<String> {
    let seen = judgement.regions.get(to).map(RegionJudgement::describe).unwrap_or_default();
    (judgement.health(to) == Health::Failing).then(|| format!("region `{to}` is failing as well; {seen}"))
}
