//! How the zones stand that `dns-sync daemon` keeps equal: `GET /api/v1/sync`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many sets [`TargetReport::drift`] names: a person reads no more, and whoever asks every second shall not have to.
pub const DRIFT_TOLD_MAX: usize = 100;

/// All zones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    /// In the order of the configuration.
    pub zones: Vec<ZoneReport>,
}

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ZoneReport {
    /// Its name.
    pub zone: String,
    /// Where it comes from.
    pub source: SourceReport,
    /// Where it goes.
    pub targets: Vec<TargetReport>,
}

/// The source of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceReport {
    /// `file …`, `octodns …` or `provider …`.
    pub name: String,
    /// Whether it can be relied on.
    pub state: SourceState,
    /// The serial that is known here, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u32>,
    /// When it last answered that this is what it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<String>,
    /// What was wrong when it was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Whether a source can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SourceState {
    /// It was not read yet.
    Unread,
    /// It answered when it was last asked.
    Current,
    /// It did not; what is known is still good.
    Failing,
    /// It has not confirmed what is known for so long that nothing is copied from it any more.
    Expired,
}

/// One target of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetReport {
    /// The provider.
    pub target: String,
    /// How it stands to the source.
    pub state: TargetState,
    /// Record sets that may differ from the source.
    pub pending: u64,
    /// Since when the oldest of them waits, in milliseconds.
    pub lag_ms: u64,
    /// Why it is held, or what was wrong last.
    pub reasons: Vec<String>,
    /// What differs there from what was written and is not repaired yet, at most the first hundred sets.
    #[schema(max_items = 100)]
    pub drift: Vec<DriftReport>,
    /// How many sets that are in all.
    #[serde(default)]
    pub drifted: u64,
    /// Changes that were written and are not yet served by all authoritative servers.
    pub unserved: u64,
    /// When it was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// When all of it was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
}

/// A record set that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// What has become of it, how, and what is done about it.
    pub what: String,
    /// Who has done that, if it was somebody else: what the provider tells, once it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<AttributionReport>,
}

/// What a provider tells of who has changed something. None of it is proof. Texts are those of others, cut, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributionReport {
    /// All of it in a sentence, and where to look for more.
    pub text: String,
    /// What it is told of; absent if nothing is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<AttributionBasis>,
    /// When that was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Who did that; of a file, whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What is noted there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a provider tells something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttributionBasis {
    /// The records of the set.
    Records,
    /// A comment on it, which may be older than the change.
    Comment,
    /// The file of the zone.
    File,
}

/// How a target stands to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum TargetState {
    /// It was not read yet.
    Unread,
    /// Nothing that is to be copied differs.
    Equal,
    /// Something is to be written.
    Behind,
    /// What is to be written exceeds a limit or cannot be judged: somebody has to look.
    Held,
    /// It refuses some records; everything else is equal.
    Refusing,
    /// It could not be read or written when this was last tried.
    Failing,
    /// The source has expired, so that nobody can say how it stands, and nothing is written.
    SourceUnknown,
}
