//! `service show`: one service with all that speaks for and against moving it.

use dns_api::status::{OpenWriteReport, RegionReport, ServerReport, ServiceReport, VerificationReport, VoteReport};

use super::Width;
use super::lines;
use super::problem::rejection_lines;
use super::span::span;
use super::table::{indented, pairs, table};

/// The whole of `service show`.
pub fn service(report: &ServiceReport, width: Width) -> String {
    let mut text = facts(report, width);
    section(&mut text, "rules that say no", &holds(report));
    section(&mut text, "attention", &lines(&report.summary.attention));
    section(&mut text, "places", &super::status::places(std::slice::from_ref(&report.summary), width));
    section(&mut text, "evidence", &evidence(&report.regions, width));
    section(&mut text, "records", &lines(&report.records));
    if let Some(verification) = &report.verification {
        let title = if verification.running { "last write, being verified" } else { "last write" };
        section(&mut text, title, &servers(verification, width));
    }
    text
}

fn section(text: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        text.push_str(&lines(["", &format!("{title}:")]));
        text.push_str(&indented(body));
    }
}

fn facts(report: &ServiceReport, width: Width) -> String {
    let summary = &report.summary;
    let standing = match &report.standing_detail {
        Some(detail) => format!("{}: {detail}", report.standing),
        None => report.standing.clone(),
    };
    let read = report.read_age_ms.map_or_else(|| ", never read".to_owned(), |age| format!(", read {} ago", span(age)));
    let fence = report.fence.as_ref().map(|fence| format!("epoch {}, rev {}, by {}", fence.epoch, fence.rev, fence.by));
    pairs(
        width,
        [
            ("service", Some(format!("{} ({})", summary.name, summary.mode))),
            ("page", summary.page.then(|| "PAGE: someone should be awake".to_owned())),
            ("state", Some(format!("{} for {}", summary.state, span(summary.state_age_ms)))),
            ("active", Some(summary.active.clone().unwrap_or_else(|| "no region that is known".to_owned()))),
            ("zone", Some(format!("{} at {}", report.zone, report.provider))),
            ("standing", Some(standing + &read)),
            ("fence", fence),
            ("pause", report.pause.clone()),
            ("pin", report.pin.clone()),
            ("hold", summary.hold.as_ref().map(super::status::hold)),
            ("open write", report.open.as_ref().map(open)),
            ("quorum", Some(report.quorum.to_string())),
        ],
    )
}

fn holds(report: &ServiceReport) -> String {
    let Some(hold) = &report.summary.hold else { return String::new() };
    lines(rejection_lines(&hold.rejections))
}

fn open(open: &OpenWriteReport) -> String {
    let error = open.error.as_ref().map(|error| format!(", last error: {error}")).unwrap_or_default();
    format!("{} {} for {} (decision {}){error}", open.kind, open.stage, span(open.age_ms), open.decision)
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
pub fn servers(verification: &VerificationReport, width: Width) -> String {
    let rows = verification.servers.iter().map(|report| {
        let ServerReport { server, outcome, took_ms, detail } = report;
        let took = took_ms.map_or_else(|| "-".to_owned(), span);
        [server.clone(), outcome.clone(), took, detail.clone().unwrap_or_default()]
    });
    table(width, ["SERVER", "OUTCOME", "TOOK", "DETAIL"], rows)
}
