//! Judging evidence: what a quorum of vantage points makes of each endpoint and region of a service.
//!
//! Three values, never two: healthy, failing and *unknown*. Unknown is not down. A vantage point counts only while
//! it is fresh, sighted, and covers the endpoint with the same specification; silence, blindness and an old
//! configuration are absences of evidence and are shown as such.

mod judging;
mod loss;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::certificate::CertificateEnd;
use crate::digest::Digest;
use crate::fence::DrillId;
use crate::gate::GateJudgement;
use crate::identifier::{RegionName, VantageName};
use crate::shared::Shared;
use crate::time::Timestamp;

pub(crate) use judging::is_ready;
pub use judging::judge;

/// What a quorum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    Blind {
        /// Why.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// It was not heard lately.
    Silent {
        /// When it was last heard; `None` if it never was, or nothing that it said counts any more.
        since: Option<Timestamp>,
    },
    /// It does not probe this endpoint, or probes it by another specification.
    NotCovered,
}

impl Vote {
    /// Since when it sees the endpoint healthy, if no bad run has come since.
    pub fn healthy_without_doubt_since(&self) -> Option<Timestamp> {
        match self {
            Self::Healthy { since, contradicting: 0, .. } => Some(*since),
            Self::Healthy { .. }
            | Self::Failing { .. }
            | Self::Undecided { .. }
            | Self::Blind { .. }
            | Self::Silent { .. }
            | Self::NotCovered => None,
        }
    }

    /// The vote as a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Healthy { .. } => "healthy",
            Self::Failing { .. } => "failing",
            Self::Undecided { .. } => "undecided",
            Self::Blind { .. } => "blind",
            Self::Silent { .. } => "silent",
            Self::NotCovered => "notCovered",
        }
    }
}

/// The judgement of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EndpointJudgement {
    /// Address or host name.
    pub endpoint: String,
    /// The quorum's value.
    pub health: Health,
    /// Whether a quorum has seen it healthy for the ready-time.
    pub proven: bool,
    /// Whether a quorum agrees of which nobody stands outside the region: what it sees may be its own path.
    pub insiders_only: bool,
    /// Every vantage point's vote.
    pub votes: BTreeMap<VantageName, Vote>,
    /// The certificate that it serves; none until [`Judgement::with_certificates`] adds it.
    pub certificate: Option<CertificateEnd>,
}

/// The judgement of one region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RegionJudgement {
    /// Healthy if as many endpoints are as the policy wants, failing if not even those that nobody knows could make up
    /// for those that fail, unknown otherwise.
    pub health: Health,
    /// Whether it may be entered: it is healthy, and as many endpoints as the policy wants are proven.
    pub proven: bool,
    /// How many of its endpoints must be healthy.
    pub healthy_min: usize,
    /// How many of its endpoints must be proven for it to be entered.
    pub proven_min: usize,
    /// Its endpoints.
    pub endpoints: Vec<EndpointJudgement>,
    /// Its gates; empty until [`Judgement::with_gates`] adds them.
    pub gates: Vec<GateJudgement>,
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

    /// When the last vote came that made the region failing: since then a quorum has seen too many endpoints failing.
    pub fn agreed_at(&self, quorum: usize) -> Option<Timestamp> {
        let agreed = |endpoint: &EndpointJudgement| {
            let mut since: Vec<Timestamp> = endpoint.failing_since().collect();
            since.sort_unstable();
            since.get(quorum.checked_sub(1)?).copied()
        };
        let mut each: Vec<Timestamp> = self.endpoints.iter().filter_map(agreed).collect();
        each.sort_unstable();
        each.get(self.endpoints.len().checked_sub(self.healthy_min)?).copied()
    }

    /// Since when a quorum sees as many endpoints healthy, without a bad run since, as it takes to enter the region.
    pub fn healthy_since(&self, quorum: usize) -> Option<Timestamp> {
        let agreed = |endpoint: &EndpointJudgement| {
            let mut since: Vec<Timestamp> = endpoint.healthy_since().collect();
            since.sort_unstable();
            since.get(quorum.checked_sub(1)?).copied()
        };
        let mut each: Vec<Timestamp> = self.endpoints.iter().filter_map(agreed).collect();
        each.sort_unstable();
        each.get(self.proven_min.checked_sub(1)?).copied()
    }

    /// The votes in figures: "2 of 3 vantage points see 192.0.2.1 failing (fra1: timed out, …)".
    pub fn describe(&self) -> String {
        let parts: Vec<String> = self.endpoints.iter().map(EndpointJudgement::describe).collect();
        let seen = parts.join("; ");
        if self.endpoints.len() < 2 || self.healthy_min < 2 {
            return seen;
        }
        let healthy = self.endpoints.iter().filter(|endpoint| endpoint.health == Health::Healthy).count();
        format!("{healthy} of {} endpoints healthy, {} needed; {seen}", self.endpoints.len(), self.healthy_min)
    }
}

impl EndpointJudgement {
    fn failing_since(&self) -> impl Iterator<Item = Timestamp> {
        self.votes.values().filter_map(|vote| match vote {
            Vote::Failing { since, .. } => Some(*since),
            Vote::Healthy { .. }
            | Vote::Undecided { .. }
            | Vote::Blind { .. }
            | Vote::Silent { .. }
            | Vote::NotCovered => None,
        })
    }

    fn healthy_since(&self) -> impl Iterator<Item = Timestamp> {
        self.votes.values().filter_map(Vote::healthy_without_doubt_since)
    }

    fn describe(&self) -> String {
        let mut text = format!("{}: ", self.endpoint);
        let mut separator = "";
        for word in WORDS {
            let alike = || self.votes.iter().filter(|(_, vote)| vote.as_str() == *word);
            if alike().next().is_none() {
                continue;
            }
            push(&mut text, format_args!("{separator}{} of {} {} (", alike().count(), self.votes.len(), told(word)));
            for (index, (vantage, vote)) in alike().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                push_vote(&mut text, vantage, vote);
            }
            text.push(')');
            separator = ", ";
        }
        if self.insiders_only {
            text.push_str("; all of these stand in the region, one outside must agree");
        }
        text
    }
}

/// The words of votes, see [`Vote::as_str`], in the order in which they are told.
const WORDS: &[&str] = &["blind", "failing", "healthy", "notCovered", "silent", "undecided"];

fn told(word: &str) -> &str {
    if word == "notCovered" { "not covering it" } else { word }
}

fn push_vote(text: &mut String, vantage: &VantageName, vote: &Vote) {
    text.push_str(vantage.as_str());
    match vote {
        Vote::Failing { error: Some(words), .. } | Vote::Blind { reason: words, .. } => {
            push(text, format_args!(": {words}"));
        }
        // Else a region would read as healthy that no record may move to.
        Vote::Healthy { contradicting: runs @ 1.., .. } => push(text, format_args!(": {runs} bad since")),
        Vote::Failing { error: None, .. }
        | Vote::Healthy { .. }
        | Vote::Undecided { .. }
        | Vote::Silent { .. }
        | Vote::NotCovered => {}
    }
}

fn push(text: &mut String, words: fmt::Arguments<'_>) {
    text.write_fmt(words).expect("invariant: writing to a String cannot fail");
}

/// The judgement of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Judgement {
    /// By region. Shared: a step, its memory and what it keeps of the reasons look at the same one.
    pub regions: Shared<BTreeMap<RegionName, RegionJudgement>>,
    /// The drill whose injected failures it counts; `None` if all of it was seen.
    pub drill: Option<DrillId>,
}

impl Judgement {
    /// What two judgements are compared by without keeping one.
    pub fn digest(&self) -> Digest {
        Digest::of_value(self)
    }

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

#[cfg(test)]
mod tests;
