//! What has to change so that one zone becomes equal to another.

pub(crate) mod text;

use std::iter::Peekable;

use serde::{Deserialize, Serialize};

use crate::record_set::{RecordSet, SetKey};
use crate::zone::{Zone, ZoneError};

/// One set that has to become another. Whole sets are compared and written, since DNS knows no smaller unit that can be guarded
/// (RFC 2181 §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "text::ChangeText", into = "text::ChangeText")]
pub struct SetChange {
    /// Which.
    pub key: SetKey,
    /// What it was when it was read; nothing if it is created.
    pub before: Option<RecordSet>,
    /// What it becomes; nothing if it is deleted.
    pub after: Option<RecordSet>,
}

/// What a change does to its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// It was not there.
    Create,
    /// It was there and is other now: values, TTL or both.
    Update,
    /// It is there no longer.
    Delete,
}

impl SetChange {
    /// What it does.
    pub fn kind(&self) -> Kind {
        match (&self.before, &self.after) {
            (None, _) => Kind::Create,
            (Some(_), Some(_)) => Kind::Update,
            (Some(_), None) => Kind::Delete,
        }
    }

    /// Makes it true in a zone.
    ///
    /// # Errors
    /// [`ZoneError::OutOfZone`]; the zone is as before.
    pub fn apply_to(&self, zone: &mut Zone) -> Result<(), ZoneError> {
        let Some(after) = &self.after else {
            zone.remove(&self.key);
            return Ok(());
        };
        zone.put(self.key.clone(), after.clone()).map(drop)
    }

    /// What the set becomes in place of what it was, for people. TTLs are told where they differ.
    pub fn in_words(&self) -> String {
        let Self { key, before, after } = self;
        let ttls_differ =
            before.as_ref().zip(after.as_ref()).is_some_and(|(before, after)| before.ttl() != after.ttl());
        let text = |set: &Option<RecordSet>| {
            let Some(set) = set else { return "nothing".to_owned() };
            let values: Vec<String> = set.values().iter().map(|value| text::data_text(key.rtype, value)).collect();
            let ttl = if ttls_differ { format!(" (TTL {} s)", set.ttl()) } else { String::new() };
            format!("{}{ttl}", values.join(", "))
        };
        format!("{} in place of {}", text(after), text(before))
    }

    /// What undoes it.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { key: self.key.clone(), before: self.after.clone(), after: self.before.clone() }
    }
}

/// All changes that make `is` equal to `wanted`, in canonical order. One walk over both.
pub fn difference(is: &Zone, wanted: &Zone) -> Vec<SetChange> {
    let (mut is, mut wanted) = (is.sets().peekable(), wanted.sets().peekable());
    let mut changes = Vec::new();
    while let Some((key, before, after)) = next_pair(&mut is, &mut wanted) {
        if before != after {
            changes.push(SetChange { key: key.clone(), before: before.cloned(), after: after.cloned() });
        }
    }
    changes
}

/// The next key of either, with what stands there in both.
fn next_pair<'a, I: Iterator<Item = (&'a SetKey, &'a RecordSet)>>(
    is: &mut Peekable<I>,
    wanted: &mut Peekable<I>,
) -> Option<(&'a SetKey, Option<&'a RecordSet>, Option<&'a RecordSet>)> {
    let first = [is.peek(), wanted.peek()].into_iter().flatten().map(|(key, _)| *key).min()?;
    let before = is.next_if(|(key, _)| *key == first).map(|(_, set)| set);
    let after = wanted.next_if(|(key, _)| *key == first).map(|(_, set)| set);
    Some((first, before, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Owner, Rdata, Rtype, Ttl};

    fn zone(records: &[(&str, u32, u8)]) -> Zone {
        let mut zone = Zone::new("example.test.".parse().expect("a name"));
        for (name, ttl, last) in records {
            let owner: Owner = format!("{name}.example.test.").parse().expect("a name");
            let value = Rdata::from_wire(Rtype::A, &[192, 0, 2, *last]).expect("an address");
            zone.insert(SetKey::new(owner, Rtype::A), Ttl::from_secs(*ttl).expect("a TTL"), value)
                .expect("in the zone");
        }
        zone
    }

    #[test]
    fn tells_what_is_created_updated_and_deleted() {
        let is = zone(&[("gone", 60, 1), ("more", 60, 1), ("same", 60, 1), ("slow", 60, 1)]);
        let wanted = zone(&[("more", 60, 1), ("more", 60, 2), ("new", 60, 1), ("same", 60, 1), ("slow", 90, 1)]);
        let told: Vec<(String, Kind)> =
            difference(&is, &wanted).iter().map(|one| (one.key.owner.to_string(), one.kind())).collect();
        let expected = [
            ("gone.example.test.", Kind::Delete),
            ("more.example.test.", Kind::Update),
            ("new.example.test.", Kind::Create),
            ("slow.example.test.", Kind::Update),
        ];
        assert_eq!(told, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn the_inverse_leads_back() {
        let (one, other) = (zone(&[("a", 60, 1), ("b", 60, 1)]), zone(&[("b", 60, 2), ("c", 60, 1)]));
        let back: Vec<SetChange> = difference(&one, &other).iter().map(SetChange::inverse).collect();
        assert_eq!(back, difference(&other, &one));
        assert_eq!(difference(&one, &one), []);
    }
}
