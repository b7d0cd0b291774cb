//! Two controllers start for the first time at once: one fence, whoever is faster.

use std::sync::Arc;

use dns_core::change::ChangeSet;
use dns_core::fence::Fence;
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{GuardStrength, Provider, ProviderError, Receipt, Urgency};

use super::subject::Subject;
use super::{FENCE, Rig, all_keys, fence, on_every_subject, permit, request};

type Outcome = Result<Receipt, ProviderError>;

/// The adoption of a controller of this name.
fn adoption(view: &ZoneView, by: &str) -> ChangeSet {
    let fence = Fence { by: by.parse().expect("a name"), ..fence(&view.rrsets, 1) };
    let keys = view.rrsets.keys().cloned().collect();
    ChangeSet::plan(view, &keys, &view.rrsets, &fence).expect("a plan")
}

/// Both have read; both send.
fn both_adopt<S: Subject>(rig: &Rig<S>, first: &Arc<dyn Provider>, second: &Arc<dyn Provider>) -> [Outcome; 2] {
    let read = |provider: &Arc<dyn Provider>| {
        let view = rig.wait(provider.read(&request(&all_keys()), Urgency::Flip)).expect("the zone is read");
        assert_eq!(view.fence, FoundFence::Absent);
        view
    };
    let views = [read(first), read(second)];
    let send = |provider: &Arc<dyn Provider>, view: &ZoneView, by| {
        let (provider, change) = (Arc::clone(provider), adoption(view, by));
        rig.runtime.spawn(async move { provider.apply(&change, &permit()).await })
    };
    let (first, second) = (send(first, &views[0], "first"), send(second, &views[1], "second"));
    rig.wait(async { [first.await.expect("joined"), second.await.expect("joined")] })
}

fn assert_one_fence<S: Subject>(rig: &Rig<S>, outcomes: &[Outcome; 2]) {
    let view = rig.read(&all_keys());
    let FoundFence::Present { text, .. } = &view.fence else { panic!("not one fence: {view:?}, {outcomes:?}") };
    let found = Fence::parse(text, &view.zone).expect("a fence");
    assert!(found.guards(&view.rrsets), "{view:?}");
    let written = |by: &str| found.by.as_str() == by;
    let won = [("first", &outcomes[0]), ("second", &outcomes[1])].map(|(by, outcome)| (written(by), outcome.is_ok()));
    match rig.provider.capabilities().guard {
        // Who won knows it, and so does who lost.
        GuardStrength::Atomic | GuardStrength::OwnWriters => {
            assert!(won.iter().all(|(is_found, is_told)| is_found == is_told), "{found:?}, {outcomes:?}");
            assert!(
                outcomes.iter().any(|outcome| matches!(outcome, Err(ProviderError::Conflict { .. }))),
                "{outcomes:?}"
            );
        }
        // Who lost may be told nothing, and sees the other's fence when it reads back.
        GuardStrength::Weak => {
            assert!(won.contains(&(true, true)), "{found:?}, {outcomes:?}");
        }
    }
}

pub(super) fn two_first_starts_at_once_leave_one_fence<S: Subject>(rig: &Rig<S>) {
    let (one, other) = (rig.subject.provider(), rig.subject.provider());
    for (first, second) in [(&one, &other), (&other, &one), (&one, &other)] {
        let outcomes = both_adopt(rig, first, second);
        assert_one_fence(rig, &outcomes);
        rig.subject.remove(FENCE, "TXT");
    }
}

on_every_subject!(two_first_starts_at_once_leave_one_fence);
