//! A batch of a zone's changes as Route 53's, and its exact size. Pure.

use std::ops::Add;

use aws_sdk_route53::types::{Change, ChangeAction, RrType};
use dns_zone::{RecordSet, SetChange, SetKey, Step, Weight};

use super::sets::canonical;
use crate::mention;
use crate::route53::batch::{self, Size};
use crate::route53::spelling::Spellings;
use crate::route53::text;
use crate::zones;

/// Deletes come first, so that a CNAME never meets other data.
pub(super) fn changes(steps: &[&Step], spellings: &Spellings) -> Vec<Change> {
    let all = || zones::changes(steps);
    let deletes = all().filter_map(|change| delete(change, spellings));
    deletes.chain(all().filter_map(create)).collect()
}

/// What a step adds to a batch.
pub(super) fn weight(step: &Step, spellings: &Spellings) -> Weight {
    let weight = |change: &Change| {
        let Size { records, characters } = Size::of(change);
        Weight { records: records as u64, characters: characters as u64, ..Weight::default() }
    };
    changes(&[step], spellings).iter().map(weight).fold(Weight::default(), Add::add)
}

/// The records that a refusal names, or all.
pub(super) fn named_in(said: &str, steps: &[&Step]) -> String {
    let keys = zones::keys(steps);
    let is_named = |key: &&SetKey| mention::names(said, &text::of_name(&zones::name(&key.owner)));
    let named: Vec<String> = keys.iter().filter(is_named).map(ToString::to_string).collect();
    let all = || keys.iter().map(ToString::to_string).collect();
    mention::listed(&if named.is_empty() { all() } else { named })
}

/// As the zone has it.
fn delete(change: &SetChange, spellings: &Spellings) -> Option<Change> {
    let before = change.before.as_ref()?;
    let (name, rtype) = (zones::name(&change.key.owner), api_type(&change.key));
    let stored = spellings.stored((&name, &rtype, ""), canonical(change.key.rtype, before));
    Some(batch::of(ChangeAction::Delete, batch::plain(&name, rtype, before.ttl().as_secs(), stored)))
}

/// As we write it.
fn create(change: &SetChange) -> Option<Change> {
    let after: &RecordSet = change.after.as_ref()?;
    let values = canonical(change.key.rtype, after);
    let set = batch::plain(&zones::name(&change.key.owner), api_type(&change.key), after.ttl().as_secs(), values);
    Some(batch::of(ChangeAction::Create, set))
}

fn api_type(key: &SetKey) -> RrType {
    RrType::from(key.rtype.to_string().as_str())
}

#[cfg(test)]
mod tests {
    use dns_zone::{Rtype, Ttl};

    use super::*;
    use crate::presentation;

    fn set(rtype: Rtype, values: &[&str]) -> Option<RecordSet> {
        let values = values.iter().map(|text| presentation::read(rtype, text).expect("a value"));
        RecordSet::new(Ttl::from_secs(60).expect("a TTL"), values)
    }

    fn change(name: &str, rtype: Rtype, before: &[&str], after: &[&str]) -> SetChange {
        let key = SetKey::new(name.parse().expect("a name"), rtype);
        SetChange { key, before: set(rtype, before), after: set(rtype, after) }
    }

    fn lines(changes: &[Change]) -> Vec<String> {
        let line = |change: &Change| {
            let set = change.resource_record_set().expect("a set");
            let values: Vec<&str> =
                set.resource_records().iter().map(aws_sdk_route53::types::ResourceRecord::value).collect();
            format!("{} {} {} {}", change.action().as_str(), set.name(), set.r#type().as_str(), values.join(", "))
        };
        changes.iter().map(line).collect()
    }

    #[test]
    fn deletes_exactly_what_was_and_never_upserts() {
        let first = Step::from(vec![
            change("w.a.test.", Rtype::A, &["192.0.2.1"], &[]),
            change("w.a.test.", Rtype::CNAME, &[], &["*.b.test."]),
        ]);
        let second = Step::from(vec![change("*.a.test.", Rtype::TXT, &["\"old\""], &["\"\\195\\164\""])]);
        let expected = [
            "DELETE w.a.test. A 192.0.2.1",
            "DELETE \\052.a.test. TXT \"old\"",
            "CREATE w.a.test. CNAME \\052.b.test.",
            "CREATE \\052.a.test. TXT \"\\303\\244\"",
        ];
        assert_eq!(lines(&changes(&[&first, &second], &Spellings::default())), expected);
    }

    #[test]
    fn deletes_in_the_zones_own_spelling_and_counts_its_characters() {
        let spellings = Spellings::default();
        let name = text::name("w.a.test").expect("a name");
        let (canonical, stored) = (vec!["lb.b.test.".to_owned()], vec!["LB.b.test".to_owned()]);
        spellings.note((&name, &RrType::Cname, ""), canonical, stored);
        let step = Step::from(vec![change("w.a.test.", Rtype::CNAME, &["lb.b.test."], &["c.test."])]);
        assert_eq!(lines(&changes(&[&step], &spellings))[0], "DELETE w.a.test. CNAME LB.b.test");
        let weight = weight(&step, &spellings);
        assert_eq!((weight.records, weight.characters), (2, 9 + 7), "`LB.b.test` and `c.test.`");
    }

    #[test]
    fn counts_what_goes_and_what_comes_by_hand() {
        let step =
            Step::from(vec![change("w.a.test.", Rtype::A, &["192.0.2.1", "192.0.2.2"], &["192.0.2.1", "192.0.2.30"])]);
        let weight = weight(&step, &Spellings::default());
        assert_eq!((weight.records, weight.characters), (4, 9 + 9 + 9 + 10));
    }

    #[test]
    fn names_the_record_that_a_refusal_names() {
        let step = Step::from(vec![
            change("w.a.test.", Rtype::A, &[], &["192.0.2.1"]),
            change("*.w.a.test.", Rtype::A, &[], &["192.0.2.1"]),
        ]);
        let said = "Tried to create [name='\\052.w.a.test.', type='A'] but it already exists";
        assert_eq!(named_in(said, &[&step]), "*.w.a.test. A");
        assert_eq!(named_in("something", &[&step]), "w.a.test. A, *.w.a.test. A");
    }
}
