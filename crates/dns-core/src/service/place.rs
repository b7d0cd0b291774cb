//! Where a service's records are: the places, each a zone at a provider, and the service as each place sees it.

use std::fmt;
use std::sync::Arc;

use hickory_proto::rr::Name;
use serde::{Deserialize, Serialize};

use super::{Mode, Service};
use crate::identifier::ProviderName;
use crate::rrset::name_text;

/// A zone at a provider: the unit that one atomic write and one fence are for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The provider.
    pub provider: ProviderName,
    /// The zone.
    #[serde(with = "name_text")]
    pub zone: Name,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.zone, self.provider)
    }
}

impl Service {
    /// Where the records of this projection are.
    pub fn place(&self) -> Place {
        Place { provider: self.provider.clone(), zone: self.zone.clone() }
    }
}

/// One service as each of its places sees it, in the order in which places anchor decisions. All projections agree in
/// everything but provider, zone and the zone's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Everywhere(Arc<[Arc<Service>]>);

impl Everywhere {
    /// From the projections. `None` without any.
    pub fn new(projections: impl IntoIterator<Item = Service>) -> Option<Self> {
        let projections: Arc<[Arc<Service>]> = projections.into_iter().map(Arc::new).collect();
        (!projections.is_empty()).then_some(Self(projections))
    }

    /// A service of one place.
    pub fn only(service: Service) -> Self {
        Self([Arc::new(service)].into())
    }

    /// The first projection, for all that does not depend on the place: regions, probes, policy.
    pub fn lead(&self) -> &Arc<Service> {
        self.0.first().expect("invariant: there is at least one projection")
    }

    /// Every projection, in order.
    pub fn projections(&self) -> &[Arc<Service>] {
        &self.0
    }

    /// The service as a place sees it.
    pub fn at(&self, place: &Place) -> Option<&Arc<Service>> {
        self.0.iter().find(|service| service.provider == place.provider && service.zone == place.zone)
    }

    /// How people tell a place from the others: by its provider alone, or with its zone if there are several zones.
    pub fn label(&self, place: &Place) -> String {
        let one_zone = self.0.iter().all(|service| service.zone == place.zone);
        if one_zone { place.provider.to_string() } else { place.to_string() }
    }

    /// The same in another mode.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self(self.0.iter().map(|service| Arc::new(Service { mode, ..(**service).clone() })).collect())
    }
}
