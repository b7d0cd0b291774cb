//! One question to one authoritative server, asked by a monitor for the controller: `POST /api/v1/ask`.
//!
//! For servers of a private network, which the controller does not reach. The answer is the server's message as it came,
//! so that the controller judges it exactly as if it had asked itself.

mod client;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::client::{AskClient, AskError};

/// How long the monitor gives the server for one exchange, over UDP and again over TCP: monitor and server are on the same
/// private network, and the controller's own questions have as long.
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the monitor keeps a question waiting while too many others are under way: the controller asks again, and by
/// way of another monitor.
pub const PLACE_TIMEOUT: Duration = Duration::from_millis(500);

/// How long the controller waits for a monitor's answer: a place, two exchanges, and as much again as one of them for the
/// way there and back.
pub const ANSWER_TIMEOUT: Duration = Duration::from_millis(3500);

/// Asks for one question to one server, now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskRequest {
    /// Address and port, among the `authoritativeServers` of a provider with `verify: private`.
    pub server: String,
    /// The name, inside a zone of that provider.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, `SOA` or `TXT`.
    #[serde(rename = "type")]
    pub rtype: String,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AskReport {
    /// The vantage point that asked.
    pub vantage: String,
    /// What it was answered.
    pub outcome: AskOutcome,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AskOutcome {
    /// The response message (RFC 1035 §4.1) in base64, whatever it says.
    Answered(String),
    /// No message, or none that can be read: why.
    Silent(String),
}
