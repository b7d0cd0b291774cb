//! Asks every authoritative server of a zone until each serves what was written, and says how long each took.
//!
//! Bounded: a server that serves something else is asked until the policy's time is over; one that does not answer is
//! given up sooner, since it answers no resolver either. Neither stands in the way of the next move.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_core::fence::text::FenceText;
use dns_core::fence::{DecisionId, Fence};
use dns_core::identifier::{ProviderName, ServiceName};
use dns_core::machine::event::{Delivery, DeliveryOutcome};
use dns_core::rrset::{RrsetKey, Rrsets};
use dns_core::service::Service;
use dns_provider::authoritative::{AskError, Expected, Served, Servers, Unresolved, servers, serves};
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use tokio::sync::mpsc;
use tokio::task::{self, AbortHandle, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::engine::handle::{Engine, Message};
use crate::providers::ProviderInUse;

/// How long one question to one server may take: longer than any way around the world.
const QUESTION: Duration = Duration::from_secs(1);
/// The first pause between two rounds; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause: propagation is measured to a quarter of a second.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long a server may be silent before it is given up, and how long its address is looked for: some lost packets.
const SILENCE: Duration = Duration::from_secs(5);
/// How long to wait until a commit that failed is tried again.
const COMMIT_PAUSE: Duration = Duration::from_secs(1);
/// Verifications that wait to begin; one per service at the most, since a newer one replaces an older.
const QUEUE: usize = 1024;

/// What is told of a server about which nothing is known, because of a fault in this program.
const PANICKED: &str = "its question panicked; the log says where";

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
        let rendered = held.active.as_ref().and_then(|active| service.render(active).ok()).unwrap_or_default();
        let as_written = !rendered.is_empty() && rendered.keys().eq(&held.rrs) && held.guards(&rendered);
        let absent = || service.keys().into_iter().filter(|key| !held.rrs.contains(key)).collect();
        Some(Self {
            service: Arc::clone(service),
            fence: held.to_text(&service.zone).ok()?,
            absent: if as_written { absent() } else { BTreeSet::new() },
            expected: if as_written { rendered } else { Rrsets::new() },
        })
    }
}

impl Verifications {
    /// Makes the channel.
    pub(crate) fn channel() -> (Self, Requests) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender }, receiver)
    }

    /// Begins a verification; an older one of the same service ends.
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

impl Witness {
    async fn tell(self, delivery: Delivery) -> Delivery {
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
    stop: CancellationToken,
) {
    let mut running = Running { engine, tasks: JoinSet::new(), by_service: BTreeMap::new() };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some((service, question)) = requests.recv() => {
                let Some(provider) = providers.get(&question.verification.service.provider).cloned() else { continue };
                let (engine, asked) = (running.engine.clone(), Asked::of(&question, &provider));
                running.begin(service, asked, verify(question, provider, engine));
            }
            Some(ended) = running.tasks.join_next(), if !running.tasks.is_empty() => running.end(ended),
        }
    }
}

/// What is left of a question whose task has ended abnormally.
#[derive(Clone)]
struct Asked {
    decision: DecisionId,
    primary: SocketAddr,
}

impl Asked {
    fn of(question: &Question, provider: &ProviderInUse) -> Self {
        Self { decision: question.decision.clone(), primary: provider.primary }
    }
}

/// The verifications under way, one of each service.
struct Running {
    engine: Engine,
    tasks: JoinSet<()>,
    by_service: BTreeMap<ServiceName, (AbortHandle, Option<Asked>)>,
}

impl Running {
    fn begin(&mut self, service: ServiceName, asked: Asked, verification: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(verification);
        if let Some((older, _)) = self.by_service.insert(service, (task, Some(asked))) {
            older.abort();
        }
    }

    /// Without an answer the service would count as being verified for good, and nothing but a restart would ask again.
    fn end(&mut self, ended: Result<(), JoinError>) {
        let Err(error) = ended else { return };
        let mut found = self.by_service.iter_mut().filter(|(_, (task, _))| task.id() == error.id());
        // One that a newer one has replaced is not found: it was aborted.
        let Some((service, (task, asked))) = found.next() else { return };
        tracing::error!(%service, error = one_line(&error), "a verification ended abnormally");
        // Telling is tried once; `None` afterwards.
        let Some(Asked { decision, primary }) = asked.take() else { return };
        let deliveries = vec![silent(primary.to_string(), PANICKED.to_owned())];
        *task = self.tasks.spawn(tell(self.engine.clone(), service.clone(), decision, deliveries));
    }
}

async fn verify(question: Question, provider: ProviderInUse, engine: Engine) {
    failpoint::reach(Failpoint::DuringVerification);
    let Question { decision, verification, began } = question;
    let service = verification.service.name.clone();
    let witness = Witness { engine: engine.clone(), service: service.clone(), decision: decision.clone() };
    let deliveries = ask_all(&provider, &verification, began, &witness).await;
    failpoint::reach(Failpoint::AfterVerification);
    for delivery in &deliveries {
        if let Some(took) = delivery.took {
            metrics::histogram!("failover_controller_propagation_seconds", "service" => service.to_string())
                .record(took.as_secs_f64());
        }
    }
    tell(engine, service, decision, deliveries).await;
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

/// Asks every server as soon as its address is known, and tells of each as soon as it serves what was written. One
/// whose address is still looked for keeps no other waiting.
async fn ask_all(
    provider: &ProviderInUse,
    verification: &Verification,
    began: Instant,
    witness: &Witness,
) -> Vec<Delivery> {
    let mut questions = Questions::default();
    let ask = |server: SocketAddr| {
        let (verification, witness) = (verification.clone(), witness.clone());
        questions.ask(server, async move { witness.tell(ask_until_served(server, &verification, began).await).await });
    };
    let Service { zone, policy, .. } = &*verification.service;
    let ProviderInUse { primary, authoritative_servers, resolvers, .. } = provider;
    let look = || servers(*primary, zone, authoritative_servers, resolvers, QUESTION);
    let missing = find_all(look, SILENCE.min(policy.verify_within), ask).await;
    let mut deliveries: Vec<Delivery> = match missing {
        Ok(missing) => missing.into_iter().map(|server| silent(server.name.to_string(), server.reason)).collect(),
        Err(error) => {
            vec![silent(primary.to_string(), format!("it does not tell the zone's name servers: {error}"))]
        }
    };
    deliveries.extend(questions.answers().await);
    deliveries.sort_by(|one, other| one.server.cmp(&other.server));
    deliveries
}

/// One question to each server. Those that are dropped stop asking, so a verification that is replaced does.
#[derive(Default)]
struct Questions {
    tasks: JoinSet<Delivery>,
    servers: BTreeMap<SocketAddr, task::Id>,
}

impl Questions {
    /// Asks a server that was not asked yet.
    fn ask(&mut self, server: SocketAddr, question: impl Future<Output = Delivery> + Send + 'static) {
        if let Entry::Vacant(vacant) = self.servers.entry(server) {
            vacant.insert(self.tasks.spawn(question).id());
        }
    }

    /// What all have answered. Every server that was asked is in it: one that is missing would count as arrived.
    async fn answers(mut self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        while let Some(answered) = self.tasks.join_next().await {
            deliveries.push(answered.unwrap_or_else(|error| {
                let server = self.servers.iter().find(|(_, task)| **task == error.id());
                let name = server.map(|(server, _)| server.to_string()).unwrap_or_default();
                tracing::error!(server = name, error = one_line(&error), "a question to a server ended abnormally");
                silent(name, PANICKED.to_owned())
            }));
        }
        deliveries
    }
}

/// Looks for a zone's servers again and again until each has an address, or until `within` is over: one lost packet says
/// nothing. Hands over all addresses that each look finds, and returns which servers have none.
async fn find_all<Look>(
    mut look: impl FnMut() -> Look,
    within: Duration,
    mut found: impl FnMut(SocketAddr),
) -> Result<Vec<Unresolved>, AskError>
where
    Look: Future<Output = Result<Servers, AskError>>,
{
    let began = Instant::now();
    let mut pause = PAUSE_MIN;
    let mut best: Option<Vec<Unresolved>> = None;
    loop {
        let error = match look().await {
            Ok(Servers { addresses, unresolved }) => {
                addresses.into_iter().for_each(&mut found);
                best = Some(unresolved);
                None
            }
            Err(error) => Some(error),
        };
        let complete = best.as_ref().is_some_and(Vec::is_empty);
        if complete || began.elapsed() >= within {
            // A look that failed takes nothing away from what an earlier one found.
            return match (best, error) {
                (None, Some(error)) => Err(error),
                (best, _) => Ok(best.unwrap_or_default()),
            };
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn ask_until_served(server: SocketAddr, verification: &Verification, began: Instant) -> Delivery {
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
        let answer = serves(server, &expected, QUESTION).await;
        let took = began.elapsed();
        let (outcome, detail) = match answer {
            Served::New => return delivery(server, DeliveryOutcome::Served, Some(took), None),
            Served::Old { answered } => {
                silent_since = Instant::now();
                (DeliveryOutcome::Old, answered)
            }
            Served::Silent { reason, heard } => {
                if heard {
                    silent_since = Instant::now();
                }
                (DeliveryOutcome::Silent, reason)
            }
        };
        let given_up = outcome == DeliveryOutcome::Silent && silent_since.elapsed() >= SILENCE;
        if given_up || took >= service.policy.verify_within {
            return delivery(server, outcome, None, Some(detail));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn silent(server: String, reason: String) -> Delivery {
    Delivery { server, outcome: DeliveryOutcome::Silent, took: None, detail: Some(reason) }
}

fn delivery(server: SocketAddr, outcome: DeliveryOutcome, took: Option<Duration>, detail: Option<String>) -> Delivery {
    Delivery { server: server.to_string(), outcome, took, detail }
}

#[cfg(test)]
pub(crate) mod tests;
