//! Evidence as a subscriber sees it, over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_api::evidence::{EndpointReport, EventId, EvidenceEvent};
use dns_api::evidence_stream::EvidenceStream;
use dns_api::openapi::Verb;
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointKey, Verdict};
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::policy::Detection;
use dns_core::service::Endpoint;
use dns_monitor::api::{Api, routes};
use dns_monitor::asking::{Askable, Asking};
use dns_monitor::coverage::{Coverage, Target};
use dns_monitor::evidence::{Evidence, Report, Run, own};
use dns_monitor::probe::Outcome;
use dns_monitor::runner::Places;
use dns_monitor::sight::ControlRound;
use dns_monitor::stream::{KEPT_MAX, Speaker};
use dns_service::auth::Tokens;
use dns_service::clock::Clock;
use dns_service::config::TlsConfig;
use dns_service::http::{Kit, PlainHttp, Readiness, bind, router};
use dns_service::telemetry::Metrics;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::monitor::{Monitor, client, config, vantage};
use crate::peers::{LOOPBACK, PATIENCE, hang, http_peer, response, tcp_peer};

type Heard = (EventId, EvidenceEvent);

async fn next(stream: &mut EvidenceStream) -> Heard {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await.expect("an event in time");
    next.expect("the stream goes on").unwrap_or_else(|error| panic!("{error}"))
}

/// The first event that is not passed over.
async fn until<T>(stream: &mut EvidenceStream, pick: impl Fn(&Heard) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = pick(&next(stream).await) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.expect("the event comes")
}

fn transition((_, event): &Heard) -> Option<EndpointReport> {
    match event {
        EvidenceEvent::Transition(transition) => Some(transition.endpoint.clone()),
        EvidenceEvent::Snapshot(_) | EvidenceEvent::Heartbeat(_) => None,
    }
}

/// The API over an owner of evidence that hears only what the test reports; one endpoint with `fall: 2, rise: 1`.
struct Rig {
    url: String,
    reports: mpsc::Sender<Report>,
    _stop: DropGuard,
}

impl Rig {
    fn start() -> Self {
        let endpoint = Endpoint::Address(LOOPBACK);
        let target = Target {
            key: EndpointKey {
                service: ServiceName::new("checkout").expect("a name"),
                region: RegionName::new("prod").expect("a name"),
                endpoint: endpoint.to_string(),
            },
            spec: Digest::over([b"spec".as_slice()]),
            endpoint,
            probes: [].into(),
            interval: Duration::from_hours(1),
            timeout: Duration::from_secs(1),
            detection: Detection { fall: 2, rise: 1 },
            position: (0, 1),
        };
        let coverage = Coverage { vantage: vantage(), targets: vec![target], digest: Digest::over([b"c".as_slice()]) };
        let clock = Clock::start();
        let evidence = Evidence::new(&coverage, "abc".to_owned(), Instant::now(), clock.wall());
        let (reports, inbox) = mpsc::channel(16);
        let stop = CancellationToken::new();
        tokio::spawn(own(evidence, clock, inbox, stop.clone()));
        let speaker = Speaker {
            incarnation: "abc".to_owned(),
            vantage: vantage(),
            config: Digest::over([b"config".as_slice()]),
            coverage: coverage.digest,
        };
        let api = Api {
            speaker: Arc::new(speaker),
            reports: reports.clone(),
            probers: Arc::default(),
            places: Places::new(1),
            asking: Asking::new(Askable::default()),
        };
        let document = dns_api::openapi::monitor();
        let kit = Kit::new(Tokens::default(), Readiness::default(), Metrics::global(), &document).expect("a kit");
        let listening = bind((LOOPBACK, 0).into(), PlainHttp::OnLoopback, &TlsConfig::default()).expect("bound");
        let url = listening.url();
        tokio::spawn(listening.serve(router(routes(api), kit), stop.clone()));
        Self { url, reports, _stop: stop.drop_guard() }
    }

    async fn run(&self, good: bool) {
        let (now, latency) = (Instant::now(), Duration::from_millis(5));
        let outcome =
            if good { Outcome::Good { latency } } else { Outcome::Bad { latency, error: "refused".to_owned() } };
        let run = Run { index: 0, started: now, finished: now, outcome, certificate: None };
        self.reports.send(Report::Run(run)).await.expect("heard");
    }

    fn subscribe(&self, last: Option<&EventId>) -> EvidenceStream {
        client(&self.url).subscribe(last)
    }
}

#[tokio::test]
async fn a_snapshot_comes_first_and_then_heartbeats_with_digests() {
    let rig = Rig::start();
    let mut stream = rig.subscribe(None);
    let (id, event) = next(&mut stream).await;
    let EvidenceEvent::Snapshot(snapshot) = event else { panic!("{event:?}") };
    assert_eq!(snapshot.endpoints.len(), 1);
    assert_eq!(snapshot.endpoints[0].verdict, Verdict::Undecided);
    let mut last = id.sequence;
    for _ in 0..2 {
        let (id, event) = next(&mut stream).await;
        assert!(matches!(event, EvidenceEvent::Heartbeat(_)), "{event:?}");
        assert_eq!(event.bearing().config, Digest::over([b"config".as_slice()]));
        assert_eq!(event.bearing().coverage, snapshot.bearing.coverage);
        assert!(id.sequence > last);
        last = id.sequence;
    }
}

#[tokio::test]
async fn a_returning_subscriber_hears_what_it_missed_once() {
    let rig = Rig::start();
    rig.run(true).await;
    let mut stream = rig.subscribe(None);
    let (last, _) = next(&mut stream).await;
    drop(stream);
    rig.run(false).await;
    rig.run(false).await;
    let mut stream = rig.subscribe(Some(&last));
    let (suspected, failing) = (next(&mut stream).await, next(&mut stream).await);
    let suspected = transition(&suspected).expect("a transition");
    assert_eq!((suspected.verdict, suspected.contradicting), (Verdict::Healthy, 1));
    assert_eq!(suspected.error.as_deref(), Some("refused"));
    let report = transition(&failing).expect("a transition");
    assert_eq!((report.verdict, report.contradicting), (Verdict::Failing, 0));
    let (_, event) = next(&mut stream).await;
    assert!(matches!(event, EvidenceEvent::Heartbeat(_)), "how fresh that is comes at once: {event:?}");
    let mut again = rig.subscribe(Some(&failing.0));
    assert!(transition(&next(&mut again).await).is_none());
}

#[tokio::test]
async fn an_unknown_incarnation_or_too_long_an_absence_means_a_snapshot() {
    let rig = Rig::start();
    let mut stream = rig.subscribe(None);
    let (first, _) = next(&mut stream).await;
    drop(stream);
    let stranger = EventId { incarnation: "other".to_owned(), sequence: first.sequence };
    let (_, event) = next(&mut rig.subscribe(Some(&stranger))).await;
    assert!(matches!(event, EvidenceEvent::Snapshot(_)), "{event:?}");
    // Each pair turns the verdict's contradiction up and down: two transitions.
    for _ in 0..=KEPT_MAX / 2 {
        rig.run(true).await;
        rig.run(false).await;
    }
    let (_, event) = next(&mut rig.subscribe(Some(&first))).await;
    assert!(matches!(event, EvidenceEvent::Snapshot(_)), "{event:?}");
}

#[tokio::test]
async fn blindness_is_told_at_once_with_its_reason() {
    let rig = Rig::start();
    let mut stream = rig.subscribe(None);
    next(&mut stream).await;
    let now = Instant::now();
    let failures = vec!["192.0.2.250:53 (timed out)".to_owned()];
    let round = ControlRound { started: now, finished: now, targets: 1, failures };
    rig.reports.send(Report::Controls(round)).await.expect("heard");
    let reason = until(&mut stream, |(_, event)| event.bearing().blind.clone()).await;
    assert_eq!(reason, "control targets failing: 192.0.2.250:53 (timed out)");
}

#[tokio::test]
async fn a_monitor_probes_and_tells_when_an_endpoint_dies() {
    let prod = http_peer(|_| response("200 OK", "", "")).await;
    let monitor = Monitor::start(&config(prod.port(), 9, ""));
    let mut stream = monitor.client().subscribe(None);
    let is_prod = |report: &EndpointReport| report.key.region.as_str() == "prod";
    let with = move |verdict| {
        move |heard: &Heard| transition(heard).filter(is_prod).filter(|report| report.verdict == verdict)
    };
    until(&mut stream, with(Verdict::Healthy)).await;
    drop(prod);
    let failing = until(&mut stream, with(Verdict::Failing)).await;
    assert_eq!(failing.error.as_deref(), Some("connection refused"));
}

#[tokio::test]
async fn a_peer_that_stalls_does_not_delay_other_endpoints() {
    let stalling = tcp_peer(hang).await;
    // The other region's endpoint is 127.0.0.2.
    let listener = tokio::net::TcpListener::bind(("127.0.0.2", 0)).await.expect("bound");
    let port = listener.local_addr().expect("bound").port();
    let monitor = Monitor::start(&config(stalling.port(), port, ""));
    let runs = async {
        for _ in 0..5 {
            listener.accept().await.expect("accepted");
        }
    };
    tokio::time::timeout(PATIENCE, runs).await.expect("runs go on");
    // A listening socket accepts by itself: its backlog has room for the runs that the test does not take.
    let is = |region: &'static str, verdict| {
        move |(_, event): &Heard| {
            let reports = match event {
                EvidenceEvent::Snapshot(snapshot) => snapshot.endpoints.clone(),
                EvidenceEvent::Transition(transition) => vec![transition.endpoint.clone()],
                EvidenceEvent::Heartbeat(_) => Vec::new(),
            };
            let mut reports = reports.into_iter();
            reports.find(|report| report.key.region.as_str() == region && report.verdict == verdict)
        }
    };
    until(&mut monitor.client().subscribe(None), is("dr", Verdict::Healthy)).await;
    let failing = until(&mut monitor.client().subscribe(None), is("prod", Verdict::Failing)).await;
    assert_eq!(failing.error.as_deref(), Some("timed out after 200 ms while waiting for the response"));
}

#[tokio::test]
async fn probing_on_demand_needs_an_operator_and_moves_no_verdict() {
    let folder = tempfile::tempdir().expect("folder");
    let token = folder.path().join("oncall");
    std::fs::write(&token, "s3cret\n").expect("written");
    let prod = http_peer(|_| response("503 Service Unavailable", "", "")).await;
    let tokens = format!("monitor: {{ tokens: [{{ name: oncall, role: operator, file: {} }}] }}", token.display());
    let monitor = Monitor::start(&config(prod.port(), 9, &tokens));
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let ask = |body: &'static str, token: Option<&'static str>| {
        let request = http.post(format!("{}/api/v1/probe", monitor.url)).body(body);
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        async move { request.send().await.expect("an answer") }
    };
    let body = r#"{"service":"checkout","region":"prod","endpoint":"127.0.0.1"}"#;
    assert_eq!(ask(body, None).await.status(), 401);
    let answer = ask(body, Some("s3cret")).await;
    assert_eq!(answer.status(), 200);
    let report: dns_api::probe::ProbeReport = answer.json().await.expect("a report");
    assert_eq!(report.outcome, dns_api::probe::ProbeOutcome::Bad);
    assert_eq!(report.probes[0].message.as_deref(), Some("status 503, expected 200"));
    let unknown = r#"{"service":"checkout","region":"prod","endpoint":"192.0.2.1"}"#;
    assert_eq!(ask(unknown, Some("s3cret")).await.status(), 404);
}

#[tokio::test]
async fn every_documented_operation_has_a_route() {
    let rig = Rig::start();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    for operation in dns_api::openapi::MONITOR {
        let method = match operation.method {
            Verb::Get => reqwest::Method::GET,
            Verb::Post => reqwest::Method::POST,
        };
        let answer = http.request(method, format!("{}{}", rig.url, operation.path)).send().await.expect("an answer");
        assert!(![404, 405].contains(&answer.status().as_u16()), "{}: {}", operation.path, answer.status());
    }
}
