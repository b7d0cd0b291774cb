//! What rows keep, and how much of it.

use super::stage::{Stage, all, failing_since, healthy_since};
use crate::explain::account::{Account, ERROR_LETTERS, VOTES_KEPT};
use crate::explain::votes::{Tense, seen};
use crate::fixture::{START, region, service};
use crate::history::HistoryKind;
use crate::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::kernel::{Rule, Said};

fn crowded(endpoints: usize, error: &str) -> Judgement {
    let failing = Vote::Failing { since: START, error: Some(error.to_owned()) };
    let votes = (0..8).map(|number| (format!("v{number}").parse().expect("a name"), failing.clone())).collect();
    let endpoint = |number: usize| EndpointJudgement {
        endpoint: format!("192.0.2.{number}"),
        health: Health::Failing,
        proven: false,
        insiders_only: false,
        certificate: None,
        votes: Clone::clone(&votes),
    };
    let region_of = || RegionJudgement {
        health: Health::Failing,
        proven: false,
        gates: Vec::new(),
        healthy_min: 1,
        proven_min: endpoints,
        endpoints: (0..endpoints).map(endpoint).collect(),
    };
    Judgement { regions: [(region("dr"), region_of()), (region("prod"), region_of())].into(), drill: None }
}

#[test]
fn a_decision_keeps_votes_rules_and_candidates_and_reads_them_back() {
    let mut stage = Stage::adopted();
    let now = stage.now;
    stage.judged([[failing_since(now), failing_since(now), healthy_since(START)], all(healthy_since(START))]);
    let decided = stage.rows.iter().find(|row| row.kind == HistoryKind::Decided).expect("decided");
    let account = Account::read(&decided.details);
    assert_eq!((account.quorum, account.ready_for_ms), (2, 120_000));
    let prod = &account.evidence["prod"];
    let votes: Vec<(&str, &str)> =
        prod.endpoints[0].votes.iter().map(|vote| (vote.vantage.as_str(), vote.vote.as_str())).collect();
    assert_eq!(votes, [("fra1", "failing"), ("lon1", "failing"), ("nyc1", "healthy")]);
    assert_eq!(prod.endpoints[0].votes[0].error.as_deref(), Some("https: connection refused"));
    assert_eq!(account.rules.iter().map(|answer| answer.rule).collect::<Vec<_>>(), Rule::ALL);
    assert!(account.rules.iter().all(|answer| answer.answer == Said::Yes));
    let ready = account.rules.iter().find(|answer| answer.rule == Rule::TargetProven).and_then(|one| one.why.clone());
    let figure = "3 of 3 vantage points have seen all of `dr` healthy for 120 s or longer, 2 must";
    assert_eq!(ready.as_deref(), Some(figure));
    assert_eq!((account.candidates.len(), account.candidates[0].chosen), (1, true));
}

#[test]
fn a_row_keeps_the_votes_of_the_region_that_is_left_first_and_counts_the_rest() {
    let judgement = crowded(6, "timed out");
    let ends = (Some(region("prod")), Some(region("dr")));
    let account = Account::of(&service(), Some(&judgement), (ends.0.as_ref(), ends.1.as_ref()), &[]);
    assert_eq!(account.evidence["prod"].endpoints.len(), 6);
    assert_eq!(account.evidence["dr"].endpoints.len(), VOTES_KEPT / 8 - 6);
    assert_eq!((account.evidence["prod"].votes_left_out, account.evidence["dr"].votes_left_out), (0, 32));
}

#[test]
fn a_row_stays_small_whatever_vantage_points_say() {
    let judgement = crowded(500, &"x".repeat(10_000));
    let ends = (Some(region("prod")), Some(region("dr")));
    let account = Account::of(&service(), Some(&judgement), (ends.0.as_ref(), ends.1.as_ref()), &[]);
    let kept = account.evidence["prod"].endpoints[0].votes[0].error.clone().expect("an error");
    assert_eq!(kept.chars().count(), ERROR_LETTERS + 1, "cut, with a mark");
    let bytes = serde_json::Value::Object(account.into_details()).to_string().len();
    assert!(bytes < 20 * 1024, "{bytes} bytes");
}

#[test]
fn a_share_of_endpoints_and_insiders_are_told() {
    let mut judgement = crowded(4, "timed out");
    let prod = judgement.regions.get_mut(&region("prod")).expect("judged");
    (prod.healthy_min, prod.endpoints[0].insiders_only) = (3, true);
    let ends = (Some(region("prod")), Some(region("dr")));
    let account = Account::of(&service(), Some(&judgement), (ends.0.as_ref(), ends.1.as_ref()), &[]);
    let told = seen("prod", &account.evidence["prod"], Tense::Past, START);
    assert!(
        told.starts_with("0 of 4 endpoints of `prod` were healthy, 3 needed. 8 of 8 vantage points saw 192.0.2.0 in"),
        "{told}"
    );
    assert_eq!(told.matches("one outside must agree as well").count(), 1, "{told}");
    assert!(told.ends_with("1 more endpoints of `prod` are in the details."), "{told}");
}

#[test]
fn what_a_newer_program_wrote_is_read_as_far_as_it_is_known() {
    let details = serde_json::json!({
        "quorum": 2,
        "rules": [{ "rule": "fullMoon", "answer": "no" }, { "rule": "notPaused", "answer": "yes", "mood": "good" }],
        "evidence": { "prod": { "health": "failing", "endpoints": [{ "endpoint": "a", "votes": [{ "vote": "dreaming" }] }] } },
        "candidates": "none",
    });
    let account = Account::read(&details);
    assert_eq!(account.rules.iter().map(|answer| answer.rule).collect::<Vec<_>>(), [Rule::NotPaused]);
    assert_eq!(account.evidence["prod"].endpoints[0].votes[0].vote, "dreaming");
    assert_eq!(Account::read(&serde_json::Value::Null), Account::default());
}
