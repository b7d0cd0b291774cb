//! Moves of a service that is in a group: it leaves with its group, comes after it, and returns with it.

use super::Turn;
use super::command::{Order, wish};
use super::decide::Wish;
use super::effect::Refusal;
use super::memory::Failover;
use crate::companion::{Call, Companions, Own};
use crate::identifier::RegionName;
use crate::judgement::Judgement;
use crate::service::Service;
use crate::time::Timestamp;
use crate::write::WriteKind;

impl Failover {
    /// What the group wants of it, if anything.
    pub(super) fn leaving_with_group(&self, turn: &Turn) -> Option<Wish> {
        let companions = turn.around.fleet.companions()?;
        let own = self.own_in_group(turn)?;
        let from = Some(own.active.clone());
        // What is injected for a drill is no reason for others to leave.
        if !self.is_anchor(turn) || own.judgement.drill.is_some() {
            return None;
        }
        Some(match companions.call(own)? {
            Call::Leave { with, to, reason } => {
                Wish { from, group: Some(with), ..Wish::automatic(WriteKind::Failover, to, reason) }
            }
            Call::Follow { with, how, to } => Wish {
                from,
                initiative: how.initiative,
                overrides: how.overrides,
                overrides_expire: how.overrides_expire,
                group: Some(with),
                ..Wish::automatic(how.kind, Some(to), how.reason)
            },
        })
    }

    fn own_in_group<'a>(&'a self, turn: &'a Turn) -> Option<Own<'a>> {
        Some(Own {
            service: &turn.around.service,
            active: self.service_active(turn)?,
            plan: self.own_fence().map(|own| &own.plan),
            last_move: self.last_move(),
            judgement: self.judgement.as_ref()?,
            now: turn.now(),
        })
    }

    /// A failback that the controller wants by itself, of the whole group if it is in one: all of it, or none.
    pub(super) fn with_group(&self, wish: Wish, turn: &Turn) -> Option<Wish> {
        let (own, to) = (&turn.around.service.name, wish.to.as_ref()?);
        let Some(companions) = turn.around.fleet.companions().filter(|companions| companions.group().is_some()) else {
            return Some(wish);
        };
        let group = companions.all_not_in(to, own)?;
        // One that comes after another has a decision to come along with.
        let is_called = self.own_in_group(turn).is_some_and(|own| companions.call(own).is_some());
        let all_return = companions.all_return(own, to) && !is_called;
        all_return.then_some(Wish { group: Some(group), ..wish })
    }

    pub(super) fn order_group(&mut self, to: &RegionName, order: &Order, turn: &mut Turn) {
        let service = turn.service();
        let group = turn.around.fleet.companions().and_then(|companions| companions.all_not_in(to, &service.name));
        let Some(group) = group else {
            return turn.refuse(Refusal::Invalid(format!("service `{}` is in no group", service.name)));
        };
        if service.region(to).is_none() {
            let known: Vec<&str> = service.regions.iter().map(|region| region.name.as_str()).collect();
            let text = format!(
                "the services of group `{}` have no region `{to}`; they have {}",
                group.group,
                known.join(", ")
            );
            return turn.refuse(Refusal::Invalid(text));
        }
        if self.is_everywhere_in(to, turn) {
            return turn.refuse(Refusal::Pointless(format!("the service is in region `{to}` already")));
        }
        let from = self.service_active(turn).cloned();
        let own = self.kind_of_move(from.as_ref(), to, turn);
        let kind = if self.group_leaves(turn) { WriteKind::Failover } else { own };
        self.order_write(&Wish { from, group: Some(group), ..wish(kind, Some(to.clone()), order, turn) }, turn);
    }

    /// Whether the group has to leave the region that the service is in, whoever fails there.
    fn group_leaves(&self, turn: &Turn) -> bool {
        let known = turn.around.fleet.companions().zip(self.own_in_group(turn));
        known.is_some_and(|(companions, own)| companions.has_to_leave(own))
    }

    /// What its group wants of the service by a judgement that it was not stepped by yet.
    pub(crate) fn group_call(
        &self,
        companions: &Companions,
        service: &Service,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Option<Call> {
        let (active, plan) = (self.active.as_ref()?, self.own_fence().map(|own| &own.plan));
        companions.call(Own { service, active, plan, last_move: self.last_move(), judgement, now })
    }
}
