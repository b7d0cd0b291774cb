//! Octets of a message in which names point at the zone's name, and at nothing else (RFC 1035 §4.1.4).
//!
//! So a name's length depends on itself and the zone only, not on what stands before it.

use std::convert::Infallible;

use dns_zone::Owner;
use domain::base::Name;
use domain::base::name::{ToLabelIter, ToName};
use domain::base::wire::Composer;
use domain::dep::octseq::builder::{OctetsBuilder, Truncate};

/// Where the zone's name stands: first in the question, after the header.
const APEX_AT: u8 = 12;

/// The two bits that tell a pointer from a label (RFC 1035 §4.1.4).
const POINTER: u8 = 0xc0;

/// A message that grows.
#[derive(Debug)]
pub(super) struct Octets {
    octets: Vec<u8>,
    apex: Name<Vec<u8>>,
}

impl Octets {
    /// An empty message about a zone.
    pub(super) fn new(zone: &Owner) -> Self {
        Self { octets: Vec::new(), apex: zone.to_name() }
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        self.octets
    }
}

/// How many octets a name of the zone takes.
pub(super) fn name_octets(zone: &Owner, owner: &Owner) -> usize {
    let (whole, apex) = (owner.to_wire().len(), zone.to_wire().len());
    // A pointer to the root would be longer than the root.
    if *zone == Owner::root() { whole } else { whole - apex + 2 }
}

impl OctetsBuilder for Octets {
    type AppendError = Infallible;

    fn append_slice(&mut self, slice: &[u8]) -> Result<(), Infallible> {
        self.octets.extend_from_slice(slice);
        Ok(())
    }
}

impl Truncate for Octets {
    fn truncate(&mut self, len: usize) {
        self.octets.truncate(len);
    }
}

impl AsRef<[u8]> for Octets {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl AsMut<[u8]> for Octets {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.octets
    }
}

impl Composer for Octets {
    fn append_compressed_name<N: ToName + ?Sized>(&mut self, name: &N) -> Result<(), Infallible> {
        let is_first = self.octets.len() <= usize::from(APEX_AT);
        if is_first || self.apex.is_root() || !name.ends_with(&self.apex) {
            return name.compose(self);
        }
        let own = name.iter_labels().count() - self.apex.iter_labels().count();
        for label in name.iter_labels().take(own) {
            label.compose(self)?;
        }
        self.append_slice(&[POINTER, APEX_AT])
    }

    fn can_compress(&self) -> bool {
        true
    }
}
