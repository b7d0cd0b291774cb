//! The failover state machine of one service at one place.
//!
//! Sans-I/O: [`Machine::step`] takes an event and `now`, changes the state and returns effects for the shell to
//! carry out, in one transaction with the new state. Where a service stands follows from what is remembered
//! ([`memory::Failover`]): an open move is flipping, an unverified one verifying, all else rests by judgement. So a
//! crash between any two steps resumes where it was.
//!
//! Effects are made by event handlers only, never by entry or exit actions: statig runs entry actions again on the
//! first event after a machine was deserialised.
//!
//! ```text
//! stateDiagram-v2
//!     [*] --> Unknown
//!     state Resting {
//!         Unknown --> SteadyPreferred : judged
//!         Unknown --> SteadyElsewhere : judged
//!         Unknown --> CoolingDown : judged
//!         Unknown --> Suspected : judged
//!         Unknown --> Paused : paused, followed
//!         SteadyPreferred --> Unknown : evidence lost
//!         SteadyPreferred --> Suspected : a vantage point sees it failing
//!         SteadyPreferred --> CoolingDown : followed
//!         SteadyPreferred --> SteadyElsewhere : followed
//!         SteadyPreferred --> Paused : paused
//!         SteadyElsewhere --> Unknown : evidence lost
//!         SteadyElsewhere --> Suspected : a vantage point sees it failing
//!         SteadyElsewhere --> CoolingDown : followed
//!         SteadyElsewhere --> SteadyPreferred : followed
//!         SteadyElsewhere --> Paused : paused
//!         CoolingDown --> Unknown : evidence lost
//!         CoolingDown --> Suspected : a vantage point sees it failing
//!         CoolingDown --> SteadyElsewhere : cooldown over
//!         CoolingDown --> SteadyPreferred : followed
//!         CoolingDown --> Paused : paused
//!         Suspected --> Unknown : evidence lost
//!         Suspected --> SteadyPreferred : recovered
//!         Suspected --> CoolingDown : recovered
//!         Suspected --> SteadyElsewhere : recovered
//!         Suspected --> Paused : paused
//!         Paused --> Unknown : resumed
//!         Paused --> SteadyPreferred : resumed
//!         Paused --> SteadyElsewhere : resumed
//!         Paused --> CoolingDown : resumed
//!         Paused --> Suspected : resumed
//!     }
//!     Resting --> Flipping : decided, automatic or by hand
//!     Flipping --> Verifying : applied
//!     Flipping --> Resting : expired, conflicted, denied, unreachable, burned
//!     Verifying --> Flipping : decided again
//!     Verifying --> Resting : verified
//! ```

mod accounting;
mod chart;
pub mod command;
mod decide;
pub mod effect;
mod evacuating;
pub mod event;
mod fencing;
mod grouped;
mod hold;
pub mod memory;
mod observe;
mod permit;
pub mod preview;
pub mod returning;
mod settle;
pub mod siblings;
pub(crate) mod whole;
mod wishes;

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use statig::prelude::*;

use crate::fence::Epoch;
use crate::fleet::Fleet;
use crate::history::{Details, HistoryEntry, HistoryKind};
use crate::identifier::Actor;
use crate::service::Service;
use crate::time::Timestamp;
pub use chart::State;
use effect::{Effect, Refusal, Step};
use event::Event;
use memory::Failover;
use siblings::Sibling;

/// Everything from outside that one step may use.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The service as configured.
    pub service: Arc<Service>,
    /// This controller, as fences and history name it.
    pub actor: Actor,
    /// Now.
    pub now: Timestamp,
    /// A fresh random number, for the ids of a decision made in this step.
    pub nonce: u128,
    /// The other places of the service, in order.
    pub siblings: Vec<Sibling>,
    /// All other services.
    pub fleet: Arc<Fleet>,
    /// How many of the other places come before this place.
    pub rank: usize,
    /// The highest epoch at places that are not configured any more: a new decision goes above it.
    pub epoch_floor: Epoch,
}

/// One turn of the machine: what it may look at, and what it hands out.
#[derive(Debug)]
pub struct Turn {
    pub(crate) around: Surroundings,
    pub(crate) at: State,
    pub(crate) step: Step,
}

impl Turn {
    pub(crate) fn now(&self) -> Timestamp {
        self.around.now
    }

    pub(crate) fn service(&self) -> Arc<Service> {
        Arc::clone(&self.around.service)
    }

    pub(crate) fn emit(&mut self, effect: Effect) {
        self.step.effects.push(effect);
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.step.refusal = Some(refusal);
    }

    pub(crate) fn record(&mut self, row: Row) {
        let Row { kind, decision, summary, page, details } = row;
        self.emit(Effect::Record(HistoryEntry {
            at: self.around.now,
            service: self.around.service.name.clone(),
            kind,
            decision,
            summary,
            page,
            details,
        }));
    }
}

/// A history row before it knows when and of what it tells.
#[derive(Debug)]
pub(crate) struct Row {
    kind: HistoryKind,
    decision: Option<crate::fence::DecisionId>,
    summary: String,
    page: bool,
    details: Details,
}

impl Row {
    pub(crate) fn new(kind: HistoryKind, summary: impl Into<String>) -> Self {
        Self { kind, decision: None, summary: summary.into(), page: false, details: serde_json::Value::Null.into() }
    }

    pub(crate) fn of(mut self, decision: &crate::fence::DecisionId) -> Self {
        self.decision = Some(decision.clone());
        self
    }

    pub(crate) fn paging(mut self) -> Self {
        self.page = true;
        self
    }

    pub(crate) fn with(mut self, details: impl Into<Details>) -> Self {
        self.details = details.into();
        self
    }
}

impl Failover {
    /// Goes to where the memory says the service stands.
    fn settle_down(&mut self, turn: &mut Turn) -> Outcome<State> {
        let place = self.place(turn);
        if place == turn.at { Outcome::Handled } else { Outcome::Transition(place) }
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Unknown {},
        Self::SteadyPreferred {},
        Self::SteadyElsewhere {},
        Self::CoolingDown {},
        Self::Suspected {},
        Self::Paused {},
        Self::Flipping {},
        Self::Verifying {},
    ];

    /// The state as people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown {} => "unknown",
            Self::SteadyPreferred {} => "steady on the preferred region",
            Self::SteadyElsewhere {} => "steady elsewhere",
            Self::CoolingDown {} => "cooling down",
            Self::Suspected {} => "suspected",
            Self::Paused {} => "paused",
            Self::Flipping {} => "flipping",
            Self::Verifying {} => "verifying",
        }
    }
}

/// A service's machine with its memory.
pub struct Machine {
    inner: StateMachine<Failover>,
}

impl Machine {
    /// A machine that knows nothing.
    pub fn new() -> Self {
        Self { inner: Failover::default().state_machine() }
    }

    /// Takes one event.
    pub fn step(&mut self, event: &Event, around: Surroundings) -> Step {
        let at = *self.inner.state();
        let mut turn = Turn { around, at, step: Step::default() };
        self.inner.handle_with_context(event, &mut turn);
        let now_at = *self.inner.state();
        if now_at != at {
            let summary = format!("{} → {}", at.as_str(), now_at.as_str());
            let details = Details::made_by(move || serde_json::json!({ "from": at.as_str(), "to": now_at.as_str() }));
            turn.record(Row::new(HistoryKind::StateChanged, summary).with(details));
        }
        turn.step
    }

    /// Where the service stands.
    pub fn state(&self) -> State {
        *self.inner.state()
    }

    /// What is remembered.
    pub fn memory(&self) -> &Failover {
        &self.inner
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

/// The persisted form is versioned by [`crate::saga`]: what is not persisted, evidence and the look at the zone, starts
/// unknown.
impl Serialize for Machine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Machine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StateMachine::deserialize(deserializer).map(|inner| Self { inner })
    }
}

impl Clone for Machine {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

#[cfg(test)]
mod tests;
