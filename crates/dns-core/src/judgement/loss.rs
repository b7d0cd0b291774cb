//! When a region that gives a part of the answers must not keep it.

use super::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::identifier::RegionName;
use crate::service::Service;
use crate::time::Timestamp;

impl Judgement {
    /// Whether a region fails or has lost its proof; see [`RegionJudgement::is_lost`].
    pub fn is_lost(&self, region: &RegionName, service: &Service, now: Timestamp) -> bool {
        self.regions.get(region).is_some_and(|judged| judged.is_lost(service, now))
    }
}

impl RegionJudgement {
    /// Whether it fails, or is healthy and no longer proven because too few of its endpoints have been healthy for the
    /// ready-time. Not to know is neither, and neither is a doubt: a bad run that has not turned a verdict yet ends the proof
    /// for a moment, and a single lost packet is one.
    pub fn is_lost(&self, service: &Service, now: Timestamp) -> bool {
        let policy = &service.policy;
        let long_enough = |vote: &Vote| match vote {
            Vote::Healthy { since, .. } => now.since(*since) >= policy.ready_for,
            Vote::Failing { .. }
            | Vote::Undecided { .. }
            | Vote::Blind { .. }
            | Vote::Silent { .. }
            | Vote::NotCovered => false,
        };
        let stands = |endpoint: &&EndpointJudgement| {
            endpoint.votes.values().filter(|vote| long_enough(vote)).count() >= policy.quorum
        };
        match self.health {
            Health::Failing => true,
            Health::Unknown => false,
            Health::Healthy => !self.proven && self.endpoints.iter().filter(stands).count() < self.proven_min,
        }
    }
}
