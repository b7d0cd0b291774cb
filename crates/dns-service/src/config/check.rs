//! What the sections say about each other: every check runs on drafts, so that one faulty field hides no other fault.

mod ability;
mod cycle;
mod group;
mod names;
mod person;
mod relation;
mod relay;
mod render;
mod vantage;
mod window;

use dns_core::identifier::Installation;

pub(super) use self::group::check as groups;
pub(super) use self::person::check as second_persons;
pub(super) use self::relation::check as relations;
pub(super) use self::relay::check as relays;
pub(super) use self::window::check as windows;
use super::sections::provider::ProviderDraft;
use super::sections::service::ServiceDraft;

/// Runs every cross-check.
pub(super) fn all(services: &[ServiceDraft<'_>], providers: &[ProviderDraft<'_>], installation: Option<&Installation>) {
    names::refuse_overlaps(services);
    names::refuse_guarded_endpoints(services);
    vantage::require_resolvers(services);
    vantage::require_outsiders(services);
    vantage::warn_of_shared_fate(services);
    // A missing installation is a fault already; a stand-in lets the rest be checked.
    let stand_in = Installation::new("unnamed").expect("invariant: a plain word is a name");
    for service in services {
        ability::refuse_impossible(service, providers);
        render::check(service, installation.unwrap_or(&stand_in));
    }
}
