use aws_sdk_route53::types::builders::ResourceRecordSetBuilder;
use aws_sdk_route53::types::{ResourceRecord, ResourceRecordSetFailover};
use dns_core::rrset::canonical_name;

use super::*;

fn api() -> RrsetKey {
    RrsetKey::new(&canonical_name("api.example.com").expect("a name"), GuardedType::A)
}

fn record(value: &str) -> ResourceRecord {
    ResourceRecord::builder().value(value).build().expect("a record")
}

fn simple(rtype: RrType, values: &[&str]) -> ResourceRecordSetBuilder {
    let records = values.iter().map(|value| record(value)).collect();
    ResourceRecordSet::builder().name("api.example.com.").r#type(rtype).ttl(60).set_resource_records(Some(records))
}

fn found(sets: impl IntoIterator<Item = ResourceRecordSetBuilder>) -> Sets {
    let sets = sets.into_iter().map(|set| set.build().expect("a set")).collect();
    Sets::from([(api().name().clone(), sets)])
}

fn read(set: ResourceRecordSetBuilder) -> Result<Rrsets, Failure> {
    rrsets(&BTreeSet::from([api()]), &found([set]), &Spellings::default())
}

fn alias_to(target: &str, evaluated: bool) -> ResourceRecordSetBuilder {
    let target =
        AliasTarget::builder().dns_name(target).hosted_zone_id("Z32O12XQLNTSW2").evaluate_target_health(evaluated);
    ResourceRecordSet::builder()
        .name("api.example.com.")
        .r#type(RrType::A)
        .alias_target(target.build().expect("a target"))
}

#[test]
fn reads_simple_sets_and_plain_aliases() {
    let rrsets = read(simple(RrType::A, &["192.0.2.2", "192.0.2.1"])).expect("read");
    assert_eq!(rrsets[&api()].to_string(), "api.example.com. 60 A 192.0.2.1, 192.0.2.2");
    let rrsets = read(alias_to("LB.eu-west-1.elb.amazonaws.com", false)).expect("read");
    let alias = rrsets[&api()].alias().expect("an alias");
    assert_eq!(alias.to_string(), "alias of lb.eu-west-1.elb.amazonaws.com. in Z32O12XQLNTSW2");
}

#[test]
fn refuses_what_a_flip_could_not_write_back() {
    let plain = || simple(RrType::A, &["192.0.2.1"]);
    for (set, words) in [
        (plain().set_identifier("one").weight(1).health_check_id("abc"), "a weighted set `one`"),
        (plain().set_identifier("one").weight(256), "a weighted set `one` of a weight that is none"),
        (plain().set_identifier("one").failover(ResourceRecordSetFailover::Primary), "a failover set `one`"),
        (plain().set_identifier("one").multi_value_answer(true), "a multivalue answer set"),
        (plain().health_check_id("abc"), "a set with a health check"),
        (plain().ttl(0), "a TTL of 0 s"),
        (alias_to("lb.example.net", true), "evaluates the target's health"),
    ] {
        let Err(Failure::Denied(reason)) = read(set) else { panic!("{words}: read") };
        assert!(reason.contains(words) && reason.contains("api.example.com. A"), "{reason}");
    }
}

#[test]
fn reads_sets_that_are_drawn_by_weight_together() {
    let key = BTreeSet::from([api()]);
    let one = |identifier: &str, weight, value| simple(RrType::A, &[value]).set_identifier(identifier).weight(weight);
    let sets = found([one("prod", 10, "192.0.2.1"), one("dr", 90, "198.51.100.1")]);
    let rrsets = rrsets(&key, &sets, &Spellings::default()).expect("read");
    let read: Vec<String> = rrsets[&api()].weighted().iter().map(ToString::to_string).collect();
    assert_eq!(
        read,
        ["90 × dr `api.example.com. 60 A 198.51.100.1`", "10 × prod `api.example.com. 60 A 192.0.2.1`"],
        "in one order, however they are listed"
    );
    assert!(rrsets[&api()].values().is_empty());
    let aliases =
        found([alias_to("lb.example.net", false).set_identifier("prod").weight(10), one("dr", 90, "192.0.2.1")]);
    let rrsets = super::rrsets(&key, &aliases, &Spellings::default()).expect("read");
    assert!(rrsets[&api()].weighted()[1].set.alias().is_some());
}

#[test]
fn sets_of_other_types_are_none_of_our_business() {
    let weighted = simple(RrType::Aaaa, &["2001:db8::1"]).set_identifier("one").weight(1);
    let rrsets = rrsets(&BTreeSet::from([api()]), &found([weighted]), &Spellings::default());
    assert_eq!(rrsets.expect("read"), Rrsets::new());
}

#[test]
fn tells_a_fence_from_what_stands_in_its_place() {
    let name = api().name().clone();
    let fence = |sets: Vec<ResourceRecordSetBuilder>| fence(&name, &found(sets), &Spellings::default());
    assert_eq!(fence(vec![simple(RrType::A, &["192.0.2.1"])]), FoundFence::Absent);
    let FoundFence::Present { ttl, text } = fence(vec![simple(RrType::Txt, &[r#""a=1;" "b=2;""#])]) else {
        panic!("present")
    };
    assert_eq!((ttl.as_secs(), text.strings()), (60, ["a=1;".to_owned(), "b=2;".to_owned()].as_slice()));
    for (set, words) in [
        (simple(RrType::Txt, &["\"a\"", "\"b\""]), "2 TXT records"),
        (simple(RrType::Txt, &["a"]), "no text"),
        (simple(RrType::Txt, &["\"a\""]).set_identifier("one").weight(1), "a weighted set"),
        (simple(RrType::Cname, &["lb.example.net"]), "a CNAME"),
    ] {
        let FoundFence::Unreadable { found } = fence(vec![set]) else { panic!("{words}: readable") };
        assert!(found.contains(words), "{found}");
    }
}

#[test]
fn a_spelling_of_ones_own_is_kept_for_the_delete() {
    let key = RrsetKey::new(api().name(), GuardedType::Cname);
    let spellings = Spellings::default();
    let sets = found([simple(RrType::Cname, &["LB.Example.net"])]);
    let rrsets = rrsets(&BTreeSet::from([key.clone()]), &sets, &spellings).expect("read");
    let canonical = text::of_values(&rrsets[&key]);
    assert_eq!(spellings.stored((key.name(), &RrType::Cname, ""), canonical), ["LB.Example.net"]);
}
