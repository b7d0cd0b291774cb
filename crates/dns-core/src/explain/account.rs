//! What was known when something was decided or held: kept in the history row's details, as data.
//!
//! It is bounded: at most [`VOTES_KEPT`] votes a row, each with [`ERROR_LETTERS`] letters of its error, so that a row of a
//! service with many endpoints and vantage points is some ten KiB and not megabytes. What is left out is counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{cut, cut_to};
use crate::gate::GateJudgement;
use crate::identifier::RegionName;
use crate::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::kernel::Answer;
use crate::policy::Policy;
use crate::service::Service;
use crate::time::Timestamp;

/// Votes that one row keeps, those of the region that is left first, then those of the target: two regions with four
/// endpoints each, seen from eight vantage points. Each takes a quarter of a KiB at the most.
pub const VOTES_KEPT: usize = 64;

/// Letters of an error or of a reason for blindness that a vote keeps: a sentence with an address and a cause.
pub const ERROR_LETTERS: usize = 120;

/// Other regions that a row names, more than any service has in practice.
pub const CANDIDATES_KEPT: usize = 8;
/// Gates of a region that a row keeps: more than anybody has asked for.
pub const GATES_KEPT: usize = 8;

/// What was known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// How many vantage points must agree.
    pub quorum: usize,
    /// How long a target must have been seen healthy.
    pub ready_for_ms: u64,
    /// What was seen, by region.
    pub evidence: BTreeMap<String, RegionAccount>,
    /// What every rule said.
    pub rules: Vec<Answer>,
    /// Where it could have gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// What was seen of a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegionAccount {
    /// `healthy`, `failing` or `unknown`.
    pub health: String,
    /// Whether records might move there.
    pub proven: bool,
    /// The votes in one line.
    pub seen: String,
    /// When the first vantage point that saw it failing then began to.
    pub suspected_at: Option<Timestamp>,
    /// When the quorum was reached.
    pub agreed_at: Option<Timestamp>,
    /// How many of its endpoints had to be healthy.
    #[serde(skip_serializing_if = "is_none")]
    pub healthy_min: usize,
    /// What its gates said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<serde_json::Value>,
    /// Its endpoints. Rows of before votes were kept have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointAccount>,
    /// Votes that the bound of a row left out.
    #[serde(skip_serializing_if = "is_none")]
    pub votes_left_out: usize,
}

/// What was seen of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointAccount {
    /// Address or host name.
    pub endpoint: String,
    /// The quorum's value.
    pub health: String,
    /// Whether a quorum agreed of which nobody stood outside the region.
    #[serde(skip_serializing_if = "is_false")]
    pub insiders_only: bool,
    /// Every vantage point's vote.
    pub votes: Vec<VoteAccount>,
}

/// One vote.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VoteAccount {
    /// Whose.
    pub vantage: String,
    /// The vote as a word, see [`Vote::as_str`].
    pub vote: String,
    /// Since when; of a silent vantage point, when it was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Bad runs in a row of one that still says healthy.
    #[serde(skip_serializing_if = "is_no_run")]
    pub contradicting: u32,
    /// What the last bad run said, or why it is blind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A region that a move could have gone to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Candidate {
    /// Which.
    pub region: String,
    /// Whether it was taken.
    pub chosen: bool,
    /// What spoke for it or against it.
    pub why: String,
}

impl Account {
    /// What is known of a service before it leaves `from` for `to`.
    pub(crate) fn of(
        service: &Service,
        judgement: Option<&Judgement>,
        (from, to): (Option<&RegionName>, Option<&RegionName>),
        rules: &[Answer],
    ) -> Self {
        let Policy { quorum, ready_for, .. } = &*service.policy;
        let evidence = judgement.map(|judgement| evidence(judgement, *quorum, [from, to], VOTES_KEPT));
        Self {
            quorum: *quorum,
            ready_for_ms: u64::try_from(ready_for.as_millis()).unwrap_or(u64::MAX),
            evidence: evidence.unwrap_or_default(),
            rules: rules.iter().map(bounded).collect(),
            candidates: candidates(service, judgement, from, to),
        }
    }

    /// As a history row's details.
    pub(crate) fn into_details(self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(details)) => details,
            Ok(_) | Err(_) => Map::new(),
        }
    }

    /// Reads what a row has kept. What is missing, or was written by a program that knows more, is left out.
    pub(crate) fn read(details: &Value) -> Self {
        let all = |key: &str| details[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let regions = details["evidence"].as_object().into_iter().flatten();
        Self {
            quorum: details["quorum"].as_u64().and_then(|quorum| usize::try_from(quorum).ok()).unwrap_or_default(),
            ready_for_ms: details["readyForMs"].as_u64().unwrap_or_default(),
            evidence: regions.filter_map(|(name, seen)| Some((name.clone(), parsed(seen)?))).collect(),
            rules: all("rules").iter().filter_map(parsed).collect(),
            candidates: all("candidates").iter().filter_map(parsed).collect(),
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn bounded(answer: &Answer) -> Answer {
    Answer { why: answer.why.as_deref().map(cut), ..*answer }
}

/// What is seen of every region; the votes of those that come first are kept first.
pub(super) fn evidence(
    judgement: &Judgement,
    quorum: usize,
    first: [Option<&RegionName>; 2],
    votes_kept: usize,
) -> BTreeMap<String, RegionAccount> {
    let mut room = votes_kept;
    let first: Vec<&RegionName> = first.into_iter().flatten().collect();
    let rest = judgement.regions.keys().filter(|name| !first.contains(name));
    let order = first.iter().copied().chain(rest);
    order.filter_map(|name| Some((name.to_string(), region(judgement.regions.get(name)?, quorum, &mut room)))).collect()
}

fn region(judged: &RegionJudgement, quorum: usize, room: &mut usize) -> RegionAccount {
    let all: usize = judged.endpoints.iter().map(|endpoint| endpoint.votes.len()).sum();
    let before = *room;
    let endpoints: Vec<EndpointAccount> = judged.endpoints.iter().map_while(|one| endpoint(one, room)).collect();
    RegionAccount {
        health: judged.health.to_string(),
        proven: judged.proven,
        seen: cut(&judged.describe()),
        suspected_at: judged.suspected_at(),
        agreed_at: judged.agreed_at(quorum),
        healthy_min: judged.healthy_min,
        gates: judged.gates.iter().take(GATES_KEPT).map(GateJudgement::to_evidence).collect(),
        endpoints,
        votes_left_out: all.saturating_sub(before - *room),
    }
}

/// An endpoint's votes, all or none: half of them would tell another quorum.
fn endpoint(judged: &EndpointJudgement, room: &mut usize) -> Option<EndpointAccount> {
    *room = room.checked_sub(judged.votes.len())?;
    let votes = judged.votes.iter().map(|(vantage, said)| vote(vantage.to_string(), said));
    Some(EndpointAccount {
        endpoint: judged.endpoint.clone(),
        health: judged.health.to_string(),
        insiders_only: judged.insiders_only,
        votes: votes.collect(),
    })
}

fn vote(vantage: String, said: &Vote) -> VoteAccount {
    let (since, contradicting, error) = match said {
        Vote::Healthy { since, contradicting, error } => (Some(*since), *contradicting, error.as_deref()),
        Vote::Failing { since, error } => (Some(*since), 0, error.as_deref()),
        Vote::Undecided { error } => (None, 0, error.as_deref()),
        Vote::Blind { reason, since } => (Some(*since), 0, Some(reason.as_str())),
        Vote::Silent { since } => (*since, 0, None),
        Vote::NotCovered => (None, 0, None),
    };
    let error = error.map(|words| cut_to(words, ERROR_LETTERS));
    VoteAccount { vantage, vote: said.as_str().to_owned(), since, contradicting, error }
}

/// Every region but the one that is left, in the order of preference.
fn candidates(
    service: &Service,
    judgement: Option<&Judgement>,
    from: Option<&RegionName>,
    to: Option<&RegionName>,
) -> Vec<Candidate> {
    let names = service.regions.iter().map(|region| &region.name);
    let others = names.filter(|name| Some(*name) != from).take(CANDIDATES_KEPT);
    others
        .map(|name| Candidate {
            region: name.to_string(),
            chosen: to == Some(name),
            why: judgement.map_or("not judged yet", |judgement| standing(judgement, name)).to_owned(),
        })
        .collect()
}

fn standing(judgement: &Judgement, name: &RegionName) -> &'static str {
    match (judgement.is_proven(name), judgement.health(name)) {
        (true, _) => "proven",
        (false, Health::Healthy) => "healthy, but not for long enough",
        (false, Health::Failing) => "failing",
        (false, Health::Unknown) => "not known",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn is_false(so: &bool) -> bool {
    !so
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn is_no_run(count: &u32) -> bool {
    *count == 0
}
