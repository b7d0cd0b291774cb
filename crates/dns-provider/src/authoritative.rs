//! Asks a zone's authoritative servers directly what they serve, as verification needs it: which servers there are,
//! one question, and one bounded round of questions.
//!
//! Invariants: only authoritative answers count, and no answer is cached. Only the addresses of load balancers and of
//! servers whose names lie outside the zone go through a resolver, and what [`ask_resolver`] asks. Questions are
//! unsigned: this is what resolvers see. Nothing here writes or waits for a change; the caller repeats a round as long as
//! it cares.

mod delegation;
mod discovery;
mod resolving;
mod served;
mod servers;
mod targets;

use std::net::SocketAddr;
use std::time::Duration;

use dns_wire::ExchangeError;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

pub use self::delegation::{Delegated, delegated};
pub use self::discovery::{Discovery, DiscoveryError};
pub use self::resolving::ask_resolver;
pub use self::served::{Expected, Served, serves};
pub use self::servers::{Servers, Unresolved, servers};
pub use self::targets::Targets;
pub use crate::content::Content;

/// A question without an authoritative answer, by what it says about the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No answer, or none that can be read: ask again.
    #[error("{server} gives no answer: {reason}")]
    Silent {
        /// The server.
        server: SocketAddr,
        /// What happened.
        reason: String,
    },
    /// It answers, but not as an authoritative server of the zone: someone has to look at it.
    #[error("{server} is not authoritative for {name} ({reason})")]
    Lame {
        /// The server.
        server: SocketAddr,
        /// What it was asked for.
        name: String,
        /// What it said.
        reason: String,
    },
}

/// Asks one server once, over UDP, and over TCP if the answer is truncated. Each takes `within` at the most.
///
/// # Errors
/// [`AskError`].
pub async fn ask(server: SocketAddr, name: &Name, rtype: RecordType, within: Duration) -> Result<Content, AskError> {
    let silent = |reason: String| AskError::Silent { server, reason };
    let query = dns_wire::query(Message::query().metadata.id, name, rtype);
    let wire = query.to_vec().map_err(|error| silent(error.to_string()))?;
    let answer = dns_wire::udp_then_tcp(server, &wire, within).await.map_err(|error| match error {
        ExchangeError::Connect { reason, .. } | ExchangeError::NoAnswer { reason, .. } => silent(reason),
        ExchangeError::Garbage { reason, .. } => silent(format!("it sent garbage: {reason}")),
    })?;
    let message = answer.message;
    let lame = |reason: String| AskError::Lame { server, name: name.to_string(), reason };
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        other => return Err(lame(other.to_string())),
    }
    // An id alone is 16 bits: the question must be ours as well (RFC 5452 §9.1).
    let asked = message.queries.iter().any(|query| query.query_type() == rtype && query.name().eq_ignore_root(name));
    if !asked {
        return Err(silent("it answers another question".to_owned()));
    }
    if !message.metadata.authoritative {
        return Err(lame("no AA bit".to_owned()));
    }
    Ok(Content::of(&message, name, rtype))
}
