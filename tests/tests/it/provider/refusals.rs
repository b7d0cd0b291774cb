//! Wrong keys, wrong clocks, and servers that do not answer: each a clear error, and never a wrong one.

use std::time::Duration;

use dns_core::fence::text::FenceText;
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{Provider, ProviderError, Urgency};
use tests::auth::Algorithm;
use tests::{Key, Kind, PATIENCE, until};

use super::{Rig, api, api_moved, on_every_primary, permit, permit_of_age, plan, provider, request};

fn denied<T: std::fmt::Debug>(outcome: Result<T, ProviderError>) -> String {
    match outcome {
        Err(ProviderError::Denied { reason, .. }) => reason,
        other => panic!("not denied: {other:?}"),
    }
}

/// Knot and BIND name the TSIG error; `PowerDNS` says nothing, so the hint lists what it can be.
fn assert_names(reason: &str, kind: Kind, tsig_error: &str) {
    let word = match kind {
        Kind::Knot | Kind::Bind => tsig_error,
        Kind::PowerDns => "PowerDNS",
    };
    assert!(reason.contains(word), "{reason}");
}

fn is_refused_with(kind: Kind, key: impl Fn(&Key) -> Key, tsig_error: &str) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&[api()]);
    let stranger = provider(&rig.server, &key(rig.server.key()));
    let write = rig.wait(stranger.apply(&plan(&view, &api_moved(), 2), &permit()));
    assert_names(&denied(write), kind, tsig_error);
    assert_names(&denied(rig.wait(stranger.read(&request(&[api()]), Urgency::Watch))), kind, tsig_error);
    assert_eq!(rig.read(&[api()]), view, "nothing changed");
}

fn denies_an_unknown_key(kind: Kind) {
    is_refused_with(kind, |_| Key::generate("stranger", Algorithm::HmacSha256), "BADKEY");
}

fn denies_a_wrong_secret(kind: Kind) {
    is_refused_with(kind, |key| Key::generate(key.name(), key.algorithm()), "BADSIG");
}

/// The writer that stalled between permit and send.
fn denies_a_write_whose_permit_is_old(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&[api()]);
    let change = plan(&view, &api_moved(), 2);
    let late = rig.wait(rig.provider.apply(&change, &permit_of_age(Duration::from_mins(10))));
    let reason = denied(late);
    assert_names(&reason, kind, "BADTIME");
    if kind != Kind::PowerDns {
        assert!(["600 s ahead", "601 s ahead", "602 s ahead"].iter().any(|skew| reason.contains(skew)), "{reason}");
    }
    assert_eq!(rig.read(&[api()]), view, "nothing changed");
    rig.apply(&change).expect("the same change with a fresh permit");
}

fn stopped_primary_leaves_a_write_unknown_and_a_read_unreachable(kind: Kind) {
    let mut rig = Rig::start(kind);
    let view = rig.adopt(&[api()]);
    rig.server.primary().sigstop();
    let write = rig.apply(&plan(&view, &api_moved(), 2));
    assert!(matches!(write, Err(ProviderError::OutcomeUnknown { .. })), "{write:?}");
    let read = rig.try_read(&[api()]);
    assert!(matches!(read, Err(ProviderError::Transient { .. })), "{read:?}");
    rig.server.primary().sigcont();
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
    let mut rig = Rig::start(kind);
    let view = rig.adopt(&[api()]);
    rig.server.primary().kill9();
    let write = rig.apply(&plan(&view, &api_moved(), 2));
    assert!(matches!(write, Err(ProviderError::Transient { .. })), "{write:?}");
    let read = rig.try_read(&[api()]);
    assert!(matches!(read, Err(ProviderError::Transient { .. })), "{read:?}");
    rig.server.restart();
    assert_eq!(rig.read(&[api()]), view);
}

fn zone_that_is_not_there_is_denied(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.read(&[api()]);
    let mut change = plan(&view, &view.rrsets, 1);
    change.zone = super::name("example.org");
    change.fence_name = super::name("_checkout._failover.example.org");
    change.requires.clear();
    denied(rig.apply(&change));
    let mut elsewhere = request(&[]);
    elsewhere.zone = change.zone;
    elsewhere.fence_name = change.fence_name;
    denied(rig.wait(rig.provider.read(&elsewhere, Urgency::Watch)));
}

on_every_primary!(
    denies_an_unknown_key,
    denies_a_wrong_secret,
    denies_a_write_whose_permit_is_old,
    stopped_primary_leaves_a_write_unknown_and_a_read_unreachable,
    dead_primary_is_unreachable,
    zone_that_is_not_there_is_denied,
);

#[test]
fn frozen_zone_denies_writes_and_allows_reads() {
    for kind in [Kind::Knot, Kind::Bind] {
        let rig = Rig::start(kind);
        let view = rig.adopt(&[api()]);
        rig.server.freeze();
        let reason = denied(rig.apply(&plan(&view, &api_moved(), 2)));
        assert!(reason.contains("frozen"), "{reason}");
        assert_eq!(rig.read(&[api()]), view);
        rig.server.thaw();
        until("the thawed zone takes writes", PATIENCE, || rig.apply(&plan(&view, &api_moved(), 2)));
    }
}
