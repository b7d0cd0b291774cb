//! `drain:`, `canary:` and a provider's `verify:`: what the controller looks at beside its decisions, and from where.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use dns_core::identifier::VantageName;

use super::socket_addresses;
use super::top::Top;
use super::vantage::{VantageDraft, select};
use crate::config::provider::Verify;
use crate::config::tree::{Map, Spot, if_given, or_default};
use crate::config::{CanaryConfig, DrainConfig};

/// Every day: a right that was lost shows before the next night.
const CANARY_EVERY_DEFAULT: Duration = Duration::from_hours(24);
/// More often would be writes without use: each makes every secondary transfer the zone.
const CANARY_EVERY_MIN: Duration = Duration::from_secs(1);
/// Fewer than one a week prove nothing about today.
const CANARY_EVERY_MAX: Duration = Duration::from_hours(7 * 24);
/// Resolvers that are sampled; more say the same again, and somebody else runs them.
const RESOLVERS_MAX: usize = 32;

/// Reads `drain`.
pub(crate) fn read_drain(top: &Top<'_>) -> Option<DrainConfig> {
    let Some(spot) = top.one("drain") else { return Some(DrainConfig::default()) };
    let resolvers = spot.map(&["resolvers"])?.required("resolvers")?;
    let addresses = resolvers.filled_list("resolver").and_then(|_| socket_addresses(&resolvers))?;
    if addresses.len() > RESOLVERS_MAX {
        resolvers.fault(format!("has {} resolvers, {RESOLVERS_MAX} at the most", addresses.len()));
        return None;
    }
    Some(DrainConfig { resolvers: addresses })
}

/// Reads `canary`.
pub(crate) fn read_canary(top: &Top<'_>) -> Option<CanaryConfig> {
    let default = CanaryConfig { every: Some(CANARY_EVERY_DEFAULT) };
    let Some(spot) = top.one("canary") else { return Some(default) };
    or_default(spot.map(&["every"])?.optional("every"), default, |spot| every(&spot))
}

/// `off` or a length of time.
fn every(spot: &Spot<'_>) -> Option<CanaryConfig> {
    if spot.is_word("off") {
        return Some(CanaryConfig { every: None });
    }
    let length = spot.duration()?;
    if !(CANARY_EVERY_MIN..=CANARY_EVERY_MAX).contains(&length) {
        spot.fault_with_hint("must be between 1s and 7d", "`off` writes no canary");
        return None;
    }
    Some(CanaryConfig { every: Some(length) })
}

/// The words of `verify:`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    Private,
}

/// `verify:` and `verifyFrom:` of a provider: from where its servers are asked. `servers` are those that it names, if that
/// could be read.
pub(crate) fn read_verify(
    map: &Map<'_>,
    servers: Option<&[SocketAddr]>,
    vantage: &[VantageDraft<'_>],
) -> Option<Verify> {
    let (verify, from) = (map.optional("verify"), map.optional("verifyFrom"));
    let reach =
        if_given(verify.clone(), |spot| spot.choice(&[("public", Reach::Public), ("private", Reach::Private)]))?;
    let Some(verify) = verify.filter(|_| reach == Some(Reach::Private)) else {
        let Some(from) = from else { return Some(Verify::Public) };
        from.fault_with_hint("only `verify: private` asks from somewhere", "add it, or remove this key");
        return None;
    };
    let named = servers.is_none_or(|servers| !servers.is_empty());
    if !named {
        let hint = "add it with each server's `ip:port`, as the vantage points inside reach it";
        verify.fault_with_hint("`private` needs `authoritativeServers`: nobody outside can look for them", hint);
    }
    let inside = inside(from.as_ref(), &verify, vantage)?;
    named.then_some(Verify::Private { inside })
}

/// The vantage points that a selector takes; all without one.
fn inside(from: Option<&Spot<'_>>, verify: &Spot<'_>, vantage: &[VantageDraft<'_>]) -> Option<Vec<VantageName>> {
    let selected = select(from, vantage)?;
    if selected.is_empty() {
        let hint = format!("known labels: {}", known_labels(vantage));
        from.unwrap_or(verify).fault_with_hint("no vantage point is inside, so nobody could ask", hint);
        return None;
    }
    // A faulty name is a fault already.
    selected.into_iter().map(|draft| draft.name.clone()).collect()
}

fn known_labels(vantage: &[VantageDraft<'_>]) -> String {
    let pairs = vantage.iter().flat_map(|draft| &draft.labels).map(|(key, value)| format!("`{key}: {value}`"));
    let pairs: BTreeSet<String> = pairs.collect();
    if pairs.is_empty() { "none".to_owned() } else { pairs.into_iter().collect::<Vec<_>>().join(", ") }
}
