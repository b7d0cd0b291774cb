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
