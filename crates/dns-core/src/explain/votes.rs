//! What vantage points saw, in words: "2 of 3 vantage points saw `prod` failing: lon1 since 10:31:00 (timed out), …".

use super::account::{EndpointAccount, RegionAccount, VoteAccount};
use super::moment::clock;
use super::{cut, listed};
use crate::time::Timestamp;

/// Endpoints of a region that one sentence tells apart; the others are counted.
const ENDPOINTS_TOLD: usize = 3;

/// Vantage points that one list names; the others are counted.
const NAMES_TOLD: usize = 6;

/// Whether it is told of what was, or of what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    Past,
    Present,
}

impl Tense {
    fn saw(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Past, _) => "saw",
            (Self::Present, 1) => "sees",
            (Self::Present, _) => "see",
        }
    }

    /// One of two ways to say it.
    fn either(self, past: &'static str, present: &'static str) -> &'static str {
        match self {
            Self::Past => past,
            Self::Present => present,
        }
    }
}

/// What was seen of a region, at the time that is told of.
pub(super) fn seen(name: &str, region: &RegionAccount, tense: Tense, told: Timestamp) -> String {
    let RegionAccount { endpoints, seen, .. } = region;
    if endpoints.is_empty() {
        // A row of before votes were kept, or one of too many.
        return format!("Of `{name}`: {}.", cut(seen));
    }
    let alone = endpoints.len() == 1 && region.votes_left_out == 0;
    let subject = |endpoint: &EndpointAccount| {
        if alone { format!("`{name}`") } else { format!("{} in `{name}`", endpoint.endpoint) }
    };
    let told_apart = endpoints.iter().take(ENDPOINTS_TOLD);
    let mut sentences: Vec<String> =
        told_apart.map(|endpoint| of_endpoint(&subject(endpoint), endpoint, tense, told)).collect();
    sentences.splice(0..0, share(name, region, tense));
    let rest = endpoints.len().saturating_sub(ENDPOINTS_TOLD);
    if rest > 0 {
        sentences.push(format!("{rest} more endpoints of `{name}` are in the details."));
    }
    if region.votes_left_out > 0 {
        sentences.push(format!("{} more votes on `{name}` were not kept.", region.votes_left_out));
    }
    sentences.join(" ")
}

/// Where not one endpoint alone decides: how many of them are healthy, and how many must be.
fn share(name: &str, region: &RegionAccount, tense: Tense) -> Option<String> {
    let RegionAccount { endpoints, healthy_min, votes_left_out, .. } = region;
    let healthy = endpoints.iter().filter(|endpoint| endpoint.health == "healthy").count();
    let were = tense.either("were", "are");
    let told =
        || format!("{healthy} of {} endpoints of `{name}` {were} healthy, {healthy_min} needed.", endpoints.len());
    (*healthy_min > 1 && *votes_left_out == 0).then(told)
}

fn of_endpoint(subject: &str, endpoint: &EndpointAccount, tense: Tense, told: Timestamp) -> String {
    let of = |word: &str| endpoint.votes.iter().filter(|vote| vote.vote == word).collect::<Vec<&VoteAccount>>();
    let (failing, healthy, all) = (of("failing"), of("healthy"), endpoint.votes.len());
    let count = |count: usize, word: &str| {
        let points = if all == 1 { "vantage point" } else { "vantage points" };
        format!("{count} of {all} {points} {} {subject} {word}", tense.saw(count))
    };
    let mut sentences = Vec::new();
    if failing.is_empty() {
        sentences.push(format!("{}.", count(healthy.len(), "healthy")));
    } else {
        let names: Vec<String> = failing.iter().map(|vote| since(vote, told)).collect();
        sentences.push(format!("{}: {}.", count(failing.len(), "failing"), few(names)));
        if !healthy.is_empty() {
            let names = few(healthy.iter().map(|vote| vote.vantage.clone()).collect());
            sentences.push(format!("{} {} it healthy: {names}.", healthy.len(), tense.saw(healthy.len())));
        }
    }
    let doubts = healthy.iter().filter(|vote| vote.contradicting > 0).map(|vote| doubt(vote));
    let absent = endpoint.votes.iter().filter_map(|vote| absence(vote, tense, told));
    let others: Vec<String> = doubts.chain(absent).collect();
    if !others.is_empty() {
        sentences.push(format!("{}.", few(others)));
    }
    if endpoint.insiders_only {
        let stand = tense.either("stood", "stand");
        sentences.push(format!("All that agree {stand} in the region: one outside must agree as well."));
    }
    sentences.join(" ")
}

/// "lon1 since 10:31:00 (timed out)".
fn since(vote: &VoteAccount, told: Timestamp) -> String {
    let when = vote.since.map(|since| format!(" since {}", clock(since, told))).unwrap_or_default();
    format!("{}{when}{}", vote.vantage, in_brackets(vote))
}

fn doubt(vote: &VoteAccount) -> String {
    let runs = if vote.contradicting == 1 { "run".to_owned() } else { format!("{} runs", vote.contradicting) };
    format!("the last {runs} from {} failed{}", vote.vantage, in_brackets(vote))
}

/// Why a vantage point did not count.
fn absence(vote: &VoteAccount, tense: Tense, told: Timestamp) -> Option<String> {
    let VoteAccount { vantage, since, .. } = vote;
    let why = in_brackets(vote);
    let (was, lasts) = (tense.either("was", "is"), tense.either("was", "has been"));
    Some(match (vote.vote.as_str(), since) {
        ("blind", Some(since)) => format!("{vantage} {lasts} blind since {}{why}", clock(*since, told)),
        ("blind", None) => format!("{vantage} {was} blind{why}"),
        ("silent", Some(since)) => format!("{vantage} {was} silent, last heard at {}", clock(*since, told)),
        ("silent", None) => format!("{vantage} {was} silent"),
        ("undecided", _) => format!("{vantage} {} not probed often enough{why}", tense.either("had", "has")),
        ("notCovered", _) => format!("{vantage} {} not probe it", tense.either("did", "does")),
        (_, _) => return None,
    })
}

fn in_brackets(vote: &VoteAccount) -> String {
    vote.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default()
}

fn few(mut names: Vec<String>) -> String {
    let rest = names.len().saturating_sub(NAMES_TOLD);
    if rest > 0 {
        names.truncate(NAMES_TOLD);
        names.push(format!("{rest} more"));
    }
    listed(&names)
}

/// The first that saw the region failing, and what it said.
pub(super) fn first_to_see(region: &RegionAccount) -> Option<&VoteAccount> {
    let votes = region.endpoints.iter().flat_map(|endpoint| &endpoint.votes);
    votes.filter(|vote| vote.vote == "failing" && vote.since.is_some()).min_by_key(|vote| vote.since)
}
