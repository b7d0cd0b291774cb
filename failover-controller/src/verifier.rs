//! Asks every authoritative server of a zone until each serves what was written, and says how long each took.
//!
//! How they are asked, and how long, is in [`asking`]. A verification that is replaced by a newer one ends; none stands in
//! the way of the next move. What has arrived goes on to the drain of resolvers' caches.

mod asking;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_core::fence::text::FenceText;
use dns_core::fence::{DecisionId, Fence};
use dns_core::identifier::{ProviderName, ServiceName};
use dns_core::machine::event::{Delivery, DeliveryOutcome};
use dns_core::rrset::{RrsetKey, Rrsets};
use dns_core::service::{Place, Service};
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use tokio::sync::mpsc;
use tokio::task::{self, AbortHandle, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::asking::{Hearing, PANICKED, silent};
pub(crate) use self::asking::{Unheard, Wanted, ask_all, has_arrived};
use crate::drain::{Drains, Source};
use crate::engine::handle::{Engine, Message};
use crate::providers::ProviderInUse;

/// How long to wait until a commit that failed is tried again.
const COMMIT_PAUSE: Duration = Duration::from_secs(1);
/// Verifications that wait to begin. An evacuation of 10,000 services fits, and each waits for less than a millisecond.
const QUEUE: usize = 16_384;

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
    /// Whether the records have moved, and not only their fence.
    pub(crate) moves: bool,
}

/// Starts verifications.
#[derive(Clone)]
pub(crate) struct Verifications {
    sender: mpsc::Sender<(ServiceName, Question)>,
}

/// A verification that was begun.
pub(crate) struct Question {
    decision: DecisionId,
    verification: Verification,
    began: Instant,
}

/// The receiving end, for [`run`].
pub(crate) type Requests = mpsc::Receiver<(ServiceName, Question)>;

impl Verification {
    /// What a fence should be seen with, by a configuration that may be newer. If the two differ, the fence has to do:
    /// it was written in one transaction with its records, so a server that has it has them.
    pub(crate) fn from_configuration(service: &Arc<Service>, held: &Fence) -> Option<Self> {
        let rendered = service.render_under(held);
        let as_written = !rendered.is_empty() && rendered.keys().eq(&held.rrs) && held.guards(&rendered);
        let absent = || service.keys().into_iter().filter(|key| !held.rrs.contains(key)).collect();
        Some(Self {
            service: Arc::clone(service),
            moves: true,
            fence: held.to_text(&service.zone).ok()?,
            absent: if as_written { absent() } else { BTreeSet::new() },
            expected: if as_written { rendered } else { Rrsets::new() },
        })
    }

    fn wanted(&self) -> Wanted {
        let Self { service, fence, expected, absent, moves: _ } = self;
        Wanted {
            zone: (*service.zone).clone(),
            fence_name: service.fence_name().expect("invariant: a validated service has a fence name"),
            fence: fence.clone(),
            expected: expected.clone(),
            absent: absent.clone(),
            within: service.policy.verify_within,
        }
    }
}

impl Verifications {
    /// Makes the channel.
    pub(crate) fn channel() -> (Self, Requests) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender }, receiver)
    }

    /// Begins a verification; an older one of the same place of the service ends.
    pub(crate) fn begin(&self, service: &ServiceName, decision: DecisionId, verification: Verification) {
        let question = Question { decision, verification, began: Instant::now() };
        if self.sender.try_send((service.clone(), question)).is_err() {
            tracing::error!(%service, "too many verifications wait; this one is not made");
        }
    }
}

/// Tells of a server while others are still asked, so that people can watch the write arrive.
#[derive(Clone)]
struct Witness {
    engine: Engine,
    service: ServiceName,
    decision: DecisionId,
}

impl Hearing for Witness {
    async fn hear(self, delivery: Delivery) -> Delivery {
        let Self { engine, service, decision } = self;
        if delivery.outcome == DeliveryOutcome::Served {
            // A stopped engine means a stopping process; whoever comes next asks again.
            let _stopping = engine.tell(Message::Delivered(service, decision, delivery.clone())).await;
        }
        delivery
    }
}

/// Runs verifications until cancelled.
pub(crate) async fn run(
    mut requests: Requests,
    providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
    engine: Engine,
    drains: Drains,
    stop: CancellationToken,
) {
    let mut running = Running { engine, tasks: JoinSet::new(), of_task: HashMap::new(), by_place: BTreeMap::new() };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some((service, question)) = requests.recv() => {
                let Some(provider) = providers.get(&question.verification.service.provider).cloned() else { continue };
                let (engine, asked) = (running.engine.clone(), Asked::of(&question, &provider));
                let place = question.verification.service.place();
                running.begin((service, place), Some(asked), verify(question, provider, engine, drains.clone()));
            }
            Some(ended) = running.tasks.join_next_with_id(), if !running.tasks.is_empty() => running.end(ended),
        }
    }
}

/// What is left of a question whose task has ended abnormally.
#[derive(Clone)]
struct Asked {
    decision: DecisionId,
    subject: String,
}

impl Asked {
    fn of(question: &Question, provider: &ProviderInUse) -> Self {
        Self { decision: question.decision.clone(), subject: provider.subject() }
    }
}

/// Whose verification a task is.
type Of = (ServiceName, Place);

/// The verifications under way, one of each place of a service. One that has ended is forgotten: a handle keeps as much
/// memory as its task ever took.
struct Running {
    engine: Engine,
    tasks: JoinSet<()>,
    of_task: HashMap<task::Id, Of>,
    by_place: BTreeMap<Of, (AbortHandle, Option<Asked>)>,
}

impl Running {
    fn begin(&mut self, of: Of, asked: Option<Asked>, verification: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(verification);
        self.of_task.insert(task.id(), of.clone());
        if let Some((older, _)) = self.by_place.insert(of, (task, asked)) {
            older.abort();
        }
    }

    /// Without an answer the service would count as being verified for good, and nothing but a restart would ask again.
    fn end(&mut self, ended: Result<(task::Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let Some(of) = self.of_task.remove(&id) else { return };
        // One that a newer one has replaced was aborted.
        if self.by_place.get(&of).is_none_or(|(task, _)| task.id() != id) {
            return;
        }
        let asked = self.by_place.remove(&of).and_then(|(_, asked)| asked);
        let Err(error) = ended else { return };
        tracing::error!(service = %of.0, error = one_line(&error), "a verification ended abnormally");
        // Telling is tried once; `None` afterwards.
        let Some(Asked { decision, subject }) = asked else { return };
        let deliveries = vec![silent(subject, PANICKED.to_owned())];
        let telling = tell(self.engine.clone(), of.0.clone(), decision, deliveries);
        self.begin(of, None, telling);
    }
}

async fn verify(question: Question, provider: ProviderInUse, engine: Engine, drains: Drains) {
    failpoint::reach(Failpoint::DuringVerification);
    let Question { decision, verification, began } = question;
    let (service, place) = (verification.service.name.clone(), verification.service.place());
    let witness = Witness { engine: engine.clone(), service: service.clone(), decision: decision.clone() };
    let deliveries = ask_all(&provider, &verification.wanted(), began, &witness).await;
    failpoint::reach(Failpoint::AfterVerification);
    for delivery in &deliveries {
        if let Some(took) = delivery.took {
            // By provider: a histogram is twenty series, and there may be thousands of services.
            metrics::histogram!("failover_controller_propagation_seconds", "provider" => place.provider.to_string())
                .record(took.as_secs_f64());
        }
    }
    let server = server_with(&deliveries);
    let arrived = has_arrived(&deliveries);
    tell(engine, service, decision, deliveries).await;
    if arrived && verification.moves {
        drains.begin(verification, server.map(|server| Source { server, outlook: provider.outlook }));
    }
}

/// A server that serves what was written.
fn server_with(deliveries: &[Delivery]) -> Option<SocketAddr> {
    let mut served = deliveries.iter().filter(|delivery| delivery.outcome == DeliveryOutcome::Served);
    served.find_map(|delivery| delivery.server.parse().ok())
}

/// Until it is committed the service counts as being verified, so it is told again and again.
async fn tell(engine: Engine, service: ServiceName, decision: DecisionId, deliveries: Vec<Delivery>) {
    loop {
        let (name, id, report) = (service.clone(), decision.clone(), deliveries.clone());
        match engine.ask(|reply| Message::Verified(name, id, report, reply)).await {
            Ok(Ok(())) | Err(_) => return,
            Ok(Err(error)) => tracing::debug!(%service, %decision, error, "a verification was not committed"),
        }
        tokio::time::sleep(COMMIT_PAUSE).await;
    }
}

#[cfg(test)]
pub(crate) mod tests;
