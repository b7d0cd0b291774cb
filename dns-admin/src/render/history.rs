//! `history`: rows as they happened.

use std::collections::BTreeSet;

use dns_api::history::HistoryRowReport;

use super::Width;
use super::lines;
use super::table::table;
use super::wrap::wrapped;

/// How much of a decision is shown where there is little room, and more if that does not tell it from the others. Its end:
/// decisions begin with the time, so those of one night begin alike.
const DECISION_CHARS: usize = 6;

/// A page of history with its header; where a table has no room, one paragraph a row.
pub fn history(rows: &[HistoryRowReport], width: Width) -> String {
    if rows.is_empty() {
        return "nothing happened\n".to_owned();
    }
    let header = ["POSITION", "AT", "SERVICE", "KIND", "PAGE", "DECISION", "SUMMARY"];
    let whole = table(Width::Unbounded, header, rows.iter().map(cells));
    match width {
        Width::Columns(columns) if whole.lines().any(|line| line.chars().count() > usize::from(columns)) => {
            let shown = shown_chars(rows);
            rows.iter().map(|row| paragraph(row, shown, width)).collect()
        }
        Width::Columns(_) | Width::Unbounded => whole,
    }
}

fn paragraph(row: &HistoryRowReport, decision_chars: usize, width: Width) -> String {
    let HistoryRowReport { position, at, service, kind, decision, summary, page, details: _ } = row;
    let mark = if *page { " PAGE" } else { "" };
    let decision = decision.as_ref().map(|id| format!(" {}", shortened(id, decision_chars))).unwrap_or_default();
    let first = format!("{position} {} {service} {kind}{mark}{decision}", to_the_second(at));
    lines([first, wrapped(&format!("  {summary}"), 2, width)])
}

/// Milliseconds help nobody who reads; the table and JSON have them.
fn to_the_second(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

fn shortened(decision: &str, chars: usize) -> String {
    let skipped = decision.chars().count().saturating_sub(chars);
    let end: String = decision.chars().skip(skipped).collect();
    if skipped > 1 { format!("…{end}") } else { decision.to_owned() }
}

/// How much of decisions tells all of these rows' apart.
fn shown_chars(rows: &[HistoryRowReport]) -> usize {
    let all: BTreeSet<&str> = rows.iter().filter_map(|row| row.decision.as_deref()).collect();
    let longest = all.iter().map(|id| id.chars().count()).max().unwrap_or_default();
    let tells_apart =
        |chars: &usize| all.iter().map(|id| shortened(id, *chars)).collect::<BTreeSet<_>>().len() == all.len();
    (DECISION_CHARS..longest).find(tells_apart).unwrap_or(longest)
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
