//! Wrong keys, two keys, and wrong clocks.

use std::time::Duration;

use dns_provider::port::{Provider, ProviderError, Urgency};
use dns_provider::rfc2136::{Rfc2136, TsigKeys};
use tests::auth::Algorithm;
use tests::{Key, Kind, Setup};

use super::{assert_names, on_every_primary, start, start_with};
use crate::provider::subject::primary::{tsig, zone_file};
use crate::provider::{PERMIT, TIMEOUT, ZONE, api, api_moved, denied, name, permit, permit_of_age, plan, request};

fn is_refused_with(kind: Kind, key: impl Fn(&Key) -> Key, tsig_error: &str) {
    let rig = start(kind);
    let view = rig.adopt(&[api()]);
    let stranger = rig.subject.client(&key(rig.subject.server.key()));
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

fn takes_keys_of_every_algorithm(kind: Kind) {
    let keys = [
        Key::generate("key-256", Algorithm::HmacSha256),
        Key::generate("key-384", Algorithm::HmacSha384),
        Key::generate("key-512", Algorithm::HmacSha512),
    ];
    let rig = start_with(kind, Setup::new(ZONE, &zone_file()).keys(keys.clone()).secondaries(0));
    for (epoch, key) in (1..).zip(&keys) {
        let provider = rig.subject.client(key);
        let view = rig.wait(provider.read(&request(&[api()]), Urgency::Watch)).expect("read");
        rig.wait(provider.apply(&plan(&view, &view.rrsets, epoch), &permit())).expect("written");
    }
}

/// The server has the new key already, or has it under another secret than the old one.
fn rotates_to_the_key_that_the_server_knows(kind: Kind) {
    let rig = start(kind);
    let view = rig.adopt(&[api()]);
    let known = rig.subject.server.key();
    for old in [Key::generate("old-key", Algorithm::HmacSha256), Key::generate(known.name(), known.algorithm())] {
        let keys = TsigKeys::new(tsig(&old), Some(tsig(known)));
        let rotating = Rfc2136::new(rig.subject.server.address(), keys, TIMEOUT, PERMIT);
        let change = plan(&rig.read(&[api()]), &view.rrsets, 2);
        let write = rig.wait(rotating.apply(&change, &permit()));
        assert!(matches!(write, Err(ProviderError::Denied { .. })), "no read has proven the other key: {write:?}");
        assert_eq!(rig.wait(rotating.read(&request(&[api()]), Urgency::Watch)).expect("read").rrsets, view.rrsets);
        assert_eq!(rotating.key_in_use(), &name(known.name()));
        rig.wait(rotating.apply(&change, &permit())).expect("written under the other key");
    }
}

/// The writer that stalled between permit and send.
fn denies_a_write_whose_permit_is_old(kind: Kind) {
    let rig = start(kind);
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

on_every_primary!(
    denies_an_unknown_key,
    denies_a_wrong_secret,
    takes_keys_of_every_algorithm,
    rotates_to_the_key_that_the_server_knows,
    denies_a_write_whose_permit_is_old,
);
