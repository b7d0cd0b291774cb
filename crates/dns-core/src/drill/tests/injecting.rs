//! Whose injections count, for what, and for how long.

use std::collections::BTreeMap;

use super::*;
use crate::digest::Digest;
use crate::drill::injection::{Honoured, Injected, InjectionBook, judge_injected};
use crate::evidence::{EndpointEvidence, EndpointKey, EvidenceBook, Sight as Eyes, VantageEvidence, Verdict};
use crate::fixture::place;
use crate::identifier::VantageName;
use crate::judgement::{Health, Judgement, judge};
use crate::service::{Service, endpoint_digest};

fn one_endpoint() -> Service {
    let mut service = service();
    service.regions = vec![place("prod", &["192.0.2.10"]), place("dr", &["198.51.100.10"])].into();
    service
}

fn vantages() -> [VantageName; 3] {
    ["fra1", "lon1", "nyc1"].map(|name| name.parse().expect("a name"))
}

fn key(service: &Service, rank: usize) -> EndpointKey {
    let region = &service.regions[rank];
    let endpoint = region.endpoints[0].to_string();
    EndpointKey { service: service.name.clone(), region: region.name.clone(), endpoint }
}

/// Every vantage point sees `prod` as said and `dr` healthy.
fn book(service: &Service, prod: Verdict) -> EvidenceBook {
    let seen = |rank: usize, verdict: Verdict| {
        let region = &service.regions[rank];
        let evidence = EndpointEvidence {
            spec: endpoint_digest(&region.endpoints[0], &region.probes, service.policy.detection).into(),
            verdict,
            since: Timestamp::default(),
            contradicting: 0,
            error: None,
            certificate_until: None,
        };
        (key(service, rank), evidence)
    };
    let evidence = || VantageEvidence {
        heard: START,
        sight: Eyes::Sighted,
        config: Digest::over([]),
        endpoints: [seen(0, prod), seen(1, Verdict::Healthy)].into(),
    };
    vantages().map(|vantage| (vantage, evidence())).into()
}

/// All vantage points inject failures of an endpoint for a drill.
fn injections(drill: &DrillId, keys: &[EndpointKey]) -> InjectionBook {
    let one = || Injected { drill: drill.clone(), verdict: Verdict::Failing, since: START, contradicting: 0 };
    vantages().map(|vantage| (vantage, keys.iter().map(|key| (key.clone(), one())).collect())).into()
}

fn honoured(drill: &DrillId) -> Honoured {
    Honoured { drill: drill.clone(), region: region("prod"), until: START + Duration::from_mins(1) }
}

fn judged(book: &EvidenceBook, injections: &InjectionBook, honoured: &Honoured, now: Timestamp) -> Judgement {
    judge_injected(&one_endpoint(), book, (injections, honoured), now)
}

#[test]
fn the_drill_that_asked_sees_its_region_fail_and_says_so() {
    let (service, drill) = (one_endpoint(), DrillId::at(START, 1));
    let injected = injections(&drill, &[key(&service, 0)]);
    let judged = judged(&book(&service, Verdict::Healthy), &injected, &honoured(&drill), START);
    assert_eq!(judged.health(&region("prod")), Health::Failing);
    assert!(judged.is_proven(&region("dr")), "the other region is seen as ever");
    assert_eq!(judged.drill, Some(drill));
    assert!(judged.regions[&region("prod")].describe().contains("counted as failed for drill"));
}

#[test]
fn injections_of_another_drill_or_region_or_time_change_nothing() {
    let (service, drill) = (one_endpoint(), DrillId::at(START, 1));
    let book = book(&service, Verdict::Healthy);
    let seen = judge(&service, &book, START);
    let own = injections(&drill, &[key(&service, 0)]);
    let other = honoured(&DrillId::at(START, 2));
    assert_eq!(judged(&book, &own, &other, START), seen, "another drill is run here");
    let elsewhere = injections(&drill, &[key(&service, 1)]);
    assert_eq!(judged(&book, &elsewhere, &honoured(&drill), START), seen, "not the region that it leaves");
    let past = Honoured { until: START, ..honoured(&drill) };
    assert_eq!(judged(&book, &own, &past, START), seen, "its time is over");
    assert_eq!(judged(&book, &BTreeMap::new(), &honoured(&drill), START), seen, "nobody injects");
}

#[test]
fn a_region_that_fails_for_real_is_no_drill() {
    let (service, drill) = (one_endpoint(), DrillId::at(START, 1));
    let injected = injections(&drill, &[key(&service, 0)]);
    let book = book(&service, Verdict::Failing);
    let judged = judged(&book, &injected, &honoured(&drill), START);
    assert_eq!(judged, judge(&service, &book, START));
    assert_eq!((judged.health(&region("prod")), judged.drill), (Health::Failing, None));
}

#[test]
fn an_injection_makes_no_quorum_of_those_who_are_silent() {
    let (service, drill) = (one_endpoint(), DrillId::at(START, 1));
    let injected = injections(&drill, &[key(&service, 0)]);
    let mut book = book(&service, Verdict::Healthy);
    for vantage in &vantages()[..2] {
        book.remove(vantage);
    }
    let judged = judged(&book, &injected, &honoured(&drill), START);
    assert_eq!(judged.health(&region("prod")), Health::Unknown, "one vantage point never decides alone");
}
