//! How a decision went, for `--wait`.

use dns_api::command::{Accepted, DecisionReport, DecisionStatus};
use dns_api::history::HistoryRowReport;
use dns_api::status::VerificationReport;

use super::Width;
use super::lines;
use super::service::servers;
use super::table::indented;

/// The answer to a call that is not followed.
pub fn accepted(accepted: &Accepted, service: &str) -> String {
    let follow = accepted
        .decision
        .iter()
        .map(|decision| format!("decision {decision}; follow it with: dns-admin history --follow --service {service}"));
    lines([accepted.message.clone()].into_iter().chain(follow))
}

/// One line while it is going on.
pub fn progress(report: &DecisionReport) -> String {
    let last = report.rows.last().map(|row| format!(": {}", row.summary)).unwrap_or_default();
    format!("{} {}{last}", report.service, status_words(report.status))
}

/// The end, with what every server serves.
pub fn outcome(report: &DecisionReport, verification: Option<&VerificationReport>, width: Width) -> String {
    let DecisionReport { decision, service, status, rows } = report;
    let mut text = format!("{service}: {}{} (decision {decision})\n", status_words(*status), why(*status, rows));
    if let Some(verification) = verification.filter(|verification| verification.decision == *decision) {
        text.push_str(&indented(&servers(verification, width)));
    }
    text
}

fn why(status: DecisionStatus, rows: &[HistoryRowReport]) -> String {
    match status {
        DecisionStatus::Ended | DecisionStatus::Unverified => {
            rows.last().map(|row| format!(": {}", row.summary)).unwrap_or_default()
        }
        DecisionStatus::Open | DecisionStatus::Written | DecisionStatus::Done => String::new(),
    }
}

fn status_words(status: DecisionStatus) -> &'static str {
    match status {
        DecisionStatus::Open => "is being written",
        DecisionStatus::Written => "is written, asking every authoritative server",
        DecisionStatus::Done => "done, every authoritative server that answers serves it",
        DecisionStatus::Unverified => "written, but unverified",
        DecisionStatus::Ended => "ended without a write",
    }
}
