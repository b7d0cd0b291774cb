//! The fence that a write leaves behind.

use super::Turn;
use super::decide::{Identity, Scope, Wish};
use super::memory::Failover;
use crate::blend::Blend;
use crate::dwell::Dwell;
use crate::fence::{DecisionId, Epoch, Fence, Pause, Pin, Rev, WriteId};
use crate::identifier::RegionName;
use crate::kernel::Purpose;
use crate::rrset::records_digest;
use crate::service::Service;
use crate::standing::{Standing, blend_served};
use crate::time::Timestamp;
use crate::write::{Initiative, WriteKind};
use crate::zone::ZoneView;

impl Failover {
    /// The fence that this write would leave behind. Epoch and rev go above everything known.
    pub(super) fn next_fence(&self, wish: &Wish, scope: &Scope, turn: &Turn) -> Fence {
        let service = &turn.around.service;
        let found = match self.standing() {
            Standing::Lost { found: Some(found), .. } => Some(&**found),
            Standing::Newer { fence } | Standing::Released { fence } => Some(&**fence),
            Standing::Unread
            | Standing::Unadopted { .. }
            | Standing::Held
            | Standing::Foreign { .. }
            | Standing::Lost { found: None, .. } => None,
        };
        // A fence that is held is the one in the zone: it is not parsed again.
        let is_held = self.standing() == &Standing::Held;
        let parsed = self.view.as_ref().filter(|_| !is_held).and_then(ZoneView::parsed_fence);
        let in_zone = if is_held { self.held.as_ref() } else { parsed.as_ref() };
        let known: Vec<&Fence> = [self.held.as_ref(), found, in_zone].into_iter().flatten().collect();
        let epoch = known.iter().map(|fence| fence.epoch).max().unwrap_or_default();
        let rev = known.iter().map(|fence| fence.rev).max().unwrap_or_default();
        let cfg = known.iter().map(|fence| fence.cfg).max().unwrap_or_default();
        let released = wish.kind == WriteKind::Release;
        // A decision of another place is taken over unless this zone has gone further already, or as far by another one.
        let fits = |identity: &Identity, fence: &Fence| {
            identity.epoch > fence.epoch || (identity.epoch == fence.epoch && identity.plan == fence.plan)
        };
        let taken_over = wish.identity.as_ref().filter(|identity| known.iter().all(|fence| fits(identity, fence)));
        let unknown = in_zone.map(|fence| fence.unknown.clone()).unwrap_or_default();
        let last = self.binding(turn);
        // Another controller's fence of the same order is no older than ours: what it was told by an operator holds too.
        let alike = found.filter(|found| self.held.as_ref().is_some_and(|held| held.order() == found.order()));
        let pin = last.pin.or(alike.and_then(|fence| fence.pin.as_ref()));
        let blend = self.next_blend(wish, turn);
        let to = blend.as_ref().map(|blend| blend.from().clone()).or_else(|| wish.to.clone());
        let active = if released { None } else { to.or_else(|| self.active.clone()) };
        // A step goes on with what has begun.
        let counts = wish.kind.counts() && wish.purpose != Purpose::Advances;
        let (epoch, plan) = match (taken_over, counts, &self.held) {
            (Some(identity), _, _) => (identity.epoch, identity.plan.clone()),
            (None, false, Some(held)) => (epoch.max(Epoch::new(1)), held.plan.clone()),
            (None, false, None) => (epoch.max(Epoch::new(1)), DecisionId::at(turn.now(), turn.around.nonce)),
            (None, true, _) => {
                (epoch.max(turn.epoch_elsewhere()).next(), DecisionId::at(turn.now(), turn.around.nonce))
            }
        };
        Fence {
            install: service.installation.clone(),
            id: service.name.clone(),
            provider: service.provider.clone(),
            epoch,
            rev: Rev::next(rev),
            write: WriteId::at(turn.now(), turn.around.nonce),
            plan,
            dwell: match taken_over {
                Some(identity) => identity.dwell,
                None => self.next_dwell(last.dwell, wish, active.as_ref(), turn),
            },
            moved: taken_over
                .map_or_else(|| self.next_moved(&known, wish, active.as_ref(), turn), |identity| identity.moved),
            active,
            blend,
            released: released.then(|| turn.now()),
            by: turn.around.actor.clone(),
            cfg: service.revision.max(cfg),
            pin: taken_over.map_or_else(|| next_pin(pin, wish, service), |identity| identity.pin.clone()),
            pause: self.next_pause(turn).filter(|_| !released),
            rrs: scope.after.keys().cloned().collect(),
            digest: records_digest(&scope.after),
            unknown,
        }
    }

    /// How the answers are shared afterwards: what leaves the records leaves that, too.
    fn next_blend(&self, wish: &Wish, turn: &Turn) -> Option<Box<Blend>> {
        match wish.kind {
            WriteKind::Failover | WriteKind::Failback | WriteKind::Abort | WriteKind::Rerender => {
                wish.blend.clone().map(Box::new)
            }
            WriteKind::Annotate => self.held.as_ref().and_then(|held| held.blend.clone()),
            WriteKind::Repair => {
                let view = self.view.as_ref()?;
                blend_served(self.held.as_ref(), view, &turn.around.service)
            }
            WriteKind::Adopt | WriteKind::Release => None,
        }
    }

    /// A service has moved when its fence names another region than before, even if a restored backup or someone's
    /// hand moved it. Giving up a coming back counts as well, so that the next try waits for the cooldown, and so does an
    /// order that brings this place to where the service is already. Else it is the last move that any fence tells of, by the
    /// clock of whoever has made it, even if that is ahead of this one; or when it arrived, which only its sender knows.
    fn next_moved(&self, known: &[&Fence], wish: &Wish, active: Option<&RegionName>, turn: &Turn) -> Timestamp {
        let own = self.held.as_ref().and_then(|held| held.active.as_ref()).or(self.active.as_ref());
        let leaves = |active: &RegionName| wish.from.iter().chain(own).any(|before| before != active);
        if active.is_some_and(leaves) {
            return turn.now();
        }
        let told = known.iter().copied().chain(self.fence_ahead(turn)).map(|fence| fence.moved);
        told.chain(self.moved).max().unwrap_or(turn.now())
    }

    /// Leaving the preferred region without an order counts. What is kept is what the policy remembers, so that a fence is as
    /// before when all has been quiet.
    fn next_dwell(&self, last: Option<Dwell>, wish: &Wish, active: Option<&RegionName>, turn: &Turn) -> Option<Dwell> {
        let service = &turn.around.service;
        let policy = service.policy.dwell;
        // Whole seconds, as the fence keeps them.
        let now = Timestamp::from_secs(turn.now().as_secs());
        let active = active?;
        let from = wish.from.as_ref().or(self.active.as_ref());
        let leaves = from == Some(service.preferred()) && active != service.preferred();
        // A drill is no failure.
        let by_itself = wish.kind == WriteKind::Failover && wish.initiative == Initiative::Automatic;
        let by_itself = by_itself && wish.drill.is_none();
        if leaves && by_itself { Some(policy.left_again(last, now)) } else { policy.remembered(last, now) }
    }

    /// A pause that stays in the store leaves what the fence says, unless that is over.
    pub(super) fn next_pause(&self, turn: &Turn) -> Option<Pause> {
        if !self.pause_stays_here {
            return self.pause.clone();
        }
        let said = self.held.as_ref().and_then(|held| held.pause.clone());
        said.filter(|pause| pause.until.is_none_or(|until| until > turn.now()))
    }
}

/// A move by hand pins, so that automation does not undo it; coming back to the preferred region unpins.
fn next_pin(last: Option<&Pin>, wish: &Wish, service: &Service) -> Option<Pin> {
    if wish.kind == WriteKind::Release {
        return None;
    }
    if !wish.kind.moves() {
        return last.cloned();
    }
    if wish.to.as_ref() == Some(service.preferred()) {
        return None;
    }
    match &wish.initiative {
        // A drill brings the service back by itself.
        Initiative::Manual { by, approved_by } if wish.drill.is_none() => {
            // `by=` of the fence is the controller's name: both persons stand in the pin, as far as it has room.
            let approved = approved_by.as_ref().map(|other| format!("approved by {other}: ")).unwrap_or_default();
            Some(Pin { by: by.clone(), reason: format!("{approved}{}", wish.reason) })
        }
        Initiative::Manual { .. } | Initiative::Automatic => last.cloned(),
    }
}
