//! A saga in little room: nearly all services of a large installation are at rest, and differ by a few dozen bytes.
//!
//! It is written out whole, with what is not persisted, and cut (`packed/figures.rs`): what is its own is kept as figures,
//! and what is left is compressed by the *pattern* of another one. Unpacked it is the same saga, so it makes the same steps:
//! whether a service was packed meanwhile shows in nothing but the memory that it took. It never leaves the process.

mod figures;

use std::sync::Arc;

use lz4_flex::block::{compress_with_dict, decompress_with_dict};
use serde::{Deserialize, Serialize};

use self::figures::{Cut, Words, cut, join, pull_number, push_number};
use super::{Saga, Stand};
use crate::approval::Approval;
use crate::machine::Machine;
use crate::machine::siblings::Sibling;
use crate::machine::whole::{Parts, Whole};
use crate::service::{Everywhere, Place};

/// A shape of which more than one part in so many is kept fits the pattern badly. Those that fit it keep one in a hundred.
const POOR_FIT: usize = 16;

/// Bad fits in a row after which the last of them becomes the pattern: services of another shape, or all of them after a
/// move. A pattern is as large as what it spares these.
const POOR_FITS_MAX: u32 = 16;

/// Packs sagas, and knows the pattern that suits most of them.
#[derive(Clone, Debug, Default)]
pub struct Packer {
    pattern: Arc<Pattern>,
    poor_fits: u32,
}

/// The shape of one saga. Boxed behind its count, since a hundred thousand hold one.
#[derive(Debug, Default)]
struct Pattern(Box<[u8]>);

/// A packed saga.
#[derive(Clone, Debug)]
pub struct Packed {
    pattern: Arc<Pattern>,
    /// The lengths of shape and figures, the figures, and the shape by its pattern.
    bytes: Box<[u8]>,
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
    /// Packs the saga of a service; `None` if it would not be read again, since a zone holds something that has no written
    /// form.
    pub fn pack(&mut self, saga: &Saga, service: &Everywhere) -> Option<Packed> {
        let text = text(saga);
        // To find that out when it is unpacked would be to lose it. What was loaded and has seen nothing yet was just read.
        if has_seen(saga) {
            serde_json::from_slice::<Read>(&text).ok()?;
        }
        let Cut { shape, figures } = cut(&text, &Words::of(service));
        if self.pattern.0.is_empty() {
            self.pattern = Arc::new(Pattern(shape.as_slice().into()));
        }
        let small = compress_with_dict(&shape, &self.pattern.0);
        let packed = Packed::new(&self.pattern, shape.len(), &figures, &small);
        self.note_fit(small.len(), shape);
        Some(packed)
    }

    fn note_fit(&mut self, kept: usize, shape: Vec<u8>) {
        if kept * POOR_FIT <= shape.len() {
            self.poor_fits = 0;
            return;
        }
        self.poor_fits += 1;
        if self.poor_fits >= POOR_FITS_MAX {
            (self.pattern, self.poor_fits) = (Arc::new(Pattern(shape.into())), 0);
        }
    }
}

/// Whether it holds anything that is not persisted.
fn has_seen(saga: &Saga) -> bool {
    let has_seen = |machine: &Machine| machine.memory().view().is_some() || machine.memory().judgement().is_some();
    saga.stands.iter().any(|stand| stand.told.is_some() || has_seen(&stand.machine))
}

impl Packed {
    fn new(pattern: &Arc<Pattern>, length: usize, figures: &[u8], small: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(figures.len() + small.len() + 2 * size_of::<u32>());
        push_number(&mut bytes, length as u64);
        push_number(&mut bytes, figures.len() as u64);
        bytes.extend_from_slice(figures);
        bytes.extend_from_slice(small);
        Self { pattern: Arc::clone(pattern), bytes: bytes.into_boxed_slice() }
    }

    /// The saga, which is of the service that it was packed with.
    ///
    /// # Panics
    /// If it is of another service.
    pub fn unpack(&self, service: &Everywhere) -> Saga {
        let text =
            self.text(service).expect("invariant: this process has packed it with this service and by that pattern");
        let read: Read = serde_json::from_slice(&text).expect("invariant: it was read when it was packed");
        let stand = |(place, parts, told): (Place, Parts, _)| Stand { place, machine: Machine::from(parts), told };
        let dormant = read.dormant.into_iter().map(|(place, parts)| (place, Machine::from(parts)));
        let stands = read.stands.into_iter().map(stand).collect();
        Saga { stands, dormant: dormant.collect(), approvals: read.approvals }
    }

    fn text(&self, service: &Everywhere) -> Option<Vec<u8>> {
        let mut bytes = &*self.bytes;
        let length = usize::try_from(pull_number(&mut bytes)?).ok()?;
        let figures = usize::try_from(pull_number(&mut bytes)?).ok()?;
        let (figures, small) = bytes.split_at_checked(figures)?;
        let shape = decompress_with_dict(small, length, &self.pattern.0).ok()?;
        join(&shape, figures, &Words::of(service))
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
