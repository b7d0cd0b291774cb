//! What a machine can be told. Events are facts in the past tense.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::command::Order;
use crate::fence::DecisionId;
use crate::judgement::Judgement;
use crate::zone::ZoneView;

/// An event.
#[derive(Clone, Debug)]
pub enum Event {
    /// The evidence was judged; sent whenever it changed, and often enough for time to pass.
    Judged(Judgement),
    /// The zone was read.
    ZoneRead(ZoneView),
    /// The zone could not be read.
    ZoneUnreadable {
        /// Why.
        reason: String,
        /// Whether only a person can change that.
        denied: bool,
    },
    /// Another place of the service has changed, as the surroundings say.
    SiblingsChanged,
    /// An operator gave an order.
    Commanded(Order),
    /// A pre-flip hook says no to a move that waits for its permit.
    HookVetoed {
        /// Which decision.
        decision: DecisionId,
        /// Which hook, and its reason.
        reason: String,
    },
    /// The executor wants to send.
    PermitAsked {
        /// Which decision.
        decision: DecisionId,
    },
    /// The write was sent and no answer came; the executor is finding out and will burn it.
    WriteUncertain {
        /// Which decision.
        decision: DecisionId,
        /// What happened.
        reason: String,
    },
    /// A write reached its end.
    WriteSettled {
        /// Which decision.
        decision: DecisionId,
        /// Which end.
        outcome: WriteOutcome,
    },
    /// The authoritative servers were asked.
    Verified {
        /// Which decision.
        decision: DecisionId,
        /// What each said.
        deliveries: Vec<Delivery>,
    },
}

/// How a write ended.
#[derive(Clone, Debug)]
pub enum WriteOutcome {
    /// It was read back.
    Applied(Box<ZoneView>),
    /// The provider refused it because the zone was not as required.
    Conflicted(String),
    /// The provider refused it for a reason that only a person can change.
    Denied(String),
    /// Nothing was sent.
    Unreachable(String),
    /// It was uncertain and can no longer arrive.
    Burned(String),
}

/// What one authoritative server was seen to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The server, or the record that no server shows.
    pub server: String,
    /// What it serves.
    pub outcome: DeliveryOutcome,
    /// From the beginning of the verification to the first new answer. It begins when the controller has read the
    /// accepted write back from the provider, or with the controller if it was restarted meanwhile.
    #[serde(rename = "tookMs", serialize_with = "whole_millis")]
    pub took: Option<Duration>,
    /// What it last answered, or why it didn't.
    pub detail: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn whole_millis<S: Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
}

/// What one authoritative server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryOutcome {
    /// The new records and fence.
    Served,
    /// Something else.
    Old,
    /// Nothing.
    Silent,
    /// No server shows it: the entry names a record whose answers are the provider's own, and says why.
    Unobservable,
}
