//! How an order ended, at every place of its service.

use dns_api::command::{DecisionReport, DecisionStatus};
use dns_api::status::{FenceReport, PlaceDetail, PlaceReport, ServerReport, ServiceDetail, VerificationReport};
use dns_core::history::HistoryKind;
use dns_service::exit::Exit;
use serde::Serialize;

/// What an order wants of every place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To be where the newest fence says.
    Moved,
    /// To be under a fence.
    Adopted,
    /// To have a tombstone.
    Released,
}

/// How far a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PlaceEnd {
    /// Written, and served as far as anyone can see.
    Done,
    /// Written; its servers are being asked.
    Verifying,
    /// Written, but not every server serves it.
    Unverified,
    /// Not written.
    Behind,
}

/// One of several places.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceOutcome {
    /// How it is told from the others.
    pub name: String,
    /// Provider.
    pub provider: String,
    /// Zone.
    pub zone: String,
    /// How far it is.
    pub outcome: PlaceEnd,
    /// The region whose records it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The epoch of its fence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// What the last read of its zone meant.
    pub standing: String,
    /// Why it is not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its authoritative servers.
    pub servers: Vec<ServerReport>,
    /// Whether a write of it is under way.
    #[serde(skip)]
    is_being_written: bool,
}

/// How an order ended. For programs it is the decision, with the places if there are several.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The decision of the place that decided first.
    #[serde(flatten)]
    pub decision: DecisionReport,
    /// Every place; empty if there is only one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceOutcome>,
    /// What was wanted.
    #[serde(skip)]
    pub goal: Goal,
    /// What the servers of the only place serve.
    #[serde(skip)]
    pub verification: Option<VerificationReport>,
}

impl Outcome {
    /// Of a decision that is over; `verification` is of the place that decides now.
    pub fn of(
        decision: DecisionReport,
        goal: Goal,
        verification: Option<VerificationReport>,
        places: Vec<PlaceOutcome>,
    ) -> Self {
        let verification = verification.filter(|verification| verification.decision == decision.decision);
        Self { decision, places, goal, verification }
    }

    /// The places that are written.
    pub fn written(&self) -> impl Iterator<Item = &PlaceOutcome> {
        self.places.iter().filter(|place| place.outcome != PlaceEnd::Behind)
    }

    /// The worst of all places. A decision that ended because it was no longer right was held; any other end is a failure,
    /// unless another place was written by the same order.
    pub fn exit(&self) -> Exit {
        match self.decision.status {
            DecisionStatus::Done if self.places.iter().all(|place| place.outcome == PlaceEnd::Done) => Exit::Done,
            DecisionStatus::Done | DecisionStatus::Written | DecisionStatus::Unverified => Exit::Unverified,
            DecisionStatus::Ended if self.written().next().is_some() => Exit::Unverified,
            DecisionStatus::Open => Exit::Failed,
            DecisionStatus::Ended => exit_of_ended(&self.decision),
        }
    }
}

/// Of a decision that led to no write.
pub(super) fn exit_of_ended(decision: &DecisionReport) -> Exit {
    let expired = decision.rows.iter().any(|row| row.kind == HistoryKind::Expired.as_str());
    if expired { Exit::Refused } else { Exit::Failed }
}

impl PlaceOutcome {
    /// What the controller shows of a place, by what is wanted of it.
    pub fn of(detail: &PlaceDetail, goal: Goal) -> Self {
        let PlaceReport { name, provider, zone, active, epoch, standing, .. } = &detail.place;
        let verification = detail.verification.as_ref();
        let outcome = if is_written(&detail.place, goal) { end(verification) } else { PlaceEnd::Behind };
        let is_behind = outcome == PlaceEnd::Behind;
        Self {
            name: name.clone(),
            provider: provider.clone(),
            zone: zone.clone(),
            outcome,
            active: active.clone(),
            epoch: *epoch,
            standing: standing.clone(),
            reason: is_behind.then(|| reason(detail)),
            // What was asked of its servers before says nothing about this order.
            servers: verification.filter(|_| !is_behind).map(|seen| seen.servers.clone()).unwrap_or_default(),
            is_being_written: detail.open.is_some(),
        }
    }

    /// Whether waiting changes nothing any more. A move is repeated until it arrives; other orders are written once, so a
    /// place without an open write stays as it is if what is shown is of after the order.
    pub fn is_settled(&self, goal: Goal, is_of_after: bool) -> bool {
        match (self.outcome, goal) {
            (PlaceEnd::Done | PlaceEnd::Unverified, _) => true,
            (PlaceEnd::Verifying, _) | (PlaceEnd::Behind, Goal::Moved) => false,
            (PlaceEnd::Behind, Goal::Adopted | Goal::Released) => is_of_after && !self.is_being_written,
        }
    }
}

/// Whether what is shown knows of a decision: some fence names it as its write or as the move.
pub fn is_shown(service: &ServiceDetail, decision: &str) -> bool {
    let of_places = service.places.iter().filter_map(|place| place.fence.as_ref());
    of_places.chain(&service.report.fence).any(|fence| names(fence, decision))
}

fn names(fence: &FenceReport, decision: &str) -> bool {
    let mut pairs = fence.text.iter().flat_map(|string| string.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.any(|(key, value)| matches!(key, "plan" | "write") && value == decision)
}

fn is_written(place: &PlaceReport, goal: Goal) -> bool {
    let is_held = matches!(place.standing.as_str(), "held" | "newer");
    match goal {
        Goal::Moved => is_held && !place.diverges,
        Goal::Adopted => is_held,
        Goal::Released => place.standing == "released",
    }
}

/// By the same rule as the controller's: one server has to serve it, and none may serve anything else.
fn end(verification: Option<&VerificationReport>) -> PlaceEnd {
    let Some(VerificationReport { running, servers, .. }) = verification else { return PlaceEnd::Done };
    let any = |outcome: &str| servers.iter().any(|server| server.outcome == outcome);
    match (running, any("old"), any("served") || any("unobservable") || servers.is_empty()) {
        (true, _, _) => PlaceEnd::Verifying,
        (false, false, true) => PlaceEnd::Done,
        (false, _, _) => PlaceEnd::Unverified,
    }
}

fn reason(detail: &PlaceDetail) -> String {
    let PlaceDetail { place, standing_detail, open, write_error, .. } = detail;
    let open = || open.as_ref().map(|open| format!("its write is {}", open.stage));
    let standing = || {
        let more = standing_detail.as_ref().map(|more| format!(": {more}")).unwrap_or_default();
        format!("it stands as `{}`{more}", place.standing)
    };
    place.trouble.clone().or_else(|| write_error.clone()).or_else(open).unwrap_or_else(standing)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn place(more: &Value) -> PlaceDetail {
        let mut place = json!({
            "name": "other", "provider": "other", "zone": "example.com.", "active": "dr", "epoch": 42, "rev": 57,
            "standing": "held", "state": "verifying", "diverges": false, "records": [],
        });
        let fields = place.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        serde_json::from_value(place).expect("a place")
    }

    fn verified(running: bool, outcomes: &[&str]) -> Value {
        let servers: Vec<Value> =
            outcomes.iter().map(|outcome| json!({ "server": "192.0.2.53:53", "outcome": outcome })).collect();
        let verification = json!({ "decision": "d7", "running": running, "servers": servers });
        json!({ "verification": verification })
    }

    #[test]
    fn a_place_is_done_only_where_the_order_wants_it_and_its_servers_serve_it() {
        let cases = [
            (verified(false, &["served", "silent"]), Goal::Moved, PlaceEnd::Done),
            (verified(true, &["served"]), Goal::Moved, PlaceEnd::Verifying),
            (verified(false, &["served", "old"]), Goal::Moved, PlaceEnd::Unverified),
            (verified(false, &["silent"]), Goal::Moved, PlaceEnd::Unverified),
            (verified(false, &["unobservable"]), Goal::Moved, PlaceEnd::Done),
            (json!({ "diverges": true }), Goal::Moved, PlaceEnd::Behind),
            (json!({ "standing": "foreign" }), Goal::Moved, PlaceEnd::Behind),
            (json!({}), Goal::Adopted, PlaceEnd::Done),
            (json!({ "standing": "unadopted" }), Goal::Adopted, PlaceEnd::Behind),
            (json!({ "standing": "released" }), Goal::Released, PlaceEnd::Done),
            (json!({}), Goal::Released, PlaceEnd::Behind),
        ];
        for (more, goal, end) in cases {
            assert_eq!(PlaceOutcome::of(&place(&more), goal).outcome, end, "{more} {goal:?}");
        }
    }

    #[test]
    fn a_place_that_was_denied_is_waited_for_only_if_it_follows_by_itself() {
        let denied = json!({ "standing": "unadopted", "diverges": true, "writeError": "no right" });
        let denied = place(&denied);
        let outcome = PlaceOutcome::of(&denied, Goal::Adopted);
        assert_eq!(outcome.reason.as_deref(), Some("no right"));
        assert!(outcome.is_settled(Goal::Adopted, true) && !outcome.is_settled(Goal::Adopted, false));
        assert!(!PlaceOutcome::of(&denied, Goal::Moved).is_settled(Goal::Moved, true));
    }
}
