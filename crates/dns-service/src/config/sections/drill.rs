//! `drills:`, `drillsAtOnce:` and `drillWarning:`: drills that begin by themselves, and what binds all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_core::drill::schedule::{Schedule, When};
use dns_core::drill::{Method, STAY_DEFAULT, STAY_MAX};
use dns_core::identifier::{GroupName, ServiceName};
use dns_core::window::{TimeOfDay, Weekday};

use super::group::GroupDraft;
use super::refuse_repeated;
use super::service::ServiceDraft;
use super::top::Top;
use super::window::read_moment;
use crate::config::drill::DrillsConfig;
use crate::config::suggestion;
use crate::config::tree::{Map, Spot, each, if_given, or_default};

const KEYS: &[&str] = &["name", "services", "schedule", "stay", "reason", "injection"];

/// Drills at once, at the most: each keeps a service away from where it belongs.
const AT_ONCE_MAX: u64 = 100;

/// Weeks between two drills, at the most: a year.
const WEEKS_MAX: u64 = 53;

/// The longest reason, in bytes, as of an order.
const REASON_BYTES_MAX: usize = 500;

/// What there is to be drilled.
#[derive(Clone, Copy)]
struct Known<'d, 't> {
    services: &'d [ServiceDraft<'t>],
    groups: &'d [GroupDraft<'t>],
}

/// Reads all three.
pub(crate) fn read(top: &Top<'_>, services: &[ServiceDraft<'_>], groups: &[GroupDraft<'_>]) -> Option<DrillsConfig> {
    let items = top.items("drills");
    let known = Known { services, groups };
    let read: Vec<_> = items.iter().map(|item| read_one(item, known)).collect();
    let names: Vec<_> = read.iter().filter_map(|(spot, name, _)| Some((spot.as_ref()?, name.as_ref()?))).collect();
    refuse_repeated("drill", names.iter().map(|(spot, name)| (*spot, *name)));
    let at_once = or_default(top.one("drillsAtOnce"), 1, |spot| usize::try_from(spot.number(1..=AT_ONCE_MAX)?).ok());
    let warning = if_given(top.one("drillWarning"), |spot| spot.positive_duration());
    let schedules: Option<Vec<Schedule>> = read.into_iter().map(|(_, _, schedule)| schedule).collect();
    Some(DrillsConfig { at_once: at_once?, warning: warning?, schedules: schedules? })
}

type Read<'t> = (Option<Spot<'t>>, Option<String>, Option<Schedule>);

fn read_one<'t>(item: &Spot<'t>, known: Known<'_, '_>) -> Read<'t> {
    let Some(map) = item.map(KEYS) else { return (None, None, None) };
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(Spot::text).map(str::to_owned);
    let services = map.required("services").and_then(|spot| read_services(&spot, known));
    let when = map.required("schedule").and_then(|spot| read_when(&spot));
    let stay = or_default(map.optional("stay"), STAY_DEFAULT, |spot| read_stay(&spot));
    let reason = or_default(map.optional("reason"), "scheduled".to_owned(), |spot| read_reason(&spot));
    let injection = or_default(map.optional("injection"), true, |spot| spot.bool());
    let all = name.clone().zip(services).zip(when).zip(stay).zip(reason).zip(injection);
    let schedule = all.map(|(((((name, services), when), stay), reason), injection)| Schedule {
        name,
        services,
        when,
        stay,
        method: if injection { Method::Injected } else { Method::Ordered },
        reason,
    });
    (name_spot, name, schedule)
}

fn read_services(spot: &Spot<'_>, known: Known<'_, '_>) -> Option<Vec<ServiceName>> {
    let items = spot.filled_list("service")?;
    let names = each(&items, Spot::parse::<ServiceName>)?;
    refuse_repeated("service", items.iter().zip(&names));
    let mut whole = true;
    for (item, name) in items.iter().zip(&names) {
        if let Some((message, hint)) = known.why_never_drilled(name) {
            item.fault_with_hint(message, hint);
            whole = false;
        }
    }
    whole.then_some(names)
}

impl Known<'_, '_> {
    /// A drill that could never begin would be skipped each time, and nobody would miss it. Comes with a hint.
    fn why_never_drilled(self, name: &ServiceName) -> Option<(String, String)> {
        let Some(found) = self.services.iter().find(|draft| draft.name.as_ref() == Some(name)) else {
            let all = self.services.iter().filter_map(|draft| draft.name.as_ref());
            let hint = suggestion::hint(name.as_str(), all.map(ServiceName::as_str).collect::<Vec<_>>());
            return Some((format!("there is no service `{name}`"), hint));
        };
        if found.observes() {
            let hint = "make it `active` first; `dns-admin observe report` tells what it would have done";
            return Some((format!("service `{name}` only observes: nothing of it can be drilled"), hint.to_owned()));
        }
        let has = |group: &&GroupDraft<'_>| group.services.iter().flatten().any(|(_, member)| member == name);
        let group = self.groups.iter().find(has)?;
        let group = group.name.as_ref().map_or("?", GroupName::as_str);
        let message = format!("service `{name}` moves with group `{group}`, and a drill moves one service alone");
        Some((message, "remove it from the drill; `dns-admin group failover` moves all of the group".to_owned()))
    }
}

fn read_when(spot: &Spot<'_>) -> Option<When> {
    let map = spot.map(&["at", "weekly"])?;
    match (map.optional("at"), map.optional("weekly")) {
        (Some(at), None) => Some(When::Once { at: read_moment(&at)? }),
        (None, Some(weekly)) => read_weekly(&weekly),
        (_, _) => {
            let hint =
                "`weekly: { days: [tue], from: \"10:00\", everyWeeks: 13 }`, or `at: 2026-12-01T10:00:00Z`; in UTC";
            spot.fault_with_hint("needs either `at` or `weekly`", hint);
            None
        }
    }
}

fn read_weekly(spot: &Spot<'_>) -> Option<When> {
    let map: Map<'_> = spot.map(&["days", "from", "everyWeeks"])?;
    let days = map.required("days").and_then(|spot| {
        let choices = Weekday::ALL.map(|day| (day.as_str(), day));
        each(&spot.filled_list("day")?, |item| item.choice(&choices))
    });
    let from = map.required("from").and_then(|spot| spot.parse::<TimeOfDay>());
    let every_weeks = or_default(map.optional("everyWeeks"), 1, |spot| u32::try_from(spot.number(1..=WEEKS_MAX)?).ok());
    let days: BTreeSet<Weekday> = days?.into_iter().collect();
    Some(When::Weekly { days, from: from?, every_weeks: every_weeks? })
}

fn read_stay(spot: &Spot<'_>) -> Option<Duration> {
    let stay = spot.duration()?;
    if stay > STAY_MAX {
        let most = humantime::format_duration(STAY_MAX);
        spot.fault_with_hint(format!("a drill stays for {most} at the most"), "for longer, use `dns-admin failover`");
        return None;
    }
    Some(stay)
}

fn read_reason(spot: &Spot<'_>) -> Option<String> {
    let reason = spot.text()?.trim();
    if reason.is_empty() || reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
        spot.fault(format!("must be one line of 1 to {REASON_BYTES_MAX} bytes"));
        return None;
    }
    Some(reason.to_owned())
}
