//! Wanting, proposing and opening writes: the one road from a wish to the outbox, through the kernel.

use std::collections::BTreeSet;

use super::effect::Effect;
use super::memory::{Failover, Open};
use super::siblings::Course;
use super::{Row, Turn};
use crate::blend::Blend;
use crate::change::{ChangeSet, PlanError};
use crate::dwell::Dwell;
use crate::fence::{DecisionId, DrillId, Epoch, Fence, Pin};
use crate::group::GroupMove;
use crate::history::HistoryKind;
use crate::identifier::RegionName;
use crate::kernel::{Answer, Proposal, Purpose, Rejection, Rule, Said, Situation, interview, review};
use crate::rrset::{RrsetKey, Rrsets};
use crate::service::Service;
use crate::standing::Standing;
use crate::time::Timestamp;
use crate::write::{Initiative, PlannedWrite, WriteKind, WriteStage};
use crate::zone::{FoundFence, ZoneView};

/// A write that someone wants, before it is planned.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) kind: WriteKind,
    /// The region that the records are in afterwards; for kinds that leave them where they are, may be `None`.
    pub(super) to: Option<RegionName>,
    /// The region that the service leaves, if that is not where this place's records are.
    pub(super) from: Option<RegionName>,
    /// Which part of the answers `to` gets; without it a move takes all of them there.
    pub(super) blend: Option<Blend>,
    pub(super) initiative: Initiative,
    pub(super) reason: String,
    pub(super) overrides: Vec<Rule>,
    pub(super) overrides_expire: Option<Timestamp>,
    /// The drill that it is of.
    pub(super) drill: Option<DrillId>,
    /// The decision of another place that this one takes over; without it a decision is new.
    pub(super) identity: Option<Identity>,
    pub(super) purpose: Purpose,
    /// The move of its group that it would be a part of.
    pub(super) group: Option<GroupMove>,
}

impl Wish {
    /// Of the controller itself, on evidence.
    pub(super) fn automatic(kind: WriteKind, to: Option<RegionName>, reason: String) -> Self {
        let initiative = Initiative::Automatic;
        let (overrides, purpose) = (Vec::new(), Purpose::Decides);
        let (drill, overrides_expire) = (None, None);
        Self {
            kind,
            to,
            from: None,
            blend: None,
            initiative,
            reason,
            overrides,
            overrides_expire,
            drill,
            identity: None,
            purpose,
            group: None,
        }
    }
}

/// What makes fences of several places those of one decision.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) epoch: Epoch,
    pub(super) plan: DecisionId,
    pub(super) moved: Timestamp,
    pub(super) pin: Option<Pin>,
    pub(super) dwell: Option<Dwell>,
}

impl Identity {
    pub(super) fn of(fence: &Fence) -> Self {
        let Fence { epoch, plan, moved, pin, dwell, .. } = fence;
        Self { epoch: *epoch, plan: plan.clone(), moved: *moved, pin: pin.clone(), dwell: *dwell }
    }
}

/// What the last move of a service means for the next one.
pub(super) struct Binding<'a> {
    pub(super) moved: Option<Timestamp>,
    pub(super) dwell: Option<Dwell>,
    pub(super) pin: Option<&'a Pin>,
}

/// The records that a write is responsible for, before and after.
pub(super) struct Scope {
    pub(super) keys: BTreeSet<RrsetKey>,
    pub(super) after: Rrsets,
}

/// A wish with what it would write, as far as that can be planned.
struct Sketch {
    scope: Option<Scope>,
    fence: Option<Fence>,
    planned: Option<Result<ChangeSet, PlanError>>,
}

impl Sketch {
    fn proposal<'a>(&'a self, wish: &'a Wish, memory: &'a Failover) -> Proposal<'a> {
        Proposal {
            kind: wish.kind,
            initiative: &wish.initiative,
            purpose: wish.purpose,
            from: wish.from.as_ref().or(memory.active.as_ref()),
            to: wish.to.as_ref(),
            overrides: &wish.overrides,
            overrides_expire: wish.overrides_expire,
            group: wish.group.as_ref(),
            change: self.planned.as_ref().and_then(|planned| planned.as_ref().ok()),
            after: self.scope.as_ref().filter(|_| wish.kind.renders()).map(|scope| &scope.after),
        }
    }

    fn plan_error(&self) -> Option<String> {
        self.planned.as_ref().and_then(|planned| planned.as_ref().err()).map(plan_error)
    }
}

impl Failover {
    /// Looks for what should be written now and opens the first write that the kernel agrees to. What is most wanted
    /// and refused is held; it does not stand in the way of the rest.
    pub(super) fn pursue(&mut self, turn: &mut Turn) {
        if self.open.is_some() {
            return;
        }
        let mut most_wanted = None;
        let mut granted = None;
        for wish in self.wishes(turn) {
            match self.propose(&wish, turn) {
                Ok(write) => {
                    granted = Some((wish, write));
                    break;
                }
                Err(rejections) => most_wanted = most_wanted.or(Some((wish, rejections))),
            }
        }
        if most_wanted.is_none() && granted.is_none() {
            return self.let_go(turn);
        }
        if let Some((wish, rejections)) = most_wanted {
            self.hold_back(&wish, rejections, turn);
        }
        if let Some((wish, write)) = granted {
            self.tell_of_a_split(&wish, &write, turn);
            self.open_write(write, turn);
        }
    }

    /// A split is told when it is mended; one that cannot be is told as what is held. The tries after a failure wake
    /// nobody again.
    fn tell_of_a_split(&self, wish: &Wish, write: &PlannedWrite, turn: &mut Turn) {
        if wish.purpose == Purpose::MendsSplit && !self.backoff.is_failing() {
            turn.record(Row::new(HistoryKind::Split, wish.reason.clone()).of(&write.id).paging());
        }
    }

    /// Plans a wish and asks the kernel.
    pub(super) fn propose(&self, wish: &Wish, turn: &Turn) -> Result<PlannedWrite, Vec<Rejection>> {
        let sketch = self.sketch(wish, turn);
        let mut rejections = review(&sketch.proposal(wish, self), &self.situation(turn, self.open.is_some()));
        if let Some(reason) = sketch.plan_error() {
            rejections.push(Rejection { rule: Rule::UnreadRecord, reason });
            rejections.sort_by_key(|rejection| rejection.rule);
        }
        let (Some(fence), Some(Ok(change)), true) = (sketch.fence, sketch.planned, rejections.is_empty()) else {
            return Err(rejections);
        };
        Ok(self.planned_write(wish, change, fence, turn))
    }

    /// What every rule of the kernel says to a wish.
    pub(super) fn interview(&self, wish: &Wish, turn: &Turn) -> Vec<Answer> {
        let sketch = self.sketch(wish, turn);
        let mut answers = interview(&sketch.proposal(wish, self), &self.situation(turn, self.open.is_some()));
        if let Some(why) = sketch.plan_error() {
            let unplanned = answers.iter_mut().filter(|answer| answer.rule == Rule::UnreadRecord);
            unplanned.for_each(|answer| (answer.answer, answer.why) = (Said::No, Some(why.clone())));
        }
        answers
    }

    fn sketch(&self, wish: &Wish, turn: &Turn) -> Sketch {
        let service = turn.service();
        let scope = self.guarded_view(wish).map(|view| self.scope(wish, view, &service));
        let fence = scope.as_ref().map(|scope| self.next_fence(wish, scope, turn));
        let planned = match (self.guarded_view(wish), &scope, &fence) {
            (Some(view), Some(scope), Some(fence)) => Some(ChangeSet::plan(view, &scope.keys, &scope.after, fence)),
            _ => None,
        };
        Sketch { scope, fence, planned }
    }

    /// What was read, if it has a fence to require. Only an adoption and a repair can do without one; for the others
    /// the kernel says what to do about it.
    fn guarded_view(&self, wish: &Wish) -> Option<&ZoneView> {
        let restores = wish.purpose == Purpose::Aligns && matches!(self.standing(), Standing::Lost { .. });
        let needs_fence = !restores && !matches!(wish.kind, WriteKind::Adopt | WriteKind::Repair);
        self.view.as_ref().filter(|view| !(needs_fence && view.fence == FoundFence::Absent))
    }

    fn planned_write(&self, wish: &Wish, change: ChangeSet, fence: Fence, turn: &Turn) -> PlannedWrite {
        PlannedWrite {
            id: DecisionId::at(turn.now(), turn.around.nonce),
            service: turn.around.service.name.clone(),
            kind: wish.kind,
            initiative: wish.initiative.clone(),
            from: wish.from.clone().or_else(|| self.active.clone()),
            to: if wish.kind.moves() { wish.to.clone() } else { fence.active.clone() },
            reason: wish.reason.clone(),
            overrides: wish.overrides.clone(),
            overrides_expire: wish.overrides_expire,
            advances: wish.purpose == Purpose::Advances,
            group: wish.group.clone(),
            drill: wish.drill.clone(),
            decided: turn.now(),
            valid_until: turn.now() + turn.around.service.policy.validity(),
            change,
            fence,
        }
    }

    pub(super) fn situation<'a>(&'a self, turn: &'a Turn, other_write_open: bool) -> Situation<'a> {
        let Binding { moved, dwell, pin } = self.binding(turn);
        Situation {
            service: &turn.around.service,
            judgement: self.judgement.as_ref(),
            standing: self.standing(),
            held: self.held.as_ref(),
            disputed_revision: self.disputed_fence().map_or(0, |fence| fence.cfg),
            pause: self.binding_pause(turn),
            moved,
            dwell,
            pin,
            failovers: &self.failovers,
            fleet: &turn.around.fleet,
            veto: None,
            other_write_open,
            backoff_until: self.backoff_until(),
            now: turn.now(),
        }
    }

    /// A place that is behind decides for the service all the same: what binds is the last move, which another place's fence
    /// tells.
    pub(super) fn binding<'a>(&'a self, turn: &'a Turn) -> Binding<'a> {
        match self.fence_ahead(turn) {
            Some(fence) => Binding { moved: Some(fence.moved), dwell: fence.dwell, pin: fence.pin.as_ref() },
            None => Binding { moved: self.moved, dwell: self.dwell, pin: self.pin.as_ref() },
        }
    }

    /// Of another place that has gone further than this one.
    pub(super) fn fence_ahead<'a>(&'a self, turn: &'a Turn) -> Option<&'a Fence> {
        let ahead = |course: &Course<'_>| self.own_fence().is_some_and(|own| course.fence.is_ahead_of(own));
        turn.course().filter(ahead).map(|course| course.fence)
    }

    fn scope(&self, wish: &Wish, view: &ZoneView, service: &Service) -> Scope {
        let restricted = |keys: BTreeSet<RrsetKey>| {
            let after = view.rrsets.iter().filter(|(key, _)| keys.contains(key));
            Scope { after: after.map(|(key, set)| (key.clone(), set.clone())).collect(), keys: keys.clone() }
        };
        match (wish.kind, &wish.to, &self.held) {
            (WriteKind::Failover | WriteKind::Failback | WriteKind::Abort | WriteKind::Rerender, Some(to), _) => {
                let active = wish.blend.as_ref().map_or(to, Blend::from);
                let after = service.render_shared(active, wish.blend.as_ref()).unwrap_or_default();
                Scope { keys: service.keys(), after }
            }
            (WriteKind::Annotate | WriteKind::Release, _, Some(held)) => restricted(held.rrs.clone()),
            (_, _, _) => restricted(service.keys()),
        }
    }

    pub(super) fn open_write(&mut self, write: PlannedWrite, turn: &mut Turn) {
        let route = match (&write.from, &write.to) {
            (Some(from), Some(to)) if from != to => format!(" from `{from}` to `{to}`"),
            (_, Some(to)) => format!(" in `{to}`"),
            (Some(from), None) => format!(" from `{from}`"),
            (None, None) => String::new(),
        };
        let orderer = match &write.initiative {
            Initiative::Manual { by, approved_by: None } => format!(", ordered by `{by}`"),
            Initiative::Manual { by, approved_by: Some(other) } => {
                format!(", ordered by `{by}`, approved by `{other}`")
            }
            Initiative::Automatic => String::new(),
        };
        let drill = write.drill.as_ref().map(|drill| format!(", for drill {drill}")).unwrap_or_default();
        let follows = if write.aligns() { ", as another place has moved".to_owned() } else { with_group(&write) };
        let share = write.fence.blend.as_ref().filter(|_| write.kind.moves()).map(|blend| format!(", {blend}"));
        let share = share.unwrap_or_default();
        let summary = format!("{}{route}{share}{orderer}{drill}{follows}: {}", write.kind.as_str(), write.reason);
        let row = Row::new(HistoryKind::Decided, summary).of(&write.id).with(self.decision_details(&write, turn));
        // The places that come after the first, the members of a group that come along, the steps after the first, and the
        // tries after a failure wake nobody again. A drill wakes nobody.
        let comes_along = write.group.as_ref().is_some_and(GroupMove::follows);
        let follows = write.aligns() || write.advances || comes_along;
        let automatic_move = write.kind.moves() && write.initiative == Initiative::Automatic && !follows;
        let automatic_move = automatic_move && write.drill.is_none();
        let first = !self.backoff.is_failing();
        turn.record(if automatic_move && first { row.paging() } else { row });
        self.hold.take_if(|hold| hold.wanted == write.kind || write.kind.moves());
        if write.kind.moves() {
            self.end_verifying("the next move was decided", turn);
        }
        turn.emit(Effect::Enqueue(Box::new(write.clone())));
        self.open = Some(Open { write, stage: WriteStage::Pending, uncertain: None });
    }
}

/// Whom it moves with.
fn with_group(write: &PlannedWrite) -> String {
    match &write.group {
        Some(GroupMove { group, decision: Some(decision), .. }) => {
            format!(", with group `{group}` by decision {decision}")
        }
        Some(GroupMove { group, decision: None, members }) => {
            let names: Vec<&str> = members.iter().map(crate::identifier::ServiceName::as_str).collect();
            format!(", first of group `{group}` ({})", names.join(", "))
        }
        None => String::new(),
    }
}

/// The error with its causes: a history row has no chain.
fn plan_error(error: &PlanError) -> String {
    match error {
        PlanError::Fence(cause) => format!("{error}: {cause}"),
        PlanError::UnreadableFence { .. } | PlanError::NotRead(_) | PlanError::Beside { .. } => error.to_string(),
    }
}
