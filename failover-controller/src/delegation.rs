//! Looks from time to time whether the zones in use are delegated to the servers of their provider.
//!
//! A zone that is delegated elsewhere takes every write, and no user sees one. That changes by hand and rarely, so it is
//! looked at when the process starts and every hour; it wakes nobody, since failing over would not get better by it, and is
//! told wherever its services are. Where `authoritativeServers` are configured somebody has said where the zone is served,
//! and without `resolvers` the parent cannot be found: neither is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::ProviderName;
use dns_core::service::Place;
use dns_provider::authoritative::{Delegated, delegated};
use tokio_util::sync::CancellationToken;

use crate::aside::Asides;
use crate::providers::ProviderInUse;

/// Delegations have TTLs of a day or two: what changes is seen within an hour, long before resolvers follow.
const EVERY: Duration = Duration::from_hours(1);

/// How long one question may take: to the root and back through a resolver that has to ask itself.
const QUESTION: Duration = Duration::from_secs(3);

/// 1 if the parent of a zone delegates it to others than its provider.
const ELSEWHERE: &str = "failover_controller_zone_delegated_elsewhere";

/// Describes the gauge.
pub(crate) fn describe() {
    metrics::describe_gauge!(ELSEWHERE, "1 if the zone's parent delegates it to none of the provider's servers");
}

/// Looks until cancelled.
pub(crate) async fn run(
    places: BTreeSet<Place>,
    providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
    asides: Asides,
    stop: CancellationToken,
) {
    loop {
        for place in &places {
            let Some(provider) = providers.get(&place.provider).filter(|provider| is_looked_at(provider)) else {
                continue;
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = look(place, provider, &asides) => {}
            }
        }
        if tokio::time::timeout(EVERY, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

fn is_looked_at(provider: &ProviderInUse) -> bool {
    !provider.discovery.is_configured() && !provider.discovery.resolvers().is_empty()
}

async fn look(place: &Place, provider: &ProviderInUse, asides: &Asides) {
    let names = match provider.discovery.name_servers(provider.adapter.as_ref(), &place.zone).await {
        Ok(names) => names,
        // Reads and writes fail as well then, and say so.
        Err(error) => return tracing::debug!(%place, %error, "the zone's name servers are not known"),
    };
    let (adapter, resolvers) = (provider.adapter.as_ref(), provider.discovery.resolvers());
    let said = delegated(adapter, &place.zone, &names, &[], resolvers, QUESTION).await;
    note(place, &said, asides);
}

fn note(place: &Place, said: &Delegated, asides: &Asides) {
    if let Delegated::Unknown { reason } = said {
        // One lost packet is no news: what was seen last counts until the parent says something else.
        return tracing::debug!(%place, reason, "the zone's parent cannot be asked; what it said last counts");
    }
    let fault = fault(place, said);
    let labels = [("provider", place.provider.to_string()), ("zone", place.zone.to_string())];
    metrics::gauge!(ELSEWHERE, &labels).set(if fault.is_some() { 1.0 } else { 0.0 });
    if let Some(fault) = &fault {
        tracing::warn!(%place, fault, "the zone is delegated elsewhere");
    }
    asides.note_delegation(place, fault);
}

/// What people should know. A zone that is delegated to nobody is one of a private network.
fn fault(place: &Place, said: &Delegated) -> Option<String> {
    let Delegated::Elsewhere { parent } = said else { return None };
    let names: Vec<String> = parent.iter().map(ToString::to_string).collect();
    Some(format!(
        "zone {} is delegated to {}, none of which is a server of provider `{}`: no user sees what is written there",
        place.zone,
        names.join(", "),
        place.provider
    ))
}

#[cfg(test)]
mod tests {
    use dns_core::identifier::ServiceName;
    use dns_core::rrset::canonical_name;
    use dns_core::service::Mode;

    use super::*;

    #[test]
    fn a_zone_that_is_delegated_elsewhere_is_told_until_it_is_not() {
        let place =
            Place { provider: "main".parse().expect("a name"), zone: canonical_name("example.com").expect("a name") };
        let service: ServiceName = "checkout".parse().expect("a name");
        let asides = Asides::default();
        let told = || asides.of(&service, Mode::Observe, &place).delegation;
        let elsewhere = || [canonical_name("ns1.there.test").expect("a name")].into();
        note(&place, &Delegated::Elsewhere { parent: elsewhere() }, &asides);
        assert!(told().is_some_and(|text| text.contains("delegated to ns1.there.test., none of which")));
        for said in [Delegated::Here, Delegated::Nowhere] {
            note(&place, &Delegated::Elsewhere { parent: elsewhere() }, &asides);
            note(&place, &Delegated::Unknown { reason: "a packet was lost".to_owned() }, &asides);
            assert!(told().is_some(), "what is known stays known until the parent can be asked again");
            note(&place, &said, &asides);
            assert_eq!(told(), None, "{said:?}");
        }
    }
}
