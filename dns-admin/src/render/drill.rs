//! Drills, and the report of measured recovery times.

use dns_api::drill::{DrillList, DrillReport, RecoveryReport, ServiceRecovery, SpreadReport, WayReport};

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, pairs, table};

/// What was begun or stopped, and how to follow it.
pub fn begun(report: &DrillReport) -> String {
    lines([progress(report), format!("follow it: dns-admin drill show {}", report.id)])
}

/// How far a drill is, in a line.
pub fn progress(report: &DrillReport) -> String {
    let DrillReport { id, service, from, to, stage, since, held, .. } = report;
    let how = match stage.as_str() {
        "begun" => format!("{from} → {to}, being prepared"),
        "injected" => format!("a failure of {from} is injected; waiting for the move to {to}"),
        "away" => format!("in {to} since {since}, for {}", span(report.stay_ms)),
        "returning" => format!("on its way back to {from}"),
        _ => report.outcome.clone().unwrap_or_else(|| stage.clone()),
    };
    let held = held.as_ref().map(|held| format!("; held: {held}")).unwrap_or_default();
    format!("drill {id} of {service}: {how}{held}")
}

/// One line a drill.
pub fn list(list: &DrillList, width: Width) -> String {
    if list.drills.is_empty() {
        return lines(["no drills"]);
    }
    let header = ["BEGUN", "SERVICE", "ROUTE", "HOW", "OUTCOME", "RECOVERY", "ID"];
    table(width, header, list.drills.iter().map(row))
}

fn row(drill: &DrillReport) -> [String; 7] {
    let DrillReport { id, service, from, to, method, begun, stage, outcome, away, .. } = drill;
    let total = away.as_ref().and_then(|away| away.total_ms);
    [
        minute(begun),
        service.clone(),
        format!("{from} → {to}"),
        method.clone(),
        outcome.clone().unwrap_or_else(|| stage.clone()),
        total.map_or_else(dash, |total| measured(method, total)),
        id.clone(),
    ]
}

/// A move that was ordered has no recovery time; what it took is told in brackets.
fn measured(method: &str, total: u64) -> String {
    if method == "ordered" { format!("({})", span(total)) } else { span(total) }
}

/// Everything about a drill.
pub fn show(drill: &DrillReport, width: Width) -> String {
    let held = drill.held.as_ref().map(|held| format!("; held: {held}")).unwrap_or_default();
    let state = drill.outcome.as_ref().unwrap_or(&drill.stage);
    let how = if drill.method == "ordered" { "ordered; detection was not measured" } else { "injected failure" };
    let mut text = pairs(
        width,
        [
            ("drill", Some(drill.id.clone())),
            ("service", Some(drill.service.clone())),
            ("route", Some(format!("{} → {} → {}", drill.from, drill.to, drill.from))),
            ("how", Some(how.to_owned())),
            ("by", Some(format!("{}: {}", drill.by, drill.reason))),
            ("schedule", drill.schedule.clone()),
            ("begun", Some(drill.begun.clone())),
            ("stay", Some(span(drill.stay_ms))),
            ("state", Some(format!("{state} since {}{held}", drill.since))),
            ("why", drill.why.clone()),
        ],
    );
    let ways = [("away", &drill.away), ("back", &drill.back)];
    let ways: Vec<[String; 8]> =
        ways.into_iter().filter_map(|(name, way)| Some(way_row(name, way.as_ref()?))).collect();
    if !ways.is_empty() {
        text.push('\n');
        let header = ["WAY", "DETECTION", "DECISION", "WRITE", "PROPAGATION", "TOTAL", "DRAIN", "ID"];
        text.push_str(&table(width, header, ways));
    }
    text
}

fn way_row(name: &str, way: &WayReport) -> [String; 8] {
    let WayReport { decision, detection_ms, decision_ms, write_ms, propagation_ms, drain_ms, total_ms } = way;
    let took = |ms: &Option<u64>| ms.map_or_else(dash, span);
    [
        name.to_owned(),
        took(detection_ms),
        took(decision_ms),
        took(write_ms),
        took(propagation_ms),
        took(total_ms),
        took(drain_ms),
        decision.clone(),
    ]
}

/// What was measured, by service: a table that fits 80 columns, then where the time of each went.
pub fn recovery(report: &RecoveryReport, width: Width) -> String {
    let RecoveryReport { since, until, services, incomplete } = report;
    let mut text = lines([format!("measured recovery from {} until {}", day(since), day(until))]);
    if *incomplete {
        text.push_str("warning: there is more than one report holds, and the newest is missing; ask for one service\n");
    }
    let header = ["SERVICE", "DRILLS", "FAILOVERS", "MEDIAN", "WORST", "LAST", "OBJECTIVE", "LAST DRILL"];
    text.push_str(&table(width, header, services.iter().map(summary)));
    for service in services.iter().filter(|service| service.write.is_some()) {
        text.push_str(&lines([String::new(), format!("{}: median, worst and last of each stage", service.service)]));
        text.push_str(&indented(&table(width, ["STAGE", "COUNT", "MEDIAN", "WORST", "LAST"], stages(service))));
    }
    text
}

fn summary(service: &ServiceRecovery) -> [String; 8] {
    let ServiceRecovery { service: name, drills, completed, failovers, recovery, objective_ms, .. } = service;
    let of = |pick: fn(&SpreadReport) -> u64| recovery.as_ref().map_or_else(dash, |spread| span(pick(spread)));
    let objective = match (objective_ms, service.within_objective) {
        (None, _) => dash(),
        (Some(objective), None) => format!("{} not measured", span(*objective)),
        (Some(objective), Some(true)) => format!("{} met", span(*objective)),
        (Some(objective), Some(false)) => format!("{} MISSED", span(*objective)),
    };
    let last = match (&service.last_drill, &service.last_outcome) {
        (Some(at), Some(outcome)) => format!("{} {outcome}", day(at)),
        (_, _) => "never".to_owned(),
    };
    [
        name.clone(),
        if drills == completed { drills.to_string() } else { format!("{completed}/{drills}") },
        failovers.to_string(),
        of(|spread| spread.median_ms),
        of(|spread| spread.worst_ms),
        of(|spread| spread.last_ms),
        objective,
        last,
    ]
}

fn stages(service: &ServiceRecovery) -> Vec<[String; 5]> {
    let ServiceRecovery { detection, decision, write, propagation, drain, recovery, .. } = service;
    let all = [
        ("detection", detection),
        ("decision", decision),
        ("write", write),
        ("propagation", propagation),
        ("recovery", recovery),
        ("then drain", drain),
    ];
    let row = |(name, spread): (&str, &Option<SpreadReport>)| {
        let SpreadReport { count, median_ms, worst_ms, last_ms } = spread.as_ref()?;
        Some([name.to_owned(), count.to_string(), span(*median_ms), span(*worst_ms), span(*last_ms)])
    };
    all.into_iter().filter_map(row).collect()
}

fn dash() -> String {
    "-".to_owned()
}

/// The day of an RFC 3339 time.
fn day(at: &str) -> String {
    at.split('T').next().unwrap_or(at).to_owned()
}

/// An RFC 3339 time to the minute.
fn minute(at: &str) -> String {
    at.get(..16).map_or_else(|| at.to_owned(), |minute| format!("{minute}Z"))
}
