//! Regions and their evacuations. The summary comes first: it must be read whole for ten services and for ten thousand.

use std::time::Duration;

use dns_api::evacuation::{
    EvacuationList, EvacuationPreview, EvacuationReport, ForecastReport, ProviderEffort, Reasons, RegionList,
    RegionStanding,
};

use super::Width;
use super::lines;
use super::span::span;
use super::table::{indented, table};
use super::wrap::wrapped;

/// Services that are shown of many, unless all are asked for.
const SHOWN: usize = 10;

/// How far in a broken sentence goes on.
const HANG: usize = 2;

/// One line a region.
pub fn regions(told: &RegionList, width: Width) -> String {
    if told.regions.is_empty() {
        return "no services are configured\n".to_owned();
    }
    let rows = told.regions.iter().map(|region| {
        let RegionStanding { name, services, active, failing, proven, evacuation } = region;
        let number = ToString::to_string;
        let evacuation = evacuation.clone().unwrap_or_else(|| "-".to_owned());
        [name.clone(), number(services), number(active), number(failing), number(proven), evacuation]
    });
    table(width, ["REGION", "SERVICES", "THERE", "FAILING THERE", "COULD GO THERE", "EVACUATION"], rows)
}

/// One line an evacuation, the newest last.
pub fn evacuations(told: &EvacuationList, width: Width) -> String {
    if told.evacuations.is_empty() {
        return "no region was evacuated by order\n".to_owned();
    }
    lines(told.evacuations.iter().map(|one| {
        let mark = if one.page { "PAGE " } else { "" };
        let text = format!("{mark}{} {}, by {} at {}: {}", one.id, one.headline(), one.by, one.started, one.reason);
        wrapped(&text, HANG, width)
    }))
}

/// A line of `status`.
pub(super) fn in_status(one: &EvacuationReport, width: Width) -> String {
    let mark = if one.page { "PAGE " } else { "note " };
    let why = one.why.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    wrapped(&format!("{mark}{}{why}", one.headline()), HANG, width)
}

/// One evacuation with all that is held.
pub fn evacuation(one: &EvacuationReport, width: Width) -> String {
    let mut text = wrapped(&one.headline(), HANG, width) + "\n";
    let to = one.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
    let undoes = one.undoes.as_ref().map(|undone| format!(", undoes {undone}")).unwrap_or_default();
    let ordered = format!("ordered{to} by {} at {}: {}{undoes} ({})", one.by, one.started, one.reason, one.id);
    text.push_str(&lines([wrapped(&ordered, HANG, width)]));
    if let Some(why) = &one.why {
        let by = one.stopped_by.as_ref().map_or_else(|| "by itself".to_owned(), |by| format!("by {by}"));
        text.push_str(&lines([wrapped(&format!("stopped {by} at {}: {why}", one.since), HANG, width)]));
    }
    if !one.held.is_empty() {
        let rows = one.held.iter().filter_map(|held| {
            let first = held.rejections.first()?;
            Some([held.service.clone(), first.rule.clone(), first.reason.clone()])
        });
        text.push('\n');
        text.push_str(&table(width, ["HELD", "BY", "WHY"], rows));
    }
    if let Some(next) = next_step(one) {
        text.push('\n');
        text.push_str(&lines([wrapped(&next, HANG, width)]));
    }
    text
}

fn next_step(one: &EvacuationReport) -> Option<String> {
    let region = &one.region;
    match one.stage.as_str() {
        "running" => Some(format!("`dns-admin region show {region}` tells how far it is, `region stop` stops it")),
        "stopped" => Some(format!(
            "`dns-admin region resume {region} --reason TEXT` goes on and asks what is held again; `region close` ends it \
             as it is"
        )),
        _ if one.undoes.is_none() => {
            Some(format!("`dns-admin region return {region} --reason TEXT` brings back what it has moved"))
        }
        _ => None,
    }
}

/// What an evacuation would do.
pub fn preview(told: &EvacuationPreview, all: bool, width: Width) -> String {
    let EvacuationPreview { region, to, moving, held, staying, .. } = told;
    let to = to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
    let summary = format!("evacuating {region}{to} now: {moving} would move, {held} be held, {staying} stay");
    let mut text = lines([wrapped(&summary, HANG, width), wrapped(&waves(&told.waves), HANG, width)]);
    text.push_str(&lines(told.providers.iter().map(|one| wrapped(&effort(one), HANG, width))));
    text.push_str(&reasons("HELD BY", &told.held_by, width));
    let overridable: Vec<&str> =
        told.held_by.iter().filter(|one| one.overridable).map(|one| one.what.as_str()).collect();
    if !overridable.is_empty() {
        let rules = format!("an order may override: {}", overridable.join(", "));
        text.push_str(&lines([wrapped(&rules, HANG, width)]));
    }
    text.push_str(&reasons("STAYING", &told.staying_as, width));
    text.push_str(&services(told, all, width));
    text
}

fn waves(sizes: &[usize]) -> String {
    match sizes {
        [] => "there would be no wave".to_owned(),
        [only] => format!("1 wave of {only}"),
        all => {
            let each: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if all.len() > SHOWN { ", …" } else { "" };
            format!("{} waves, each when the one before is served: {}{more}", all.len(), each.join(", "))
        }
    }
}

fn effort(one: &ProviderEffort) -> String {
    let ProviderEffort { provider, writes, calls, least_ms } = one;
    match calls {
        Some(calls) => {
            let least = span(Duration::from_millis(*least_ms).as_secs().max(1) * 1000);
            format!("at {provider}: {writes} writes in {calls} calls at the least, which take {least} at the least")
        }
        None => format!("at {provider}: {writes} writes, as fast as the server takes them"),
    }
}

fn reasons(title: &str, groups: &[Reasons], width: Width) -> String {
    if groups.is_empty() {
        return String::new();
    }
    format!("\n{}", table(width, [title, "SERVICES", "FOR EXAMPLE", "WHY"], groups.iter().map(group)))
}

fn group(reasons: &Reasons) -> [String; 4] {
    let Reasons { what, count, service, why, overridable: _ } = reasons;
    [what.clone(), count.to_string(), service.clone(), why.clone()]
}

/// Of each outcome the first ones, or all.
fn services(told: &EvacuationPreview, all: bool, width: Width) -> String {
    let most = if all { usize::MAX } else { SHOWN };
    let of = |outcome: &'static str| told.services.iter().filter(move |service| service.outcome == outcome);
    let chosen: Vec<&ForecastReport> =
        ["held", "stays", "moves"].into_iter().flat_map(|outcome| of(outcome).take(most)).collect();
    if chosen.is_empty() {
        return String::new();
    }
    let rows = chosen.iter().map(|service| {
        let what = match service.outcome.as_str() {
            "moves" => format!("moves to {}", service.to.as_deref().unwrap_or("?")),
            other => other.to_owned(),
        };
        let rules: Vec<&str> = service.rejections.iter().map(|no| no.rule.as_str()).collect();
        let why = service.why.clone().unwrap_or_else(|| rules.join(", "));
        [service.service.clone(), what, if why.is_empty() { "-".to_owned() } else { why }]
    });
    let mut text = format!("\n{}", indented(&table(width, ["SERVICE", "WOULD", "WHY"], rows)));
    let left = told.services.len() - chosen.len();
    if left > 0 {
        text.push_str(&lines([format!("  and {left} more; --all shows them")]));
    }
    text
}
