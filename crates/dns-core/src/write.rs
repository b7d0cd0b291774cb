//! A planned write: a decision with everything that carrying it out needs. It is what the outbox holds.

use serde::{Deserialize, Serialize};

use crate::change::{ChangeSet, Guard};
use crate::fence::{DecisionId, DrillId, Fence, Rev};
use crate::group::GroupMove;
use crate::identifier::{Actor, RegionName, ServiceName};
use crate::service::Place;
use crate::time::Timestamp;
use crate::zone::ZoneView;

/// Why a write is made. Each kind obeys its own rules in the safety kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WriteKind {
    /// Leaves a failing region, or is asked for by an operator.
    Failover,
    /// Leaves a healthy region for a preferred one, at once or by another step.
    Failback,
    /// Takes back the share of the answers that a region was given while the service came back to it.
    Abort,
    /// Takes records under a fence for the first time, or again after a release or a foreign change.
    Adopt,
    /// Leaves the records and turns the fence into a tombstone.
    Release,
    /// Writes pause and pin into the fence; the records stay.
    Annotate,
    /// Restores a fence that was lost or set back; the records stay as they are served.
    Repair,
    /// Brings the records to what a changed configuration renders for the same region.
    Rerender,
}

impl WriteKind {
    /// Whether the records go to another region.
    pub fn moves(self) -> bool {
        match self {
            Self::Failover | Self::Failback | Self::Abort => true,
            Self::Adopt | Self::Release | Self::Annotate | Self::Repair | Self::Rerender => false,
        }
    }

    /// Whether it is a decision of its own about where the service is, and counts in the epoch as such.
    pub fn counts(self) -> bool {
        match self {
            Self::Failover | Self::Failback | Self::Abort | Self::Adopt | Self::Repair => true,
            Self::Release | Self::Annotate | Self::Rerender => false,
        }
    }

    /// Whether the records become what the configuration renders for a region.
    pub fn renders(self) -> bool {
        match self {
            Self::Failover | Self::Failback | Self::Abort | Self::Rerender => true,
            Self::Adopt | Self::Release | Self::Annotate | Self::Repair => false,
        }
    }

    /// The kind as a word, for sentences and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::Failback => "failback",
            Self::Abort => "abort",
            Self::Adopt => "adopt",
            Self::Release => "release",
            Self::Annotate => "annotate",
            Self::Repair => "repair",
            Self::Rerender => "rerender",
        }
    }
}

/// Who started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "initiative")]
pub enum Initiative {
    /// The controller, on evidence.
    Automatic,
    /// A person.
    Manual {
        /// The holder of the token.
        by: Actor,
        /// Who agreed, if a second person was wanted.
        #[serde(default, rename = "approvedBy", skip_serializing_if = "Option::is_none")]
        approved_by: Option<Actor>,
    },
}

/// A decision that waits for its permit, or is being carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedWrite {
    /// The decision.
    pub id: DecisionId,
    /// The service.
    pub service: ServiceName,
    /// Why.
    pub kind: WriteKind,
    /// Who started it.
    #[serde(flatten)]
    pub initiative: Initiative,
    /// The region that is left, if the records were in one.
    pub from: Option<RegionName>,
    /// The region that the records are in afterwards, or that gets a larger share of the answers; `None` for a release.
    pub to: Option<RegionName>,
    /// The reason, as evidence or as the operator gave it.
    pub reason: String,
    /// Rules of the kernel that the operator overrode.
    pub overrides: Vec<crate::kernel::Rule>,
    /// When they end; `None` of a write that was decided before overrides did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides_expire: Option<Timestamp>,
    /// Whether it is the next step of the decision that the fence of this place names, and was decided here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub advances: bool,
    /// The move of its group that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupMove>,
    /// The drill that it is of: it is no failure and no operator's wish to stay there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillId>,
    /// When it was decided.
    pub decided: Timestamp,
    /// When it ends as expired if it has no permit by then.
    pub valid_until: Timestamp,
    /// What to write.
    pub change: ChangeSet,
    /// The fence that the zone holds afterwards.
    pub fence: Fence,
}

/// How far a planned write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WriteStage {
    /// Waits for its permit; nothing was sent.
    Pending,
    /// Has its permit: from here on it may have reached the provider, until a read or a burn says otherwise.
    Sent,
}

impl PlannedWrite {
    /// Whether it brings the records of one place to where a decision made for another place has brought the service.
    pub fn aligns(&self) -> bool {
        self.kind.moves() && self.fence.plan != self.id && !self.advances
    }

    /// Where it is written.
    pub fn place(&self) -> Place {
        Place { provider: self.fence.provider.clone(), zone: self.change.zone.clone() }
    }

    /// Whether a found fence proves that the decision has arrived, though under another write's id: someone has written
    /// the fence since. It proves nothing if the fence that the write requires was of that decision already, or if another
    /// controller was faster with the same decision.
    pub fn is_carried_by(&self, found: &Fence) -> bool {
        let is_of_it = |fence: &Fence| fence.epoch == self.fence.epoch && fence.plan == self.fence.plan;
        let required = match &self.change.guard {
            Guard::Absent => None,
            Guard::Exactly { text, .. } => Fence::parse(text, &self.change.zone).ok(),
        };
        let later = found.order() > self.fence.order();
        self.kind.counts() && later && is_of_it(found) && !required.is_some_and(|fence| is_of_it(&fence))
    }

    /// Whether a look proves that it can no longer arrive, since what it requires was replaced after it was planned. Revs of
    /// a zone go up, and its own is above all that was known then. A lower one proves nothing: the look may lag behind, even
    /// to before the zone was set back.
    pub fn is_outrun_by(&self, view: &ZoneView) -> bool {
        view.parsed_fence().is_some_and(|found| found.rev >= self.fence.rev)
    }

    /// The rev under which the fence that it requires is written anew, so that it can no longer arrive and every later look
    /// proves it.
    pub fn burning_rev(&self, required: &Fence) -> Rev {
        required.rev.next().max(self.fence.rev)
    }
}
