//! Permits: the kernel is asked again, on what is known then, just before a write is sent; and the vetoes of hooks that
//! come before them.

use super::effect::{Effect, PermitAnswer, Refusal};
use super::memory::{Failover, Open};
use super::{Row, Turn};
use crate::change::Requirement;
use crate::fence::DecisionId;
use crate::history::HistoryKind;
use crate::kernel::{Proposal, Purpose, Situation, review};
use crate::rrset::Rrsets;
use crate::service::Service;
use crate::time::Timestamp;
use crate::write::{PlannedWrite, WriteKind, WriteStage};

impl Failover {
    pub(super) fn answer_permit(&mut self, decision: &DecisionId, turn: &mut Turn) {
        let Some(open) = self.open.as_ref().filter(|open| open.write.id == *decision) else {
            turn.step.permit = Some(PermitAnswer::Refused("the decision has ended".to_owned()));
            return;
        };
        if open.stage != WriteStage::Pending {
            turn.step.permit = Some(PermitAnswer::Refused("its permit was given already".to_owned()));
            return;
        }
        match self.reasons_against(None, turn) {
            None => self.grant(decision, turn),
            Some(why) => {
                self.expire(&why, turn);
                turn.step.permit = Some(PermitAnswer::Refused(why));
            }
        }
    }

    /// Ends a move that a hook says no to, as the kernel words it. Somebody else's no is as lasting as a provider's, so the
    /// next try waits as after a failed write, and only the first wakes someone.
    pub(super) fn hook_vetoed(&mut self, decision: &DecisionId, reason: &str, turn: &mut Turn) {
        let waits = |open: &Open| open.write.id == *decision && open.stage == WriteStage::Pending;
        if !self.open.as_ref().is_some_and(waits) {
            return turn.refuse(Refusal::Unexpected);
        }
        // An operator who overrides hooks is asked for no consent: then there is nothing against the permit.
        let Some(why) = self.reasons_against(Some(reason), turn) else { return };
        let first = !self.backoff.is_failing();
        self.backoff.vetoed(turn.now());
        self.write_error = Some(why.clone());
        self.end_unsent(turn, |kind| {
            let row = expired(kind, &why);
            if first { row.paging() } else { row }
        });
    }

    fn grant(&mut self, decision: &DecisionId, turn: &mut Turn) {
        if let Some(open) = &mut self.open {
            open.stage = WriteStage::Sent;
        }
        turn.step.permit = Some(PermitAnswer::Granted);
        turn.emit(Effect::MarkSent(decision.clone()));
        let row = Row::new(HistoryKind::Permitted, "the kernel agreed again; the write is sent now").of(decision);
        turn.record(row.with(self.permit_details(turn)));
    }

    fn reasons_against(&self, veto: Option<&str>, turn: &Turn) -> Option<String> {
        let write = &self.open.as_ref()?.write;
        if is_late(write, turn.now()) {
            return Some("the decision got too old before it could be sent".to_owned());
        }
        if let Some(why) = self.overtaken(write, turn) {
            return Some(why);
        }
        let after = after_of(write);
        let shown = write.kind.renders().then_some(&after);
        if shown.is_some_and(|after| is_rendered_otherwise(write, after, &turn.around.service)) {
            return Some("the configuration renders other records than when it was decided".to_owned());
        }
        let situation = Situation { veto, ..self.situation(turn, false) };
        let rejections = review(&proposal_of(write, shown), &situation);
        rejections.first().map(|rejection| format!("{}: {}", rejection.rule, rejection.reason))
    }

    /// Ends an open write of which nothing was sent.
    pub(super) fn expire(&mut self, why: &str, turn: &mut Turn) {
        self.end_unsent(turn, |kind| expired(kind, why));
    }

    fn end_unsent(&mut self, turn: &mut Turn, row: impl FnOnce(WriteKind) -> Row) {
        let Some(open) = self.open.take() else { return };
        turn.record(row(open.write.kind).of(&open.write.id));
        turn.emit(Effect::Dequeue(open.write.id));
    }

    /// A decision that nobody comes to send must not stand in the way of a better one.
    pub(super) fn expire_if_late(&mut self, turn: &mut Turn) {
        let pending = self.open.as_ref().filter(|open| open.stage == WriteStage::Pending);
        if pending.is_some_and(|open| is_late(&open.write, turn.now())) {
            self.expire("nothing could send it in time", turn);
        }
    }
}

/// A planned write as the kernel is asked about it.
pub(super) fn proposal_of<'a>(write: &'a PlannedWrite, after: Option<&'a Rrsets>) -> Proposal<'a> {
    Proposal {
        kind: write.kind,
        initiative: &write.initiative,
        purpose: purpose_of(write),
        from: write.from.as_ref(),
        to: write.to.as_ref(),
        overrides: &write.overrides,
        overrides_expire: write.overrides_expire,
        group: write.group.as_ref(),
        change: Some(&write.change),
        after,
    }
}

fn purpose_of(write: &PlannedWrite) -> Purpose {
    if write.aligns() {
        Purpose::Aligns
    } else if write.advances {
        Purpose::Advances
    } else {
        Purpose::Decides
    }
}

fn expired(kind: WriteKind, why: &str) -> Row {
    Row::new(HistoryKind::Expired, format!("{} ended before it was sent: {why}", kind.as_str()))
}

/// A clock that was set back makes the age of a decision unknown; that counts as too old.
fn is_late(write: &PlannedWrite, now: Timestamp) -> bool {
    now > write.valid_until || now < write.decided
}

/// What the zone holds after the write: it succeeds only if all that it requires is still so.
pub(super) fn after_of(write: &PlannedWrite) -> Rrsets {
    let required = write.change.requires.iter().filter_map(|requirement| match requirement {
        Requirement::Exactly(set) => Some(set),
        Requirement::Absent(_) => None,
    });
    let kept = required.filter(|set| !write.change.deletes.iter().any(|deleted| deleted.key() == set.key()));
    kept.chain(&write.change.creates).map(|set| (set.key().clone(), set.clone())).collect()
}

/// Endpoints can be exchanged between decision and permit; the new ones being proven says nothing about the old ones.
fn is_rendered_otherwise(write: &PlannedWrite, after: &Rrsets, service: &Service) -> bool {
    let keys = service.keys();
    let ours = after.iter().filter(|(key, _)| keys.contains(key)).map(|(key, set)| (key.clone(), set.clone()));
    service.render_under(&write.fence) != ours.collect()
}
