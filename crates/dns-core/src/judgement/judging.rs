//! How votes are counted: what a quorum makes of an endpoint, and the capacity that is left of a region.

use std::collections::{BTreeMap, BTreeSet};

use super::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::evidence::{EndpointId, EvidenceBook, Sight, Spec, Verdict};
use crate::identifier::VantageName;
use crate::service::{Endpoint, Region, Service, endpoint_digest};
use crate::time::Timestamp;

/// Judges a service on what vantage points have said up to `now`.
pub fn judge(service: &Service, book: &EvidenceBook, now: Timestamp) -> Judgement {
    let regions = service.regions.iter();
    Judgement {
        regions: regions.map(|region| (region.name.clone(), judge_region(service, region, book, now))).collect(),
        drill: None,
    }
}

fn judge_region(service: &Service, region: &Region, book: &EvidenceBook, now: Timestamp) -> RegionJudgement {
    let judge_one = |endpoint| judge_endpoint(service, region, endpoint, book, now);
    let endpoints: Vec<EndpointJudgement> = region.endpoints.iter().map(judge_one).collect();
    let count = |wanted: fn(&EndpointJudgement) -> bool| endpoints.iter().filter(|endpoint| wanted(endpoint)).count();
    let healthy = count(|endpoint| endpoint.health == Health::Healthy);
    let failing = count(|endpoint| endpoint.health == Health::Failing);
    let capacity = service.policy.capacity;
    let healthy_min = capacity.healthy_min(endpoints.len());
    let health = if endpoints.is_empty() {
        Health::Unknown
    } else if healthy >= healthy_min {
        Health::Healthy
    } else if endpoints.len() - failing < healthy_min {
        Health::Failing
    } else {
        Health::Unknown
    };
    let proven_min = capacity.proven_min(endpoints.len());
    let proven = health == Health::Healthy && count(|endpoint| endpoint.proven) >= proven_min;
    RegionJudgement { health, proven, healthy_min, proven_min, endpoints, gates: Vec::new() }
}

fn judge_endpoint(
    service: &Service,
    region: &Region,
    endpoint: &Endpoint,
    book: &EvidenceBook,
    now: Timestamp,
) -> EndpointJudgement {
    let policy = &service.policy;
    let text = endpoint.to_string();
    let id = EndpointId::of(&service.name, &region.name, &text);
    let covered = (id, endpoint_digest(endpoint, &region.probes, policy.detection).into());
    let votes: BTreeMap<VantageName, Vote> =
        policy.vantage_points.iter().map(|vantage| (vantage.clone(), vote(book, vantage, covered, now))).collect();
    let agree = |wanted: &dyn Fn(&Vote) -> bool| {
        let agreeing = votes.iter().filter(|(_, vote)| wanted(vote)).map(|(vantage, _)| vantage);
        Agreement::of(agreeing, policy.quorum, &region.inside)
    };
    let failing = agree(&|vote| matches!(vote, Vote::Failing { .. }));
    let healthy = agree(&|vote| matches!(vote, Vote::Healthy { .. }));
    let ready = agree(&|vote| is_ready(vote, service, now));
    let health = match (failing, healthy) {
        (Agreement::Quorum, Agreement::None | Agreement::Insiders) => Health::Failing,
        (Agreement::None | Agreement::Insiders, Agreement::Quorum) => Health::Healthy,
        // Both can only be with a quorum of at most half: they contradict each other, so nobody knows.
        (Agreement::Quorum, Agreement::Quorum)
        | (Agreement::None | Agreement::Insiders, Agreement::None | Agreement::Insiders) => Health::Unknown,
    };
    let insiders_only = health == Health::Unknown && (failing == Agreement::Insiders || healthy == Agreement::Insiders);
    let proven = health == Health::Healthy && ready == Agreement::Quorum;
    EndpointJudgement { endpoint: text, health, proven, insiders_only, votes, certificate: None }
}

/// Whether enough vantage points say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreement {
    /// A quorum, and at least one of it stands outside the region.
    Quorum,
    /// A quorum, and all of it stands in the region that is judged: a fault of its uplink looks to them like the end of
    /// everybody else, and a fault of everybody else's path like nothing.
    Insiders,
    /// Fewer than a quorum.
    None,
}

impl Agreement {
    fn of<'a>(agreeing: impl Iterator<Item = &'a VantageName>, quorum: usize, inside: &BTreeSet<VantageName>) -> Self {
        let (mut count, mut outside) = (0, false);
        for vantage in agreeing {
            count += 1;
            outside |= !inside.contains(vantage);
        }
        match (count >= quorum, outside) {
            (true, true) => Self::Quorum,
            (true, false) => Self::Insiders,
            (false, _) => Self::None,
        }
    }
}

/// Whether a vote counts for the proof of its region.
pub(crate) fn is_ready(vote: &Vote, service: &Service, now: Timestamp) -> bool {
    vote.healthy_without_doubt_since().is_some_and(|since| now.since(since) >= service.policy.ready_for)
}

fn vote(book: &EvidenceBook, vantage: &VantageName, (id, spec): (EndpointId, Spec), now: Timestamp) -> Vote {
    let Some(evidence) = book.get(vantage) else { return Vote::Silent { since: None } };
    if !evidence.is_fresh(now) {
        // What lies in the future, or was set to nothing, is no time at which it was heard.
        let since = Some(evidence.heard).filter(|heard| *heard <= now && *heard != Timestamp::default());
        return Vote::Silent { since };
    }
    if let Sight::Blind { reason, since } = &evidence.sight {
        return Vote::Blind { reason: reason.clone(), since: *since };
    }
    let Some(seen) = evidence.endpoints.get(id).filter(|seen| seen.spec == spec) else { return Vote::NotCovered };
    match seen.verdict {
        Verdict::Healthy => Vote::Healthy { since: seen.since, contradicting: seen.contradicting, error: seen.error },
        Verdict::Failing => Vote::Failing { since: seen.since, error: seen.error },
        Verdict::Undecided => Vote::Undecided { error: seen.error },
    }
}
