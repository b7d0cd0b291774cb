//! How a decision went, for `--wait`.

use dns_api::command::{Accepted, DecisionReport, DecisionStatus};
use dns_api::history::HistoryRowReport;

use super::Width;
use super::lines;
use super::service::servers;
use super::table::indented;
use crate::follow::outcome::{Goal, Outcome, PlaceEnd, PlaceOutcome};

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

/// One line while places have yet to come after the first.
pub fn still_waiting(service: &str, places: &[PlaceOutcome]) -> String {
    let waited_for: Vec<&str> = places.iter().filter(|place| place.outcome != PlaceEnd::Done).map(name).collect();
    format!(
        "{service} is done at {} of {} places, waiting for {}",
        places.len() - waited_for.len(),
        places.len(),
        waited_for.join(", ")
    )
}

/// The end, with what every server serves.
pub fn outcome(outcome: &Outcome, width: Width) -> String {
    let Outcome { decision: DecisionReport { decision, service, .. }, places, verification, .. } = outcome;
    let mut text = format!("{service}: {} (decision {decision})\n", end(outcome));
    if places.is_empty() {
        let seen = verification.iter().map(|verification| indented(&servers(&verification.servers, width)));
        text.extend(seen);
    }
    for place in places {
        text.push_str(&indented(&place_outcome(place, width)));
    }
    let is_behind = outcome.written().count() < places.len();
    text.push_str(if is_behind { way_on(outcome.goal) } else { "" });
    text
}

fn name(place: &PlaceOutcome) -> &str {
    &place.name
}

fn end(outcome: &Outcome) -> String {
    let Outcome { decision: DecisionReport { status, rows, .. }, places, .. } = outcome;
    let own = || format!("{}{}", status_words(*status), why(*status, rows));
    let all = places.len();
    let behind: Vec<String> = places.iter().filter_map(still).collect();
    if !behind.is_empty() {
        return format!("written at {} of {all} places; {}", all - behind.len(), behind.join("; "));
    }
    let unverified: Vec<&str> = places.iter().filter(|place| place.outcome != PlaceEnd::Done).map(name).collect();
    match (*status, all) {
        (_, 0) => own(),
        (_, _) if !unverified.is_empty() => {
            format!("written at {all} of {all} places, but unverified at {}", unverified.join(", "))
        }
        (DecisionStatus::Done, _) => format!("{}, at all {all} places", own()),
        (_, _) => own(),
    }
}

/// Why a place is not written and what it serves meanwhile; `None` if it is.
fn still(place: &PlaceOutcome) -> Option<String> {
    let PlaceOutcome { name, active, reason, .. } = place;
    let serves = active.as_ref().map(|active| format!(", it still serves {active}")).unwrap_or_default();
    Some(format!("{name}: {}{serves}", reason.as_ref()?))
}

fn place_outcome(place: &PlaceOutcome, width: Width) -> String {
    let word = match place.outcome {
        PlaceEnd::Done => "done",
        PlaceEnd::Verifying => "written, its servers are still being asked",
        PlaceEnd::Unverified => "written, but unverified",
        PlaceEnd::Behind => "not written",
    };
    let mut text = lines([format!("{}: {word}", place.name)]);
    if !place.servers.is_empty() {
        text.push_str(&indented(&servers(&place.servers, width)));
    }
    text
}

fn way_on(goal: Goal) -> &'static str {
    match goal {
        Goal::Moved => "what is behind follows by itself as soon as it can: dns-admin status\n",
        Goal::Adopted | Goal::Released => "give the same order again when what is behind can be written\n",
    }
}

fn why(status: DecisionStatus, rows: &[HistoryRowReport]) -> String {
    match status {
        DecisionStatus::Ended | DecisionStatus::Unverified => {
            rows.last().map(|row| format!(": {}", row.summary)).unwrap_or_default()
        }
        DecisionStatus::Open | DecisionStatus::Written | DecisionStatus::Done => String::new(),
    }
}

pub(super) fn status_words(status: DecisionStatus) -> &'static str {
    match status {
        DecisionStatus::Open => "is being written",
        DecisionStatus::Written => "is written, asking every authoritative server",
        DecisionStatus::Done => "done, every authoritative server that answers serves it",
        DecisionStatus::Unverified => "written, but unverified",
        DecisionStatus::Ended => "ended without a write",
    }
}
