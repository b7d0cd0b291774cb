//! The safety kernel: the rules that every write passes, automatic or by hand, at decision and again at permit time.
//!
//! One pure function, [`review`], asks every rule of [`Rule::ALL`] in order of precedence. A rule says nothing, or says
//! why not. The first of the rejections is what people see first. Each rule has a test that fails without it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::change::ChangeSet;
use crate::dwell::Dwell;
use crate::fence::{Fence, Pause, Pin};
use crate::fleet::Fleet;
use crate::group::GroupMove;
use crate::identifier::RegionName;
use crate::judgement::Judgement;
use crate::rrset::Rrsets;
use crate::service::Service;
use crate::standing::Standing;
use crate::time::Timestamp;
use crate::write::{Initiative, WriteKind};

mod answers;
mod rules;

pub use answers::{Answer, Said, interview};

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
    /// All regions failing means hold.
    AllRegionsFailing = "allRegionsFailing",
    /// Only to a region that a quorum has seen healthy for its ready-time.
    TargetProven = "targetProven",
    /// Only to a region whose gates have all said yes lately.
    GatesOpen = "gatesOpen",
    /// An observing service writes nothing.
    Observing = "observing",
    /// A pause blocks automatic writes.
    NotPaused = "notPaused",
    /// While a window is open what can wait does.
    ChangeFreeze = "changeFreeze",
    /// Nothing moves into a region that is being evacuated by order.
    RegionEvacuated = "regionEvacuated",
    /// A service that was never adopted, or was released, is not written.
    Adopted = "adopted",
    /// A foreign change holds every write.
    NoForeignChange = "noForeignChange",
    /// A replica with an older configuration than the fence's never writes.
    ConfigurationCurrent = "configurationCurrent",
    /// A pre-flip hook said no to the move.
    HooksAgreed = "hooksAgreed",
    /// One write of a service at a time.
    OneWrite = "oneWrite",
    /// Failback waits for the cooldown to end, and longer at a service that flaps.
    CooledDown = "cooledDown",
    /// An automatic failback waits until the preferred region was healthy for the soak.
    Soaked = "soaked",
    /// A service that an operator has moved is not failed back automatically.
    NotPinned = "notPinned",
    /// A service whose policy says so stays in its standby region, even if that fails.
    StandbyHolds = "standbyHolds",
    /// A service leaves regions without an order only so often.
    FailoverBudget = "failoverBudget",
    /// While only some of a region's services fail, only so many leave it without an order.
    BlastRadius = "blastRadius",
    /// When a region is lost its services leave it in waves.
    Wave = "wave",
    /// After a failed write the next automatic one waits.
    WriteBackoff = "writeBackoff",
    /// A service of a group moves with its group.
    GroupTogether = "groupTogether",
    /// A group moves only to where all of it can go.
    GroupReady = "groupReady",
    /// The members of a group move in its order.
    MemberFirst = "memberFirst",
    /// So many services stay in a region, or come into it, as a rule of the configuration says.
    Assertion = "assertion",
    /// Services come into a region only while others are where a rule of the configuration says.
    Gating = "gating",
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

impl Rule {
    /// Whether an operator may override it. Rules of the first precedence never are, and neither are those whose
    /// remedy is another verb: resume, adopt, a newer configuration.
    pub fn is_overridable(self) -> bool {
        match self {
            Self::AllRegionsFailing
            | Self::TargetProven
            | Self::GatesOpen
            | Self::ChangeFreeze
            | Self::RegionEvacuated
            | Self::HooksAgreed
            | Self::CooledDown
            | Self::GroupTogether
            | Self::GroupReady
            | Self::MemberFirst
            | Self::Assertion
            | Self::Gating => true,
            Self::EmptyAnswer
            | Self::UnreadRecord
            | Self::Unfenced
            | Self::ZoneKnown
            | Self::QuorumJudged
            | Self::Observing
            | Self::NotPaused
            | Self::Adopted
            | Self::NoForeignChange
            | Self::ConfigurationCurrent
            | Self::OneWrite
            | Self::Soaked
            | Self::NotPinned
            | Self::StandbyHolds
            | Self::FailoverBudget
            | Self::BlastRadius
            | Self::Wave
            | Self::WriteBackoff => false,
        }
    }
}

/// A rule that said no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// Which.
    pub rule: Rule,
    /// Why, with figures.
    pub reason: String,
}

/// What a write is for, among the places of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is a decision about the service, or concerns this place alone.
    Decides,
    /// It brings this place to where another has brought the service: whether to leave was decided there, whether to
    /// arrive is asked anew.
    Aligns,
    /// It is the next step of a decision that has begun.
    Advances,
    /// It puts an end to two decisions that contradict each other.
    MendsSplit,
}

/// A write that someone wants.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// Its kind.
    pub kind: WriteKind,
    /// Who wants it.
    pub initiative: &'a Initiative,
    /// What it is for.
    pub purpose: Purpose,
    /// The region that would be left.
    pub from: Option<&'a RegionName>,
    /// The region that the records would be in.
    pub to: Option<&'a RegionName>,
    /// Rules that the operator overrides.
    pub overrides: &'a [Rule],
    /// When the overrides end; `None` of what was decided before they did.
    pub overrides_expire: Option<Timestamp>,
    /// The move of its group that it is a part of.
    pub group: Option<&'a GroupMove>,
    /// What would be written; `None` if it could not even be planned, because the zone was not read.
    pub change: Option<&'a ChangeSet>,
    /// The guarded records as they would be served afterwards.
    pub after: Option<&'a Rrsets>,
}

/// The world as the controller knows it.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The service.
    pub service: &'a Service,
    /// The current judgement; `None` before the first.
    pub judgement: Option<&'a Judgement>,
    /// What the last look at the zone meant.
    pub standing: &'a Standing,
    /// The newest fence held.
    pub held: Option<&'a Fence>,
    /// The configuration's revision in the fence that its zone has while someone else's hand is in it; 0 without one.
    pub disputed_revision: u64,
    /// A pause.
    pub pause: Option<&'a Pause>,
    /// When the service last moved, never in the future.
    pub moved: Option<Timestamp>,
    /// How often in a row it has left its preferred region.
    pub dwell: Option<Dwell>,
    /// Whether an operator has moved it.
    pub pin: Option<&'a Pin>,
    /// When it last left regions without an order, oldest first.
    pub failovers: &'a [Timestamp],
    /// All other services.
    pub fleet: &'a Fleet,
    /// What a pre-flip hook said against the write; `None` as long as none has.
    pub veto: Option<&'a str>,
    /// Whether another write of the service is open.
    pub other_write_open: bool,
    /// Until when automatic writes wait after failed ones.
    pub backoff_until: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl Proposal<'_> {
    /// Whether the operator overrides a rule now.
    fn overrides(&self, rule: Rule, now: Timestamp) -> bool {
        self.names(rule) && !self.is_override_over(now)
    }

    /// Whether an override of a rule has counted and does no longer.
    fn overrode(&self, rule: Rule, now: Timestamp) -> bool {
        self.names(rule) && self.is_override_over(now)
    }

    fn names(&self, rule: Rule) -> bool {
        rule.is_overridable() && self.overrides.contains(&rule)
    }

    fn is_override_over(&self, now: Timestamp) -> bool {
        self.overrides_expire.is_some_and(|end| end <= now)
    }
}

/// Asks every rule. An empty answer is a yes.
pub fn review(proposal: &Proposal<'_>, situation: &Situation<'_>) -> Vec<Rejection> {
    let asked = Rule::ALL.iter().copied().filter(|rule| !proposal.overrides(*rule, situation.now));
    asked.filter_map(|rule| ask(rule, proposal, situation).map(|reason| Rejection { rule, reason })).collect()
}

/// Asks one rule, and says if it was overridden for a time that has ended.
fn ask(rule: Rule, proposal: &Proposal<'_>, situation: &Situation<'_>) -> Option<String> {
    let reason = rules::ask(rule, proposal, situation)?;
    let over = proposal.overrode(rule, situation.now);
    Some(if over { format!("{reason}; the order's override of this rule has expired") } else { reason })
}

#[cfg(test)]
mod tests;
