//! One record at a time: what is stored of what was sent, and what is refused.

use serde_json::{Value, json};
use tests::cloudflare::{Fake, NewRecord, Plan, RecordType};

use super::client::{ZONE, a, create, created, get, records_path, send, start};

fn record(name: &str, rtype: &str, content: &str) -> Value {
    json!({ "name": name, "type": rtype, "content": content })
}

fn with(mut record: Value, key: &str, value: impl Into<Value>) -> Value {
    record[key] = value.into();
    record
}

/// The refusals of records that are each sent to the zone as it is.
fn refused(fake: &Fake, records: &[Value], want: (u16, u64)) {
    let before = fake.records(ZONE);
    for record in records {
        assert_eq!(create(fake, record).refusal(), want, "{record}");
    }
    assert_eq!(fake.records(ZONE), before);
}

#[test]
fn shows_a_record_as_the_service_does() {
    let fake = start(Plan::Free);
    let shown = create(&fake, &with(a("WWW", "192.0.2.1"), "comment", "of the tests")).result();
    let keys = [
        "id",
        "name",
        "type",
        "content",
        "ttl",
        "proxied",
        "proxiable",
        "settings",
        "meta",
        "comment",
        "tags",
        "created_on",
        "modified_on",
    ];
    let object = shown.as_object().expect("an object");
    assert_eq!(object.len(), keys.len());
    assert!(keys.iter().all(|key| object.contains_key(*key)), "{shown}");
    assert_eq!((&shown["name"], &shown["ttl"]), (&json!("www.example.com"), &json!(60)));
    assert_eq!(shown["id"].as_str().map(str::len), Some(32));
    let path = records_path(&fake, &format!("/{}", shown["id"].as_str().expect("an id")));
    assert_eq!(get(&fake, &path).result(), shown);
}

#[test]
fn appends_the_zone_to_a_name_outside_it() {
    let fake = start(Plan::Free);
    let stored =
        [("@", "example.com"), ("www.example.org", "www.example.org.example.com"), ("a.example.com.", "a.example.com")];
    for (given, name) in stored {
        assert_eq!(create(&fake, &a(given, "192.0.2.1")).result()["name"], json!(name));
    }
    refused(&fake, &[a("a..b", "192.0.2.1"), a("b ad", "192.0.2.1")], (400, 9000));
}

#[test]
fn stores_contents_in_canonical_notation() {
    let fake = start(Plan::Free);
    let stored = [
        (record("v6", "AAAA", "2001:DB8:0:0::0:1"), "2001:db8::1"),
        (record("alias", "CNAME", "lb.example.net."), "lb.example.net"),
        (record("text", "TXT", "v=1; a"), "v=1; a"),
        (record("text", "TXT", "\"v=1;\" \"a\""), "\"v=1;\" \"a\""),
        (with(record("mail", "MX", "mx.example.net."), "priority", 5), "mx.example.net"),
    ];
    for (given, content) in stored {
        assert_eq!(create(&fake, &given).result()["content"], json!(content));
    }
}

#[test]
fn refuses_contents_that_the_type_has_not() {
    let fake = start(Plan::Free);
    refused(&fake, &[a("www", "2001:db8::1"), a("www", "192.0.2"), a("www", "192.0.2.01")], (400, 9005));
    refused(&fake, &[record("www", "AAAA", "192.0.2.1")], (400, 9006));
    refused(&fake, &[record("www", "CNAME", "192.0.2.1"), record("www", "CNAME", "a..b")], (400, 9007));
    refused(&fake, &[record("www", "CNAME", "www.example.com")], (400, 9039));
    refused(&fake, &[record("www", "TXT", "\"this"), record("www", "TXT", "\"these\" ones\"")], (400, 9012));
    refused(&fake, &[record("@", "NS", "ada.ns.cloudflare.test")], (400, 9008));
    refused(&fake, &[record("www", "BOGUS", "x"), record("mx", "MX", "mx.example.net")], (400, 9207));
}

#[test]
fn splits_long_quoted_text_and_bounds_all_text() {
    let fake = start(Plan::Free);
    let long = create(&fake, &record("t", "TXT", &format!("\"{}\"", "x".repeat(256)))).result();
    assert_eq!(long["content"], json!(format!("\"{}\" \"x\"", "x".repeat(255))));
    assert_eq!(create(&fake, &record("full", "TXT", &"x".repeat(4_080))).status, 200);
    refused(&fake, &[record("more", "TXT", &"x".repeat(4_081))], (400, 9015));
    assert_eq!(create(&fake, &record("full", "TXT", &"y".repeat(4_080))).status, 200);
    assert_eq!(create(&fake, &record("full", "TXT", &"z".repeat(32))).status, 200);
    refused(&fake, &[record("full", "TXT", "a")], (400, 83011));
}

#[test]
fn takes_the_ttls_of_the_plan() {
    let free = start(Plan::Free);
    refused(&free, &[0, 30, 59, 86_401].map(|ttl| with(a("www", "192.0.2.1"), "ttl", ttl)), (400, 9021));
    for (host, ttl) in [(1, 1), (2, 60), (3, 86_400)] {
        assert_eq!(create(&free, &with(a("www", &format!("192.0.2.{host}")), "ttl", ttl)).result()["ttl"], json!(ttl));
    }
    assert_eq!(create(&free, &record("auto", "A", "192.0.2.1")).result()["ttl"], json!(1));
    let enterprise = start(Plan::Enterprise);
    assert_eq!(create(&enterprise, &with(a("www", "192.0.2.1"), "ttl", 30)).result()["ttl"], json!(30));
    refused(&enterprise, &[with(a("www", "192.0.2.2"), "ttl", 29)], (400, 9021));
}

#[test]
fn proxies_hosts_only_and_makes_their_ttl_automatic() {
    let fake = start(Plan::Free);
    refused(&fake, &[with(record("t", "TXT", "x"), "proxied", true)], (400, 9004));
    refused(&fake, &[with(a("private", "10.0.0.1"), "proxied", true)], (400, 9003));
    let proxied = create(&fake, &with(a("www", "192.0.2.1"), "proxied", true)).result();
    assert_eq!((&proxied["proxied"], &proxied["ttl"]), (&json!(true), &json!(1)));
    assert_eq!(create(&fake, &a("private", "10.0.0.1")).result()["proxiable"], json!(false));
}

#[test]
fn refuses_a_second_identical_record() {
    let fake = start(Plan::Free);
    created(&fake, &a("www", "192.0.2.1"));
    refused(&fake, &[a("WWW.example.com", "192.0.2.1"), with(a("www", "192.0.2.1"), "ttl", 300)], (400, 81058));
    assert_eq!(create(&fake, &a("www", "192.0.2.2")).status, 200);
}

#[test]
fn keeps_cnames_and_addresses_apart_and_lets_text_stand_beside_them() {
    let fake = start(Plan::Free);
    created(&fake, &a("www", "192.0.2.1"));
    created(&fake, &record("alias", "CNAME", "lb.example.net"));
    refused(
        &fake,
        &[record("www", "CNAME", "lb.example.net"), record("alias", "CNAME", "lb2.example.net")],
        (400, 81053),
    );
    refused(&fake, &[a("alias", "192.0.2.1"), record("alias", "AAAA", "2001:db8::1")], (400, 81054));
    assert_eq!(create(&fake, &record("alias", "TXT", "beside")).status, 200);
    created(&fake, &record("sub", "NS", "ns.example.net"));
    refused(&fake, &[a("sub", "192.0.2.1")], (400, 81056));
    refused(&fake, &[record("www", "NS", "ns.example.net")], (400, 81053));
}

#[test]
fn takes_a_cname_at_the_apex_beside_what_else_is_there() {
    let fake = start(Plan::Free);
    created(&fake, &record("@", "NS", "ns.example.net"));
    created(&fake, &record("@", "TXT", "v=spf1 -all"));
    assert_eq!(create(&fake, &record("@", "CNAME", "lb.example.net")).result()["name"], json!(ZONE));
    refused(&fake, &[a("@", "192.0.2.1")], (400, 81054));
}

#[test]
fn bounds_comments_and_tags_by_plan() {
    let free = start(Plan::Free);
    let commented = |length: usize| with(a("www", "192.0.2.1"), "comment", "ä".repeat(length));
    refused(&free, &[commented(101)], (400, 9313));
    refused(&free, &[with(a("www", "192.0.2.1"), "comment", "a\nb")], (400, 9301));
    refused(&free, &[with(a("www", "192.0.2.1"), "tags", json!(["owner:tests"]))], (400, 9300));
    assert_eq!(create(&free, &commented(100)).status, 200);
    let pro = start(Plan::Pro);
    let tagged = create(&pro, &with(commented(500), "tags", json!(["owner:tests"]))).result();
    assert_eq!(tagged["tags"], json!(["owner:tests"]));
    refused(&pro, &[with(a("x", "192.0.2.1"), "tags", json!(["no name: x"]))], (400, 9301));
}

#[test]
fn refuses_bodies_that_are_no_record() {
    let fake = start(Plan::Free);
    let bodies = [
        json!([]),
        json!({}),
        json!({ "name": "www", "type": "A" }),
        with(a("www", "192.0.2.1"), "ttl", "60"),
        with(a("www", "192.0.2.1"), "proxied", "no"),
        with(a("www", "192.0.2.1"), "settings", json!({ "bogus": true })),
    ];
    refused(&fake, &bodies, (400, 9207));
    assert_eq!(create(&fake, &with(a("www", "192.0.2.1"), "bogus", 1)).status, 200, "unknown keys are ignored");
}

#[test]
fn patch_keeps_what_it_does_not_name_and_put_keeps_nothing() {
    let fake = start(Plan::Pro);
    let first = with(with(a("www", "192.0.2.1"), "comment", "kept"), "ttl", 300);
    let id = created(&fake, &first);
    let path = records_path(&fake, &format!("/{id}"));
    let patched = send(&fake, "PATCH", &path, Some(&json!({ "content": "192.0.2.2" }))).result();
    assert_eq!((&patched["ttl"], &patched["comment"], &patched["id"]), (&json!(300), &json!("kept"), &json!(id)));
    let cleared = send(&fake, "PATCH", &path, Some(&json!({ "comment": null }))).result();
    assert_eq!(cleared["comment"], Value::Null);
    send(&fake, "PATCH", &path, Some(&json!({ "comment": "again" }))).result();
    let put = send(&fake, "PUT", &path, Some(&record("www", "A", "192.0.2.3"))).result();
    assert_eq!((&put["ttl"], &put["comment"], &put["id"]), (&json!(1), &Value::Null, &json!(id)));
    assert_eq!(put["created_on"], patched["created_on"]);
    assert_eq!(send(&fake, "PUT", &path, Some(&json!({ "content": "192.0.2.3" }))).refusal(), (400, 9207));
}

#[test]
fn an_edit_into_another_records_place_is_refused() {
    let fake = start(Plan::Free);
    created(&fake, &a("www", "192.0.2.1"));
    let id = created(&fake, &a("www", "192.0.2.2"));
    let path = records_path(&fake, &format!("/{id}"));
    assert_eq!(send(&fake, "PATCH", &path, Some(&json!({ "content": "192.0.2.1" }))).refusal(), (400, 81058));
    assert_eq!(
        send(&fake, "PATCH", &path, Some(&json!({ "content": "192.0.2.2" }))).status,
        200,
        "into its own it is not"
    );
}

#[test]
fn deletes_once_and_never_gives_an_id_again() {
    let fake = start(Plan::Free);
    let id = created(&fake, &a("www", "192.0.2.1"));
    let path = records_path(&fake, &format!("/{id}"));
    assert_eq!(send(&fake, "DELETE", &path, None).result(), json!({ "id": id }));
    for method in ["DELETE", "GET"] {
        assert_eq!(send(&fake, method, &path, None).refusal(), (404, 81044), "{method}");
    }
    assert_eq!(send(&fake, "PATCH", &path, Some(&json!({}))).refusal(), (404, 81044));
    assert_eq!(send(&fake, "PUT", &path, Some(&a("www", "192.0.2.1"))).refusal(), (404, 81044));
    assert_ne!(created(&fake, &a("www", "192.0.2.1")), id);
}

#[test]
fn a_free_zone_takes_two_hundred_records() {
    let fake = start(Plan::Free);
    let posts: Vec<Value> = (0..200).map(|index| a(&format!("r{index}"), "192.0.2.1")).collect();
    assert_eq!(super::client::batch(&fake, &json!({ "posts": posts })).status, 200);
    refused(&fake, &[a("one-more", "192.0.2.1")], (400, 81045));
}

#[test]
fn hands_change_records_under_the_same_rules() {
    let fake = start(Plan::Free);
    let id = fake.add(ZONE, NewRecord::new("www", RecordType::A, "192.0.2.1", 60));
    let new = fake.replace(ZONE, &id, NewRecord::new("www", RecordType::A, "192.0.2.1", 60).proxied());
    assert_ne!(new, id);
    assert_eq!(get(&fake, &records_path(&fake, &format!("/{id}"))).refusal(), (404, 81044));
    let [record] = fake.records(ZONE).try_into().expect("one record");
    assert_eq!((record.id.as_str(), record.proxied), (new.as_str(), true));
    fake.remove(ZONE, &new);
    assert_eq!(fake.records(ZONE), []);
    assert_eq!(fake.all_requests(), 1);
}

fn parted(name: &str, rtype: &str, data: &Value) -> Value {
    json!({ "name": name, "type": rtype, "ttl": 60, "data": data })
}

fn srv() -> Value {
    json!({ "priority": 1, "weight": 2, "port": 443, "target": "w.example.net" })
}

fn loc() -> Value {
    json!({ "lat_degrees": 51, "lat_minutes": 30, "lat_seconds": 12.748, "lat_direction": "N",
        "long_degrees": 0, "long_minutes": 7, "long_seconds": 39.612, "long_direction": "W",
        "altitude": -10.1, "size": 2, "precision_horz": 100, "precision_vert": 10 })
}

#[test]
fn keeps_the_components_of_a_value_and_makes_its_content_of_them() {
    let fake = start(Plan::Free);
    let digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    for (rtype, data, content) in [
        ("SRV", srv(), "1 2 443 w.example.net.".to_owned()),
        (
            "CAA",
            json!({ "flags": 0, "tag": "issue", "value": "ca.test; a=\"b\"" }),
            r#"0 issue "ca.test; a=\"b\"""#.to_owned(),
        ),
        ("HTTPS", json!({ "priority": 1, "target": ".", "value": "alpn=h2" }), "1 . alpn=h2".to_owned()),
        ("SVCB", json!({ "priority": 0, "target": "w.example.net", "value": "" }), "0 w.example.net.".to_owned()),
        (
            "DNSKEY",
            json!({ "flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AwEAAQ==" }),
            "257 3 13 AwEAAQ==".to_owned(),
        ),
        ("LOC", loc(), "51 30 12.748 N 0 7 39.612 W -10.10m 2.00m 100.00m 10.00m".to_owned()),
        (
            "TLSA",
            json!({ "usage": 3, "selector": 1, "matching_type": 1, "certificate": digest }),
            format!("3 1 1 {digest}"),
        ),
    ] {
        let shown = create(&fake, &parted("d", rtype, &data)).result();
        assert_eq!((&shown["data"], &shown["content"]), (&data, &json!(content)), "{rtype}");
        let path = records_path(&fake, &format!("/{}", shown["id"].as_str().expect("an id")));
        let timed = send(&fake, "PATCH", &path, Some(&json!({ "ttl": 120 }))).result();
        assert_eq!((&timed["data"], &timed["ttl"]), (&data, &json!(120)), "what is not said stays");
    }
}

#[test]
fn refuses_components_that_are_missing_wrong_or_of_another_type() {
    let fake = start(Plan::Free);
    let without = |key: &str| {
        let mut data = srv();
        data.as_object_mut().expect("an object").remove(key);
        data
    };
    let missing: Vec<Value> =
        ["priority", "weight", "port", "target"].map(|key| parted("d", "SRV", &without(key))).into();
    refused(&fake, &missing, (400, 9101));
    let all = create(&fake, &parted("d", "SRV", &json!({ "target": "w.example.net" }))).json();
    assert_eq!(all["errors"].as_array().map(Vec::len), Some(3), "one for each: {all}");
    let wrong = [
        parted("d", "SRV", &with(srv(), "service", "_sip")),
        parted("d", "SRV", &with(srv(), "port", 65_536)),
        parted("d", "SRV", &with(srv(), "port", "443")),
        parted("d", "SRV", &with(srv(), "target", "not a host")),
        parted("d", "DS", &json!({ "key_tag": 1, "algorithm": 8, "digest_type": 2, "digest": "abc" })),
        parted("d", "CERT", &json!({ "type": 1, "key_tag": 1, "algorithm": 8, "certificate": "?" })),
        parted("d", "DNSKEY", &json!({ "flags": 257, "protocol": 3, "algorithm": 300, "public_key": "AwEAAQ==" })),
        parted("d", "LOC", &with(loc(), "lat_direction", "E")),
        parted("d", "LOC", &with(loc(), "size", "2m")),
        parted("d", "URI", &json!({ "weight": 1, "target": "https://example.net/" })),
        parted("d", "A", &srv()),
        record("d", "SRV", "1 2 443 w.example.net."),
        with(parted("d", "SRV", &srv()), "content", "1 2 443 w.example.net."),
        record("d", "OPENPGPKEY", "?"),
    ];
    refused(&fake, &wrong, (400, 9207));
}
