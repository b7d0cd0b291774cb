//! The persisted form of a saga: a version and the machines, as JSON. Golden tests pin it.
//!
//! Version 1 held one machine and did not say where; it is read as that of the place that its fence names, else as the
//! first place's.

use serde::{Deserialize, Serialize};

use super::{Saga, Stand};
use crate::approval::Approval;
use crate::machine::Machine;
use crate::service::{Everywhere, Place};

/// The version that this code writes.
pub const VERSION: u32 = 2;

/// Why a text is no persisted saga.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Written by another program, usually a later one: don't downgrade, or restore the matching backup.
    #[error("the state has version {0}, this program reads 1 to {VERSION}")]
    Version(u32),
    /// Not what this program writes.
    #[error("the state cannot be read")]
    Content(#[source] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    places: Vec<WrittenPlace<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    approvals: &'a [Approval],
}

#[derive(Serialize)]
struct WrittenPlace<'a> {
    #[serde(flatten)]
    place: &'a Place,
    machine: &'a Machine,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct ReadOne {
    machine: Machine,
}

#[derive(Deserialize)]
struct Read {
    places: Vec<ReadPlace>,
    /// States without it were written before orders could wait.
    #[serde(default)]
    approvals: Vec<Approval>,
}

#[derive(Deserialize)]
struct ReadPlace {
    #[serde(flatten)]
    place: Place,
    machine: Machine,
}

impl Saga {
    /// Writes the persisted form.
    pub fn to_envelope(&self) -> String {
        let stands = self.stands.iter().map(|Stand { place, machine, told: _ }| WrittenPlace { place, machine });
        let dormant = self.dormant.iter().map(|(place, machine)| WrittenPlace { place, machine });
        let places = stands.chain(dormant).collect();
        serde_json::to_string(&Written { version: VERSION, places, approvals: &self.approvals })
            .expect("invariant: the memory has only string keys, so it always serialises")
    }

    /// Reads the persisted form for the places that are configured now. What is not persisted, evidence and the looks
    /// at the zones, starts unknown.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn from_envelope(text: &str, service: &Everywhere) -> Result<Self, EnvelopeError> {
        let Version { version } = serde_json::from_str(text).map_err(EnvelopeError::Content)?;
        let (kept, approvals) = match version {
            1 => {
                let ReadOne { machine } = serde_json::from_str(text).map_err(EnvelopeError::Content)?;
                (vec![(place_of(&machine, service), machine)], Vec::new())
            }
            VERSION => {
                let Read { places, approvals } = serde_json::from_str(text).map_err(EnvelopeError::Content)?;
                (places.into_iter().map(|ReadPlace { place, machine }| (place, machine)).collect(), approvals)
            }
            other => return Err(EnvelopeError::Version(other)),
        };
        Ok(Self { approvals, ..Self::from_kept(kept, service) })
    }

    fn from_kept(mut kept: Vec<(Place, Machine)>, service: &Everywhere) -> Self {
        let mut saga = Self::new(service);
        // A service of one place that was given a new home takes along what it knows: epochs only go up.
        if let ([stand], [(place, _)]) = (saga.stands.as_slice(), kept.as_mut_slice()) {
            place.clone_from(&stand.place);
        }
        for (place, machine) in kept {
            match saga.rank(&place) {
                Some(rank) => saga.stands[rank].machine = machine,
                None => saga.dormant.push((place, machine)),
            }
        }
        saga
    }
}

fn place_of(machine: &Machine, service: &Everywhere) -> Place {
    let named = machine.memory().held().and_then(|held| {
        let here = |place: &Place| {
            place.provider == held.provider && held.rrs.iter().all(|key| place.zone.zone_of(key.name()))
        };
        service.projections().iter().map(|service| service.place()).find(here)
    });
    named.unwrap_or_else(|| service.lead().place())
}
