//! Vantage points that probe nothing and say what they are told: evidence as monitors send it, for as many services as
//! wanted.
//!
//! One event holds what a vantage point says of some thousand endpoints at the most, so the services are shared out among
//! groups of vantage points, as monitors that share one vantage point do.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use dns_api::evidence::{Bearing, EndpointReport, EventId, EvidenceEvent, HEARTBEAT, Heartbeat, SNAPSHOT, Snapshot};
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointKey, Verdict};
use dns_core::identifier::{RegionName, VantageName};
use dns_core::policy::Detection;
use dns_core::probe::{ProbeSpec, TcpProbe};
use dns_core::service::{Endpoint, endpoint_digest};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::fleet::{DETECTION, Fleet, Guarded, PORT};

/// Vantage points that see each service: the smallest number with a quorum of two that survives the loss of one.
pub(super) const EYES: u32 = 3;

/// Services of one group: two endpoints of each are well below what one event may hold.
pub(super) const GROUP_MAX: u32 = 1_500;

/// As monitors do.
const BEAT: Duration = Duration::from_secs(1);

/// Since when everything has been healthy: longer than any ready-time.
const HEALTHY_FOR: Duration = Duration::from_hours(1);

/// What a probe of a dead region says.
const ERROR: &str = "connection timed out";

/// What all of them see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Both regions are healthy.
    AllWell,
    /// Prod is failing, dr is healthy.
    ProdFailing,
}

/// A vantage point: its name, its group and where it listens.
#[derive(Clone, Debug)]
pub(super) struct Observer {
    pub(super) name: VantageName,
    pub(super) group: u32,
    pub(super) address: SocketAddr,
}

/// All of them, running until dropped.
pub(super) struct Observers {
    pub(super) all: Vec<Observer>,
    sight: watch::Sender<Sight>,
    _runtime: Runtime,
}

/// What one of them says.
struct Script {
    name: VantageName,
    well: Arc<str>,
    failing: Arc<str>,
    beat: Arc<str>,
    sight: watch::Receiver<Sight>,
}

/// One subscription.
struct Speaking {
    script: Arc<Script>,
    sight: watch::Receiver<Sight>,
    sequence: u64,
}

impl Observers {
    /// Starts as many as the fleet needs.
    pub(super) fn start(fleet: &Fleet) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (sight, seen) = watch::channel(Sight::AllWell);
        let mut all = Vec::new();
        for group in 0..fleet.groups() {
            for eye in 0..EYES {
                let name = VantageName::new(format!("v{}-{}", group + 1, eye + 1)).context("a name")?;
                let script = Arc::new(Script::new(name.clone(), fleet, group, seen.clone()));
                let address = runtime.block_on(serve(script))?;
                all.push(Observer { name, group, address });
            }
        }
        Ok(Self { all, sight, _runtime: runtime })
    }

    /// Lets all of them see something else, at once.
    pub(super) fn see(&self, sight: Sight) {
        self.sight.send_replace(sight);
    }
}

async fn serve(script: Arc<Script>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port on loopback")?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/api/v1/evidence", get(speak)).with_state(script);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn speak(State(script): State<Arc<Script>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut sight = script.sight.clone();
    // What it sees now is news to a new subscriber.
    sight.mark_changed();
    let speaking = Speaking { script, sight, sequence: 0 };
    Sse::new(unfold(speaking, |mut speaking| async {
        let event = speaking.next().await?;
        Some((Ok(event), speaking))
    }))
}

impl Speaking {
    async fn next(&mut self) -> Option<Event> {
        let (name, data) = match tokio::time::timeout(BEAT, self.sight.changed()).await {
            Err(_quiet) => (HEARTBEAT, Arc::clone(&self.script.beat)),
            Ok(Err(_over)) => return None,
            Ok(Ok(())) => (
                SNAPSHOT,
                match *self.sight.borrow_and_update() {
                    Sight::AllWell => Arc::clone(&self.script.well),
                    Sight::ProdFailing => Arc::clone(&self.script.failing),
                },
            ),
        };
        self.sequence += 1;
        let id = EventId { incarnation: self.script.name.as_str().replace('-', "x"), sequence: self.sequence };
        Some(Event::default().event(name).id(id.to_string()).data(data))
    }
}

impl Script {
    fn new(name: VantageName, fleet: &Fleet, group: u32, sight: watch::Receiver<Sight>) -> Self {
        let digest = Digest::over([b"evacuation".as_slice(), name.as_str().as_bytes()]);
        let (config, coverage) = (digest, digest);
        let bearing = Bearing { vantage: name.clone(), config, coverage, blind: None, oldest_probe_age_ms: 1_000 };
        let snapshot = |sight| {
            let endpoints = fleet.of_group(group).flat_map(|guarded| reports(guarded, sight)).collect();
            EvidenceEvent::Snapshot(Snapshot { bearing: bearing.clone(), endpoints }).encode().into()
        };
        Self {
            well: snapshot(Sight::AllWell),
            failing: snapshot(Sight::ProdFailing),
            beat: EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing.clone() }).encode().into(),
            name,
            sight,
        }
    }
}

fn reports(guarded: &Guarded, sight: Sight) -> [EndpointReport; 2] {
    let prod = match sight {
        Sight::AllWell => Verdict::Healthy,
        Sight::ProdFailing => Verdict::Failing,
    };
    [("prod", guarded.prod, prod), ("dr", guarded.dr, Verdict::Healthy)].map(|(region, address, verdict)| {
        let endpoint = Endpoint::Address(address.into());
        let region = RegionName::new(region).expect("invariant: a literal names a region well");
        let (fall, rise) = DETECTION;
        let probes = vec![ProbeSpec::Tcp(TcpProbe { port: PORT })].into();
        let is_healthy = verdict == Verdict::Healthy;
        let age = if is_healthy { HEALTHY_FOR } else { Duration::ZERO };
        EndpointReport {
            spec: endpoint_digest(&endpoint, &probes, Detection { fall, rise }),
            key: EndpointKey { service: guarded.service.clone(), region, endpoint: endpoint.to_string() },
            verdict,
            verdict_age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            contradicting: 0,
            error: (!is_healthy).then(|| ERROR.to_owned()),
            latency_ms: None,
            certificate_left_ms: None,
            injected: None,
        }
    })
}
