//! Tests of [`super`].

use super::*;

fn key(name: &str, rtype: GuardedType) -> RrsetKey {
    RrsetKey::new(&canonical_name(name).expect("name"), rtype)
}

fn a(values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| GuardedType::A.parse_value(text).expect("address"));
    Rrset::new(key("api.example.com", GuardedType::A), Ttl::from_secs(60).expect("ttl"), values).expect("rrset")
}

/// The same set, kept a second longer.
fn slower(set: &Rrset) -> Rrset {
    Rrset(Arc::new(Content { ttl: Ttl::from_secs(61).expect("ttl"), ..Content::clone(&set.0) }))
}

#[test]
fn order_and_repetition_of_values_have_no_meaning() {
    assert_eq!(a(&["192.0.2.2", "192.0.2.1", "192.0.2.2"]), a(&["192.0.2.1", "192.0.2.2"]));
}

#[test]
fn case_of_names_has_no_meaning() {
    assert_eq!(key("API.Example.com", GuardedType::A), key("api.example.COM.", GuardedType::A));
}

#[test]
fn refuses_what_could_not_be_served() {
    assert_eq!(Ttl::from_secs(0), Err(RrsetError::Ttl(0)));
    assert_eq!(Ttl::from_secs(1 << 31), Err(RrsetError::Ttl(1 << 31)));
    let cname = key("www.example.com", GuardedType::Cname);
    let ttl = Ttl::from_secs(60).expect("ttl");
    assert_eq!(Rrset::new(cname.clone(), ttl, []), Err(RrsetError::Empty));
    let two = ["a.test", "b.test"].map(|text| GuardedType::Cname.parse_value(text).expect("name"));
    assert_eq!(Rrset::new(cname, ttl, two), Err(RrsetError::ManyCnames(2)));
    assert!(GuardedType::A.parse_value("2001:db8::1").is_err());
}

#[test]
fn json_round_trips() {
    let rrset = a(&["192.0.2.1", "192.0.2.2"]);
    let json = serde_json::to_string(&rrset).expect("json");
    assert_eq!(json, r#"{"name":"api.example.com.","type":"A","ttl":60,"values":["192.0.2.1","192.0.2.2"]}"#);
    assert_eq!(serde_json::from_str::<Rrset>(&json).expect("rrset"), rrset);
}

#[test]
fn digest_sees_names_types_ttls_and_values() {
    let of = |rrset: Rrset| records_digest(&Rrsets::from([(rrset.key().clone(), rrset)]));
    let base = of(a(&["192.0.2.1"]));
    assert_eq!(base, of(a(&["192.0.2.1"])));
    assert_ne!(base, of(a(&["192.0.2.2"])));
    let slower = slower(&a(&["192.0.2.1"]));
    assert_ne!(base, of(slower));
}

fn alias(target: &str, zone_id: &str) -> Rrset {
    let key = RrsetKey::new(&canonical_name("api.example.com").expect("a name"), GuardedType::A);
    let target = canonical_name(target).expect("a name");
    Rrset::alias_of(key, Alias::new(&target, zone_id).expect("an alias")).expect("an address")
}

#[test]
fn an_alias_is_another_answer_than_another_alias() {
    let one = alias("LB-prod.example.net", "Z2");
    let digest = |set: &Rrset| records_digest(&[(set.key().clone(), set.clone())].into());
    assert_eq!(one, alias("lb-prod.example.net.", "Z2"));
    for other in [alias("lb-dr.example.net", "Z2"), alias("lb-prod.example.net", "Z3"), one.clone().proxied()] {
        assert!(!one.same_values(&other));
        assert_ne!(digest(&one), digest(&other));
    }
    assert_eq!(one.to_string(), "api.example.com. 60 A alias of lb-prod.example.net. in Z2");
}

#[test]
fn an_alias_outlives_its_text() {
    let set = alias("lb-prod.example.net", "Z2").proxied();
    let text = serde_json::to_string(&set).expect("written");
    assert_eq!(serde_json::from_str::<Rrset>(&text).expect("read"), set);
    assert!(serde_json::from_str::<Rrset>(&text.replace("Z2", "not an id")).is_err());
}

#[test]
fn a_cname_is_no_alias() {
    let key = RrsetKey::new(&canonical_name("www.example.com").expect("a name"), GuardedType::Cname);
    let target = Alias::new(&canonical_name("lb.example.net").expect("a name"), "Z2").expect("an alias");
    assert!(Rrset::alias_of(key, target).is_err());
}

#[test]
fn a_name_of_another_script_outlives_its_text() {
    let key = RrsetKey::new(&canonical_name("xn--bcher-kva.example").expect("a name"), GuardedType::A);
    let address = GuardedType::A.parse_value("192.0.2.1").expect("an address");
    let set = Rrset::new(key, Ttl::from_secs(60).expect("a TTL"), [address]).expect("an RRset");
    let text = serde_json::to_string(&set).expect("written");
    assert_eq!(serde_json::from_str::<Rrset>(&text).expect("read"), set, "{text}");
    let target = GuardedType::Cname.parse_value("lb.xn--bcher-kva.example").expect("a host name");
    assert_eq!(GuardedType::Cname.parse_value(&target.to_string()).expect("as shown"), target);
    let fence = canonical_name("_checkout._failover.bücher.example").expect("a name");
    assert_eq!(fence.to_ascii(), "_checkout._failover.xn--bcher-kva.example.");
    let shown = canonical_name(&fence.to_string()).expect("as shown");
    assert_eq!(shown, fence);
}

fn share(identifier: &str, weight: u8, set: Rrset) -> Weighted {
    Weighted { identifier: identifier.to_owned(), weight, set }
}

#[test]
fn other_weights_are_another_answer() {
    let key = a(&["192.0.2.1"]).key().clone();
    let of = |sets: [Weighted; 2]| Rrset::weighted_of(key.clone(), sets).expect("a set");
    let ten = || share("prod", 10, a(&["192.0.2.1"]));
    let base = of([ten(), share("dr", 90, a(&["192.0.2.2"]))]);
    let digest = |set: &Rrset| records_digest(&[(set.key().clone(), set.clone())].into());
    assert_eq!(base, of([share("dr", 90, a(&["192.0.2.2"])), ten()]), "in one order");
    for other in [
        of([ten(), share("dr", 91, a(&["192.0.2.2"]))]),
        of([ten(), share("de", 90, a(&["192.0.2.2"]))]),
        of([ten(), share("dr", 90, a(&["192.0.2.3"]))]),
        of([ten(), share("dr", 90, alias("lb.example.net", "Z2"))]),
        a(&["192.0.2.1"]),
        a(&["192.0.2.1", "192.0.2.2"]),
    ] {
        assert!(!base.same_values(&other), "{other}");
        assert_ne!(digest(&base), digest(&other), "{other}");
    }
    let slower = slower(&a(&["192.0.2.2"]));
    let slower = of([ten(), share("dr", 90, slower)]);
    assert!(base.same_values(&slower) && digest(&base) != digest(&slower));
    assert_eq!(slower.ttl().as_secs(), 61, "the longest that an answer may be kept");
}

#[test]
fn weighted_sets_outlive_their_text() {
    let key = a(&["192.0.2.1"]).key().clone();
    let sets = [share("prod", 10, a(&["192.0.2.1"])), share("dr", 90, alias("lb.example.net", "Z2"))];
    let set = Rrset::weighted_of(key, sets).expect("a set");
    let text = serde_json::to_string(&set).expect("written");
    assert_eq!(serde_json::from_str::<Rrset>(&text).expect("read"), set);
    let twice = text.replace(r#""identifier":"prod""#, r#""identifier":"dr""#);
    assert!(serde_json::from_str::<Rrset>(&twice).is_err(), "{twice}");
    let plain = serde_json::to_string(&a(&["192.0.2.1"])).expect("written");
    assert!(!plain.contains("weighted"), "{plain}");
}

#[test]
fn only_plain_sets_of_one_key_are_drawn_from() {
    let key = a(&["192.0.2.1"]).key().clone();
    let of = |sets: Vec<Weighted>| Rrset::weighted_of(key.clone(), sets);
    assert_eq!(of(Vec::new()), Err(RrsetError::Empty));
    let nested = of(vec![share("one", 1, a(&["192.0.2.1"]))]).expect("a set");
    let other = RrsetKey::new(&canonical_name("other.example.com").expect("a name"), GuardedType::A);
    let other = Rrset(Arc::new(Content { key: other, ..Content::clone(&a(&["192.0.2.1"]).0) }));
    for wrong in [nested, other, a(&["192.0.2.1"]).proxied()] {
        assert!(matches!(of(vec![share("one", 1, wrong)]), Err(RrsetError::Weighted { .. })));
    }
    let twice = vec![share("one", 1, a(&["192.0.2.1"])), share("one", 2, a(&["192.0.2.2"]))];
    assert!(matches!(of(twice), Err(RrsetError::Weighted { .. })));
}
