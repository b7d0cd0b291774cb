//! Drills: a service is moved on purpose, what that takes is measured, and it is moved back.
//!
//! A drill is remembered with what it has come to ([`Drill`]) and looks again and again at where its service stands
//! ([`Sight`]); what is to be done follows from both. So a controller that was killed at any stage goes on where the one
//! before ended: what it finds done it does not do again. A drill writes nothing itself: its moves pass the machine and the
//! kernel like all others ([`crate::machine`]), and if anything else moves the service, the drill ends and leaves it there.
//!
//! ```text
//! begun ──▶ injected ──▶ away ──▶ returning ──▶ ended
//!   └─────────────────────▲   (without injection)
//! ```
//!
//! From every stage it may end: *completed* or *stopped* where it began, *stayed* when the way back is held for too long,
//! *failed* otherwise.
//!
//! With *injection* vantage points are asked to count the service's endpoints in one region as failed ([`injection`]), and
//! all that follows is what an outage would bring. Without, the move is ordered, and detection is not measured.

mod course;
pub mod injection;
pub mod measure;
pub mod report;
pub mod schedule;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fence::DecisionId;
pub use crate::fence::DrillId;
use crate::identifier::{Actor, RegionName, ServiceName};
use crate::policy::Policy;
use crate::time::Timestamp;
pub use course::{Act, Event, Told};

/// How long vantage points may take to take an injection: one that is down must not leave the others injecting.
pub const INJECT_WITHIN: Duration = Duration::from_secs(30);

/// How long an ordered move may take to begin: a read of the zone and a write that is under way fit several times.
pub const LEAVE_WITHIN: Duration = Duration::from_mins(2);

/// How long the way back is tried before the service is left where it is and someone is woken: longer than the ready-time of
/// a region that has just faltered.
pub const RETURN_WITHIN: Duration = Duration::from_mins(10);

/// How often an order that was refused is given again.
pub const RETRY_EVERY: Duration = Duration::from_secs(5);

/// How long a drill stays away unless it is asked for more or less: users' caches have run out by then.
pub const STAY_DEFAULT: Duration = Duration::from_mins(5);

/// The longest stay: longer than a day is a move, and an operator's.
pub const STAY_MAX: Duration = Duration::from_hours(24);

/// How long the quorum may take beyond what the policy implies, before an injected failure counts as not detected.
const DETECTION_SLACK: Duration = Duration::from_mins(1);

/// The longest injection: a controller that dies leaves vantage points injecting for no longer.
pub const INJECTION_MAX: Duration = Duration::from_mins(30);

/// How the service is made to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// Vantage points count its region as failed.
    Injected,
    /// It is ordered to: detection is not measured.
    Ordered,
}

impl Method {
    /// The method as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::Ordered => "ordered",
        }
    }
}

/// What a drill is begun with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Its id.
    pub id: DrillId,
    /// The service.
    pub service: ServiceName,
    /// The region that it leaves: its preferred one.
    pub from: RegionName,
    /// The region that it goes to.
    pub to: RegionName,
    /// Who began it.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// How long it stays away.
    pub stay: Duration,
    /// How it is made to leave.
    pub method: Method,
    /// The scheduled drill that it is of.
    pub schedule: Option<String>,
}

/// A drill and what it has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drill {
    /// Its id.
    pub id: DrillId,
    /// The service.
    pub service: ServiceName,
    /// The region that it leaves.
    pub from: RegionName,
    /// The region that it goes to.
    pub to: RegionName,
    /// Who began it.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// How long it stays away.
    pub stay: Duration,
    /// How it is made to leave.
    pub method: Method,
    /// The scheduled drill that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// When it began.
    pub begun: Timestamp,
    /// How long an injected failure may take to be detected.
    pub detect_within: Duration,
    /// When vantage points were told to inject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<Timestamp>,
    /// The move away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<DecisionId>,
    /// The move back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<DecisionId>,
    /// Who stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Actor>,
    /// Why the order that is wanted was refused the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// How far it is.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
}

/// How far a drill is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "stage")]
pub enum Stage {
    /// Vantage points are being asked, or the move is being ordered.
    Begun,
    /// Vantage points count the region as failed.
    Injected,
    /// The service is in the other region.
    Away,
    /// It is on its way back.
    Returning,
    /// It is over.
    Ended {
        /// How.
        outcome: Outcome,
        /// In a sentence.
        why: String,
    },
}

impl Stage {
    /// The stage as a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Injected => "injected",
            Self::Away => "away",
            Self::Returning => "returning",
            Self::Ended { .. } => "ended",
        }
    }
}

/// How a drill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// There and back.
    Completed,
    /// Someone stopped it, and the service is where it began.
    Stopped,
    /// It did not come to where it should, or something else moved the service.
    Failed,
    /// The service is in the other region and the way back is held.
    Stayed,
}

impl Outcome {
    /// The outcome as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Stayed => "stayed",
        }
    }

    /// Whether someone should be woken: the service is not where it should be, or the drill has found something.
    pub fn pages(self) -> bool {
        match self {
            Self::Completed | Self::Stopped => false,
            Self::Failed | Self::Stayed => true,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where the service of a drill stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The region that it is in.
    pub active: Option<RegionName>,
    /// The newest decision about where it is.
    pub plan: Option<DecisionId>,
    /// The drill that the newest move was of.
    pub drill: Option<DrillId>,
    /// Why the newest move was made.
    pub reason: Option<String>,
    /// Whether a move is open at any place.
    pub moving: bool,
    /// Whether every place has come after, and no server is being asked any more.
    pub settled: bool,
    /// What speaks against leaving now; the drill is given up then.
    pub objection: Option<String>,
}

/// How long a policy takes to find a region that fails at once: all `fall` runs, the first of which may be an interval away,
/// and the end of the last.
pub fn detection_bound(policy: &Policy) -> Duration {
    policy.interval * policy.detection.fall + policy.timeout
}

impl Drill {
    /// A drill that begins.
    pub fn begin(brief: Brief, policy: &Policy, now: Timestamp) -> Self {
        let Brief { id, service, from, to, by, reason, stay, method, schedule } = brief;
        Self {
            id,
            service,
            from,
            to,
            by,
            reason,
            stay,
            method,
            schedule,
            begun: now,
            detect_within: (detection_bound(policy) * 2 + DETECTION_SLACK).min(INJECTION_MAX),
            injected: None,
            away: None,
            back: None,
            stopped: None,
            held: None,
            stage: Stage::Begun,
            since: now,
        }
    }

    /// How it ended.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.stage {
            Stage::Ended { outcome, .. } => Some(*outcome),
            Stage::Begun | Stage::Injected | Stage::Away | Stage::Returning => None,
        }
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        self.outcome().map(|_| self.since)
    }

    /// Whether injected failures count for it now.
    pub fn injects(&self) -> bool {
        let leaving = matches!(self.stage, Stage::Begun | Stage::Injected);
        leaving && self.method == Method::Injected && self.away.is_none() && self.stopped.is_none()
    }

    /// When vantage points end its injection by themselves.
    pub fn injected_until(&self) -> Timestamp {
        self.injected.unwrap_or(self.begun) + self.detect_within
    }

    /// The text that a store keeps.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("invariant: strings, numbers and lists always serialise")
    }

    /// Reads what a store kept.
    ///
    /// # Errors
    /// If it is no drill that this program understands.
    pub fn from_text(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests;
