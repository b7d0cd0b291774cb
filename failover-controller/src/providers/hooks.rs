//! What is counted and logged of an adapter's work.

use std::net::SocketAddr;
use std::sync::Arc;

use dns_adapters::Hooks;
use dns_core::identifier::ProviderName;
use dns_provider::rfc2136::NotifyError;
use dns_service::config::ProviderConfig;
use dns_service::config::provider::{ProviderKind, Rfc2136Config};
use dns_service::failpoint::{self, Failpoint};
use tracing::{debug, warn};

/// The counter of API calls, by provider, operation and outcome.
const CALLS: &str = "failover_controller_provider_calls_total";

/// The counter of NOTIFYs that failed, by provider and server.
const NOTIFY_FAILURES: &str = "failover_controller_notify_failures_total";

/// Describes what is counted.
pub(super) fn describe() {
    metrics::describe_counter!(CALLS, "calls of provider APIs, by operation and outcome");
    metrics::describe_counter!(NOTIFY_FAILURES, "NOTIFYs after a write that a secondary did not take");
}

/// Of one provider.
pub(super) fn of(name: &ProviderName, config: &ProviderConfig) -> Hooks {
    if let ProviderKind::Rfc2136(Rfc2136Config { notify, .. }) = &config.kind {
        for server in notify {
            notify_failures(name, *server).absolute(0);
        }
    }
    let (provider, calling) = (name.clone(), name.to_string());
    Hooks {
        sent: || failpoint::reach(Failpoint::AfterSend),
        counted: Arc::new(move |operation, outcome| {
            let labels = [("provider", calling.clone()), ("operation", operation.into()), ("outcome", outcome.into())];
            metrics::counter!(CALLS, &labels).increment(1);
        }),
        notified: Arc::new(move |server, outcome| note_notified(&provider, server, outcome)),
        // The controller reads no whole zones.
        ..Hooks::none()
    }
}

/// Logs and counts what became of a NOTIFY. A failed one makes a secondary late and nothing worse, so it wakes nobody:
/// verification tells who does not serve a write.
fn note_notified(provider: &ProviderName, server: SocketAddr, outcome: Result<(), NotifyError>) {
    match outcome {
        Ok(()) => debug!(%provider, %server, "secondary takes NOTIFY"),
        Err(error) => {
            warn!(%provider, %server, %error, "secondary was not notified of a write");
            notify_failures(provider, server).increment(1);
        }
    }
}

fn notify_failures(provider: &ProviderName, server: SocketAddr) -> metrics::Counter {
    metrics::counter!(NOTIFY_FAILURES, "provider" => provider.to_string(), "server" => server.to_string())
}
