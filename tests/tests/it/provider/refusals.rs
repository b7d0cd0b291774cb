//! What a provider says when it is asked for what is not there, or by a stranger: who refused, what, and what to do.

use dns_provider::port::Urgency;

use super::subject::Subject;
use super::{Rig, api, api_moved, denied, name, on_every_remote, on_every_subject, permit, plan, request};

/// What a hint to someone with a wrong credential speaks of.
const HINTS: [&str; 5] = ["key", "token", "secret", "credential", "permission"];

pub(super) fn denies_a_zone_that_is_not_there_and_names_it<S: Subject>(rig: &Rig<S>) {
    let view = rig.read(&[api()]);
    let mut change = plan(&view, &view.rrsets, 1);
    change.zone = name("example.org");
    change.fence_name = name("_checkout._failover.example.org");
    change.requires.clear();
    let mut elsewhere = request(&[]);
    elsewhere.zone = change.zone.clone();
    elsewhere.fence_name = change.fence_name.clone();
    let reasons = [
        denied(rig.apply(&change)),
        denied(rig.wait(rig.provider.read(&elsewhere, Urgency::Watch))),
        denied(rig.wait(rig.provider.zone(&change.zone))),
    ];
    for reason in reasons {
        assert!(reason.contains("example.org"), "{reason}");
    }
}

pub(super) fn names_the_zones_name_servers<S: Subject>(rig: &Rig<S>) {
    let facts = rig.wait(rig.provider.zone(&name("example.test"))).expect("the zone is there");
    assert!(!facts.name_servers.is_empty(), "{facts:?}");
    assert!(facts.name_servers.iter().all(|server| *server == server.to_lowercase() && server.is_fqdn()), "{facts:?}");
}

fn denies_a_wrong_credential_and_says_what_to_check<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&[api()]);
    let stranger = rig.subject.stranger();
    let reasons = [
        denied(rig.wait(stranger.apply(&plan(&view, &api_moved(), 2), &permit()))),
        denied(rig.wait(stranger.read(&request(&[api()]), Urgency::Watch))),
        denied(rig.wait(stranger.zone(&name("example.test")))),
    ];
    for reason in reasons {
        assert!(HINTS.iter().any(|hint| reason.to_ascii_lowercase().contains(hint)), "{reason}");
    }
    assert_eq!(rig.read(&[api()]), view, "nothing changed");
}

on_every_subject!(denies_a_zone_that_is_not_there_and_names_it, names_the_zones_name_servers,);

mod with_credentials {
    use super::denies_a_wrong_credential_and_says_what_to_check;

    super::on_every_remote!(denies_a_wrong_credential_and_says_what_to_check);
}
