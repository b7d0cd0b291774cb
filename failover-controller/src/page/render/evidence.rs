//! What every vantage point sees of every endpoint: the matrix that a judgement is made of.

use dns_api::status::{EndpointVotes, RegionReport, VoteReport};
use maud::{Markup, html};

use super::moment::lasting_age;
use super::word;
use crate::page::view::{PageView, Pane};

pub(super) fn evidence(view: &PageView, pane: &Pane, id: &str) -> Markup {
    let report = &pane.report;
    let vantages = vantages(&report.regions);
    html! {
        section.evidence id=(id) aria-label="evidence" {
            h3 { "Evidence" span.dim { " " (report.quorum) " of " (vantages.len()) " must agree" } }
            table {
                thead { tr {
                    th scope="col" { "endpoint" }
                    @for vantage in &vantages { th scope="col" { (vantage) } }
                } }
                @for region in &report.regions { (region_rows(view, pane, region, vantages.len())) }
            }
        }
    }
}

/// The columns. Every endpoint of a service is judged by the same vantage points.
fn vantages(regions: &[RegionReport]) -> Vec<&str> {
    let first = regions.iter().flat_map(|region| &region.endpoints).next();
    first.map(|endpoint| endpoint.votes.iter().map(|vote| vote.vantage.as_str()).collect()).unwrap_or_default()
}

fn region_rows(view: &PageView, pane: &Pane, region: &RegionReport, columns: usize) -> Markup {
    let summary = &region.summary;
    let active = pane.report.summary.active.as_deref() == Some(summary.name.as_str());
    html! {
        tbody data-evidence-of=(summary.name) data-state=(summary.judgement) {
            tr.region { th scope="rowgroup" colspan=(columns + 1) {
                (summary.name) @if active { span.dim { " active" } }
            } }
            @if region.endpoints.is_empty() {
                tr { td.none colspan=(columns + 1) { "not judged yet" } }
            }
            @for endpoint in &region.endpoints { (endpoint_row(view, endpoint)) }
        }
    }
}

fn endpoint_row(view: &PageView, endpoint: &EndpointVotes) -> Markup {
    html! {
        tr data-endpoint=(endpoint.endpoint) data-state=(endpoint.judgement) {
            th scope="row" { span.host { (endpoint.endpoint) } (word(&endpoint.judgement)) }
            @for vote in &endpoint.votes { (cell(view, vote)) }
        }
    }
}

fn cell(view: &PageView, vote: &VoteReport) -> Markup {
    html! {
        td data-vantage=(vote.vantage) data-state=(vote.vote) {
            span.by { (vote.vantage) }
            (word(&vote.vote))
            @if let Some(age) = vote.age_ms { " " (lasting_age(view.at, age)) }
            @if let Some(error) = &vote.error { span.why { (error) } }
        }
    }
}
