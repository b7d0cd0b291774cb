//! Record sets as Route 53 has them, as those of a zone. Pure.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use dns_zone::{Owner, Rdata, RecordSet, Rtype, SetKey, Ttl, Zone};
use hickory_proto::rr::Name;

use super::values;
use crate::route53::spelling::Spellings;
use crate::route53::{text, view};
use crate::zones::{self, Listing, NotPlain};

/// All of a zone. The error says why it is not this zone.
pub(super) fn listing(apex: &Owner, sets: &[ResourceRecordSet], spellings: &Spellings) -> Result<Listing, String> {
    let listing = part(apex, sets, spellings)?;
    if listing.zone.get(&SetKey::new(apex.clone(), Rtype::SOA)).is_none() {
        return Err(format!("what it answered has no SOA of {apex}"));
    }
    spellings.keep(&sets.iter().filter_map(key).collect());
    Ok(listing)
}

/// What tells a set from all others of its zone.
fn key(set: &ResourceRecordSet) -> Option<(Name, RrType, String)> {
    Some((text::name(set.name())?, set.r#type().clone(), set.set_identifier().unwrap_or_default().to_owned()))
}

/// Some of a zone; notes how it spells what is there. The error says why it is not of this zone.
pub(super) fn part(apex: &Owner, sets: &[ResourceRecordSet], spellings: &Spellings) -> Result<Listing, String> {
    let mut zone = Zone::new(apex.clone());
    let mut not_plain = Vec::new();
    for set in sets {
        let name = text::name(set.name()).ok_or_else(|| format!("it answered `{}`, which is no name", set.name()))?;
        let owner = zones::owner(&name);
        match plain(&name, set, spellings) {
            Ok((rtype, records)) => {
                zone.put(SetKey::new(owner, rtype), records).map_err(|error| error.to_string())?;
            }
            Err(reason) => not_plain.push(NotPlain { owner, rtype: set.r#type().as_str().to_owned(), reason }),
        }
    }
    Ok(Listing { zone, not_plain, serial_stays: None })
}

/// A simple set. The error says what it is instead.
fn plain(name: &Name, set: &ResourceRecordSet, spellings: &Spellings) -> Result<(Rtype, RecordSet), String> {
    if let Some(policy) = view::policy(set) {
        return Err(policy);
    }
    if let Some(alias) = set.alias_target() {
        return Err(format!("an alias of {}", alias.dns_name()));
    }
    let rtype: Rtype = set.r#type().as_str().parse().map_err(|_| "a type that is none of DNS".to_owned())?;
    let secs = set.ttl().and_then(|secs| u32::try_from(secs).ok());
    let ttl = secs.and_then(Ttl::from_secs).ok_or("a set without a TTL")?;
    let stored: Vec<String> = set.resource_records().iter().map(|record| record.value().to_owned()).collect();
    let read: Result<Vec<Rdata>, String> = stored.iter().map(|value| values::read(rtype, value)).collect();
    let read = read.map_err(|reason| format!("values that cannot be read: {reason}"))?;
    let count = read.len();
    let records = RecordSet::new(ttl, read).ok_or("a set without values")?;
    if records.values().len() < count {
        return Err("values that are the same in two spellings".to_owned());
    }
    spellings.note((name, set.r#type(), ""), canonical(rtype, &records), stored);
    Ok((rtype, records))
}

/// The values as we would write them.
pub(super) fn canonical(rtype: Rtype, records: &RecordSet) -> Vec<String> {
    records.values().iter().map(|value| values::write(rtype, value)).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::AliasTarget;

    use super::*;
    use crate::route53::batch::plain as simple;

    fn set(name: &str, rtype: RrType, values: &[&str]) -> ResourceRecordSet {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        simple(&text::name(name).expect("a name"), rtype, 60, values)
    }

    fn soa() -> ResourceRecordSet {
        set("a.test", RrType::Soa, &["ns.a.test. h.a.test. 1 2 3 4 5"])
    }

    fn listed(sets: &[ResourceRecordSet]) -> Result<Listing, String> {
        listing(&"a.test.".parse().expect("a name"), sets, &Spellings::default())
    }

    #[test]
    fn reads_what_is_simple_and_names_the_rest() {
        let mut weighted = set("w.a.test", RrType::A, &["192.0.2.1"]);
        (weighted.set_identifier, weighted.weight) = (Some("one".to_owned()), Some(1));
        let target = AliasTarget::builder().dns_name("lb.test.").hosted_zone_id("Z1").evaluate_target_health(false);
        let alias = ResourceRecordSet::builder().name("l.a.test.").r#type(RrType::A);
        let alias = alias.alias_target(target.build().expect("a target")).build().expect("an alias");
        let strange = set("x.a.test", RrType::A, &["none"]);
        let wildcard = set("\\052.a.test", RrType::Txt, &["\"\\303\\244\""]);
        let Listing { zone, not_plain, serial_stays: _ } =
            listed(&[soa(), weighted, alias, strange, wildcard]).expect("a zone");
        let keys: Vec<String> = zone.sets().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["a.test. SOA", "*.a.test. TXT"]);
        let left: Vec<String> = not_plain.iter().map(|left| format!("{} {}", left.owner, left.reason)).collect();
        assert_eq!(left[..2], ["w.a.test. a weighted set `one`", "l.a.test. an alias of lb.test."]);
        assert!(left[2].starts_with("x.a.test. values that cannot be read"), "{}", left[2]);
    }

    #[test]
    fn how_a_set_is_spelled_is_known_as_long_as_the_zone_holds_it() {
        let (apex, spellings) = ("a.test.".parse().expect("a name"), Spellings::default());
        let shouted = |name: &str| set(name, RrType::Cname, &["LB.test"]);
        let mut weighted = shouted("w.a.test");
        (weighted.set_identifier, weighted.weight) = (Some("one".to_owned()), Some(1));
        let name = |text: &str| text::name(text).expect("a name");
        let stored = |at: &str, identifier| {
            spellings.stored((&name(at), &RrType::Cname, identifier), vec!["lb.test.".to_owned()]).remove(0)
        };
        // Whoever guards the weighted one has read it.
        let (canonical, read) = (vec!["lb.test.".to_owned()], vec!["LB.test".to_owned()]);
        spellings.note((&name("w.a.test"), &RrType::Cname, "one"), canonical, read);
        listing(&apex, &[soa(), shouted("gone.a.test"), shouted("stays.a.test"), weighted.clone()], &spellings)
            .expect("a zone");
        assert_eq!(["gone.a.test", "stays.a.test"].map(|one| stored(one, "")), ["LB.test", "LB.test"]);
        part(&apex, &[shouted("part.a.test")], &spellings).expect("some of it");
        assert_eq!(stored("gone.a.test", ""), "LB.test", "a part says nothing of the rest");
        listing(&apex, &[soa(), shouted("stays.a.test"), weighted], &spellings).expect("a zone");
        assert_eq!(stored("gone.a.test", ""), "lb.test.", "it is gone");
        assert_eq!([stored("stays.a.test", ""), stored("w.a.test", "one")], ["LB.test", "LB.test"]);
    }

    #[test]
    fn another_zone_is_no_zone_that_is_empty() {
        assert!(listed(&[set("b.test", RrType::A, &["192.0.2.1"])]).is_err());
        assert!(listed(&[set("w.a.test", RrType::A, &["192.0.2.1"])]).is_err(), "it has no SOA");
    }
}
