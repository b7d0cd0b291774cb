//! Coming back by itself: at once, or in steps that hold on doubt and are given up on bad news.
//!
//! How far a service has come stands in the fence that is held, and nowhere else, so a restart, a successor and a rebuilt
//! store go on, or hold, where the zone is. Each step is a failback of its own and passes the kernel; all of one coming back
//! share an epoch and a plan, and giving it up is a decision of its own.

use super::Turn;
use super::decide::Wish;
use super::memory::Failover;
use crate::blend::Blend;
use crate::identifier::RegionName;
use crate::judgement::{Health, RegionJudgement};
use crate::kernel::Purpose;
use crate::service::Service;
use crate::share::Share;
use crate::time::Timestamp;
use crate::write::WriteKind;

/// What the next step waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Its time: it is due then.
    Until(Timestamp),
    /// Something else, as people read it.
    For(String),
}

impl Failover {
    /// How the answers are shared while the service comes back in steps.
    pub fn blend(&self) -> Option<&Blend> {
        self.held.as_ref()?.blend.as_deref()
    }

    /// What an automatic failback would write now, if one is wanted. A service that waits for its time holds nothing back,
    /// so that nobody has to read of it.
    pub(super) fn returning(&self, turn: &Turn) -> Option<Wish> {
        if !self.is_anchor(turn) {
            return None;
        }
        match self.blend() {
            Some(blend) => self.going_on(blend, turn),
            None => self.setting_out(turn),
        }
    }

    /// The first step, or all of it at once, when nothing but a freeze can stand in its way.
    fn setting_out(&self, turn: &Turn) -> Option<Wish> {
        let (service, active) = (&turn.around.service, self.service_active(turn)?);
        let since = self.way_back(active, service, turn.now())?;
        let preferred = service.preferred();
        let reason = format!("region `{preferred}` has been healthy for {} s", turn.now().since(since).as_secs());
        let wish = Wish::automatic(WriteKind::Failback, Some(preferred.clone()), reason);
        let first = service.policy.failback.gradual().and_then(|gradual| gradual.after(None));
        let blend = first.and_then(|share| shared(preferred, share, active, turn));
        self.with_group(Wish { from: Some(active.clone()), blend, ..wish }, turn)
    }

    /// Since when the preferred region has been healthy, if the service would return to it by itself now.
    pub(crate) fn way_back(&self, active: &RegionName, service: &Service, now: Timestamp) -> Option<Timestamp> {
        let (policy, preferred, judgement) = (&service.policy, service.preferred(), self.judgement.as_ref()?);
        let soak = policy.failback.soak()?;
        // What a drill has moved it brings back itself.
        let drilled = self.last_move().is_some_and(|last| last.drill.is_some());
        let held = drilled || self.pin.is_some();
        let is_calm = active != preferred && judgement.health(active) != Health::Failing && !held;
        if !is_calm || !judgement.is_proven(preferred) {
            return None;
        }
        let since = judgement.regions.get(preferred)?.healthy_since(policy.quorum)?;
        let wait = self.failback_wait(policy, now);
        let cooled_down = self.moved.is_none_or(|moved| now.since(moved) >= wait);
        let soaked = now.since(since) >= soak;
        (cooled_down && soaked).then_some(since)
    }

    /// The next step, when it is due.
    fn going_on(&self, blend: &Blend, turn: &Turn) -> Option<Wish> {
        let (service, now) = (&turn.around.service, turn.now());
        let gradual = service.policy.failback.gradual()?;
        // A point in the future would stretch the wait: it counts as now.
        let is_due = |at: Timestamp| now >= at.min(now + gradual.step_every);
        if !matches!(self.next_step(service)?, Waiting::Until(at) if is_due(at)) {
            return None;
        }
        let stood = now.since(blend.since()).as_secs();
        let reason =
            format!("region `{}` has given {} of the answers for {stood} s and is well", blend.to(), blend.share());
        let wish = Wish::automatic(WriteKind::Failback, Some(blend.to().clone()), reason);
        let next = gradual.after(Some(blend.share()));
        let next = next.and_then(|share| shared(blend.to(), share, blend.from(), turn));
        Some(Wish { from: Some(blend.from().clone()), blend: next, purpose: Purpose::Advances, ..wish })
    }

    /// What the next step of a coming back waits for; nothing unless it comes back in steps.
    pub fn next_step(&self, service: &Service) -> Option<Waiting> {
        let blend = self.blend()?;
        let Some(gradual) = service.policy.failback.gradual() else {
            return Some(Waiting::For("the policy no longer brings it back in steps".to_owned()));
        };
        let obstacle = self.obstacle(blend, service);
        Some(obstacle.map_or_else(|| Waiting::Until(blend.since() + gradual.step_every), Waiting::For))
    }

    fn obstacle(&self, blend: &Blend, service: &Service) -> Option<String> {
        if blend.to() != service.preferred() {
            return Some(format!("`{}` is no longer the preferred region", blend.to()));
        }
        if let Some(pause) = &self.pause {
            return Some(format!("paused by `{}`", pause.by));
        }
        if self.verifying.is_some() {
            return Some("the last step is being verified".to_owned());
        }
        if self.unverified {
            return Some("not every authoritative server serves the last step".to_owned());
        }
        self.doubt_about(blend)
    }

    /// What is not as it should be with one of the two regions. Only what is good lets it go on.
    fn doubt_about(&self, blend: &Blend) -> Option<String> {
        let judged = |region: &RegionName| self.judgement.as_ref().and_then(|judgement| judgement.regions.get(region));
        let Some(to) = judged(blend.to()) else { return Some(format!("`{}` has not been judged yet", blend.to())) };
        if !to.proven || to.is_suspected() {
            let word = if to.health == Health::Healthy { "in doubt" } else { to.health.as_str() };
            return Some(format!("region `{}` is {word}: {}", blend.to(), to.describe()));
        }
        let from = judged(blend.from());
        let is_well = from.is_some_and(|judged| judged.health == Health::Healthy);
        let seen = from.map(RegionJudgement::describe).unwrap_or_default();
        (!is_well).then(|| format!("nobody knows region `{}` to be healthy: {seen}", blend.from()))
    }

    /// What is to be said of a region that fails or has lost its proof.
    fn loss_of(&self, region: &RegionName, turn: &Turn) -> Option<String> {
        let judgement = self.judgement.as_ref()?;
        let judged = judgement.regions.get(region).filter(|judged| judged.is_lost(&turn.around.service, turn.now()))?;
        let word = if judged.health == Health::Failing { "failing" } else { "no longer proven" };
        Some(format!("region `{region}` is {word}: {}", judged.describe()))
    }

    /// All answers go back to the region that the service is in, if the one that it comes back to is lost or being evacuated:
    /// a share is no service that is in it, and would be left behind there. It does not ask the policy: the share was given,
    /// and somebody gets its answers.
    pub(super) fn giving_up(&self, turn: &Turn) -> Option<Wish> {
        let blend = self.blend().filter(|_| self.is_anchor(turn))?;
        let evacuated = turn.around.fleet.evacuation_of(blend.to()).map(str::to_owned);
        let reason = evacuated.or_else(|| self.loss_of(blend.to(), turn))?;
        let wish = Wish::automatic(WriteKind::Abort, Some(blend.from().clone()), reason);
        Some(Wish { from: Some(blend.to().clone()), ..wish })
    }
}

/// A share from now on; nothing where the policy names no share of two regions.
fn shared(to: &RegionName, share: Share, from: &RegionName, turn: &Turn) -> Option<Blend> {
    Blend::new(to.clone(), share, from.clone(), turn.now()).ok()
}
