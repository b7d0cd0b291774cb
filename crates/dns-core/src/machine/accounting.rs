//! What a row keeps of why it was written: the evidence, the rules' answers and the other regions, see
//! [`crate::explain::account`].

use serde_json::{Map, Value, json};

use super::Turn;
use super::decide::Wish;
use super::memory::{Failover, Hold};
use super::permit::{after_of, proposal_of};
use crate::explain::account::Account;
use crate::fence::DecisionId;
use crate::group::GroupMove;
use crate::judgement::Health;
use crate::kernel::{Answer, interview};
use crate::write::{PlannedWrite, WriteKind};

impl Failover {
    /// Of a write that is about to be opened.
    pub(super) fn decision_details(&self, write: &PlannedWrite, turn: &Turn) -> Value {
        let ends = (write.from.as_ref(), write.to.as_ref());
        let account = Account::of(&turn.around.service, self.judgement.as_ref(), ends, &self.answers_to(write, turn));
        let facts = json!({
            "kind": write.kind,
            "initiative": write.initiative,
            "from": write.from,
            "to": write.to,
            "reason": write.reason,
            "follows": write.aligns(),
            "overrides": write.overrides,
            "overridesExpire": write.overrides_expire,
            "validUntil": write.valid_until,
            "epoch": write.fence.epoch,
            "rev": write.fence.rev,
            "deletes": write.change.deletes,
            "creates": write.change.creates,
        });
        let mut details = joined(facts, only_for_moves(account, write.kind).into_details());
        if let Some(drill) = &write.drill {
            details["drill"] = json!(drill);
        }
        of_group(details, write.group.as_ref(), Some(&write.id))
    }

    /// Of the write that has its permit.
    pub(super) fn permit_details(&self, turn: &Turn) -> Value {
        let answers = self.open.as_ref().map(|open| self.answers_to(&open.write, turn));
        json!({ "rules": answers })
    }

    /// Of something that is wanted and refused.
    pub(super) fn hold_details(&self, hold: &Hold, wish: &Wish, turn: &Turn) -> Value {
        let from = wish.from.as_ref().or(self.active.as_ref());
        let answers = self.interview(wish, turn);
        let account = Account::of(&turn.around.service, self.judgement.as_ref(), (from, wish.to.as_ref()), &answers);
        let facts = json!({
            "wanted": hold.wanted,
            "from": from,
            "to": hold.to,
            "rejections": hold.rejections,
        });
        of_group(joined(facts, only_for_moves(account, hold.wanted).into_details()), wish.group.as_ref(), None)
    }

    /// Of something that is no longer wanted.
    pub(super) fn end_of_hold(&self, hold: &Hold, turn: &Turn) -> Value {
        json!({
            "wanted": hold.wanted,
            "to": hold.to,
            "since": hold.since,
            "active": self.service_active(turn),
            "ended": if is_seen_well(self, turn) { "recovered" } else { "unwanted" },
        })
    }

    fn answers_to(&self, write: &PlannedWrite, turn: &Turn) -> Vec<Answer> {
        let after = after_of(write);
        let shown = write.kind.renders().then_some(&after);
        interview(&proposal_of(write, shown), &self.situation(turn, false))
    }
}

/// Whether the region that the service is in is healthy.
pub(super) fn is_seen_well(memory: &Failover, turn: &Turn) -> bool {
    let judgement = memory.judgement.as_ref();
    let active = memory.service_active(turn);
    judgement.zip(active).is_some_and(|(judgement, active)| judgement.health(active) == Health::Healthy)
}

/// A write that moves nothing went nowhere else either.
fn only_for_moves(account: Account, kind: WriteKind) -> Account {
    if kind.moves() { account } else { Account { candidates: Vec::new(), ..account } }
}

/// Which group it moves with, by which decision. Nothing of services that move alone.
fn of_group(mut details: Value, with: Option<&GroupMove>, own: Option<&DecisionId>) -> Value {
    if let (Value::Object(facts), Some(GroupMove { group, decision, members })) = (&mut details, with) {
        let decision = decision.as_ref().or(own);
        facts.insert("group".to_owned(), json!({ "name": group, "decision": decision, "members": members }));
    }
    details
}

fn joined(facts: Value, more: Map<String, Value>) -> Value {
    let Value::Object(mut facts) = facts else { return facts };
    facts.extend(more);
    Value::Object(facts)
}
