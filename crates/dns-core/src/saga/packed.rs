//! A saga in little room: nearly all services of a large installation are at rest, and differ by a few dozen bytes.
//!
//! It is written out whole, with what is not persisted, and compressed by the *pattern* of another one. Unpacked it is the
//! same saga, so it makes the same steps: whether a service was packed meanwhile shows in nothing but the memory that it
//! took. It never leaves the process.

use std::sync::Arc;

use lz4_flex::block::{compress_with_dict, decompress_with_dict};
use serde::{Deserialize, Serialize};

use super::{Saga, Stand};
use crate::approval::Approval;
use crate::machine::Machine;
use crate::machine::siblings::Sibling;
use crate::machine::whole::{Parts, Whole};
use crate::service::Place;

/// A saga that keeps more than one part in so many of its length fits the pattern badly. Those that fit it keep one in ten.
const POOR_FIT: usize = 4;

/// Bad fits in a row after which the last of them becomes the pattern: services of another shape, or all of them after a
/// move. A pattern is as large as what it spares these.
const POOR_FITS_MAX: u32 = 16;

/// Packs sagas, and knows the pattern that suits most of them.
#[derive(Clone, Debug, Default)]
pub struct Packer {
    pattern: Arc<[u8]>,
    poor_fits: u32,
}

/// A packed saga.
#[derive(Clone, Debug)]
pub struct Packed {
    pattern: Arc<[u8]>,
    bytes: Box<[u8]>,
    length: usize,
}

#[derive(Serialize)]
struct Written<'a> {
    stands: Vec<(&'a Place, Whole<'a>, &'a Option<Vec<Sibling>>)>,
    dormant: Vec<(&'a Place, Whole<'a>)>,
    approvals: &'a [Approval],
}

#[derive(Deserialize)]
struct Read {
    stands: Vec<(Place, Parts, Option<Vec<Sibling>>)>,
    dormant: Vec<(Place, Parts)>,
    approvals: Vec<Approval>,
}

impl Packer {
    /// Packs a saga; `None` if it would not be read again, since a zone holds something that has no written form.
    pub fn pack(&mut self, saga: &Saga) -> Option<Packed> {
        let text = text(saga);
        // To find that out when it is unpacked would be to lose it.
        serde_json::from_slice::<Read>(&text).ok()?;
        if self.pattern.is_empty() {
            self.pattern = text.as_slice().into();
        }
        let bytes = compress_with_dict(&text, &self.pattern).into_boxed_slice();
        let packed = Packed { pattern: Arc::clone(&self.pattern), length: text.len(), bytes };
        self.note_fit(&packed, text);
        Some(packed)
    }

    fn note_fit(&mut self, packed: &Packed, text: Vec<u8>) {
        if packed.bytes.len() * POOR_FIT <= packed.length {
            self.poor_fits = 0;
            return;
        }
        self.poor_fits += 1;
        if self.poor_fits >= POOR_FITS_MAX {
            (self.pattern, self.poor_fits) = (text.into(), 0);
        }
    }
}

impl Packed {
    /// The saga.
    ///
    /// # Panics
    /// Never: what is packed here was written here.
    pub fn unpack(&self) -> Saga {
        let text = decompress_with_dict(&self.bytes, self.length, &self.pattern);
        let text = text.expect("invariant: this process has compressed it by that pattern");
        let read: Read = serde_json::from_slice(&text).expect("invariant: it was read when it was packed");
        let stand = |(place, parts, told): (Place, Parts, _)| Stand { place, machine: Machine::from(parts), told };
        let dormant = read.dormant.into_iter().map(|(place, parts)| (place, Machine::from(parts)));
        let stands = read.stands.into_iter().map(stand).collect();
        Saga { stands, dormant: dormant.collect(), approvals: read.approvals }
    }

    /// The bytes that only this one takes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// All of it, written out.
pub(super) fn text(saga: &Saga) -> Vec<u8> {
    let stands = saga.stands.iter().map(|Stand { place, machine, told }| (place, machine.whole(), told));
    let dormant = saga.dormant.iter().map(|(place, machine)| (place, machine.whole()));
    let written = Written { stands: stands.collect(), dormant: dormant.collect(), approvals: &saga.approvals };
    serde_json::to_vec(&written).expect("invariant: a saga has only string keys, so it always serialises")
}
