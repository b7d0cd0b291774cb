//! Orders that wait for a second person, moves by hand that wait for an acknowledgement, and the answers to both.
//!
//! Whether an order needs a second person shows when it is carried out on a copy: then it is known what it would write, and
//! what the kernel refuses is refused at once. What waits is kept with the state, so that a restart loses nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{PlacedEffect, Run, Saga};
use crate::approval::{Approval, ApprovalId, Awaiting, Subject, WAITING_MAX};
use crate::companion::Companions;
use crate::fence::DecisionId;
use crate::history::{HistoryEntry, HistoryKind};
use crate::identifier::{Actor, RegionName};
use crate::machine::command::Order;
use crate::machine::effect::{Effect, Refusal};
use crate::write::{Initiative, WriteKind};

impl Saga {
    /// What waits for a second person, oldest first.
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }
}

impl Run<'_> {
    /// Carries an order out, or has it wait if the policy wants a second person for it.
    pub(super) fn obey_or_ask(&mut self, order: &Order) {
        if let Some(why) = self.obey_unless_demanding(order) {
            self.ask(order, why);
        }
    }

    /// Carries out an order that is given to many services at once, or refuses it: nobody agrees to hundreds of them one by
    /// one while a region is left.
    pub(super) fn obey_alone(&mut self, order: &Order) {
        if let Some(why) = self.obey_unless_demanding(order) {
            let group = self.around.fleet.companions().and_then(Companions::group);
            let verb = match group {
                Some(group) => format!("group failover {}", group.name),
                None => format!("failover {}", self.around.service.lead().name),
            };
            let way = format!("`dns-admin {verb} --to REGION --reason TEXT`, and then `dns-admin approve ID`");
            self.step.refusal = Some(Refusal::SecondPerson(format!("{why}; order it by itself: {way}")));
        }
    }

    /// Carries an order out, unless the policy wants a second person for what it leads to: then it changes nothing, and says
    /// why.
    fn obey_unless_demanding(&mut self, order: &Order) -> Option<String> {
        if !self.around.service.lead().policy.approval.is_demanding() {
            self.carry_out(order);
            return None;
        }
        let (saga, step) = (self.saga.clone(), self.step.clone());
        self.carry_out(order);
        if self.step.refusal.is_some() {
            return None;
        }
        let leads_to = self.ordered_writes();
        let why = self.around.service.lead().policy.approval.demand(order, &leads_to)?;
        (*self.saga, self.step) = (saga, step);
        Some(why)
    }

    /// What an order has led to. What the controller wants by itself as soon as it may, after a resume, is none of it.
    fn ordered_writes(&self) -> BTreeSet<WriteKind> {
        let writes = self.step.effects.iter().filter_map(|placed| match &placed.effect {
            Effect::Enqueue(write) => Some(write),
            Effect::MarkSent(_) | Effect::Dequeue(_) | Effect::Record(_) | Effect::ReadZone | Effect::Verify(_) => None,
        });
        writes.filter(|write| write.initiative != Initiative::Automatic).map(|write| write.kind).collect()
    }

    fn ask(&mut self, order: &Order, why: String) {
        let same = |waiting: &&Approval| waiting.subject == Subject::Order(order.clone());
        if let Some(waiting) = self.saga.approvals.iter().find(same) {
            let why = format!("the same order waits for a second person already, as {}", waiting.id);
            self.step.refusal = Some(Refusal::Pointless(why));
            return;
        }
        let within = self.around.service.lead().policy.approval.within;
        let id = self.next_approval();
        let awaiting = Awaiting { id: id.clone(), within, why: why.clone() };
        let until = Some(self.around.now + within);
        self.wait_for(Approval { id, asked: self.around.now, until, why, subject: Subject::Order(order.clone()) });
        if self.step.refusal.is_none() {
            self.step.awaiting = Some(awaiting);
        }
    }

    /// A move that was made by hand: what would have needed a second person needs an acknowledgement. It never lapses.
    pub(super) fn ask_to_acknowledge(&mut self, plan: &DecisionId, to: &RegionName, by: &Actor, order: &Order) {
        let same =
            |waiting: &Approval| matches!(&waiting.subject, Subject::MovedByHand { plan: known, .. } if known == plan);
        let demanding = self.around.service.lead().policy.approval.is_demanding();
        if !demanding || self.saga.approvals.iter().any(same) {
            return;
        }
        let subject = Subject::MovedByHand {
            plan: plan.clone(),
            to: to.clone(),
            by: by.clone(),
            told_by: order.by.clone(),
            reason: order.reason.clone(),
        };
        let why = "the policy wants a second person, and there was none when the glass was broken".to_owned();
        let id = self.next_approval();
        self.wait_for(Approval { id, asked: self.around.now, until: None, why, subject });
    }

    fn wait_for(&mut self, approval: Approval) {
        if self.saga.approvals.len() >= WAITING_MAX {
            let why = format!("{WAITING_MAX} orders wait for a second person already; have some approved or declined");
            self.step.refusal = Some(Refusal::Invalid(why));
            return;
        }
        let summary =
            format!("{} waits for a second person: {}; {}", approval.words(), approval.reason(), approval.why);
        let details = json!({
            "approval": approval.id,
            "by": approval.asked_by(),
            "reason": approval.reason(),
            "until": approval.until,
            "subject": approval.subject,
        });
        let id = approval.id.clone();
        self.saga.approvals.push(approval);
        self.tell_of(&id, HistoryKind::ApprovalAsked, summary, details, true);
    }

    /// Somebody else agrees. An order that the kernel refuses now goes on waiting: nothing has changed by the answer.
    pub(super) fn approve(&mut self, id: &ApprovalId, answer: &Order) {
        let Some(approval) = self.waiting(id) else { return };
        if *approval.asked_by() == answer.by {
            let why =
                format!("`{}` has brought it here: somebody else must agree, with a token of another name", answer.by);
            self.step.refusal = Some(Refusal::Invalid(why));
            return;
        }
        if let Subject::Order(order) = &approval.subject {
            self.carry_out(&Order { approved_by: Some(answer.by.clone()), ..order.clone() });
            if self.step.refusal.is_some() {
                return;
            }
        }
        let summary = format!("`{}` approved {}: {}", answer.by, approval.words(), answer.reason);
        self.close(&approval, HistoryKind::Approved, summary, &answer_details(&approval, answer));
    }

    /// Somebody says no, or the one who ordered it takes it back.
    pub(super) fn decline(&mut self, id: &ApprovalId, answer: &Order) {
        let Some(approval) = self.waiting(id) else { return };
        if matches!(approval.subject, Subject::MovedByHand { .. }) {
            let why = "it has happened, so it can only be approved; to undo it order a failback".to_owned();
            self.step.refusal = Some(Refusal::Invalid(why));
            return;
        }
        let summary = format!("`{}` declined {}: {}", answer.by, approval.words(), answer.reason);
        self.close(&approval, HistoryKind::Declined, summary, &answer_details(&approval, answer));
    }

    /// Lets go what nobody agreed to in time.
    pub(super) fn lapse(&mut self) {
        while let Some(approval) = self.saga.approvals.iter().find(|one| one.is_over(self.around.now)).cloned() {
            let waited = approval.until.unwrap_or_default().since(approval.asked).as_secs();
            let summary = format!("{} lapsed: no second person approved it within {waited} s", approval.words());
            self.close(&approval, HistoryKind::ApprovalLapsed, summary, &json!({ "by": approval.asked_by() }));
        }
    }

    /// What waits under an id. Else the refusal says that nothing does.
    fn waiting(&mut self, id: &ApprovalId) -> Option<Approval> {
        let found =
            self.saga.approvals.iter().find(|approval| approval.id == *id && !approval.is_over(self.around.now));
        if found.is_none() {
            self.step.refusal = Some(Refusal::Pointless(format!("nothing waits for a second person as {id} any more")));
        }
        found.cloned()
    }

    /// Whether others wait still is told with each end: who looks after them needs to know.
    fn close(&mut self, approval: &Approval, kind: HistoryKind, summary: String, details: &Value) {
        self.saga.approvals.retain(|one| one.id != approval.id);
        let mut details = details.clone();
        details["approval"] = json!(approval.id);
        details["decision"] = json!(self.step.decision);
        details["stillWaiting"] = json!(self.saga.approvals.len());
        self.tell_of(&approval.id, kind, summary, details, false);
    }

    fn next_approval(&mut self) -> ApprovalId {
        let id = ApprovalId::at(self.around.now, self.around.nonce.wrapping_add(self.ids));
        self.ids += 1;
        id
    }

    /// A row about the service as a whole.
    fn tell_of(&mut self, id: &ApprovalId, kind: HistoryKind, summary: String, details: Value, page: bool) {
        let lead = self.around.service.lead();
        let (service, decision, details) = (lead.name.clone(), Some(id.in_history().clone()), details.into());
        let entry = HistoryEntry { at: self.around.now, service, kind, decision, summary, page, details };
        self.step.effects.push(PlacedEffect { place: lead.place(), effect: Effect::Record(entry) });
    }
}

fn answer_details(approval: &Approval, answer: &Order) -> Value {
    json!({ "by": approval.asked_by(), "answeredBy": answer.by, "reason": answer.reason })
}
