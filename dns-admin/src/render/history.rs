//! `history`: rows as they happened.

use dns_api::history::HistoryRowReport;

use super::Width;
use super::table::table;

/// A page of history with its header.
pub fn history(rows: &[HistoryRowReport], width: Width) -> String {
    if rows.is_empty() {
        return "nothing happened\n".to_owned();
    }
    table(width, ["POSITION", "AT", "SERVICE", "KIND", "PAGE", "DECISION", "SUMMARY"], rows.iter().map(cells))
}

/// One row on one line, for following.
pub fn row(row: &HistoryRowReport) -> String {
    let [position, at, service, kind, page, _, summary] = cells(row);
    let page = if page == "-" { "" } else { "PAGE " };
    format!("{position} {at} {service} {kind} {page}{summary}")
}

fn cells(row: &HistoryRowReport) -> [String; 7] {
    let HistoryRowReport { position, at, service, kind, decision, summary, page, details: _ } = row;
    [
        position.to_string(),
        at.clone(),
        service.clone(),
        kind.clone(),
        if *page { "PAGE" } else { "-" }.to_owned(),
        decision.clone().unwrap_or_else(|| "-".to_owned()),
        summary.clone(),
    ]
}
