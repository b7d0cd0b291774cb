use async_trait::async_trait;
use dns_zone::{Rdata, Rtype, TargetTraits, Ttl, Types};

use super::*;
use crate::port::{GuardStrength, Permit, Receipt};
use crate::zones::Listing;

/// Takes addresses and aliases, of three records at once, and writes its own SOA.
struct Small;

#[async_trait]
impl ZoneTarget for Small {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: "the API".to_owned(),
            guard: GuardStrength::Weak,
            holds: TargetTraits {
                types: Types::Only([Rtype::A, Rtype::CNAME, Rtype::NS].into()),
                ttl_secs: 60..=300,
                values_max: Some(2),
                apex_cname: false,
                wildcard_ns: true,
            },
            apex_ns: Writer::Client,
            soa: Writer::Provider,
            batch_max: Weight { records: 3, ..Weight::UNBOUNDED },
        }
    }

    fn envelope(&self, _zone: &Owner) -> Weight {
        Weight { records: 1, ..Weight::default() }
    }

    fn weigh(&self, _zone: &Owner, step: &Step) -> Weight {
        Weight { records: step.changes.len() as u64, ..Weight::default() }
    }

    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        Ok(Listing { zone: dns_zone::Zone::new(zone.clone()), not_plain: Vec::new(), serial_stays: None })
    }

    async fn apply(&self, _: &Owner, _: &[&Step], _: &Permit) -> Result<Receipt, ProviderError> {
        Ok(Receipt::Complete)
    }

    fn trail(&self) -> &'static str {
        "its log"
    }
}

fn owner(text: &str) -> Owner {
    text.parse().expect("a name")
}

fn set(ttl: u32, last: &[u8]) -> RecordSet {
    let values = last.iter().map(|last| Rdata::from_wire(Rtype::A, &[192, 0, 2, *last]).expect("an address"));
    RecordSet::new(Ttl::from_secs(ttl).expect("a TTL"), values).expect("values")
}

fn create(name: &str, rtype: Rtype, after: RecordSet) -> SetChange {
    SetChange { key: SetKey::new(owner(name), rtype), before: None, after: Some(after) }
}

fn refusal(changes: Vec<SetChange>) -> Option<String> {
    sound(&Small, &owner("a.test."), &[&changes.into()]).err().map(|error| error.to_string())
}

#[test]
fn takes_what_the_provider_takes() {
    assert_eq!(refusal(vec![create("w.a.test.", Rtype::A, set(60, &[1, 2]))]), None);
}

#[test]
fn names_what_it_does_not_take() {
    let address = |name: &str, rtype| vec![create(name, rtype, set(60, &[1]))];
    let one = |name: &str, number: u8| create(&format!("{name}{number}.a.test."), Rtype::A, set(60, &[number]));
    let gone =
        |rtype| SetChange { key: SetKey::new(owner("a.test."), rtype), before: Some(set(60, &[1])), after: None };
    for (step, words) in [
        (address("w.b.test.", Rtype::A), "outside the zone"),
        (address("w.a.test.", Rtype::TXT), "no records of this type"),
        (address("a.test.", Rtype::SOA), "writes it itself"),
        (address("a.test.", Rtype::CNAME), "no CNAME at the apex"),
        (vec![gone(Rtype::NS)], "never without"),
        (vec![create("w.a.test.", Rtype::A, set(30, &[1]))], "60 to 300 s"),
        (vec![create("w.a.test.", Rtype::A, set(60, &[1, 2, 3]))], "takes 2 in one set"),
        (vec![one("w", 1), one("w", 1)], "twice"),
        (vec![one("w", 1), one("w", 2), one("w", 3)], "exceeds"),
    ] {
        let said = refusal(step).unwrap_or_else(|| panic!("taken, not refused with {words}"));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_is_not_as_it_was_read_is_a_conflict() {
    let step = Step::from(vec![SetChange {
        key: SetKey::new(owner("w.a.test."), Rtype::A),
        before: Some(set(60, &[1])),
        after: Some(set(60, &[2])),
    }]);
    let compared = |now: Option<RecordSet>| compare(&owner("a.test."), &[&step], |_| Ok(now.clone()));
    assert!(compared(Some(set(60, &[1]))).is_ok());
    for other in [None, Some(set(60, &[1, 3])), Some(set(90, &[1]))] {
        assert!(matches!(compared(other.clone()), Err(ProviderError::Conflict { .. })), "{other:?}");
    }
}
