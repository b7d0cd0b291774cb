//! `fence show`: the fence pair by pair, in words, and the command that shows it without us; as the controller has the fence
//! of each place, or as every zone has it now.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use dns_api::status::{FenceReport, PlaceDetail, PlaceReport, ServiceDetail, ServiceReport, VerificationReport};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, pairs as lines_of, table};
use crate::direct::sight::Sight;

/// The whole of `fence show`; `None` if the controller knows of no fence.
pub fn fence(service: &ServiceDetail, width: Width) -> Option<String> {
    let ServiceDetail { report, places } = service;
    if places.is_empty() {
        return only_fence(report, width);
    }
    let fences = places.iter().map(told);
    fences.clone().find_map(|(fence, _)| fence)?;
    let blocks: String = places.iter().map(|place| place_fence(place, width) + "\n").collect();
    Some(blocks + &lines([agreement(fences)]))
}

fn only_fence(report: &ServiceReport, width: Width) -> Option<String> {
    let fence = report.fence.as_ref()?;
    let mut text =
        format!("{} TXT, as the controller read or wrote it last{}:\n\n", fence.name, ago(report.read_age_ms));
    text.push_str(&indented(&table(width, ["KEY", "VALUE", "MEANING"], pairs(fence))));
    text.push_str(&lines(["", &format!("the service stands as: {}", report.standing), "check it yourself:"]));
    text.push_str(&indented(&dig(report.verification.as_ref(), fence, &report.zone)));
    Some(text)
}

fn place_fence(detail: &PlaceDetail, width: Width) -> String {
    let PlaceReport { provider, zone, standing, .. } = &detail.place;
    let Some(fence) = &detail.fence else {
        return lines([format!("{zone} at {provider} stands as {standing}; the controller knows of no fence there")]);
    };
    let read = ago(detail.read_age_ms);
    let mut text =
        format!("{} TXT in {zone} at {provider}, as the controller read or wrote it last{read}:\n\n", fence.name);
    text.push_str(&indented(&table(width, ["KEY", "VALUE", "MEANING"], pairs(fence))));
    text.push_str(&lines(["", &format!("the place stands as: {standing}"), "check it yourself:"]));
    text + &indented(&dig(detail.verification.as_ref(), fence, zone))
}

fn told(detail: &PlaceDetail) -> (Option<&FenceReport>, &str) {
    (detail.fence.as_ref(), detail.place.standing.as_str())
}

fn ago(age_ms: Option<u64>) -> String {
    age_ms.map_or_else(String::new, |age| format!(" {} ago", span(age)))
}

/// Whether the places of a service tell one story, as the controller has them; `None` for a service of one place.
pub fn places_agree(places: &[PlaceDetail]) -> Option<String> {
    (!places.is_empty()).then(|| agreement(places.iter().map(told)))
}

/// The fences of all places, straight from their zones, and whether they agree.
pub fn zones(sights: &[Sight], width: Width) -> String {
    let mut text = String::new();
    for sight in sights {
        text.push_str(&zone(sight, width));
        text.push('\n');
    }
    let fences = sights.iter().map(|sight| (sight.fence.as_ref(), sight.standing.as_str()));
    text.push_str(&lines([agreement(fences)]));
    text
}

fn zone(sight: &Sight, width: Width) -> String {
    let Sight { provider, zone, fence_name, standing, detail, fence, pause, pin, serving, records, difference, .. } =
        sight;
    let why = detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let mut text = lines([format!("{fence_name} TXT in {zone} at {provider} is {standing}{why}")]);
    if standing == "unread" {
        return text;
    }
    if let Some(fence) = fence {
        text.push_str(&lines([""]));
        text.push_str(&indented(&table(width, ["KEY", "VALUE", "MEANING"], pairs(fence))));
        text.push_str(&lines([""]));
    }
    let moved = fence.as_ref().map(|fence| {
        let place = fence
            .active
            .as_ref()
            .map_or_else(|| "nowhere, it was released".to_owned(), |active| format!("to {active}"));
        format!("{place} by {}, {}, epoch {}, rev {}", fence.by, fence.moved, fence.epoch, fence.rev)
    });
    let serves = serving.as_ref().map_or_else(|| "no region's records".to_owned(), |name| format!("{name}'s records"));
    let rows = [
        ("moved", moved),
        ("pin", pin.clone()),
        ("pause", pause.clone()),
        ("serves", Some(serves)),
        ("differs", difference.clone()),
    ];
    let records = records.iter().map(|record| ("record", Some(record.clone())));
    text.push_str(&indented(&lines_of(width, rows.into_iter().chain(records))));
    text
}

/// Whether the places, each with its fence and its standing, tell one story.
fn agreement<'a>(places: impl Iterator<Item = (Option<&'a FenceReport>, &'a str)> + Clone) -> String {
    let fences = places.clone().filter_map(|(fence, _)| fence);
    let orders: BTreeSet<_> = fences.map(|fence| (fence.epoch, fence.active.clone(), plan(fence))).collect();
    let all = places.clone().count();
    let missing = places.clone().filter(|(fence, _)| fence.is_none()).count();
    // A place that nobody could look at may have a fence: only a look shows that there is none.
    let unread = places.filter(|(fence, standing)| fence.is_none() && *standing == "unread").count();
    match (orders.len(), missing, unread) {
        (0, _, 0) => "no place has a fence".to_owned(),
        (0, _, unread) if unread == all => "no place could be read: whether there is a fence is not known".to_owned(),
        (0, _, unread) => format!("warning: {unread} of {all} places could not be read; no other place has a fence"),
        (1, 0, _) if all == 1 => "the service has this one place".to_owned(),
        (1, 0, _) => format!("all {all} places tell of the same move"),
        (1, missing, _) => format!("warning: {missing} of {all} places have no fence that could be read"),
        (_, _, _) => "warning: the places tell of different moves; the highest epoch is the newest".to_owned(),
    }
}

fn plan(fence: &FenceReport) -> String {
    let pieces = fence.text.iter().flat_map(|string| string.split(';'));
    pieces.into_iter().find_map(|piece| piece.strip_prefix("plan=")).unwrap_or_default().to_owned()
}

fn pairs(fence: &FenceReport) -> Vec<[String; 3]> {
    let pieces = fence.text.iter().flat_map(|string| string.split(';')).filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            [key.to_owned(), shown(key, value), meaning(key).to_owned()]
        })
        .collect()
}

/// Points in time are seconds in a fence; people read dates.
fn shown(key: &str, value: &str) -> String {
    if value.is_empty() {
        return "-".to_owned();
    }
    match (key, value.split(',').collect::<Vec<_>>().as_slice()) {
        ("moved" | "released", _) => date(value),
        ("pause", [by, "", why]) => format!("{} until resumed: {}", decoded(by), decoded(why)),
        ("pause", [by, until, why]) => format!("{} until {}: {}", decoded(by), date(until), decoded(why)),
        ("dwell", [left, since, last]) => format!("{left} times since {}, last {}", date(since), date(last)),
        ("pin", [by, why]) => format!("{}: {}", decoded(by), decoded(why)),
        _ => decoded(value),
    }
}

fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

fn date(seconds: &str) -> String {
    let at = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or_else(|| decoded(seconds), |at| at.to_string())
}

fn meaning(key: &str) -> &'static str {
    match key {
        "v" => "version of this text",
        "install" => "installation that owns it",
        "id" => "service",
        "provider" => "provider, by its name in the configuration",
        "epoch" => "counts moves; the higher fence is the newer",
        "rev" => "counts writes of this fence",
        "write" => "this write; found here, it arrived",
        "plan" => "decision that made it",
        "active" => "region that the records belong to",
        "weights" => "shares of the answers while it comes back, the region that it comes back to first",
        "weighed" => "shared so since",
        "released" => "given up at; only an adoption takes it back",
        "moved" => "last moved at",
        "by" => "controller that wrote",
        "cfg" => "revision of its configuration",
        "pin" => "by and why: blocks failback only",
        "pause" => "by, until and why: blocks automatic writes",
        "dwell" => "left the preferred region by itself, in a row: failback waits the longer",
        "rrs" => "records it guards, @ is the zone itself",
        "digest" => "digest of these records; another one is a foreign change",
        _ => "not known to this version, kept",
    }
}

/// One line a server that was asked last, or one for whatever server the reader prefers.
fn dig(verification: Option<&VerificationReport>, fence: &FenceReport, zone: &str) -> String {
    let servers = verification.iter().flat_map(|verification| &verification.servers);
    let ask = |server: SocketAddr| {
        let (address, port) = (server.ip(), server.port());
        format!("dig @{address} -p {port} +norecurse +short TXT {}", fence.name)
    };
    let asked: Vec<String> = servers.filter_map(|server| server.server.parse().ok()).map(ask).collect();
    if asked.is_empty() {
        return lines([format!("dig +norecurse +short TXT {} @<an authoritative server of {zone}>", fence.name)]);
    }
    lines(asked)
}
