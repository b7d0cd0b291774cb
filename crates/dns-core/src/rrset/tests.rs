//! Tests of [`super`].

use super::*;

fn key(name: &str, rtype: GuardedType) -> RrsetKey {
    RrsetKey::new(&canonical_name(name).expect("name"), rtype)
}

fn a(values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| GuardedType::A.parse_value(text).expect("address"));
    Rrset::new(key("api.example.com", GuardedType::A), Ttl::from_secs(60).expect("ttl"), values).expect("rrset")
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
    let slower = Rrset { ttl: Ttl::from_secs(61).expect("ttl"), ..a(&["192.0.2.1"]) };
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
