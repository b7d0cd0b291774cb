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

mod due;
pub(crate) mod evidence;
pub(crate) mod handle;
mod loading;
pub(crate) mod snapshot;
mod stepping;
mod trouble;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::history::HistoryEntry;
use dns_core::identifier::{Actor, ProviderName, ServiceName, VantageName};
use dns_core::judgement::{Judgement, judge};
use dns_core::machine::command::Order;
use dns_core::machine::effect::Effect;
use dns_core::machine::event::Event;
use dns_core::saga::{PlacedEffect, SagaStep};
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use dns_store::port::{HistoryTrouble, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aside::{Asides, News};
use crate::reader::ReadNow;
use crate::verifier::Verifications;
use evidence::{Due, Witnesses};
use handle::{Inbox, Message, OrderAnswer};
use loading::Waiting;
use snapshot::{ServiceView, Snapshot};
use stepping::GROUP_MAX;
use trouble::Trouble;
use unit::{NotStepped, Unit};

/// The pause between two looks at the time: judgements grow stale, pauses end, decisions expire.
const TICK: Duration = Duration::from_millis(250);

/// A gap between two turns of the loop after which everything heard before is distrusted: the process was stopped or
/// starved, and what waits in its sockets is old. Eight ticks, so that a slow commit is not taken for a stall.
const STALL: Duration = Duration::from_secs(2);

/// Services of one provider that wait for the permit of a decision, at the most: as many as any provider is sent within
/// the shortest time that a decision is valid. Whoever waits longer would be decided again and again, each time with two
/// rows of history, and everyone else would wait for that. The places that come after the first are not counted: they begin
/// only as fast as the first ones end.
const PENDING_MAX: usize = 256;

/// Messages that are taken from the queue at once, so that their steps share commits.
const MESSAGES_MAX: usize = GROUP_MAX;

/// How long judging goes on before the engine listens again: evidence that waits is stale after three seconds, and an
/// engine that does not turn for two counts as having stood still.
const JUDGING_MAX: Duration = Duration::from_millis(200);

/// The shortest time between two publications: nobody reads faster. A copy of ten thousand services takes a millisecond.
const PUBLISH_GAP: Duration = Duration::from_millis(20);

/// What the engine needs from outside.
pub(crate) struct Parts {
    /// This controller's name.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// Every service.
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
    /// Raised after a stall: subscribers reconnect, and say with what they hear on which side of it they asked.
    pub(crate) distrust: watch::Sender<u64>,
}

/// The engine's own state: whoever has it is the engine.
pub(crate) struct Owner {
    parts: Parts,
    units: BTreeMap<ServiceName, Unit>,
    /// The services whose state is not loaded.
    waiting: BTreeMap<ServiceName, Waiting>,
    witnesses: Witnesses,
    trouble: Trouble,
    /// Which opening of the store everything was loaded from.
    incarnation: u64,
    last_turn: Turn,
    /// The vantage points that counted at the last turn: silence and blindness begin without news.
    counting: BTreeSet<VantageName>,
    /// Whose turn to move is first: the one after the last that was let.
    next_turn: Option<ServiceName>,
    /// What was last shown of every service beside its own state.
    told: Told,
}

/// What is the same for every service.
#[derive(Default, PartialEq)]
struct Told {
    trouble: Option<String>,
    history: Option<HistoryTrouble>,
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
            () = tokio::time::sleep_until(published + PUBLISH_GAP), if news => {}
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
        owner.publish(&publish);
        (published, news) = (Instant::now(), false);
    }
}

impl Owner {
    fn new(parts: Parts) -> Self {
        let (now, wall) = (parts.clock.now(), parts.clock.wall());
        Self {
            units: BTreeMap::new(),
            waiting: loading::all(&parts.services, now),
            witnesses: Witnesses::new(&parts.vantage_points, &parts.services),
            trouble: Trouble::default(),
            incarnation: parts.store.incarnation(),
            last_turn: Turn { now, wall },
            counting: BTreeSet::new(),
            next_turn: None,
            told: Told::default(),
            parts,
        }
    }

    /// What is due with time alone.
    async fn turn(&mut self) {
        self.note_turn();
        let failures = self.trouble.failures();
        self.trouble.reopen();
        self.notice_another_file().await;
        self.load_waiting().await;
        self.try_store_again().await;
        self.judge_due().await;
        if self.trouble.failures() == failures {
            self.trouble.end();
        }
        self.trouble.tell(self.parts.store.trouble());
    }

    /// Notices that the process was stopped or starved, or the machine suspended: then the monotonic clock stood still
    /// and only the wall clock tells.
    fn note_turn(&mut self) {
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
            self.parts.distrust.send_replace(self.witnesses.distrust_all());
        }
    }

    /// Handles a message that is more than a step.
    async fn handle_alone(&mut self, message: Message) {
        match message {
            Message::Heard(vantage, heard) => match self.witnesses.take(&vantage, heard) {
                Due::Nothing => {}
                Due::One(service) => self.units.get_mut(&service).into_iter().for_each(Unit::make_due),
                Due::All => self.make_due(&vantage),
            },
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
            Message::Recorded(entry) => self.record(*entry).await,
            step @ (Message::Zone(..)
            | Message::Permit(..)
            | Message::Uncertain(..)
            | Message::Settled(..)
            | Message::Verified(..)) => Box::pin(self.handle_all(vec![step])).await,
        }
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
            Ok(step) => match step.refusal {
                Some(refusal) => OrderAnswer::Refused(refusal),
                None => OrderAnswer::Taken(step.decision),
            },
        }
    }

    /// A vantage point sees otherwise: what it counts for is to be judged.
    fn make_due(&mut self, vantage: &VantageName) {
        let counts = |unit: &&mut Unit| unit.service().lead().policy.vantage_points.contains(vantage);
        self.units.values_mut().filter(counts).for_each(Unit::make_due);
    }

    /// Judges what has news or waits for a moment that has come: all of it, or as much as can be done before it is time to
    /// listen again. The rest is as due at the next turn, and comes first.
    async fn judge_due(&mut self) {
        let (began, now) = (Instant::now(), self.parts.clock.now());
        let counting = self.witnesses.counting(now);
        let changed: Vec<VantageName> = self.counting.symmetric_difference(&counting).cloned().collect();
        for vantage in &changed {
            self.make_due(vantage);
        }
        self.counting = counting;
        let mut room = self.room();
        for names in self.due(now).chunks(GROUP_MAX) {
            let mut wanted = Vec::new();
            let mut has_moves = false;
            for name in names {
                let (judged, moves) = self.judge_in_turn(name, now, &mut room);
                wanted.extend(judged.map(|judgement| stepping::Wanted::judged(name, judgement)));
                has_moves |= moves;
            }
            self.step_all(wanted).await;
            if has_moves {
                room = self.room();
            }
            if has_moves || began.elapsed() > JUDGING_MAX {
                self.next_turn = names.last().cloned();
            }
            if began.elapsed() > JUDGING_MAX {
                return;
            }
        }
    }

    /// How many services of each provider may begin to move.
    fn room(&self) -> BTreeMap<ProviderName, usize> {
        let mut room = BTreeMap::new();
        for provider in self.units.values().flat_map(Unit::pending) {
            let left = room.entry(provider.clone()).or_insert(PENDING_MAX);
            *left = left.saturating_sub(1);
        }
        room
    }

    /// What is to be looked at, beginning with whose turn it is.
    fn due(&self, now: Timestamp) -> Vec<ServiceName> {
        let due = |(_, unit): &(&ServiceName, &Unit)| unit.is_due(now);
        let all = || self.units.iter().filter(due).map(|(name, _)| name);
        let is_after = |name: &&ServiceName| self.next_turn.as_ref().is_none_or(|last| *name > last);
        all().filter(is_after).chain(all().filter(|name| !is_after(name))).cloned().collect()
    }

    /// Judges a service, and returns the judgement if that is news, and whether the service wants to move by it. One that
    /// would begin to move when there is no room is left as it is, to be judged anew when it is its turn.
    fn judge_in_turn(
        &mut self,
        name: &ServiceName,
        now: Timestamp,
        room: &mut BTreeMap<ProviderName, usize>,
    ) -> (Option<Judgement>, bool) {
        let book = self.witnesses.book();
        let Some(unit) = self.units.get_mut(name) else { return (None, false) };
        let left = room.entry(unit.decides_at(now).clone()).or_insert(PENDING_MAX);
        // It was judged when it began to wait, and is judged again when it moves.
        if unit.waits_its_turn() && *left == 0 {
            return (None, false);
        }
        let judgement = judge(unit.service().lead(), book, now);
        if unit.is_confirmed_by(&judgement, now) {
            return (None, false);
        }
        let would_move = unit.would_move(&judgement, now);
        unit.note_turn(would_move && *left == 0);
        if would_move && *left == 0 {
            return (None, false);
        }
        *left = left.saturating_sub(usize::from(would_move));
        (Some(judgement), would_move)
    }

    fn judgement_of(&self, name: &ServiceName) -> Option<Judgement> {
        let unit = self.units.get(name)?;
        Some(judge(unit.service().lead(), self.witnesses.book(), self.parts.clock.now()))
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

    fn publish(&mut self, to: &watch::Sender<Arc<Snapshot>>) {
        let snapshot = Arc::new(self.snapshot());
        let is_open = || snapshot.services.values().any(|view| view.here().any(|here| here.memory.open().is_some()));
        failpoint::reach_if(Failpoint::Publishing, is_open);
        to.send_replace(snapshot);
    }

    fn snapshot(&mut self) -> Snapshot {
        let now = self.parts.clock.now();
        self.tell_anew();
        let Told { trouble, history } = &self.told;
        let (trouble, history, asides) = (trouble.as_deref(), history.as_ref(), &self.parts.asides);
        let loaded = self
            .units
            .iter_mut()
            .map(|(name, unit)| (name.clone(), unit.show(now, trouble, history, |view| asides.add_to(view))));
        let waiting = self.waiting.iter().map(|(name, waiting)| {
            let mut view = waiting.view(trouble, history);
            asides.add_to(&mut view);
            (name.clone(), Arc::new(view))
        });
        let services: BTreeMap<ServiceName, Arc<ServiceView>> = loaded.chain(waiting).collect();
        Snapshot {
            at: now,
            actor: Some(self.parts.actor.clone()),
            services,
            unloaded: self.waiting.keys().cloned().collect(),
            witnesses: self.witnesses.reports(now),
            store_error: self.told.trouble.clone(),
            published: Some(Instant::now()),
            stall: None,
        }
    }

    /// Lets services be shown anew of which something has changed that is not their own.
    fn tell_anew(&mut self) {
        let told = Told {
            trouble: self.trouble.text(self.parts.store.trouble()),
            history: self.parts.store.history_trouble(),
        };
        let News { everyone, services } = self.parts.asides.take_news();
        let everyone = everyone || told != self.told;
        self.told = told;
        let changed = |(name, _): &(&ServiceName, &mut Unit)| everyone || services.contains(*name);
        self.units.iter_mut().filter(changed).for_each(|(_, unit)| unit.show_anew());
    }
}

#[cfg(test)]
mod tests;
