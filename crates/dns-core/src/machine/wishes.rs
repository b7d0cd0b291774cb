//! What should be written now, most wanted first.
//!
//! First what keeps the fence sound, then a failover, then what brings this place to where the others are, then the
//! rest. Only the anchor decides for the service; every other place only comes after it.

use super::Turn;
use super::decide::{Identity, Wish};
use super::memory::Failover;
use super::siblings::{Course, Fitness, Sibling};
use crate::blend::Blend;
use crate::fence::Fence;
use crate::identifier::RegionName;
use crate::judgement::Health;
use crate::kernel::Purpose;
use crate::service::{Mode, Service};
use crate::standing::{Standing, blend_served};
use crate::write::{Initiative, WriteKind};

/// What may be wanted, most wanted first.
type Desire = fn(&Failover, &Turn) -> Option<Wish>;

/// Of what keeps the fence as it should be.
const OF_THE_FENCE: [Desire; 2] = [Failover::telling_of_the_pause, Failover::rendering_anew];

/// Of the service, and then of the fence.
const ALL: [Desire; 7] = [
    Failover::leaving,
    Failover::giving_up,
    Failover::aligning,
    Failover::mending_a_split,
    Failover::returning,
    Failover::telling_of_the_pause,
    Failover::rendering_anew,
];

impl Failover {
    /// What is wanted, in order. Each is made when it is asked for: mostly the first one is carried out.
    pub(super) fn wishes<'a>(&'a self, turn: &'a Turn) -> impl Iterator<Item = Wish> + 'a {
        let desires: &[Desire] = match self.standing() {
            Standing::Lost { .. } => &[Self::restoring],
            _ if self.is_overtaking_elsewhere(turn) => &OF_THE_FENCE,
            _ => &ALL,
        };
        desires.iter().filter_map(|desire| desire(self, turn))
    }

    fn telling_of_the_pause(&self, turn: &Turn) -> Option<Wish> {
        let unwritten = self.pause_unwritten && turn.around.service.mode == Mode::Active;
        let reason = || "the fence follows the pause".to_owned();
        let wish = || Wish::automatic(WriteKind::Annotate, self.active.clone(), reason());
        (unwritten && self.standing() == &Standing::Held).then(wish)
    }

    /// Shares of the answers stand only for as long as a step takes: the next one renders anew.
    fn rendering_anew(&self, turn: &Turn) -> Option<Wish> {
        let is_due = self.standing() == &Standing::Held && self.blend().is_none();
        let reason = || "the configuration renders other records".to_owned();
        let wish = || Wish::automatic(WriteKind::Rerender, self.active.clone(), reason());
        (is_due && self.is_rendered_otherwise(&turn.around.service)).then(wish)
    }

    fn is_rendered_otherwise(&self, service: &Service) -> bool {
        let known = self.active.as_ref().zip(self.view.as_ref());
        known.is_some_and(|(active, view)| service.is_shown(active, &view.rrsets) == Ok(false))
    }

    /// A failover, if the region that the service is in is failing.
    fn leaving(&self, turn: &Turn) -> Option<Wish> {
        let (active, judgement) = (self.service_active(turn)?, self.judgement.as_ref()?);
        if turn.around.fleet.companions().is_some_and(|companions| companions.group().is_some()) {
            return self.leaving_with_group(turn);
        }
        if judgement.health(active) != Health::Failing || !self.is_anchor(turn) {
            return None;
        }
        let to = self.refuge(active, &turn.around).cloned();
        let seen = judgement.regions.get(active).map(crate::judgement::RegionJudgement::describe).unwrap_or_default();
        let reason = format!("region `{active}` is failing: {seen}");
        let wish = Wish::automatic(WriteKind::Failover, to, reason);
        Some(Wish { from: Some(active.clone()), drill: judgement.drill.clone(), ..wish })
    }

    /// What brings this place to where the others are. A place that cannot be read is left alone until it can.
    fn aligning(&self, turn: &Turn) -> Option<Wish> {
        let own = self.own_fence().filter(|_| self.unreadable.is_none())?;
        let course = turn.course().filter(|course| course.fence.is_ahead_of(own))?;
        let is_there = self.active == course.fence.active && are_shared_alike(own, course.fence);
        match self.standing() {
            Standing::Held if is_there => Some(fence_alone(&course)),
            Standing::Held | Standing::Foreign { .. } if !is_there => Some(self.moving_along(&course, turn)),
            Standing::Held
            | Standing::Unread
            | Standing::Unadopted { .. }
            | Standing::Newer { .. }
            | Standing::Lost { .. }
            | Standing::Foreign { .. }
            | Standing::Released { .. } => None,
        }
    }

    /// The records move as those of the other place have, for the same reason and by the same hand.
    fn moving_along(&self, course: &Course<'_>, turn: &Turn) -> Wish {
        let blend = course.fence.blend.as_deref().cloned();
        let to = blend.as_ref().map(|blend| blend.to().clone()).or_else(|| course.fence.active.clone());
        let how = course.how.filter(|how| how.kind.moves());
        let kind =
            how.map(|how| how.kind).or_else(|| to.as_ref().map(|to| self.kind_of_move(self.active.as_ref(), to, turn)));
        // The first one's reason and no more: places that follow each other would otherwise quote each other.
        let reason = how.map_or_else(|| format!("{} has moved", course.place), |how| how.reason.clone());
        Wish {
            kind: kind.unwrap_or(WriteKind::Failover),
            to,
            from: self.blend().filter(|_| kind == Some(WriteKind::Abort)).map(|blend| blend.to().clone()),
            blend,
            initiative: how.map_or(Initiative::Automatic, |how| how.initiative.clone()),
            reason,
            overrides: how.map(|how| how.overrides.clone()).unwrap_or_default(),
            overrides_expire: how.and_then(|how| how.overrides_expire),
            drill: how.and_then(|how| how.drill.clone()),
            identity: Some(Identity::of(course.fence)),
            purpose: Purpose::Aligns,
            group: how.and_then(|how| how.group.clone()),
        }
    }

    /// Two decisions of one epoch contradict each other: the anchor makes a third above both, which leaves the records.
    fn mending_a_split(&self, turn: &Turn) -> Option<Wish> {
        let held = self.standing() == &Standing::Held;
        let other = self.split_with(turn).filter(|_| held && self.is_anchor(turn))?;
        // A newer decision at a third place ends the split as well.
        let newer = turn.course().zip(self.own_fence()).is_some_and(|(course, own)| course.fence.epoch > own.epoch);
        let reason = format!("{other} was moved by another decision of the same epoch");
        let wish = Wish::automatic(WriteKind::Repair, self.active.clone(), reason);
        (!newer).then_some(Wish { purpose: Purpose::MendsSplit, ..wish })
    }

    /// A fence that was lost or set back comes to where the others are; what a backup says never drags them. Only if
    /// none of the others knows better, the answer that is served is kept.
    fn restoring(&self, turn: &Turn) -> Option<Wish> {
        let Standing::Lost { serving, .. } = self.standing() else { return None };
        let serving = serving.as_ref();
        // Whether the others know better shows with their next look, which is under way.
        let in_doubt = |one: &Sibling| one.doubted && one.fitness != Fitness::Unreachable;
        if turn.around.siblings.iter().any(in_doubt) {
            return None;
        }
        let reason = "the fence was lost or set back".to_owned();
        let repair = Wish::automatic(WriteKind::Repair, serving.cloned(), reason);
        let known = self.own_fence().map(|own| own.epoch).unwrap_or_default();
        match turn.sound_course().filter(|course| course.fence.epoch >= known) {
            Some(course) if serving.is_some() && !self.serves_as(&course, serving, turn) => {
                Some(self.moving_along(&course, turn))
            }
            Some(course) => Some(Wish { identity: Some(Identity::of(course.fence)), ..repair }),
            // Of several that lost theirs one goes first, so that they do not contradict each other.
            None => (!turn.around.siblings.iter().take(turn.around.rank).any(is_restored_first)).then_some(repair),
        }
    }
}

impl Failover {
    /// Whether a place whose fence was lost answers as the others do, shares of the answers included.
    fn serves_as(&self, course: &Course<'_>, serving: Option<&RegionName>, turn: &Turn) -> bool {
        let service = &turn.around.service;
        let blend = self.view.as_ref().and_then(|view| blend_served(self.held.as_ref(), view, service));
        let shares = |blend: Option<&Blend>| blend.map(|blend| (blend.to().clone(), blend.share()));
        serving == course.fence.active.as_ref() && shares(blend.as_deref()) == shares(course.fence.blend.as_deref())
    }
}

/// Whether two fences share the answers alike, since whenever.
fn are_shared_alike(one: &Fence, other: &Fence) -> bool {
    let weights = |fence: &Fence| fence.blend.as_ref().map(|blend| (blend.to().clone(), blend.share()));
    weights(one) == weights(other)
}

/// The records are right already: only the fence says it.
fn fence_alone(course: &Course<'_>) -> Wish {
    let reason = format!("{} has gone on, and the records are right already", course.place);
    let wish = Wish::automatic(WriteKind::Annotate, course.fence.active.clone(), reason);
    Wish { identity: Some(Identity::of(course.fence)), ..wish }
}

fn is_restored_first(sibling: &Sibling) -> bool {
    let restorable = matches!(sibling.standing, Standing::Lost { serving: Some(_), .. });
    restorable && sibling.fitness != Fitness::Unreachable
}
