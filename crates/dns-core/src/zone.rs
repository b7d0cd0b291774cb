//! What a zone was seen to hold at a service's names.

use std::collections::BTreeSet;

use hickory_proto::rr::Name;
use serde::{Deserialize, Serialize};

use crate::fence::Fence;
use crate::fence::text::FenceText;
use crate::rrset::{RrsetKey, Rrsets, Ttl, name_text};
use crate::service::Service;

/// What to read before a decision or a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The zone.
    pub zone: Name,
    /// The owner name of the fence.
    pub fence_name: Name,
    /// The RRsets to read. The reader adds those that the fence names and the types that conflict with any of them.
    pub keys: BTreeSet<RrsetKey>,
}

impl ReadRequest {
    /// Everything that matters to a service.
    pub fn for_service(service: &Service) -> Self {
        Self {
            zone: (*service.zone).clone(),
            fence_name: service.fence_name().expect("invariant: a validated service has a fence name"),
            keys: service.keys(),
        }
    }
}

/// The fence RRset as found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum FoundFence {
    /// There is none.
    Absent,
    /// One TXT record.
    Present {
        /// Its TTL, which providers that delete by exact value need.
        ttl: Ttl,
        /// Its strings.
        text: FenceText,
    },
    /// Something else: several records, another type, bytes that are no text.
    Unreadable {
        /// What was found, for people.
        found: String,
    },
}

/// One consistent look at a zone: the fence did not change between the reads of the RRsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneView {
    /// The zone.
    #[serde(with = "name_text")]
    pub zone: Name,
    /// The owner name of the fence.
    #[serde(with = "name_text")]
    pub fence_name: Name,
    /// The fence.
    pub fence: FoundFence,
    /// Every key that was asked for; one that is not in `rrsets` was seen to be absent.
    pub asked: BTreeSet<RrsetKey>,
    /// What exists.
    #[serde(with = "rrset_list")]
    pub rrsets: Rrsets,
}

impl ZoneView {
    /// The fence, if there is one that can be read as one.
    pub fn parsed_fence(&self) -> Option<Fence> {
        match &self.fence {
            FoundFence::Present { text, .. } => Fence::parse(text, &self.zone).ok(),
            FoundFence::Absent | FoundFence::Unreadable { .. } => None,
        }
    }
}

/// Serialises [`Rrsets`] as a list, since their keys are no strings (`serde(with)`).
pub mod rrset_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::rrset::{Rrset, Rrsets};

    /// Writes the RRsets in canonical order.
    ///
    /// # Errors
    /// Whatever the serializer returns.
    pub fn serialize<S: Serializer>(rrsets: &Rrsets, serializer: S) -> Result<S::Ok, S::Error> {
        rrsets.values().collect::<Vec<_>>().serialize(serializer)
    }

    /// Reads a list; a repeated key keeps the last.
    ///
    /// # Errors
    /// If an element is no RRset.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rrsets, D::Error> {
        let list = Vec::<Rrset>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|rrset| (rrset.key().clone(), rrset)).collect())
    }
}
