//! After a move: how far the world's caches are, sampled on a panel of recursive resolvers.
//!
//! Authoritative servers serve a move within seconds; users see it when their resolvers' caches run out. So each resolver
//! of the panel is asked until it serves the new records, or until the longest time is over that a resolver may keep an
//! old answer: the records' TTL, and for a record that was not there before the time that its absence may be kept (RFC 2308
//! §5). Who still answers the old one then does not keep to TTLs, and is named.
//!
//! Nothing waits for it and nothing is decided by it. It is not taken up again by another process. A resolver is many
//! caches behind one address; one answer tells of one of them.

mod drained;
mod panel;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::{DecisionId, Fence};
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::service::{Place, Service};
use dns_core::time::Timestamp;
use dns_provider::authoritative::Content;
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

pub(crate) use self::drained::{Drained, Sample};
use self::panel::Sampled;
use crate::aside::Asides;
use crate::engine::handle::{Engine, Message};
use crate::providers::outlook::Outlook;
use crate::verifier::Verification;

/// Drains that wait to begin.
const QUEUE: usize = 1024;

/// Rounds in the whole time: often enough for an estimate in percent.
const ROUNDS: u32 = 60;
/// The shortest time between two rounds: a few questions a second to each resolver, and only until it serves the new.
const ROUND_EVERY_MIN: Duration = Duration::from_secs(1);
/// The longest: an operator watches this.
const ROUND_EVERY_MAX: Duration = Duration::from_secs(10);

/// Added to the TTL: fences tell whole seconds, and unbound keeps a record a second longer than its TTL says.
const SLACK: Duration = Duration::from_secs(2);

/// The longest time that is waited for: many resolvers keep nothing longer than a day, whatever its TTL.
const LIFETIME_MAX: Duration = Duration::from_hours(24);

/// Questions to resolvers under way at once, of all services together: each has a socket of its own, resolvers limit who
/// asks much, and after an evacuation a sample that comes later says as much.
static QUESTIONS: Semaphore = Semaphore::const_new(32);

/// How long an absence may be kept if the zone's SOA cannot be read: the longest that RFC 2308 §5 finds sensible.
const ABSENCE_DEFAULT: Duration = Duration::from_hours(3);

/// Starts drains.
#[derive(Clone)]
pub(crate) struct Drains {
    sender: mpsc::Sender<Drain>,
}

/// A move that has arrived on the authoritative servers.
pub(crate) struct Drain {
    verification: Verification,
    /// A server that serves it.
    source: Option<Source>,
}

/// A server that serves a move, and from where it is asked.
pub(crate) struct Source {
    /// The server.
    pub(crate) server: SocketAddr,
    /// From where.
    pub(crate) outlook: Outlook,
}

/// The receiving end, for [`run`].
pub(crate) type Requests = mpsc::Receiver<Drain>;

/// What every drain needs.
#[derive(Clone)]
pub(crate) struct Panel {
    /// The resolvers; none means that nothing is sampled.
    pub(crate) resolvers: Arc<[SocketAddr]>,
    /// The clock.
    pub(crate) clock: Clock,
    /// For the history.
    pub(crate) engine: Engine,
    /// Where people see it.
    pub(crate) asides: Asides,
}

impl Drains {
    /// Makes the channel.
    pub(crate) fn channel() -> (Self, Requests) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { sender }, receiver)
    }

    /// Begins a drain, unless the one of the same move is known.
    pub(crate) fn begin(&self, verification: Verification, source: Option<Source>) {
        let service = verification.service.name.clone();
        if self.sender.try_send(Drain { verification, source }).is_err() {
            tracing::warn!(%service, "too many drains wait; this one is not sampled");
        }
    }
}

impl Drain {
    /// The move that it is of, unless the service is in no region or only shares its answers: that is no move yet, and
    /// resolvers keep either answer.
    fn plan(&self) -> Option<DecisionId> {
        let Verification { service, fence, .. } = &self.verification;
        let fence = Fence::parse(fence, &service.zone).ok()?;
        (fence.active.is_some() && fence.blend.is_none()).then_some(fence.plan)
    }
}

/// Samples until cancelled. The newest move of a service in a place ends the drain of the one before.
pub(crate) async fn run(mut requests: Requests, panel: Panel, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    let mut newest: BTreeMap<(ServiceName, Place), (DecisionId, AbortHandle)> = BTreeMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(drain) = requests.recv() => {
                let Some(plan) = drain.plan() else { continue };
                let key = (drain.verification.service.name.clone(), drain.verification.service.place());
                if newest.get(&key).is_some_and(|(known, _)| *known == plan) {
                    // A small write after the move was verified as well.
                    continue;
                }
                // Whatever is to be sampled of the newest move, the one before it is over.
                if let Some((_, older)) = newest.remove(&key) {
                    older.abort();
                }
                panel.asides.forget_drain(&key.0, &key.1);
                let Some(move_) = Move::of(drain, &panel) else { continue };
                let task = tasks.spawn(move_.drain(panel.clone()));
                newest.insert(key, (plan, task));
            }
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                if let Some(error) = ended.err().filter(|error| !error.is_cancelled()) {
                    tracing::error!(error = one_line(&error), "a drain ended abnormally");
                }
            }
        }
    }
}

/// A move that resolvers may not have followed yet.
struct Move {
    service: Arc<Service>,
    place: Place,
    plan: DecisionId,
    moved: Timestamp,
    sampled: Sampled,
    /// The TTL of the records, the longest of them.
    ttl: Duration,
    /// A server to ask for how long an absence may be kept, if a record may have been absent before.
    absence: Option<Source>,
}

impl Move {
    /// `None` if nothing is to be sampled: without a panel, for a service that is in no region, or if all answers are the
    /// provider's own.
    fn of(drain: Drain, panel: &Panel) -> Option<Self> {
        let Drain { verification, source } = drain;
        let Verification { service, fence, expected, absent, moves: _ } = verification;
        let fence = Fence::parse(&fence, &service.zone).ok().filter(|fence| fence.active.is_some())?;
        let sampled = Sampled::of(&expected, &absent);
        if panel.resolvers.is_empty() || sampled.is_empty() {
            return None;
        }
        let ttl = service.records.iter().map(|record| record.ttl.as_secs()).max().unwrap_or_default();
        let appears =
            service.records.iter().any(|record| !record.absent_in.is_empty() && expected.contains_key(&record.key));
        Some(Self {
            place: service.place(),
            plan: fence.plan,
            moved: fence.moved,
            sampled,
            ttl: Duration::from_secs(u64::from(ttl)),
            absence: source.filter(|_| appears),
            service,
        })
    }

    async fn drain(self, panel: Panel) {
        let lifetime = self.lifetime().await;
        let ends = self.moved + lifetime + SLACK;
        if panel.clock.wall() >= ends {
            return;
        }
        let every = (lifetime / ROUNDS).clamp(ROUND_EVERY_MIN, ROUND_EVERY_MAX);
        let mut samples: BTreeMap<SocketAddr, Sample> = BTreeMap::new();
        loop {
            self.sample(&panel, &mut samples).await;
            let now = panel.clock.wall();
            let served = samples.values().all(|sample| matches!(sample, Sample::New { .. }));
            let drained = Drained {
                plan: self.plan.clone(),
                running: !served && now < ends,
                rest: ends.since(now),
                resolvers: samples.iter().map(|(resolver, sample)| (*resolver, sample.clone())).collect(),
            };
            self.publish(&panel, &drained);
            if !drained.running {
                return self.record(&panel, &drained).await;
            }
            tokio::time::sleep(every.min(ends.since(now) + SLACK)).await;
        }
    }

    /// How long a resolver may keep what it had before the move.
    async fn lifetime(&self) -> Duration {
        let absence = match &self.absence {
            Some(source) => absence_lifetime(source, &self.service.zone).await,
            None => Duration::ZERO,
        };
        self.ttl.max(absence).min(LIFETIME_MAX)
    }

    /// Asks every resolver that did not serve the new records yet.
    async fn sample(&self, panel: &Panel, samples: &mut BTreeMap<SocketAddr, Sample>) {
        let mut questions = JoinSet::new();
        for resolver in panel.resolvers.iter().copied() {
            if matches!(samples.get(&resolver), Some(Sample::New { .. })) {
                continue;
            }
            samples.entry(resolver).or_insert(Sample::Silent { reason: "its question panicked".to_owned() });
            let (records, took) = (self.sampled.clone(), panel.clock.wall().since(self.moved));
            questions.spawn(async move {
                let _place = QUESTIONS.acquire().await.expect("invariant: nobody closes it");
                (resolver, records.ask(resolver, took).await)
            });
        }
        while let Some(answered) = questions.join_next().await {
            let Ok((resolver, seen)) = answered else { continue };
            samples.insert(resolver, seen);
        }
    }

    fn publish(&self, panel: &Panel, drained: &Drained) {
        let labels = [
            ("service", self.service.name.to_string()),
            ("provider", self.place.provider.to_string()),
            ("zone", self.place.zone.to_string()),
        ];
        metrics::gauge!("failover_controller_drained_ratio", &labels).set(drained.ratio());
        panel.asides.note_drain(&self.service.name, &self.place, drained.clone());
    }

    async fn record(&self, panel: &Panel, drained: &Drained) {
        let took = panel.clock.wall().since(self.moved);
        let entry = HistoryEntry {
            at: panel.clock.now(),
            service: self.service.name.clone(),
            kind: HistoryKind::Drained,
            decision: Some(self.plan.clone()),
            summary: format!("{} after {} s", drained.describe(), took.as_secs()),
            page: false,
            details: serde_json::json!({
                "served": drained.served(),
                "of": drained.resolvers.len(),
                "tookMs": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            })
            .into(),
        };
        // A stopped engine means a stopping process; a row about caches is no reason to hold it up.
        let _stopping = panel.engine.tell(Message::Recorded(Box::new(entry))).await;
    }
}

/// How long resolvers may keep that a record is absent (RFC 2308 §5).
async fn absence_lifetime(source: &Source, zone: &Name) -> Duration {
    let answered = source.outlook.ask(source.server, zone, RecordType::SOA).await;
    let Some(Content::Records { ttl_secs, values }) = answered else {
        return ABSENCE_DEFAULT;
    };
    let minimum = values.iter().find_map(|value| match value {
        RData::SOA(soa) => Some(soa.minimum),
        _ => None,
    });
    minimum.map_or(ABSENCE_DEFAULT, |minimum| Duration::from_secs(u64::from(minimum.min(ttl_secs))))
}

#[cfg(test)]
mod tests;
