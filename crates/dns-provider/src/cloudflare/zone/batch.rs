//! A batch of a zone's changes as Cloudflare's, and how many operations it takes. Pure.
//!
//! Cloudflare carries deletes out first, then patches, then posts.

use dns_zone::{Rdata, RecordSet, SetChange, SetKey, Step, Ttl};
use serde_json::{Map, Value, json};

use super::fields;
use super::sets::Standing;
use crate::cloudflare::record::written;
use crate::zones;

/// How the values of a set change.
#[derive(Debug, Default)]
struct Moves<'a> {
    /// One value takes another's place.
    turned: Vec<(&'a Rdata, &'a Rdata)>,
    gone: Vec<&'a Rdata>,
    new: Vec<&'a Rdata>,
    /// They stay and get another TTL.
    timed: Vec<&'a Rdata>,
}

impl<'a> Moves<'a> {
    fn of(change: &'a SetChange) -> Self {
        let values = |set: &'a Option<RecordSet>| set.as_ref().map(RecordSet::values).unwrap_or_default();
        let (before, after) = (values(&change.before), values(&change.after));
        let mut gone: Vec<&Rdata> = before.iter().filter(|value| !after.contains(value)).collect();
        let mut new: Vec<&Rdata> = after.iter().filter(|value| !before.contains(value)).collect();
        let pairs = gone.len().min(new.len());
        let turned = gone.drain(..pairs).zip(new.drain(..pairs)).collect();
        let ttl = |set: &Option<RecordSet>| set.as_ref().map(RecordSet::ttl);
        let is_timed = ttl(&change.before) != ttl(&change.after);
        let timed = after.iter().filter(|value| is_timed && before.contains(value)).collect();
        Self { turned, gone, new, timed }
    }
}

/// How many operations a change takes.
pub(super) fn operations(change: &SetChange) -> u64 {
    let Moves { turned, gone, new, timed } = Moves::of(change);
    [turned.len(), gone.len(), new.len(), timed.len()].map(|count| count as u64).iter().sum()
}

/// The body of the request. The error is a set and why it cannot be written.
pub(super) fn of(steps: &[&Step], standing: &Standing) -> Result<Value, (SetKey, String)> {
    let (mut deletes, mut patches, mut posts) = (Vec::new(), Vec::new(), Vec::new());
    for change in zones::changes(steps) {
        let key = &change.key;
        let failed = |reason: String| (key.clone(), reason);
        let id = |value: &Rdata| {
            standing.id(key, value).ok_or_else(|| failed("a value that was there has no record now".to_owned()))
        };
        let Moves { turned, gone, new, timed } = Moves::of(change);
        for value in gone {
            deletes.push(json!({ "id": id(value)? }));
        }
        // Without a set afterwards, nothing comes and nothing stays.
        let Some(ttl) = change.after.as_ref().map(RecordSet::ttl) else { continue };
        for (before, after) in turned {
            let mut patch = record(key, ttl, after).map_err(failed)?;
            patch.insert("id".to_owned(), json!(id(before)?));
            patches.push(patch);
        }
        for value in timed {
            let fields = json!({ "id": id(value)?, "ttl": ttl.as_secs() });
            patches.extend(fields.as_object().cloned());
        }
        for value in new {
            posts.push(record(key, ttl, value).map_err(failed)?);
        }
    }
    Ok(json!({ "deletes": deletes, "patches": patches, "posts": posts }))
}

fn record(key: &SetKey, ttl: Ttl, value: &Rdata) -> Result<Map<String, Value>, String> {
    let mut fields = fields::write(key.rtype, value)?;
    fields.insert("name".to_owned(), json!(written(&zones::name(&key.owner))));
    fields.insert("type".to_owned(), json!(key.rtype.to_string()));
    fields.insert("ttl".to_owned(), json!(ttl.as_secs()));
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use dns_zone::Rtype;

    use super::*;
    use crate::presentation;

    fn set(rtype: Rtype, ttl: u32, values: &[&str]) -> Option<RecordSet> {
        let values = values.iter().map(|text| presentation::read(rtype, text).expect("a value"));
        RecordSet::new(Ttl::from_secs(ttl).expect("a TTL"), values)
    }

    fn change(rtype: Rtype, before: (u32, &[&str]), after: (u32, &[&str])) -> SetChange {
        let key = SetKey::new("w.a.test.".parse().expect("a name"), rtype);
        SetChange { key, before: set(rtype, before.0, before.1), after: set(rtype, after.0, after.1) }
    }

    fn standing() -> Standing {
        let list = json!([
            { "id": "one", "name": "w.a.test", "type": "A", "content": "192.0.2.1", "ttl": 60 },
            { "id": "two", "name": "w.a.test", "type": "A", "content": "192.0.2.2", "ttl": 60 },
        ]);
        Standing::new(serde_json::from_value(list).expect("records"))
    }

    /// The ids that go, those that change, and the contents that come.
    fn batch(change: SetChange) -> (Vec<String>, Vec<String>, Vec<String>) {
        let count = operations(&change);
        let batch = of(&[&vec![change].into()], &standing()).expect("a batch");
        let part = |part: &str, key: &str| -> Vec<String> {
            let list = batch[part].as_array().expect("a list");
            list.iter().map(|one| one[key].as_str().expect("a text").to_owned()).collect()
        };
        let parts = (part("deletes", "id"), part("patches", "id"), part("posts", "content"));
        assert_eq!((parts.0.len() + parts.1.len() + parts.2.len()) as u64, count, "the measure is the batch's size");
        parts
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_value_that_takes_anothers_place_keeps_its_record() {
        let both = ["192.0.2.1", "192.0.2.2"];
        for (after, deletes, patches, posts) in [
            ((60, &[][..]), &["one", "two"][..], &[][..], &[][..]),
            ((60, &["192.0.2.1"]), &["two"], &[], &[]),
            ((60, &["192.0.2.1", "192.0.2.3"]), &[], &["two"], &[]),
            ((60, &["192.0.2.1", "192.0.2.3", "192.0.2.4"]), &[], &["two"], &["192.0.2.4"]),
            ((90, &["192.0.2.1", "192.0.2.2"]), &[], &["one", "two"], &[]),
            ((90, &["192.0.2.1"]), &["two"], &["one"], &[]),
        ] {
            let found = batch(change(Rtype::A, (60, &both), after));
            assert_eq!(found, (texts(deletes), texts(patches), texts(posts)), "{after:?}");
        }
    }

    #[test]
    fn what_is_new_is_posted_whole() {
        let created = change(Rtype::CNAME, (60, &[]), (60, &["b.test."]));
        let batch = of(&[&vec![created].into()], &Standing::default()).expect("a batch");
        let expected = json!({ "name": "w.a.test", "type": "CNAME", "content": "b.test", "ttl": 60 });
        assert_eq!(batch, json!({ "deletes": [], "patches": [], "posts": [expected] }));
    }

    #[test]
    fn what_has_no_record_any_more_is_not_written_over() {
        let stale = change(Rtype::A, (60, &["192.0.2.9"]), (60, &["192.0.2.1"]));
        assert!(of(&[&vec![stale].into()], &standing()).is_err());
    }
}
