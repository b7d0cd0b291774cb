//! A move that is part of an evacuation: an order like any other, of which the state remembers for whom it was.

use super::command::Order;
use super::effect::Refusal;
use super::memory::Failover;
use super::{Surroundings, Turn};
use crate::companion::Companions;
use crate::evacuation::{Arrival, Errand, Passage};
use crate::fence::DecisionId;
use crate::identifier::RegionName;
use crate::kernel::{Rejection, Rule};

impl Failover {
    pub(super) fn order_evacuation(
        &mut self,
        to: Option<&RegionName>,
        errand: &Errand,
        order: &Order,
        turn: &mut Turn,
    ) {
        // Whoever paused it knows something of this one service; whoever evacuates looks at all of them.
        if let Some(pause) = self.binding_pause(turn) {
            let reason = format!("paused by `{}`: {}; resume it, or move it by hand", pause.by, pause.reason);
            return turn.refuse(Refusal::Kernel(vec![Rejection { rule: Rule::NotPaused, reason }]));
        }
        let refuge = || self.service_active(turn).and_then(|from| self.refuge(from, &turn.around));
        let Some(to) = to.or_else(refuge).cloned() else {
            return turn.refuse(Refusal::Invalid("there is no region that it could go to".to_owned()));
        };
        // A group leaves by the order of its first member; the others come after it.
        if turn.around.fleet.companions().is_some_and(|companions| companions.group().is_some()) {
            if let Some(reason) = turn.around.fleet.companions().and_then(Companions::paused_members) {
                return turn.refuse(Refusal::Kernel(vec![Rejection { rule: Rule::NotPaused, reason }]));
            }
            self.order_group(&to, order, turn);
        } else {
            self.order_move(to, order, turn);
        }
        let Some(decision) = turn.step.decision.clone() else { return };
        let before = self.passage.as_ref().filter(|passage| passage.errand == *errand);
        let tries = before.map_or(0, |passage| passage.tries) + 1;
        let (errand, at) = (errand.clone(), turn.now());
        self.passage = Some(Passage { errand, decision, at, tries, arrival: Arrival::Awaited });
    }

    /// Where to go from a region: the first other one that is ready, else that is proven, else any. One that is being
    /// evacuated only if there is no other.
    pub(super) fn refuge<'a>(&self, from: &RegionName, around: &'a Surroundings) -> Option<&'a RegionName> {
        let others = || around.service.regions.iter().map(|region| &region.name).filter(|name| *name != from);
        let open = || others().filter(|name| around.fleet.evacuation_of(name).is_none());
        let judgement = self.judgement.as_ref();
        let ready = open().find(|name| judgement.is_some_and(|judgement| judgement.is_ready(name, around.now)));
        let proven = || open().find(|name| judgement.is_some_and(|judgement| judgement.is_proven(name)));
        ready.or_else(proven).or_else(|| open().next()).or_else(|| others().next())
    }

    /// The last time that an evacuation has moved the service, or tried to.
    pub fn passage(&self) -> Option<&Passage> {
        self.passage.as_ref()
    }

    /// Whether a move is open, or its verification has not come back.
    pub fn is_on_its_way(&self, decision: &DecisionId) -> bool {
        self.open.as_ref().is_some_and(|open| open.write.id == *decision) || self.verifying.as_ref() == Some(decision)
    }

    pub(super) fn end_passage(&mut self, decision: &DecisionId, arrival: Arrival) {
        if let Some(passage) = self.passage.as_mut().filter(|passage| passage.decision == *decision) {
            passage.arrival = arrival;
        }
    }
}
