use super::*;
use crate::fixture::{self, name, record};

fn parse(text: &str) -> Result<Zone, ZoneError> {
    Zone::parse(&name("example.test."), text)
}

const APEX: &str = "@ 60 SOA ns1 hostmaster 7 3600 600 604800 30\n@ 60 NS ns1\n";

fn objection_to(lines: &str) -> String {
    parse(&format!("{APEX}{lines}")).expect_err("no zone").to_string()
}

#[test]
fn holds_what_the_text_says() {
    let zone = fixture::zone();
    assert_eq!(zone.serial(), 7);
    let api = zone.rrset(&name("API.example.test."), RecordType::A).expect("whatever the case");
    assert_eq!((api.ttl_secs(), api.values().len()), (60, 2));
    assert_eq!(zone.records().count(), fixture::ZONE.lines().count() - 1);
}

#[test]
fn refuses_text_that_is_no_zone() {
    assert!(objection_to("api 60 A nonsense").contains("cannot read the text of zone example.test."));
    assert!(objection_to("api.example.org. 60 A 192.0.2.1").contains("outside the zone"));
    assert!(objection_to("api 60 CH A 192.0.2.1").contains("class is not IN"));
    assert!(objection_to("sub 60 SOA ns1 hostmaster 7 3600 600 604800 30").contains("apex only"));
    assert!(objection_to("api 60 A 192.0.2.1\napi 60 CNAME www").contains("a CNAME stands alone"));
    assert!(objection_to("@ 60 CNAME www").contains("a CNAME stands alone"));
}

#[test]
fn refuses_a_zone_without_its_apex() {
    let missing = |text: &str| match parse(text) {
        Err(ZoneError::Missing { rtype, .. }) => rtype,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing("@ 60 NS ns1\n"), RecordType::SOA);
    assert_eq!(missing("@ 60 SOA ns1 hostmaster 7 3600 600 604800 30\n"), RecordType::NS);
}

#[test]
fn refuses_a_second_record_where_one_may_stand() {
    let mut zone = fixture::zone();
    for (line, reason) in [
        ("far 60 CNAME other", "there is a CNAME already"),
        ("far 60 A 192.0.2.1", "beside a CNAME"),
        ("@ 60 SOA ns1 hostmaster 8 3600 600 604800 30", "there is a SOA already"),
    ] {
        let error = zone.insert(record(line)).expect_err(line);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn keeps_each_value_once_and_one_ttl() {
    let mut zone = fixture::zone();
    zone.put(record("api 300 A 192.0.2.1"));
    zone.put(record("api 300 A 192.0.2.3"));
    let api = zone.rrset(&name("api.example.test."), RecordType::A).expect("there");
    assert_eq!((api.ttl_secs(), api.values().len()), (300, 3));
}

#[test]
fn compares_sets_by_the_rules_of_their_values() {
    let zone = fixture::zone();
    let values = |lines: &[&str]| lines.iter().map(|line| record(line).data).collect::<Vec<_>>();
    let same = |lines: &[&str]| {
        let first = record(lines[0]);
        zone.rrset(&first.name, first.record_type()).expect("there").same_values(&values(lines))
    };
    assert!(same(&["api 0 A 192.0.2.2", "api 0 A 192.0.2.1", "api 1 A 192.0.2.1"]), "order, TTL and repetition");
    let mail = zone.rrset(&name("mail.example.test."), RecordType::MX).expect("there");
    assert!(mail.same_values(&[fixture::cased_mail().data]), "names without case");
    assert!(same(&["fence 60 TXT \"a=1;\" \"b=2;\""]));
    assert!(!same(&["api 60 A 192.0.2.1"]), "a part");
    assert!(!same(&["api 60 A 192.0.2.1", "api 60 A 192.0.2.2", "api 60 A 192.0.2.3"]), "more");
    assert!(!same(&["mail 60 MX 11 mail.elsewhere.net."]));
    assert!(!same(&["fence 60 TXT \"a=1;b=2;\""]), "strings joined");
    assert!(!same(&["fence 60 TXT \"a=1;b\" \"=2;\""]), "strings cut elsewhere");
    assert!(!same(&["fence 60 TXT \"A=1;\" \"b=2;\""]), "bytes with case");
}

#[test]
fn names_what_changed() {
    let before = fixture::zone();
    let mut after = before.clone();
    after.put(record("api 61 AAAA 2001:db8::1"));
    after.put(record("fresh 60 A 192.0.2.1"));
    after.remove_rrset(&name("far.example.test."), RecordType::CNAME);
    let changed: Vec<String> = after.changed_since(&before).iter().map(Name::to_ascii).collect();
    assert_eq!(changed, ["api.example.test.", "far.example.test.", "fresh.example.test."]);
    assert!(!after.in_use(&name("far.example.test.")), "a name without records is gone");
    assert!(before.changed_since(&before).is_empty());
}

#[test]
fn serial_wraps_past_zero() {
    let mut zone = parse(&APEX.replace(" 7 ", " 4294967295 ")).expect("a zone");
    zone.bump_serial();
    assert_eq!(zone.serial(), 1);
    zone.bump_serial();
    assert_eq!(zone.serial(), 2);
}
