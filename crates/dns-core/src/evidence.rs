//! What vantage points report, and how old it may grow before it counts as nothing.
//!
//! Ages travel, timestamps do not: a vantage point says "healthy for 130 s", the receiver turns that into a
//! point on its own clock at arrival. Two clocks are never compared.

mod sightings;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::identifier::{RegionName, ServiceName, VantageName};
use crate::time::Timestamp;
pub use sightings::{EndpointId, Sightings};

/// How long after its last heartbeat a vantage point still counts: three heartbeats of one second (architecture §6).
pub const STALE_AFTER: Duration = Duration::from_secs(3);

/// An endpoint as evidence names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointKey {
    /// The service.
    pub service: ServiceName,
    /// The region.
    pub region: RegionName,
    /// Address or host name, as [`crate::service::Endpoint`] displays it.
    pub endpoint: String,
}

impl fmt::Display for EndpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.service, self.region, self.endpoint)
    }
}

/// One vantage point's opinion of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// `rise` good runs in a row, and no `fall` bad ones since.
    Healthy,
    /// `fall` bad runs in a row, and no `rise` good ones since.
    Failing,
    /// Not enough runs yet.
    Undecided,
}

/// What tells whether two vantage points probe an endpoint alike: half of a [`crate::service::endpoint_digest`], which is
/// compared with one other and never looked for among many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec(u64);

impl From<Digest> for Spec {
    fn from(digest: Digest) -> Self {
        Self(digest.half())
    }
}

/// What one vantage point knows of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointEvidence {
    /// What it probes.
    pub spec: Spec,
    /// Its opinion.
    pub verdict: Verdict,
    /// Since when it holds that opinion.
    pub since: Timestamp,
    /// Runs that contradict the opinion, in a row, so far. Above zero this is a first suspicion.
    pub contradicting: u32,
    /// What the last bad run said, if the opinion is not healthy or runs contradict it.
    pub error: Option<String>,
    /// When the certificate ends that it serves, by the receiver's clock, in whole seconds; `None` if it serves none that was
    /// seen.
    pub certificate_until: Option<Timestamp>,
}

/// Whether a vantage point trusts its own eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It does.
    Sighted,
    /// It does not.
    Blind {
        /// Why, in its own words.
        reason: String,
        /// Since when, as it was first heard: a vantage point tells it within a heartbeat.
        since: Timestamp,
    },
}

/// What the controller holds of one vantage point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VantageEvidence {
    /// When its last heartbeat or snapshot arrived.
    pub heard: Timestamp,
    /// Whether it is blind.
    pub sight: Sight,
    /// Digest of its configuration.
    pub config: Digest,
    /// What it covers.
    pub endpoints: Sightings,
}

impl VantageEvidence {
    /// Whether it was heard recently enough to count. The clock may have been set back since: what was heard further
    /// in the future than it may be old has no known age, and silence must not be read as health until then.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.heard) <= STALE_AFTER && self.heard.since(now) <= STALE_AFTER
    }
}

/// Everything that all vantage points have said. A vantage point that was never heard is absent.
pub type EvidenceBook = BTreeMap<VantageName, VantageEvidence>;
