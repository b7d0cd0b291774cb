//! A service over all its places: one machine for each (provider, zone), stepped together.
//!
//! The first place that is fit anchors: it turns judgement into a decision and moves first. Every other place only comes
//! after it, by a write of its own that passes the kernel again; nothing that has moved is rolled back by a failure
//! elsewhere, and a place that is down holds up none of the others. What a machine knows of the others is given to it
//! with each step ([`crate::machine::siblings`]), and whenever that has changed the machine is stepped again, so a
//! restart, a successor and a provider that returns all go on by themselves. One step of a saga is one commit.
//!
//! A saga of one place is that place's machine and nothing more.

mod approvals;
mod divergence;
pub mod envelope;
mod orders;
pub mod packed;
mod preview;

use std::sync::Arc;

use crate::approval::{Approval, Awaiting};
use crate::fence::{DecisionId, Epoch};
use crate::fleet::Fleet;
use crate::history::HistoryKind;
use crate::identifier::Actor;
use crate::machine::effect::{Effect, PermitAnswer, Refusal, Step};
use crate::machine::event::Event;
use crate::machine::siblings::{Fitness, Sibling};
use crate::machine::{Machine, Surroundings};
use crate::service::{Everywhere, Place};
use crate::time::Timestamp;
pub use divergence::{Divergence, Lag};

/// How often the places tell each other of changes within one step. A decision, what follows it and what follows that are
/// three; what is left then goes on with the next event, and those come several times a second.
const ROUNDS_MAX: usize = 4;

/// A service's machines, in the order of its places.
#[derive(Clone)]
pub struct Saga {
    stands: Vec<Stand>,
    /// Places that the configuration does not name: absence deletes nothing.
    dormant: Vec<(Place, Machine)>,
    /// What waits for a second person.
    approvals: Vec<Approval>,
}

/// One place with its machine.
#[derive(Clone)]
struct Stand {
    place: Place,
    machine: Machine,
    /// What the machine was last told of the others.
    told: Option<Vec<Sibling>>,
}

/// Everything from outside that one step may use.
#[derive(Clone, Debug)]
pub struct Around {
    /// The service as configured.
    pub service: Everywhere,
    /// This controller, as fences and history name it.
    pub actor: Actor,
    /// Now.
    pub now: Timestamp,
    /// A fresh random number, for the ids of decisions made in this step.
    pub nonce: u128,
    /// All other services.
    pub fleet: Arc<Fleet>,
}

/// An effect with the place whose machine wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedEffect {
    /// Where.
    pub place: Place,
    /// What.
    pub effect: Effect,
}

/// What one step gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SagaStep {
    /// What to do, in order.
    pub effects: Vec<PlacedEffect>,
    /// Why an order was refused.
    pub refusal: Option<Refusal>,
    /// The decision that an order led to; the first one if it led to several.
    pub decision: Option<DecisionId>,
    /// The answer to a request for a permit.
    pub permit: Option<PermitAnswer>,
    /// What an order waits for instead of being carried out.
    pub awaiting: Option<Awaiting>,
}

impl Saga {
    /// Machines that know nothing.
    pub fn new(service: &Everywhere) -> Self {
        let stand = |place| Stand { place, machine: Machine::new(), told: None };
        Self { stands: places(service).map(stand).collect(), dormant: Vec::new(), approvals: Vec::new() }
    }

    /// Takes one event: judgements go to every place, orders to those that they concern, and what is about a decision
    /// to the place that made it.
    pub fn step(&mut self, event: &Event, around: &Around) -> SagaStep {
        let mut run = Run { saga: self, around, ids: 0, step: SagaStep::default() };
        match event {
            Event::Judged(_) | Event::SiblingsChanged => run.tell_all(event),
            Event::Commanded(order) => run.obey(order),
            Event::HookVetoed { decision, .. }
            | Event::PermitAsked { decision }
            | Event::WriteUncertain { decision, .. }
            | Event::WriteSettled { decision, .. }
            | Event::Verified { decision, .. } => run.tell_owner(decision, event),
            // A look is of one place: see `step_at`.
            Event::ZoneRead(_) | Event::ZoneUnreadable { .. } => run.tell_only(event),
        }
        run.lapse();
        run.spread();
        run.step
    }

    /// Takes one event of one place.
    pub fn step_at(&mut self, place: &Place, event: &Event, around: &Around) -> SagaStep {
        let rank = self.rank(place);
        let mut run = Run { saga: self, around, ids: 0, step: SagaStep::default() };
        match rank {
            Some(rank) => run.tell(rank, event),
            None => run.step.refusal = Some(Refusal::Unexpected),
        }
        run.spread();
        run.step
    }

    /// Every place's machine, in order.
    pub fn machines(&self) -> impl ExactSizeIterator<Item = (&Place, &Machine)> {
        self.stands.iter().map(|stand| (&stand.place, &stand.machine))
    }

    /// One place's machine.
    pub fn machine(&self, place: &Place) -> Option<&Machine> {
        self.rank(place).map(|rank| &self.stands[rank].machine)
    }

    /// The place whose machine made a decision, while it is open, being verified, or the newest there.
    pub fn owner(&self, decision: &DecisionId) -> Option<&Place> {
        self.rank_of_owner(decision).map(|rank| &self.stands[rank].place)
    }

    /// The place that decides for the service now; the first one if none can.
    pub fn anchor(&self, now: Timestamp) -> &Place {
        let fit = self.stands.iter().find(|stand| stand.machine.memory().fitness(now) == Fitness::Fit);
        let stand = fit.or_else(|| self.stands.first());
        &stand.expect("invariant: a service has at least one place").place
    }

    /// The place that tells best where the service stands: the anchor, unless it has not come after the newest decision
    /// yet and another one that can be read has.
    pub fn teller(&self, now: Timestamp) -> &Place {
        if let [only] = &*self.stands {
            return &only.place;
        }
        let newest = self.newest().map(|newest| newest.epoch);
        let is_there = |stand: &&Stand| {
            let memory = stand.machine.memory();
            memory.fitness(now) == Fitness::Fit && memory.held().map(|held| held.epoch) == newest
        };
        self.stands.iter().find(is_there).map_or_else(|| self.anchor(now), |stand| &stand.place)
    }

    /// Whether every place knows what is known of the others now.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        let knows = |(rank, stand): (usize, &Stand)| stand.told.as_ref() == Some(&self.siblings_of(rank, now));
        self.stands.len() == 1 || self.stands.iter().enumerate().all(knows)
    }

    fn rank(&self, place: &Place) -> Option<usize> {
        self.stands.iter().position(|stand| stand.place == *place)
    }

    fn rank_of_owner(&self, decision: &DecisionId) -> Option<usize> {
        let open = |stand: &Stand| stand.machine.memory().open().is_some_and(|open| open.write.id == *decision);
        let newest = |stand: &Stand| {
            let memory = stand.machine.memory();
            let written = memory.held().is_some_and(|held| held.write.as_str() == decision.as_str());
            written || memory.being_verified() == Some(decision)
        };
        self.stands.iter().position(open).or_else(|| self.stands.iter().position(newest))
    }

    /// The highest epoch at a place that is not configured any more: it may come back, and must not count as newest then.
    fn epoch_of_dormant(&self) -> Epoch {
        let held = self.dormant.iter().filter_map(|(_, machine)| machine.memory().held());
        held.map(|held| held.epoch).max().unwrap_or_default()
    }

    fn siblings_of(&self, rank: usize, now: Timestamp) -> Vec<Sibling> {
        let others = self.stands.iter().enumerate().filter(|(other, _)| *other != rank);
        others.map(|(_, stand)| stand.machine.memory().as_sibling(stand.place.clone(), now)).collect()
    }
}

fn places(service: &Everywhere) -> impl Iterator<Item = Place> {
    service.projections().iter().map(|service| service.place())
}

/// One step under way.
struct Run<'a> {
    saga: &'a mut Saga,
    around: &'a Around,
    /// Numbers the machines' turns, so that no two decisions share an id.
    ids: u128,
    step: SagaStep,
}

impl Run<'_> {
    fn tell_all(&mut self, event: &Event) {
        for rank in 0..self.saga.stands.len() {
            self.tell(rank, event);
        }
    }

    fn tell_only(&mut self, event: &Event) {
        if self.saga.stands.len() == 1 {
            self.tell(0, event);
        } else {
            self.step.refusal = Some(Refusal::Unexpected);
        }
    }

    /// What nobody made goes to the first place, which refuses it as a single one does.
    fn tell_owner(&mut self, decision: &DecisionId, event: &Event) {
        let rank = self.saga.rank_of_owner(decision).unwrap_or_default();
        self.tell(rank, event);
    }

    fn tell(&mut self, rank: usize, event: &Event) {
        let step = self.turn(rank, event);
        self.step.refusal = self.step.refusal.take().or(step.refusal);
        self.step.decision = self.step.decision.take().or(step.decision);
        self.step.permit = self.step.permit.take().or(step.permit);
    }

    /// One turn of one machine; its effects are taken in.
    fn turn(&mut self, rank: usize, event: &Event) -> Step {
        let siblings = self.saga.siblings_of(rank, self.around.now);
        let Some(service) = self.around.service.projections().get(rank).map(Arc::clone) else {
            return Step { refusal: Some(Refusal::Unexpected), ..Step::default() };
        };
        let epoch_floor = self.saga.epoch_of_dormant();
        let stand = &mut self.saga.stands[rank];
        let surroundings = Surroundings {
            service,
            actor: self.around.actor.clone(),
            now: self.around.now,
            nonce: self.around.nonce.wrapping_add(self.ids),
            siblings: siblings.clone(),
            fleet: Arc::clone(&self.around.fleet),
            rank,
            epoch_floor,
        };
        self.ids += 1;
        stand.told = Some(siblings);
        let mut step = stand.machine.step(event, surroundings);
        let place = stand.place.clone();
        for effect in std::mem::take(&mut step.effects) {
            self.take_in(&place, effect);
        }
        step
    }

    /// Rows of a service with several places say of which they tell; what all places say alike is said once.
    fn take_in(&mut self, place: &Place, mut effect: Effect) {
        if let Effect::Record(row) = &mut effect
            && self.saga.stands.len() > 1
        {
            let label = |place: &Place| format!("{}: ", self.around.service.label(place));
            let alike = matches!(row.kind, HistoryKind::StateChanged | HistoryKind::Paused | HistoryKind::Resumed);
            let said = |earlier: &PlacedEffect| match &earlier.effect {
                Effect::Record(other) => {
                    other.kind == row.kind && other.summary.strip_prefix(&label(&earlier.place)) == Some(&*row.summary)
                }
                Effect::Enqueue(_)
                | Effect::MarkSent(_)
                | Effect::Dequeue(_)
                | Effect::ReadZone
                | Effect::Verify(_) => false,
            };
            if alike && self.step.effects.iter().any(said) {
                return;
            }
            row.summary = format!("{}{}", label(place), row.summary);
        }
        self.step.effects.push(PlacedEffect { place: place.clone(), effect });
    }

    /// Tells every place what has changed at the others, until nothing does.
    fn spread(&mut self) {
        if self.saga.stands.len() == 1 {
            return;
        }
        for _ in 0..ROUNDS_MAX {
            let mut calm = true;
            for rank in 0..self.saga.stands.len() {
                let siblings = self.saga.siblings_of(rank, self.around.now);
                if self.saga.stands[rank].told.as_ref() != Some(&siblings) {
                    self.turn(rank, &Event::SiblingsChanged);
                    calm = false;
                }
            }
            if calm {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
