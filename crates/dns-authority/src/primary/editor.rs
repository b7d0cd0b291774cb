//! Someone's hand in the zone: records changed without asking anyone.

use hickory_proto::rr::{Name, RecordType};

use crate::update;
use crate::zone::{self, Zone, ZoneError};

/// Changes to a zone that become visible together. A failed call changes nothing.
pub struct Editor {
    zone: Zone,
}

impl Editor {
    pub(super) fn new(zone: Zone) -> Self {
        Self { zone }
    }

    pub(super) fn into_zone(self) -> Zone {
        self.zone
    }

    /// The zone with the changes so far.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Adds records in zone file form, such as `api.example.test. 60 A 192.0.2.1`; one to a line, with a TTL.
    ///
    /// # Errors
    /// [`ZoneError`], if the text cannot be read or a record may not stand there.
    pub fn add(&mut self, text: &str) -> Result<(), ZoneError> {
        let mut zone = self.zone.clone();
        for record in zone::parse(self.zone.origin(), text)? {
            zone.insert(record)?;
        }
        self.zone = zone;
        Ok(())
    }

    /// Puts records in zone file form in the place of the RRsets of their owners and types.
    ///
    /// # Errors
    /// [`ZoneError`], as with [`add`](Self::add).
    pub fn replace(&mut self, text: &str) -> Result<(), ZoneError> {
        let mut zone = self.zone.clone();
        let records = zone::parse(self.zone.origin(), text)?;
        for record in &records {
            update::delete_rrset(&mut zone, &record.name, record.record_type());
        }
        for record in records {
            zone.insert(record)?;
        }
        self.zone = zone;
        Ok(())
    }

    /// Removes an RRset. The apex keeps its SOA and NS.
    pub fn remove(&mut self, owner: &Name, rtype: RecordType) {
        update::delete_rrset(&mut self.zone, owner, rtype);
    }

    /// Removes every record of a name. The apex keeps its SOA and NS.
    pub fn remove_name(&mut self, owner: &Name) {
        update::delete_name(&mut self.zone, owner);
    }
}
