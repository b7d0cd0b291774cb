//! `--wait` of an order that waits for a second person: until one has answered, or nobody has in time.

use std::time::Duration;

use dns_api::approval::{ApprovalStatus, AwaitingApproval};
use dns_api::client::ControllerClient;
use dns_service::exit::Exit;
use tokio::time::Instant;

use super::{News, POLL_INTERVAL, is_silence};
use crate::failure::Failure;

/// Longer than the approval itself lasts: the controller says that it has lapsed, and not this clock.
const LAPSED_WITHIN: Duration = Duration::from_secs(30);

/// Waits for the answer of a second person; returns the decision that it has led to. Without a `timeout` it waits until the
/// order lapses.
///
/// # Errors
/// If it was declined or lapsed, or time is up.
pub(super) async fn until_answered(
    client: &ControllerClient,
    news: &mut News<'_>,
    waits: &AwaitingApproval,
    timeout: Option<Duration>,
) -> Result<String, Failure> {
    let AwaitingApproval { approval, lapses_in_ms, .. } = waits;
    let patience = timeout.unwrap_or(Duration::from_millis(*lapses_in_ms) + LAPSED_WITHIN);
    let deadline = Instant::now() + patience;
    loop {
        match client.approval(approval).await {
            Ok(outcome) => match (outcome.status, outcome.decision) {
                (ApprovalStatus::Waiting, _) => news.tell(outcome.summary),
                (ApprovalStatus::Approved, Some(decision)) => return Ok(decision),
                (ApprovalStatus::Approved, None) => return Err(Failure::new(Exit::Failed, outcome.summary)),
                (ApprovalStatus::Declined | ApprovalStatus::Lapsed, _) => {
                    return Err(Failure::new(Exit::Refused, outcome.summary));
                }
            },
            Err(error) if is_silence(&error) => news.tell(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        if Instant::now() + POLL_INTERVAL >= deadline {
            return Err(still_waits(approval, patience));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

fn still_waits(approval: &str, patience: Duration) -> Failure {
    let patience = humantime::format_duration(patience);
    let what = format!("no second person has answered within {patience} (approval {approval}); one still may");
    Failure::new(Exit::AwaitingApproval, what)
        .hint(format!("dns-admin decline {approval} --reason TEXT takes the order back"))
}
