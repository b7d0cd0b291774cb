//! Asks the vantage points that judge a service to inject failures: all of them, or it is no outage that is tried.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_api::evidence_stream::EvidenceAccess;
use dns_api::injection::{InjectionClient, InjectionEnd, InjectionRequest};
use dns_api::transport::SetupError;
use dns_core::drill::{Drill, DrillId};
use dns_core::identifier::VantageName;
use dns_core::service::Service;
use futures_util::future::join_all;

/// The ways to vantage points.
#[derive(Clone)]
pub(crate) struct Monitors(Arc<BTreeMap<VantageName, InjectionClient>>);

impl Monitors {
    /// Makes the clients; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] if a vantage point cannot be spoken to.
    pub(crate) fn new(accesses: &[EvidenceAccess]) -> Result<Self, SetupError> {
        let client = |access: &EvidenceAccess| Ok((access.vantage.clone(), InjectionClient::new(access)?));
        Ok(Self(Arc::new(accesses.iter().map(client).collect::<Result<_, SetupError>>()?)))
    }

    /// Those that judge a service.
    pub(super) fn of(&self, service: &Service) -> Judges {
        let judging = service.policy.vantage_points.iter().filter_map(|vantage| self.0.get(vantage));
        Judges(judging.cloned().collect())
    }
}

/// The ways to the vantage points that judge a service.
pub(super) struct Judges(Vec<InjectionClient>);

impl Judges {
    /// Asks each to count the region that a drill leaves as failed, for so long.
    pub(super) async fn inject(&self, drill: &Drill, lasts: Duration) -> Result<(), String> {
        let request = InjectionRequest {
            id: drill.id.clone(),
            service: drill.service.clone(),
            region: drill.from.clone(),
            lasts_ms: u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX),
        };
        let answers = join_all(self.0.iter().map(|client| client.begin(&request))).await;
        let refused: Vec<String> = answers.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let hint = "the token of `controller.monitorTokenFile` needs the role operator at every monitor; \
                    `--no-injection` orders the move instead";
        Err(format!("{}; {hint}", refused.join("; ")))
    }

    /// Asks each to stop.
    pub(super) async fn withdraw(&self, id: &DrillId) {
        let request = InjectionEnd { id: id.clone() };
        for (client, answer) in self.0.iter().zip(join_all(self.0.iter().map(|client| client.end(&request))).await) {
            if let Err(error) = answer {
                let (vantage, error) = (client.vantage(), error.to_string());
                tracing::warn!(drill = %id, %vantage, error, "did not take the end of an injection; it ends by itself");
            }
        }
    }
}
