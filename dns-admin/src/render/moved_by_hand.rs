//! `break-glass`: what is to be written, and what became of it.

use dns_api::by_hand::{MoveRecord, PlaceRecord, ProbedEndpoint, ServerSeen};
use dns_core::break_glass::{PlacePlan, PlaceWrite};

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, pairs, table};
use crate::direct::sight::Sight;

/// What was found and what is to be written, before anyone says yes.
pub fn intent(record: &MoveRecord, places: &[(Sight, &PlacePlan)], width: Width) -> String {
    let MoveRecord { service, to, by, reason, probed, .. } = record;
    let mut text = lines([format!("move {service} to {to}, by {by}: {reason}"), String::new()]);
    text.push_str(&lines([format!("{to}, probed from here:")]));
    text.push_str(&indented(&table(width, ["ENDPOINT", "SEEN"], probed.iter().map(probed_row))));
    for (sight, plan) in places {
        text.push_str(&lines([String::new(), format!("{} at {}:", sight.zone, sight.provider)]));
        text.push_str(&indented(&pairs(width, place_pairs(sight, plan))));
    }
    text
}

fn probed_row(probed: &ProbedEndpoint) -> [String; 2] {
    let ProbedEndpoint { endpoint, good_in_a_row, wanted, failure } = probed;
    let word = if probed.is_healthy() { "healthy" } else { "not healthy" };
    let why = failure.as_ref().map(|failure| format!("; last failure: {failure}")).unwrap_or_default();
    [endpoint.clone(), format!("{word}, {good_in_a_row} of {wanted} good runs in a row{why}")]
}

fn place_pairs(sight: &Sight, plan: &PlacePlan) -> Vec<(&'static str, Option<String>)> {
    let standing =
        sight.detail.as_ref().map_or_else(|| sight.standing.clone(), |why| format!("{}: {why}", sight.standing));
    let mut rows = vec![
        ("stands", Some(standing)),
        ("fence", sight.fence.as_ref().map(|_| found_fence(sight))),
        ("pause", sight.pause.clone()),
        ("pin", sight.pin.clone()),
        (
            "serves",
            Some(
                sight
                    .serving
                    .as_ref()
                    .map_or_else(|| "no region's records".to_owned(), |name| format!("{name}'s records")),
            ),
        ),
    ];
    if sight.standing == "unread" {
        rows.truncate(1);
    }
    match &plan.write {
        Some(PlaceWrite { change, fence }) => {
            rows.extend(change.deletes.iter().map(|set| ("remove", Some(set.to_string()))));
            rows.extend(change.creates.iter().map(|set| ("add", Some(set.to_string()))));
            let pin = fence.pin.as_ref().map(|pin| format!(", pinned by {}", pin.by)).unwrap_or_default();
            let active = fence.active.as_ref().map(ToString::to_string).unwrap_or_default();
            rows.push((
                "write",
                Some(format!("fence epoch {}, rev {}, active in {active}{pin}", fence.epoch, fence.rev)),
            ));
        }
        None => rows.push(("write", Some("nothing".to_owned()))),
    }
    rows
}

fn found_fence(sight: &Sight) -> String {
    let Some(fence) = &sight.fence else { return String::new() };
    let state = match (&fence.active, &fence.released) {
        (Some(active), _) => format!("active in {active}"),
        (None, Some(at)) => format!("released {at}"),
        (None, None) => "neither active nor released".to_owned(),
    };
    let install = sight.installation.as_deref().unwrap_or_default();
    format!(
        "epoch {}, rev {}, {state}, moved {} by {}, installation {install}",
        fence.epoch, fence.rev, fence.moved, fence.by
    )
}

/// What became of it.
pub fn outcome(record: &MoveRecord, file: &str, width: Width) -> String {
    let MoveRecord { service, to, places, outcome, .. } = record;
    let applied = places.iter().filter(|place| place.outcome == "applied").count();
    let end = match (outcome.as_str(), applied) {
        ("done", _) => "done, every authoritative server that answers serves it",
        ("unverified", 0) => "sent, and whether it was written is not known",
        ("unverified", _) => "written, but unverified",
        (_, _) => "nothing was written",
    };
    let mut text = lines([format!("{service} to {to}: {end} ({applied} of {} places written)", places.len())]);
    for place in places {
        text.push_str(&place_outcome(place, width));
    }
    text.push_str(&lines([format!("record: {file}")]));
    if applied > 0 {
        let import = format!("once a controller runs: dns-admin history import {file}");
        text.push_str(&lines([
            import,
            format!("look again:              dns-admin fence show {service} --config FILE"),
        ]));
    }
    text
}

fn place_outcome(place: &PlaceRecord, width: Width) -> String {
    let PlaceRecord { provider, zone, outcome, detail, servers, .. } = place;
    let detail = detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let mut text = lines([format!("{zone} at {provider}: {outcome}{detail}")]);
    if !servers.is_empty() {
        text.push_str(&indented(&table(width, ["SERVER", "SERVES"], servers.iter().map(server_row))));
    }
    text
}

fn server_row(server: &ServerSeen) -> [String; 2] {
    let ServerSeen { server, outcome, took_ms, detail } = server;
    let took = took_ms.map(|took| format!(" after {}", span(took))).unwrap_or_default();
    let detail = detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    [server.clone(), format!("{outcome}{took}{detail}")]
}
