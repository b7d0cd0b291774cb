//! One consistent read where an API answers all that stands at a name: the fence, the records, the fence again; all of it
//! again if the fence changed.

use std::collections::BTreeSet;

use async_trait::async_trait;
use dns_core::change::{ChangeSet, Requirement};
use dns_core::fence::Fence;
use dns_core::rrset::{Rrset, RrsetKey, Rrsets};
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use hickory_proto::rr::Name;

use crate::port::ProviderError;

/// How often everything is read before the zone counts as too restless. A fence is written a few times per move,
/// so a second change within one read is rare and a third one is no coincidence.
const ROUNDS_MAX: u32 = 3;

/// What was found at some names, of every type.
pub(crate) trait Found {
    /// The fence at a name; anything that cannot be required exactly is unreadable.
    fn fence(&self, name: &Name) -> FoundFence;

    /// The RRset under a key. The error says why what stands there cannot be guarded.
    fn rrset(&self, key: &RrsetKey) -> Result<Option<Rrset>, String>;
}

/// Something that can be asked for whole names.
#[async_trait]
pub(crate) trait Look: Sync {
    type Found: Found + Send;

    /// The API, for errors.
    fn subject(&self) -> String;

    /// Everything that stands at these names now, or an error: never a part of it.
    async fn at(&self, names: &BTreeSet<Name>) -> Result<Self::Found, ProviderError>;
}

/// Reads until the fence is the same before and after the records.
pub(crate) async fn consistent<L: Look>(look: &L, request: &ReadRequest) -> Result<ZoneView, ProviderError> {
    let only_fence = BTreeSet::from([request.fence_name.clone()]);
    let mut fence = look.at(&only_fence).await?.fence(&request.fence_name);
    for _ in 0..ROUNDS_MAX {
        let keys = wanted(request, &fence);
        let names: BTreeSet<Name> = keys.iter().map(|key| key.name().clone()).collect();
        let rrsets = standing(&look.at(&names).await?, &keys, &look.subject())?;
        let again = look.at(&only_fence).await?.fence(&request.fence_name);
        if again == fence {
            let ReadRequest { zone, fence_name, keys: _ } = request.clone();
            return Ok(ZoneView { zone, fence_name, fence, asked: keys, rrsets });
        }
        fence = again;
    }
    let reason = format!(
        "the fence {} changed during each of {ROUNDS_MAX} reads; is another controller writing?",
        request.fence_name
    );
    Err(ProviderError::Transient { subject: look.subject(), reason })
}

/// The view that one look at all of a zone gives.
pub(crate) fn view(found: &impl Found, request: &ReadRequest, subject: &str) -> Result<ZoneView, ProviderError> {
    let fence = found.fence(&request.fence_name);
    let asked = wanted(request, &fence);
    let rrsets = standing(found, &asked, subject)?;
    let ReadRequest { zone, fence_name, keys: _ } = request.clone();
    Ok(ZoneView { zone, fence_name, fence, asked, rrsets })
}

/// Every name that a change set speaks of.
pub(crate) fn names_of(change: &ChangeSet) -> BTreeSet<Name> {
    let required = change.requires.iter().map(|requirement| match requirement {
        Requirement::Exactly(rrset) => rrset.key(),
        Requirement::Absent(key) => key,
    });
    let keys = required.chain(change.deletes.iter().chain(&change.creates).map(Rrset::key));
    keys.map(RrsetKey::name).chain([&change.fence_name]).cloned().collect()
}

/// The keys asked for, those of the fence, and the types that conflict with any of them. A fence is data of the
/// zone and may be anyone's, so names outside the zone are left out.
fn wanted(request: &ReadRequest, fence: &FoundFence) -> BTreeSet<RrsetKey> {
    let guarded = match fence {
        FoundFence::Present { text, .. } => {
            Fence::parse(text, &request.zone).map(|fence| fence.rrs).unwrap_or_default()
        }
        FoundFence::Absent | FoundFence::Unreadable { .. } => BTreeSet::new(),
    };
    let guarded = guarded.into_iter().filter(|key| request.zone.zone_of(key.name()));
    let own: BTreeSet<RrsetKey> = request.keys.iter().cloned().chain(guarded).collect();
    let conflicting = own.iter().flat_map(|key| {
        key.rtype().conflicting().iter().map(|rtype| RrsetKey::new(key.name(), *rtype)).collect::<Vec<_>>()
    });
    own.iter().cloned().chain(conflicting).collect()
}

fn standing(found: &impl Found, keys: &BTreeSet<RrsetKey>, subject: &str) -> Result<Rrsets, ProviderError> {
    let mut rrsets = Rrsets::new();
    for key in keys {
        let read = found.rrset(key).map_err(|reason| unguardable(subject, key, &reason))?;
        rrsets.extend(read.map(|rrset| (key.clone(), rrset)));
    }
    Ok(rrsets)
}

pub(crate) fn unguardable(subject: &str, key: &RrsetKey, reason: &str) -> ProviderError {
    let reason = format!("what stands at {key} cannot be guarded: {reason}");
    ProviderError::Denied { subject: subject.to_owned(), reason }
}
