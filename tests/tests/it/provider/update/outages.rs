//! Servers that do not answer, or not now: each a clear error, and never a wrong one.

use dns_core::fence::text::FenceText;
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::ProviderError;
use tests::{Kind, PATIENCE, until};

use super::{on_every_primary, start};
use crate::provider::{api, api_moved, denied, plan};

fn stopped_primary_leaves_a_write_unknown_and_a_read_unreachable(kind: Kind) {
    let mut rig = start(kind);
    let view = rig.adopt(&[api()]);
    rig.subject.server.primary().sigstop();
    let write = rig.apply(&plan(&view, &api_moved(), 2));
    assert!(matches!(write, Err(ProviderError::OutcomeUnknown { .. })), "{write:?}");
    let read = rig.try_read(&[api()]);
    assert!(matches!(read, Err(ProviderError::Transient { .. })), "{read:?}");
    rig.subject.server.primary().sigcont();
    // Either it happened whole or not at all; the fence tells.
    let after = until("the primary answers again", PATIENCE, || rig.try_read(&[api()]));
    let moved = after.rrsets == api_moved();
    assert_eq!(moved, fence_text(&after) != fence_text(&view), "{after:?}");
}

fn fence_text(view: &ZoneView) -> &FenceText {
    let FoundFence::Present { text, .. } = &view.fence else { panic!("no fence: {view:?}") };
    text
}

fn dead_primary_is_unreachable(kind: Kind) {
    let mut rig = start(kind);
    let view = rig.adopt(&[api()]);
    rig.subject.server.primary().kill9();
    let write = rig.apply(&plan(&view, &api_moved(), 2));
    assert!(matches!(write, Err(ProviderError::Transient { .. })), "{write:?}");
    let read = rig.try_read(&[api()]);
    assert!(matches!(read, Err(ProviderError::Transient { .. })), "{read:?}");
    rig.subject.server.restart();
    assert_eq!(rig.read(&[api()]), view);
}

on_every_primary!(stopped_primary_leaves_a_write_unknown_and_a_read_unreachable, dead_primary_is_unreachable,);

#[test]
fn frozen_zone_denies_writes_and_allows_reads() {
    for kind in [Kind::Knot, Kind::Bind] {
        let rig = start(kind);
        let view = rig.adopt(&[api()]);
        rig.subject.server.freeze();
        let reason = denied(rig.apply(&plan(&view, &api_moved(), 2)));
        assert!(reason.contains("frozen"), "{reason}");
        assert_eq!(rig.read(&[api()]), view);
        rig.subject.server.thaw();
        until("the thawed zone takes writes", PATIENCE, || rig.apply(&plan(&view, &api_moved(), 2)));
    }
}
