//! All of a machine, what is not persisted included: to hold it in little room, never to store it.

use serde::{Deserialize, Serialize};
use statig::prelude::*;

use super::memory::Failover;
use super::{Machine, State};
use crate::judgement::Judgement;
use crate::standing::Standing;
use crate::zone::ZoneView;

/// A machine with the fields that its persisted form leaves out.
#[derive(Serialize)]
pub(crate) struct Whole<'a> {
    state: State,
    memory: &'a Failover,
    doubt: Option<&'a Standing>,
    view: Option<&'a ZoneView>,
    judgement: Option<&'a Judgement>,
}

/// The same, read back.
#[derive(Deserialize)]
pub(crate) struct Parts {
    state: State,
    memory: Failover,
    doubt: Option<Standing>,
    view: Option<ZoneView>,
    judgement: Option<Judgement>,
}

impl Machine {
    /// All of it.
    pub(crate) fn whole(&self) -> Whole<'_> {
        let memory = self.memory();
        Whole {
            state: self.state(),
            memory,
            doubt: memory.doubt.as_ref(),
            view: memory.view.as_ref(),
            judgement: memory.judgement.as_ref(),
        }
    }
}

impl From<Parts> for Machine {
    fn from(parts: Parts) -> Self {
        let Parts { state, memory, doubt, view, judgement } = parts;
        let mut machine = Failover { doubt, view, judgement, ..memory }.uninitialized_state_machine();
        *machine.state_mut() = state;
        Self { inner: machine.into() }
    }
}
