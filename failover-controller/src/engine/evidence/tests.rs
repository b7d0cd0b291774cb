//! What is heard, and what it makes of the book.

use dns_core::evidence::Verdict;

use super::*;

fn bearing(coverage: &[u8]) -> Bearing {
    Bearing {
        vantage: "fra1".parse().expect("name"),
        config: Digest::over([b"config".as_slice()]),
        coverage: Digest::over([coverage]),
        blind: None,
        oldest_probe_age_ms: 10,
    }
}

fn report(verdict: Verdict, verdict_age_ms: u64) -> EndpointReport {
    EndpointReport {
        key: EndpointKey {
            service: "checkout".parse().expect("name"),
            region: "prod".parse().expect("name"),
            endpoint: "192.0.2.1".to_owned(),
        },
        spec: Digest::over([b"spec".as_slice()]),
        verdict,
        verdict_age_ms,
        contradicting: 0,
        error: None,
        latency_ms: None,
        certificate_left_ms: None,
        injected: None,
    }
}

/// What is known of the endpoint that reports are of.
fn seen(evidence: &VantageEvidence) -> EndpointEvidence {
    evidence.endpoints.get(report(Verdict::Healthy, 0).key.id()).expect("covered")
}

fn snapshot(coverage: &[u8]) -> EvidenceEvent {
    let endpoints = vec![report(Verdict::Healthy, 5_000)];
    EvidenceEvent::Snapshot(Snapshot { bearing: bearing(coverage), endpoints })
}

fn hear(witnesses: &mut Witnesses, secs: u64, event: EvidenceEvent) -> Due {
    hear_over(witnesses, 0, secs, event)
}

fn hear_over(witnesses: &mut Witnesses, trust: u64, secs: u64, event: EvidenceEvent) -> Due {
    let heard = Heard::Event { at: Timestamp::from_secs(secs), trust, event: Box::new(event) };
    witnesses.take(&"fra1".parse().expect("name"), heard)
}

#[test]
fn ages_become_points_on_our_clock() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    let evidence = witnesses.book().values().next().expect("heard");
    assert_eq!(seen(evidence).since, Timestamp::from_secs(95));
}

#[test]
fn a_heartbeat_with_another_coverage_makes_all_it_said_stale() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    hear(&mut witnesses, 101, EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(b"a") }));
    let fresh = |witnesses: &Witnesses| witnesses.book().values().all(|seen| seen.is_fresh(Timestamp::from_secs(101)));
    assert!(fresh(&witnesses));
    hear(&mut witnesses, 101, EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(b"b") }));
    assert!(!fresh(&witnesses));
}

#[test]
fn a_snapshot_that_waited_in_a_socket_during_a_stall_is_not_believed() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    let trust = witnesses.distrust_all();
    assert_eq!(hear(&mut witnesses, 110, snapshot(b"a")), Due::Nothing);
    assert!(witnesses.book().is_empty());
    assert_eq!(hear_over(&mut witnesses, trust, 110, snapshot(b"a")), Due::All, "the new subscription is believed");
    assert_eq!(witnesses.book().len(), 1);
}

#[test]
fn an_oldest_probe_that_waits_too_long_makes_blind() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    let stuck = Bearing { oldest_probe_age_ms: 60_000, ..bearing(b"a") };
    assert_eq!(hear(&mut witnesses, 101, EvidenceEvent::Heartbeat(Heartbeat { bearing: stuck })), Due::All);
    assert!(matches!(witnesses.book().values().next().expect("heard").sight, Sight::Blind { .. }));
}

#[test]
fn blindness_that_goes_on_began_when_it_was_first_heard_of() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    let mut sight_after = |secs: u64, blind: Option<&str>| {
        let bearing = Bearing { blind: blind.map(str::to_owned), ..bearing(b"a") };
        hear(&mut witnesses, secs, EvidenceEvent::Heartbeat(Heartbeat { bearing }));
        witnesses.book().values().next().expect("heard").sight.clone()
    };
    let blind = |reason: &str, since| Sight::Blind { reason: reason.to_owned(), since: Timestamp::from_secs(since) };
    assert_eq!(sight_after(101, Some("late ticks")), blind("late ticks", 101));
    assert_eq!(sight_after(104, Some("control targets failing")), blind("control targets failing", 101));
    assert_eq!(sight_after(105, None), Sight::Sighted);
    assert_eq!(sight_after(106, Some("late ticks")), blind("late ticks", 106), "it is another time");
}

#[test]
fn a_lost_stream_leaves_what_was_said_until_it_is_stale() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    witnesses.take(&"fra1".parse().expect("name"), Heard::Lost { reason: "reset".to_owned() });
    assert!(witnesses.book().values().next().expect("kept").is_fresh(Timestamp::from_secs(102)));
    assert!(!witnesses.book().values().next().expect("kept").is_fresh(Timestamp::from_secs(104)));
}

fn transition(verdict: Verdict, endpoint: &str) -> EvidenceEvent {
    let mut endpoint_report = report(verdict, 0);
    endpoint.clone_into(&mut endpoint_report.key.endpoint);
    EvidenceEvent::Transition(Transition { bearing: bearing(b"a"), endpoint: endpoint_report })
}

#[test]
fn what_was_missed_in_a_silence_makes_nothing_fresh_before_the_heartbeat_behind_it() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    hear(&mut witnesses, 160, transition(Verdict::Failing, "192.0.2.1"));
    let evidence = witnesses.book().values().next().expect("heard");
    assert!(!evidence.is_fresh(Timestamp::from_secs(160)));
    assert_eq!(seen(evidence).verdict, Verdict::Failing);
    hear(&mut witnesses, 160, EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(b"a") }));
    assert!(witnesses.book().values().all(|seen| seen.is_fresh(Timestamp::from_secs(160))));
}

#[test]
fn a_transition_judges_its_service_and_never_adds_what_the_snapshot_did_not_cover() {
    let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
    hear(&mut witnesses, 100, snapshot(b"a"));
    let due = hear(&mut witnesses, 101, transition(Verdict::Failing, "192.0.2.1"));
    assert_eq!(due, Due::One("checkout".parse().expect("name")));
    assert_eq!(hear(&mut witnesses, 101, transition(Verdict::Failing, "203.0.113.9")), Due::Nothing);
    assert_eq!(witnesses.book().values().next().expect("heard").endpoints.len(), 1);
}

#[test]
fn words_of_a_vantage_point_are_one_short_line() {
    let long = format!("line\none\u{1b}[2J{}", "x".repeat(10_000));
    assert_eq!(quoted(&long).chars().count(), WORDS_MAX);
    assert!(quoted(&long).starts_with("lineone[2J"));
}
