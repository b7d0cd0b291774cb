//! `status`: what is wrong first, then everything, then what to look at.

use dns_api::status::{
    ConcernReport, HoldReport, RegionSummary, ServiceList, ServiceSummary, StatusReport, VantageReport,
};

use super::Width;
use super::evacuation;
use super::lines;
use super::span::span;
use super::table::table;
use super::wrap::wrapped;

/// How far in a broken sentence goes on.
const HANG: usize = 5;

/// States in which a service rests as it should.
const STEADY: &str = "steady";

/// The whole of `status`.
pub fn status(report: &StatusReport, width: Width) -> String {
    let list = &report.list;
    let mut text = wrapped(&headline(list), HANG, width) + "\n";
    text.push_str(&lines(report.evacuations.iter().map(|one| evacuation::in_status(one, width))));
    if !list.services.is_empty() {
        text.push('\n');
        text.push_str(&services(&list.services, width));
    }
    let places = places(&list.services, width);
    if !places.is_empty() {
        text.push('\n');
        text.push_str(&places);
    }
    text.push('\n');
    text.push_str(&lines([wrapped(&vantage_points(&list.vantage_points), HANG, width)]));
    let attention = attention(report, width);
    if !attention.is_empty() {
        text.push('\n');
        text.push_str(&attention);
    }
    text
}

/// One line that says what is wrong, the worst first, or that nothing is.
pub fn headline(list: &ServiceList) -> String {
    if let Some(error) = &list.store_error {
        return format!("PAGE: the controller's store does not work: {error}");
    }
    if list.services.is_empty() {
        return "no services are configured".to_owned();
    }
    let troubled: Vec<(&ServiceSummary, String)> =
        list.services.iter().filter_map(|service| Some((service, trouble(service)?))).collect();
    let paging = troubled.iter().find(|(service, _)| service.page);
    let deaf = list.vantage_points.iter().filter(|vantage| vantage.sight != "sighted").count();
    let count = list.services.len();
    let deafness = format!("{deaf} of {} vantage points are blind or not heard", list.vantage_points.len());
    match (paging.or(troubled.first()), deaf) {
        (Some((service, what)), _) => {
            let page = if service.page { "PAGE: " } else { "" };
            let more = match troubled.len() - 1 {
                0 => String::new(),
                others => format!(" (and {others} more of {count})"),
            };
            let blindly = if deaf > 0 { format!("; {deafness}") } else { String::new() };
            format!("{page}{}: {what}{more}{blindly}", service.name)
        }
        (None, 0) => calm(&list.services),
        (None, _) => format!("{}, but {deafness}", calm(&list.services)),
    }
}

fn calm(services: &[ServiceSummary]) -> String {
    match services {
        [one] => format!("{} is steady", one.name),
        all => format!("all {} services steady", all.len()),
    }
}

/// What is wrong with a service, in a few words; `None` if it rests and every region could serve.
fn trouble(service: &ServiceSummary) -> Option<String> {
    if let Some(first) = service.attention.first() {
        return Some(first.clone());
    }
    if let Some(hold) = &service.hold {
        return Some(format!("{} is held by {}", hold.wanted, held_by(hold)));
    }
    if service.page || !service.state.starts_with(STEADY) {
        return Some(format!("{} for {}", service.state, span(service.state_age_ms)));
    }
    let sick = service.regions.iter().find(|region| region.judgement != "healthy")?;
    Some(format!("region {} is {}", sick.name, sick.judgement))
}

/// The table of services.
pub fn services(services: &[ServiceSummary], width: Width) -> String {
    let rows = services.iter().map(|service| {
        [
            service.name.clone(),
            service.mode.clone(),
            format!("{} {}", service.state, span(service.state_age_ms)),
            active(service),
            regions(service),
            service.hold.as_ref().map_or_else(|| "-".to_owned(), hold),
        ]
    });
    table(width, ["NAME", "MODE", "STATE", "ACTIVE", "REGIONS", "HOLD"], rows)
}

/// The region that it is in, and how much another one answers already.
fn active(service: &ServiceSummary) -> String {
    let active = service.active.clone().unwrap_or_else(|| "-".to_owned());
    match &service.coming_back {
        Some(back) => format!("{active}, {} {} %", back.to, back.percent),
        None => active,
    }
}

/// The places of those services that have several; empty if none has.
pub fn places(services: &[ServiceSummary], width: Width) -> String {
    let rows: Vec<_> = services
        .iter()
        .flat_map(|service| service.places.iter().map(move |place| (service, place)))
        .map(|(service, place)| {
            let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
            let standing =
                if place.diverges { format!("{}, diverges", place.standing) } else { place.standing.clone() };
            [
                service.name.clone(),
                place.name.clone(),
                format!("{}/{}", number(place.epoch), number(place.rev)),
                place.active.clone().unwrap_or_else(|| "-".to_owned()),
                standing,
                place.trouble.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    table(width, ["SERVICE", "PLACE", "EPOCH/REV", "ACTIVE", "STANDING", "TROUBLE"], rows)
}

/// Each region in a word; of one that the service could move to also since when.
fn regions(service: &ServiceSummary) -> String {
    let one = |summary: &RegionSummary| {
        let standby = service.active.as_ref() != Some(&summary.name);
        match summary.ready_age_ms.filter(|_| standby) {
            Some(age) => format!("{} ready {}", summary.name, span(age)),
            None => gated(summary),
        }
    };
    service.regions.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A region in a word, with the gates that keep records from moving there.
fn gated(region: &RegionSummary) -> String {
    let word = self::region(region);
    if region.shut_gates.is_empty() { word } else { format!("{word} ({} shut)", region.shut_gates.join(", ")) }
}

/// Proven says more than healthy, so one word is enough.
pub(super) fn region(region: &RegionSummary) -> String {
    format!("{} {}", region.name, if region.proven { "proven" } else { &region.judgement })
}

/// What is wanted and which rules say no.
pub(super) fn hold(hold: &HoldReport) -> String {
    format!("{}: {} {}", hold.wanted, held_by(hold), span(hold.age_ms))
}

fn held_by(hold: &HoldReport) -> String {
    hold.rejections.iter().map(|rejection| rejection.rule.as_str()).collect::<Vec<_>>().join(", ")
}

fn vantage_points(vantage_points: &[VantageReport]) -> String {
    if vantage_points.is_empty() {
        return "vantage points: none".to_owned();
    }
    let each: Vec<String> = vantage_points.iter().map(vantage).collect();
    format!("vantage points: {}", each.join(", "))
}

fn vantage(vantage: &VantageReport) -> String {
    let heard = match (vantage.sight.as_str(), vantage.heard_age_ms) {
        ("silent", Some(age)) => format!(" for {}", span(age)),
        ("silent", None) => ", never heard".to_owned(),
        _ => String::new(),
    };
    let reason = vantage.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{} {}{heard}{reason}", vantage.name, vantage.sight)
}

/// One line for each thing that a person should see, each marked by itself.
fn attention(report: &StatusReport, width: Width) -> String {
    let StatusReport { list, concerns, evacuations: _ } = report;
    let line = |page: bool, service: &str, text: &str| {
        let mark = if page { "PAGE" } else { "note" };
        wrapped(&format!("{mark} {service}: {text}"), HANG, width)
    };
    if concerns.is_empty() {
        // An older controller says of a service only whether any of its lines pages.
        let of_service = |service: &ServiceSummary| {
            let all = service.attention.iter().map(|text| line(service.page, &service.name, text));
            all.collect::<Vec<_>>()
        };
        return lines(list.services.iter().flat_map(of_service));
    }
    lines(concerns.iter().map(|ConcernReport { service, text, page }| line(*page, service, text)))
}
