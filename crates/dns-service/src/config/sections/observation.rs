//! `drain:` and `canary:`: what the controller looks at when nothing has to be decided.

use std::time::Duration;

use super::socket_addresses;
use super::top::Top;
use crate::config::tree::{Spot, if_given, or_default};
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

/// `verify:` of a provider: whether its servers can be asked from here.
pub(crate) fn refuse_private(spot: Option<Spot<'_>>) -> Option<()> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Reach {
        Public,
        Private,
    }
    let reach = if_given(spot.clone(), |spot| spot.choice(&[("public", Reach::Public), ("private", Reach::Private)]))?;
    match (reach, spot) {
        (Some(Reach::Private), Some(spot)) => {
            spot.not_yet("run the controller where it reaches the servers; monitors cannot ask them for it");
            None
        }
        (Some(Reach::Public | Reach::Private) | None, _) => Some(()),
    }
}
