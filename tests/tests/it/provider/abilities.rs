//! A provider takes what its capabilities say and refuses the rest before anything is sent, naming the record.

use dns_core::change::{ChangeSet, Requirement};
use dns_core::rrset::{Alias, GuardedType, Rrset, RrsetKey, Ttl, Weighted};
use dns_core::zone::FoundFence;
use dns_provider::port::{ApexCname, ProviderError, Receipt};
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::A;

use super::subject::Subject;
use super::{Rig, api, assert_conflict, invalid, key, name, on_every_subject, plan, rrset, rrsets};

/// More values than a provider without any limit needs to take in a test; the wire takes no more by far.
const MANY: usize = 2_000;

/// Octets of an A record in a message whose owner is a pointer (RFC 1035 §4.1.4), and more than its characters in JSON
/// or XML would be few: so many values exceed every measure.
const OCTETS_OF_A_VALUE_MIN: usize = 7;

/// Creates sets where nothing is, under the first fence.
fn create<S: Subject>(rig: &Rig<S>, sets: impl IntoIterator<Item = Rrset>) -> Result<Receipt, ProviderError> {
    let target = rrsets(sets);
    let view = rig.read(&target.keys().cloned().collect::<Vec<_>>());
    assert_eq!(view.fence, FoundFence::Absent, "an earlier write was taken");
    rig.apply(&plan(&view, &target, 1))
}

fn assert_nothing_was_written<S: Subject>(rig: &Rig<S>, key: &RrsetKey) {
    let view = rig.read(std::slice::from_ref(key));
    assert!(view.fence == FoundFence::Absent && view.rrsets.is_empty(), "{view:?}");
}

fn value_of(rtype: GuardedType) -> &'static str {
    match rtype {
        GuardedType::A => "192.0.2.9",
        GuardedType::Aaaa => "2001:db8::9",
        GuardedType::Cname => "lb.example.net",
    }
}

pub(super) fn takes_the_types_that_it_names_and_no_other<S: Subject>(rig: &Rig<S>) {
    let named = rig.provider.capabilities().types;
    let owner = |rtype: GuardedType| format!("fresh-{}.example.test", rtype.to_string().to_ascii_lowercase());
    for rtype in GuardedType::ALL.into_iter().filter(|rtype| !named.contains(rtype)) {
        let set = rrset(&owner(rtype), rtype, &[value_of(rtype)]);
        assert_eq!(invalid(create(rig, [set.clone()])), set.key().to_string());
    }
    let sets: Vec<Rrset> = named.iter().map(|rtype| rrset(&owner(*rtype), *rtype, &[value_of(*rtype)])).collect();
    create(rig, sets.clone()).expect("created");
    let keys: Vec<RrsetKey> = sets.iter().map(|set| set.key().clone()).collect();
    assert_eq!(rig.read(&keys).rrsets, rrsets(sets));
}

pub(super) fn takes_an_alias_only_if_it_says_so<S: Subject>(rig: &Rig<S>) {
    let fresh = key("fresh.example.test", GuardedType::A);
    let alias = Alias::new(&name("lb-1.eu-west-1.elb.amazonaws.com"), "Z32O12XQLNTSW2").expect("an alias");
    let alias = Rrset::alias_of(fresh.clone(), alias).expect("an address");
    let outcome = create(rig, [alias.clone()]);
    if rig.provider.capabilities().alias {
        outcome.expect("created");
        let view = rig.read(std::slice::from_ref(&fresh));
        assert_eq!(view.rrsets, rrsets([alias]));
        rig.apply(&plan(&view, &rrsets([rrset("fresh.example.test", GuardedType::A, &["192.0.2.9"])]), 2))
            .expect("and away again");
    } else {
        assert_eq!(invalid(outcome), fresh.to_string());
        assert_nothing_was_written(rig, &fresh);
    }
}

pub(super) fn draws_answers_by_weight_only_if_it_says_so<S: Subject>(rig: &Rig<S>) {
    let fresh = key("fresh.example.test", GuardedType::A);
    let of = |value: &str| rrset("fresh.example.test", GuardedType::A, &[value]);
    let shared = |percent| {
        let one =
            |identifier: &str, weight, value| Weighted { identifier: identifier.to_owned(), weight, set: of(value) };
        let sets = [one("prod", percent, "192.0.2.9"), one("dr", 100 - percent, "198.51.100.9")];
        rrsets([Rrset::weighted_of(fresh.clone(), sets).expect("a set")])
    };
    let outcome = create(rig, shared(10).into_values());
    if !rig.provider.capabilities().weighting {
        assert_eq!(invalid(outcome), fresh.to_string());
        return assert_nothing_was_written(rig, &fresh);
    }
    outcome.expect("created");
    let steps = [shared(50), rrsets([of("192.0.2.9")]), shared(99), rrsets([of("198.51.100.9")])];
    for (epoch, step) in (2..).zip(steps) {
        let view = rig.read(std::slice::from_ref(&fresh));
        let change = plan(&view, &step, epoch);
        rig.apply(&change).expect("shared out anew, or no more");
        assert_conflict(&rig.apply(&change));
        assert_eq!(rig.read(std::slice::from_ref(&fresh)).rrsets, step);
    }
    let two = rrset("fresh.example.test", GuardedType::A, &["192.0.2.9", "192.0.2.10"]);
    let two = [Weighted { identifier: "prod".to_owned(), weight: 1, set: two }];
    let view = rig.read(std::slice::from_ref(&fresh));
    let outcome = rig.apply(&plan(&view, &rrsets([Rrset::weighted_of(fresh.clone(), two).expect("a set")]), 9));
    assert_eq!(invalid(outcome), fresh.to_string(), "one value for each share");
}

pub(super) fn takes_a_proxied_record_only_if_it_says_so<S: Subject>(rig: &Rig<S>) {
    let fresh = key("fresh.example.test", GuardedType::A);
    let proxied = rrset("fresh.example.test", GuardedType::A, &["192.0.2.9"]).proxied();
    let outcome = create(rig, [proxied]);
    if rig.provider.capabilities().proxy {
        outcome.expect("created");
        let view = rig.read(std::slice::from_ref(&fresh));
        // A provider may set the TTL of what its proxy answers.
        let held = &view.rrsets[&fresh];
        assert!(held.is_proxied() && held.values().len() == 1, "{held}");
        rig.apply(&plan(&view, &rrsets([rrset("fresh.example.test", GuardedType::A, &["192.0.2.9"])]), 2))
            .expect("and out of the proxy again");
        assert!(!rig.read(std::slice::from_ref(&fresh)).rrsets[&fresh].is_proxied());
    } else {
        assert_eq!(invalid(outcome), fresh.to_string());
        assert_nothing_was_written(rig, &fresh);
    }
}

fn with_ttl(owner: &str, secs: u32) -> Rrset {
    let value = GuardedType::A.parse_value("192.0.2.9").expect("a value");
    Rrset::new(key(owner, GuardedType::A), Ttl::from_secs(u64::from(secs)).expect("a TTL"), [value]).expect("an RRset")
}

pub(super) fn takes_ttls_up_to_its_limits_and_none_beyond<S: Subject>(rig: &Rig<S>) {
    let (lowest, highest) = rig.provider.capabilities().limits.ttl_secs.into_inner();
    let beyond = [lowest.checked_sub(1).filter(|secs| *secs > 0), highest.checked_add(1)];
    for secs in beyond.into_iter().flatten().filter(|secs| u64::from(*secs) <= Ttl::MAX_SECS) {
        let set = with_ttl("fresh.example.test", secs);
        assert_eq!(invalid(create(rig, [set.clone()])), set.key().to_string());
        assert_nothing_was_written(rig, set.key());
    }
    let sets = [with_ttl("low.example.test", lowest), with_ttl("high.example.test", highest)];
    create(rig, sets.clone()).expect("created");
    let keys: Vec<RrsetKey> = sets.iter().map(|set| set.key().clone()).collect();
    assert_eq!(rig.read(&keys).rrsets, rrsets(sets));
}

pub(super) fn takes_no_more_than_its_limits<S: Subject>(rig: &Rig<S>) {
    let limits = rig.provider.capabilities().limits;
    let octets = [limits.characters, limits.octets].map(|measure| measure.map(|max| max / OCTETS_OF_A_VALUE_MIN));
    let smallest = octets.into_iter().chain([limits.records]).flatten().min();
    let count = smallest.map_or(MANY, |max| max + 1);
    let values = (0..count).map(|number| RData::A(A((0x0a00_0000 + u32::try_from(number).expect("few")).into())));
    let fresh = key("fresh.example.test", GuardedType::A);
    let set = Rrset::new(fresh.clone(), Ttl::from_secs(60).expect("a TTL"), values).expect("an RRset");
    let outcome = create(rig, [set]);
    if smallest.is_some() {
        invalid(outcome);
        assert_nothing_was_written(rig, &fresh);
    } else {
        outcome.expect("created");
        assert_eq!(rig.read(std::slice::from_ref(&fresh)).rrsets[&fresh].values().len(), count);
    }
}

pub(super) fn takes_a_cname_at_the_apex_only_if_it_says_so<S: Subject>(rig: &Rig<S>) {
    let apex = [key("example.test", GuardedType::A), key("example.test", GuardedType::Aaaa)];
    let view = rig.read(&apex);
    let target = rrsets([rrset("example.test", GuardedType::Cname, &["lb.example.net"])]);
    let outcome = rig.apply(&plan(&view, &target, 1));
    match rig.provider.capabilities().apex_cname {
        ApexCname::Flattened => {
            outcome.expect("moved");
            assert_eq!(rig.read(&apex).rrsets, target);
        }
        ApexCname::Refused => {
            assert_eq!(invalid(outcome), "example.test. CNAME");
            assert_eq!(rig.read(&apex), view, "nothing was removed");
            assert_eq!(rig.subject.held("example.test", "A"), ["192.0.2.1"]);
        }
    }
}

/// No plan makes such a set, but a damaged store could.
pub(super) fn takes_no_name_outside_the_zone<S: Subject>(rig: &Rig<S>) {
    let view = rig.read(&[api()]);
    let good = plan(&view, &view.rrsets, 1);
    let outside = rrset("api.example.net", GuardedType::A, &["192.0.2.9"]);
    let requires = [good.requires.clone(), vec![Requirement::Absent(outside.key().clone())]].concat();
    let change = ChangeSet { requires, creates: vec![outside], ..good };
    assert_eq!(invalid(rig.apply(&change)), "api.example.net.");
    assert_eq!(rig.read(&[api()]), view, "nothing was written");
}

on_every_subject!(
    takes_the_types_that_it_names_and_no_other,
    takes_an_alias_only_if_it_says_so,
    takes_a_proxied_record_only_if_it_says_so,
    draws_answers_by_weight_only_if_it_says_so,
    takes_ttls_up_to_its_limits_and_none_beyond,
    takes_no_more_than_its_limits,
    takes_a_cname_at_the_apex_only_if_it_says_so,
    takes_no_name_outside_the_zone,
);
