//! Messages for the tests of this crate, made octet by octet, so that they can be wrong in every way.

use dns_zone::{Owner, Rdata, Rtype, SetKey, Ttl, Zone};
use domain::base::iana::{Class, Rcode};

use crate::message::Record;
use crate::tsig::{Algorithm, TsigKey};

/// The id of every query.
pub(crate) const ID: u16 = 0x1234;
/// The time at which the tests take place.
pub(crate) const NOW_SECS: u64 = 1_800_000_000;
/// The response bit in the third octet of a header (RFC 1035 §4.1.1).
pub(crate) const RESPONSE: u16 = 0x8000;
/// The TC bit.
pub(crate) const TRUNCATED: u16 = 0x0200;

pub(crate) fn owner(text: &str) -> Owner {
    text.parse().expect("a name")
}

pub(crate) fn apex() -> Owner {
    owner("example.test.")
}

pub(crate) fn key() -> TsigKey {
    TsigKey::new(owner("transfer-key."), Algorithm::HmacSha256, b"secret")
}

/// A record with TTL 60.
pub(crate) fn record(name: &str, rtype: Rtype, data: &[u8]) -> Record {
    let value = Rdata::from_wire(rtype, data).expect("record data");
    Record { key: SetKey::new(owner(name), rtype), ttl: Ttl::received(60), value }
}

/// An address record below the zone.
pub(crate) fn address(label: &str, last: u8) -> Record {
    record(&format!("{label}.example.test."), Rtype::A, &[192, 0, 2, last])
}

/// The zone's SOA: refresh 3600, retry 600, expire 604800.
pub(crate) fn soa(serial: u32) -> Record {
    soa_at("example.test.", serial)
}

pub(crate) fn soa_at(name: &str, serial: u32) -> Record {
    let numbers = [serial, 3600, 600, 604_800, 30].map(u32::to_be_bytes).concat();
    record(name, Rtype::SOA, &[&b"\x02ns\x00\x04host\x00"[..], &numbers].concat())
}

pub(crate) fn ns() -> Record {
    record("example.test.", Rtype::NS, b"\x02ns\x07example\x04test\x00")
}

/// A signature at the apex over what has this TTL, which it has itself.
pub(crate) fn signature(covers: Rtype, ttl: u32) -> Record {
    let text = format!("{covers} 13 2 {ttl} 20270101000000 20261201000000 7 @ AAAA");
    let value = Rdata::parse(Rtype::RRSIG, &text, &apex()).expect("a signature");
    Record { key: SetKey::new(apex(), Rtype::RRSIG), ttl: Ttl::received(ttl), value }
}

/// A zone with SOA, NS and these.
pub(crate) fn zone(serial: u32, records: &[Record]) -> Zone {
    let mut zone = Zone::new(apex());
    for Record { key, ttl, value } in [soa(serial), ns()].iter().chain(records).cloned() {
        zone.insert(key, ttl, value).expect("in the zone");
    }
    zone
}

/// An answer, in parts that can be wrong.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) id: u16,
    pub(crate) flags: u16,
    pub(crate) questions: Vec<(Owner, Rtype)>,
    pub(crate) class: Class,
    pub(crate) records: Vec<Record>,
}

impl Answer {
    pub(crate) fn of(qtype: Rtype, records: &[Record]) -> Self {
        let questions = vec![(apex(), qtype)];
        Self { id: ID, flags: RESPONSE, questions, class: Class::IN, records: records.to_vec() }
    }

    pub(crate) fn axfr(records: &[Record]) -> Self {
        Self::of(Rtype::AXFR, records)
    }

    pub(crate) fn ixfr(records: &[Record]) -> Self {
        Self::of(Rtype::IXFR, records)
    }

    pub(crate) fn rcode(self, rcode: Rcode) -> Self {
        Self { flags: self.flags | u16::from(rcode.to_int()), records: Vec::new(), ..self }
    }

    pub(crate) fn wire(&self) -> Vec<u8> {
        let count = |length: usize| u16::try_from(length).expect("few").to_be_bytes();
        let mut wire = Vec::new();
        for field in
            [self.id.to_be_bytes(), self.flags.to_be_bytes(), count(self.questions.len()), count(self.records.len())]
        {
            wire.extend(field);
        }
        wire.extend([0; 4]);
        for (name, qtype) in &self.questions {
            wire.extend(name.to_wire());
            wire.extend(qtype.to_int().to_be_bytes());
            wire.extend(Class::IN.to_int().to_be_bytes());
        }
        for Record { key, ttl, value } in &self.records {
            wire.extend(key.owner.to_wire());
            wire.extend(key.rtype.to_int().to_be_bytes());
            wire.extend(self.class.to_int().to_be_bytes());
            wire.extend(ttl.as_secs().to_be_bytes());
            wire.extend(count(value.as_wire().len()));
            wire.extend(value.as_wire());
        }
        wire
    }
}
