//! `fence show`: the fence pair by pair, in words, and the command that shows it without us.

use std::net::SocketAddr;

use dns_api::status::{FenceReport, ServiceReport};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, table};

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
