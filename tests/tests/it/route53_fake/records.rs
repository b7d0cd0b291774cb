//! What may stand in a zone, and where.

use super::client::{Rig, alias, raw, routed, set, weighted};

#[test]
fn refuses_names_outside_of_the_zone() {
    let rig = Rig::new();
    for name in ["www.example.net", "badexample.com", "com"] {
        let message = format!("RRSet with DNS name {name}. is not permitted in zone example.com.");
        rig.create(&set(name, "A", 60, &["192.0.2.1"])).assert_invalid_batch(&message);
    }
}

#[test]
fn refuses_bad_names() {
    let rig = Rig::new();
    let long = format!("{}.example.com", "x".repeat(64));
    for (name, message) in [
        ("a..example.com", "DomainLabelEmpty"),
        (&long, "DomainLabelTooLong"),
        ("a b.example.com", "UnsupportedCharacter"),
    ] {
        rig.create(&set(name, "A", 60, &["192.0.2.1"])).assert_invalid_batch(message);
    }
}

#[test]
fn keeps_names_lower_case_and_escaped() {
    let rig = Rig::new();
    rig.create(&set("*.EXAMPLE.com", "A", 60, &["192.0.2.1"])).assert_done();
    rig.create(&set("\\052.example.com.", "A", 60, &["192.0.2.1"]))
        .assert_invalid_batch("[name='\\052.example.com.', type='A'] but it already exists");
    assert!(rig.list("").texts("Name").contains(&"\\052.example.com.".to_owned()));
}

#[test]
fn refuses_a_cname_beside_other_data() {
    let rig = Rig::new();
    rig.create(&set("a.example.com", "A", 60, &["192.0.2.1"])).assert_done();
    rig.create(&set("c.example.com", "CNAME", 60, &["a.example.com"])).assert_done();
    let cname = set("a.example.com", "CNAME", 60, &["lb.example.net"]);
    for action in ["CREATE", "UPSERT"] {
        rig.change(&[(action, cname.clone())]).assert_invalid_batch(
            "RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.",
        );
        rig.change(&[(action, set("c.example.com", "TXT", 60, &["\"x\""]))]).assert_invalid_batch(
            "RRSet of type TXT with DNS name c.example.com. is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone example.com.",
        );
    }
}

#[test]
fn refuses_a_cname_at_the_apex_and_one_of_two_values() {
    let rig = Rig::new();
    rig.create(&set("example.com", "CNAME", 60, &["lb.example.net"]))
        .assert_invalid_batch("is not permitted at apex in zone example.com.");
    rig.create(&set("c.example.com", "CNAME", 60, &["a.example.net", "b.example.net"]))
        .assert_invalid_batch("cannot have more than one record");
}

#[test]
fn keeps_ns_and_soa_at_the_apex() {
    let rig = Rig::new();
    let own: Vec<_> = rig.fake.records(&rig.zone);
    for (set_of, message) in
        [(&own[0], "at least one NS record for the zone itself"), (&own[1], "exactly one SOA record")]
    {
        let values: Vec<&str> = set_of.values().iter().map(String::as_str).collect();
        let ttl = set_of.ttl().expect("the apex has no alias");
        rig.change(&[("DELETE", set("example.com", &set_of.rtype, ttl, &values))]).assert_invalid_batch(message);
    }
    rig.create(&set("sub.example.com", "SOA", 60, &["a. b. 1 2 3 4 5"])).assert_invalid_batch("exactly one SOA record");
    rig.change(&[("UPSERT", set("example.com", "NS", 300, &["ns1.example.net.", "ns2.example.net."]))]).assert_done();
}

#[test]
fn refuses_bad_values() {
    let rig = Rig::new();
    let long = format!("\"{}\"", "x".repeat(256));
    for (rtype, value, message) in [
        (
            "A",
            "192.0.2.300",
            "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2.300'",
        ),
        ("A", "2001:db8::1", "ARRDATAIllegalIPv4Address"),
        ("AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address"),
        ("CNAME", "a..b", "DomainLabelEmpty"),
        ("TXT", "unquoted", "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ("TXT", &long, "CharacterStringTooLong (Value is too long)"),
    ] {
        let answer = rig.create(&set("v.example.com", rtype, 60, &[value]));
        answer.assert_invalid_batch("Invalid Resource Record: 'FATAL problem: ");
        answer.assert_invalid_batch(message);
    }
    let strings = format!("\"{0}\" \"{0}\" \"a&b\"", "x".repeat(255));
    rig.create(&set("v.example.com", "TXT", 60, &[&strings])).assert_done();
    assert_eq!(rig.list("?maxitems=1&name=v.example.com").text("Value"), Some(strings));
}

#[test]
fn refuses_duplicate_values_and_more_than_400() {
    let rig = Rig::new();
    rig.create(&set("d.example.com", "A", 60, &["192.0.2.1", "192.0.2.1"]))
        .assert_invalid_batch("Duplicate Resource Record: '192.0.2.1'");
    let many: Vec<String> = (0..401).map(|at| format!("192.0.{}.{}", at / 250, at % 250)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    rig.create(&set("d.example.com", "A", 60, &many))
        .assert_invalid_batch("Cannot have more than 400 records in a RRSet.");
    rig.create(&set("d.example.com", "A", 60, &many[..400])).assert_done();
}

#[test]
fn takes_values_with_a_ttl_or_an_alias_without() {
    let rig = Rig::new();
    let target = "<AliasTarget><HostedZoneId>Z35SXDOTRQ7X7K</HostedZoneId><DNSName>lb.example.net</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>";
    let records = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>";
    let place = "in Change with [Action=CREATE, Name=t.example.com, Type=A, SetIdentifier=null]";
    let expected = "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found";
    for (rest, found) in [
        (records.to_owned(), "none"),
        ("<TTL>60</TTL>".to_owned(), "none"),
        (String::new(), "none"),
        (format!("<TTL>60</TTL>{target}"), "more than one"),
        (format!("{records}{target}"), "more than one"),
    ] {
        let answer = rig.create(&raw("t.example.com", "A", &rest));
        answer.assert_refused(400, "InvalidInput", &format!("{expected} {found} {place}"));
    }
    rig.create(&raw("t.example.com", "A", target)).assert_done();
}

#[test]
fn takes_ttls_of_31_bits() {
    let rig = Rig::new();
    rig.create(&set("t.example.com", "A", 2_147_483_648, &["192.0.2.1"])).assert_refused(
        400,
        "InvalidInput",
        "at 'tTL'",
    );
    rig.create(&set("t.example.com", "A", 2_147_483_647, &["192.0.2.1"])).assert_done();
    rig.create(&set("u.example.com", "A", 0, &["192.0.2.1"])).assert_done();
}

#[test]
fn takes_an_alias_within_the_zone_only_with_its_target() {
    let rig = Rig::new();
    let zone = &rig.zone;
    let subject = "Tried to create an alias that targets";
    rig.create(&alias("w.example.com", "A", zone, "a.example.com"))
        .assert_invalid_batch("but that target was not found");
    rig.create(&alias("w.example.com", "A", zone, "a.example.net"))
        .assert_invalid_batch("does not lie within the target zone");
    rig.create(&alias("w.example.com", "A", "nonsense", "a.example.net")).assert_invalid_batch(subject);
    let target = set("a.example.com", "A", 60, &["192.0.2.1"]);
    rig.change(&[("CREATE", alias("w.example.com", "A", zone, "a.example.com")), ("CREATE", target)]).assert_done();
    rig.create(&alias("example.com", "A", "Z35SXDOTRQ7X7K", "lb.example.net")).assert_done();
    rig.create(&alias("n.example.com", "NS", "Z35SXDOTRQ7X7K", "lb.example.net"))
        .assert_invalid_batch("cannot be an alias");
}

#[test]
fn needs_an_identifier_for_a_routing_policy_and_the_reverse() {
    let rig = Rig::new();
    let with = |routing: &str| routed("r.example.com", "A", routing, 60, &["192.0.2.1"]);
    rig.create(&with("<Weight>1</Weight>")).assert_refused(
        400,
        "InvalidInput",
        "Missing field 'SetIdentifier' in Change with",
    );
    let expected = "Expected exactly one of [Weight, Region, Failover, GeoLocation,";
    rig.create(&with("<SetIdentifier>a</SetIdentifier>")).assert_refused(400, "InvalidInput", expected);
    let two = "<SetIdentifier>a</SetIdentifier><Weight>1</Weight><Region>eu-west-1</Region>";
    rig.create(&with(two)).assert_refused(400, "InvalidInput", "but found more than one");
    rig.create(&weighted("r.example.com", "a", 256, 60, "192.0.2.1")).assert_refused(
        400,
        "InvalidInput",
        "at 'weight'",
    );
}

#[test]
fn refuses_simple_and_routed_sets_of_one_name_and_type() {
    let rig = Rig::new();
    rig.create(&set("s.example.com", "A", 60, &["192.0.2.1"])).assert_done();
    rig.create(&weighted("s.example.com", "a", 1, 60, "192.0.2.2"))
        .assert_invalid_batch("SetIdentifier a cannot be created");
    rig.create(&weighted("w.example.com", "a", 1, 60, "192.0.2.1")).assert_done();
    rig.create(&set("w.example.com", "A", 60, &["192.0.2.2"])).assert_invalid_batch(
        "RRSet with DNS name w.example.com., type A cannot be created as other RRSets exist with the same name and type.",
    );
    let region =
        routed("w.example.com", "A", "<SetIdentifier>b</SetIdentifier><Region>eu-west-1</Region>", 60, &["192.0.2.2"]);
    rig.create(&region).assert_invalid_batch("another routing policy");
    rig.create(&weighted("w.example.com", "b", 1, 61, "192.0.2.2"))
        .assert_invalid_batch("weighted sets must contain the same TTL");
    rig.create(&weighted("w.example.com", "b", 1, 60, "192.0.2.2")).assert_done();
}

#[test]
fn weighted_sets_take_the_place_of_a_simple_one_in_one_batch() {
    let rig = Rig::new();
    let simple = set("s.example.com", "A", 60, &["192.0.2.1"]);
    rig.create(&simple).assert_done();
    let one = |id: &str, weight| weighted("s.example.com", id, weight, 60, "192.0.2.1");
    rig.change(&[("CREATE", one("a", 10)), ("DELETE", simple.clone())]).assert_invalid_batch("cannot be created");
    rig.change(&[("DELETE", simple.clone()), ("CREATE", one("a", 10)), ("CREATE", one("b", 90))]).assert_done();
    rig.change(&[("DELETE", one("a", 10)), ("CREATE", one("a", 50))]).assert_done();
    rig.change(&[("DELETE", one("a", 50)), ("CREATE", simple.clone())]).assert_invalid_batch("other RRSets exist");
    rig.change(&[("DELETE", one("a", 50)), ("DELETE", one("b", 90)), ("CREATE", simple)]).assert_done();
}

#[test]
fn bounds_weighted_sets_and_their_values() {
    let rig = Rig::new();
    let routing = "<SetIdentifier>a</SetIdentifier><Weight>1</Weight>";
    rig.create(&routed("w.example.com", "A", routing, 60, &["192.0.2.1", "192.0.2.2"]))
        .assert_invalid_batch("more than one record in a weighted RRSet");
    let sets: Vec<_> =
        (0..100).map(|id| ("CREATE", weighted("w.example.com", &format!("{id}"), 1, 60, "192.0.2.1"))).collect();
    rig.change(&sets).assert_done();
    rig.create(&weighted("w.example.com", "one-more", 1, 60, "192.0.2.1"))
        .assert_invalid_batch("cannot have more than 100 weighted sets");
}

#[test]
fn routes_no_delegations() {
    let rig = Rig::new();
    let routing = "<SetIdentifier>a</SetIdentifier><Weight>1</Weight>";
    let answer = rig.create(&routed("sub.example.com", "NS", routing, 60, &["ns.example.net"]));
    answer.assert_invalid_batch("RRSet with DNS name sub.example.com., type NS cannot have a routing policy.");
}

#[test]
fn knows_only_the_health_checks_that_exist() {
    let rig = Rig::new();
    let rest = "<SetIdentifier>a</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords><HealthCheckId>abc</HealthCheckId>";
    rig.create(&raw("h.example.com", "A", rest)).assert_refused(404, "NoSuchHealthCheck", "abc");
    rig.fake.add_health_check("abc");
    rig.create(&raw("h.example.com", "A", rest)).assert_done();
    assert_eq!(rig.list("").text("HealthCheckId"), Some("abc".to_owned()));
}

#[test]
fn refuses_a_wildcard_delegation() {
    let rig = Rig::new();
    rig.create(&set("*.example.com", "NS", 60, &["ns.example.net"])).assert_invalid_batch("as a wildcard");
    rig.create(&set("*.example.com", "A", 60, &["192.0.2.1"])).assert_done();
}
