//! `--wait`: follows a decision until it is verified, has ended, or time is up.
//!
//! Following only reads, so a controller that goes away for a moment, or for a restart, ends nothing: the decision is
//! in its store.

use std::time::Duration;

use dns_api::client::{ClientError, ControllerClient};
use dns_api::command::{Accepted, DecisionReport, DecisionStatus};
use dns_api::status::VerificationReport;
use dns_core::history::HistoryKind;
use dns_core::identifier::ServiceName;
use dns_service::exit::Exit;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::output::Output;
use crate::render::decision::{accepted, outcome, progress};

/// How often a decision is asked for: often enough that the last line is true, rarely enough to be nothing.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// What to follow, and how.
#[derive(Debug)]
pub struct Following<'a> {
    /// Whom to ask.
    pub client: &'a ControllerClient,
    /// Where to tell.
    pub output: &'a Output,
    /// The service.
    pub service: &'a ServiceName,
    /// For how long; `None` doesn't wait at all.
    pub patience: Option<Duration>,
}

impl Following<'_> {
    /// Tells what was accepted or, with patience, what became of it.
    ///
    /// # Errors
    /// If time is up or the controller doesn't know the decision.
    pub async fn tell(&self, answer: &Accepted) -> Result<Exit, Failure> {
        let (Some(patience), Some(decision)) = (self.patience, &answer.decision) else {
            self.output.answer(answer, |_| accepted(answer, self.service.as_str()))?;
            return Ok(Exit::Done);
        };
        self.output.progress(&answer.message);
        let report = self.until_over(decision, patience).await;
        self.output.progress_over();
        let report = report?;
        let verification = self.verification().await;
        self.output.answer(&report, |width| outcome(&report, verification.as_ref(), width))?;
        Ok(exit(&report))
    }

    async fn until_over(&self, decision: &str, patience: Duration) -> Result<DecisionReport, Failure> {
        let deadline = Instant::now() + patience;
        let mut last = None;
        let mut told = String::new();
        loop {
            let line = match self.client.decision(decision).await {
                Ok(report) if is_over(report.status) => return Ok(report),
                Ok(report) => {
                    let line = progress(&report);
                    last = Some(report.status);
                    line
                }
                Err(error @ (ClientError::Unreachable { .. } | ClientError::NoAnswer { .. })) => error.to_string(),
                Err(error) => return Err(error.into()),
            };
            if line != told {
                self.output.progress(&line);
                told = line;
            }
            if Instant::now() + POLL_INTERVAL >= deadline {
                return Err(self.out_of_time(decision, last, patience));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn out_of_time(&self, decision: &str, last: Option<DecisionStatus>, patience: Duration) -> Failure {
        let patience = humantime::format_duration(patience);
        let (exit, what) = match last {
            Some(DecisionStatus::Written) => {
                (Exit::Unverified, format!("written, but not verified within {patience} (decision {decision})"))
            }
            Some(_) => (Exit::Failed, format!("not written within {patience} (decision {decision}); it may still be")),
            None => (Exit::Unreachable, format!("the controller did not answer for {patience} (decision {decision})")),
        };
        Failure::new(exit, what).hint(format!("dns-admin history --follow --service {}", self.service))
    }

    /// Server times are worth having, but their absence is no failure of what was asked for.
    async fn verification(&self) -> Option<VerificationReport> {
        self.client.service(self.service).await.ok()?.verification
    }
}

fn is_over(status: DecisionStatus) -> bool {
    match status {
        DecisionStatus::Open | DecisionStatus::Written => false,
        DecisionStatus::Done | DecisionStatus::Unverified | DecisionStatus::Ended => true,
    }
}

/// A decision that ended because it was no longer right was held; any other end is a failure.
fn exit(report: &DecisionReport) -> Exit {
    match report.status {
        DecisionStatus::Done => Exit::Done,
        DecisionStatus::Written | DecisionStatus::Unverified => Exit::Unverified,
        DecisionStatus::Open => Exit::Failed,
        DecisionStatus::Ended => {
            let expired = report.rows.iter().any(|row| row.kind == HistoryKind::Expired.as_str());
            if expired { Exit::Refused } else { Exit::Failed }
        }
    }
}
