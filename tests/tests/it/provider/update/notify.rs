//! NOTIFY after a write, to real secondaries whose primary notifies nobody: what they come to serve, our NOTIFY did.

use dns_provider::port::Provider;
use tests::auth::query_at;
use tests::{Kind, PATIENCE, Setup, until_eq};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use super::{on_every_primary, start_with};
use crate::provider::subject::primary::zone_file;
use crate::provider::{ZONE, api, api_moved, permit, plan};

/// What a secondary logs of a NOTIFY that it takes; `PowerDNS` says only what came of it.
fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Knot => "[example.test.] notify, incoming",
        Kind::Bind => "received notify for zone 'example.test': TSIG 'flip-key'",
        Kind::PowerDns => "zone committed with serial 3",
    }
}

fn secondary_follows_our_notify_alone(kind: Kind) {
    let mut rig = start_with(kind, Setup::new(ZONE, &zone_file()).without_notify());
    let secondary = rig.subject.server.addresses()[1];
    let view = rig.adopt(&[api()]);
    let (tell, mut outcomes) = unbounded_channel();
    let told = move |server, outcome| tell.send((server, outcome)).expect("the test listens");
    let notifying = rig.subject.client(rig.subject.server.key()).notifying(&[secondary], told);

    assert!(!rig.subject.server.secondary(0).log().contains(words(kind)), "nobody has told it of the adoption");
    assert_eq!(query_at(secondary, "api.example.test", "A"), ["192.0.2.1", "192.0.2.2"]);
    rig.wait(async {
        notifying.apply(&plan(&view, &api_moved(), 2), &permit()).await.expect("moved");
        let told = timeout(PATIENCE, outcomes.recv()).await.expect("nothing was sent");
        assert_eq!(told, Some((secondary, Ok(()))));
    });
    until_eq("the secondary serves the move", PATIENCE, &["198.51.100.1".to_owned()][..], || {
        query_at(secondary, "api.example.test", "A")
    });
    let log = rig.subject.server.secondary(0).log();
    assert!(log.contains(words(kind)), "{log}");
}

on_every_primary!(secondary_follows_our_notify_alone);
