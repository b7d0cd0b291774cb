//! History, newest first: sentences, and the evidence behind each decision.

use dns_api::history::HistoryRowReport;
use maud::{Markup, html};

use super::moment::fixed;
use super::prose;
use crate::page::view::{HISTORY_ROWS, PageView, Pane};

pub(super) fn newest(view: &PageView) -> Markup {
    section(view, "history", "History", &view.newest)
}

pub(super) fn of_service(view: &PageView, pane: &Pane, id: &str) -> Markup {
    section(view, id, &format!("History of {}", pane.name()), &pane.rows)
}

fn section(view: &PageView, id: &str, title: &str, rows: &[HistoryRowReport]) -> Markup {
    html! {
        section.history id=(id) aria-label="history" {
            h2 { (title) }
            @if let Some(error) = &view.history_error {
                p.trouble { "History cannot be read, what stands here may be old: " (error) }
            }
            (table(rows))
        }
    }
}

/// Rows, and the way to older ones.
pub(crate) fn table(rows: &[HistoryRowReport]) -> Markup {
    html! {
        @if rows.is_empty() { p.none { "Nothing happened yet." } }
        ol.rows { @for row in rows { (entry(row)) } }
        @if let Some(oldest) = rows.last().filter(|row| rows.len() >= HISTORY_ROWS && row.position > 1) {
            p.older { a href={ "/history?before=" (oldest.position) } { "Older rows of all services" } }
        }
    }
}

fn entry(row: &HistoryRowReport) -> Markup {
    html! {
        li id={ "row-" (row.position) } data-kind=(row.kind) data-page=(row.page) {
            (fixed(&row.at))
            a.of href={ "/services/" (row.service) } { (row.service) }
            span.kind { @if row.page { b.chip.page { "PAGE" } " " } (row.kind) }
            div.said { p { (prose(&row.summary)) } (evidence(row)) }
        }
    }
}

/// What was seen of each region when it was decided.
fn evidence(row: &HistoryRowReport) -> Markup {
    let Some(regions) = row.details["evidence"].as_object().filter(|regions| !regions.is_empty()) else {
        return Markup::default();
    };
    html! {
        details id={ "evidence-" (row.position) } {
            summary { "evidence" }
            dl { @for (region, seen) in regions {
                dt {
                    (region) ": " (seen["health"].as_str().unwrap_or("–"))
                    @if seen["proven"].as_bool() == Some(true) { ", proven" }
                }
                dd { (prose(seen["seen"].as_str().unwrap_or("–"))) }
            } }
        }
    }
}
