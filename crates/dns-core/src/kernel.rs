//! The safety kernel: the rules that every write passes, at decision and again at permit time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A rule of the kernel, in order of precedence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Rule {
            /// Every rule, in order of precedence.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name of the rule in configuration, API and history.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

rules! {
    /// Never an empty answer at any guarded name.
    EmptyAnswer = "emptyAnswer",
    /// Never remove what the plan did not read.
    UnreadRecord = "unreadRecord",
    /// Never without the fence's condition.
    Unfenced = "unfenced",
    /// The zone must have been read, and its fence understood.
    ZoneKnown = "zoneKnown",
    /// No automatic move without a quorum's judgement that the region is failing.
    QuorumJudged = "quorumJudged",
    /// A failback leaves a region that a quorum sees healthy; leaving a failing one is a failover.
    SourceHealthy = "sourceHealthy",
    /// All regions failing means hold.
    AllRegionsFailing = "allRegionsFailing",
    /// Only to a region that a quorum has seen healthy for its ready-time.
    TargetProven = "targetProven",
    /// An observing service writes nothing.
    Observing = "observing",
    /// A pause blocks automatic writes.
    NotPaused = "notPaused",
    /// A service that was never adopted, or was released, is not written.
    Adopted = "adopted",
    /// A foreign change holds every write.
    NoForeignChange = "noForeignChange",
    /// A replica with an older configuration than the fence's never writes.
    ConfigurationCurrent = "configurationCurrent",
    /// A pin blocks automatic failback.
    NotPinned = "notPinned",
    /// One write of a service at a time.
    OneWrite = "oneWrite",
    /// Failback waits for the cooldown to end.
    CooledDown = "cooledDown",
    /// After a refused write the next one waits.
    WriteBackoff = "writeBackoff",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word names no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rule of the safety kernel")]
pub struct UnknownRule(String);

impl FromStr for Rule {
    type Err = UnknownRule;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|rule| rule.as_str() == text).ok_or_else(|| UnknownRule(text.to_owned()))
    }
}
