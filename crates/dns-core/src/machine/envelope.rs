//! The persisted form of a machine: a version and the machine, as JSON. A golden test pins it.

use serde::{Deserialize, Serialize};
use statig::prelude::*;

use super::Machine;
use super::memory::Failover;

/// The version that this code writes.
pub const VERSION: u32 = 1;

/// Why a text is no persisted machine.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Written by another program, usually a later one: don't downgrade, or restore the matching backup.
    #[error("the state has version {0}, this program reads {VERSION}")]
    Version(u32),
    /// Not what this program writes.
    #[error("the state cannot be read")]
    Content(#[source] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    machine: &'a StateMachine<Failover>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Read {
    machine: StateMachine<Failover>,
}

impl Machine {
    /// Writes the persisted form.
    pub fn to_envelope(&self) -> String {
        serde_json::to_string(&Written { version: VERSION, machine: &self.inner })
            .expect("invariant: the memory has only string keys, so it always serialises")
    }

    /// Reads the persisted form. What is not persisted, evidence and the look at the zone, starts unknown.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn from_envelope(text: &str) -> Result<Self, EnvelopeError> {
        let Version { version } = serde_json::from_str(text).map_err(EnvelopeError::Content)?;
        if version != VERSION {
            return Err(EnvelopeError::Version(version));
        }
        let Read { machine } = serde_json::from_str(text).map_err(EnvelopeError::Content)?;
        Ok(Self { inner: machine })
    }
}
