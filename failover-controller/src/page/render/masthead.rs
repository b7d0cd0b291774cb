//! The headline, and the eyes of the system.

use dns_api::evacuation::EvacuationReport;
use dns_api::status::VantageReport;
use maud::{Markup, html};

use super::moment::{ago_age, lasting, lasting_age};
use super::{prose, word};
use crate::page::headline::{Severity, headline};
use crate::page::view::PageView;

pub(super) fn masthead(view: &PageView) -> Markup {
    let line = headline(&view.list, view.at);
    let sign = match line.severity {
        Severity::Steady => "✓",
        Severity::Note => "!",
        Severity::Page => "✕",
    };
    html! {
        header #masthead data-severity=(line.severity.as_str()) {
            p.seal aria-hidden="true" { (sign) }
            h1 #headline {
                (line.before)
                @if let Some(since) = line.since { " " (lasting(since)) }
                (line.after)
            }
            @for one in &view.evacuations { (evacuation(one)) }
        }
    }
}

/// A line for what moves a whole region.
fn evacuation(one: &EvacuationReport) -> Markup {
    html! {
        p.evacuation data-state=(one.stage) {
            b { (one.headline()) }
            @if let Some(why) = &one.why { span.why { (prose(why)) } }
        }
    }
}

pub(super) fn vantage_points(view: &PageView) -> Markup {
    let points = &view.list.vantage_points;
    html! {
        section #vantage aria-labelledby="vantage-title" {
            h2 #vantage-title { "Vantage points" }
            @if points.is_empty() { p.none { "none are configured" } }
            ul { @for point in points { (vantage_point(view, point)) } }
        }
    }
}

/// When a sighted one was last heard would change every second and say nothing.
fn vantage_point(view: &PageView, point: &VantageReport) -> Markup {
    html! {
        li data-vantage=(point.name) data-state=(point.sight) {
            b { (point.name) } " " (word(&point.sight))
            @match (point.sight.as_str(), point.heard_age_ms) {
                ("silent", Some(age)) => { " " (lasting_age(view.at, age)) }
                ("silent", None) => { ", never heard" }
                ("blind", Some(age)) => { span.dim { ", heard " (ago_age(view.at, age / 10_000 * 10_000)) } }
                _ => {}
            }
            @if let Some(reason) = &point.reason { span.why { (reason) } }
        }
    }
}
