//! What waits for a second person, and what was answered.

use dns_api::approval::{ApprovalList, ApprovalReport, AwaitingApproval};
use dns_api::command::Accepted;

use super::span::span;
use super::{Width, lines};

/// The answer to an order that waits.
pub fn awaiting(message: &str, waits: &AwaitingApproval) -> String {
    let AwaitingApproval { approval, lapses_in_ms, .. } = waits;
    let agree =
        format!("somebody else has {} to agree: dns-admin approve {approval} --reason TEXT", span(*lapses_in_ms));
    lines([message, &agree])
}

/// The answer to an approval or a refusal.
pub fn answered(answer: &Accepted) -> String {
    let follow = answer
        .decision
        .iter()
        .map(|decision| format!("decision {decision}; follow it with: dns-admin explain {decision}"));
    lines([answer.message.clone()].into_iter().chain(follow))
}

/// Everything that waits, each with the answer to type.
pub fn waiting(list: &ApprovalList, _width: Width) -> String {
    if list.approvals.is_empty() {
        return lines(["nothing waits for a second person"]);
    }
    lines(list.approvals.iter().flat_map(one))
}

fn one(report: &ApprovalReport) -> [String; 4] {
    let ApprovalReport { approval, service, what, asked_by, reason, why, age_ms, lapses_in_ms } = report;
    let age = span(*age_ms);
    let end = match lapses_in_ms {
        Some(left) => format!("lapses in {}", span(*left)),
        None => "does not lapse".to_owned(),
    };
    [
        format!("{service}: {what}: {reason}"),
        format!("  asked {age} ago, {end}; {why}"),
        format!("  anybody but `{asked_by}` agrees by: dns-admin approve {approval} --reason TEXT"),
        format!("  or: dns-admin decline {approval} --reason TEXT"),
    ]
}
