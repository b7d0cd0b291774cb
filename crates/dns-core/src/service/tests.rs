//! Rendering, by example.

use super::*;
use crate::fixture::{address, explicit, key, name, record, region, rrset, service, ttl};

#[test]
fn renders_endpoints_by_family_and_explicit_values_by_region() {
    let service = service();
    let expected = [
        rrset("api.example.com", GuardedType::A, 60, &["198.51.100.10"]),
        rrset("api.example.com", GuardedType::Aaaa, 60, &["2001:db8:2::10"]),
        rrset("www.example.com", GuardedType::Cname, 60, &["lb-dr.example.net."]),
    ];
    let expected: Rrsets = expected.into_iter().map(|set| (set.key().clone(), set)).collect();
    assert_eq!(service.render(&region("dr")), Ok(expected));
}

#[test]
fn renders_every_endpoint_of_a_region() {
    let mut service = service();
    service.regions[0].endpoints = ["192.0.2.10", "2001:db8:1::10", "192.0.2.11"].map(address).into();
    let rendered = service.render(&region("prod")).expect("renders");
    let expected = rrset("api.example.com", GuardedType::A, 60, &["192.0.2.10", "192.0.2.11"]);
    assert_eq!(rendered.get(expected.key()), Some(&expected));
}

#[test]
fn renders_apex_and_wildcard() {
    let mut service = service();
    service.records = vec![
        record("example.com", GuardedType::A, RecordValues::Endpoints),
        record("*.example.com", GuardedType::Aaaa, RecordValues::Endpoints),
    ]
    .into();
    let rendered = service.render(&region("prod")).expect("renders");
    let keys: Vec<RrsetKey> = rendered.keys().cloned().collect();
    assert_eq!(keys, [key("example.com", GuardedType::A), key("*.example.com", GuardedType::Aaaa)]);
}

#[test]
fn renders_a_cname_from_a_host_name_endpoint() {
    let mut service = service();
    service.records = vec![record("www.example.com", GuardedType::Cname, RecordValues::Endpoints)].into();
    service.regions[0].endpoints = [Endpoint::Hostname(name("LB.Example.NET").into())].into();
    let rendered = service.render(&region("prod")).expect("renders");
    let expected = rrset("www.example.com", GuardedType::Cname, 60, &["lb.example.net."]);
    assert_eq!(rendered, Rrsets::from([(expected.key().clone(), expected)]));
}

#[test]
fn refuses_a_region_without_a_fitting_endpoint() {
    let mut service = service();
    service.regions[1].endpoints = [address("198.51.100.10")].into();
    let error = service.render(&region("dr")).expect_err("no IPv6");
    assert!(matches!(&error, RenderError::NoValue { key, .. } if key.rtype() == GuardedType::Aaaa), "{error}");
    assert!(error.to_string().contains("absentIn"), "{error}");
}

#[test]
fn leaves_out_what_is_absent_in_a_region() {
    let mut service = service();
    service.regions[1].endpoints = [address("198.51.100.10")].into();
    service.records[1].absent_in = BTreeSet::from([region("dr")]);
    let rendered = service.render(&region("dr")).expect("renders");
    assert!(!rendered.contains_key(&key("api.example.com", GuardedType::Aaaa)));
    assert!(service.keys().contains(&key("api.example.com", GuardedType::Aaaa)), "still a key to read and to remove");
    assert_eq!(service.render(&region("prod")).expect("renders").len(), 3);
}

#[test]
fn refuses_a_name_that_would_answer_with_nothing() {
    let mut service = service();
    service.records[2].absent_in = BTreeSet::from([region("dr")]);
    let expected = RenderError::EmptyName { name: name("www.example.com"), region: region("dr") };
    assert_eq!(service.render(&region("dr")), Err(expected));
}

#[test]
fn refuses_unknown_regions_and_values_of_another_type() {
    let mut service = service();
    assert_eq!(service.render(&region("moon")), Err(RenderError::NoRegion(region("moon"))));
    service.records[0].values = explicit(&[("prod", "2001:db8::1")]);
    assert!(matches!(service.render(&region("prod")), Err(RenderError::Rrset { .. })));
    assert!(matches!(service.render(&region("dr")), Err(RenderError::NoValue { .. })), "dr is missing under `values`");
    service.records[0].values = RecordValues::Explicit(BTreeMap::from([(region("prod"), Vec::new())]).into());
    assert!(matches!(service.render(&region("prod")), Err(RenderError::NoValue { .. })));
}

#[test]
fn knows_which_region_is_served_to_the_ttl() {
    let service = service();
    let mut served = service.render(&region("dr")).expect("renders");
    assert_eq!(service.region_serving(&served), Some(&region("dr")));
    let slow = rrset("api.example.com", GuardedType::A, 61, &["198.51.100.10"]);
    served.insert(slow.key().clone(), slow);
    assert_eq!(service.region_serving(&served), None);
    assert_eq!(service.region_serving(&Rrsets::new()), None);
}

#[test]
fn the_fence_stands_beside_the_records_never_below_them() {
    assert_eq!(service().fence_name(), Ok(name("_checkout._failover.example.com")));
    let root = Service { zone: Name::root().into(), ..service() };
    assert_eq!(root.fence_name(), Ok(name("_checkout._failover.")));
}

#[test]
fn the_digest_of_an_endpoint_sees_address_probes_and_detection() {
    let service = service();
    let (region, detection) = (&service.regions[0], service.policy.detection);
    let base = endpoint_digest(&region.endpoints[0], &region.probes, detection);
    assert_eq!(base, endpoint_digest(&address("192.0.2.10"), &region.probes, detection));
    assert_ne!(base, endpoint_digest(&address("192.0.2.11"), &region.probes, detection));
    assert_ne!(base, endpoint_digest(&region.endpoints[0], &Probes::default(), detection));
    let nervous = Detection { fall: 1, ..detection };
    assert_ne!(base, endpoint_digest(&region.endpoints[0], &region.probes, nervous));
}

#[test]
fn json_round_trips() {
    let mut service = service();
    service.records[0].ttl = ttl(5);
    let json = serde_json::to_string(&service).expect("json");
    assert_eq!(serde_json::from_str::<Service>(&json).expect("service"), service);
}

#[test]
fn the_digest_of_an_endpoint_is_the_one_that_earlier_versions_send() {
    let mut service = service();
    let balancer = Alias::new(&name("lb.example.net"), "Z32O12XQLNTSW2").expect("an alias");
    let hosts = [Endpoint::Hostname(name("lb.example.net").into()), Endpoint::LoadBalancer(balancer.into())];
    service.regions[0].endpoints = service.regions[0].endpoints.iter().cloned().chain(hosts).collect();
    let (region, detection) = (&service.regions[0], service.policy.detection);
    for endpoint in &region.endpoints {
        let json = serde_json::to_vec(&(endpoint, &region.probes, detection)).expect("json");
        let whole = Digest::over([json.as_slice()]);
        assert_eq!(endpoint_digest(endpoint, &region.probes, detection), whole, "{endpoint}");
    }
    let known = endpoint_digest(&address("192.0.2.10"), &region.probes, detection);
    assert_eq!(known.to_string(), "2359140b9e6bbdd9e7755040170785e5");
}

#[test]
fn what_each_of_many_services_has_of_its_own_stays_small() {
    let sizes = [
        size_of::<Everywhere>(),
        size_of::<Service>(),
        size_of::<Region>(),
        size_of::<Endpoint>(),
        size_of::<Record>(),
    ];
    assert_eq!(sizes, [16, 128, 64, 24, 56], "a hundred thousand of each are held; a name alone is 80 bytes");
}
