//! Which RRsets a read asks for.

use std::collections::BTreeSet;

use dns_core::fence::Fence;
use dns_core::rrset::RrsetKey;
use dns_core::zone::{FoundFence, ReadRequest};

/// The keys asked for, those of the fence, and the types that conflict with any of them. A fence is data of the zone
/// and may be anyone's, so names outside the zone are left out.
pub(crate) fn keys(request: &ReadRequest, fence: &FoundFence) -> BTreeSet<RrsetKey> {
    let guarded = match fence {
        FoundFence::Present { text, .. } => {
            Fence::parse(text, &request.zone).map(|fence| fence.rrs).unwrap_or_default()
        }
        FoundFence::Absent | FoundFence::Unreadable { .. } => BTreeSet::new(),
    };
    let guarded = guarded.into_iter().filter(|key| request.zone.zone_of(key.name()));
    let own: BTreeSet<RrsetKey> = request.keys.iter().cloned().chain(guarded).collect();
    own.iter().cloned().chain(own.iter().flat_map(conflicting)).collect()
}

fn conflicting(key: &RrsetKey) -> impl Iterator<Item = RrsetKey> {
    key.rtype().conflicting().iter().map(|rtype| RrsetKey::new(key.name(), *rtype))
}
