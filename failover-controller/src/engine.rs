//! The engine: the one task that owns the state of every service.
//!
//! Everything else sends it messages and watches what it publishes. Each message becomes an event of the pure core;
//! the new state, the outbox and the history of one step are committed in one transaction, and only then do the
//! effects take place. A commit that fails leaves the old state standing, as if the event had not come.
//!
//! It looks at a service when there is news of it or time alone changes something ([`due`]), and lets only so many begin
//! to move at once as can be sent before their decisions are too old: the others wait for their turn, undecided. What it
//! publishes is shared with what it published before.
//!
//! It runs without a store, too, and then decides nothing and says why ([`loading`], [`trouble`]).

mod companions;
mod due;
pub(crate) mod evacuating;
pub(crate) mod evidence;
mod eyes;
pub(crate) mod handle;
mod judging;
mod loading;
mod publishing;
pub(crate) mod snapshot;
pub(crate) mod standby;
mod stepping;
mod trouble;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::companion::Ties;
use dns_core::drill::injection::Honoured;
use dns_core::fleet::{BlastRadius, Fleet};
use dns_core::gate::GateBook;
use dns_core::history::HistoryEntry;
use dns_core::identifier::{Actor, ProviderName, ServiceName, VantageName};
use dns_core::machine::command::Order;
use dns_core::machine::effect::Effect;
use dns_core::machine::event::Event;
use dns_core::saga::packed::Packer;
use dns_core::saga::{PlacedEffect, SagaStep};
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_store::port::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aside::Asides;
use crate::reader::ReadNow;
use crate::verifier::Verifications;
use evacuating::Evacuations;
use evidence::{Due, Witnesses};
use eyes::Eyes;
use handle::{Inbox, Message, OrderAnswer};
use loading::Waiting;
use publishing::Told;
use snapshot::{Listed, Snapshot};
use stepping::GROUP_MAX;
use trouble::Trouble;
pub(crate) use unit::note_row;
use unit::{NotStepped, Unit};

/// The pause between two looks at the time: judgements grow stale, pauses end, decisions expire.
const TICK: Duration = Duration::from_millis(250);

/// A gap between two turns of the loop after which everything heard before is distrusted: the process was stopped or
/// starved, and what waits in its sockets is old. Eight ticks, so that a slow commit is not taken for a stall.
const STALL: Duration = Duration::from_secs(2);

/// Messages that are taken from the queue at once, so that their steps share commits.
const MESSAGES_MAX: usize = GROUP_MAX;

/// The shortest time between two publications: nobody reads faster. A copy of ten thousand services takes a millisecond.
const PUBLISH_GAP: Duration = Duration::from_millis(20);

/// A publication is followed by a pause of so many times what it took: it copies the list of all services, which of a hundred
/// thousand takes as long as many steps.
const PUBLISH_SHARE: u32 = 9;

/// What the engine needs from outside.
pub(crate) struct Parts {
    /// This controller's name.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// Every service, to begin with.
    pub(crate) services: Vec<Everywhere>,
    /// How long each provider's permits last.
    pub(crate) permits: BTreeMap<ProviderName, Duration>,
    /// Every vantage point.
    pub(crate) vantage_points: Vec<VantageName>,
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// Wakes the executor.
    pub(crate) outbox: Arc<Notify>,
    /// Asks for reads of services' zones.
    pub(crate) read_now: ReadNow,
    /// Starts verifications.
    pub(crate) verifications: Verifications,
    /// What is known beside the state of services.
    pub(crate) asides: Asides,
    /// How many services may leave a region without an order.
    pub(crate) blast_radius: BlastRadius,
    /// What services are bound to, of those that are.
    pub(crate) ties: BTreeMap<ServiceName, Arc<Ties>>,
    /// Raised after a stall: subscribers reconnect, and say with what they hear on which side of it they asked.
    pub(crate) distrust: watch::Sender<u64>,
}

/// The engine's own state: whoever has it is the engine.
pub(crate) struct Owner {
    parts: Parts,
    units: BTreeMap<ServiceName, Unit>,
    /// Which vantage points count for which of them.
    eyes: Eyes,
    /// The services whose state is not loaded.
    waiting: BTreeMap<ServiceName, Waiting>,
    witnesses: Witnesses,
    /// The drills whose injected failures count, by service.
    honoured: BTreeMap<ServiceName, Honoured>,
    /// What gates have said.
    gates: GateBook,
    trouble: Trouble,
    /// Which opening of the store everything was loaded from.
    incarnation: u64,
    last_turn: Turn,
    /// The vantage points that counted at the last turn: silence and blindness begin without news.
    counting: BTreeSet<VantageName>,
    /// Whether something was heard since it was last looked for what is due.
    has_news: bool,
    /// All services, as each of them has to know of the others.
    fleet: Fleet,
    packer: Packer,
    /// Whose turn to move is first: the one after the last that was let.
    next_turn: Option<ServiceName>,
    /// Evacuations of regions by order.
    evacuations: Evacuations,
    /// What was last shown of every service beside its own state.
    told: Told,
    /// What was last published of every service.
    shown: Arc<Listed>,
}

/// When the loop last turned, by both clocks.
#[derive(Clone, Copy)]
struct Turn {
    now: Timestamp,
    wall: Timestamp,
}

/// Runs until cancelled. Services are loaded as soon as the store has them.
pub(crate) async fn run(
    parts: Parts,
    mut messages: Inbox,
    publish: watch::Sender<Arc<Snapshot>>,
    stop: CancellationToken,
) {
    let mut owner = Owner::new(parts);
    let mut ticks = tokio::time::interval(TICK);
    // When what has happened since the last publication is published.
    let mut published = Instant::now();
    let mut gap = PUBLISH_GAP;
    let mut news = false;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            // Before messages: however many there are, time passes and what is known is published.
            _ = ticks.tick() => {
                owner.turn().await;
                // Counted from the end: after a turn that the store held up the next would be due at once, and messages
                // would never have theirs.
                ticks.reset();
            }
            () = tokio::time::sleep_until(published + gap), if news => {}
            Some(message) = messages.recv() => {
                owner.note_turn();
                let waiting = std::iter::from_fn(|| messages.try_recv()).take(MESSAGES_MAX);
                let all: Vec<Message> = std::iter::once(message).chain(waiting).collect();
                let heartbeat = all.iter().all(|message| matches!(message, Message::Heard(_, _)));
                owner.handle_all(all).await;
                // The next tick publishes a heartbeat; and of many messages at once only the last.
                news |= !heartbeat;
                continue;
            }
        }
        let began = Instant::now();
        owner.publish(&publish);
        (published, news) = (Instant::now(), false);
        gap = PUBLISH_GAP.max((published - began) * PUBLISH_SHARE);
    }
}

impl Owner {
    pub(crate) fn new(mut parts: Parts) -> Self {
        let (now, wall) = (parts.clock.now(), parts.clock.wall());
        // From here on each of them is loaded or waits to be.
        let services = std::mem::take(&mut parts.services);
        Self {
            units: BTreeMap::new(),
            eyes: Eyes::default(),
            waiting: loading::all(&services, now),
            witnesses: Witnesses::new(&parts.vantage_points, &services),
            honoured: BTreeMap::new(),
            gates: GateBook::new(),
            trouble: Trouble::default(),
            incarnation: parts.store.incarnation(),
            last_turn: Turn { now, wall },
            counting: BTreeSet::new(),
            has_news: false,
            fleet: Fleet::new(parts.blast_radius),
            packer: Packer::default(),
            next_turn: None,
            evacuations: Evacuations::default(),
            told: Told::default(),
            shown: Arc::default(),
            parts,
        }
    }

    /// What is due with time alone.
    pub(crate) async fn turn(&mut self) {
        self.note_turn();
        let failures = self.trouble.failures();
        self.trouble.reopen();
        self.notice_another_file().await;
        // Before services: what keeps them out of a region must be known when they are first judged.
        self.load_evacuations().await;
        self.load_waiting().await;
        self.try_store_again().await;
        self.judge_due().await;
        self.evacuate().await;
        if self.trouble.failures() == failures {
            self.trouble.end();
        }
        self.trouble.tell(self.parts.store.trouble());
    }

    /// Notes that time has passed in which something was done.
    fn note_progress(&mut self) {
        self.last_turn = Turn { now: self.parts.clock.now(), wall: self.parts.clock.wall() };
    }

    /// How many services a quorum sees failing where they are.
    #[cfg(feature = "measured")]
    pub(crate) fn failing(&self) -> usize {
        self.units.values().filter(|unit| unit.present().is_failing()).count()
    }

    /// Notices that the process was stopped or starved, or the machine suspended: then the monotonic clock stood still
    /// and only the wall clock tells.
    pub(crate) fn note_turn(&mut self) {
        let (now, wall) = (self.parts.clock.now(), self.parts.clock.wall());
        let gap = now.since(self.last_turn.now);
        let expected = self.last_turn.wall + gap;
        let jump = wall.since(expected).max(expected.since(wall));
        self.last_turn = Turn { now, wall };
        if gap > STALL || jump > STALL {
            let (gap_ms, jump_ms) = (gap.as_millis(), jump.as_millis());
            tracing::warn!(
                gap_ms,
                jump_ms,
                "stood still, or the clock jumped; all evidence is distrusted until heard anew"
            );
            metrics::counter!("failover_controller_stalls_total").increment(1);
            self.gates.clear();
            self.units.values_mut().for_each(Unit::make_due);
            self.parts.distrust.send_replace(self.witnesses.distrust_all());
        }
    }

    /// Handles a message that is more than a step.
    async fn handle_alone(&mut self, message: Message) {
        match message {
            Message::Heard(vantage, heard) => match self.witnesses.take(&vantage, heard) {
                Due::Nothing => {}
                Due::One(service) => {
                    self.has_news = true;
                    self.units.get_mut(&service).into_iter().for_each(Unit::make_due);
                }
                Due::All => self.make_due(&vantage),
            },
            Message::Gate(answer) => self.take_gate(*answer),
            Message::Order(service, order, reply) => {
                let answer = self.order(&service, order).await;
                // A caller that has gone away finds the outcome in the history.
                let _gone = reply.send(answer);
            }
            Message::Delivered(service, decision, delivery) => {
                if let Some(unit) = self.units.get_mut(&service) {
                    unit.note_delivery(decision, delivery);
                }
            }
            Message::Honour(service, honoured) => self.honour(service, honoured),
            Message::Recorded(entry) => self.record(*entry).await,
            Message::Evacuation(call, reply) => {
                let answer = Box::pin(self.call(*call)).await;
                let _gone = reply.send(answer);
            }
            step @ (Message::Zone(..)
            | Message::Vetoed(..)
            | Message::Permit(..)
            | Message::Uncertain(..)
            | Message::Settled(..)
            | Message::Verified(..)) => Box::pin(self.handle_all(vec![step])).await,
        }
    }

    /// What is injected for a drill is forgotten with the process: whoever runs the drill says it again.
    fn honour(&mut self, service: ServiceName, honoured: Option<Honoured>) {
        if let Some(unit) = self.units.get_mut(&service) {
            unit.make_due();
        }
        match honoured {
            Some(honoured) => self.honoured.insert(service, honoured),
            None => self.honoured.remove(&service),
        };
    }

    /// A row that no step asks for. Lost if the store does not take it: nothing depends on it.
    async fn record(&mut self, entry: HistoryEntry) {
        let Some(unit) = self.units.get_mut(&entry.service).filter(|_| self.trouble.shut().is_none()) else { return };
        if let Err(error) = unit.record(entry, &self.parts).await {
            self.take_in(&error).await;
        }
    }

    async fn order(&mut self, service: &ServiceName, order: Order) -> OrderAnswer {
        if let Some(waiting) = self.waiting.get(service) {
            let own = waiting.reason().map(str::to_owned);
            let why = own.or_else(|| self.trouble.text(self.parts.store.trouble()));
            return OrderAnswer::StoreFailed(why.unwrap_or_else(|| "its state is being loaded".to_owned()));
        }
        if !self.units.contains_key(service) {
            return OrderAnswer::NoService;
        }
        tracing::info!(%service, command = ?order.command, by = %order.by, "order");
        match self.step(service, Event::Commanded(order)).await {
            Err(error) => OrderAnswer::StoreFailed(one_line(&error)),
            Ok(step) => match (step.refusal, step.awaiting) {
                (Some(refusal), _) => OrderAnswer::Refused(refusal),
                (None, Some(awaiting)) => OrderAnswer::Awaiting(awaiting),
                (None, None) => OrderAnswer::Taken(step.decision),
            },
        }
    }

    /// One step of one service: commit, then carry out.
    async fn step(&mut self, name: &ServiceName, event: Event) -> Result<SagaStep, NotStepped> {
        let wanted = stepping::Wanted { service: name.clone(), place: None, event };
        let stepped = self.step_all(vec![wanted]).await.pop();
        stepped.expect("invariant: each step that is wanted has an outcome")
    }

    /// What follows from a commit that was refused, whoever tried it.
    async fn take_in(&mut self, error: &StoreError) {
        self.trouble.note(error);
        if matches!(error, StoreError::Stale { .. }) {
            self.load_anew().await;
        }
    }

    /// A store that failed is tried with a commit that changes nothing: quiet services would not show that it is back.
    async fn try_store_again(&mut self) {
        let failing = self.trouble.is_failing() && self.trouble.shut().is_none();
        let Some(unit) = self.units.values_mut().next().filter(|_| failing) else { return };
        if let Err(error) = unit.commit_unchanged(&self.parts).await {
            self.take_in(&error).await;
        }
    }

    /// Effects that are no rows of the store. They carry no data: who is woken reads the store.
    fn carry_out(&self, name: &ServiceName, effects: &[PlacedEffect]) {
        for PlacedEffect { place, effect } in effects {
            match effect {
                Effect::Enqueue(_) => self.parts.outbox.notify_one(),
                Effect::ReadZone => self.parts.read_now.ask(name, place),
                Effect::Verify(decision) => {
                    let verification = self.units.get(name).and_then(|unit| unit.verification(place));
                    if let Some(verification) = verification {
                        self.parts.verifications.begin(name, decision.clone(), verification);
                    }
                }
                Effect::MarkSent(_) | Effect::Dequeue(_) | Effect::Record(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
