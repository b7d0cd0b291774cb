//! One service in the engine: its machines, the generation that the store holds, and one step at a time.

mod resting;
mod showing;
mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_core::companion::Companions;
use dns_core::digest::Digest;
use dns_core::evacuation::{Evacuation, Stand};
use dns_core::fence::DecisionId;
use dns_core::fleet::{Fleet, Presence};
use dns_core::history::HistoryEntry;
use dns_core::identifier::{ProviderName, RegionName, ServiceName};
use dns_core::judgement::Judgement;
use dns_core::machine::effect::Effect;
use dns_core::machine::event::Event;
use dns_core::machine::{Machine, State};
use dns_core::saga::envelope::EnvelopeError;
use dns_core::saga::packed::Packer;
use dns_core::saga::{Around, PlacedEffect, Saga, SagaStep};
use dns_core::service::{Everywhere, Mode, Place};
use dns_core::standing::Standing;
use dns_core::time::Timestamp;
use dns_core::write::WriteStage;
use dns_service::exit::one_line;
use dns_store::port::{Commit, Generation, OutboxChange, StoreError, StoredState};

use super::companions::Tied;
use super::eyes::EyesId;
use super::snapshot::Shown;
use super::standby::{Standbys, Stands};
use super::{Parts, due};
use resting::Held;
use showing::Seen;
pub(crate) use showing::{Common, RestingView};
use turn::Wait;

/// Why a step was not made. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotStepped {
    /// Its state is not loaded: try again later.
    #[error("the state of service {0} is not loaded; it is tried again")]
    NotLoaded(ServiceName),
    /// The store did not take the commit.
    #[error(transparent)]
    Refused(#[from] StoreError),
    /// The store has failed in this turn, and was not asked again.
    #[error("{0}")]
    Shut(String),
}

/// One service.
pub(super) struct Unit {
    service: Everywhere,
    held: Held,
    generation: Generation,
    /// Of what the store holds, to see whether a step changed anything that is kept.
    envelope: Digest,
    entered: Timestamp,
    /// When it was last looked at, and when it is to be looked at again if nothing is heard.
    looked: Timestamp,
    due: Timestamp,
    /// There is evidence that it was not judged by yet. Only a judgement ends that, whatever else happens meanwhile.
    unjudged: bool,
    /// Who counts for it.
    pub(super) eyes: EyesId,
    /// Its region fails, and it is not its turn to move.
    waits: Option<Box<Wait>>,
    /// As what it was last counted in the fleet.
    present: Presence,
    /// What it has to know of others, if it is bound to some.
    pub(super) tied: Option<Box<Tied>>,
    /// What was last shown of it, unless that has changed.
    shown: Option<Shown>,
    /// What is not as it should be. Of nearly all services there is nothing, and no room is taken for it.
    amiss: Option<Box<Amiss>>,
    /// By the rank of the place; of none before the first.
    seen: Arc<[Seen]>,
}

/// What is not as it should be with a service.
#[derive(Default)]
struct Amiss {
    /// Since when each place that differs from where the service is does so.
    diverging: BTreeMap<Place, Timestamp>,
    /// The regions that could not be moved to, and since when.
    standbys: Standbys,
}

impl Amiss {
    /// For keeping, if there is anything to keep.
    fn kept(self) -> Option<Box<Self>> {
        (!self.diverging.is_empty() || !self.standbys.is_empty()).then(|| Box::new(self))
    }
}

/// A step that was made of a copy and is not committed, or several in a row.
pub(super) struct Draft {
    pub(super) saga: Saga,
    effects: Vec<PlacedEffect>,
    now: Timestamp,
    /// Whether one of them was a judgement.
    judged: bool,
    /// What was known of its companions at the last of them.
    companions: Option<Arc<Companions>>,
}

impl Unit {
    pub(super) fn load(service: Everywhere, stored: Option<StoredState>, now: Timestamp) -> Result<Self, StoreError> {
        let (saga, generation, envelope) = match stored {
            None => {
                let saga = Saga::new(&service);
                let envelope = saga.to_envelope();
                (saga, Generation::default(), envelope)
            }
            Some(StoredState { generation, envelope }) => {
                let corrupt = |error: EnvelopeError| StoreError::Corrupt {
                    subject: format!("state of service {}", service.lead().name),
                    reason: one_line(&error),
                };
                (Saga::from_envelope(&envelope, &service).map_err(corrupt)?, generation, envelope)
            }
        };
        Ok(Self {
            service,
            held: Held::Awake(Arc::new(saga)),
            generation,
            envelope: digest(&envelope),
            entered: now,
            looked: Timestamp::default(),
            due: Timestamp::default(),
            unjudged: true,
            eyes: EyesId::default(),
            waits: None,
            present: Presence::default(),
            tied: None,
            shown: None,
            amiss: None,
            seen: Arc::default(),
        })
    }

    pub(super) fn service(&self) -> &Everywhere {
        &self.service
    }

    /// Of what the store holds.
    #[cfg(test)]
    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// Its machines.
    pub(super) fn saga(&self) -> Arc<Saga> {
        self.held.saga(&self.service)
    }

    /// Where it is in an evacuation, if it is concerned. What rests is not unpacked for it unless it was moved by one: it is
    /// asked of every service at each turn.
    pub(super) fn stand(&self, evacuation: &Evacuation, now: Timestamp) -> Option<Stand> {
        match &self.held {
            Held::Resting(resting) if !resting.was_evacuated => {
                let acts = self.service.lead().mode == Mode::Active;
                Stand::of_untouched(evacuation, self.present.region(), acts, resting.is_known)
            }
            held => Stand::of(evacuation, &self.service, &held.saga(&self.service), now),
        }
    }

    /// Packs it if it rests; what was loaded is at hand.
    pub(super) fn rest(&mut self, packer: &mut Packer) {
        self.held = self.hold(self.held.copy(&self.service), self.looked, packer);
    }

    /// Whoever is bound to others is at hand for their steps, too.
    fn hold(&self, saga: Saga, looked: Timestamp, packer: &mut Packer) -> Held {
        match self.tied {
            Some(_) => Held::Awake(Arc::new(saga)),
            None => Held::keep(saga, &self.service, looked, packer),
        }
    }

    /// The region that it is in.
    pub(super) fn active(&self, now: Timestamp) -> Option<RegionName> {
        shown(&self.saga(), now).1.memory().active().cloned()
    }

    /// The place that a decision is of.
    pub(super) fn owner(&self, decision: &DecisionId) -> Option<Place> {
        self.saga().owner(decision).cloned()
    }

    /// Steps a copy of the state, or goes on from a draft that is not committed yet. With a place the event is of that
    /// place. The effects stay in the draft: they are not to be carried out before they are committed.
    pub(super) fn draft(
        &self,
        before: Option<Draft>,
        place: Option<&Place>,
        event: &Event,
        parts: &Parts,
        fleet: Fleet,
        companions: Option<Arc<Companions>>,
    ) -> (Draft, SagaStep) {
        let around = Around {
            service: self.service.clone(),
            actor: parts.actor.clone(),
            now: parts.clock.now(),
            nonce: fastrand::u128(..),
            fleet: Arc::new(fleet.with_companions(companions.clone())),
        };
        let (mut saga, mut effects, judged) = match before {
            Some(Draft { saga, effects, now: _, judged, companions: _ }) => (saga, effects, judged),
            None => (self.held.copy(&self.service), Vec::new(), false),
        };
        let mut step = match place {
            Some(place) => saga.step_at(place, event, &around),
            None => saga.step(event, &around),
        };
        effects.append(&mut step.effects);
        let judged = judged || matches!(event, Event::Judged(_));
        (Draft { saga, effects, now: around.now, judged, companions }, step)
    }

    /// What is to be committed of a draft: nothing if it changes nothing that is kept.
    pub(super) fn commit_of(&self, draft: &Draft) -> Option<Commit> {
        let envelope = draft.saga.to_envelope();
        let changed = digest(&envelope) != self.envelope || !draft.effects.is_empty();
        changed.then(|| self.commit(&envelope, &draft.effects))
    }

    /// Keeps a draft that was committed, with the generation that it has now if it needed a commit. Returns what is to be
    /// carried out.
    pub(super) fn take(
        &mut self,
        draft: Draft,
        committed: Option<(&Commit, Generation)>,
        parts: &Parts,
        fleet: &mut Fleet,
        packer: &mut Packer,
    ) -> Vec<PlacedEffect> {
        let Draft { saga, effects, now, judged, companions } = draft;
        if let Some(tied) = &mut self.tied {
            tied.told = companions;
        }
        self.unjudged &= !judged;
        if let Some((commit, generation)) = committed {
            self.generation = generation;
            self.envelope = digest(&commit.envelope);
        }
        self.note_step(&saga, now, judged, parts);
        self.count_as(self.presence(&saga, fleet, now), fleet);
        self.held = self.hold(saga, now, packer);
        for placed in &effects {
            note_effect(&placed.effect);
        }
        effects
    }

    fn note_step(&mut self, saga: &Saga, now: Timestamp, judged: bool, parts: &Parts) {
        self.shown = None;
        self.looked = now;
        let next = due::next(saga, &self.service.lead().policy, now);
        // A step between the end of a ready-time and the judgement that is due then does not put that judgement off.
        self.due = if judged { next } else { next.min(self.due) };
        let old = self.state(now);
        let (_, new) = shown(saga, now);
        if old != new.state() {
            self.entered = now;
            self.note_transition(old, new, parts);
        }
        self.note_divergences(saga, now);
    }

    fn note_divergences(&mut self, saga: &Saga, now: Timestamp) {
        let found = saga.divergences();
        let mut amiss = self.take_amiss();
        amiss.diverging.retain(|place, _| found.iter().any(|one| one.place == *place));
        for one in found {
            amiss.diverging.entry(one.place).or_insert(now);
        }
        self.amiss = amiss.kept();
    }

    fn take_amiss(&mut self) -> Amiss {
        self.amiss.take().map_or_else(Amiss::default, |amiss| *amiss)
    }

    fn state(&self, now: Timestamp) -> State {
        match &self.held {
            Held::Awake(saga) => shown(saga, now).1.state(),
            Held::Resting(resting) => resting.state,
        }
    }

    /// Commits what the store holds already.
    pub(super) async fn commit_unchanged(&mut self, parts: &Parts) -> Result<(), StoreError> {
        self.generation = parts.store.commit(&self.commit(&self.saga().to_envelope(), &[])).await?;
        Ok(())
    }

    /// Commits what the store holds already, and a row of the history.
    pub(super) async fn record(&mut self, entry: HistoryEntry, parts: &Parts) -> Result<(), StoreError> {
        let commit = Commit { history: vec![entry.clone()], ..self.commit(&self.saga().to_envelope(), &[]) };
        self.generation = parts.store.commit(&commit).await?;
        note_row(&entry);
        Ok(())
    }

    fn commit(&self, envelope: &str, effects: &[PlacedEffect]) -> Commit {
        let outbox = effects.iter().filter_map(|placed| match &placed.effect {
            Effect::Enqueue(write) => Some(OutboxChange::Add(write.clone())),
            Effect::MarkSent(decision) => Some(OutboxChange::MarkSent(decision.clone())),
            Effect::Dequeue(decision) => Some(OutboxChange::Remove(decision.clone())),
            Effect::Record(_) | Effect::ReadZone | Effect::Verify(_) => None,
        });
        let history = effects.iter().filter_map(|placed| match &placed.effect {
            Effect::Record(entry) => Some(entry.clone()),
            Effect::Enqueue(_) | Effect::MarkSent(_) | Effect::Dequeue(_) | Effect::ReadZone | Effect::Verify(_) => {
                None
            }
        });
        Commit {
            service: self.service.lead().name.clone(),
            expected: self.generation,
            envelope: envelope.to_owned(),
            outbox: outbox.collect(),
            history: history.collect(),
        }
    }

    fn note_transition(&self, old: State, machine: &Machine, parts: &Parts) {
        let (service, new) = (&self.service.lead().name, machine.state());
        let epoch = machine.memory().held().map(|fence| fence.epoch.get());
        tracing::info!(%service, old = old.as_str(), new = new.as_str(), epoch, "state changed");
        if new == (State::Suspected {}) {
            // A plan made from a fresh look at the zone meets fewer conflicts.
            parts.read_now.ask_everywhere(&self.service);
        }
    }

    /// Notes which regions could be moved to by a judgement.
    pub(super) fn note_standbys(&mut self, judgement: &Judgement, now: Timestamp) {
        let (active, is_held) = match &self.held {
            Held::Resting(resting) => (self.present.region().cloned(), resting.is_held),
            Held::Awake(saga) => {
                let memory = shown(saga, now).1.memory();
                (memory.active().cloned(), *memory.standing() == Standing::Held)
            }
        };
        let mut amiss = self.take_amiss();
        let lead = self.service.lead();
        let armed = lead.mode == Mode::Active && is_held;
        if amiss.standbys.note(lead, Stands { active: active.as_ref(), armed }, judgement, now) {
            self.shown = None;
        }
        self.amiss = amiss.kept();
    }

    /// A row about a standby region that has been unready for too long, or is ready again after that.
    pub(super) fn row_of_standby(&mut self, now: Timestamp) -> Option<HistoryEntry> {
        let mut amiss = self.take_amiss();
        let row = amiss.standbys.row(self.service.lead(), now);
        self.amiss = amiss.kept();
        row
    }

    /// The provider at which it would decide now.
    pub(super) fn decides_at(&self, now: Timestamp) -> &ProviderName {
        match &self.held {
            Held::Awake(saga) => &saga.anchor(now).provider,
            Held::Resting(resting) => resting.decides_at(&self.service),
        }
    }

    /// The providers at which a write of it waits for its permit.
    pub(super) fn pending(&self) -> impl Iterator<Item = &ProviderName> {
        let is_pending =
            |machine: &Machine| machine.memory().open().is_some_and(|open| open.stage == WriteStage::Pending);
        let machines = self.held.awake().into_iter().flat_map(|saga| saga.machines());
        machines.filter(move |(_, machine)| is_pending(machine)).map(|(place, _)| &place.provider)
    }
}

fn digest(envelope: &str) -> Digest {
    Digest::over([envelope.as_bytes()])
}

/// The place that tells best how the service is.
fn shown(saga: &Saga, now: Timestamp) -> (&Place, &Machine) {
    let teller = saga.teller(now);
    (teller, saga.machine(teller).expect("invariant: every place has a machine"))
}

fn note_effect(effect: &Effect) {
    if let Effect::Record(entry) = effect {
        note_row(entry);
    }
}

/// Tells the log and the metrics of a row that is in the history now.
pub(crate) fn note_row(entry: &HistoryEntry) {
    let HistoryEntry { service, kind, decision, summary, page, .. } = entry;
    let decision = decision.as_ref().map(DecisionId::as_str);
    metrics::counter!("failover_controller_history_rows_total", "service" => service.to_string(), "kind" => kind.as_str())
        .increment(1);
    if *page {
        // A move takes milliseconds: a gauge would fall between two scrapes.
        metrics::counter!("failover_controller_pages_total", "service" => service.to_string()).increment(1);
        tracing::warn!(%service, %kind, decision, summary, page, "history");
    } else {
        tracing::info!(%service, %kind, decision, summary, page, "history");
    }
}
