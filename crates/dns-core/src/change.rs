//! Change sets: what one atomic write requires and does.
//!
//! A change set names the fence as it was read and every RRset that the plan was made from. A provider refuses
//! the whole set if any of it changed, so a change set can be late, repeated or stolen and still do no harm.

use std::collections::BTreeSet;

use hickory_proto::rr::Name;
use serde::{Deserialize, Serialize};

use crate::fence::FENCE_TTL_SECS;
use crate::fence::Fence;
use crate::fence::text::{FenceError, FenceText};
use crate::rrset::{Rrset, RrsetKey, Rrsets, Ttl, name_text};
use crate::zone::{FoundFence, ZoneView};

/// What the fence must be for the write to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "fence")]
pub enum Guard {
    /// No fence at all: an adoption.
    Absent,
    /// Exactly this one.
    Exactly {
        /// Its TTL as read.
        ttl: Ttl,
        /// Its strings as read.
        text: FenceText,
    },
}

/// What an RRset must be for the write to happen. TTLs are not part of the condition (RFC 2136 §2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// It exists with exactly these values (RFC 2136 §2.4.2).
    Exactly(Rrset),
    /// It does not exist (RFC 2136 §2.4.3).
    Absent(RrsetKey),
}

/// One atomic write to one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSet {
    /// The zone.
    #[serde(with = "name_text")]
    pub zone: Name,
    /// The owner name of the fence.
    #[serde(with = "name_text")]
    pub fence_name: Name,
    /// The condition on the fence.
    pub guard: Guard,
    /// The conditions on RRsets.
    pub requires: Vec<Requirement>,
    /// RRsets that go, exactly as they were read. They go first, so that a CNAME never meets other data.
    pub deletes: Vec<Rrset>,
    /// RRsets that come.
    pub creates: Vec<Rrset>,
    /// The TTL of the new fence.
    pub fence_ttl: Ttl,
    /// The new fence.
    pub fence: FenceText,
}

/// Why no change set can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The zone holds something at the fence's name that cannot be required exactly.
    #[error("the fence cannot be required exactly: {found}")]
    UnreadableFence {
        /// What was found.
        found: String,
    },
    /// The plan would touch an RRset that was not read.
    #[error("`{0}` was not read before planning")]
    NotRead(RrsetKey),
    /// A server skips a CNAME beside other data and the reverse, silently (RFC 2136 §3.4.2.2).
    #[error("`{create}` cannot stand beside `{beside}`, which the service does not guard")]
    Beside {
        /// What would come.
        create: RrsetKey,
        /// What is there and stays.
        beside: RrsetKey,
    },
    /// The new fence has no text form.
    #[error("the new fence cannot be written")]
    Fence(#[source] FenceError),
}

impl ChangeSet {
    /// Plans the step from what a zone was seen to hold to `target`, under a new fence.
    ///
    /// `keys` are the RRsets that the step is responsible for; each must have been read. Everything read is
    /// required to be unchanged. With `target` equal to what is served, only the fence changes.
    ///
    /// # Errors
    /// [`PlanError`]; nothing was changed.
    pub fn plan(view: &ZoneView, keys: &BTreeSet<RrsetKey>, target: &Rrsets, fence: &Fence) -> Result<Self, PlanError> {
        let guard = match &view.fence {
            FoundFence::Absent => Guard::Absent,
            FoundFence::Present { ttl, text } => Guard::Exactly { ttl: *ttl, text: text.clone() },
            FoundFence::Unreadable { found } => return Err(PlanError::UnreadableFence { found: found.clone() }),
        };
        if let Some(unread) = keys.iter().chain(target.keys()).find(|key| !view.asked.contains(key)) {
            return Err(PlanError::NotRead(unread.clone()));
        }
        let creates: Vec<Rrset> = keys.iter().filter_map(|key| differing(target, &view.rrsets, key)).collect();
        if let Some((create, beside)) = creates.iter().find_map(|set| beside(set.key(), view, keys)) {
            return Err(PlanError::Beside { create, beside });
        }
        let text = fence.to_text(&view.zone).map_err(PlanError::Fence)?;
        Ok(Self {
            zone: view.zone.clone(),
            fence_name: view.fence_name.clone(),
            guard,
            requires: requirements(view, keys),
            deletes: keys.iter().filter_map(|key| differing(&view.rrsets, target, key)).collect(),
            creates,
            fence_ttl: Ttl::from_secs(FENCE_TTL_SECS).expect("invariant: the constant is a valid TTL"),
            fence: text,
        })
    }
}

/// The set under `key` in `here` if `there` has another one or none.
fn differing(here: &Rrsets, there: &Rrsets, key: &RrsetKey) -> Option<Rrset> {
    here.get(key).filter(|set| there.get(key) != Some(set)).cloned()
}

/// What would come with an RRset that stays and that it cannot stand beside.
fn beside(create: &RrsetKey, view: &ZoneView, keys: &BTreeSet<RrsetKey>) -> Option<(RrsetKey, RrsetKey)> {
    let stays = |other: &RrsetKey| view.rrsets.contains_key(other) && !keys.contains(other);
    create.conflicting().find(stays).map(|other| (create.clone(), other))
}

/// Everything read must still hold, conflicting types included.
fn requirements(view: &ZoneView, keys: &BTreeSet<RrsetKey>) -> Vec<Requirement> {
    let own = view.asked.iter().chain(keys).cloned();
    let mut all: Vec<RrsetKey> = own.chain(keys.iter().flat_map(RrsetKey::conflicting)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
        .map(|key| match view.rrsets.get(&key) {
            Some(rrset) => Requirement::Exactly(rrset.clone()),
            None => Requirement::Absent(key),
        })
        .collect()
}

#[cfg(test)]
mod tests;
