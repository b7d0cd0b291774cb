//! Judging evidence: what a quorum of vantage points makes of each endpoint and region of a service.
//!
//! Three values, never two: healthy, failing and *unknown*. Unknown is not down. A vantage point counts only while
//! it is fresh, sighted, and covers the endpoint with the same specification; silence, blindness and an old
//! configuration are absences of evidence and are shown as such.

use std::collections::BTreeMap;
use std::fmt;

use crate::evidence::{EndpointKey, EvidenceBook, Sight, Verdict};
use crate::identifier::{RegionName, VantageName};
use crate::service::{Endpoint, Region, Service, endpoint_digest};
use crate::time::Timestamp;

/// What a quorum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// A quorum sees it healthy.
    Healthy,
    /// A quorum sees it failing.
    Failing,
    /// Neither.
    Unknown,
}

impl Health {
    /// The value as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What one vantage point contributes to one endpoint's judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vote {
    /// It sees the endpoint healthy.
    Healthy {
        /// Since when.
        since: Timestamp,
        /// Bad runs in a row since the last good one.
        contradicting: u32,
        /// What the last of them said.
        error: Option<String>,
    },
    /// It sees the endpoint failing.
    Failing {
        /// Since when.
        since: Timestamp,
        /// What the last bad run said.
        error: Option<String>,
    },
    /// It has not probed often enough yet.
    Undecided {
        /// What the last bad run said.
        error: Option<String>,
    },
    /// It does not trust its own eyes.
    Blind(String),
    /// It was not heard lately, or never.
    Silent,
    /// It does not probe this endpoint, or probes it by another specification.
    NotCovered,
}

impl Vote {
    /// The vote as a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Healthy { .. } => "healthy",
            Self::Failing { .. } => "failing",
            Self::Undecided { .. } => "undecided",
            Self::Blind(_) => "blind",
            Self::Silent => "silent",
            Self::NotCovered => "notCovered",
        }
    }
}

/// The judgement of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointJudgement {
    /// Address or host name.
    pub endpoint: String,
    /// The quorum's value.
    pub health: Health,
    /// Whether a quorum has seen it healthy for the ready-time.
    pub proven: bool,
    /// Every vantage point's vote.
    pub votes: BTreeMap<VantageName, Vote>,
}

/// The judgement of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionJudgement {
    /// Failing if every endpoint is, healthy if at least one is, unknown otherwise: a region is left only when
    /// nothing in it can serve.
    pub health: Health,
    /// Whether every endpoint is proven: a region is entered only when all of it can serve.
    pub proven: bool,
    /// Its endpoints.
    pub endpoints: Vec<EndpointJudgement>,
}

impl RegionJudgement {
    /// Whether at least one vantage point sees an endpoint failing.
    pub fn is_suspected(&self) -> bool {
        let mut votes = self.endpoints.iter().flat_map(|endpoint| endpoint.votes.values());
        self.health == Health::Failing || votes.any(|vote| matches!(vote, Vote::Failing { .. }))
    }

    /// When the first vantage point that sees an endpoint failing now began to.
    pub fn suspected_at(&self) -> Option<Timestamp> {
        self.endpoints.iter().flat_map(EndpointJudgement::failing_since).min()
    }

    /// When the last vote came that made the region failing: since then a quorum has seen every endpoint failing.
    pub fn agreed_at(&self, quorum: usize) -> Option<Timestamp> {
        let agreed = |endpoint: &EndpointJudgement| {
            let mut since: Vec<Timestamp> = endpoint.failing_since().collect();
            since.sort_unstable();
            since.get(quorum.checked_sub(1)?).copied()
        };
        let each: Option<Vec<Timestamp>> = self.endpoints.iter().map(agreed).collect();
        each?.into_iter().max()
    }

    /// The votes in figures: "2 of 3 vantage points see 192.0.2.1 failing (fra1: timed out, …)".
    pub fn describe(&self) -> String {
        let parts: Vec<String> = self.endpoints.iter().map(EndpointJudgement::describe).collect();
        parts.join("; ")
    }
}

impl EndpointJudgement {
    fn failing_since(&self) -> impl Iterator<Item = Timestamp> {
        self.votes.values().filter_map(|vote| match vote {
            Vote::Failing { since, .. } => Some(*since),
            Vote::Healthy { .. } | Vote::Undecided { .. } | Vote::Blind(_) | Vote::Silent | Vote::NotCovered => None,
        })
    }

    fn describe(&self) -> String {
        let mut counts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (vantage, vote) in &self.votes {
            let said = match vote {
                Vote::Failing { error: Some(error), .. } => format!("{vantage}: {error}"),
                Vote::Blind(reason) => format!("{vantage}: {reason}"),
                Vote::Failing { error: None, .. }
                | Vote::Healthy { .. }
                | Vote::Undecided { .. }
                | Vote::Silent
                | Vote::NotCovered => vantage.to_string(),
            };
            counts.entry(vote.as_str()).or_default().push(said);
        }
        let total = self.votes.len();
        let counts: Vec<String> = counts
            .into_iter()
            .map(|(vote, who)| format!("{} of {total} {} ({})", who.len(), word(vote), who.join(", ")))
            .collect();
        format!("{}: {}", self.endpoint, counts.join(", "))
    }
}

fn word(vote: &str) -> &str {
    if vote == "notCovered" { "not covering it" } else { vote }
}

/// The judgement of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// By region.
    pub regions: BTreeMap<RegionName, RegionJudgement>,
}

impl Judgement {
    /// A region's health; a region that is not judged is unknown.
    pub fn health(&self, region: &RegionName) -> Health {
        self.regions.get(region).map_or(Health::Unknown, |judged| judged.health)
    }

    /// Whether records may move to a region.
    pub fn is_proven(&self, region: &RegionName) -> bool {
        self.regions.get(region).is_some_and(|judged| judged.proven)
    }

    /// Whether every region is failing.
    pub fn all_failing(&self) -> bool {
        !self.regions.is_empty() && self.regions.values().all(|judged| judged.health == Health::Failing)
    }
}

/// Judges a service on what vantage points have said up to `now`.
pub fn judge(service: &Service, book: &EvidenceBook, now: Timestamp) -> Judgement {
    let regions = service.regions.iter();
    Judgement {
        regions: regions.map(|region| (region.name.clone(), judge_region(service, region, book, now))).collect(),
    }
}

fn judge_region(service: &Service, region: &Region, book: &EvidenceBook, now: Timestamp) -> RegionJudgement {
    let judge_one = |endpoint| judge_endpoint(service, region, endpoint, book, now);
    let endpoints: Vec<EndpointJudgement> = region.endpoints.iter().map(judge_one).collect();
    let health = if endpoints.iter().any(|endpoint| endpoint.health == Health::Healthy) {
        Health::Healthy
    } else if !endpoints.is_empty() && endpoints.iter().all(|endpoint| endpoint.health == Health::Failing) {
        Health::Failing
    } else {
        Health::Unknown
    };
    let proven = !endpoints.is_empty() && endpoints.iter().all(|endpoint| endpoint.proven);
    RegionJudgement { health, proven, endpoints }
}

fn judge_endpoint(
    service: &Service,
    region: &Region,
    endpoint: &Endpoint,
    book: &EvidenceBook,
    now: Timestamp,
) -> EndpointJudgement {
    let policy = &service.policy;
    let key =
        EndpointKey { service: service.name.clone(), region: region.name.clone(), endpoint: endpoint.to_string() };
    let spec = endpoint_digest(endpoint, &region.probes, policy.detection);
    let votes: BTreeMap<VantageName, Vote> =
        policy.vantage_points.iter().map(|vantage| (vantage.clone(), vote(book, vantage, &key, spec, now))).collect();
    let count = |wanted: fn(&Vote) -> bool| votes.values().filter(|vote| wanted(vote)).count();
    let failing = count(|vote| matches!(vote, Vote::Failing { .. }));
    let healthy = count(|vote| matches!(vote, Vote::Healthy { .. }));
    let ready = votes.values().filter(|vote| is_ready(vote, service, now)).count();
    let health = match (failing >= policy.quorum, healthy >= policy.quorum) {
        (true, false) => Health::Failing,
        (false, true) => Health::Healthy,
        // Both can only be with a quorum of at most half: they contradict each other, so nobody knows.
        (true, true) | (false, false) => Health::Unknown,
    };
    let proven = health == Health::Healthy && ready >= policy.quorum;
    EndpointJudgement { endpoint: key.endpoint, health, proven, votes }
}

fn is_ready(vote: &Vote, service: &Service, now: Timestamp) -> bool {
    matches!(vote, Vote::Healthy { since, contradicting: 0, .. } if now.since(*since) >= service.policy.ready_for)
}

fn vote(
    book: &EvidenceBook,
    vantage: &VantageName,
    key: &EndpointKey,
    spec: crate::digest::Digest,
    now: Timestamp,
) -> Vote {
    let Some(evidence) = book.get(vantage).filter(|evidence| evidence.is_fresh(now)) else { return Vote::Silent };
    if let Sight::Blind(reason) = &evidence.sight {
        return Vote::Blind(reason.clone());
    }
    let Some(seen) = evidence.endpoints.get(key).filter(|seen| seen.spec == spec) else { return Vote::NotCovered };
    match seen.verdict {
        Verdict::Healthy => {
            Vote::Healthy { since: seen.since, contradicting: seen.contradicting, error: seen.error.clone() }
        }
        Verdict::Failing => Vote::Failing { since: seen.since, error: seen.error.clone() },
        Verdict::Undecided => Vote::Undecided { error: seen.error.clone() },
    }
}

#[cfg(test)]
mod tests;
