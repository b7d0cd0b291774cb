//! What a zone's SOA says about itself (RFC 1035 §3.3.13).

use std::time::Duration;

use dns_zone::{Rdata, Rtype, Serial, SetKey, Zone};
use domain::rdata::ZoneRecordData;

/// The fields that a secondary goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soa {
    /// The version of the zone.
    pub serial: Serial,
    /// After which time to ask for a newer one.
    pub refresh: Duration,
    /// After which time to ask again when that failed.
    pub retry: Duration,
    /// For how long the zone is good without an answer.
    pub expire: Duration,
}

impl Soa {
    /// Reads SOA record data; none of another type.
    pub fn of(data: &Rdata) -> Option<Self> {
        let ZoneRecordData::Soa(soa) = data.to_data(Rtype::SOA) else { return None };
        Some(Self {
            serial: Serial::new(soa.serial().into_int()),
            refresh: soa.refresh().into_duration(),
            retry: soa.retry().into_duration(),
            expire: soa.expire().into_duration(),
        })
    }

    /// The one at the apex of a zone, if there is exactly one.
    pub fn of_zone(zone: &Zone) -> Option<Self> {
        let set = zone.get(&SetKey::new(zone.apex().clone(), Rtype::SOA))?;
        let [value] = set.values() else { return None };
        Self::of(value)
    }
}
