mod injecting;

use std::time::Duration;

use dns_api::evidence::{EvidenceEvent, Transition};
use dns_core::digest::Digest;
use dns_core::evidence::EndpointKey;
use dns_core::identifier::{RegionName, ServiceName, VantageName};
use dns_core::policy::Detection;
use dns_core::service::Endpoint as Place;

use super::*;
use crate::stream::Speaker;

const INTERVAL: Duration = Duration::from_secs(2);

struct Bench {
    evidence: Evidence,
    now: Instant,
    wall: Timestamp,
    subscription: Subscription,
    /// What runs see served.
    certificate: Option<CertificateEnd>,
}

fn target(number: usize) -> Target {
    let endpoint = Place::Address([192, 0, 2, u8::try_from(number).expect("few")].into());
    Target {
        key: EndpointKey {
            service: ServiceName::new("checkout").expect("a name"),
            region: RegionName::new("prod").expect("a name"),
            endpoint: endpoint.to_string(),
        },
        spec: Digest::over([b"spec".as_slice()]),
        endpoint,
        probes: [].into(),
        interval: INTERVAL,
        timeout: Duration::from_secs(1),
        detection: Detection { fall: 2, rise: 1 },
        position: (0, 1),
    }
}

fn vantage() -> VantageName {
    VantageName::new("fra1").expect("a name")
}

impl Bench {
    fn new(endpoints: usize) -> Self {
        let targets = (0..endpoints).map(target).collect();
        let coverage = Coverage { vantage: vantage(), targets, digest: Digest::over([]) };
        let (now, wall) = (Instant::now(), Timestamp::from_secs(1_000_000));
        let mut evidence = Evidence::new(&coverage, "abc".to_owned(), now, wall);
        let (reply, mut answer) = oneshot::channel();
        evidence.hear(Report::Subscribe { last: None, reply }, now, wall);
        let subscription = answer.try_recv().expect("answered").expect("room");
        Self { evidence, now, wall, subscription, certificate: None }
    }

    fn pass(&mut self, length: Duration) {
        self.now += length;
        self.wall = self.wall + length;
    }

    /// A run of an endpoint that begins and ends now.
    fn run(&mut self, index: usize, good: bool) {
        self.run_since(index, good, self.now);
    }

    fn run_since(&mut self, index: usize, good: bool, started: Instant) {
        let latency = Duration::from_millis(5);
        let outcome =
            if good { Outcome::Good { latency } } else { Outcome::Bad { latency, error: "refused".to_owned() } };
        let run = Run { index, started, finished: self.now, outcome, certificate: self.certificate };
        self.evidence.hear(Report::Run(run), self.now, self.wall);
    }

    fn controls(&mut self, failures: &[&str]) {
        let failures = failures.iter().map(|&text| text.to_owned()).collect();
        let round = ControlRound { started: self.now, finished: self.now, targets: 1, failures };
        self.evidence.hear(Report::Controls(round), self.now, self.wall);
    }

    fn beat(&mut self) {
        self.pass(BEAT);
        self.evidence.beat(self.now, self.wall);
    }

    fn events(&mut self) -> Vec<EvidenceEvent> {
        let speaker = Speaker {
            incarnation: "abc".to_owned(),
            vantage: vantage(),
            config: Digest::over([]),
            coverage: Digest::over([]),
        };
        let received = std::iter::from_fn(|| self.subscription.rest.try_recv().ok());
        received.map(|event| event.encode(&speaker, self.now).1).collect()
    }

    fn transitions(&mut self) -> Vec<(Verdict, u32)> {
        let transition = |event| match event {
            EvidenceEvent::Transition(Transition { endpoint, .. }) => Some((endpoint.verdict, endpoint.contradicting)),
            EvidenceEvent::Snapshot(_) | EvidenceEvent::Heartbeat(_) => None,
        };
        self.events().into_iter().filter_map(transition).collect()
    }
}

#[test]
fn every_change_is_sent_at_once_and_nothing_else() {
    let mut bench = Bench::new(1);
    for good in [true, true, false, false, false] {
        bench.pass(Duration::from_secs(1));
        bench.run(0, good);
    }
    assert_eq!(bench.transitions(), [(Verdict::Healthy, 0), (Verdict::Healthy, 1), (Verdict::Failing, 0)]);
}

#[test]
fn heartbeats_carry_the_age_of_the_oldest_probe() {
    let mut bench = Bench::new(2);
    bench.beat();
    bench.run(0, true);
    bench.beat();
    let events = bench.events();
    let ages: Vec<u64> = events
        .iter()
        .filter(|event| matches!(event, EvidenceEvent::Heartbeat(_)))
        .map(|event| event.bearing().oldest_probe_age_ms)
        .collect();
    assert_eq!(ages, [2000, 2000], "encoded at the same moment: endpoint 1 never ran");
}

#[test]
fn a_verdict_without_runs_lapses_with_a_heartbeat() {
    let mut bench = Bench::new(1);
    bench.run(0, true);
    for _ in 0..6 {
        bench.beat();
    }
    assert_eq!(bench.transitions(), [(Verdict::Healthy, 0)]);
    bench.beat();
    assert_eq!(bench.transitions(), [(Verdict::Undecided, 0)]);
}

#[test]
fn bad_runs_while_control_targets_fail_turn_nothing() {
    let mut bench = Bench::new(1);
    bench.run(0, true);
    bench.beat();
    bench.controls(&[]);
    bench.beat();
    bench.run(0, false);
    bench.controls(&["192.0.2.250:53 (timed out)"]);
    for _ in 0..4 {
        bench.beat();
        bench.run(0, false);
    }
    assert!(bench.events().iter().any(|event| event.bearing().blind.is_some()));
    bench.controls(&[]);
    bench.beat();
    bench.run(0, false);
    let verdicts: Vec<_> = bench.transitions();
    assert!(verdicts.iter().all(|(verdict, _)| *verdict != Verdict::Failing), "{verdicts:?}");
    assert_eq!(verdicts.last(), Some(&(Verdict::Healthy, 1)));
}

#[test]
fn a_verdict_from_just_before_the_controls_failed_is_taken_back() {
    let mut bench = Bench::new(1);
    bench.run(0, true);
    bench.beat();
    bench.controls(&[]);
    bench.beat();
    bench.run(0, false);
    bench.run(0, false);
    assert_eq!(bench.transitions().last(), Some(&(Verdict::Failing, 0)));
    bench.controls(&["192.0.2.250:53 (timed out)"]);
    bench.beat();
    bench.controls(&[]);
    let events = bench.events();
    let Some(EvidenceEvent::Snapshot(snapshot)) = events.last() else { panic!("{events:?}") };
    assert_eq!(snapshot.bearing.blind, None);
    assert_eq!(snapshot.endpoints[0].verdict, Verdict::Undecided);
}

#[test]
fn results_from_before_a_stop_say_nothing_and_blindness_ends_with_fresh_runs() {
    let mut bench = Bench::new(2);
    bench.run(0, true);
    bench.run(1, true);
    let started = bench.now;
    bench.pass(Duration::from_secs(30));
    // The results of probes that were under way come first, before any timer.
    bench.run_since(0, false, started);
    bench.run_since(0, false, started);
    assert!(bench.events().last().expect("told").bearing().blind.is_some());
    bench.pass(Duration::from_secs(1));
    bench.run(0, true);
    bench.run(1, true);
    let events = bench.events();
    let Some(EvidenceEvent::Snapshot(snapshot)) = events.last() else { panic!("{events:?}") };
    assert_eq!(snapshot.bearing.blind, None);
    let ages: Vec<_> = snapshot.endpoints.iter().map(|report| (report.verdict, report.verdict_age_ms)).collect();
    assert_eq!(ages, [(Verdict::Healthy, 0), (Verdict::Healthy, 0)], "the age restarts");
}

#[test]
fn that_everything_fails_is_no_reason_for_blindness() {
    let mut bench = Bench::new(3);
    for index in (0..3).chain(0..3) {
        bench.run(index, false);
    }
    bench.beat();
    let events = bench.events();
    assert!(events.iter().all(|event| event.bearing().blind.is_none()));
}

#[test]
fn many_changes_at_once_are_one_snapshot() {
    let mut bench = Bench::new(TRANSITIONS_AT_ONCE_MAX + 1);
    for index in 0..=TRANSITIONS_AT_ONCE_MAX {
        bench.run(index, true);
    }
    bench.events();
    for _ in 0..7 {
        bench.beat();
    }
    let snapshots = bench.events().into_iter().filter(|event| matches!(event, EvidenceEvent::Snapshot(_))).count();
    assert_eq!(snapshots, 1);
}

#[test]
fn a_new_certificate_is_told_at_once_and_counts_down_by_itself() {
    let mut bench = Bench::new(1);
    let left = |bench: &mut Bench| {
        let told = bench.events().into_iter().filter_map(|event| match event {
            EvidenceEvent::Transition(Transition { endpoint, .. }) => endpoint.certificate_left_ms,
            EvidenceEvent::Snapshot(_) | EvidenceEvent::Heartbeat(_) => None,
        });
        told.collect::<Vec<_>>()
    };
    let (hour, less) = (Duration::from_hours(1), Duration::from_secs(3598));
    let served = |bench: &Bench, length| Some(CertificateEnd::new(bench.wall + length, bench.wall, bench.now));
    bench.certificate = served(&bench, hour);
    bench.run(0, true);
    bench.pass(Duration::from_secs(2));
    let millis = |length: Duration| u64::try_from(length.as_millis()).expect("a short time");
    assert_eq!(left(&mut bench), [millis(less)], "as of when it is sent");
    bench.certificate = served(&bench, less);
    bench.run(0, true);
    assert!(left(&mut bench).is_empty(), "it is the same one");
    bench.certificate = served(&bench, hour * 2);
    bench.run(0, true);
    assert_eq!(left(&mut bench), [millis(hour * 2)], "it was renewed");
}
