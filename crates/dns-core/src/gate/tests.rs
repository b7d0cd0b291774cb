//! Gates: what an answer means, how long it counts, and what is made of silence.

use super::*;
use crate::fixture::{READY_FOR, START, Seen, judgement, region, service};

const WITHIN: Duration = Duration::from_secs(30);

fn http(max: &[(&str, u32)], min: &[(&str, u32)]) -> HttpGate {
    let bounds = |pairs: &[(&str, u32)]| pairs.iter().map(|(name, bound)| ((*name).to_owned(), *bound)).collect();
    HttpGate {
        url: "http://127.0.0.1:1/ready".to_owned(),
        timeout: Duration::from_secs(2),
        token_file: None,
        max: bounds(max),
        min: bounds(min),
    }
}

fn gate(name: &str) -> GateSpec {
    let name = name.parse().expect("a name");
    GateSpec { name, http: http(&[], &[]), every: Duration::from_secs(10), within: WITHIN }
}

/// `checkout`, whose region `dr` has the gates `replication` and `capacity`.
fn gated() -> Service {
    let mut service = service();
    service.regions[1].gates = vec![gate("replication"), gate("capacity")].into();
    service
}

fn yes() -> Answer {
    Answer::Yes("lagSeconds 3".to_owned())
}

fn no() -> Answer {
    Answer::No("lagSeconds 312, at most 30".to_owned())
}

fn silent() -> Answer {
    Answer::Silent("timed out after 2000 ms".to_owned())
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What a gate has said, as seconds from the start and answers.
fn evidence(said: &[(u64, Answer)]) -> Option<GateEvidence> {
    said.iter()
        .fold(None, |before, (at, answer)| Some(GateEvidence::after(before, WITHIN, START + secs(*at), answer.clone())))
}

/// The word and the age of the state of a gate that has said this.
fn weighed(said: &[(u64, Answer)], at: u64) -> (&'static str, u64) {
    let (state, since) = weigh(&evidence(said).expect("asked"), WITHIN, START + secs(at));
    (state.as_str(), since.since(START).as_secs())
}

/// `checkout` judged with `dr` as probes see it and the answers of `replication`; `capacity` says yes.
fn judged(dr: Seen, replication: &[(u64, Answer)], at: u64) -> (Service, Judgement) {
    let service = gated();
    let key = |gate: &str| GateKey {
        service: service.name.clone(),
        region: region("dr"),
        gate: gate.parse().expect("a name"),
    };
    let said = [("capacity", evidence(&[(at, yes())])), ("replication", evidence(replication))];
    let book: GateBook = said.into_iter().filter_map(|(gate, said)| Some((key(gate), said?))).collect();
    let judged = judgement(Seen::Failing, dr).with_gates(&service, &book, START + secs(at));
    (service, judged)
}

#[test]
fn status_200_is_yes_and_any_other_is_no() {
    let plain = http(&[], &[]);
    assert_eq!(plain.judge(200, ""), Answer::Yes(String::new()));
    assert_eq!(plain.judge(200, "ok"), Answer::Yes(String::new()));
    assert_eq!(plain.judge(200, r#"{"ready": true}"#), Answer::Yes(String::new()));
    for status in [204, 302, 404, 503] {
        assert_eq!(plain.judge(status, ""), Answer::No(format!("status {status}, 200 is yes")));
    }
    let why = plain.judge(503, "{\"reason\": \"replica\\u0007 stopped\"}");
    assert_eq!(why, Answer::No("status 503, 200 is yes (replica stopped)".to_owned()));
}

#[test]
fn ready_false_is_no_with_its_figures_and_anything_else_is_no_answer() {
    let plain = http(&[], &[]);
    let said = plain.judge(200, r#"{"ready": false, "lagSeconds": 312, "host": "db2"}"#);
    assert_eq!(said, Answer::No("ready false, lagSeconds 312".to_owned()));
    for odd in [r#"{"ready": "yes"}"#, r#"{"ready": 1}"#, r#"{"ready": null}"#] {
        assert!(matches!(plain.judge(200, odd), Answer::Silent(_)), "{odd}");
    }
}

#[test]
fn figures_are_compared_with_their_bounds_and_the_bound_itself_is_within() {
    let bounded = http(&[("lagSeconds", 30)], &[("freePercent", 40)]);
    let said =
        |lag: &str, free: &str| bounded.judge(200, &format!(r#"{{"lagSeconds": {lag}, "freePercent": {free}}}"#));
    assert_eq!(said("30", "40"), Answer::Yes("freePercent 40, lagSeconds 30".to_owned()));
    assert_eq!(said("30.5", "40"), Answer::No("lagSeconds 30.5, at most 30".to_owned()));
    assert_eq!(said("0", "39"), Answer::No("freePercent 39, at least 40".to_owned()));
    assert_eq!(said("31", "-1"), Answer::No("lagSeconds 31, at most 30, freePercent -1, at least 40".to_owned()));
}

#[test]
fn a_figure_that_is_wanted_and_missing_is_no_answer() {
    let bounded = http(&[("lagSeconds", 30)], &[]);
    let missing = Answer::Silent("its answer has no figure `lagSeconds`, wanted at most 30".to_owned());
    for body in ["", "ok", "{}", r#"{"ready": true}"#, r#"{"lagSeconds": "3"}"#, r#"{"lagSeconds": null}"#, "[3]"] {
        assert_eq!(bounded.judge(200, body), missing, "{body}");
    }
    assert!(matches!(bounded.judge(200, r#"{"ready": false}"#), Answer::No(_)), "a no needs no figures");
}

#[test]
fn a_yes_counts_for_its_time_and_silence_does_not_shorten_it() {
    assert_eq!(weighed(&[(0, yes())], 30), ("open", 0));
    assert_eq!(weighed(&[(0, yes())], 31), ("unknown", 30));
    assert_eq!(weighed(&[(0, yes()), (10, silent()), (20, silent())], 30), ("open", 0));
    assert_eq!(weighed(&[(0, yes()), (10, silent()), (20, silent())], 31), ("unknown", 30));
    assert_eq!(weighed(&[(0, silent()), (10, silent())], 12), ("unknown", 0));
}

#[test]
fn a_no_closes_at_once_and_only_a_yes_opens_again() {
    assert_eq!(weighed(&[(0, yes()), (10, no())], 10), ("closed", 10));
    assert_eq!(weighed(&[(0, yes()), (10, no()), (20, no())], 20), ("closed", 10));
    assert_eq!(weighed(&[(0, yes()), (10, no()), (20, silent())], 20), ("unknown", 20), "the yes was taken back");
    assert_eq!(weighed(&[(0, no()), (10, yes())], 10), ("open", 10));
}

#[test]
fn open_lasts_as_long_as_yes_follows_yes_in_time() {
    assert_eq!(weighed(&[(0, yes()), (10, yes()), (20, silent()), (40, yes())], 45), ("open", 0));
    assert_eq!(weighed(&[(0, yes()), (31, yes())], 31), ("open", 31), "it was shut between");
}

#[test]
fn a_yes_from_the_future_counts_for_nothing() {
    let (state, _) = weigh(&evidence(&[(10, yes())]).expect("asked"), WITHIN, START);
    assert_eq!(state.as_str(), "unknown");
}

#[test]
fn a_gate_that_was_never_asked_is_unknown() {
    let (service, judged) = judged(Seen::Proven, &[], 0);
    let why = shut(&service.regions[1], judged.regions.get(&region("dr")), START).expect("shut");
    assert_eq!(
        why,
        "gate replication of region `dr` is unknown: it has not been asked since the controller started or stood still"
    );
    let unjudged = shut(&service.regions[1], None, START).expect("shut");
    assert!(unjudged.contains("replication") && unjudged.contains("capacity"), "{unjudged}");
    assert_eq!(shut(&service.regions[0], None, START), None, "it has no gates");
}

#[test]
fn what_keeps_a_gate_shut_is_told_in_figures() {
    let (service, judged) = judged(Seen::Proven, &[(0, yes()), (6, no())], 10);
    let why = shut(&service.regions[1], judged.regions.get(&region("dr")), START + secs(10));
    let expected = "gate replication of region `dr` says no: lagSeconds 312, at most 30; asked 4 s ago";
    assert_eq!(why.as_deref(), Some(expected));
}

#[test]
fn a_judgement_that_has_grown_old_keeps_no_gate_open() {
    let (service, judged) = judged(Seen::Proven, &[(0, yes())], 0);
    let dr = judged.regions.get(&region("dr"));
    assert_eq!(shut(&service.regions[1], dr, START + WITHIN), None);
    assert!(judged.is_ready(&region("dr"), START + WITHIN));
    assert!(shut(&service.regions[1], dr, START + WITHIN + secs(1)).is_some());
    assert!(!judged.is_ready(&region("dr"), START + WITHIN + secs(1)));
}

#[test]
fn ready_means_proven_with_every_gate_open_since_the_last_of_them() {
    let since = |dr, said: &[(u64, Answer)], at| {
        let (service, judged) = judged(dr, said, at);
        let dr = judged.regions.get(&region("dr")).expect("judged");
        dr.ready_since(&service, START + secs(at)).map(|since| since.since(START))
    };
    // The gate `capacity` has been open since it was asked at that moment.
    assert_eq!(since(Seen::Proven, &[(0, yes())], 0), Some(READY_FOR), "proven after its ready-time");
    assert_eq!(since(Seen::Proven, &[(200, yes())], 200), Some(secs(200)), "open after that");
    assert_eq!(since(Seen::Healthy, &[(200, yes())], 200), None);
    assert_eq!(since(Seen::Proven, &[(200, no())], 200), None);
    assert_eq!(since(Seen::Proven, &[], 200), None);
}
