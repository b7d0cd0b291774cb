//! What waits for a second person, with the buttons that answer it. The dialogs are those of orders.

use dns_api::approval::ApprovalReport;
use maud::{Markup, html};

use super::orders::Verb;

/// The answers that something takes: what has happened already can only be acknowledged.
fn verbs(approval: &ApprovalReport) -> impl Iterator<Item = Verb> {
    let has_happened = approval.lapses_in_ms.is_none();
    [Verb::Approve, Verb::Decline].into_iter().filter(move |verb| *verb == Verb::Approve || !has_happened)
}

/// The buttons, beside what they answer.
pub(super) fn answers(approval: &ApprovalReport) -> Markup {
    let ApprovalReport { approval: id, service, what, asked_by, .. } = approval;
    html! {
        div.second id={ "second-" (id) } {
            span { (what.replace('`', "")) " waits for somebody else than " b { (asked_by) } }
            @for verb in verbs(approval) {
                button type="button" data-order=(verb.path()) data-service=(service) data-approval=(id)
                    id={ (verb.path()) "-" (id) } { (verb.label()) "…" }
            }
        }
    }
}

/// What each answer would do, in a sentence; the dialogs show these.
pub(super) fn says(approval: &ApprovalReport) -> Markup {
    html! {
        @for verb in verbs(approval) {
            li data-verb=(verb.path()) data-approval=(approval.approval) { (sentence(approval, verb)) }
        }
    }
}

fn sentence(approval: &ApprovalReport, verb: Verb) -> String {
    let ApprovalReport { what, reason, why, .. } = approval;
    let does = match (verb, approval.lapses_in_ms) {
        (Verb::Decline, _) => "Nothing of it will be done.",
        (_, Some(_)) => "It is carried out at once, if the safety rules still agree.",
        (_, None) => "It has happened; you acknowledge it.",
    };
    format!("{}: {reason} ({why}). {does}", what.replace('`', ""))
}
