//! What a move of the service would be refused for now, at the place that would decide it. Nothing changes.

use std::sync::Arc;

use super::{Around, Saga};
use crate::companion::{Call, Companions};
use crate::identifier::RegionName;
use crate::judgement::Judgement;
use crate::machine::Surroundings;
use crate::machine::preview::Preview;
use crate::service::Everywhere;
use crate::time::Timestamp;
use crate::write::Initiative;

impl Saga {
    /// What its group wants of the service by a judgement, whether its machines have heard of that or not.
    pub fn group_call(
        &self,
        companions: &Companions,
        service: &Everywhere,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Option<Call> {
        let memory = self.machine(self.teller(now))?.memory();
        memory.group_call(companions, service.lead(), judgement, now)
    }

    /// What the kernel would say now to a move to a region: to one of the controller itself, or to one by hand.
    /// `None` if the surroundings do not name the place that decides.
    pub fn preview(&self, to: &RegionName, initiative: &Initiative, around: &Around) -> Option<Preview> {
        let rank = self.rank(self.anchor(around.now))?;
        let surroundings = Surroundings {
            service: around.service.projections().get(rank).map(Arc::clone)?,
            actor: around.actor.clone(),
            now: around.now,
            nonce: around.nonce,
            siblings: self.siblings_of(rank, around.now),
            fleet: Arc::clone(&around.fleet),
            rank,
            epoch_floor: self.epoch_of_dormant(),
        };
        Some(self.stands.get(rank)?.machine.preview(to, initiative, surroundings))
    }
}
