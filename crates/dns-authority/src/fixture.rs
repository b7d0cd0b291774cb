//! The zone of the unit tests, and records for it in zone file form.

use hickory_proto::rr::rdata::MX;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::zone::{self, Zone};

/// Every shape that a lookup tells apart.
pub(crate) const ZONE: &str = "\
$TTL 60
@ SOA ns1 hostmaster 7 3600 600 604800 30
@ NS ns1
@ NS ns.elsewhere.net.
ns1 A 127.0.0.1
api A 192.0.2.1
api A 192.0.2.2
api AAAA 2001:db8::1
www CNAME api
far CNAME far.elsewhere.net.
loop1 CNAME loop2
loop2 CNAME loop1
dead CNAME gone
empty CNAME ns1
mail MX 10 mail.elsewhere.net.
fence TXT \"a=1;\" \"b=2;\"
deep.down.ent A 192.0.2.3
*.wild A 192.0.2.7
own.wild TXT \"own\"
x.y.wild TXT \"below an empty non-terminal\"
*.alias CNAME api
sub NS ns.sub
sub NS ns.elsewhere.net.
sub DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.sub A 192.0.2.53
hidden.sub A 192.0.2.54
";

pub(crate) fn zone() -> Zone {
    Zone::parse(&name("example.test."), ZONE).expect("a zone")
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

/// One record in zone file form.
pub(crate) fn record(line: &str) -> Record {
    let mut records = zone::parse(&name("example.test."), line).expect("a record");
    assert_eq!(records.len(), 1, "{line}");
    records.remove(0)
}

/// The only record of `mail`, with its host in other letters; zone file form is read as lower case.
pub(crate) fn cased_mail() -> Record {
    let host = MX::new(10, name("Mail.Elsewhere.NET."));
    Record::from_rdata(name("MAIL.example.test."), 0, RData::MX(host))
}

/// A record of class IN with the TTL zero: the prerequisite that this is (part of) the RRset.
pub(crate) fn exactly(line: &str) -> Record {
    let mut record = record(line);
    record.ttl = 0;
    record
}

/// A record of class NONE: the deletion of this value.
pub(crate) fn minus(line: &str) -> Record {
    let mut record = exactly(line);
    record.dns_class = DNSClass::NONE;
    record
}

/// A record of class ANY without a value.
pub(crate) fn any(owner: &str, rtype: RecordType) -> Record {
    valueless(owner, rtype, DNSClass::ANY)
}

/// A record of class NONE without a value.
pub(crate) fn none(owner: &str, rtype: RecordType) -> Record {
    valueless(owner, rtype, DNSClass::NONE)
}

fn valueless(owner: &str, rtype: RecordType, class: DNSClass) -> Record {
    let mut record = Record::update0(name(owner), 0, rtype);
    record.dns_class = class;
    record
}
