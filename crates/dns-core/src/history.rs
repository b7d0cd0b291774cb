//! What happened, in rows that are only ever added.

mod details;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fence::DecisionId;
use crate::identifier::ServiceName;
use crate::time::Timestamp;
pub use details::Details;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a history row tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum HistoryKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl HistoryKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The kind as it is stored, shown and used as a metric label.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

kinds! {
    /// The machine went from one state to another.
    StateChanged = "stateChanged",
    /// A write was decided and put into the outbox.
    Decided = "decided",
    /// An observing service would have moved.
    WouldMove = "wouldMove",
    /// Something is wanted and a rule of the kernel says no.
    Held = "held",
    /// What was held is no longer wanted or no longer refused.
    Unheld = "unheld",
    /// The kernel agreed again and the write was let go.
    Permitted = "permitted",
    /// A decision ended before its permit; nothing was sent.
    Expired = "expired",
    /// The zone holds the write.
    Applied = "applied",
    /// The provider refused the write because the zone had changed.
    Conflicted = "conflicted",
    /// The provider refused the write for another reason.
    Denied = "denied",
    /// The provider could not be reached; nothing was sent.
    Unreachable = "unreachable",
    /// No answer came; whether the write arrived is being found out.
    OutcomeUnknown = "outcomeUnknown",
    /// A write whose outcome was unknown can no longer arrive.
    Burned = "burned",
    /// Every authoritative server that answers serves the new records.
    Verified = "verified",
    /// Some authoritative servers did not serve the new records in time.
    Unverified = "unverified",
    /// After a move: the resolvers that are sampled serve it, or had the time to.
    Drained = "drained",
    /// A standby region could not be moved to for longer than the policy allows.
    StandbyUnready = "standbyUnready",
    /// A standby region of which that was told is ready again.
    StandbyReady = "standbyReady",
    /// A newer fence was found and taken over.
    Followed = "followed",
    /// A fence was missing or set back.
    FenceLost = "fenceLost",
    /// Two places of the service were moved by different decisions of the same epoch.
    Split = "split",
    /// Records or fence were changed by someone else.
    ForeignChange = "foreignChange",
    /// The zone is as the fence says again.
    ForeignChangeEnded = "foreignChangeEnded",
    /// The provider could not be read.
    Unreadable = "unreadable",
    /// The provider can be read again.
    ReadableAgain = "readableAgain",
    /// Automatic writes were blocked.
    Paused = "paused",
    /// The block ended.
    Resumed = "resumed",
    /// An order, or a move that was made by hand, waits for a second person.
    ApprovalAsked = "approvalAsked",
    /// A second person agreed.
    Approved = "approved",
    /// What waited for a second person is not to be done.
    Declined = "declined",
    /// No second person agreed in time.
    ApprovalLapsed = "approvalLapsed",
    /// A drill has begun.
    DrillBegun = "drillBegun",
    /// A drill has ended, well or not.
    DrillEnded = "drillEnded",
    /// A scheduled drill was due and could not begin.
    DrillSkipped = "drillSkipped",
    /// No drill of the service has gone well for longer than the configuration allows.
    DrillOverdue = "drillOverdue",
    /// A move that was made by hand, without any controller, was told afterwards.
    Imported = "imported",
    /// All services of a region began to leave it by order, or to return.
    EvacuationStarted = "evacuationStarted",
    /// Nothing more leaves until someone resumes.
    EvacuationStopped = "evacuationStopped",
    /// An evacuation that had stopped goes on.
    EvacuationResumed = "evacuationResumed",
    /// An evacuation is over.
    EvacuationEnded = "evacuationEnded",
}

impl fmt::Display for HistoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// The service.
    pub service: ServiceName,
    /// What.
    pub kind: HistoryKind,
    /// The decision it belongs to.
    pub decision: Option<DecisionId>,
    /// One sentence for people.
    pub summary: String,
    /// Whether someone should be woken.
    pub page: bool,
    /// Figures and evidence for programs and explanations.
    pub details: Details,
}
