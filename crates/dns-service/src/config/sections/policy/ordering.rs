//! The part of a policy that binds orders: how long their overrides count.

use dns_core::overriding::OverrideTerm;

use crate::config::tree::{Spot, or_default};

/// `overrides: { last: 10m, lastAtMost: 1h }`.
pub(super) fn read_overrides(spot: &Spot<'_>) -> Option<OverrideTerm> {
    let default = OverrideTerm::default();
    let map = spot.map(&["last", "lastAtMost"])?;
    let most = map.optional("lastAtMost");
    let longest = or_default(most.clone(), default.longest, |spot| spot.positive_duration())?;
    if longest > OverrideTerm::LONGEST_MAX {
        let bound = humantime::format_duration(OverrideTerm::LONGEST_MAX);
        most.as_ref().unwrap_or(spot).fault_with_hint(
            format!("overrides would last longer than {bound}"),
            "whoever overrides a rule has looked at what is so now; order again later",
        );
        return None;
    }
    let last = map.optional("last");
    // A default never makes a short bound a fault.
    let usual = or_default(last.clone(), default.usual.min(longest), |spot| spot.positive_duration())?;
    if usual > longest {
        let bound = humantime::format_duration(longest);
        last.as_ref().unwrap_or(spot).fault(format!("is longer than `lastAtMost`, {bound}"));
        return None;
    }
    Some(OverrideTerm { usual, longest })
}
