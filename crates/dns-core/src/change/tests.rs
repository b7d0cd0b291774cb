//! Change sets: what they require, what they touch, and that a zone which changed in between refuses them.

use proptest::prelude::*;

use super::*;
use crate::fixture::{Zone, fence, key, name, region, rrset, service, ttl};
use crate::rrset::GuardedType;

fn failover() -> (Zone, ChangeSet) {
    let service = service();
    let zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    let target = service.render(&region("dr")).expect("renders");
    let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &fence(&service, "dr", 2, 2));
    (zone, change.expect("plans"))
}

#[test]
fn requires_all_that_was_read_and_the_absence_of_conflicting_types() {
    let (zone, change) = failover();
    let exactly = zone.rrsets.values().cloned().map(Requirement::Exactly);
    let absent = [
        key("api.example.com", GuardedType::Cname),
        key("www.example.com", GuardedType::A),
        key("www.example.com", GuardedType::Aaaa),
    ];
    for expected in exactly.chain(absent.map(Requirement::Absent)) {
        assert!(change.requires.contains(&expected), "{expected:?}");
    }
    assert_eq!(change.requires.len(), 6, "each once: {:?}", change.requires);
    let text = zone.fence.expect("a fence");
    assert_eq!(change.guard, Guard::Exactly { ttl: ttl(FENCE_TTL_SECS), text });
}

#[test]
fn requires_records_that_only_the_fence_names() {
    let service = service();
    let mut old = fence(&service, "prod", 1, 1);
    old.rrs.insert(key("old.example.com", GuardedType::A));
    let mut zone = Zone::serving(&service, "prod").with_fence(&old);
    let stale = rrset("old.example.com", GuardedType::A, 60, &["192.0.2.99"]);
    zone.put(stale.clone());
    let target = service.render(&region("dr")).expect("renders");
    let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &fence(&service, "dr", 2, 2));
    let change = change.expect("plans");
    assert!(change.requires.contains(&Requirement::Exactly(stale.clone())));
    assert!(!change.deletes.contains(&stale), "absence from the configuration deletes nothing");
}

#[test]
fn deletes_what_was_read_and_creates_what_is_wanted() {
    let (mut zone, change) = failover();
    assert_eq!(change.deletes, zone.rrsets.values().cloned().collect::<Vec<_>>());
    zone.apply(&change).expect("applies");
    assert_eq!(zone.rrsets, service().render(&region("dr")).expect("renders"));
    assert_eq!(zone.fence, Some(change.fence));
}

#[test]
fn with_nothing_to_change_only_the_fence_is_written() {
    let service = service();
    let zone = Zone::serving(&service, "prod");
    let target = zone.rrsets.clone();
    let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &fence(&service, "prod", 1, 1));
    let change = change.expect("plans");
    assert_eq!(change.guard, Guard::Absent);
    assert_eq!((change.deletes.len(), change.creates.len()), (0, 0));
}

#[test]
fn a_change_of_the_ttl_alone_is_a_change() {
    let service = service();
    let zone = Zone::serving(&service, "prod");
    let mut target = zone.rrsets.clone();
    let slow = rrset("api.example.com", GuardedType::A, 300, &["192.0.2.10"]);
    target.insert(slow.key().clone(), slow.clone());
    let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &fence(&service, "prod", 1, 1));
    let change = change.expect("plans");
    assert_eq!(change.creates, [slow]);
    assert_eq!(change.deletes, [rrset("api.example.com", GuardedType::A, 60, &["192.0.2.10"])]);
}

#[test]
fn refuses_to_touch_what_was_not_read() {
    let service = service();
    let zone = Zone::serving(&service, "prod");
    let mut view = zone.view(&service);
    let unread = key("api.example.com", GuardedType::A);
    view.asked.remove(&unread);
    let plan = |keys: &BTreeSet<RrsetKey>, target: &Rrsets| {
        ChangeSet::plan(&view, keys, target, &fence(&service, "prod", 1, 1))
    };
    assert_eq!(plan(&service.keys(), &Rrsets::new()), Err(PlanError::NotRead(unread.clone())));
    assert_eq!(plan(&BTreeSet::new(), &zone.rrsets), Err(PlanError::NotRead(unread)));
}

#[test]
fn refuses_a_fence_that_cannot_be_required() {
    let service = service();
    let mut view = Zone::serving(&service, "prod").view(&service);
    view.fence = FoundFence::Unreadable { found: "two TXT records".to_owned() };
    let plan = ChangeSet::plan(&view, &service.keys(), &Rrsets::new(), &fence(&service, "prod", 1, 1));
    assert_eq!(plan, Err(PlanError::UnreadableFence { found: "two TXT records".to_owned() }));
}

#[test]
fn refuses_to_create_beside_a_type_that_makes_the_server_skip_it() {
    let service = service();
    let mut zone = Zone::serving(&service, "prod");
    zone.rrsets.retain(|key, _| key.name() != &name("api.example.com"));
    zone.put(rrset("api.example.com", GuardedType::Cname, 60, &["maintenance.example.net."]));
    let target = service.render(&region("dr")).expect("renders");
    let plan = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &fence(&service, "dr", 1, 1));
    let create = key("api.example.com", GuardedType::A);
    assert_eq!(plan, Err(PlanError::Beside { create, beside: key("api.example.com", GuardedType::Cname) }));
}

#[test]
fn a_cname_gives_way_to_an_address_in_one_step() {
    let service = service();
    let keys = BTreeSet::from([key("api.example.com", GuardedType::A), key("api.example.com", GuardedType::Cname)]);
    let mut zone = Zone { fence: None, rrsets: Rrsets::new() };
    zone.put(rrset("api.example.com", GuardedType::Cname, 60, &["lb.example.net."]));
    let wanted = rrset("api.example.com", GuardedType::A, 60, &["192.0.2.1"]);
    let target = Rrsets::from([(wanted.key().clone(), wanted)]);
    let change = ChangeSet::plan(&zone.view(&service), &keys, &target, &fence(&service, "dr", 1, 1)).expect("plans");
    zone.apply(&change).expect("applies");
    assert_eq!(zone.rrsets, target);
}

#[test]
fn json_round_trips() {
    let (_, change) = failover();
    let json = serde_json::to_string(&change).expect("json");
    assert_eq!(serde_json::from_str::<ChangeSet>(&json).expect("a change set"), change);
}

/// Any RRset under a service's key, or none: the values are few, so that equal ones are common.
fn any_set(key: RrsetKey) -> impl Strategy<Value = Option<Rrset>> {
    let values = proptest::collection::btree_set(1_u8..4, 0..3);
    (values, 1_u64..3).prop_map(move |(values, secs)| {
        let rtype = key.rtype();
        let text = |value: &u8| match rtype {
            GuardedType::A => format!("192.0.2.{value}"),
            GuardedType::Aaaa => format!("2001:db8::{value}"),
            GuardedType::Cname => format!("lb-{value}.example.net."),
        };
        let values: Vec<_> = values.iter().map(|value| rtype.parse_value(&text(value)).expect("a value")).collect();
        let values = if rtype == GuardedType::Cname { values.into_iter().take(1).collect() } else { values };
        Rrset::new(key.clone(), ttl(secs), values).ok()
    })
}

fn any_rrsets() -> impl Strategy<Value = Rrsets> {
    let sets: Vec<_> = service().keys().into_iter().map(any_set).collect();
    sets.prop_map(|sets| sets.into_iter().flatten().map(|set| (set.key().clone(), set)).collect())
}

proptest! {
    #[test]
    fn applying_makes_the_target_of_any_zone(found in any_rrsets(), target in any_rrsets(), fenced in any::<bool>()) {
        let service = service();
        let mut zone = Zone { fence: None, rrsets: found };
        if fenced {
            zone = zone.with_fence(&fence(&service, "prod", 1, 1));
        }
        let next = fence(&service, "dr", 2, 2);
        let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &next).expect("plans");
        for deleted in &change.deletes {
            prop_assert!(change.requires.contains(&Requirement::Exactly(deleted.clone())));
        }
        zone.apply(&change).expect("applies");
        prop_assert_eq!(&zone.rrsets, &target);
        prop_assert!(zone.apply(&change).is_err(), "it applies once");
    }

    #[test]
    fn any_change_in_between_makes_it_fail(
        found in any_rrsets(),
        target in any_rrsets(),
        meanwhile in any_rrsets(),
        fence_changed in any::<bool>(),
    ) {
        let service = service();
        let mut zone = Zone { fence: None, rrsets: found }.with_fence(&fence(&service, "prod", 1, 1));
        let next = fence(&service, "dr", 2, 2);
        let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &target, &next).expect("plans");
        let values = |sets: &Rrsets| sets.values().map(|set| (set.key().clone(), set.values().to_vec())).collect::<Vec<_>>();
        let records_changed = values(&zone.rrsets) != values(&meanwhile);
        zone.rrsets = meanwhile;
        if fence_changed {
            zone = zone.with_fence(&fence(&service, "prod", 1, 2));
        }
        prop_assert_eq!(zone.apply(&change).is_err(), records_changed || fence_changed);
    }
}
