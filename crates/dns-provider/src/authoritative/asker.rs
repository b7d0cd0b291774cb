//! From where a question is asked: from here, or from a place that reaches what this process does not.
//!
//! An asker only carries: what an answer means is said in one place, whoever brought it.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use dns_wire::ExchangeError;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

use super::AskError;
use crate::content::Content;

/// Carries questions to authoritative servers.
#[async_trait]
pub trait Asker: Send + Sync {
    /// Asks once, over UDP, and over TCP if the answer is truncated. Each takes `within` at the most, and an asker that is
    /// far away takes that for all of it. The answer is the server's message, whatever it says.
    ///
    /// # Errors
    /// [`AskError::Silent`] if the server gives none, [`AskError::Unasked`] if it could not be asked.
    async fn exchange(
        &self,
        server: SocketAddr,
        name: &Name,
        rtype: RecordType,
        within: Duration,
    ) -> Result<Message, AskError>;
}

/// Asks from where this process runs.
#[derive(Clone, Copy, Debug)]
pub struct Here;

#[async_trait]
impl Asker for Here {
    async fn exchange(
        &self,
        server: SocketAddr,
        name: &Name,
        rtype: RecordType,
        within: Duration,
    ) -> Result<Message, AskError> {
        let silent = |reason: String| AskError::Silent { server, reason };
        let query = dns_wire::query(Message::query().metadata.id, name, rtype);
        let wire = query.to_vec().map_err(|error| silent(error.to_string()))?;
        let answer = dns_wire::udp_then_tcp(server, &wire, within).await.map_err(|error| match error {
            ExchangeError::Connect { reason, .. } | ExchangeError::NoAnswer { reason, .. } => silent(reason),
            ExchangeError::Garbage { reason, .. } => silent(format!("it sent garbage: {reason}")),
        })?;
        Ok(answer.message)
    }
}

/// Asks one server once, by way of an asker.
///
/// # Errors
/// [`AskError`].
pub async fn ask_by(
    asker: &dyn Asker,
    server: SocketAddr,
    name: &Name,
    rtype: RecordType,
    within: Duration,
) -> Result<Content, AskError> {
    let message = asker.exchange(server, name, rtype, within).await?;
    let lame = |reason: String| AskError::Lame { server, name: name.to_string(), reason };
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        other => return Err(lame(other.to_string())),
    }
    // An id alone is 16 bits: the question must be ours as well (RFC 5452 §9.1).
    let is_ours = message.queries.iter().any(|query| query.query_type() == rtype && query.name().eq_ignore_root(name));
    if !is_ours {
        return Err(AskError::Silent { server, reason: "it answers another question".to_owned() });
    }
    if !message.metadata.authoritative {
        return Err(lame("no AA bit".to_owned()));
    }
    Ok(Content::of(&message, name, rtype))
}
