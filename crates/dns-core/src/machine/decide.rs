//! Wanting, proposing and opening writes: the one road from a wish to the outbox, through the kernel.

use std::collections::BTreeSet;

use serde_json::json;

use super::effect::{Effect, PermitAnswer};
use super::memory::{Failover, Hold, Open};
use super::{Row, Turn};
use crate::change::ChangeSet;
use crate::fence::{DecisionId, Epoch, Fence, Pin, Rev, WriteId};
use crate::history::HistoryKind;
use crate::identifier::RegionName;
use crate::judgement::Health;
use crate::kernel::{Proposal, Rejection, Rule, Situation, review};
use crate::rrset::{RrsetKey, Rrsets, records_digest};
use crate::service::Service;
use crate::standing::{Standing, own_records};
use crate::write::{Initiative, PlannedWrite, WriteKind, WriteStage};
use crate::zone::ZoneView;

/// A write that someone wants, before it is planned.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) kind: WriteKind,
    /// The region that the records are in afterwards; for kinds that leave them where they are, may be `None`.
    pub(super) to: Option<RegionName>,
    pub(super) initiative: Initiative,
    pub(super) reason: String,
    pub(super) overrides: Vec<Rule>,
}

/// The records that a write is responsible for, before and after.
struct Scope {
    keys: BTreeSet<RrsetKey>,
    after: Rrsets,
}

impl Failover {
    /// Looks for what should be written now: first what keeps the fence sound, then a failover, then the rest.
    pub(super) fn pursue(&mut self, turn: &mut Turn) {
        if self.open.is_some() {
            return;
        }
        let Some(wish) = self.wish(turn) else { return self.let_go(turn) };
        match self.propose(&wish, turn) {
            Ok(write) => self.open_write(write, turn),
            Err(rejections) => self.hold_back(&wish, rejections, turn),
        }
    }

    fn wish(&self, turn: &Turn) -> Option<Wish> {
        let service = &turn.around.service;
        let automatic = |kind, to, reason| {
            let overrides = Vec::new();
            Some(Wish { kind, to, initiative: Initiative::Automatic, reason, overrides })
        };
        if let Standing::Lost { serving, .. } = self.standing() {
            return automatic(WriteKind::Repair, serving.clone(), "the fence was lost or set back".to_owned());
        }
        if let Some((to, reason)) = self.failover_wanted(service) {
            return automatic(WriteKind::Failover, to, reason);
        }
        if self.standing() != &Standing::Held {
            return None;
        }
        if self.pause_unwritten && service.mode == crate::service::Mode::Active {
            return automatic(WriteKind::Annotate, self.active.clone(), "the fence follows the pause".to_owned());
        }
        let active = self.active.as_ref()?;
        let rendered = service.render(active).ok()?;
        let served = own_records(self.view.as_ref()?, service);
        if rendered == served {
            return None;
        }
        automatic(WriteKind::Rerender, Some(active.clone()), "the configuration renders other records".to_owned())
    }

    fn failover_wanted(&self, service: &Service) -> Option<(Option<RegionName>, String)> {
        let (active, judgement) = (self.active.as_ref()?, self.judgement.as_ref()?);
        if judgement.health(active) != Health::Failing {
            return None;
        }
        let others = || service.regions.iter().map(|region| &region.name).filter(|name| *name != active);
        let to = others().find(|name| judgement.is_proven(name)).or_else(|| others().next()).cloned();
        let seen = judgement.regions.get(active).map(crate::judgement::RegionJudgement::describe).unwrap_or_default();
        Some((to, format!("region `{active}` is failing: {seen}")))
    }

    /// Plans a wish and asks the kernel.
    pub(super) fn propose(&self, wish: &Wish, turn: &Turn) -> Result<PlannedWrite, Vec<Rejection>> {
        let service = turn.service();
        let scope = self.view.as_ref().map(|view| self.scope(wish, view, &service));
        let fence = scope.as_ref().map(|scope| self.next_fence(wish, scope, turn));
        let planned = match (&self.view, &scope, &fence) {
            (Some(view), Some(scope), Some(fence)) => Some(ChangeSet::plan(view, &scope.keys, &scope.after, fence)),
            _ => None,
        };
        let change = planned.as_ref().and_then(|planned| planned.as_ref().ok());
        let mut rejections = self.ask_kernel(wish, change, scope.as_ref(), turn);
        if let Some(Err(error)) = &planned {
            rejections.push(Rejection { rule: Rule::UnreadRecord, reason: error.to_string() });
        }
        let (Some(fence), Some(Ok(change)), true) = (fence, planned, rejections.is_empty()) else {
            return Err(rejections);
        };
        Ok(self.planned_write(wish, change, fence, turn))
    }

    fn planned_write(&self, wish: &Wish, change: ChangeSet, fence: Fence, turn: &Turn) -> PlannedWrite {
        PlannedWrite {
            id: DecisionId::at(turn.now(), turn.around.nonce),
            service: turn.around.service.name.clone(),
            kind: wish.kind,
            initiative: wish.initiative.clone(),
            from: self.active.clone(),
            to: fence.active.clone(),
            reason: wish.reason.clone(),
            overrides: wish.overrides.clone(),
            decided: turn.now(),
            valid_until: turn.now() + turn.around.service.policy.validity(),
            change,
            fence,
        }
    }

    fn ask_kernel(
        &self,
        wish: &Wish,
        change: Option<&ChangeSet>,
        scope: Option<&Scope>,
        turn: &Turn,
    ) -> Vec<Rejection> {
        let touches = wish.kind.moves() || wish.kind == WriteKind::Rerender;
        let proposal = Proposal {
            kind: wish.kind,
            initiative: &wish.initiative,
            from: self.active.as_ref(),
            to: wish.to.as_ref(),
            overrides: &wish.overrides,
            change,
            after: scope.filter(|_| touches).map(|scope| &scope.after),
        };
        review(&proposal, &self.situation(turn, self.open.is_some()))
    }

    fn situation<'a>(&'a self, turn: &'a Turn, other_write_open: bool) -> Situation<'a> {
        Situation {
            service: &turn.around.service,
            judgement: self.judgement.as_ref(),
            standing: self.standing(),
            held: self.held.as_ref(),
            pause: self.pause.as_ref(),
            moved: self.moved,
            other_write_open,
            backoff_until: self.backoff_until(),
            now: turn.now(),
        }
    }

    fn scope(&self, wish: &Wish, view: &ZoneView, service: &Service) -> Scope {
        let restricted = |keys: BTreeSet<RrsetKey>| {
            let after = view.rrsets.iter().filter(|(key, _)| keys.contains(key));
            Scope { after: after.map(|(key, set)| (key.clone(), set.clone())).collect(), keys: keys.clone() }
        };
        match (wish.kind, &wish.to, &self.held) {
            (WriteKind::Failover | WriteKind::Failback | WriteKind::Rerender, Some(to), _) => {
                Scope { keys: service.keys(), after: service.render(to).unwrap_or_default() }
            }
            (WriteKind::Annotate | WriteKind::Release, _, Some(held)) => restricted(held.rrs.clone()),
            (_, _, _) => restricted(service.keys()),
        }
    }

    /// The fence that this write would leave behind. Epoch and rev go above everything known.
    fn next_fence(&self, wish: &Wish, scope: &Scope, turn: &Turn) -> Fence {
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
        let in_zone = self.view.as_ref().and_then(fence_in_view);
        let known: Vec<&Fence> = [self.held.as_ref(), found, in_zone.as_ref()].into_iter().flatten().collect();
        let epoch = known.iter().map(|fence| fence.epoch).max().unwrap_or_default();
        let rev = known.iter().map(|fence| fence.rev).max().unwrap_or_default();
        let released = wish.kind == WriteKind::Release;
        let counts = wish.kind.moves() || matches!(wish.kind, WriteKind::Adopt | WriteKind::Repair);
        let active = if released { None } else { wish.to.clone().or_else(|| self.active.clone()) };
        let moving = self.active != active && !released;
        let plan = match (wish.kind, &self.held) {
            (WriteKind::Annotate | WriteKind::Release | WriteKind::Rerender, Some(held)) => held.plan.clone(),
            (_, _) => DecisionId::at(turn.now(), turn.around.nonce),
        };
        Fence {
            install: service.installation.clone(),
            id: service.name.clone(),
            provider: service.provider.clone(),
            epoch: if counts { epoch.next() } else { epoch.max(Epoch::new(1)) },
            rev: Rev::next(rev),
            write: WriteId::at(turn.now(), turn.around.nonce),
            plan,
            active,
            released: released.then(|| turn.now()),
            moved: if moving { turn.now() } else { self.moved.unwrap_or_else(|| turn.now()) },
            by: turn.around.actor.clone(),
            cfg: service.revision.max(self.held.as_ref().map_or(0, |held| held.cfg)),
            pin: self.next_pin(wish, service),
            pause: self.pause.clone(),
            rrs: scope.after.keys().cloned().collect(),
            digest: records_digest(&scope.after),
            unknown: in_zone.map(|fence| fence.unknown).unwrap_or_default(),
        }
    }

    /// A move by hand pins, so that automation does not undo it; coming back to the preferred region unpins.
    fn next_pin(&self, wish: &Wish, service: &Service) -> Option<Pin> {
        if !wish.kind.moves() {
            return self.pin.clone();
        }
        if wish.to.as_ref() == Some(service.preferred()) {
            return None;
        }
        match &wish.initiative {
            Initiative::Manual { by } => Some(Pin { by: by.clone(), reason: wish.reason.clone() }),
            Initiative::Automatic => self.pin.clone(),
        }
    }

    pub(super) fn open_write(&mut self, write: PlannedWrite, turn: &mut Turn) {
        let route = match (&write.from, &write.to) {
            (Some(from), Some(to)) if from != to => format!(" from `{from}` to `{to}`"),
            (_, Some(to)) => format!(" in `{to}`"),
            (Some(from), None) => format!(" from `{from}`"),
            (None, None) => String::new(),
        };
        let summary = format!("{}{route}: {}", write.kind.as_str(), write.reason);
        let row = Row::new(HistoryKind::Decided, summary).of(&write.id).with(self.decision_details(&write));
        let automatic_move = write.kind.moves() && write.initiative == Initiative::Automatic;
        turn.record(if automatic_move { row.paging() } else { row });
        self.hold = None;
        if write.kind.moves() {
            self.verifying = None;
        }
        turn.emit(Effect::Enqueue(Box::new(write.clone())));
        self.open = Some(Open { write, stage: WriteStage::Pending, uncertain: None });
    }

    fn decision_details(&self, write: &PlannedWrite) -> serde_json::Value {
        let evidence: serde_json::Map<String, serde_json::Value> = self
            .judgement
            .iter()
            .flat_map(|judgement| &judgement.regions)
            .map(|(region, judged)| {
                let seen =
                    json!({ "health": judged.health.as_str(), "proven": judged.proven, "seen": judged.describe() });
                (region.to_string(), seen)
            })
            .collect();
        json!({
            "kind": write.kind,
            "initiative": write.initiative,
            "from": write.from,
            "to": write.to,
            "overrides": write.overrides,
            "validUntil": write.valid_until,
            "epoch": write.fence.epoch,
            "rev": write.fence.rev,
            "deletes": write.change.deletes,
            "creates": write.change.creates,
            "evidence": evidence,
        })
    }

    fn hold_back(&mut self, wish: &Wish, rejections: Vec<Rejection>, turn: &mut Turn) {
        let hold = Hold { wanted: wish.kind, to: wish.to.clone(), rejections, since: turn.now() };
        if let Some(held) = self.hold.as_mut().filter(|held| held.wanted == hold.wanted && held.rules() == hold.rules())
        {
            // The same rules with newer figures: that is no news for the history.
            held.rejections = hold.rejections;
            held.to = hold.to;
            return;
        }
        let first = hold.rejections.first().map(|rejection| format!("{}: {}", rejection.rule, rejection.reason));
        let target = hold.to.as_ref().map(|to| format!(" to `{to}`")).unwrap_or_default();
        let details = json!({ "wanted": hold.wanted, "to": hold.to, "rejections": hold.rejections });
        let row = if hold.is_observation() {
            Row::new(HistoryKind::WouldMove, format!("would {}{target}: {}", wish.kind.as_str(), wish.reason))
        } else {
            let why = first.unwrap_or_default();
            Row::new(HistoryKind::Held, format!("{}{target} held: {why}", wish.kind.as_str())).paging()
        };
        turn.record(row.with(details));
        self.hold = Some(hold);
    }

    fn let_go(&mut self, turn: &mut Turn) {
        if let Some(hold) = self.hold.take() {
            let summary = format!("{} is no longer wanted", hold.wanted.as_str());
            turn.record(Row::new(HistoryKind::Unheld, summary));
        }
    }

    /// Asks the kernel again, on what is known now, just before sending.
    pub(super) fn answer_permit(&mut self, decision: &DecisionId, turn: &mut Turn) {
        let Some(open) = self.open.as_ref().filter(|open| open.write.id == *decision) else {
            turn.step.permit = Some(PermitAnswer::Refused("the decision has ended".to_owned()));
            return;
        };
        if open.stage != WriteStage::Pending {
            turn.step.permit = Some(PermitAnswer::Refused("its permit was given already".to_owned()));
            return;
        }
        match self.reasons_against(turn) {
            None => self.grant(decision, turn),
            Some(why) => {
                self.expire(&why, turn);
                turn.step.permit = Some(PermitAnswer::Refused(why));
            }
        }
    }

    fn grant(&mut self, decision: &DecisionId, turn: &mut Turn) {
        if let Some(open) = &mut self.open {
            open.stage = WriteStage::Sent;
        }
        turn.step.permit = Some(PermitAnswer::Granted);
        turn.emit(Effect::MarkSent(decision.clone()));
        turn.record(Row::new(HistoryKind::Permitted, "the kernel agreed again; the write is sent now").of(decision));
    }

    fn reasons_against(&self, turn: &Turn) -> Option<String> {
        let write = &self.open.as_ref()?.write;
        if turn.now() > write.valid_until {
            return Some("the decision got too old before it could be sent".to_owned());
        }
        let touches = write.kind.moves() || write.kind == WriteKind::Rerender;
        let after: Rrsets = self.after_of(write);
        let proposal = Proposal {
            kind: write.kind,
            initiative: &write.initiative,
            from: write.from.as_ref(),
            to: write.to.as_ref(),
            overrides: &write.overrides,
            change: Some(&write.change),
            after: touches.then_some(&after),
        };
        let rejections = review(&proposal, &self.situation(turn, false));
        rejections.first().map(|rejection| format!("{}: {}", rejection.rule, rejection.reason))
    }

    fn after_of(&self, write: &PlannedWrite) -> Rrsets {
        let mut after = self.view.as_ref().map(|view| view.rrsets.clone()).unwrap_or_default();
        after.retain(|key, _| !write.change.deletes.iter().any(|deleted| deleted.key() == key));
        after.extend(write.change.creates.iter().map(|set| (set.key().clone(), set.clone())));
        after
    }

    /// Ends an open write of which nothing was sent.
    pub(super) fn expire(&mut self, why: &str, turn: &mut Turn) {
        let Some(open) = self.open.take() else { return };
        let summary = format!("{} ended before it was sent: {why}", open.write.kind.as_str());
        turn.record(Row::new(HistoryKind::Expired, summary).of(&open.write.id));
        turn.emit(Effect::Dequeue(open.write.id));
    }

    pub(super) fn expire_if_late(&mut self, turn: &mut Turn) {
        let late = self
            .open
            .as_ref()
            .is_some_and(|open| open.stage == WriteStage::Pending && turn.now() > open.write.valid_until);
        if late {
            self.expire("nothing could send it in time", turn);
        }
    }
}

fn fence_in_view(view: &ZoneView) -> Option<Fence> {
    match &view.fence {
        crate::zone::FoundFence::Present { text, .. } => Fence::parse(text, &view.zone).ok(),
        crate::zone::FoundFence::Absent | crate::zone::FoundFence::Unreadable { .. } => None,
    }
}
