//! Vantage points as the controller speaks to them, and as askers: each carries questions to servers of its private network.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use data_encoding::BASE64;
use dns_api::ask::{AskClient, AskOutcome, AskRequest};
use dns_api::evidence_stream::EvidenceAccess;
use dns_api::transport::{BearerToken, SetupError};
use dns_core::identifier::VantageName;
use dns_provider::authoritative::{AskError, Asker};
use dns_service::config::Config;
use dns_service::config::secret::{SecretError, read_secret_line};
use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RecordType};

/// A vantage point cannot be spoken to from here.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The token for monitors cannot be read.
    #[error("`controller.monitorTokenFile`")]
    Secret(#[from] SecretError),
    /// The token, the URL or the authority cannot be used.
    #[error("the way to the vantage points")]
    Setup(#[from] SetupError),
}

/// How to speak to each vantage point, in the order of the configuration.
///
/// # Errors
/// [`AccessError`].
pub fn accesses(config: &Config) -> Result<Vec<EvidenceAccess>, AccessError> {
    let token = match &config.controller.monitor_token_file {
        Some(path) => Some(BearerToken::new(&read_secret_line(path)?)?),
        None => None,
    };
    let access = |point: &dns_service::config::VantagePoint| EvidenceAccess {
        vantage: point.name.clone(),
        url: point.url.clone(),
        token: token.clone(),
        ca: config.tls.ca.clone(),
    };
    Ok(config.vantage_points.iter().map(access).collect())
}

/// Asks by way of one vantage point.
#[derive(Clone, Debug)]
pub struct AtVantage {
    client: AskClient,
}

impl AtVantage {
    /// Makes the asker; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] if the vantage point cannot be spoken to.
    pub fn new(access: &EvidenceAccess) -> Result<Self, SetupError> {
        Ok(Self { client: AskClient::new(access)? })
    }

    /// Who asks.
    pub fn vantage(&self) -> &VantageName {
        self.client.vantage()
    }
}

#[async_trait]
impl Asker for AtVantage {
    async fn exchange(
        &self,
        server: SocketAddr,
        name: &Name,
        rtype: RecordType,
        within: Duration,
    ) -> Result<Message, AskError> {
        let request = AskRequest { server: server.to_string(), name: name.to_ascii(), rtype: rtype.to_string() };
        let asked = self.client.ask(&request, within).await;
        let asked = asked.map_err(|error| AskError::Unasked { server, reason: error.to_string() })?;
        let silent = |reason: String| AskError::Silent { server, reason };
        match asked {
            AskOutcome::Answered(message) => read(&message).map_err(silent),
            AskOutcome::Silent(reason) => Err(silent(reason)),
        }
    }
}

fn read(message: &str) -> Result<Message, String> {
    let garbage = |error: &dyn std::fmt::Display| format!("what was relayed is no DNS message: {error}");
    let wire = BASE64.decode(message.as_bytes()).map_err(|error| garbage(&error))?;
    Message::from_vec(&wire).map_err(|error| garbage(&error))
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::{Message, OpCode};

    use super::*;

    #[test]
    fn what_a_monitor_relays_is_read_as_it_came_or_said_to_be_garbage() {
        let message = Message::response(7, OpCode::Query);
        let relayed = BASE64.encode(&message.to_vec().expect("encodes"));
        assert_eq!(read(&relayed), Ok(message));
        for garbage in ["!", &BASE64.encode(b"short")] {
            let reason = read(garbage).expect_err("no message");
            assert!(reason.starts_with("what was relayed is no DNS message: "), "{reason}");
        }
    }
}
