//! The controller's API for code that blocks: the typed client, one call at a time.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use dns_api::client::{ClientError, ControllerAccess, ControllerClient, HistoryFilter};
use dns_api::command::{DecisionReport, DecisionStatus, FailoverRequest, ReasonedRequest};
use dns_api::history::HistoryRowReport;
use dns_api::status::ServiceReport;
use dns_api::transport::BearerToken;
use dns_core::identifier::{RegionName, ServiceName};
use tokio::runtime::Runtime;

use crate::until::{PATIENCE, until};

/// How long one call may take; the controller is on loopback.
const CALL: Duration = Duration::from_secs(5);

/// Rows of history that are looked through for a decision: a failover makes about ten.
const ROWS_MAX: u32 = 500;

/// Why anything is ordered here.
const REASON: &str = "benchmark";

/// The state of a service whose records are where they should be.
const STEADY: &str = "steady on the preferred region";

/// A client of one controller.
pub(super) struct Api {
    runtime: Runtime,
    client: ControllerClient,
}

impl Api {
    /// Makes a client; nothing is sent yet.
    pub(super) fn new(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let access = ControllerAccess {
            server: format!("http://{address}").parse().context("an address makes a URL")?,
            token: Some(BearerToken::new(token)?),
            ca: None,
            timeout: CALL,
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot call an API")?;
        Ok(Self { runtime, client: ControllerClient::new(&access)? })
    }

    /// Puts a service's records under its fence.
    pub(super) fn adopt(&self, service: &ServiceName) -> anyhow::Result<()> {
        let request = reasoned();
        self.call(self.client.adopt(service, &request)).with_context(|| format!("cannot adopt {service}"))?;
        Ok(())
    }

    /// Orders a service to another region and returns the decision.
    pub(super) fn fail_over(&self, service: &ServiceName, to: &RegionName) -> anyhow::Result<String> {
        let request = FailoverRequest {
            to: to.clone(),
            reason: REASON.to_owned(),
            overrides: Vec::new(),
            override_for_secs: None,
        };
        let accepted = self.call(self.client.failover(service, &request));
        let accepted = accepted.with_context(|| format!("cannot fail {service} over"))?;
        accepted.decision.with_context(|| format!("a failover of {service} decided nothing: {}", accepted.message))
    }

    /// Orders a service back to its preferred region and returns the decision.
    pub(super) fn fail_back(&self, service: &ServiceName) -> anyhow::Result<String> {
        let request = reasoned();
        let accepted = self.call(self.client.failback(service, &request));
        let accepted = accepted.with_context(|| format!("cannot fail {service} back"))?;
        accepted.decision.with_context(|| format!("a failback of {service} decided nothing: {}", accepted.message))
    }

    /// Waits until every region may be moved to.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub(super) fn until_proven(&self, service: &ServiceName) {
        self.until(service, "every region is proven", |report| {
            report.summary.regions.iter().all(|region| region.proven)
        });
    }

    /// Waits until a service is at rest in its preferred region with every region proven.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub(super) fn until_steady(&self, service: &ServiceName) {
        self.until_proven(service);
        self.until(service, STEADY, |report| report.summary.state == STEADY && report.open.is_none());
    }

    /// The position of a service's last history row.
    pub(super) fn position(&self, service: &ServiceName) -> anyhow::Result<u64> {
        Ok(self.rows(service, None)?.last().map_or(0, |row| row.position))
    }

    /// The first decision of a kind after a position.
    ///
    /// # Panics
    ///
    /// When there is none within [`PATIENCE`].
    pub(super) fn decision_after(&self, service: &ServiceName, position: u64, kind: &str) -> String {
        until(&format!("a {kind} of {service} was decided"), PATIENCE, || {
            let rows = self.rows(service, Some(position)).map_err(|error| error.to_string())?;
            let decided = rows.iter().find(|row| row.kind == "decided" && row.details["kind"] == kind);
            decided.and_then(|row| row.decision.clone()).ok_or_else(|| format!("{} other rows", rows.len()))
        })
    }

    /// The rows of a decision, once every authoritative server was seen to serve it.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub(super) fn until_done(&self, decision: &str) -> Vec<HistoryRowReport> {
        until(&format!("decision {decision} is done"), PATIENCE, || {
            let report: DecisionReport =
                self.call(self.client.decision(decision)).map_err(|error| error.to_string())?;
            if report.status == DecisionStatus::Done { Ok(report.rows) } else { Err(format!("{:?}", report.status)) }
        })
    }

    fn until(&self, service: &ServiceName, what: &str, is_so: impl Fn(&ServiceReport) -> bool) {
        until(&format!("{service}: {what}"), PATIENCE, || {
            let report = self.call(self.client.service(service)).map_err(|error| error.to_string())?;
            if is_so(&report) { Ok(()) } else { Err(format!("{:?}", report.summary)) }
        });
    }

    fn rows(&self, service: &ServiceName, after: Option<u64>) -> anyhow::Result<Vec<HistoryRowReport>> {
        let filter = HistoryFilter { service: Some(service.clone()), after, limit: Some(ROWS_MAX) };
        Ok(self.call(self.client.history(&filter)).context("cannot read history")?.rows)
    }

    fn call<T>(&self, call: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        self.runtime.block_on(call)
    }
}

fn reasoned() -> ReasonedRequest {
    ReasonedRequest { reason: REASON.to_owned(), overrides: Vec::new(), override_for_secs: None }
}
