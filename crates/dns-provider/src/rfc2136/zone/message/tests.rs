use std::net::Ipv4Addr;
use std::time::Duration;

use dns_zone::{Rdata, Ttl};
use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::{DNSClass, Name as Hickory, Record};

use super::*;
use crate::presentation;
use crate::rfc2136::{TsigAlgorithm, TsigKey};

fn owner(text: &str) -> Owner {
    text.parse().expect("a name")
}

fn zone() -> Owner {
    owner("example.test.")
}

fn set(rtype: Rtype, ttl: u32, values: &[&str]) -> Option<RecordSet> {
    let values = values.iter().map(|text| presentation::read(rtype, text).expect("a value"));
    RecordSet::new(Ttl::from_secs(ttl).expect("a TTL"), values)
}

fn change(name: &str, rtype: Rtype, before: &[&str], after: &[&str]) -> SetChange {
    let key = SetKey::new(owner(name), rtype);
    SetChange { key, before: set(rtype, 60, before), after: set(rtype, 300, after) }
}

/// A section, one line each: class, TTL, type and length of the data.
fn lines(records: &[Record]) -> Vec<String> {
    let class = |record: &Record| match record.dns_class {
        DNSClass::IN => "IN".to_owned(),
        other => other.to_string(),
    };
    records.iter().map(|one| format!("{} {} {} {}", one.name, class(one), one.ttl, one.record_type())).collect()
}

fn decoded(steps: &[&Step]) -> Message {
    Message::from_vec(&encode(&zone(), steps, 7)).expect("a message")
}

#[test]
fn requires_what_was_and_takes_away_before_it_adds() {
    let step = Step::from(vec![
        change("www.example.test.", Rtype::A, &["192.0.2.1", "192.0.2.2"], &[]),
        change("www.example.test.", Rtype::CNAME, &[], &["lb.example.net."]),
    ]);
    let message = decoded(&[&step]);
    assert_eq!((message.metadata.op_code, message.metadata.id), (OpCode::Update, 7));
    assert_eq!(message.queries[0].to_string(), "example.test. IN SOA");
    assert_eq!(
        lines(&message.answers),
        ["www.example.test. IN 0 A", "www.example.test. IN 0 A", "www.example.test. NONE 0 CNAME"]
    );
    assert_eq!(lines(&message.authorities), ["www.example.test. ANY 0 A", "www.example.test. IN 300 CNAME"]);
}

#[test]
fn what_comes_requires_that_nothing_is_there_that_would_silently_win() {
    let cname = Step::from(vec![change("a.example.test.", Rtype::CNAME, &[], &["b.example.net."])]);
    assert_eq!(lines(&decoded(&[&cname]).answers), ["a.example.test. NONE 0 ANY"]);
    let both = Step::from(vec![
        change("a.example.test.", Rtype::A, &[], &["192.0.2.1"]),
        change("a.example.test.", Rtype::TXT, &[], &["\"x\""]),
    ]);
    assert_eq!(
        lines(&decoded(&[&both]).answers),
        ["a.example.test. NONE 0 A", "a.example.test. NONE 0 CNAME", "a.example.test. NONE 0 TXT"]
    );
}

#[test]
fn a_name_server_of_the_zone_goes_after_the_others_came() {
    let step = Step::from(vec![change("example.test.", Rtype::NS, &["a.test.", "b.test."], &["b.test.", "c.test."])]);
    let message = decoded(&[&step]);
    assert_eq!(
        lines(&message.authorities),
        ["example.test. IN 300 NS", "example.test. IN 300 NS", "example.test. NONE 0 NS"]
    );
}

#[test]
fn the_soa_is_replaced_and_its_serial_no_condition() {
    let soa = |serial: u32| format!("ns.example.test. host.example.test. {serial} 1 2 3 4");
    let step = Step::from(vec![change("example.test.", Rtype::SOA, &[&soa(1)], &[&soa(2)])]);
    let message = decoded(&[&step]);
    assert_eq!(lines(&message.answers), Vec::<String>::new());
    assert_eq!(lines(&message.authorities), ["example.test. IN 300 SOA"]);
}

#[test]
fn counts_each_octet_by_hand() {
    // Header 12, question 14 + 4.
    assert_eq!(envelope_octets(&zone()), 30);
    let step = Step::from(vec![change("www.example.test.", Rtype::A, &[], &["192.0.2.1"])]);
    // Three times `www` and a pointer, 6, and type to length, 10: no A, no CNAME, and an A with 4 octets.
    assert_eq!(octets(&zone(), &step), 3 * 16 + 4);
    let apex = Step::from(vec![change("example.test.", Rtype::TXT, &["\"abc\""], &[])]);
    // A pointer, 2, and 10: the value, 4, and the whole set.
    assert_eq!(octets(&zone(), &apex), 2 * 12 + 4);
}

#[test]
fn the_measure_is_the_length_of_the_signed_message() {
    let name = Hickory::from_ascii("flip-key.").expect("a name");
    for algorithm in [TsigAlgorithm::HmacSha256, TsigAlgorithm::HmacSha384, TsigAlgorithm::HmacSha512] {
        let key = TsigKey::new(&name, algorithm, vec![7; 64]);
        for zone in [owner("."), owner("test."), zone()] {
            let steps = [
                vec![change("a.b.example.test.", Rtype::A, &["192.0.2.1"], &["192.0.2.2", "192.0.2.3"])],
                vec![change("*.example.test.", Rtype::MX, &[], &["10 mail.example.test."])],
                vec![change("example.test.", Rtype::TXT, &["\"long\" \"text\""], &[])],
                vec![
                    change("c.example.test.", Rtype::AAAA, &["2001:db8::1"], &[]),
                    change("c.example.test.", Rtype::CNAME, &[], &["d.example.test."]),
                ],
            ];
            let steps = steps.map(Step::from);
            let steps: Vec<&Step> = steps.iter().collect();
            let measured: usize = steps.iter().map(|step| octets(&zone, step)).sum();
            let signed = key.sign_wire(encode(&zone, &steps, 1), 1_700_000_000, Duration::from_secs(30));
            let length = signed.expect("it fits").wire().len();
            assert_eq!(envelope_octets(&zone) + measured + key.signature_octets(), length, "{zone} {algorithm:?}");
        }
    }
}

#[test]
fn a_message_can_be_filled_to_its_last_octet() {
    let address = |number: u32| Rdata::from_wire(Rtype::A, &Ipv4Addr::from(number).octets()).expect("an address");
    let ttl = Ttl::from_secs(60).expect("a TTL");
    let values = |count: u32, name: &str| {
        let set = RecordSet::new(ttl, (0..count).map(address));
        Step::from(vec![SetChange { key: SetKey::new(owner(name), Rtype::A), before: None, after: set }])
    };
    let key = TsigKey::new(&Hickory::from_ascii("k.").expect("a name"), TsigAlgorithm::HmacSha256, vec![7; 32]);
    let rest = 65_535 - envelope_octets(&zone()) - key.signature_octets();
    // A name of 19 octets: two prerequisites of 29 and 1,981 values of 33.
    let full = values(1_981, &format!("{}.example.test.", "x".repeat(16)));
    assert_eq!(octets(&zone(), &full), rest);
    let wire = encode(&zone(), &[&full], 1);
    let signed = key.sign_wire(wire.clone(), 1, Duration::from_secs(30)).expect("it fits");
    assert_eq!(signed.wire().len(), 65_535);
    let longer = TsigKey::new(&Hickory::from_ascii("kk.").expect("a name"), TsigAlgorithm::HmacSha256, vec![7; 32]);
    assert!(longer.sign_wire(wire, 1, Duration::from_secs(30)).is_err(), "one octet more is too long");
}
