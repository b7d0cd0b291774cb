//! Injected failures: what vantage points report because a drill asked them to count an endpoint as failed.
//!
//! They come beside what a vantage point really sees and never instead of it. Only the drill that asked for them makes them
//! count, only for the region that its service leaves, and only as long as the service is there. To everyone else they
//! are nothing: not a verdict, and no reason for doubt in what was really seen.

use std::collections::BTreeMap;

use super::DrillId;
use crate::evidence::{EndpointEvidence, EndpointKey, EvidenceBook, VantageEvidence, Verdict};
use crate::identifier::{RegionName, VantageName};
use crate::judgement::{Health, Judgement, judge};
use crate::service::Service;
use crate::time::Timestamp;

/// What a vantage point would report of an endpoint if it had failed since a drill asked for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    /// The drill that asked.
    pub drill: DrillId,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when.
    pub since: Timestamp,
    /// Runs in a row that contradict it.
    pub contradicting: u32,
}

/// Everything that vantage points inject.
pub type InjectionBook = BTreeMap<VantageName, BTreeMap<EndpointKey, Injected>>;

/// A drill whose injections count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Honoured {
    /// The drill.
    pub drill: DrillId,
    /// The region that its service leaves.
    pub region: RegionName,
    /// Until when, whoever forgets to take it back.
    pub until: Timestamp,
}

/// Judges a service that a drill makes leave a region. A region that fails for real fails for real: then the drill has no part
/// in the judgement, and what follows is no drill.
pub fn judge_injected(
    service: &Service,
    book: &EvidenceBook,
    (injections, honoured): (&InjectionBook, &Honoured),
    now: Timestamp,
) -> Judgement {
    let seen = judge(service, book, now);
    if seen.health(&honoured.region) == Health::Failing || now >= honoured.until {
        return seen;
    }
    let overlaid = overlay(service, book, injections, honoured);
    let judged = judge(service, &overlaid, now);
    if judged == seen { seen } else { Judgement { drill: Some(honoured.drill.clone()), ..judged } }
}

/// What was said of one service, with what counts of the injections.
fn overlay(service: &Service, book: &EvidenceBook, injections: &InjectionBook, honoured: &Honoured) -> EvidenceBook {
    let judging = service.policy.vantage_points.iter().filter_map(|vantage| Some((vantage, book.get(vantage)?)));
    let one = |(vantage, evidence): (&VantageName, &VantageEvidence)| {
        let injected = injections.get(vantage);
        let endpoints = keys(service).filter_map(|key| {
            let seen = evidence.endpoints.get(key.id())?;
            let injected = injected.and_then(|injected| injected.get(&key)).filter(|one| counts(one, &key, honoured));
            let counted = injected.map(|injected| as_injected(&seen, injected));
            Some((key, counted.unwrap_or(seen)))
        });
        let VantageEvidence { heard, sight, config, endpoints: _ } = evidence;
        let evidence =
            VantageEvidence { heard: *heard, sight: sight.clone(), config: *config, endpoints: endpoints.collect() };
        (vantage.clone(), evidence)
    };
    judging.map(one).collect()
}

fn keys(service: &Service) -> impl Iterator<Item = EndpointKey> + '_ {
    let of = |region: &crate::service::Region, endpoint: String| EndpointKey {
        service: service.name.clone(),
        region: region.name.clone(),
        endpoint,
    };
    service
        .regions
        .iter()
        .flat_map(move |region| region.endpoints.iter().map(move |endpoint| of(region, endpoint.to_string())))
}

fn counts(injected: &Injected, key: &EndpointKey, honoured: &Honoured) -> bool {
    injected.drill == honoured.drill && key.region == honoured.region
}

/// An injection makes nothing better than it was seen.
fn as_injected(seen: &EndpointEvidence, injected: &Injected) -> EndpointEvidence {
    if seen.verdict == Verdict::Failing || injected.verdict == Verdict::Undecided {
        return seen.clone();
    }
    let Injected { drill, verdict, since, contradicting } = injected;
    EndpointEvidence {
        verdict: *verdict,
        since: *since,
        contradicting: *contradicting,
        error: Some(format!("counted as failed for drill {drill}")),
        ..seen.clone()
    }
}
