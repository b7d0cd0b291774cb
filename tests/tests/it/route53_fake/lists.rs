//! Lists: their order, their pages.

use tests::route53::{RecordSet, Routing};

use super::client::Rig;

fn names(rig: &Rig, query: &str) -> Vec<String> {
    rig.list(query).texts("Name")
}

#[test]
fn sorts_by_reversed_labels_then_type_then_identifier() {
    let rig = Rig::new();
    for (name, rtype, value) in [
        ("b.example.com", "TXT", "\"x\""),
        ("b.example.com", "A", "192.0.2.1"),
        ("z.a.example.com", "A", "192.0.2.1"),
        ("*.example.com", "A", "192.0.2.1"),
        ("a.example.com", "AAAA", "2001:db8::1"),
    ] {
        rig.fake.put(&rig.zone, RecordSet::new(name, rtype, 60, &[value]));
    }
    for id in ["two", "one"] {
        rig.fake
            .put(&rig.zone, RecordSet::new("c.example.com", "A", 60, &["192.0.2.1"]).routed(id, Routing::Weighted(1)));
    }
    let answer = rig.list("");
    let sorted: Vec<_> = answer
        .texts("Name")
        .into_iter()
        .zip(answer.texts("Type"))
        .map(|(name, rtype)| format!("{name} {rtype}"))
        .collect();
    let wanted = [
        "example.com. NS",
        "example.com. SOA",
        "\\052.example.com. A",
        "a.example.com. AAAA",
        "z.a.example.com. A",
        "b.example.com. A",
        "b.example.com. TXT",
        "c.example.com. A",
        "c.example.com. A",
    ];
    assert_eq!(sorted, wanted);
    assert_eq!(answer.texts("SetIdentifier"), ["one", "two"]);
}

#[test]
fn pages_by_300_and_through_sets_of_one_name() {
    let rig = Rig::new();
    for at in 0..350 {
        rig.fake.put(
            &rig.zone,
            RecordSet::new("w.example.com", "A", 60, &["192.0.2.1"]).routed(&format!("{at:03}"), Routing::Weighted(1)),
        );
    }
    let first = rig.list("?maxitems=1000");
    assert_eq!(
        (first.texts("Name").len(), first.text("IsTruncated").as_deref(), first.text("MaxItems").as_deref()),
        (300, Some("true"), Some("300"))
    );
    let next = ["NextRecordName", "NextRecordType", "NextRecordIdentifier"]
        .map(|field| first.text(field).expect("a next page"));
    assert_eq!(next, ["w.example.com.", "A", "298"]);
    let last = rig.list("?identifier=298&maxitems=300&name=w.example.com.&type=A");
    assert_eq!((last.texts("SetIdentifier").len(), last.text("IsTruncated").as_deref()), (52, Some("false")));
    assert_eq!(last.text("NextRecordName"), None);
}

#[test]
fn begins_at_a_name_and_type() {
    let rig = Rig::new();
    for (name, rtype, value) in [
        ("a.example.com", "A", "192.0.2.1"),
        ("a.example.com", "TXT", "\"x\""),
        ("\\052.b.example.com", "A", "192.0.2.1"),
    ] {
        rig.fake.put(&rig.zone, RecordSet::new(name, rtype, 60, &[value]));
    }
    assert_eq!(names(&rig, "?name=a.example.com").len(), 3);
    assert_eq!(rig.list("?name=a.example.com&type=AAAA").texts("Type"), ["TXT", "A"]);
    assert_eq!(names(&rig, "?name=%5C052.b.example.com&type=A"), ["\\052.b.example.com."]);
    assert_eq!(names(&rig, "?maxitems=1&name=b.example.com"), ["\\052.b.example.com."]);
}

#[test]
fn refuses_positions_that_make_no_sense() {
    let rig = Rig::new();
    for query in [
        "?type=A",
        "?identifier=a&name=a.example.com",
        "?name=a.example.com&type=X",
        "?maxitems=0",
        "?maxitems=x",
        "?name=a..b",
    ] {
        rig.list(query).assert_refused(400, "InvalidInput", "");
    }
}
