//! Asks every authoritative server of a zone until each serves what was written, and says how long each took.
//!
//! Bounded: a server that serves something else is asked until the policy's time is over; one that does not answer is
//! given up sooner, since it answers no resolver either. Neither stands in the way of the next move.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_core::fence::DecisionId;
use dns_core::fence::text::FenceText;
use dns_core::identifier::{ProviderName, ServiceName};
use dns_core::machine::event::{Delivery, DeliveryOutcome};
use dns_core::rrset::{RrsetKey, Rrsets};
use dns_core::service::Service;
use dns_provider::authoritative::{Expected, Served, Servers, servers, serves};
use dns_service::failpoint;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::engine::handle::{Engine, Message};
use crate::providers::ProviderInUse;

/// How long one round of questions to one server may take.
const ROUND: Duration = Duration::from_secs(1);
/// The first pause between two rounds; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause: propagation is measured to a quarter of a second.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long a server may be silent before it is given up.
const SILENCE: Duration = Duration::from_secs(5);
/// How long to wait until a commit that failed is tried again.
const COMMIT_PAUSE: Duration = Duration::from_secs(1);
/// Verifications that wait to begin; one per service at the most, since a newer one replaces an older.
const QUEUE: usize = 1024;

/// What every authoritative server should be seen to serve.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    /// The service.
    pub(crate) service: Arc<Service>,
    /// The fence.
    pub(crate) fence: FenceText,
    /// The guarded records.
    pub(crate) expected: Rrsets,
    /// Keys of the service that should have no record.
    pub(crate) absent: BTreeSet<RrsetKey>,
}

/// Starts verifications.
#[derive(Clone)]
pub(crate) struct Verifications {
    sender: mpsc::Sender<(ServiceName, DecisionId, Verification)>,
}

/// The receiving end, for [`run`].
pub(crate) type Requests = mpsc::Receiver<(ServiceName, DecisionId, Verification)>;

impl Verifications {
    /// Makes the channel.
    pub(crate) fn channel() -> (Self, Requests) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender }, receiver)
    }

    /// Begins a verification; an older one of the same service ends.
    pub(crate) fn begin(&self, service: &ServiceName, decision: DecisionId, verification: Verification) {
        if self.sender.try_send((service.clone(), decision, verification)).is_err() {
            tracing::error!(%service, "too many verifications wait; this one is not made");
        }
    }
}

/// Runs verifications until cancelled.
pub(crate) async fn run(
    mut requests: Requests,
    providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
    engine: Engine,
    stop: CancellationToken,
) {
    let mut running: BTreeMap<ServiceName, AbortHandle> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some((service, decision, verification)) = requests.recv() => {
                let Some(provider) = providers.get(&verification.service.provider).cloned() else { continue };
                let engine = engine.clone();
                let task = tasks.spawn(async move { verify(decision, verification, provider, engine).await });
                if let Some(older) = running.insert(service, task) {
                    older.abort();
                }
            }
            Some(_done) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
}

async fn verify(decision: DecisionId, verification: Verification, provider: ProviderInUse, engine: Engine) {
    failpoint::reach("during-verification");
    let started = Instant::now();
    let service = verification.service.name.clone();
    let zone = &verification.service.zone;
    let found = servers(provider.primary, zone, &provider.authoritative_servers, &provider.resolvers, ROUND).await;
    let deliveries = match found {
        Ok(found) => ask_all(found, &verification, started).await,
        Err(error) => vec![Delivery {
            server: provider.primary.to_string(),
            outcome: DeliveryOutcome::Silent,
            took: None,
            detail: Some(format!("it does not tell the zone's name servers: {error}")),
        }],
    };
    for delivery in &deliveries {
        if let Some(took) = delivery.took {
            metrics::histogram!("failover_controller_propagation_seconds", "service" => service.to_string())
                .record(took.as_secs_f64());
        }
    }
    // Until it is committed the service counts as being verified, so it is told again and again.
    loop {
        let (name, id, report) = (service.clone(), decision.clone(), deliveries.clone());
        match engine.ask(|reply| Message::Verified(name, id, report, reply)).await {
            Ok(Ok(())) | Err(_) => return,
            Ok(Err(error)) => tracing::warn!(%service, %decision, error, "a verification was not committed"),
        }
        tokio::time::sleep(COMMIT_PAUSE).await;
    }
}

async fn ask_all(found: Servers, verification: &Verification, started: Instant) -> Vec<Delivery> {
    let unresolved = found.unresolved.into_iter().map(|server| Delivery {
        server: server.name.to_string(),
        outcome: DeliveryOutcome::Silent,
        took: None,
        detail: Some(server.reason),
    });
    let mut deliveries: Vec<Delivery> = unresolved.collect();
    let mut tasks = JoinSet::new();
    for server in found.addresses {
        let verification = verification.clone();
        tasks.spawn(async move { ask_until_served(server, &verification, started).await });
    }
    // A JoinSet that is dropped aborts its tasks, so a verification that is replaced stops asking.
    while let Some(answered) = tasks.join_next().await {
        deliveries.extend(answered);
    }
    deliveries.sort_by(|one, other| one.server.cmp(&other.server));
    deliveries
}

async fn ask_until_served(server: SocketAddr, verification: &Verification, started: Instant) -> Delivery {
    let service = &verification.service;
    let fence_name = service.fence_name().expect("invariant: a validated service has a fence name");
    let expected = Expected {
        rrsets: &verification.expected,
        absent: &verification.absent,
        fence_name: &fence_name,
        fence: &verification.fence,
    };
    let mut pause = PAUSE_MIN;
    let mut silent_since = Instant::now();
    loop {
        let answer = serves(server, &expected, ROUND).await;
        let took = started.elapsed();
        let (outcome, detail) = match answer {
            Served::New => return delivery(server, DeliveryOutcome::Served, Some(took), None),
            Served::Old { answered } => {
                silent_since = Instant::now();
                (DeliveryOutcome::Old, answered)
            }
            Served::Silent { reason } => (DeliveryOutcome::Silent, reason),
        };
        let given_up = outcome == DeliveryOutcome::Silent && silent_since.elapsed() >= SILENCE;
        if given_up || took >= service.policy.verify_within {
            return delivery(server, outcome, None, Some(detail));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn delivery(server: SocketAddr, outcome: DeliveryOutcome, took: Option<Duration>, detail: Option<String>) -> Delivery {
    Delivery { server: server.to_string(), outcome, took, detail }
}
