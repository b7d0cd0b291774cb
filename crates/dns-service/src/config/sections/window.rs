//! `windows:`: when changes wait, and for which services.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use dns_core::identifier::ServiceName;
use dns_core::time::Timestamp;
use dns_core::window::{EmergencyFailover, TimeOfDay, Weekday, When, Window};

use super::refuse_repeated;
use super::top::Top;
use crate::config::tree::{Map, Spot, each, if_given};

const KEYS: &[&str] = &["name", "services", "emergencyFailover", "from", "until", "weekly"];

/// Longer ones would overlap themselves.
const WEEK: Duration = Duration::from_hours(7 * 24);

/// A window as far as it could be read.
#[derive(Debug)]
pub(crate) struct WindowDraft<'t> {
    /// The services that it is for; all without it.
    pub(crate) services: Option<Vec<(Spot<'t>, ServiceName)>>,
    window: Option<Window>,
}

impl WindowDraft<'_> {
    fn is_for(&self, service: &ServiceName) -> bool {
        self.services.as_ref().is_none_or(|services| services.iter().any(|(_, name)| name == service))
    }
}

/// The windows of a service.
pub(crate) fn of(drafts: &[WindowDraft<'_>], service: &ServiceName) -> Vec<Window> {
    drafts.iter().filter(|draft| draft.is_for(service)).filter_map(|draft| draft.window.clone()).collect()
}

/// Reads `windows`.
pub(crate) fn read<'t>(top: &Top<'t>) -> Vec<WindowDraft<'t>> {
    let items = top.items("windows");
    let read: Vec<_> = items.iter().filter_map(read_one).collect();
    refuse_repeated("window", read.iter().filter_map(|(spot, name, _)| Some((spot, name.as_ref()?))));
    read.into_iter().map(|(_, _, draft)| draft).collect()
}

fn read_one<'t>(item: &Spot<'t>) -> Option<(Spot<'t>, Option<String>, WindowDraft<'t>)> {
    let map = item.map(KEYS)?;
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(Spot::text).map(str::to_owned);
    let services = if_given(map.optional("services"), |spot| read_services(&spot));
    let emergency = read_emergency(&map);
    let when = read_when(&map);
    // A faulty list of services is none of them, so that one fault is no further ones.
    let services = services.unwrap_or(Some(Vec::new()));
    let window = name.clone().zip(when).zip(emergency);
    let window = window.map(|((name, when), emergency_failover)| Window { name, when, emergency_failover });
    Some((name_spot.unwrap_or_else(|| item.clone()), name, WindowDraft { services, window }))
}

fn read_services<'t>(spot: &Spot<'t>) -> Option<Vec<(Spot<'t>, ServiceName)>> {
    let items = spot.filled_list("service")?;
    let names = each(&items, Spot::parse::<ServiceName>)?;
    Some(items.into_iter().zip(names).collect())
}

/// Has no default: whoever declares a window decides it then, and not the one who is on call.
fn read_emergency(map: &Map<'_>) -> Option<EmergencyFailover> {
    let Some(spot) = map.optional("emergencyFailover") else {
        let hint = "`allow`: a service leaves a failing region as ever; `block`: it waits for an order, as in a \
                    maintenance that makes the region fail";
        map.spot().fault_with_hint("`emergencyFailover` is missing", hint);
        return None;
    };
    spot.choice(&[("allow", EmergencyFailover::Allow), ("block", EmergencyFailover::Block)])
}

fn read_when(map: &Map<'_>) -> Option<When> {
    match (map.optional("from"), map.optional("until"), map.optional("weekly")) {
        (Some(from), Some(until), None) => read_once(&from, &until),
        (None, None, Some(weekly)) => read_weekly(&weekly),
        (_, _, _) => {
            let hint = "`weekly: { days: [fri], from: \"16:00\", for: 64h }`, or `from: 2026-12-20T00:00:00Z` with its \
                        `until`; all in UTC";
            map.spot().fault_with_hint("needs either `from` and `until`, or `weekly`", hint);
            None
        }
    }
}

fn read_once(from: &Spot<'_>, until: &Spot<'_>) -> Option<When> {
    let (starts, ends) = (read_moment(from), read_moment(until));
    let (starts, ends) = (starts?, ends?);
    if ends <= starts {
        until.fault("is not after `from`: the window would never open");
        return None;
    }
    Some(When::Once { from: starts, until: ends })
}

pub(super) fn read_moment(spot: &Spot<'_>) -> Option<Timestamp> {
    let text = spot.text()?;
    let since = humantime::parse_rfc3339(text).ok().and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    if since.is_none() {
        spot.fault_with_hint(format!("`{text}` is no moment"), "write it in UTC: `2026-12-20T00:00:00Z`");
    }
    since.map(|since| Timestamp::from_secs(since.as_secs()))
}

fn read_weekly(spot: &Spot<'_>) -> Option<When> {
    let map = spot.map(&["days", "from", "for"])?;
    let days = map.required("days").and_then(|spot| {
        let choices = Weekday::ALL.map(|day| (day.as_str(), day));
        each(&spot.filled_list("day")?, |item| item.choice(&choices))
    });
    let from = map.required("from").and_then(|spot| spot.parse::<TimeOfDay>());
    let length = map.required("for").and_then(|spot| read_length(&spot));
    let days: BTreeSet<Weekday> = days?.into_iter().collect();
    Some(When::Weekly { days, from: from?, length: length? })
}

fn read_length(spot: &Spot<'_>) -> Option<Duration> {
    let length = spot.positive_duration()?;
    if length >= WEEK {
        spot.fault_with_hint(
            "the window would never close",
            "`for` is shorter than a week; `dns-admin pause` has no end",
        );
        return None;
    }
    Some(length)
}
