//! What services know of each other: those of a group, and those that a rule names together.
//!
//! It is put together for each step from what the units are then, drafts that share the transaction included, so that two of
//! them never decide as if the other stood still. Whoever is bound to one of which something has changed is looked at again.

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_core::companion::{Call, Companion, Companions, Sight, Stance, Ties};
use dns_core::identifier::ServiceName;
use dns_core::judgement::Judgement;
use dns_core::saga::Saga;
use dns_core::time::Timestamp;

use super::Owner;
use super::unit::{Draft, Unit};

/// What a unit keeps that has companions.
pub(super) struct Tied {
    ties: Arc<Ties>,
    /// What is seen of it, as others have to know; newer than what its machines were told while it waits for its turn.
    sight: Sight,
    /// What it knew of the others when it was last stepped.
    pub(super) told: Option<Arc<Companions>>,
}

impl Tied {
    pub(super) fn new(ties: Arc<Ties>) -> Self {
        Self { ties, sight: Sight::default(), told: None }
    }

    /// Takes in what is seen of it. Returns whether that is news.
    pub(super) fn note_sight(&mut self, judgement: &Judgement, now: Timestamp) -> bool {
        let sight = Sight::of(judgement, now);
        let news = sight != self.sight;
        self.sight = sight;
        news
    }
}

impl Unit {
    /// As its companions know it, with a state that its own is or would become.
    fn as_companion(&self, saga: &Saga, now: Timestamp) -> Option<Companion> {
        let tied = self.tied.as_deref()?;
        Some(Companion { stance: Stance::of(saga, self.service().lead(), now), sight: tied.sight.clone() })
    }

    /// Where it stands, if anybody has to know.
    pub(super) fn stance(&self, now: Timestamp) -> Option<Stance> {
        self.tied.as_ref().map(|_| Stance::of(&self.saga(), self.service().lead(), now))
    }

    /// What its group wants of it by a judgement; `None` if it has no group.
    pub(super) fn group_call(
        &self,
        judgement: &Judgement,
        companions: Option<&Companions>,
        now: Timestamp,
    ) -> Option<GroupCall> {
        let companions = companions.filter(|companions| companions.group().is_some())?;
        let call = self.saga().group_call(companions, self.service(), judgement, now);
        let is_its_turn = call.as_ref().is_some_and(|call| call.is_turn_of(&self.service().lead().name, companions));
        Some(GroupCall { moves: is_its_turn, follows: call.as_ref().is_some_and(Call::follows) })
    }
}

/// What a group wants of a member now.
#[derive(Clone, Copy)]
pub(super) struct GroupCall {
    /// It is to move, and it is its turn.
    pub(super) moves: bool,
    /// It comes after another, which has answered for all of them: it waits for no wave.
    pub(super) follows: bool,
}

impl Owner {
    /// What a service knows of the others now.
    pub(super) fn companions_of(
        &self,
        name: &ServiceName,
        drafts: &BTreeMap<ServiceName, Draft>,
    ) -> Option<Arc<Companions>> {
        let ties = Arc::clone(&self.units.get(name)?.tied.as_ref()?.ties);
        let now = self.parts.clock.now();
        let known = |other: &&ServiceName| {
            let unit = self.units.get(*other)?;
            let companion = match drafts.get(*other) {
                Some(draft) => unit.as_companion(&draft.saga, now),
                None => unit.as_companion(&unit.saga(), now),
            };
            Some(((*other).clone(), companion?))
        };
        let others = ties.names().iter().filter(|other| **other != name).filter_map(known).collect();
        Some(Arc::new(Companions::new(ties, others)))
    }

    /// Takes in what is seen of a service now, and lets its companions look if that is news.
    pub(super) fn note_sight(&mut self, name: &ServiceName, judgement: &Judgement, now: Timestamp) {
        let tied = self.units.get_mut(name).and_then(|unit| unit.tied.as_mut());
        if tied.is_some_and(|tied| tied.note_sight(judgement, now)) {
            self.rouse_companions(name);
        }
    }

    /// A permit for one of several that belong together goes by what is seen of each of them now, not at the last look.
    pub(super) fn look_at_companions(&mut self, name: &ServiceName) {
        let now = self.parts.clock.now();
        for other in self.bound_to(name) {
            if let Some(judgement) = self.judgement_of(&other) {
                self.note_sight(&other, &judgement, now);
            }
        }
    }

    /// Something of a service has changed that others go by.
    pub(super) fn rouse_companions(&mut self, name: &ServiceName) {
        for other in self.bound_to(name) {
            self.units.get_mut(&other).into_iter().for_each(Unit::make_due);
        }
    }

    /// The others that a service is bound to.
    fn bound_to(&self, name: &ServiceName) -> Vec<ServiceName> {
        let tied = self.units.get(name).and_then(|unit| unit.tied.as_ref());
        let names = tied.into_iter().flat_map(|tied| tied.ties.names());
        names.filter(|other| *other != name).cloned().collect()
    }
}
