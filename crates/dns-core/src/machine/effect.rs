//! What a machine asks its shell to do. Effects are imperatives; the shell commits those that must survive a crash
//! together with the state.

use crate::fence::DecisionId;
use crate::history::HistoryEntry;
use crate::kernel::Rejection;
use crate::write::PlannedWrite;

/// An effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Put a write into the outbox.
    Enqueue(Box<PlannedWrite>),
    /// Mark a write as sent, before it is.
    MarkSent(DecisionId),
    /// Take a settled write out of the outbox.
    Dequeue(DecisionId),
    /// Add a history row.
    Record(HistoryEntry),
    /// Read the zone now.
    ReadZone,
    /// Ask the authoritative servers for the records and fence of the newest write.
    Verify(DecisionId),
}

/// The answer to a request for a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermitAnswer {
    /// Send now, once.
    Granted,
    /// Don't; the decision has ended.
    Refused(String),
}

/// Why an order was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The safety kernel said no.
    Kernel(Vec<Rejection>),
    /// It is so already, or there is nothing to do it to.
    Pointless(String),
    /// The order itself is wrong.
    Invalid(String),
    /// The policy wants a second person for what it leads to, and it is given to many services at once: order it of this one.
    SecondPerson(String),
    /// Nobody expected this event now.
    Unexpected,
}

/// What one step gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What to do, in order.
    pub effects: Vec<Effect>,
    /// Why an order was refused.
    pub refusal: Option<Refusal>,
    /// The decision that an order led to.
    pub decision: Option<DecisionId>,
    /// The answer to a request for a permit.
    pub permit: Option<PermitAnswer>,
}
