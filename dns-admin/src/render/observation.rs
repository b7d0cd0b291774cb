//! `observe report`: what services that only observe would have done.

use dns_api::explain::{ObservationReport, ObservedService, TroubleReport};

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, table};

/// Counts by service, then each time that one of them would have moved.
pub fn observations(told: &ObservationReport, width: Width) -> String {
    let ObservationReport { since, until, services, incomplete } = told;
    let mut text = lines([format!("from {since} until {until}: {}", in_all(services))]);
    if *incomplete {
        text.push_str(
            "warning: there is more than one report holds, and the newest is missing; ask for a shorter --since\n",
        );
    }
    if services.is_empty() {
        return text;
    }
    let header = ["SERVICE", "OBSERVES", "WOULD HAVE MOVED", "HELD TO THE END", "TROUBLE"];
    text.push_str(&table(width, header, services.iter().map(counts)));
    for service in services.iter().filter(|service| !service.troubles.is_empty()) {
        text.push_str(&lines([String::new(), service.service.clone()]));
        let header = ["BEGAN", "WOULD HAVE", "AFTER", "LASTED", "ENDED", "HELD BY"];
        text.push_str(&indented(&table(width, header, service.troubles.iter().map(trouble))));
    }
    text
}

fn in_all(services: &[ObservedService]) -> String {
    let observing = services.iter().filter(|service| service.observes).count();
    let moves: usize = services.iter().map(|service| service.would_have_moved).sum();
    let plural = |count: usize, word: &str| {
        let s = if count == 1 { "" } else { "s" };
        format!("{count} {word}{s}")
    };
    let verb = if observing == 1 { "observes" } else { "observe" };
    format!("{} {verb} now, {} would have been made", plural(observing, "service"), plural(moves, "move"))
}

fn counts(service: &ObservedService) -> [String; 5] {
    let ObservedService { service, observes, would_have_moved, would_have_been_held, trouble_ms, troubles: _ } =
        service;
    [
        service.clone(),
        if *observes { "yes" } else { "no" }.to_owned(),
        would_have_moved.to_string(),
        would_have_been_held.to_string(),
        if *trouble_ms == 0 { "-".to_owned() } else { span(*trouble_ms) },
    ]
}

fn trouble(trouble: &TroubleReport) -> [String; 6] {
    let TroubleReport { kind, began, from, to, would_have_moved, ended, end, lasted_ms, held_by, .. } = trouble;
    let route = match (from, to) {
        (Some(from), Some(to)) => format!(" {from} → {to}"),
        (None, Some(to)) => format!(" → {to}"),
        (Some(from), None) => format!(" from {from}"),
        (None, None) => String::new(),
    };
    let held: Vec<String> = held_by.iter().map(|no| format!("{}: {}", no.rule, no.reason)).collect();
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    [
        began.clone(),
        format!("{kind}{route}"),
        would_have_moved.as_deref().map_or_else(|| "never".to_owned(), |moved| waited(began, moved)),
        span(*lasted_ms),
        or_dash(ended.as_ref().map_or("lasts", |_| ending(end.as_deref())).to_owned()),
        or_dash(held.join("; ")),
    ]
}

/// How long rules would have held it before it moved.
fn waited(began: &str, moved: &str) -> String {
    let parsed = |at: &str| at.parse::<jiff::Timestamp>().ok();
    let waited = parsed(began).zip(parsed(moved)).map(|(began, moved)| moved.as_millisecond() - began.as_millisecond());
    match waited.and_then(|millis| u64::try_from(millis).ok()) {
        Some(0) => "at once".to_owned(),
        Some(millis) => span(millis),
        None => moved.to_owned(),
    }
}

fn ending(end: Option<&str>) -> &'static str {
    match end {
        Some("recovered") => "it recovered",
        Some("movedElsewhere") => "someone moved it",
        Some("acts") => "it acts now",
        Some(_) | None => "not known",
    }
}
