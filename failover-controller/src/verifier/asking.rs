//! Asks every authoritative server of a zone until each serves what was written, and the provider until it says that all
//! of its servers have it.
//!
//! Bounded: a server that serves something else is asked until the time is over; one that does not answer is given up
//! sooner, since it answers no resolver either.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_core::fence::text::FenceText;
use dns_core::machine::event::{Delivery, DeliveryOutcome};
use dns_core::rrset::{RrsetKey, Rrsets};
use dns_provider::authoritative::{Expected, Served, Servers, Targets, Unresolved};
use dns_provider::port::{Progress, Receipt};
use dns_service::exit::one_line;
use hickory_proto::rr::Name;
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};

use crate::providers::ProviderInUse;
use crate::providers::outlook::{Outlook, Seen};

/// How long one question about which servers there are may take: longer than any way around the world.
const QUESTION: Duration = Duration::from_secs(1);
/// The first pause between two rounds; it doubles up to [`PAUSE_MAX`].
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause: propagation is measured to a quarter of a second.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// Rounds of questions to servers under way at once: each has a socket of its own, and a process may open few.
const QUESTIONS_MAX: usize = 256;

/// How long a server may be silent before it is given up, and how long its address is looked for: some lost packets.
pub(super) const SILENCE: Duration = Duration::from_secs(5);
/// The pause between two questions to an API how far a write is: calls are counted, and it takes many seconds.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// What is told of a server about which nothing is known, because of a fault in this program.
pub(super) const PANICKED: &str = "its question panicked; the log says where";

/// What every authoritative server of a zone should be seen to serve.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The zone.
    pub(crate) zone: Name,
    /// The owner name of the fence.
    pub(crate) fence_name: Name,
    /// The fence.
    pub(crate) fence: FenceText,
    /// The guarded records.
    pub(crate) expected: Rrsets,
    /// Keys that should have no record.
    pub(crate) absent: BTreeSet<RrsetKey>,
    /// How long a server has time.
    pub(crate) within: Duration,
}

/// Hears of each server while others are still asked, so that people can watch a write arrive.
pub(crate) trait Hearing: Clone + Send + 'static {
    /// Takes note of a server, and hands it back.
    fn hear(self, delivery: Delivery) -> impl Future<Output = Delivery> + Send;
}

/// Nobody watches.
#[derive(Clone)]
pub(crate) struct Unheard;

impl Hearing for Unheard {
    async fn hear(self, delivery: Delivery) -> Delivery {
        delivery
    }
}

/// Whether a write has arrived: some server serves it, and none serves something else. One that never answers answers no
/// resolver either.
pub(crate) fn has_arrived(deliveries: &[Delivery]) -> bool {
    let any = |outcome| deliveries.iter().any(|delivery| delivery.outcome == outcome);
    any(DeliveryOutcome::Served) && !any(DeliveryOutcome::Old)
}

/// Asks the provider and every server. A server is asked as soon as its address is known, and told of as soon as it
/// serves what was written; one whose address is still looked for keeps no other waiting. Records that no server shows
/// are named as such.
pub(crate) async fn ask_all(
    provider: &ProviderInUse,
    wanted: &Wanted,
    began: Instant,
    hearing: &impl Hearing,
) -> Vec<Delivery> {
    let targets = Arc::new(Targets::new(provider.discovery.resolvers()));
    let mut deliveries = ask_servers(provider, wanted, began, hearing, &targets).await;
    // Afterwards, because its calls are counted: a write that is served everywhere is one that it says is done.
    deliveries.extend(until_spread(provider, wanted, began).await);
    deliveries.sort_by(|one, other| one.server.cmp(&other.server));
    let expected = expected(wanted, &targets);
    let hidden = expected.unobservable().into_iter().map(|(key, why)| Delivery {
        server: key.to_string(),
        outcome: DeliveryOutcome::Unobservable,
        took: None,
        detail: Some(format!("{why}; the provider itself says that it is written")),
    });
    deliveries.extend(hidden);
    deliveries
}

async fn ask_servers(
    provider: &ProviderInUse,
    wanted: &Wanted,
    began: Instant,
    hearing: &impl Hearing,
    targets: &Arc<Targets>,
) -> Vec<Delivery> {
    let mut questions = Questions::default();
    let ask = |server: SocketAddr| {
        let (wanted, targets, hearing) = (wanted.clone(), Arc::clone(targets), hearing.clone());
        let outlook = provider.outlook.clone();
        questions.ask(server, async move {
            hearing.hear(ask_until_served(&outlook, server, &wanted, &targets, began).await).await
        });
    };
    let look = || provider.discovery.servers(provider.adapter.as_ref(), &wanted.zone, QUESTION);
    let missing = find_all(look, SILENCE.min(wanted.within), ask).await;
    let mut deliveries: Vec<Delivery> = match missing {
        Ok(missing) => missing.into_iter().map(|server| silent(server.name.to_string(), server.reason)).collect(),
        Err(error) => {
            vec![silent(provider.subject(), format!("it does not tell the zone's name servers: {error}"))]
        }
    };
    deliveries.extend(questions.answers().await);
    deliveries
}

/// Asks the provider how far its newest write of this fence is. `None` once it says that all of its servers have it, or if
/// it has nothing to say; a process that did not make the write itself has only the servers to ask.
async fn until_spread(provider: &ProviderInUse, wanted: &Wanted, began: Instant) -> Option<Delivery> {
    let receipt @ Receipt::Change(_) = provider.receipts.newest(&wanted.fence_name)? else { return None };
    loop {
        let (outcome, detail) = match provider.adapter.status(&receipt).await {
            Ok(Progress::Complete) => return None,
            Ok(Progress::Spreading) => {
                (DeliveryOutcome::Old, "the provider still spreads the write to its servers".to_owned())
            }
            Err(error) => (DeliveryOutcome::Silent, format!("it does not say how far the write is: {error}")),
        };
        if began.elapsed() >= wanted.within {
            return Some(Delivery { server: provider.subject(), outcome, took: None, detail: Some(detail) });
        }
        tokio::time::sleep(PROGRESS_EVERY).await;
    }
}

/// One question to each server. Those that are dropped stop asking, so a verification that is replaced does.
#[derive(Default)]
pub(super) struct Questions {
    tasks: JoinSet<Delivery>,
    servers: BTreeMap<SocketAddr, task::Id>,
}

impl Questions {
    /// Asks a server that was not asked yet.
    pub(super) fn ask(&mut self, server: SocketAddr, question: impl Future<Output = Delivery> + Send + 'static) {
        if let Entry::Vacant(vacant) = self.servers.entry(server) {
            vacant.insert(self.tasks.spawn(question).id());
        }
    }

    /// What all have answered. Every server that was asked is in it: one that is missing would count as arrived.
    pub(super) async fn answers(mut self) -> Vec<Delivery> {
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
pub(super) async fn find_all<Look, E: Display>(
    mut look: impl FnMut() -> Look,
    within: Duration,
    mut found: impl FnMut(SocketAddr),
) -> Result<Vec<Unresolved>, E>
where
    Look: Future<Output = Result<Servers, E>>,
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

fn expected<'a>(wanted: &'a Wanted, targets: &'a Targets) -> Expected<'a> {
    let Wanted { zone, fence_name, fence, expected, absent, within: _ } = wanted;
    Expected { zone, rrsets: expected, absent, fence_name, fence: Some(fence), targets }
}

/// One round of questions to one server, as soon as there is a socket for it.
/// With the moment from which on it was asked: to wait for a socket is no silence of the server.
async fn ask_once(outlook: &Outlook, server: SocketAddr, expected: &Expected<'_>) -> (Instant, Seen) {
    static QUESTIONS: Semaphore = Semaphore::const_new(QUESTIONS_MAX);
    let _place = QUESTIONS.acquire().await.expect("invariant: nobody closes it");
    (Instant::now(), outlook.serves(server, expected).await)
}

async fn ask_until_served(
    outlook: &Outlook,
    server: SocketAddr,
    wanted: &Wanted,
    targets: &Targets,
    began: Instant,
) -> Delivery {
    let expected = expected(wanted, targets);
    let mut pause = PAUSE_MIN;
    let mut silent_since = None;
    loop {
        let (asked, Seen { served, from }) = ask_once(outlook, server, &expected).await;
        let seen_from = from.map(|vantage| format!("seen from {vantage}"));
        let took = began.elapsed();
        let (outcome, detail) = match served {
            Served::New => return delivery(server, DeliveryOutcome::Served, Some(took), seen_from),
            Served::Old { answered } => {
                silent_since = None;
                (DeliveryOutcome::Old, [Some(answered), seen_from].into_iter().flatten().collect::<Vec<_>>().join(", "))
            }
            Served::Silent { reason, heard } => {
                silent_since = if heard { Some(Instant::now()) } else { silent_since.or(Some(asked)) };
                (DeliveryOutcome::Silent, reason)
            }
        };
        let given_up =
            outcome == DeliveryOutcome::Silent && silent_since.is_some_and(|since| since.elapsed() >= SILENCE);
        if given_up || took >= wanted.within {
            return delivery(server, outcome, None, Some(detail));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

pub(super) fn silent(server: String, reason: String) -> Delivery {
    Delivery { server, outcome: DeliveryOutcome::Silent, took: None, detail: Some(reason) }
}

pub(super) fn delivery(
    server: SocketAddr,
    outcome: DeliveryOutcome,
    took: Option<Duration>,
    detail: Option<String>,
) -> Delivery {
    Delivery { server: server.to_string(), outcome, took, detail }
}
