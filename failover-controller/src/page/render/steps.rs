//! A move, step by step.

use dns_api::status::{ServerReport, VerificationReport};
use dns_api::timeline::{Step, StepStatus, Timeline, TimelineStep};
use maud::{Markup, html};

use super::moment::{fixed, offset};
use super::{prose, sign};
use crate::page::view::Pane;

pub(super) fn newest_move(pane: &Pane, id: &str) -> Markup {
    html! {
        section.move id=(id) aria-label="newest move" {
            @match &pane.newest_move {
                None => { h3 { "No move yet" } p.none { "Steps of a move appear here when one begins." } }
                Some(told) => (steps(pane, told)),
            }
        }
    }
}

fn steps(pane: &Pane, told: &Timeline) -> Markup {
    let running = pane.report.verification.as_ref().filter(|asked| asked.running && asked.decision == told.decision);
    html! {
        h3 { (title(told)) @if let Some(begun) = told.steps.iter().find_map(|step| step.at.as_ref()) { (fixed(begun)) } }
        ol.steps {
            @for step in &told.steps {
                @match running.filter(|_| step.step == Step::Served && step.server.is_none()) {
                    Some(running) => (so_far(step, running)),
                    None => (line(step)),
                }
            }
        }
        @if let Some(total) = told.total_ms() {
            p.total { "Over " b { (offset(total).trim_start_matches('+')) } " after " (told.counted_from()) }
        }
    }
}

fn title(told: &Timeline) -> String {
    let route = match (&told.from, &told.to) {
        (Some(from), Some(to)) => format!(" {from} → {to}"),
        (None, Some(to)) => format!(" → {to}"),
        (Some(from), None) => format!(" from {from}"),
        (None, None) => String::new(),
    };
    let forming = if told.decision.is_empty() { ", not decided" } else { "" };
    format!("{}{route}{forming}", capitalised(&told.kind))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Servers that were confirmed while others are still asked, then the step that goes on.
fn so_far(step: &TimelineStep, running: &VerificationReport) -> Markup {
    html! {
        @for server in running.servers.iter().filter(|server| server.outcome == "served") { (confirmed(server)) }
        (line(step))
    }
}

fn confirmed(server: &ServerReport) -> Markup {
    let took = server.took_ms.map(|ms| format!("{ms} ms after the write"));
    html! {
        li data-step="served" data-state="done" data-server=(server.server) {
            (mark("done")) span.name { "served by " (server.server) }
            @if let Some(took) = took { span.when { (took) } }
        }
    }
}

fn line(step: &TimelineStep) -> Markup {
    let status = status(step.status);
    html! {
        li data-step=(key(step.step)) data-state=(status) data-server=[step.server.as_ref()] {
            (mark(status))
            span.name { (name(step)) span.sr { ", " (status) } }
            span.when { @match step.offset_ms { Some(ms) => (offset(ms)), None => (without_time(step.status)) } }
            @if let Some(detail) = &step.detail { span.why { (prose(detail)) } }
        }
    }
}

fn mark(status: &str) -> Markup {
    html! { span.mark aria-hidden="true" { (sign(status)) } }
}

fn name(step: &TimelineStep) -> String {
    match (&step.server, step.step) {
        (Some(server), _) => format!("served by {server}"),
        (None, Step::Served) => "served by every authoritative server".to_owned(),
        (None, other) => other.as_str().to_owned(),
    }
}

fn key(step: Step) -> &'static str {
    match step {
        Step::Failure => "failure",
        Step::Suspicion => "suspicion",
        Step::Judgement => "judgement",
        Step::Decision => "decision",
        Step::Permit => "permit",
        Step::Written => "written",
        Step::Served => "served",
    }
}

/// What stands in the column of times where there is none.
fn without_time(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Done => "",
        StepStatus::Current => "now",
        StepStatus::Failed => "failed",
        StepStatus::Pending => "later",
    }
}

fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Done => "done",
        StepStatus::Current => "current",
        StepStatus::Failed => "failed",
        StepStatus::Pending => "pending",
    }
}
