//! Whether a zone serves what a region renders, and whether a fence stands where it should: compared in place, since both
//! are asked at every turn of every service.

use std::collections::BTreeSet;

use hickory_proto::rr::Name;

use super::{RenderError, Service, render_record};
use crate::identifier::RegionName;
use crate::rrset::Rrsets;

/// The label of every fence's owner name between its service and its zone.
const FENCE_LABEL: &[u8] = b"_failover";

impl Service {
    /// Whether a zone holds what [`Service::render`] makes of a region, as far as this service speaks of its records.
    ///
    /// # Errors
    /// As [`Service::render`].
    pub fn is_shown(&self, name: &RegionName, zone: &Rrsets) -> Result<bool, RenderError> {
        let region = self.region(name).ok_or_else(|| RenderError::NoRegion(name.clone()))?;
        let mut alike = true;
        for record in &self.records {
            let found = zone.get(&record.key);
            // A record that cannot be rendered is an error wherever it stands in the list.
            let wanted = if record.absent_in.contains(name) { None } else { Some(render_record(record, region)?) };
            alike &= found == wanted.as_ref();
        }
        self.refuse_empty_names(name)?;
        Ok(alike)
    }

    /// The region whose rendering a zone holds, as far as this service speaks of its records.
    pub fn region_shown(&self, zone: &Rrsets) -> Option<&RegionName> {
        self.regions.iter().map(|region| &region.name).find(|name| self.is_shown(name, zone) == Ok(true))
    }

    /// Every name must answer with something.
    pub(super) fn refuse_empty_names(&self, region: &RegionName) -> Result<(), RenderError> {
        if self.records.iter().all(|record| !record.absent_in.contains(region)) {
            return Ok(());
        }
        let present = self.records.iter().filter(|record| !record.absent_in.contains(region));
        let served: BTreeSet<&Name> = present.map(|record| record.key.name()).collect();
        match self.records.iter().find(|record| !served.contains(record.key.name())) {
            Some(record) => Err(RenderError::EmptyName { name: record.key.name().clone(), region: region.clone() }),
            None => Ok(()),
        }
    }

    /// Whether it is the owner name of this service's fence, without making that, see [`Service::fence_name`].
    pub fn is_fence_name(&self, name: &Name) -> bool {
        let mut labels = name.iter();
        let own = labels.next().and_then(|label| label.strip_prefix(b"_"));
        own.is_some_and(|own| own.eq_ignore_ascii_case(self.name.as_str().as_bytes()))
            && labels.next().is_some_and(|label| label.eq_ignore_ascii_case(FENCE_LABEL))
            && labels.len() == self.zone.iter().len()
            && labels.zip(self.zone.iter()).all(|(one, other)| one.eq_ignore_ascii_case(other))
            && name.is_fqdn()
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{key, name, region, rrset, service};
    use crate::rrset::{GuardedType, Rrsets};

    #[test]
    fn a_zone_shows_the_region_that_renders_its_records() {
        let service = service();
        for shown in ["prod", "dr"] {
            let zone = service.render(&region(shown)).expect("renders");
            assert_eq!(service.region_shown(&zone), Some(&region(shown)));
        }
        assert_eq!(service.region_shown(&Rrsets::new()), None);
    }

    #[test]
    fn records_of_nobody_are_not_looked_at_and_own_ones_all_are() {
        let service = service();
        let mut zone = service.render(&region("dr")).expect("renders");
        let strange = rrset("mail.example.com", GuardedType::A, 60, &["192.0.2.99"]);
        zone.insert(strange.key().clone(), strange);
        assert_eq!(service.is_shown(&region("dr"), &zone), Ok(true));
        zone.remove(&key("www.example.com", GuardedType::Cname));
        assert_eq!(service.is_shown(&region("dr"), &zone), Ok(false));
    }

    #[test]
    fn a_record_that_a_region_lacks_must_not_be_there() {
        let mut service = service();
        let whole = service.render(&region("dr")).expect("renders");
        service.records[1].absent_in.insert(region("dr"));
        assert_eq!(service.is_shown(&region("dr"), &whole), Ok(false));
        let less = service.render(&region("dr")).expect("renders");
        assert_eq!(service.is_shown(&region("dr"), &less), Ok(true));
    }

    #[test]
    fn what_cannot_be_rendered_is_shown_nowhere() {
        let mut service = service();
        let zone = service.render(&region("dr")).expect("renders");
        service.records[2].absent_in.insert(region("dr"));
        assert_eq!(service.is_shown(&region("dr"), &zone).err(), service.render(&region("dr")).err());
        assert!(service.is_shown(&region("fra"), &zone).is_err());
    }

    #[test]
    fn a_fence_is_known_by_its_name_alone() {
        let service = service();
        assert!(service.is_fence_name(&service.fence_name().expect("a name")));
        for other in [
            "_checkout._failover.example.net",
            "_checkout._failover.www.example.com",
            "_checkout.failover.example.com",
            "checkout._failover.example.com",
            "_checkout2._failover.example.com",
            "_checkout._failover.com",
            "_checkout",
        ] {
            assert!(!service.is_fence_name(&name(other)), "{other}");
        }
    }
}
