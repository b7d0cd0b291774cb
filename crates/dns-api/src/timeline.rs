//! A move told step by step: from the first suspicion to the last authoritative server.
//!
//! Made of history rows alone, so that a page, a command line and a program that was not there tell the same story.
//! Times are the controller's steady clock, to the millisecond. A step that a move did not have is left out: one that
//! an operator ordered was not suspected by anyone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::history::HistoryRowReport;

/// The rows that end a decision without the move.
const ENDS: [&str; 5] = ["expired", "conflicted", "denied", "unreachable", "burned"];

/// The kinds of writes that move records, in a `decided` row's details.
const MOVES: [&str; 3] = ["failover", "failback", "abort"];

/// A move and its steps, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// The service.
    pub service: String,
    /// The decision.
    pub decision: String,
    /// `failover` or `failback`.
    pub kind: String,
    /// The region that was left, if the records were in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The region that was moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The steps.
    pub steps: Vec<TimelineStep>,
}

/// One step of a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineStep {
    /// Which.
    pub step: Step,
    /// How far it is.
    pub status: StepStatus,
    /// When it was done, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// When it was done, in milliseconds after the first step of the timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// The authoritative server that a `served` step is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The steps of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The region began to fail. Only whoever broke it knows when; history does not.
    Failure,
    /// The first vantage point saw the region failing.
    Suspicion,
    /// The quorum did.
    Judgement,
    /// The controller decided and committed the plan.
    Decision,
    /// The safety kernel agreed again, and the write was let go.
    Permit,
    /// The provider took the write, and it was read back.
    Written,
    /// An authoritative server was seen to serve it.
    Served,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepStatus {
    /// Done.
    Done,
    /// Being done.
    Current,
    /// Will not be done any more.
    Failed,
    /// Comes later.
    Pending,
}

impl Step {
    /// The step as a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure began",
            Self::Suspicion => "first suspicion",
            Self::Judgement => "judgement",
            Self::Decision => "decision",
            Self::Permit => "permit",
            Self::Written => "write accepted",
            Self::Served => "served",
        }
    }
}

impl Timeline {
    /// The newest move among rows of one service, oldest row first.
    pub fn newest_move(rows: &[HistoryRowReport]) -> Option<Self> {
        let decided = rows.iter().rev().find(|row| is_move(row))?;
        Self::of_decision(rows, decided.decision.as_deref()?)
    }

    /// The move of one decision.
    pub fn of_decision(rows: &[HistoryRowReport], decision: &str) -> Option<Self> {
        let own: Vec<&HistoryRowReport> = rows.iter().filter(|row| row.decision.as_deref() == Some(decision)).collect();
        let decided = own.iter().find(|row| is_move(row))?;
        let text = |key: &str| decided.details[key].as_str().map(ToOwned::to_owned);
        let mut timeline = Self {
            service: decided.service.clone(),
            decision: decision.to_owned(),
            kind: text("kind").unwrap_or_default(),
            from: text("from"),
            to: text("to"),
            steps: Vec::new(),
        };
        timeline.tell(decided, &own);
        timeline.measure();
        Some(timeline)
    }

    /// Puts the moment before everything that the controller could know: when the region began to fail.
    #[must_use]
    pub fn begun_at(mut self, failure: Timestamp) -> Self {
        self.steps.insert(0, done(Step::Failure, Some(written(failure)), None));
        self.measure();
        self
    }

    /// Milliseconds from the first step to the last one, once that is done.
    pub fn total_ms(&self) -> Option<i64> {
        let over = self.steps.iter().all(|step| matches!(step.status, StepStatus::Done | StepStatus::Failed));
        self.steps.iter().filter_map(|step| step.offset_ms).max().filter(|_| over)
    }

    /// From what on [`Timeline::total_ms`] counts.
    pub fn counted_from(&self) -> &'static str {
        match self.steps.first().map(|step| step.step) {
            Some(Step::Failure) => "the failure",
            Some(Step::Suspicion | Step::Judgement) => "the first suspicion",
            Some(Step::Decision | Step::Permit | Step::Written | Step::Served) | None => "the decision",
        }
    }

    fn tell(&mut self, decided: &HistoryRowReport, own: &[&HistoryRowReport]) {
        let row = |kind: &str| own.iter().rev().find(|row| row.kind == kind).copied();
        self.tell_evidence(&decided.details);
        let manual = decided.details["initiative"]["by"].as_str();
        let who = manual.map_or_else(|| "automatic".to_owned(), |by| format!("ordered by {by}"));
        self.steps.push(done(Step::Decision, Some(decided.at.clone()), Some(who)));
        let mut why = own.iter().find(|row| ENDS.contains(&row.kind.as_str())).map(|row| row.summary.clone());
        let mut status = if why.is_some() { StepStatus::Failed } else { StepStatus::Current };
        for (step, row) in [(Step::Permit, row("permitted")), (Step::Written, row("applied"))] {
            if let Some(row) = row {
                self.steps.push(done(step, Some(row.at.clone()), None));
                continue;
            }
            // The step that was not reached says why; the ones behind it need not repeat it.
            self.steps.push(TimelineStep { status, ..done(step, None, why.take()) });
            status = if status == StepStatus::Current { StepStatus::Pending } else { status };
        }
        self.tell_servers(row("applied"), row("verified").or_else(|| row("unverified")), status);
    }

    fn tell_evidence(&mut self, details: &Value) {
        let Some(evidence) = self.from.as_ref().and_then(|from| details["evidence"].get(from)) else { return };
        let at = |key: &str| evidence[key].as_i64().and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(written);
        let seen = evidence["seen"].as_str().map(ToOwned::to_owned);
        let Some(suspected) = at("suspectedAt") else { return };
        self.steps.push(done(Step::Suspicion, Some(suspected), None));
        // A move that was ordered before the quorum had agreed has a suspicion and no judgement.
        if let Some(agreed) = at("agreedAt") {
            self.steps.push(done(Step::Judgement, Some(agreed), seen));
        }
    }

    fn tell_servers(
        &mut self,
        applied: Option<&HistoryRowReport>,
        verified: Option<&HistoryRowReport>,
        status: StepStatus,
    ) {
        let (Some(applied), Some(verified)) = (applied, verified) else {
            return self.steps.push(TimelineStep { status, ..done(Step::Served, None, None) });
        };
        let began = applied.at.parse::<Timestamp>().ok();
        let servers = verified.details["servers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = self.steps.len();
        for server in servers {
            let served = server["outcome"] == "served";
            let took = server["tookMs"].as_i64().map(jiff::SignedDuration::from_millis);
            let at = began.zip(took).and_then(|(began, took)| began.checked_add(took).ok()).map(written);
            let text = |key: &str| server[key].as_str().map(ToOwned::to_owned);
            let status = if served { StepStatus::Done } else { StepStatus::Failed };
            let step = TimelineStep { status, server: text("server"), ..done(Step::Served, at, text("detail")) };
            self.steps.push(step);
        }
        // In the order in which they came to serve it; what never did comes last.
        self.steps[first..].sort_by(|one, other| (one.at.is_none(), &one.at).cmp(&(other.at.is_none(), &other.at)));
        if servers.is_empty() {
            let why = Some(verified.summary.clone());
            self.steps.push(TimelineStep { status: StepStatus::Failed, ..done(Step::Served, None, why) });
        }
    }

    fn measure(&mut self) {
        let time = |step: &TimelineStep| step.at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        let Some(first) = self.steps.iter().filter_map(time).min() else { return };
        for step in &mut self.steps {
            step.offset_ms = time(step).map(|at| at.as_millisecond() - first.as_millisecond());
        }
    }
}

fn is_move(row: &HistoryRowReport) -> bool {
    row.kind == "decided" && row.details["kind"].as_str().is_some_and(|kind| MOVES.contains(&kind))
}

fn done(step: Step, at: Option<String>, detail: Option<String>) -> TimelineStep {
    TimelineStep { step, status: StepStatus::Done, at, offset_ms: None, server: None, detail }
}

/// As every other point in time of the API: RFC 3339 to the millisecond.
fn written(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests;
