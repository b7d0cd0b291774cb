//! What a look at a zone means: asked of the real `dns_core::standing::classify`, over a real fence in a real view.
//!
//! The answer depends only on how the two fences are ordered, whether they are of one write, and on regions. So each
//! question is asked once and its answer kept.

use std::cell::RefCell;
use std::collections::HashMap;

use dns_core::fence::{self as real, FENCE_TTL_SECS, WriteId};
use dns_core::identifier::RegionName;
use dns_core::rrset::{Rrsets, Ttl, records_digest};
use dns_core::service::Service;
use dns_core::standing::{self, classify};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ZoneView};

use super::world::{Content, Fence, Region};
use crate::subject;

/// What a look means, as far as the model has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was read, or what was read is no longer true.
    Unread,
    /// There is no fence and none was ever held.
    Unadopted,
    /// The fence is the one held.
    Held,
    /// Another controller moved on.
    Newer,
    /// The fence is gone or was set back.
    Lost,
    /// Records and fence do not belong together.
    Foreign,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Question {
    held: Option<Fence>,
    found: Option<Fence>,
    records: Region,
}

thread_local! {
    static ANSWERS: RefCell<HashMap<Question, Standing>> = RefCell::default();
    static SERVICE: Service = subject::checkout("main");
}

/// Asks what a look means.
pub(super) fn standing(held: Option<Fence>, view: Option<Content>) -> Standing {
    let Some(Content { fence: found, records }) = view else { return Standing::Unread };
    // Ids matter in nothing but this: two writes of one order stay two.
    let other = |found: Fence| held.is_some_and(|held| held.write != found.write);
    let found = found.map(|found| Fence { plan: 0, write: u8::from(other(found)), ..found });
    let question = Question { held: held.map(|held| Fence { plan: 0, write: 0, ..held }), found, records };
    ANSWERS.with_borrow_mut(|answers| *answers.entry(question).or_insert_with(|| ask(question)))
}

fn ask(question: Question) -> Standing {
    SERVICE.with(|service| {
        let records = rendered(service, question.records);
        let fence = question.found.map(|found| {
            let text = real_fence(service, found).to_text(&service.zone).expect("invariant: a small fence fits");
            FoundFence::Present { ttl: Ttl::from_secs(FENCE_TTL_SECS).expect("invariant: a valid TTL"), text }
        });
        let view = ZoneView {
            zone: (*service.zone).clone(),
            fence_name: service.fence_name().expect("invariant: a short name"),
            fence: fence.unwrap_or(FoundFence::Absent),
            asked: service.keys(),
            rrsets: records,
        };
        let held = question.held.map(|held| real_fence(service, held));
        match classify(held.as_ref(), &view, service) {
            standing::Standing::Unread => Standing::Unread,
            standing::Standing::Unadopted { .. } => Standing::Unadopted,
            standing::Standing::Held => Standing::Held,
            standing::Standing::Newer { .. } => Standing::Newer,
            standing::Standing::Lost { .. } => Standing::Lost,
            standing::Standing::Foreign { .. } | standing::Standing::Released { .. } => Standing::Foreign,
        }
    })
}

fn name(region: Region) -> RegionName {
    match region {
        Region::Prod => "prod",
        Region::Dr => "dr",
    }
    .parse()
    .expect("invariant: a valid name")
}

fn rendered(service: &Service, region: Region) -> Rrsets {
    service.render(&name(region)).expect("invariant: the service renders both regions")
}

fn real_fence(service: &Service, fence: Fence) -> real::Fence {
    let guarded = rendered(service, fence.active);
    let base = subject::fence(service);
    real::Fence {
        epoch: fence.epoch,
        rev: fence.rev,
        write: WriteId::at(Timestamp::default(), u128::from(fence.write)),
        active: Some(name(fence.active)),
        rrs: guarded.keys().cloned().collect(),
        digest: records_digest(&guarded),
        ..base
    }
}
