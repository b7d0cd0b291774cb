//! What a look at the zone means, hostile looks included.

use super::*;
use crate::fence::text::FenceText;
use crate::fixture::{Zone, fence, key, name, region, rrset, service, tombstone};
use crate::rrset::GuardedType;
use crate::write::WriteKind;

/// Makes a fence somebody else's in one way.
type Spoil = fn(&mut Fence);

/// The zone in `prod` under epoch 5, rev 7, and the fence of it.
fn adopted() -> (Service, Fence, Zone) {
    let service = service();
    let held = fence(&service, "prod", 5, 7);
    let zone = Zone::serving(&service, "prod").with_fence(&held);
    (service, held, zone)
}

fn look(held: Option<&Fence>, zone: &Zone, service: &Service) -> Standing {
    classify(held, &zone.view(service), service)
}

fn foreign(standing: Standing) -> String {
    match standing {
        Standing::Foreign { why } => why,
        other => panic!("expected a foreign change, found {other:?}"),
    }
}

#[test]
fn a_zone_that_was_never_fenced_is_unadopted() {
    let (service, _, zone) = adopted();
    let mut bare = Zone { fence: None, ..zone };
    assert_eq!(look(None, &bare, &service), Standing::Unadopted { serving: Some(region("prod")) });
    bare.rrsets.clear();
    assert_eq!(look(None, &bare, &service), Standing::Unadopted { serving: None });
}

#[test]
fn our_own_fence_with_its_records_is_held() {
    let (service, held, zone) = adopted();
    assert_eq!(look(Some(&held), &zone, &service), Standing::Held);
}

#[test]
fn a_higher_epoch_or_rev_is_newer_and_so_is_any_to_an_empty_store() {
    let (service, held, zone) = adopted();
    let newer = |fence: Fence| Standing::Newer { fence: Box::new(fence) };
    assert_eq!(look(None, &zone, &service), newer(held.clone()));
    for (active, epoch, rev) in [("prod", 5, 8), ("dr", 6, 8), ("dr", 9, 1)] {
        let found = fence(&service, active, epoch, rev);
        let zone = Zone::serving(&service, active).with_fence(&found);
        assert_eq!(look(Some(&held), &zone, &service), newer(found));
    }
}

#[test]
fn a_missing_older_or_twin_fence_is_lost() {
    let (service, held, zone) = adopted();
    let lost = |found: Option<Fence>, serving: &str| Standing::Lost {
        found: found.map(Box::new),
        serving: Some(region(serving)),
    };
    assert_eq!(look(Some(&held), &Zone { fence: None, ..zone.clone() }, &service), lost(None, "prod"));
    let twin = Fence { write: "01twin".parse().expect("an id"), ..held.clone() };
    assert_eq!(look(Some(&held), &zone.clone().with_fence(&twin), &service), lost(Some(twin), "prod"));
    for (epoch, rev) in [(5, 6), (4, 9), (1, 1)] {
        let older = fence(&service, "dr", epoch, rev);
        let restored = Zone::serving(&service, "dr").with_fence(&older);
        assert_eq!(look(Some(&held), &restored, &service), lost(Some(older), "dr"));
    }
}

#[test]
fn a_lost_fence_over_records_of_no_region_serves_none() {
    let (service, held, mut zone) = adopted();
    zone.fence = None;
    zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    assert_eq!(look(Some(&held), &zone, &service), Standing::Lost { found: None, serving: None });
}

#[test]
fn a_newer_or_our_own_tombstone_is_a_release_and_an_older_one_is_a_loss() {
    let (service, held, zone) = adopted();
    for (epoch, rev) in [(5, 8), (6, 1)] {
        let found = tombstone(&service, epoch, rev);
        let released = Standing::Released { fence: Box::new(found.clone()) };
        let zone = zone.clone().with_fence(&found);
        assert_eq!(look(Some(&held), &zone, &service), released);
        assert_eq!(look(None, &zone, &service), released);
        assert_eq!(look(Some(&found), &zone, &service), released);
    }
    let older = tombstone(&service, 5, 6);
    let standing = look(Some(&held), &zone.with_fence(&older), &service);
    assert_eq!(standing, Standing::Lost { found: Some(Box::new(older)), serving: Some(region("prod")) });
}

#[test]
fn a_tombstone_speaks_even_over_changed_records() {
    let (service, held, mut zone) = adopted();
    zone.rrsets.clear();
    let found = tombstone(&service, 5, 8);
    let standing = look(Some(&held), &zone.with_fence(&found), &service);
    assert_eq!(standing, Standing::Released { fence: Box::new(found) });
}

#[test]
fn a_released_service_whose_tombstone_was_removed_is_unadopted() {
    let (service, _, zone) = adopted();
    let held = tombstone(&service, 5, 8);
    let standing = look(Some(&held), &Zone { fence: None, ..zone }, &service);
    assert_eq!(standing, Standing::Unadopted { serving: Some(region("prod")) });
}

#[test]
fn records_changed_by_hand_are_foreign_and_named() {
    let (service, held, zone) = adopted();
    let mut value = zone.clone();
    value.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    assert_eq!(
        foreign(look(Some(&held), &value, &service)),
        "the zone has `api.example.com. 60 A 203.0.113.1`, expected `api.example.com. 60 A 192.0.2.10`"
    );
    let mut ttl = zone.clone();
    ttl.put(rrset("api.example.com", GuardedType::A, 5, &["192.0.2.10"]));
    assert_eq!(
        foreign(look(Some(&held), &ttl, &service)),
        "the zone has `api.example.com. 5 A 192.0.2.10`, expected `api.example.com. 60 A 192.0.2.10`"
    );
    let mut added = zone.clone();
    added.put(rrset("api.example.com", GuardedType::A, 60, &["192.0.2.10", "203.0.113.1"]));
    assert!(foreign(look(Some(&held), &added, &service)).contains("203.0.113.1"));
    let mut gone = zone;
    gone.rrsets.remove(&key("www.example.com", GuardedType::Cname));
    let why = foreign(look(Some(&held), &gone, &service));
    assert!(why.starts_with("the zone has `no www.example.com. CNAME`"), "{why}");
}

#[test]
fn a_newer_fence_over_other_records_is_foreign_not_followed() {
    let (service, held, zone) = adopted();
    let found = fence(&service, "dr", 6, 8);
    assert!(foreign(look(Some(&held), &zone.with_fence(&found), &service)).contains("198.51.100.10"));
}

#[test]
fn a_record_that_the_fence_does_not_guard_is_foreign_unless_it_is_rendered() {
    let mut service = service();
    let aaaa = key("api.example.com", GuardedType::Aaaa);
    service.records.edit(|records| records.retain(|record| record.key != aaaa));
    let held = fence(&service, "prod", 5, 7);
    let mut zone = Zone::serving(&service, "prod").with_fence(&held);
    service = super::tests::service();
    zone.put(rrset("api.example.com", GuardedType::Aaaa, 60, &["2001:db8:1::10"]));
    assert_eq!(look(Some(&held), &zone, &service), Standing::Held, "the configuration just took it in");
    zone.put(rrset("api.example.com", GuardedType::Aaaa, 60, &["2001:db8:bad::1"]));
    let why = foreign(look(Some(&held), &zone, &service));
    assert_eq!(why, "the zone has `api.example.com. 60 AAAA 2001:db8:bad::1`, which the fence does not guard");
}

#[test]
fn a_configuration_that_renders_other_records_is_no_foreign_change() {
    let (mut service, held, zone) = adopted();
    service.records[0].ttl = crate::fixture::ttl(300);
    assert_eq!(look(Some(&held), &zone, &service), Standing::Held);
    service.records.edit(|records| records.remove(2));
    assert_eq!(
        look(Some(&held), &zone, &service),
        Standing::Held,
        "the fence still guards what is no longer configured"
    );
}

#[test]
fn fences_of_others_are_foreign_however_they_compare() {
    let (service, held, zone) = adopted();
    let spoils: [(Spoil, &str); 4] = [
        (|fence| fence.install = "evil".parse().expect("a name"), "installation `evil`"),
        (|fence| fence.id = "other".parse().expect("a name"), "service `other`"),
        (|fence| fence.provider = "second".parse().expect("a name"), "provider `second`"),
        (|fence| fence.active = Some(region("moon")), "region `moon`"),
    ];
    for (spoil, word) in spoils {
        for (epoch, rev) in [(1, 1), (5, 7), (9, 9)] {
            let mut found = fence(&service, "prod", epoch, rev);
            spoil(&mut found);
            let zone = zone.clone().with_fence(&found);
            for held in [None, Some(&held)] {
                assert!(foreign(look(held, &zone, &service)).contains(word));
            }
            if found.active == Some(region("prod")) {
                let released = Fence { active: None, released: Some(crate::fixture::START), ..found };
                let zone = zone.with_fence(&released);
                assert!(foreign(look(Some(&held), &zone, &service)).contains(word), "not even its release is ours");
            }
        }
    }
}

#[test]
fn what_is_no_fence_is_foreign() {
    let (service, held, zone) = adopted();
    for text in ["", "v=spf1 -all", "v=dnsfo2;epoch=1;", "v=dnsfo1;"] {
        let zone = Zone { fence: Some(FenceText::from_strings(vec![text.to_owned()])), ..zone.clone() };
        for held in [None, Some(&held)] {
            assert!(foreign(look(held, &zone, &service)).starts_with("the fence cannot be read"));
        }
    }
    let mut view = zone.view(&service);
    view.fence = FoundFence::Unreadable { found: "two TXT records".to_owned() };
    assert!(foreign(classify(Some(&held), &view, &service)).ends_with("two TXT records"));
}

#[test]
fn a_service_with_a_new_home_is_unadopted_there_never_lost() {
    let (service, held, zone) = adopted();
    let bare = Zone { fence: None, ..zone };
    let moved = Service { provider: "second".parse().expect("a name"), ..service.clone() };
    assert_eq!(look(Some(&held), &bare, &moved), Standing::Unadopted { serving: Some(region("prod")) });
    let mut renamed = service;
    renamed.zone = name("example.org").into();
    renamed.records.edit(|records| records.truncate(1));
    renamed.records[0].key = key("api.example.org", GuardedType::A);
    let bare = Zone::serving(&renamed, "dr");
    assert_eq!(look(Some(&held), &bare, &renamed), Standing::Unadopted { serving: Some(region("dr")) });
}

#[test]
fn every_standing_has_its_own_word() {
    let found = Box::new(fence(&service(), "prod", 1, 1));
    let all = [
        Standing::Unread,
        Standing::Unadopted { serving: None },
        Standing::Held,
        Standing::Newer { fence: found.clone() },
        Standing::Lost { found: None, serving: None },
        Standing::Foreign { why: String::new() },
        Standing::Released { fence: found },
    ];
    let words: std::collections::BTreeSet<&str> = all.iter().map(Standing::as_str).collect();
    assert_eq!(words.len(), all.len());
    assert!(!words.contains(WriteKind::Release.as_str()));
}
