//! `service show`: one service with all that speaks for and against moving it.

use dns_api::status::{
    ComingBackReport, FenceReport, GateReport, OpenWriteReport, PlaceDetail, PlaceReport, RegionReport, RegionSummary,
    ServerReport, ServiceDetail, ServiceReport, VerificationReport, VoteReport,
};

use super::Width;
use super::lines;
use super::problem::rejection_lines;
use super::span::span;
use super::table::{indented, pairs, table};

/// The whole of `service show`.
pub fn service(service: &ServiceDetail, width: Width) -> String {
    let ServiceDetail { report, places } = service;
    let mut text = facts(report, width);
    section(&mut text, "rules that say no", &holds(report));
    section(&mut text, "attention", &lines(&report.summary.attention));
    section(&mut text, "places", &super::status::places(std::slice::from_ref(&report.summary), width));
    section(&mut text, "standby", &standby(report));
    section(&mut text, "gates", &gates(&report.regions, width));
    section(&mut text, "evidence", &evidence(&report.regions, width));
    if places.is_empty() {
        section(&mut text, "records", &lines(&report.records));
        last_write(&mut text, "last write", report.verification.as_ref(), width);
    }
    for detail in places {
        let PlaceReport { name, zone, provider, .. } = &detail.place;
        section(&mut text, &format!("{zone} at {provider}"), &place_facts(detail, width));
        last_write(&mut text, &format!("last write at {name}"), detail.verification.as_ref(), width);
    }
    text.extend(super::fence::places_agree(places).map(|sentence| lines(["", &sentence])));
    text
}

fn last_write(text: &mut String, title: &str, verification: Option<&VerificationReport>, width: Width) {
    let Some(VerificationReport { running, servers: seen, .. }) = verification else { return };
    let more = if *running { ", being verified" } else { "" };
    section(text, &format!("{title}{more}"), &servers(seen, width));
}

/// What the facts of a service's only place say, for one of several.
fn place_facts(detail: &PlaceDetail, width: Width) -> String {
    let PlaceDetail { place, fence, standing_detail, read_age_ms, records, open: under_way, .. } = detail;
    let PlaceReport { active, standing, trouble, diverges, .. } = place;
    let rows = [
        ("active", Some(active.clone().unwrap_or_else(|| "no region that is known".to_owned()))),
        ("standing", Some(self::standing(standing, standing_detail.as_ref(), *read_age_ms))),
        ("diverges", diverges.then(|| "it is not where the service is by its newest fence".to_owned())),
        ("trouble", trouble.clone()),
        ("fence", fence.as_ref().map(held_fence)),
        ("open write", under_way.as_ref().map(open)),
    ];
    pairs(width, rows.into_iter().chain(records.iter().map(|record| ("record", Some(record.clone())))))
}

fn standing(standing: &str, detail: Option<&String>, read_age_ms: Option<u64>) -> String {
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let read = read_age_ms.map_or_else(|| ", never read".to_owned(), |age| format!(", read {} ago", span(age)));
    format!("{standing}{detail}{read}")
}

fn held_fence(fence: &FenceReport) -> String {
    format!("epoch {}, rev {}, by {}", fence.epoch, fence.rev, fence.by)
}

fn section(text: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        text.push_str(&lines(["", &format!("{title}:")]));
        text.push_str(&indented(body));
    }
}

fn facts(report: &ServiceReport, width: Width) -> String {
    let summary = &report.summary;
    // Of several places each has its own, told further down.
    let is_only = summary.places.is_empty();
    let stands = || standing(&report.standing, report.standing_detail.as_ref(), report.read_age_ms);
    pairs(
        width,
        [
            ("service", Some(format!("{} ({})", summary.name, summary.mode))),
            ("page", summary.page.then(|| "PAGE: someone should be awake".to_owned())),
            ("state", Some(format!("{} for {}", summary.state, span(summary.state_age_ms)))),
            ("active", Some(summary.active.clone().unwrap_or_else(|| "no region that is known".to_owned()))),
            ("coming back", summary.coming_back.as_ref().map(coming_back)),
            ("zone", is_only.then(|| format!("{} at {}", report.zone, report.provider))),
            ("standing", is_only.then(stands)),
            ("fence", report.fence.as_ref().filter(|_| is_only).map(held_fence)),
            ("pause", report.pause.clone()),
            ("pin", report.pin.clone()),
            ("hold", summary.hold.as_ref().map(super::status::hold)),
            ("open write", report.open.as_ref().filter(|_| is_only).map(open)),
            ("quorum", Some(report.quorum.to_string())),
        ],
    )
}

fn coming_back(report: &ComingBackReport) -> String {
    let ComingBackReport { to, percent, since, next, waits_for } = report;
    let next = next.as_ref().map(|at| format!(", next step at {at}"));
    let holds = waits_for.as_ref().map(|why| format!(", holds: {why}"));
    format!("{percent} % of the answers from {to} since {since}{}", next.or(holds).unwrap_or_default())
}

fn holds(report: &ServiceReport) -> String {
    let Some(hold) = &report.summary.hold else { return String::new() };
    lines(rejection_lines(&hold.rejections))
}

fn open(open: &OpenWriteReport) -> String {
    let error = open.error.as_ref().map(|error| format!(", last error: {error}")).unwrap_or_default();
    format!("{} {} for {} (decision {}){error}", open.kind, open.stage, span(open.age_ms), open.decision)
}

/// Since when each region that the service is not in could be moved to.
fn standby(report: &ServiceReport) -> String {
    let standbys = report.regions.iter().map(|region| &region.summary);
    let active = report.summary.active.as_ref();
    let standbys = standbys.filter(|summary| active.is_some_and(|active| *active != summary.name));
    let line = |summary: &RegionSummary| match summary.ready_age_ms {
        Some(age) => Some(format!("{}: ready for {}", summary.name, span(age))),
        None if !summary.proven => {
            Some(format!("{}: not ready, it is {} and not proven", summary.name, summary.judgement))
        }
        None if !summary.shut_gates.is_empty() => {
            Some(format!("{}: not ready, its gates are shut: {}", summary.name, summary.shut_gates.join(", ")))
        }
        // A controller of before does not say since when.
        None => None,
    };
    lines(standbys.filter_map(line))
}

fn gates(regions: &[RegionReport], width: Width) -> String {
    let rows: Vec<_> = regions
        .iter()
        .flat_map(|region| region.gates.iter().map(move |gate| (&region.summary.name, gate)))
        .map(|(region, gate)| {
            let GateReport { name, state, said, age_ms, asked_age_ms } = gate;
            let age = |age: &Option<u64>| age.map_or_else(|| "-".to_owned(), span);
            [region.clone(), name.clone(), state.clone(), age(age_ms), age(asked_age_ms), said.clone()]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    table(width, ["REGION", "GATE", "STATE", "SINCE", "ASKED", "SAID"], rows)
}

fn evidence(regions: &[RegionReport], width: Width) -> String {
    let rows = regions.iter().flat_map(|region| {
        let name = super::status::region(&region.summary);
        region.endpoints.iter().flat_map(move |endpoint| {
            let first = [name.clone(), endpoint.endpoint.clone(), endpoint.judgement.clone()];
            endpoint.votes.iter().map(move |vote| {
                let [name, endpoint, judgement] = first.clone();
                let VoteReport { vantage, vote, age_ms, error } = vote;
                let age = age_ms.map_or_else(|| "-".to_owned(), span);
                let error = error.clone().unwrap_or_default();
                [name, endpoint, judgement, vantage.clone(), vote.clone(), age, error]
            })
        })
    });
    table(width, ["REGION", "ENDPOINT", "JUDGEMENT", "VANTAGE", "VOTE", "SINCE", "LAST ERROR"], rows)
}

/// Every authoritative server with what it serves and how long that took.
pub fn servers(servers: &[ServerReport], width: Width) -> String {
    let rows = servers.iter().map(|report| {
        let ServerReport { server, outcome, took_ms, detail } = report;
        let took = took_ms.map_or_else(|| "-".to_owned(), span);
        [server.clone(), outcome.clone(), took, detail.clone().unwrap_or_default()]
    });
    table(width, ["SERVER", "OUTCOME", "TOOK", "DETAIL"], rows)
}
