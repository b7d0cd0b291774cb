//! Judging: what a quorum makes of honest, lying, blind, silent, stale and outdated vantage points.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::digest::Digest;
use crate::evidence::{
    EndpointEvidence, EndpointKey, EvidenceBook, STALE_AFTER, Sight, Sightings, VantageEvidence, Verdict,
};
use crate::fixture::{READY_FOR, START, place, region, service};
use crate::policy::Capacity;
use crate::probe::Probes;
use crate::service::{Endpoint, Region, Service, endpoint_digest};
use crate::share::Share;

/// What one vantage point says of every endpoint of a region.
#[derive(Clone, Copy)]
struct Says {
    verdict: Verdict,
    since: Timestamp,
    contradicting: u32,
}

const LONG_AGO: Timestamp = Timestamp::from_secs(START.as_secs() - 86_400);
const HEALTHY: Says = Says { verdict: Verdict::Healthy, since: LONG_AGO, contradicting: 0 };
const FAILING: Says = Says { verdict: Verdict::Failing, since: LONG_AGO, contradicting: 0 };
const UNDECIDED: Says = Says { verdict: Verdict::Undecided, since: LONG_AGO, contradicting: 0 };

/// Makes evidence worthless in one way.
type Spoil = fn(&mut VantageEvidence);

fn one_endpoint() -> Service {
    let mut service = service();
    service.regions = vec![place("prod", &["192.0.2.10"]), place("dr", &["198.51.100.10"])].into();
    service
}

fn evidence(service: &Service, says: Says) -> VantageEvidence {
    evidence_of_each(service, |_| says)
}

fn evidence_of_each(service: &Service, says: impl Fn(&EndpointKey) -> Says) -> VantageEvidence {
    let one = |region: &Region, endpoint: &Endpoint| {
        let endpoint_key =
            EndpointKey { service: service.name.clone(), region: region.name.clone(), endpoint: endpoint.to_string() };
        let says = says(&endpoint_key);
        let seen = EndpointEvidence {
            spec: endpoint_digest(endpoint, &region.probes, service.policy.detection).into(),
            verdict: says.verdict,
            since: says.since,
            contradicting: says.contradicting,
            error: (says.verdict == Verdict::Failing).then(|| "timed out".to_owned()),
            certificate_until: None,
        };
        (endpoint_key, seen)
    };
    let all = service.regions.iter().flat_map(|region| region.endpoints.iter().map(move |endpoint| (region, endpoint)));
    VantageEvidence {
        heard: START,
        sight: Sight::Sighted,
        config: Digest::over([]),
        endpoints: all.map(|(region, endpoint)| one(region, endpoint)).collect(),
    }
}

fn blinded() -> Sight {
    Sight::Blind { reason: "late ticks".to_owned(), since: LONG_AGO }
}

fn vantage(text: &str) -> VantageName {
    text.parse().expect("a name")
}

fn book(service: &Service, says: [Says; 3]) -> EvidenceBook {
    let names = ["fra1", "lon1", "nyc1"].map(vantage);
    names.into_iter().zip(says).map(|(name, says)| (name, evidence(service, says))).collect()
}

fn prod(service: &Service, book: &EvidenceBook, now: Timestamp) -> RegionJudgement {
    judge(service, book, now).regions.remove(&region("prod")).expect("judged")
}

#[test]
fn a_quorum_decides_and_one_liar_does_not() {
    let service = one_endpoint();
    for (says, health) in [
        ([HEALTHY, HEALTHY, HEALTHY], Health::Healthy),
        ([HEALTHY, HEALTHY, FAILING], Health::Healthy),
        ([HEALTHY, FAILING, FAILING], Health::Failing),
        ([FAILING, FAILING, FAILING], Health::Failing),
        ([HEALTHY, FAILING, UNDECIDED], Health::Unknown),
        ([UNDECIDED, UNDECIDED, FAILING], Health::Unknown),
        ([UNDECIDED, UNDECIDED, UNDECIDED], Health::Unknown),
    ] {
        let judged = prod(&service, &book(&service, says), START);
        assert_eq!(judged.health, health, "{}", judged.describe());
    }
}

#[test]
fn one_vantage_point_that_sees_it_failing_makes_a_suspicion() {
    let service = one_endpoint();
    assert!(prod(&service, &book(&service, [HEALTHY, HEALTHY, FAILING]), START).is_suspected());
    assert!(!prod(&service, &book(&service, [HEALTHY, HEALTHY, UNDECIDED]), START).is_suspected());
    assert!(prod(&service, &book(&service, [FAILING, FAILING, FAILING]), START).is_suspected());
}

#[test]
fn blindness_silence_and_old_specifications_are_no_evidence() {
    let service = one_endpoint();
    let blind = |evidence: &mut VantageEvidence| evidence.sight = blinded();
    let stale = |evidence: &mut VantageEvidence| evidence.heard = START.before(STALE_AFTER + Duration::from_millis(1));
    let future = |evidence: &mut VantageEvidence| evidence.heard = START + STALE_AFTER + Duration::from_millis(1);
    let elsewhere = |evidence: &mut VantageEvidence| {
        let mut old = one_endpoint();
        old.regions.iter_mut().for_each(|region| region.probes = Probes::default());
        evidence.endpoints = self::evidence(&old, FAILING).endpoints;
    };
    let nothing = |evidence: &mut VantageEvidence| evidence.endpoints = Sightings::default();
    let ways: [(Spoil, &str); 5] =
        [(blind, "blind"), (stale, "silent"), (future, "silent"), (elsewhere, "notCovered"), (nothing, "notCovered")];
    for (spoil, word) in ways {
        for said in [HEALTHY, FAILING] {
            let mut book = book(&service, [said, said, said]);
            let (first, second) = (vantage("fra1"), vantage("lon1"));
            spoil(book.get_mut(&first).expect("there"));
            let judged = prod(&service, &book, START);
            assert_ne!(judged.health, Health::Unknown, "two of three are enough");
            assert_eq!(judged.endpoints[0].votes[&first].as_str(), word);
            spoil(book.get_mut(&second).expect("there"));
            let judged = prod(&service, &book, START);
            assert_eq!((judged.health, judged.proven), (Health::Unknown, false), "{word}: {}", judged.describe());
        }
    }
}

#[test]
fn blindness_and_silence_say_since_when() {
    let service = one_endpoint();
    let mut book = book(&service, [HEALTHY, HEALTHY, HEALTHY]);
    book.get_mut(&vantage("fra1")).expect("there").sight = blinded();
    book.remove(&vantage("nyc1"));
    let heard = START.before(STALE_AFTER + Duration::from_secs(7));
    book.get_mut(&vantage("lon1")).expect("there").heard = heard;
    let vote = |book: &EvidenceBook, name: &str| prod(&service, book, START).endpoints[0].votes[&vantage(name)].clone();
    assert_eq!(vote(&book, "fra1"), Vote::Blind { reason: "late ticks".to_owned(), since: LONG_AGO });
    assert_eq!(vote(&book, "lon1"), Vote::Silent { since: Some(heard) });
    assert_eq!(vote(&book, "nyc1"), Vote::Silent { since: None }, "it was never heard");
    for nowhere in [Timestamp::default(), START + STALE_AFTER * 2] {
        book.get_mut(&vantage("lon1")).expect("there").heard = nowhere;
        assert_eq!(vote(&book, "lon1"), Vote::Silent { since: None }, "that is no time at which it was heard");
    }
}

#[test]
fn evidence_counts_up_to_three_heartbeats() {
    let service = one_endpoint();
    let book = book(&service, [FAILING; 3]);
    assert_eq!(prod(&service, &book, START + STALE_AFTER).health, Health::Failing);
    assert_eq!(prod(&service, &book, START + STALE_AFTER + Duration::from_millis(1)).health, Health::Unknown);
}

#[test]
fn nobody_heard_is_unknown_and_never_failing() {
    let service = one_endpoint();
    let judgement = judge(&service, &EvidenceBook::new(), START);
    assert!(!judgement.all_failing());
    for judged in judgement.regions.values() {
        assert_eq!((judged.health, judged.proven), (Health::Unknown, false));
        assert!(judged.endpoints[0].votes.values().all(|vote| vote.as_str() == "silent"));
    }
    assert_eq!(judgement.health(&region("moon")), Health::Unknown);
    assert!(!judgement.is_proven(&region("moon")));
    assert!(!Judgement { regions: BTreeMap::new().into(), drill: None }.all_failing());
}

#[test]
fn a_vantage_point_outside_the_policy_has_no_vote() {
    let mut service = one_endpoint();
    let book = book(&service, [FAILING; 3]);
    service.policy.vantage_points = [vantage("fra1"), vantage("ams1")].into();
    let judged = prod(&service, &book, START);
    assert_eq!(judged.health, Health::Unknown);
    assert_eq!(judged.endpoints[0].votes.len(), 2);
}

#[test]
fn quorums_that_contradict_each_other_know_nothing() {
    let mut service = one_endpoint();
    service.policy.quorum = 1;
    assert_eq!(prod(&service, &book(&service, [HEALTHY, FAILING, UNDECIDED]), START).health, Health::Unknown);
    assert_eq!(prod(&service, &book(&service, [UNDECIDED, FAILING, UNDECIDED]), START).health, Health::Failing);
    service.policy.quorum = 0;
    let judged = prod(&service, &EvidenceBook::new(), START);
    assert_eq!((judged.health, judged.proven), (Health::Unknown, false), "a broken policy judges nothing");
}

#[test]
fn proven_needs_the_ready_time_from_a_quorum() {
    let service = one_endpoint();
    let since = |age: Duration| Says { since: START.before(age), ..HEALTHY };
    let short = since(READY_FOR.checked_sub(Duration::from_millis(1)).expect("long enough"));
    let enough = since(READY_FOR);
    assert!(prod(&service, &book(&service, [enough, enough, short]), START).proven);
    assert!(!prod(&service, &book(&service, [enough, short, short]), START).proven);
    let future = Says { since: START + READY_FOR, ..HEALTHY };
    assert!(!prod(&service, &book(&service, [enough, future, future]), START).proven, "no age at all");
}

#[test]
fn proven_needs_that_nothing_contradicts() {
    let service = one_endpoint();
    let doubted = Says { contradicting: 1, ..HEALTHY };
    let judged = prod(&service, &book(&service, [HEALTHY, doubted, doubted]), START);
    assert_eq!((judged.health, judged.proven), (Health::Healthy, false));
    assert!(prod(&service, &book(&service, [HEALTHY, HEALTHY, doubted]), START).proven);
    assert!(!prod(&service, &book(&service, [FAILING, FAILING, HEALTHY]), START).proven);
}

#[test]
fn a_region_is_left_only_when_nothing_serves_and_entered_only_when_all_does() {
    let mut service = one_endpoint();
    service.regions[0] = place("prod", &["192.0.2.10", "192.0.2.11"]);
    let with = |first: Verdict, second: Verdict| {
        let mut book = book(&service, [HEALTHY; 3]);
        for evidence in book.values_mut() {
            let said = |key: &EndpointKey| if key.endpoint == "192.0.2.11" { second } else { first };
            *evidence = evidence_of_each(&service, |key| Says { verdict: said(key), ..HEALTHY });
        }
        let judged = prod(&service, &book, START);
        (judged.health, judged.proven)
    };
    assert_eq!(with(Verdict::Healthy, Verdict::Healthy), (Health::Healthy, true));
    assert_eq!(with(Verdict::Healthy, Verdict::Failing), (Health::Healthy, false));
    assert_eq!(with(Verdict::Undecided, Verdict::Healthy), (Health::Healthy, false));
    assert_eq!(with(Verdict::Failing, Verdict::Undecided), (Health::Unknown, false));
    assert_eq!(with(Verdict::Failing, Verdict::Failing), (Health::Failing, false));
}

/// A region of four endpoints, the first ones failing, the next ones not known.
fn prod_of_four(capacity: Capacity, failing: usize, unknown: usize) -> RegionJudgement {
    let mut service = one_endpoint();
    let all = ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13"];
    service.regions[0] = place("prod", &all);
    service.policy.capacity = capacity;
    let mut book = book(&service, [HEALTHY; 3]);
    for evidence in book.values_mut() {
        *evidence = evidence_of_each(&service, |key| match all.iter().position(|endpoint| *endpoint == key.endpoint) {
            Some(rank) if rank < failing => FAILING,
            Some(rank) if rank < failing + unknown => UNDECIDED,
            Some(_) | None => HEALTHY,
        });
    }
    prod(&service, &book, START)
}

#[test]
fn a_region_fails_when_the_share_of_healthy_endpoints_falls_below_the_bound() {
    let half = Capacity { failing_below: Some("50%".parse().expect("a share")), ready_from: Share::ALL };
    for (failing, unknown, health) in [
        (0, 0, Health::Healthy),
        (2, 0, Health::Healthy),
        (2, 1, Health::Unknown),
        (1, 2, Health::Unknown),
        (3, 0, Health::Failing),
        (3, 1, Health::Failing),
        (0, 4, Health::Unknown),
    ] {
        let judged = prod_of_four(half, failing, unknown);
        assert_eq!(judged.health, health, "{failing} failing, {unknown} unknown: {}", judged.describe());
    }
    let told = prod_of_four(half, 3, 0);
    assert!(told.describe().starts_with("1 of 4 endpoints healthy, 2 needed; "), "{}", told.describe());
    assert_eq!(told.agreed_at(2), Some(LONG_AGO), "when the third had a quorum");
    assert_eq!(prod_of_four(half, 2, 0).agreed_at(2), None);
}

#[test]
fn a_region_is_entered_with_the_share_that_the_policy_wants_and_never_with_less_than_it_is_left_with() {
    let capacity = |below: &str, ready: &str| Capacity {
        failing_below: Some(below.parse().expect("a share")),
        ready_from: ready.parse().expect("a share"),
    };
    assert!(prod_of_four(capacity("50%", "75%"), 1, 0).proven);
    assert!(!prod_of_four(capacity("50%", "75%"), 2, 0).proven);
    assert!(!prod_of_four(Capacity::default(), 1, 0).proven, "all of them, unless the policy says otherwise");
    assert_eq!(capacity("75%", "25%").proven_min(4), 3);
}

#[test]
fn healthy_since_is_when_the_last_vote_came_that_it_takes() {
    let service = one_endpoint();
    let at = |secs: u64| LONG_AGO + Duration::from_secs(secs);
    let healthy = |secs: u64| Says { since: at(secs), ..HEALTHY };
    assert_eq!(prod(&service, &book(&service, [healthy(7), healthy(3), FAILING]), START).healthy_since(2), Some(at(7)));
    let doubted = Says { contradicting: 1, ..healthy(3) };
    assert_eq!(prod(&service, &book(&service, [healthy(7), doubted, FAILING]), START).healthy_since(2), None);
}

#[test]
fn vantage_points_inside_a_region_do_not_judge_it_alone() {
    let mut service = one_endpoint();
    service.regions[0].inside = BTreeSet::from([vantage("fra1"), vantage("lon1")]).into();
    for (says, health, insiders_only) in [
        ([FAILING, FAILING, HEALTHY], Health::Unknown, true),
        ([HEALTHY, HEALTHY, FAILING], Health::Unknown, true),
        ([HEALTHY, FAILING, FAILING], Health::Failing, false),
        ([FAILING, HEALTHY, HEALTHY], Health::Healthy, false),
        ([FAILING, FAILING, FAILING], Health::Failing, false),
        ([UNDECIDED, UNDECIDED, FAILING], Health::Unknown, false),
    ] {
        let judged = prod(&service, &book(&service, says), START);
        let told = judged.describe();
        assert_eq!((judged.health, judged.endpoints[0].insiders_only), (health, insiders_only), "{told}");
        assert_eq!(told.contains("one outside must agree"), insiders_only, "{told}");
    }
    let short = Says { since: START, ..HEALTHY };
    let judged = prod(&service, &book(&service, [HEALTHY, HEALTHY, short]), START);
    assert_eq!((judged.health, judged.proven), (Health::Healthy, false), "ready is said by insiders alone");
}

#[test]
fn describes_votes_in_figures_with_reasons() {
    let service = one_endpoint();
    let mut book = book(&service, [FAILING, FAILING, HEALTHY]);
    book.get_mut(&vantage("nyc1")).expect("there").sight = blinded();
    assert_eq!(
        prod(&service, &book, START).describe(),
        "192.0.2.10: 1 of 3 blind (nyc1: late ticks), 2 of 3 failing (fra1: timed out, lon1: timed out)"
    );
    let doubted = self::book(&service, [Says { contradicting: 2, ..HEALTHY }, HEALTHY, HEALTHY]);
    assert_eq!(
        prod(&service, &doubted, START).describe(),
        "192.0.2.10: 3 of 3 healthy (fra1: 2 bad since, lon1, nyc1)"
    );
    book.remove(&vantage("fra1"));
    book.get_mut(&vantage("lon1")).expect("there").endpoints = Sightings::default();
    assert_eq!(
        prod(&service, &book, START).describe(),
        "192.0.2.10: 1 of 3 blind (nyc1: late ticks), 1 of 3 not covering it (lon1), 1 of 3 silent (fra1)"
    );
}

#[test]
fn tells_when_the_first_saw_it_failing_and_when_the_quorum_did() {
    let service = one_endpoint();
    let at = |secs: u64| LONG_AGO + Duration::from_secs(secs);
    let failing = |secs: u64| Says { since: at(secs), ..FAILING };
    let judged = prod(&service, &book(&service, [failing(7), HEALTHY, failing(3)]), START);
    assert_eq!((judged.suspected_at(), judged.agreed_at(2)), (Some(at(3)), Some(at(7))));
    let judged = prod(&service, &book(&service, [failing(7), HEALTHY, UNDECIDED]), START);
    assert_eq!((judged.suspected_at(), judged.agreed_at(2)), (Some(at(7)), None));
    let judged = prod(&service, &book(&service, [HEALTHY; 3]), START);
    assert_eq!((judged.suspected_at(), judged.agreed_at(2)), (None, None));
}
