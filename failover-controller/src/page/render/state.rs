//! A service's state: what it is called, where it stands, what wants a person's eye, and what can be ordered.

use dns_api::status::{GateReport, HoldReport, OpenWriteReport, RegionReport};
use maud::{Markup, html};

use super::moment::lasting_age;
use super::{orders, prose, word};
use crate::page::view::{PageView, Pane};

pub(super) fn state(view: &PageView, pane: &Pane, id: &str) -> Markup {
    let summary = &pane.report.summary;
    html! {
        div.state id=(id) data-state=(summary.state) data-page=(summary.page)
            data-paused=(pane.report.pause.is_some()) {
            div.title {
                h2 { a href={ "/services/" (summary.name) } { (summary.name) } }
                span.chip data-mode=(summary.mode) { (mode(&summary.mode)) }
                @if summary.page { span.chip.page { "PAGE" } }
            }
            p.stands { b.phase { (summary.state) } " " (lasting_age(view.at, summary.state_age_ms)) }
            (route(view, pane))
            (attention(pane))
            @if let Some(hold) = &summary.hold { (held(view, hold)) }
            @if let Some(open) = &pane.report.open { (under_way(view, open)) }
            (pin(pane))
            (orders::buttons(view, pane))
        }
    }
}

fn mode(mode: &str) -> String {
    if mode == "observe" { "observes, writes nothing".to_owned() } else { mode.to_owned() }
}

/// The regions in order of preference, the active one marked.
fn route(view: &PageView, pane: &Pane) -> Markup {
    html! { ol.regions { @for region in &pane.report.regions { (region_card(view, pane, region)) } } }
}

fn region_card(view: &PageView, pane: &Pane, region: &RegionReport) -> Markup {
    let summary = &region.summary;
    let active = pane.report.summary.active.as_deref() == Some(summary.name.as_str());
    let proven = if summary.proven { "proven" } else { "not proven" };
    let back = pane.report.summary.coming_back.as_ref().filter(|back| back.to == summary.name);
    let standby = back.map_or_else(|| "standby".to_owned(), |back| format!("gives {} % of the answers", back.percent));
    html! {
        li data-region=(summary.name) data-state=(summary.judgement) data-active=(active) data-proven=(summary.proven)
            aria-current=[active.then_some("true")] {
            b { (summary.name) }
            span.serving { @if active { "▸ active" } @else { (standby) } }
            (word(&summary.judgement)) span.proven { (proven) }
            @if let Some(age) = summary.ready_age_ms.filter(|_| !active) {
                span.ready { "ready " (lasting_age(view.at, age)) }
            }
            @for gate in &region.gates { (gate_line(view, gate)) }
        }
    }
}

fn gate_line(view: &PageView, gate: &GateReport) -> Markup {
    html! {
        span.gate data-gate=(gate.name) data-state=(gate.state) {
            (gate.name) " " (gate.state)
            @if let Some(age) = gate.age_ms { " " (lasting_age(view.at, age)) }
            @if !gate.said.is_empty() { ": " (prose(&gate.said)) }
        }
    }
}

fn attention(pane: &Pane) -> Markup {
    let summary = &pane.report.summary;
    html! {
        @if !summary.attention.is_empty() {
            ul.attention data-page=(summary.page) { @for line in &summary.attention { li { (prose(line)) } } }
        }
    }
}

fn held(view: &PageView, hold: &HoldReport) -> Markup {
    html! {
        div.hold {
            p { b { (hold.wanted) " is held" } " " (lasting_age(view.at, hold.age_ms)) }
            dl { @for rejection in &hold.rejections {
                dt data-rule=(rejection.rule) { (rejection.rule) }
                dd { (prose(&rejection.reason)) }
            } }
        }
    }
}

fn under_way(view: &PageView, open: &OpenWriteReport) -> Markup {
    html! {
        p.open {
            b { (open.kind) " " (open.stage) } " " (lasting_age(view.at, open.age_ms))
            @if let Some(error) = &open.error { span.why { (prose(error)) } }
        }
    }
}

/// A pause is among what wants attention; a pin is as it should be.
fn pin(pane: &Pane) -> Markup {
    html! {
        @if let Some(pin) = &pane.report.pin {
            p.pin { b { "Pinned" } " " (pin) span.dim { " (blocks failback only, failover stays armed)" } }
        }
    }
}
