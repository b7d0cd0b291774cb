//! What a server answers from a wildcard is not in the zone, and what lies below a delegation is not the zone's.

use dns_core::rrset::GuardedType;
use dns_core::zone::FoundFence;
use tests::{Kind, Setup};

use super::{on_every_primary, start, start_with};
use crate::provider::subject::primary::zone_file;
use crate::provider::{ZONE, api, denied, key};

fn record_that_the_server_answers_from_a_wildcard_is_absent(kind: Kind) {
    let rig = start(kind);
    assert_eq!(rig.subject.server.query("ghost.lent.example.test", "A"), ["192.0.2.7"]);
    assert!(rig.read(&[key("ghost.lent.example.test", GuardedType::A)]).rrsets.is_empty());
}

fn wildcard_lent_by_a_higher_wildcard_is_absent(kind: Kind) {
    let rig = start(kind);
    let view = rig.read(&[key("*.ghost.lent.example.test", GuardedType::A)]);
    assert!(view.rrsets.is_empty(), "{view:?}");
}

fn fence_lent_by_a_wildcard_is_absent(kind: Kind) {
    let zone = format!("{}* TXT \"v=spf1 -all\"\n", zone_file());
    let rig = start_with(kind, Setup::new(ZONE, &zone).secondaries(0));
    assert_eq!(rig.read(&[api()]).fence, FoundFence::Absent);
    assert!(matches!(rig.adopt(&[api()]).fence, FoundFence::Present { .. }));
}

fn name_that_is_delegated_away_is_denied(kind: Kind) {
    let rig = start(kind);
    rig.subject.server.edit(&["update add sub.example.test. 60 NS ns.example.net."]);
    let reason = denied(rig.try_read(&[key("api.sub.example.test", GuardedType::A)]));
    assert!(reason.contains("delegate"), "{reason}");
}

on_every_primary!(
    record_that_the_server_answers_from_a_wildcard_is_absent,
    wildcard_lent_by_a_higher_wildcard_is_absent,
    fence_lent_by_a_wildcard_is_absent,
    name_that_is_delegated_away_is_denied,
);
