//! What a place's machine knows of the other places of its service, and what follows from it.
//!
//! The service is where its newest fence says, whichever place holds it: the *course*. One place, the *anchor*, turns
//! judgement into decisions; the others come after it. Without siblings every answer here is that of a single place.

use serde::{Deserialize, Serialize};

use super::Turn;
use super::decide::Identity;
use super::memory::{Failover, LastMove};
use crate::fence::{Epoch, Fence, Pause};
use crate::identifier::RegionName;
use crate::service::Place;
use crate::standing::Standing;
use crate::time::Timestamp;
use crate::write::PlannedWrite;

/// Another place of the same service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sibling {
    /// Which.
    pub place: Place,
    /// The newest fence that was written or followed there.
    pub held: Option<Fence>,
    /// What the last look at it meant.
    pub standing: Standing,
    /// The epoch that its zone says while someone else's hand is in it: it is not followed, and must not be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disputed: Option<Epoch>,
    /// Whether one look saw its fence lost, and the next has yet to confirm it.
    pub doubted: bool,
    /// Whether it could anchor a decision.
    pub fitness: Fitness,
    /// A pause that was ordered or found there: it binds the whole service.
    pub pause: Option<Pause>,
    /// A decision that is being carried out there.
    pub open: Option<OpenElsewhere>,
    /// How the move that it holds was decided.
    pub last_move: Option<LastMove>,
}

/// A decision that is being carried out at another place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenElsewhere {
    /// The fence that it leaves.
    pub fence: Fence,
    /// How it was decided.
    pub how: LastMove,
    /// Whether its answer was lost: then it may have arrived, and the others no longer wait for it.
    pub uncertain: bool,
}

/// Whether a place can anchor a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fitness {
    /// Its fence is ours, as far as is known, and nothing says that it cannot be written.
    Fit,
    /// It cannot be read, its writes fail, or the answer to one was lost.
    Unreachable,
    /// Its fence does not let us write: unadopted, released, lost, or changed by someone else.
    Unsound,
}

/// Where another place has brought the service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    pub(super) place: &'a Place,
    pub(super) fence: &'a Fence,
    pub(super) how: Option<&'a LastMove>,
}

impl Failover {
    /// This place, as its siblings see it.
    pub(crate) fn as_sibling(&self, place: Place, now: Timestamp) -> Sibling {
        let open = self.open.as_ref().filter(|open| open.write.kind.counts());
        Sibling {
            place,
            held: self.held.clone(),
            standing: self.standing().clone(),
            disputed: self.disputed_fence().map(|fence| fence.epoch),
            doubted: self.doubt.is_some(),
            fitness: self.fitness(now),
            pause: self.pause.clone(),
            open: open.map(|open| OpenElsewhere {
                fence: open.write.fence.clone(),
                how: LastMove::of(&open.write),
                uncertain: open.uncertain.is_some(),
            }),
            last_move: self.last_move.clone(),
        }
    }

    /// What the zone says while someone else's hand is in it: it is not followed, and must not be gone behind either.
    pub(super) fn disputed_fence(&self) -> Option<Fence> {
        let is_disputed = matches!(self.standing(), Standing::Foreign { .. });
        self.view.as_ref().filter(|_| is_disputed)?.parsed_fence()
    }

    /// Whether this place can anchor a decision.
    pub fn fitness(&self, now: Timestamp) -> Fitness {
        let uncertain = self.open.as_ref().is_some_and(|open| open.uncertain.is_some());
        let backing_off = self.unfit_until().is_some_and(|until| now < until);
        if uncertain || backing_off || self.unreadable.is_some() {
            return Fitness::Unreachable;
        }
        match self.standing() {
            Standing::Held | Standing::Newer { .. } => Fitness::Fit,
            // It is about to be read: to decide elsewhere meanwhile would only make a split likelier.
            Standing::Unread if self.own_fence().is_some() => Fitness::Fit,
            Standing::Unread
            | Standing::Unadopted { .. }
            | Standing::Lost { .. }
            | Standing::Foreign { .. }
            | Standing::Released { .. } => Fitness::Unsound,
        }
    }

    /// The fence held, unless it is a tombstone.
    pub(super) fn own_fence(&self) -> Option<&Fence> {
        self.held.as_ref().filter(|held| !held.is_tombstone())
    }

    fn own_epoch(&self) -> Epoch {
        self.own_fence().map(|held| held.epoch).unwrap_or_default()
    }

    /// Whether this place decides for the service. If no place is fit the first one does, and says why it can't.
    pub(super) fn is_anchor(&self, turn: &Turn) -> bool {
        let (before, after) = turn.around.siblings.split_at(turn.around.rank.min(turn.around.siblings.len()));
        let fit = |siblings: &[Sibling]| siblings.iter().any(|sibling| sibling.fitness == Fitness::Fit);
        if self.fitness(turn.now()) == Fitness::Fit {
            return !fit(before);
        }
        before.is_empty() && !fit(after)
    }

    /// The region that the service is in by the newest fence of all its places.
    pub(super) fn service_active<'a>(&'a self, turn: &'a Turn) -> Option<&'a RegionName> {
        let ahead = turn.course().filter(|course| self.own_fence().is_none_or(|own| course.fence.is_ahead_of(own)));
        ahead.and_then(|course| course.fence.active.as_ref()).or(self.active.as_ref())
    }

    /// Whether every place is in a region already.
    pub(super) fn is_everywhere_in(&self, to: &RegionName, turn: &Turn) -> bool {
        let elsewhere = turn.around.siblings.iter().filter_map(|sibling| sibling.held.as_ref()?.active.as_ref());
        let is_whole = |fence: &Fence| fence.blend.is_none();
        let held = turn.around.siblings.iter().filter_map(|sibling| sibling.held.as_ref()).chain(self.own_fence());
        self.active.as_ref() == Some(to)
            && elsewhere.into_iter().all(|active| active == to)
            && held.into_iter().all(is_whole)
    }

    /// Whether a newer decision is under way at another place. It is waited for: it settles, or its answer is lost.
    pub(super) fn is_overtaking_elsewhere(&self, turn: &Turn) -> bool {
        let siblings = &turn.around.siblings;
        let held = siblings.iter().filter_map(|sibling| sibling.held.as_ref()).map(|held| held.epoch);
        let settled = held.max().unwrap_or_default().max(self.own_epoch());
        let open = siblings.iter().filter_map(|sibling| sibling.open.as_ref());
        open.into_iter().any(|open| !open.uncertain && open.fence.epoch > settled)
    }

    /// The other place that was moved by another decision of the same epoch.
    pub(super) fn split_with<'a>(&self, turn: &'a Turn) -> Option<&'a Place> {
        let own = self.own_fence()?;
        let other = |sibling: &&Sibling| {
            sibling
                .held
                .as_ref()
                .is_some_and(|held| !held.is_tombstone() && held.epoch == own.epoch && held.plan != own.plan)
        };
        turn.around.siblings.iter().find(other).map(|sibling| &sibling.place)
    }

    /// The pause that binds this place: its own, or one of another place.
    pub(super) fn binding_pause<'a>(&'a self, turn: &'a Turn) -> Option<&'a Pause> {
        let lasts = |pause: &&Pause| pause.until.is_none_or(|until| until > turn.now());
        self.pause.as_ref().or_else(|| turn.around.siblings.iter().find_map(|one| one.pause.as_ref().filter(lasts)))
    }

    /// Why a write comes too late, if another place has gone on to a newer or another decision since it was planned.
    pub(super) fn overtaken(&self, write: &PlannedWrite, turn: &Turn) -> Option<String> {
        if write.fence.epoch <= self.own_epoch() {
            return None;
        }
        let course = turn.course()?;
        let (epoch, plan) = (course.fence.epoch, &course.fence.plan);
        let other = epoch > write.fence.epoch || (epoch == write.fence.epoch && *plan != write.fence.plan);
        other.then(|| format!("{} has gone on to epoch {epoch} meanwhile", course.place))
    }
}

impl Turn {
    /// Where the siblings have brought the service: their newest fence, the first one's of equals. A move whose answer
    /// was lost counts as made, since it rolls forward.
    pub(super) fn course(&self) -> Option<Course<'_>> {
        newest(self.around.siblings.iter())
    }

    /// The same of those siblings only whose fence was not lost or set back.
    pub(super) fn sound_course(&self) -> Option<Course<'_>> {
        let sound = |sibling: &&Sibling| !matches!(sibling.standing, Standing::Lost { .. });
        newest(self.around.siblings.iter().filter(sound))
    }

    /// The decision under which another place is adopted, or just being, in the same region: an adoption joins it.
    pub(super) fn adopted_elsewhere(&self, serving: &RegionName) -> Option<Identity> {
        let siblings = self.around.siblings.iter();
        let fences = siblings.flat_map(|one| [one.held.as_ref(), one.open.as_ref().map(|open| &open.fence)]).flatten();
        let fitting = fences.filter(|fence| !fence.is_tombstone() && fence.active.as_ref() == Some(serving));
        fitting.max_by_key(|fence| fence.epoch).map(Identity::of)
    }

    /// The highest epoch that is known or under way at another place: a new decision goes above it.
    pub(super) fn epoch_elsewhere(&self) -> Epoch {
        let disputed = self.around.siblings.iter().filter_map(|sibling| sibling.disputed);
        let known = self.around.siblings.iter().flat_map(|sibling| {
            let found = match &sibling.standing {
                Standing::Lost { found, .. } => found.as_deref(),
                Standing::Released { fence } | Standing::Newer { fence } => Some(&**fence),
                Standing::Unread | Standing::Unadopted { .. } | Standing::Held | Standing::Foreign { .. } => None,
            };
            [sibling.held.as_ref(), found, sibling.open.as_ref().map(|open| &open.fence)]
        });
        let known = known.flatten().map(|fence| fence.epoch);
        known.chain(disputed).max().unwrap_or_default().max(self.around.epoch_floor)
    }
}

fn newest<'a>(siblings: impl Iterator<Item = &'a Sibling>) -> Option<Course<'a>> {
    let courses = siblings.flat_map(|sibling| {
        let Sibling { place, held, open, last_move, .. } = sibling;
        let held = held.as_ref().filter(|held| !held.is_tombstone()).map(|fence| {
            let how = last_move.as_ref().filter(|last| last.plan == fence.plan);
            Course { place, fence, how }
        });
        let lost_answer = open.as_ref().filter(|open| open.uncertain);
        let moving = lost_answer.map(|open| Course { place, fence: &open.fence, how: Some(&open.how) });
        [held, moving]
    });
    courses.flatten().reduce(|best, next| if next.fence.is_ahead_of(best.fence) { next } else { best })
}
