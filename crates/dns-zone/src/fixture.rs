//! What tests make zones of.

use std::collections::BTreeMap;
use std::time::Duration;

use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::rrset::{GuardedType, RrsetKey, Rrsets, records_digest};
use dns_core::time::Timestamp;
use domain::base::{Name, Rtype};

use crate::guarded::{hickory_name, rrset};
use crate::{
    Limits, MarkerForms, Owner, Protected, Rdata, RecordSet, SetKey, Settings, TargetTraits, Ttl, TtlPolicy, Zone,
};

/// The zone of most tests.
pub(crate) const APEX: &str = "example.test.";

pub(crate) fn owner(text: &str) -> Owner {
    text.parse().expect("a name")
}

/// A name below the zone of the tests; `@` is its apex.
pub(crate) fn name(text: &str) -> Owner {
    if text == "@" { owner(APEX) } else { owner(&format!("{text}.{APEX}")) }
}

pub(crate) fn key(text: &str, rtype: Rtype) -> SetKey {
    SetKey::new(name(text), rtype)
}

pub(crate) fn ttl(secs: u32) -> Ttl {
    Ttl::from_secs(secs).expect("a TTL")
}

/// One value: an address by its last octet, a name in the zone or an absolute one, any text as TXT.
pub(crate) fn data(rtype: Rtype, text: &str) -> Rdata {
    let host = || {
        let absolute = if text.ends_with('.') { text.to_owned() } else { format!("{text}.{APEX}") };
        absolute.parse::<Name<Vec<u8>>>().expect("a name").as_slice().to_vec()
    };
    let wire = match rtype {
        Rtype::A => vec![192, 0, 2, text.parse().expect("an octet")],
        Rtype::AAAA => [vec![0x20, 1, 0x0d, 0xb8], vec![0; 11], vec![text.parse().expect("an octet")]].concat(),
        Rtype::NS | Rtype::CNAME | Rtype::DNAME => host(),
        Rtype::DS => [vec![0, 1, 13, 2], vec![text.parse().expect("an octet"); 32]].concat(),
        Rtype::SOA => {
            let serial: u32 = text.parse().expect("a serial");
            let numbers = [serial, 7200, 3600, 1_209_600, 300];
            [vec![0, 0], numbers.iter().flat_map(|number| number.to_be_bytes()).collect()].concat()
        }
        _ => text
            .as_bytes()
            .chunks(255)
            .flat_map(|part| [&[u8::try_from(part.len()).expect("≤ 255")], part].concat())
            .collect(),
    };
    Rdata::from_wire(rtype, &wire).expect("record data")
}

pub(crate) fn set(rtype: Rtype, values: &[&str]) -> RecordSet {
    RecordSet::new(ttl(300), values.iter().map(|value| data(rtype, value))).expect("values")
}

/// A zone of lines such as `www A 1 2`: name, type, values; a value of a TXT set may hold no blank.
pub(crate) fn zone(lines: &[&str]) -> Zone {
    let mut zone = Zone::new(owner(APEX));
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let rtype: Rtype = words[1].parse().expect("a type");
        zone.put(key(words[0], rtype), set(rtype, &words[2..])).expect("in the zone");
    }
    zone
}

/// How installation `acme` plans at a target `main` that holds everything.
pub(crate) fn settings() -> Settings {
    Settings {
        target: "main".parse().expect("a name"),
        traits: TargetTraits::default(),
        ttl_policy: TtlPolicy::Adjust,
        limits: Limits::default(),
        protected: Protected::default(),
        install: "acme".parse().expect("a name"),
        markers: MarkerForms::default(),
        not_plain: BTreeMap::new(),
        serial_stays: None,
        source_sets_known: None,
        made: Timestamp::from_secs(1_000),
        valid_for: Duration::from_mins(10),
    }
}

/// A fence of a service over the A sets of these names, as they stand in a zone.
pub(crate) fn fence(zone: &Zone, service: &str, guards: &[&str], provider: &str, (epoch, rev): (u64, u64)) -> Fence {
    let guarded = |text: &&str| RrsetKey::new(&hickory_name(&name(text)), GuardedType::A);
    let served: Rrsets = guards.iter().map(guarded).filter_map(|key| Some((key.clone(), rrset(&key, zone)?))).collect();
    Fence {
        install: "acme".parse().expect("a name"),
        id: service.parse().expect("a name"),
        provider: provider.parse().expect("a name"),
        epoch: Epoch::new(epoch),
        rev: Rev::new(rev),
        write: "w1".parse().expect("an id"),
        plan: "p1".parse().expect("an id"),
        active: Some("prod".parse().expect("a name")),
        blend: None,
        released: None,
        moved: Timestamp::from_secs(1_795_246_200),
        by: "controller-1".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        dwell: None,
        rrs: guards.iter().map(guarded).collect(),
        digest: records_digest(&served),
        unknown: Vec::new(),
    }
}

/// The strings of a fence in the zone of the tests.
pub(crate) fn fence_text(fence: &Fence) -> Vec<String> {
    fence.to_text(&hickory_name(&owner(APEX))).expect("fits").strings().to_vec()
}

/// A TXT set of one value of these strings.
pub(crate) fn txt_of(strings: &[String]) -> RecordSet {
    let string = |text: &String| [&[u8::try_from(text.len()).expect("≤ 255")], text.as_bytes()].concat();
    let wire: Vec<u8> = strings.iter().flat_map(string).collect();
    RecordSet::of_one(ttl(60), Rdata::from_wire(Rtype::TXT, &wire).expect("a TXT"))
}
