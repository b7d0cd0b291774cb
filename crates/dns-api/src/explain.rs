//! Explanations: the story of a decision, why nothing happens to a service, and what observing services would have done.
//!
//! Sentences are for people and may change with every version; programs read the other keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::RejectionReport;

/// One sentence, or a few that belong together. Times of day in it are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentenceReport {
    /// What it is about: `state`, `suspicion`, `agreement`, `evidence`, `decision`, `rules`, `candidates`, `permit`, `write`,
    /// `verification`, `drain`, `hold`, `need`, `preview`, `total` or `event`.
    pub about: String,
    /// When that was, RFC 3339 in UTC; absent of what has no moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How long after the first moment of the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// How long after the moment before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// What there is to say.
    pub text: String,
}

/// Why nothing happens to a service right now: `GET /api/v1/services/{name}/explanation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplanationReport {
    /// The service.
    pub service: String,
    /// As of when, RFC 3339 in UTC.
    pub at: String,
    /// Where it is, what is seen, what holds it, what would have to change.
    pub sentences: Vec<SentenceReport>,
    /// What the safety kernel would say to moves that nobody wants yet.
    pub previews: Vec<PreviewReport>,
    /// What was decided and held lately, oldest first.
    pub lately: Vec<SentenceReport>,
    /// Why `lately` is empty although something may have happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_error: Option<String>,
}

/// A move that nobody wants yet, as the safety kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewReport {
    /// `failover` or `failback`.
    pub kind: String,
    /// `automatic`, or `manual` for an order.
    pub initiative: String,
    /// The region that would be left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The region that it would go to.
    pub to: String,
    /// Whether nothing stands in the way, once a quorum sees the region failing.
    pub allowed: bool,
    /// What every rule says.
    pub answers: Vec<AnswerReport>,
}

/// What one rule of the safety kernel says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnswerReport {
    /// Which.
    pub rule: String,
    /// `yes` or `no`.
    pub answer: String,
    /// Why not; or the figures by which it agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether an order can override it.
    pub overridable: bool,
}

/// What services that only observe would have done: `GET /api/v1/observations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservationReport {
    /// From when on, RFC 3339 in UTC.
    pub since: String,
    /// Until when.
    pub until: String,
    /// Every service that observes, or has had a trouble while it did, by name.
    pub services: Vec<ObservedService>,
    /// Whether there is more than one report holds: then the newest is missing, and a shorter time tells it.
    pub incomplete: bool,
}

/// One service that observes, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedService {
    /// Its name.
    pub service: String,
    /// Whether it observes now.
    pub observes: bool,
    /// How often it would have moved.
    pub would_have_moved: usize,
    /// How often it would have wanted to, and rules would have held it to the end.
    pub would_have_been_held: usize,
    /// How long its region failed, altogether.
    pub trouble_ms: u64,
    /// Each time.
    pub troubles: Vec<TroubleReport>,
}

/// One trouble of a service that observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TroubleReport {
    /// What would have been done: `failover`, as a rule.
    pub kind: String,
    /// When it was first wanted, RFC 3339 in UTC.
    pub began: String,
    /// When the first vantage point saw the region failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspected: Option<String>,
    /// The region that it would have left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where it would have gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When it would have moved; absent if rules would have held it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_have_moved: Option<String>,
    /// When the trouble ended; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// What ended it: `recovered`, `movedElsewhere`, `acts` (the service was set to act) or `unwanted` (not known).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// How long it lasted, or has lasted.
    pub lasted_ms: u64,
    /// The rules that would have held it, each with its first reason.
    pub held_by: Vec<RejectionReport>,
}
