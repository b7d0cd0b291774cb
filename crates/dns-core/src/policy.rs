//! How carefully a service is watched and how freely it may move.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identifier::VantageName;

/// The least time a decision stays valid; also the default length of a permit (architecture §8).
pub const VALIDITY_MIN: Duration = Duration::from_secs(10);

/// One service's policy, with every default filled in and the vantage point selector resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Time between two runs of one probe.
    pub interval: Duration,
    /// How long one run may take; at most the interval.
    pub timeout: Duration,
    /// How outcomes become a verdict.
    pub detection: Detection,
    /// How many vantage points must agree.
    pub quorum: usize,
    /// The vantage points that judge, never fewer than the quorum.
    pub vantage_points: BTreeSet<VantageName>,
    /// How long a quorum must have seen a region healthy before records may move there.
    pub ready_for: Duration,
    /// How long after a move failback waits.
    pub cooldown: Duration,
    /// Who starts a failback.
    pub failback: Failback,
    /// What to do with records that someone else changed.
    pub on_foreign_change: OnForeignChange,
    /// How strongly providers must enforce the conditions of a write.
    #[serde(default)]
    pub guard: GuardDemand,
    /// How long verification asks the authoritative servers before it reports the stragglers.
    pub verify_within: Duration,
}

impl Policy {
    /// How long a decision may wait for its permit: two probe intervals, at least [`VALIDITY_MIN`].
    pub fn validity(&self) -> Duration {
        VALIDITY_MIN.max(self.interval * 2)
    }
}

/// Consecutive outcomes in a row that turn a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detection {
    /// Failed runs in a row until an endpoint counts as failing.
    pub fall: u32,
    /// Good runs in a row until it counts as healthy.
    pub rise: u32,
}

/// Who starts a failback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Failback {
    /// An operator.
    Manual,
}

/// What to do with records that someone else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnForeignChange {
    /// Hold every write and page, until an operator adopts or repairs.
    Hold,
}

/// How strongly a provider must enforce the conditions of a write. A provider that cannot is refused when the configuration
/// is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GuardDemand {
    /// Whatever it can: it may read, compare, write and read back.
    #[default]
    Any,
    /// At least among writers that keep to the fence.
    OwnWriters,
    /// Against everyone.
    Atomic,
}

impl GuardDemand {
    /// The demand as the configuration names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::OwnWriters => "ownWriters",
            Self::Atomic => "atomic",
        }
    }
}
