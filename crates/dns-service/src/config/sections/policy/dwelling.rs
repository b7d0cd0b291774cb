//! The part of a policy that says how much longer failback waits at a service that flaps.

use std::time::Duration;

use dns_core::dwell::DwellPolicy;

use crate::config::tree::{Spot, or_default};

/// A service that is kept away for longer has been forgotten and not cautious.
const LONGEST_MAX: Duration = Duration::from_hours(7 * 24);

/// `dwell: { longest: 2h, quietAfter: 6h }`.
pub(super) fn read(spot: &Spot<'_>) -> Option<DwellPolicy> {
    let default = DwellPolicy::default();
    let map = spot.map(&["longest", "quietAfter"])?;
    let longest = or_default(map.optional("longest"), default.longest, |spot| {
        let longest = spot.duration()?;
        if longest > LONGEST_MAX {
            spot.fault(format!("failback would wait longer than {}", humantime::format_duration(LONGEST_MAX)));
            return None;
        }
        Some(longest)
    })?;
    let quiet = map.optional("quietAfter");
    // A default never makes a long wait a fault.
    let quiet_after = or_default(quiet.clone(), default.quiet_after.max(longest), |spot| spot.positive_duration())?;
    if quiet_after < longest {
        let bound = humantime::format_duration(longest);
        quiet.as_ref().unwrap_or(spot).fault_with_hint(
            format!("is shorter than `longest`, {bound}: the wait would end before its time"),
            "make it at least as long",
        );
        return None;
    }
    Some(DwellPolicy { longest, quiet_after })
}
