//! What becomes of an open write, and whether it arrived everywhere.

use std::fmt::Write as _;

use serde_json::json;

use super::effect::{Effect, Refusal};
use super::event::{Delivery, DeliveryOutcome, WriteOutcome};
use super::memory::{Failover, Open};
use super::{Row, Turn};
use crate::fence::DecisionId;
use crate::history::HistoryKind;
use crate::standing::Standing;
use crate::write::WriteKind;
use crate::zone::ZoneView;

impl Failover {
    pub(super) fn write_uncertain(&mut self, decision: &DecisionId, reason: &str, turn: &mut Turn) {
        let Some(open) = self.open.as_mut().filter(|open| open.write.id == *decision) else {
            return turn.refuse(Refusal::Unexpected);
        };
        if open.uncertain.is_none() {
            let summary = format!("whether the write arrived is not known ({reason}); finding out");
            turn.record(Row::new(HistoryKind::OutcomeUnknown, summary).of(decision).paging());
        }
        if let Some(open) = &mut self.open {
            open.uncertain = Some(reason.to_owned());
        }
        self.write_error = Some(reason.to_owned());
    }

    pub(super) fn write_settled(&mut self, decision: &DecisionId, outcome: &WriteOutcome, turn: &mut Turn) {
        let Some(open) = self.open.take_if(|open| open.write.id == *decision) else {
            return turn.refuse(Refusal::Unexpected);
        };
        turn.emit(Effect::Dequeue(decision.clone()));
        match outcome {
            WriteOutcome::Applied(view) => self.applied(open, view, turn),
            WriteOutcome::Conflicted(reason) => {
                let summary = format!("{} refused, the zone had changed: {reason}", open.write.kind.as_str());
                turn.record(Row::new(HistoryKind::Conflicted, summary).of(decision));
                self.forget_view(turn);
            }
            WriteOutcome::Denied(reason) => self.failed(&open, HistoryKind::Denied, reason, turn),
            WriteOutcome::Unreachable(reason) => self.failed(&open, HistoryKind::Unreachable, reason, turn),
            WriteOutcome::Burned(reason) => {
                let summary = format!("{} can no longer arrive: {reason}", open.write.kind.as_str());
                turn.record(Row::new(HistoryKind::Burned, summary).of(decision));
                self.forget_view(turn);
            }
        }
        self.pursue(turn);
    }

    fn failed(&mut self, open: &Open, kind: HistoryKind, reason: &str, turn: &mut Turn) {
        self.backoff.failed(turn.now());
        self.write_error = Some(reason.to_owned());
        let summary = format!("{} failed: {reason}", open.write.kind.as_str());
        turn.record(Row::new(kind, summary).of(&open.write.id).paging());
        self.forget_view(turn);
    }

    fn applied(&mut self, open: Open, view: &ZoneView, turn: &mut Turn) {
        let write = open.write;
        let moved = write.from != write.to && write.kind != WriteKind::Release;
        let summary = match &write.to {
            Some(to) => format!(
                "{} is in the zone: active in `{to}`, epoch {}, rev {}",
                write.kind.as_str(),
                write.fence.epoch,
                write.fence.rev
            ),
            None => {
                format!("{} is in the zone: epoch {}, rev {}", write.kind.as_str(), write.fence.epoch, write.fence.rev)
            }
        };
        let took_ms = u64::try_from(turn.now().since(write.decided).as_millis()).unwrap_or(u64::MAX);
        turn.record(Row::new(HistoryKind::Applied, summary).of(&write.id).with(json!({ "tookMs": took_ms })));
        self.backoff.succeeded();
        self.write_error = None;
        if moved || self.moved.is_none() {
            self.moved = Some(turn.now());
        }
        self.pause_unwritten = self.pause_unwritten && write.fence.pause != self.pause;
        self.pin.clone_from(&write.fence.pin);
        self.active = write.fence.active.clone().or_else(|| self.active.take());
        self.view = Some(view.clone());
        self.standing = Some(if write.fence.is_tombstone() {
            Standing::Released { fence: Box::new(write.fence.clone()) }
        } else {
            Standing::Held
        });
        self.held = Some(write.fence);
        if write.kind.moves() {
            self.verifying = Some(write.id.clone());
        }
        turn.emit(Effect::Verify(write.id));
    }

    pub(super) fn verified(&mut self, decision: &DecisionId, deliveries: &[Delivery], turn: &mut Turn) {
        self.verifying.take_if(|verifying| verifying == decision);
        let count = |wanted| deliveries.iter().filter(|delivery| delivery.outcome == wanted).count();
        let (served, old, silent) =
            (count(DeliveryOutcome::Served), count(DeliveryOutcome::Old), count(DeliveryOutcome::Silent));
        let mut summary = format!("{served} of {} authoritative servers serve it", deliveries.len());
        for delivery in deliveries.iter().filter(|delivery| delivery.outcome != DeliveryOutcome::Served) {
            let word =
                if delivery.outcome == DeliveryOutcome::Old { "serves something else" } else { "does not answer" };
            let detail = delivery.detail.as_deref().unwrap_or_default();
            write!(summary, "; {} {word} {detail}", delivery.server)
                .expect("invariant: writing to a String cannot fail");
        }
        let details = json!({ "servers": deliveries });
        // A server that never answers answers no resolver either: it is reported and blocks nothing.
        let arrived = served > 0 && old == 0;
        let kind = if arrived { HistoryKind::Verified } else { HistoryKind::Unverified };
        let row = Row::new(kind, summary).of(decision).with(details);
        turn.record(if arrived && silent == 0 { row } else { row.paging() });
        self.pursue(turn);
    }
}
