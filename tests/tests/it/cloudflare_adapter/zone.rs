//! Whole zones at the strict fake.

use std::collections::{BTreeMap, BTreeSet};

use dns_provider::zones::ZoneTarget;
use dns_zone::{Owner, Rdata, RecordSet, Rtype, SetChange, SetKey, Step, Ttl, Types};

use super::{Rig, ZONE};
use crate::provider::permit;
use crate::sync_pairs::records::RECORDS;

/// A set for each name and type of these lines of a zone file.
fn sets(lines: impl Iterator<Item = (Rtype, &'static str)>) -> BTreeMap<SetKey, RecordSet> {
    let mut sets: BTreeMap<SetKey, RecordSet> = BTreeMap::new();
    for (rtype, line) in lines {
        let [label, _, data] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("`{line}` lacks words") };
        let owner = if label == "@" { apex() } else { format!("{label}.{ZONE}.").parse().expect("a name") };
        let value = Rdata::parse(rtype, data, &apex()).expect("record data");
        let key = SetKey::new(owner, rtype);
        if let Some(set) = sets.get_mut(&key) {
            set.insert(value);
        } else {
            sets.insert(key, RecordSet::of_one(Ttl::from_secs(300).expect("a TTL"), value));
        }
    }
    sets
}

fn apex() -> Owner {
    format!("{ZONE}.").parse().expect("a name")
}

/// What `dns-sync capabilities` says is so: each type is written to the account, and read back value for value.
#[test]
fn a_value_of_every_type_that_it_holds_comes_back() {
    let rig = Rig::start(vec![]);
    let Types::Only(types) = rig.provider.traits().holds.types else { panic!("it does not hold all") };
    let lines = RECORDS.into_iter().chain([(Rtype::DNSKEY, "child DNSKEY 257 3 13 AwEAAQ==")]);
    let wanted = sets(lines.filter(|(rtype, _)| types.contains(rtype)));
    assert_eq!(wanted.keys().map(|key| key.rtype).collect::<BTreeSet<_>>(), types, "one of each");
    let changes =
        wanted.iter().map(|(key, set)| SetChange { key: key.clone(), before: None, after: Some(set.clone()) });
    let step = Step::from(changes.collect::<Vec<_>>());
    rig.wait(rig.provider.apply(&apex(), &[&step], &permit())).expect("taken");
    let listing = rig.wait(rig.provider.list(&apex())).expect("all of it");
    assert_eq!(listing.not_plain, []);
    let held: BTreeMap<SetKey, RecordSet> = listing.zone.sets().map(|(key, set)| (key.clone(), set.clone())).collect();
    assert_eq!(held, wanted);
}
