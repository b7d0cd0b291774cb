//! Asks a zone's authoritative servers directly what they serve, as verification needs it: which servers there are,
//! one question, and one bounded round of questions.
//!
//! Invariants: only authoritative answers count, and no answer is cached. Only the addresses of load balancers and of
//! servers whose names lie outside the zone go through a resolver, and what [`ask_resolver`] asks. Questions are
//! unsigned: this is what resolvers see. An [`Asker`] brings them to servers that this process does not reach. Nothing here writes or waits for a change; the caller repeats a round as long as
//! it cares.

mod asker;
mod delegation;
mod discovery;
mod resolving;
mod served;
mod servers;
mod targets;

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};

pub use self::asker::{Asker, Here, ask_by};
pub use self::delegation::{Delegated, delegated};
pub use self::discovery::{Discovery, DiscoveryError};
pub use self::resolving::ask_resolver;
pub use self::served::{Expected, Served, serves, serves_by};
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
    /// Whoever was to ask it could not: ask by way of another.
    #[error("{server} was not asked: {reason}")]
    Unasked {
        /// The server.
        server: SocketAddr,
        /// Why.
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

/// Asks one server once, from here, over UDP, and over TCP if the answer is truncated. Each takes `within` at the most.
///
/// # Errors
/// [`AskError`].
pub async fn ask(server: SocketAddr, name: &Name, rtype: RecordType, within: Duration) -> Result<Content, AskError> {
    ask_by(&Here, server, name, rtype, within).await
}
