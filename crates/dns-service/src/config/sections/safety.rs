//! `blastRadius:`: how far the controller goes over all services without an order.

use dns_core::fleet::BlastRadius;
use dns_core::share::Share;

use super::top::Top;
use crate::config::tree::or_default;

/// More services than anybody has.
const SERVICES_MAX: u64 = 1_000_000;

/// Reads `blastRadius`.
pub(crate) fn read_blast_radius(top: &Top<'_>) -> Option<BlastRadius> {
    let default = BlastRadius::default();
    let Some(spot) = top.one("blastRadius") else { return Some(default) };
    let map = spot.map(&["services", "share", "per", "regionLoss"])?;
    let services = or_default(map.optional("services"), default.services, |spot| {
        usize::try_from(spot.number(0..=SERVICES_MAX)?).ok()
    });
    let share = or_default(map.optional("share"), default.share, |spot| spot.parse::<Share>());
    let per = or_default(map.optional("per"), default.per, |spot| spot.positive_duration());
    let region_loss = or_default(map.optional("regionLoss"), default.region_loss, |spot| spot.parse::<Share>());
    let (share, region_loss) = (share?, region_loss?);
    if region_loss <= share {
        let message = format!("`regionLoss` {region_loss} is not above `share` {share}");
        spot.fault_with_hint(message, "then no share is left of which a person is asked; raise `regionLoss`");
        return None;
    }
    Some(BlastRadius { services: services?, share, per: per?, region_loss })
}
