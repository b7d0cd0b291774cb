//! The evidence stream of a vantage point: `GET /api/v1/evidence`, server-sent events.
//!
//! Event ids are `<incarnation>-<sequence>`. A subscriber that reconnects with `Last-Event-ID` gets what it missed,
//! or a snapshot if the incarnation is unknown or too much was missed; a new subscriber gets a snapshot first.
//! Everything that has a duration is an *age at the moment of sending*, in milliseconds: clocks are never compared.

use std::fmt;
use std::str::FromStr;

use dns_core::digest::Digest;
use dns_core::evidence::{EndpointKey, Verdict};
use dns_core::identifier::VantageName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::injection::InjectedReport;

/// SSE event name of [`Snapshot`].
pub const SNAPSHOT: &str = "snapshot";
/// SSE event name of [`Transition`].
pub const TRANSITION: &str = "transition";
/// SSE event name of [`Heartbeat`].
pub const HEARTBEAT: &str = "heartbeat";

/// Who speaks and how well it sees; part of every event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bearing {
    /// The vantage point.
    #[schema(value_type = String)]
    pub vantage: VantageName,
    /// Digest of its configuration.
    #[schema(value_type = String)]
    pub config: Digest,
    /// Digest over all covered endpoints and their specifications.
    #[schema(value_type = String)]
    pub coverage: Digest,
    /// Why it does not trust its own eyes; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<String>,
    /// How long ago the probe finished that has waited longest for its next run.
    pub oldest_probe_age_ms: u64,
}

/// Everything a vantage point knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Who speaks.
    pub bearing: Bearing,
    /// Every covered endpoint.
    pub endpoints: Vec<EndpointReport>,
}

/// What a vantage point knows of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointReport {
    /// Which endpoint.
    #[schema(value_type = Object)]
    pub key: EndpointKey,
    /// Digest of what is probed there and how it is judged.
    #[schema(value_type = String)]
    pub spec: Digest,
    /// The verdict.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// How long it has held.
    pub verdict_age_ms: u64,
    /// Runs in a row that contradict the verdict.
    pub contradicting: u32,
    /// What the last bad run said, if the verdict is failing or runs contradict it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long the last run took, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// How long the certificate is still valid that it serves, at the moment of sending; absent if it serves none that was
    /// seen, and from monitors of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_left_ms: Option<u64>,
    /// What it would say if every run had failed since a drill asked for that; to be read over by whoever does not run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<InjectedReport>,
}

/// One endpoint changed: its verdict, or the number of runs that contradict it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Who speaks.
    pub bearing: Bearing,
    /// The endpoint as it is now.
    pub endpoint: EndpointReport,
}

/// Nothing changed, and this is how fresh that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    /// Who speaks.
    pub bearing: Bearing,
}

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceEvent {
    /// See [`Snapshot`].
    Snapshot(Snapshot),
    /// See [`Transition`].
    Transition(Transition),
    /// See [`Heartbeat`].
    Heartbeat(Heartbeat),
}

impl EvidenceEvent {
    /// Its SSE event name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => SNAPSHOT,
            Self::Transition(_) => TRANSITION,
            Self::Heartbeat(_) => HEARTBEAT,
        }
    }

    /// Who speaks.
    pub fn bearing(&self) -> &Bearing {
        match self {
            Self::Snapshot(Snapshot { bearing, .. })
            | Self::Transition(Transition { bearing, .. })
            | Self::Heartbeat(Heartbeat { bearing }) => bearing,
        }
    }

    /// Its SSE data: JSON on one line.
    pub fn encode(&self) -> String {
        let encoded = match self {
            Self::Snapshot(snapshot) => serde_json::to_string(snapshot),
            Self::Transition(transition) => serde_json::to_string(transition),
            Self::Heartbeat(heartbeat) => serde_json::to_string(heartbeat),
        };
        encoded.expect("invariant: events hold only strings, numbers and lists, which always serialise")
    }

    /// Reads an SSE event; `None` for a name of a later version.
    ///
    /// # Errors
    /// If the data is not that of the named event.
    pub fn decode(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match name {
            SNAPSHOT => Self::Snapshot(serde_json::from_str(data)?),
            TRANSITION => Self::Transition(serde_json::from_str(data)?),
            HEARTBEAT => Self::Heartbeat(serde_json::from_str(data)?),
            _ => return Ok(None),
        }))
    }
}

/// The id of an event: `<incarnation>-<sequence>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// One run of one monitor: 1 to 64 lower-case letters and digits.
    pub incarnation: String,
    /// Counts the events of an incarnation.
    pub sequence: u64,
}

/// The longest incarnation, in bytes.
const INCARNATION_BYTES_MAX: usize = 64;

/// A text is no event id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no event id, which is `<incarnation>-<sequence>`", .0.escape_debug())]
pub struct EventIdError(String);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.incarnation, self.sequence)
    }
}

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || EventIdError(text.chars().take(2 * INCARNATION_BYTES_MAX).collect());
        let (incarnation, sequence) = text.split_once('-').ok_or_else(refused)?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = (1..=INCARNATION_BYTES_MAX).contains(&incarnation.len()) && incarnation.bytes().all(allowed);
        // `u64` takes a plus sign, which no monitor writes.
        if !fits || !sequence.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        Ok(Self { incarnation: incarnation.to_owned(), sequence: sequence.parse().map_err(|_| refused())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_round_trip_and_strangers_are_refused() {
        let id = EventId { incarnation: "01j9x".to_owned(), sequence: u64::MAX };
        assert_eq!(id.to_string().parse(), Ok(id));
        let long = format!("{}-1", "a".repeat(65));
        for bad in ["", "-", "a", "a-", "-1", "a-+1", "a-b-1", "A-1", "a-18446744073709551616", "a-1\n", &long] {
            assert!(bad.parse::<EventId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn events_round_trip_by_their_names() {
        let digest = Digest::over([b"x".as_slice()]);
        let vantage = VantageName::new("fra1").expect("a valid name");
        let bearing = Bearing { vantage, config: digest, coverage: digest, blind: None, oldest_probe_age_ms: 7 };
        let snapshot = EvidenceEvent::Snapshot(Snapshot { bearing: bearing.clone(), endpoints: Vec::new() });
        let heartbeat = EvidenceEvent::Heartbeat(Heartbeat { bearing });
        for event in [snapshot, heartbeat] {
            let decoded = EvidenceEvent::decode(event.name(), &event.encode()).expect("is JSON");
            assert_eq!(decoded, Some(event));
        }
        assert_eq!(EvidenceEvent::decode("opinion", "whatever").expect("is passed over"), None);
        EvidenceEvent::decode(HEARTBEAT, "{}").expect_err("a heartbeat has a bearing");
    }
}
