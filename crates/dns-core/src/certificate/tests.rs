//! The end of a certificate: whose word counts, and when people are told.

use super::*;
use crate::digest::Digest;
use crate::evidence::{EndpointEvidence, STALE_AFTER, Sight, VantageEvidence, Verdict};
use crate::fixture::{START, Seen, judgement, region, service};
use crate::policy::CERTIFICATE_WARNING;

/// What a vantage point that was heard at some moment says of the certificate of `prod`.
fn evidence(heard: Timestamp, certificate_until: Option<Timestamp>) -> VantageEvidence {
    let key = EndpointKey {
        service: service().name,
        region: region("prod"),
        // As the fixture's judgement names it.
        endpoint: "192.0.2.10".to_owned(),
    };
    let digest = Digest::over([]);
    let seen = EndpointEvidence {
        spec: digest.into(),
        verdict: Verdict::Healthy,
        since: START,
        contradicting: 0,
        error: None,
        certificate_until,
    };
    VantageEvidence { heard, sight: Sight::Sighted, config: digest, endpoints: [(key, seen)].into() }
}

fn seen(all: &[(&str, VantageEvidence)]) -> Option<CertificateEnd> {
    let book: EvidenceBook =
        all.iter().map(|(name, evidence)| (name.parse().expect("a name"), evidence.clone())).collect();
    let judged = judgement(Seen::Proven, Seen::Proven).with_certificates(&service(), &book, START);
    assert_eq!(judged.regions[&region("dr")].endpoints[0].certificate, None, "nobody saw one there");
    judged.regions[&region("prod")].endpoints[0].certificate
}

#[test]
fn the_first_end_that_a_fresh_vantage_point_sees_counts() {
    let days = |count: u64| START + DAY * u32::try_from(count).expect("a few");
    let stale = START.before(STALE_AFTER + Duration::from_millis(1));
    let end = seen(&[
        ("fra1", evidence(START, Some(days(40)))),
        ("lon1", evidence(START, Some(days(20)))),
        ("nyc1", evidence(stale, Some(days(2)))),
        ("elsewhere", evidence(START, Some(days(1)))),
    ]);
    assert_eq!(end, Some(CertificateEnd { until: days(20), days_left: 20, is_soon: false }));
    assert_eq!(seen(&[("fra1", evidence(START, None))]), None);
    assert_eq!(seen(&[]), None);
}

#[test]
fn it_is_soon_when_less_is_left_than_the_policy_says() {
    let at = |until: Timestamp| seen(&[("fra1", evidence(START, Some(until)))]).expect("seen");
    let bound = START + CERTIFICATE_WARNING;
    assert_eq!((at(bound).days_left, at(bound).is_soon), (14, false));
    let below = at(bound.before(Duration::from_millis(1)));
    assert_eq!((below.days_left, below.is_soon), (13, true));
    assert_eq!((at(START.before(DAY)).days_left, at(START.before(DAY)).is_soon), (0, true), "it has ended");
}
