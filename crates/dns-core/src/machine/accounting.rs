//! What a row keeps of why it was written: the evidence, the rules' answers and the other regions, see
//! [`crate::explain::account`].

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Turn;
use super::decide::Wish;
use super::memory::{Failover, Hold};
use super::permit::{after_of, proposal_of};
use crate::explain::account::Account;
use crate::fence::{DecisionId, DrillId, Epoch, Rev};
use crate::group::GroupMove;
use crate::history::Details;
use crate::identifier::RegionName;
use crate::judgement::{Health, Judgement};
use crate::kernel::{Answer, Rule, interview};
use crate::rrset::Rrset;
use crate::service::Service;
use crate::time::Timestamp;
use crate::write::{Initiative, PlannedWrite, WriteKind};

impl Failover {
    /// Of a write that is about to be opened.
    pub(super) fn decision_details(&self, write: &PlannedWrite, turn: &Turn) -> Details {
        let known = self.known(self.answers_to(write, turn), turn);
        let decided = Decided::by(write);
        Details::made_by(move || {
            let account = known.account((decided.from.as_ref(), decided.to.as_ref()), decided.kind);
            decided.details(account)
        })
    }

    /// Of the write that has its permit.
    pub(super) fn permit_details(&self, turn: &Turn) -> Details {
        let answers = self.open.as_ref().map(|open| self.answers_to(&open.write, turn));
        Details::made_by(move || json!({ "rules": answers }))
    }

    /// Of something that is wanted and refused.
    pub(super) fn hold_details(&self, hold: &Hold, wish: &Wish, turn: &Turn) -> Details {
        let known = self.known(self.interview(wish, turn), turn);
        let (from, to) = (wish.from.as_ref().or(self.active.as_ref()).cloned(), wish.to.clone());
        let (group, hold) = (wish.group.clone(), hold.clone());
        Details::made_by(move || {
            let account = known.account((from.as_ref(), to.as_ref()), hold.wanted);
            let facts = json!({
                "wanted": hold.wanted,
                "from": from,
                "to": hold.to,
                "rejections": hold.rejections,
            });
            of_group(joined(facts, account.into_details()), group.as_ref(), None)
        })
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

    fn known(&self, answers: Vec<Answer>, turn: &Turn) -> Known {
        Known { service: turn.service(), judgement: self.judgement.clone(), answers }
    }

    fn answers_to(&self, write: &PlannedWrite, turn: &Turn) -> Vec<Answer> {
        let after = after_of(write);
        let shown = write.kind.renders().then_some(&after);
        interview(&proposal_of(write, shown), &self.situation(turn, false))
    }
}

/// What an account is made of, for whoever reads it.
struct Known {
    service: Arc<Service>,
    judgement: Option<Judgement>,
    answers: Vec<Answer>,
}

impl Known {
    /// A write that moves nothing went nowhere else either.
    fn account(&self, ends: (Option<&RegionName>, Option<&RegionName>), kind: WriteKind) -> Account {
        let account = Account::of(&self.service, self.judgement.as_ref(), ends, &self.answers);
        if kind.moves() { account } else { Account { candidates: Vec::new(), ..account } }
    }
}

/// What a row keeps of a write that was decided.
struct Decided {
    id: DecisionId,
    kind: WriteKind,
    initiative: Initiative,
    from: Option<RegionName>,
    to: Option<RegionName>,
    reason: String,
    follows: bool,
    overrides: Vec<Rule>,
    overrides_expire: Option<Timestamp>,
    valid_until: Timestamp,
    order: (Epoch, Rev),
    deletes: Vec<Rrset>,
    creates: Vec<Rrset>,
    drill: Option<DrillId>,
    group: Option<GroupMove>,
}

impl Decided {
    fn by(write: &PlannedWrite) -> Self {
        Self {
            id: write.id.clone(),
            kind: write.kind,
            initiative: write.initiative.clone(),
            from: write.from.clone(),
            to: write.to.clone(),
            reason: write.reason.clone(),
            follows: write.aligns(),
            overrides: write.overrides.clone(),
            overrides_expire: write.overrides_expire,
            valid_until: write.valid_until,
            order: write.fence.order(),
            deletes: write.change.deletes.clone(),
            creates: write.change.creates.clone(),
            drill: write.drill.clone(),
            group: write.group.clone(),
        }
    }

    fn details(self, account: Account) -> Value {
        let (epoch, rev) = self.order;
        let facts = json!({
            "kind": self.kind,
            "initiative": self.initiative,
            "from": self.from,
            "to": self.to,
            "reason": self.reason,
            "follows": self.follows,
            "overrides": self.overrides,
            "overridesExpire": self.overrides_expire,
            "validUntil": self.valid_until,
            "epoch": epoch,
            "rev": rev,
            "deletes": self.deletes,
            "creates": self.creates,
        });
        let mut details = joined(facts, account.into_details());
        if let Some(drill) = &self.drill {
            details["drill"] = json!(drill);
        }
        of_group(details, self.group.as_ref(), Some(&self.id))
    }
}

/// Whether the region that the service is in is healthy.
pub(super) fn is_seen_well(memory: &Failover, turn: &Turn) -> bool {
    let judgement = memory.judgement.as_ref();
    let active = memory.service_active(turn);
    judgement.zip(active).is_some_and(|(judgement, active)| judgement.health(active) == Health::Healthy)
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
