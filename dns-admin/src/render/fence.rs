//! `fence show`: the fence pair by pair, in words, and the command that shows it without us; one fence as the controller
//! has it, or those of every zone as they are.

use std::net::SocketAddr;

use dns_api::status::{FenceReport, ServiceReport};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, pairs as lines_of, table};
use crate::direct::sight::Sight;

/// The whole of `fence show`; `None` if the controller knows of no fence.
pub fn fence(report: &ServiceReport, width: Width) -> Option<String> {
    let fence = report.fence.as_ref()?;
    let read = report.read_age_ms.map_or_else(String::new, |age| format!(" {} ago", span(age)));
    let mut text = format!("{} TXT, as the controller read or wrote it last{read}:\n\n", fence.name);
    text.push_str(&indented(&table(width, ["KEY", "VALUE", "MEANING"], pairs(fence))));
    text.push_str(&lines(["", &format!("the service stands as: {}", report.standing), "check it yourself:"]));
    text.push_str(&indented(&dig(report, fence)));
    Some(text)
}

/// The fences of all places, straight from their zones, and whether they agree.
pub fn zones(sights: &[Sight], width: Width) -> String {
    let mut text = String::new();
    for sight in sights {
        text.push_str(&zone(sight, width));
        text.push('\n');
    }
    text.push_str(&lines([agreement(sights)]));
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

/// Whether the places tell one story.
fn agreement(sights: &[Sight]) -> String {
    let orders: std::collections::BTreeSet<_> = sights
        .iter()
        .filter_map(|sight| sight.fence.as_ref())
        .map(|fence| (fence.epoch, fence.active.clone(), plan(fence)))
        .collect();
    let missing = sights.iter().filter(|sight| sight.fence.is_none()).count();
    match (orders.len(), missing, sights.len()) {
        (0, _, _) => "no place has a fence".to_owned(),
        (1, 0, 1) => "the service has this one place".to_owned(),
        (1, 0, all) => format!("all {all} places tell of the same move"),
        (1, missing, all) => format!("warning: {missing} of {all} places have no fence that could be read"),
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
        "released" => "given up at; only an adoption takes it back",
        "moved" => "last moved at",
        "by" => "controller that wrote",
        "cfg" => "revision of its configuration",
        "pin" => "by and why: blocks failback only",
        "pause" => "by, until and why: blocks automatic writes",
        "rrs" => "records it guards, @ is the zone itself",
        "digest" => "digest of these records; another one is a foreign change",
        _ => "not known to this version, kept",
    }
}

/// One line a server that was asked last, or one for whatever server the reader prefers.
fn dig(report: &ServiceReport, fence: &FenceReport) -> String {
    let servers = report.verification.iter().flat_map(|verification| &verification.servers);
    let ask = |server: SocketAddr| {
        let (address, port) = (server.ip(), server.port());
        format!("dig @{address} -p {port} +norecurse +short TXT {}", fence.name)
    };
    let asked: Vec<String> = servers.filter_map(|server| server.server.parse().ok()).map(ask).collect();
    if asked.is_empty() {
        return lines([format!(
            "dig +norecurse +short TXT {} @<an authoritative server of {}>",
            fence.name, report.zone
        )]);
    }
    lines(asked)
}
