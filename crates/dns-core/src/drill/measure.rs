//! How long a move took, stage by stage, by the rows that it left in the history.
//!
//! Every time is the controller's own steady clock. A stage that left no row is missing and not zero: what an operator
//! ordered was not detected, and a server that never showed the move did not show it in no time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DrillId;
use crate::fence::DecisionId;
use crate::history::{HistoryEntry, HistoryKind};
use crate::identifier::ServiceName;
use crate::time::Timestamp;

/// The kinds of rows that moves are measured by.
pub const KINDS: [HistoryKind; 6] = [
    HistoryKind::Decided,
    HistoryKind::Permitted,
    HistoryKind::Applied,
    HistoryKind::Verified,
    HistoryKind::Unverified,
    HistoryKind::Drained,
];

/// A move over all places of a service, from the first suspicion to the last server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The service.
    pub service: ServiceName,
    /// The decision of the place that moved first.
    pub decision: DecisionId,
    /// `failover` or `failback`.
    pub kind: String,
    /// Whether the controller decided it by itself.
    pub automatic: bool,
    /// The drill that it was of.
    pub drill: Option<DrillId>,
    /// The region that was left.
    pub from: Option<String>,
    /// The region that was moved to.
    pub to: Option<String>,
    /// When the first vantage point saw the region failing.
    pub suspected: Option<Timestamp>,
    /// When the quorum did.
    pub agreed: Option<Timestamp>,
    /// When it was decided.
    pub decided: Timestamp,
    /// When the first write was let go.
    pub permitted: Option<Timestamp>,
    /// When the provider had taken it and it was read back.
    pub applied: Option<Timestamp>,
    /// When the last authoritative server of the last place was first seen to serve it; `None` if one did not in time.
    pub served: Option<Timestamp>,
    /// When the last sampled resolver followed.
    pub drained: Option<Timestamp>,
}

/// How long each stage of a move took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stages {
    /// From the failure to the quorum's judgement.
    pub detection: Option<Duration>,
    /// From there, or from the order, to the permit: the decision, its commit, hooks.
    pub decision: Option<Duration>,
    /// From the permit to the write that was read back.
    pub write: Option<Duration>,
    /// From there to the last authoritative server.
    pub propagation: Option<Duration>,
    /// From there to the last sampled resolver.
    pub drain: Option<Duration>,
    /// From the failure or the order to the last authoritative server.
    pub total: Option<Duration>,
}

impl Journey {
    /// Its stages, counted from when the failure began. Without that, from the first suspicion; of an ordered move from
    /// the decision.
    pub fn stages(&self, failure: Option<Timestamp>) -> Stages {
        let began = failure.or(self.suspected);
        let between = |from: Option<Timestamp>, to: Option<Timestamp>| Some(to?.since(from?));
        Stages {
            detection: between(began, self.agreed),
            decision: between(self.agreed.or(Some(self.decided)), self.permitted),
            write: between(self.permitted, self.applied),
            propagation: between(self.applied, self.served),
            drain: between(self.served, self.drained),
            total: between(began.or(Some(self.decided)), self.served),
        }
    }
}

/// The moves that rows tell of, oldest first. The writes of one service and epoch are one move: that of the first place and
/// those of the places that came after it.
pub fn journeys(rows: &[HistoryEntry]) -> Vec<Journey> {
    let mut by_decision: BTreeMap<&DecisionId, Vec<&HistoryEntry>> = BTreeMap::new();
    for row in rows {
        if let Some(decision) = &row.decision {
            by_decision.entry(decision).or_default().push(row);
        }
    }
    let mut found: Vec<(u64, Journey)> = Vec::new();
    for row in rows.iter().filter(|row| is_move(row)) {
        let Some(own) = row.decision.as_ref().and_then(|decision| by_decision.get(decision)) else { continue };
        let epoch = row.details["epoch"].as_u64().unwrap_or_default();
        let same = |(known, journey): &&mut (u64, Journey)| *known == epoch && journey.service == row.service;
        match found.iter_mut().rev().find(same).filter(|_| row.details["follows"] == true) {
            Some((_, journey)) => journey.take_in(own),
            None => found.extend(begun(row, own).map(|journey| (epoch, journey))),
        }
    }
    // A decision that was never sent is no move.
    found.into_iter().map(|(_, journey)| journey).filter(|journey| journey.applied.is_some()).collect()
}

fn is_move(row: &HistoryEntry) -> bool {
    row.kind == HistoryKind::Decided && matches!(row.details["kind"].as_str(), Some("failover" | "failback"))
}

fn begun(decided: &HistoryEntry, own: &[&HistoryEntry]) -> Option<Journey> {
    let text = |key: &str| decided.details[key].as_str().map(str::to_owned);
    let from = text("from");
    let seen = from.as_ref().map(|from| &decided.details["evidence"][from]);
    let automatic = decided.details["initiative"]["initiative"] == "automatic";
    let moment = |key: &str| seen.and_then(|seen| moment(&seen[key])).filter(|_| automatic);
    let mut journey = Journey {
        service: decided.service.clone(),
        decision: decided.decision.clone()?,
        kind: text("kind")?,
        automatic,
        drill: text("drill").and_then(|drill| drill.parse().ok()),
        to: text("to"),
        suspected: moment("suspectedAt"),
        agreed: moment("agreedAt"),
        from,
        decided: decided.at,
        permitted: at(own, HistoryKind::Permitted),
        applied: at(own, HistoryKind::Applied),
        served: None,
        drained: at(own, HistoryKind::Drained),
    };
    journey.served = served(own);
    Some(journey)
}

impl Journey {
    /// The move has arrived when it has at every place.
    fn take_in(&mut self, own: &[&HistoryEntry]) {
        self.served = self.served.zip(served(own)).map(|(one, other)| one.max(other));
        self.drained = self.drained.max(at(own, HistoryKind::Drained));
    }
}

fn at(own: &[&HistoryEntry], kind: HistoryKind) -> Option<Timestamp> {
    own.iter().rev().find(|row| row.kind == kind).map(|row| row.at)
}

/// When the last server showed it: verification begins when the write was read back.
fn served(own: &[&HistoryEntry]) -> Option<Timestamp> {
    let applied = at(own, HistoryKind::Applied)?;
    let told = own.iter().rev().find(|row| matches!(row.kind, HistoryKind::Verified | HistoryKind::Unverified));
    let verified = told.filter(|row| row.kind == HistoryKind::Verified)?;
    let servers = verified.details["servers"].as_array()?;
    let took =
        servers.iter().filter(|one| one["outcome"] == "served").filter_map(|one| one["tookMs"].as_u64()).max()?;
    Some(applied + Duration::from_millis(took))
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_u64().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests;
