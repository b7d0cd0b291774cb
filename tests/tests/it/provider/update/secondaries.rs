//! What every authoritative server comes to serve.

use dns_core::rrset::GuardedType;
use dns_provider::authoritative::{Expected, Served, Targets, serves};
use tests::{Kind, Setup};

use super::{on_every_primary, start_with};
use crate::provider::subject::primary::zone_file;
use crate::provider::{FENCE, PERMIT, TIMEOUT, ZONE, all_keys, all_moved, key, name, plan};

fn secondaries_come_to_serve_the_new(kind: Kind) {
    let rig = start_with(kind, Setup::new(ZONE, &zone_file()).secondaries(1));
    let view = rig.adopt(&all_keys());
    let change = plan(&view, &all_moved(), 2);
    let (fence_name, absent) = (name(FENCE), [key("www.example.test", GuardedType::A)].into());
    let (zone, targets) = (name(ZONE), Targets::default());
    let moved = all_moved();
    let expected = Expected {
        zone: &zone,
        rrsets: &moved,
        absent: &absent,
        fence_name: &fence_name,
        fence: Some(&change.fence),
        targets: &targets,
    };
    for server in rig.subject.server.addresses() {
        let served = rig.wait(serves(server, &expected, TIMEOUT));
        assert!(matches!(served, Served::Old { .. } | Served::Silent { .. }), "{served:?}");
    }
    rig.apply(&change).expect("moved");
    rig.subject.server.until_secondaries_follow();
    for server in rig.subject.server.addresses() {
        assert_eq!(rig.wait(serves(server, &expected, PERMIT)), Served::New);
    }
}

on_every_primary!(secondaries_come_to_serve_the_new);
