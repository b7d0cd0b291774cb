//! What becomes of an open write, and whether it arrived everywhere.

use std::fmt::Write as _;

use serde_json::json;

use super::effect::{Effect, Refusal};
use super::event::{Delivery, DeliveryOutcome, WriteOutcome};
use super::memory::{Failover, LastMove, Open};
use super::{Row, Turn};
use crate::fence::DecisionId;
use crate::fleet::{Departure, Progress};
use crate::history::HistoryKind;
use crate::write::{Initiative, WriteKind, WriteStage};
use crate::zone::ZoneView;

impl Failover {
    pub(super) fn write_uncertain(&mut self, decision: &DecisionId, reason: &str, turn: &mut Turn) {
        let Some(open) = self.open.as_mut().filter(|open| open.write.id == *decision) else {
            return turn.refuse(Refusal::Unexpected);
        };
        let news = open.uncertain.replace(reason.to_owned()).is_none();
        // Whoever asks what became of it may have sent it.
        if std::mem::replace(&mut open.stage, WriteStage::Sent) == WriteStage::Pending {
            turn.emit(Effect::MarkSent(decision.clone()));
        }
        if news {
            let summary = format!("whether the write arrived is not known ({reason}); finding out");
            turn.record(Row::new(HistoryKind::OutcomeUnknown, summary).of(decision).paging());
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
                self.outrun(Row::new(HistoryKind::Conflicted, summary).of(decision), reason, turn);
            }
            WriteOutcome::Denied(reason) => self.failed(&open, HistoryKind::Denied, reason, turn),
            WriteOutcome::Unreachable(reason) => self.failed(&open, HistoryKind::Unreachable, reason, turn),
            WriteOutcome::Burned(reason) => {
                let summary = format!("{} can no longer arrive: {reason}", open.write.kind.as_str());
                self.outrun(Row::new(HistoryKind::Burned, summary).of(decision), reason, turn);
            }
        }
        self.pursue(turn);
    }

    fn failed(&mut self, open: &Open, kind: HistoryKind, reason: &str, turn: &mut Turn) {
        let first = !self.backoff.is_failing();
        self.backoff.failed(turn.now());
        self.write_error = Some(reason.to_owned());
        let summary = format!("{} failed: {reason}", open.write.kind.as_str());
        let row = Row::new(kind, summary).of(&open.write.id);
        turn.record(if first { row.paging() } else { row });
        self.forget_view(turn);
    }

    /// The write met another zone than it was planned for. Once is normal, a row of it wakes someone.
    fn outrun(&mut self, row: Row, reason: &str, turn: &mut Turn) {
        let told = self.backoff.is_failing();
        self.backoff.outrun(turn.now());
        let first = self.backoff.is_failing() && !told;
        if self.backoff.is_failing() {
            self.write_error = Some(reason.to_owned());
        }
        turn.record(if first { row.paging() } else { row });
        self.forget_view(turn);
    }

    fn applied(&mut self, open: Open, view: &ZoneView, turn: &mut Turn) {
        let write = open.write;
        let summary = match &write.to {
            Some(_) if write.fence.blend.is_some() && write.kind.moves() => format!(
                "{} is in the zone: {}, epoch {}, rev {}",
                write.kind.as_str(),
                write.fence.blend.as_ref().map(ToString::to_string).unwrap_or_default(),
                write.fence.epoch,
                write.fence.rev
            ),
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
        self.backoff.end();
        self.write_error = None;
        let known = [self.moved, self.held.as_ref().map(|held| held.moved)];
        if self.moved.is_none() || !known.contains(&Some(write.fence.moved)) {
            self.moved = Some(turn.now());
        }
        // An order may have come while the write was on its way.
        self.pause_unwritten = self.next_pause(turn) != write.fence.pause;
        self.pin.clone_from(&write.fence.pin);
        self.dwell = write.fence.dwell.map(|dwell| dwell.seen(turn.now()));
        if write.kind == WriteKind::Release {
            // A tombstone carries no pause.
            self.forget_pause(turn);
        }
        if write.kind.moves() {
            self.last_move = Some(LastMove::of(&write));
            self.unserved = None;
        }
        let is_emergency = write.kind == WriteKind::Failover && write.initiative == Initiative::Automatic;
        if is_emergency && write.drill.is_none() {
            self.count_failover(turn.now());
        }
        if let Some(departure) = Departure::of(&write) {
            self.departure = Some(departure);
        }
        if write.kind != WriteKind::Release {
            self.active.clone_from(&write.fence.active);
        }
        self.held = Some(write.fence);
        self.view = None;
        if write.kind.moves() {
            self.verifying = Some(write.id.clone());
            self.unverified = false;
        }
        // The read-back is looked at like any other: a server may skip records without an error (RFC 2136 §3.4.2.2).
        self.look(view, turn);
        turn.emit(Effect::Verify(write.id));
    }

    pub(super) fn verified(&mut self, decision: &DecisionId, deliveries: &[Delivery], turn: &mut Turn) {
        let newest = self.held.as_ref().is_some_and(|held| held.write.as_str() == decision.as_str());
        // One question at a time is asked, the newest: a small write after a move ends the question for the move, and
        // its answer is the answer to both, since its fence stands on top of the moved records.
        let moved = self.verifying.take_if(|verifying| newest || verifying == decision);
        if moved.is_none() && !newest {
            // A newer write has made the question pointless, or nobody asked it.
            return turn.refuse(Refusal::Unexpected);
        }
        let summary = summary_of(deliveries);
        let details = json!({ "servers": deliveries });
        // A server that never answers answers no resolver either: it is reported and blocks nothing.
        let arrived = count(deliveries, DeliveryOutcome::Served) > 0 && count(deliveries, DeliveryOutcome::Old) == 0;
        let kind = if arrived { HistoryKind::Verified } else { HistoryKind::Unverified };
        self.unverified = !arrived;
        if let Some(moved) = &moved {
            self.end_departure(moved, if arrived { Progress::Arrived } else { Progress::Failed });
            self.unserved = (!arrived).then(|| moved.clone());
        } else if arrived {
            self.unserved = None;
        }
        if let Some(moved) = moved.filter(|moved| moved != decision) {
            // Whoever waits for the move looks for rows of the move; the other row wakes people.
            let summary = format!("{summary}, as of the newer write {decision}");
            turn.record(Row::new(kind, summary).of(&moved).with(details.clone()));
        }
        let row = Row::new(kind, summary).of(decision).with(details);
        let all_answer = count(deliveries, DeliveryOutcome::Silent) == 0;
        turn.record(if arrived && all_answer { row } else { row.paging() });
        self.pursue(turn);
    }

    /// Ends the verification of a move whose records or fence are no longer what servers should serve. Whoever waits
    /// for the move is told so.
    pub(super) fn end_verifying(&mut self, why: &str, turn: &mut Turn) {
        let Some(moved) = self.verifying.take() else { return };
        self.end_departure(&moved, Progress::Failed);
        turn.record(Row::new(HistoryKind::Unverified, format!("not verified to the end: {why}")).of(&moved));
    }
}

fn count(deliveries: &[Delivery], wanted: DeliveryOutcome) -> usize {
    deliveries.iter().filter(|delivery| delivery.outcome == wanted).count()
}

fn summary_of(deliveries: &[Delivery]) -> String {
    let hidden = count(deliveries, DeliveryOutcome::Unobservable);
    let mut summary = match deliveries.len().saturating_sub(hidden) {
        0 => "no authoritative server is known".to_owned(),
        all => {
            let served = count(deliveries, DeliveryOutcome::Served);
            format!("{served} of {all} authoritative servers serve it")
        }
    };
    for delivery in deliveries.iter().filter(|delivery| delivery.outcome != DeliveryOutcome::Served) {
        let word = match delivery.outcome {
            DeliveryOutcome::Old => "serves something else",
            DeliveryOutcome::Unobservable => "is not observable in DNS",
            DeliveryOutcome::Silent | DeliveryOutcome::Served => "does not answer",
        };
        let detail = delivery.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        write!(summary, "; {} {word}{detail}", delivery.server).expect("invariant: writing to a String cannot fail");
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_no_server_shows_is_no_server_and_is_named() {
        let delivery = |server: &str, outcome, detail: Option<&str>| Delivery {
            server: server.to_owned(),
            outcome,
            took: None,
            detail: detail.map(str::to_owned),
        };
        let deliveries = [
            delivery("192.0.2.53:53", DeliveryOutcome::Served, None),
            delivery("www.example.com. A", DeliveryOutcome::Unobservable, Some("the provider's proxy answers for it")),
        ];
        let told = summary_of(&deliveries);
        assert!(told.starts_with("1 of 1 authoritative servers serve it; "), "{told}");
        assert!(
            told.ends_with("www.example.com. A is not observable in DNS (the provider's proxy answers for it)"),
            "{told}"
        );
    }
}
