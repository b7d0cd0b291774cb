//! `gates:` of a service's region: what must say yes, beside the probes, before records move there.

use std::collections::BTreeMap;
use std::time::Duration;

use dns_core::gate::{GateSpec, HttpGate};
use url::Url;

use super::{is_loopback, refuse_repeated};
use crate::config::secret::{SecretKind, SecretUser};
use crate::config::tree::{Map, Spot, each, if_given, or_default};

/// Gates of one region: more than one person can keep in mind at night.
const GATES_MAX: usize = 8;

/// Asked more often than this a gate would be a probe.
const EVERY_MIN: Duration = Duration::from_millis(100);

/// The default pause between two questions: three of them fit into the default time that a yes counts.
const EVERY: Duration = Duration::from_secs(10);

/// The default time of one question; a shorter pause shortens it.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How many questions a yes outlasts by default: one that is lost shuts no gate.
const WITHIN_QUESTIONS: u32 = 3;

/// A gate with the spot of its URL.
#[derive(Clone, Debug)]
pub(crate) struct GateDraft<'t> {
    pub(crate) url: (Spot<'t>, Url),
    pub(crate) spec: GateSpec,
}

/// Reads a list of gates.
pub(crate) fn read_all<'t>(spot: &Spot<'t>) -> Option<Vec<GateDraft<'t>>> {
    let items = spot.filled_list("gate")?;
    if items.len() > GATES_MAX {
        spot.fault(format!("{} gates, {GATES_MAX} at the most", items.len()));
        return None;
    }
    let gates = each(&items, read)?;
    refuse_repeated("gate", items.iter().zip(gates.iter().map(|gate| &gate.spec.name)));
    Some(gates)
}

fn read<'t>(item: &Spot<'t>) -> Option<GateDraft<'t>> {
    let map = item.map(&["name", "http", "every", "within"])?;
    let name = map.required("name").and_then(|spot| spot.parse());
    let every = or_default(map.optional("every"), EVERY, |spot| read_every(&spot));
    let http = map.required("http").and_then(|spot| read_http(&spot, every));
    let timeout = http.as_ref().map(|(_, http)| http.timeout);
    let within = every.zip(timeout).and_then(|(every, timeout)| read_within(&map, every, timeout));
    let (url, http) = http?;
    Some(GateDraft { url, spec: GateSpec { name: name?, http, every: every?, within: within? } })
}

fn read_every(spot: &Spot<'_>) -> Option<Duration> {
    let every = spot.duration()?;
    if every < EVERY_MIN {
        spot.fault(format!("must be at least {}", humantime::format_duration(EVERY_MIN)));
        return None;
    }
    Some(every)
}

/// A gate that answers in time must not be shut between two questions.
fn read_within(map: &Map<'_>, every: Duration, timeout: Duration) -> Option<Duration> {
    let least = every + timeout;
    let Some(spot) = map.optional("within") else { return Some(every * WITHIN_QUESTIONS) };
    let within = spot.duration()?;
    if within < least {
        let [least, every, timeout] = [least, every, timeout].map(humantime::format_duration);
        let message = format!("a yes must count for at least {least}: every {every} and timeout {timeout}");
        spot.fault_with_hint(message, "or the gate would be shut between two questions");
        return None;
    }
    Some(within)
}

fn read_http<'t>(spot: &Spot<'t>, every: Option<Duration>) -> Option<((Spot<'t>, Url), HttpGate)> {
    let map = spot.map(&["url", "timeout", "tokenFile", "max", "min", "allowPlainHttp"])?;
    let token_file = if_given(map.optional("tokenFile"), |spot| spot.secret(SecretKind::Line, SecretUser::Controller));
    let url = read_url(&map);
    let timeout = read_timeout(&map, every);
    let max = bounds(&map, "max");
    let min = bounds(&map, "min");
    if let (Some(max), Some(min)) = (&max, &min) {
        refuse_empty_ranges(&map, max, min);
    }
    let (url_spot, url) = url?;
    let text = url.as_str().to_owned();
    let http = HttpGate { url: text, timeout: timeout?, token_file: token_file?, max: max?, min: min? };
    Some(((url_spot, url), http))
}

/// A question must be over before the next one.
fn read_timeout(map: &Map<'_>, every: Option<Duration>) -> Option<Duration> {
    let Some(spot) = map.optional("timeout") else { return Some(every.map_or(TIMEOUT, |every| TIMEOUT.min(every))) };
    let timeout = spot.positive_duration()?;
    if let Some(every) = every.filter(|every| timeout > *every) {
        let [timeout, every] = [timeout, every].map(humantime::format_duration);
        spot.fault(format!("timeout {timeout} is above `every`, {every}"));
        return None;
    }
    Some(timeout)
}

fn read_url<'t>(map: &Map<'t>) -> Option<(Spot<'t>, Url)> {
    let plain_allowed = map.optional("allowPlainHttp").and_then(|spot| spot.bool()).unwrap_or(false);
    let spot = map.required("url")?;
    let url: Url = spot.parse()?;
    if !url.username().is_empty() || url.password().is_some() {
        spot.fault_with_hint("the url holds a password", "use `tokenFile`");
        return None;
    }
    match url.scheme() {
        "https" => Some((spot, url)),
        "http" if plain_allowed || is_loopback(&url) => Some((spot, url)),
        "http" => {
            let hint = "use https, or say `allowPlainHttp: true` if the network itself proves who answers";
            spot.fault_with_hint("plain http beyond loopback: anyone on the way could open this gate", hint);
            None
        }
        other => {
            spot.fault(format!("scheme `{other}` is neither https nor http"));
            None
        }
    }
}

/// Figures and their bounds.
fn bounds(map: &Map<'_>, key: &str) -> Option<BTreeMap<String, u32>> {
    or_default(map.optional(key), BTreeMap::new(), |spot| {
        let entries = spot.named_map()?;
        let bound = |(name, value): &(Spot<'_>, Spot<'_>)| {
            let bound = u32::try_from(value.number(0..=u64::from(u32::MAX))?).ok()?;
            Some((name.text()?.to_owned(), bound))
        };
        let pairs: Vec<_> = entries.entries().iter().map(bound).collect();
        pairs.into_iter().collect()
    })
}

/// Such a gate could never open.
fn refuse_empty_ranges(map: &Map<'_>, max: &BTreeMap<String, u32>, min: &BTreeMap<String, u32>) {
    for (name, least) in min {
        if let Some(most) = max.get(name).filter(|most| *most < least) {
            map.spot().fault(format!("`{name}` must be at most {most} and at least {least}: no answer is both"));
        }
    }
}
