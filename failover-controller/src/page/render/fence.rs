//! The fence, and the records that it guards.

use dns_api::status::{FenceReport, PlaceReport};
use maud::{Markup, html};

use super::moment::{ago_age, fixed};
use super::prose;
use crate::page::view::{PageView, Pane};

pub(super) fn fence(view: &PageView, pane: &Pane, id: &str) -> Markup {
    let report = &pane.report;
    html! {
        section.fence id=(id) aria-label="fence" {
            h3 { "Fence" span.dim { " " (report.standing) } }
            @if let Some(detail) = &report.standing_detail { p { (prose(detail)) } }
            @match &report.fence {
                Some(fence) => (facts(fence)),
                None => { p.none { "None yet: nothing is written before the service is adopted." } }
            }
            (places(&report.summary.places))
            (records(view, pane))
        }
    }
}

/// Every place of a service that has several; the fence above is that of the place that decides now.
fn places(places: &[PlaceReport]) -> Markup {
    html! {
        @if !places.is_empty() {
            table.places {
                thead { tr { th scope="col" { "place" } th scope="col" { "epoch" } th scope="col" { "rev" }
                    th scope="col" { "active" } th scope="col" { "standing" } } }
                tbody { @for place in places { (place_row(place)) } }
            }
        }
    }
}

fn place_row(place: &PlaceReport) -> Markup {
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    html! {
        tr data-place=(place.name) data-diverges=(place.diverges) {
            th scope="row" { (place.name) }
            td { (number(place.epoch)) }
            td { (number(place.rev)) }
            td { (place.active.as_deref().unwrap_or("–")) }
            td {
                (place.standing) @if place.diverges { ", diverges" }
                @if let Some(trouble) = &place.trouble { span.why { (prose(trouble)) } }
            }
        }
    }
}

fn facts(fence: &FenceReport) -> Markup {
    html! {
        dl.facts {
            div { dt { "epoch" } dd { (fence.epoch) } }
            div { dt { "rev" } dd { (fence.rev) } }
            div { dt { "active" } dd { (fence.active.as_deref().unwrap_or("–")) } }
            div { dt { "written by" } dd { (fence.by) } }
            div { dt { "moved" } dd { (fixed(&fence.moved)) } }
            @if let Some(released) = &fence.released { div { dt { "released" } dd { (fixed(released)) } } }
        }
        details id={ "txt-" (fence.name) } {
            summary { "TXT " code { (fence.name) } }
            @for string in &fence.text { code.txt { (string) } }
        }
    }
}

fn records(view: &PageView, pane: &Pane) -> Markup {
    let report = &pane.report;
    html! {
        details id={ "records-" (report.summary.name) } {
            summary {
                (report.records.len()) @if report.records.len() == 1 { " record set" } @else { " record sets" }
                " in " code { (report.zone) } " at " (report.provider) ", "
                @match report.read_age_ms {
                    Some(age) => { "read " (ago_age(view.at, age)) }
                    None => { "never read" }
                }
            }
            @for record in &report.records { code.txt { (record) } }
        }
    }
}
