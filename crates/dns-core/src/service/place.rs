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
        Place { provider: self.provider.clone(), zone: (*self.zone).clone() }
    }
}

/// One service as each of its places sees it, in the order in which places anchor decisions. All projections agree in
/// everything but provider, zone and the zone's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Everywhere(Projections);

/// Most services have one place, and no list is kept for it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Projections {
    One(Arc<Service>),
    /// Two or more.
    Several(Arc<[Arc<Service>]>),
}

impl Everywhere {
    /// From the projections. `None` without any.
    pub fn new(projections: impl IntoIterator<Item = Service>) -> Option<Self> {
        let mut projections: Vec<Arc<Service>> = projections.into_iter().map(Arc::new).collect();
        match projections.len() {
            0 | 1 => projections.pop().map(|only| Self(Projections::One(only))),
            _ => Some(Self(Projections::Several(projections.into()))),
        }
    }

    /// A service of one place.
    pub fn only(service: Service) -> Self {
        Self(Projections::One(Arc::new(service)))
    }

    /// The first projection, for all that does not depend on the place: regions, probes, policy.
    pub fn lead(&self) -> &Arc<Service> {
        self.projections().first().expect("invariant: there is at least one projection")
    }

    /// Every projection, in order.
    pub fn projections(&self) -> &[Arc<Service>] {
        match &self.0 {
            Projections::One(only) => std::slice::from_ref(only),
            Projections::Several(all) => all,
        }
    }

    /// The service as a place sees it.
    pub fn at(&self, place: &Place) -> Option<&Arc<Service>> {
        self.projections().iter().find(|service| service.provider == place.provider && *service.zone == place.zone)
    }

    /// How people tell a place from the others: by its provider alone, or with its zone if there are several zones.
    pub fn label(&self, place: &Place) -> String {
        let one_zone = self.projections().iter().all(|service| *service.zone == place.zone);
        if one_zone { place.provider.to_string() } else { place.to_string() }
    }

    /// The same in another mode.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        let projections = self.projections().iter().map(|service| Service { mode, ..(**service).clone() });
        Self::new(projections).expect("invariant: there is at least one projection")
    }
}
