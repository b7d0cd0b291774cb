//! What records carry of their past: times, comments and tags (API reference, "DNS records"). Pure.
//!
//! Who has made a change is in the account's audit log alone.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::time::Timestamp;
use dns_zone::{Owner, SetKey};
use serde::Deserialize;

use crate::cloudflare::record::host_name;
use crate::zones::{self, Attribution, Basis, Remark};

/// A record, without what it says. Listings of whole zones do without these fields.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Trace {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    #[serde(default)]
    modified_on: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

impl Trace {
    fn is_of(&self, key: &SetKey) -> bool {
        let owner: Option<Owner> = host_name(&self.name).map(|name| zones::owner(&name));
        owner.as_ref() == Some(&key.owner) && self.rtype == key.rtype.to_string()
    }

    fn modified(&self) -> Option<Timestamp> {
        let at: jiff::Timestamp = self.modified_on.as_ref()?.parse().ok()?;
        u64::try_from(at.as_millisecond()).ok().map(Timestamp::from_millis)
    }

    /// Tags are written as `name:value`, mostly to say whose a record is.
    fn note(&self) -> Option<Remark> {
        let words = self.comment.iter().chain(&self.tags).map(String::as_str);
        Remark::of(&words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", "))
    }

    fn attribution(&self) -> Attribution {
        Attribution { basis: Basis::Records, at: self.modified(), by: None, note: self.note() }
    }
}

/// What is told of sets: of each, by the record that was changed last.
pub(super) fn attributions(keys: &BTreeSet<SetKey>, traces: &[Trace]) -> BTreeMap<SetKey, Attribution> {
    let last = |key: &SetKey| traces.iter().filter(|trace| trace.is_of(key)).max_by_key(|trace| trace.modified());
    keys.iter().filter_map(|key| Some((key.clone(), last(key)?.attribution()))).collect()
}

#[cfg(test)]
mod tests {
    use dns_zone::Rtype;
    use serde_json::json;

    use super::*;

    fn key(name: &str) -> SetKey {
        SetKey::new(name.parse().expect("a name"), Rtype::A)
    }

    #[test]
    fn the_record_that_was_changed_last_speaks_for_its_set() {
        let traces: Vec<Trace> = serde_json::from_value(json!([
            { "name": "w.a.test", "type": "A", "modified_on": "2014-01-01T05:20:00.12345Z", "comment": "old", "tags": [] },
            { "name": "W.a.test", "type": "A", "modified_on": "2024-01-01T05:20:00.12345Z",
              "comment": "by\u{7} hand", "tags": ["owner:dns-team"] },
            { "name": "w.a.test", "type": "TXT", "modified_on": "2025-01-01T00:00:00Z", "comment": "another set's" },
            { "name": "bare.a.test", "type": "A", "modified_on": null, "comment": null },
        ]))
        .expect("records");
        let told = attributions(&[key("w.a.test."), key("bare.a.test."), key("gone.a.test.")].into(), &traces);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(
            told[&key("w.a.test.")].to_string(),
            "its records were last changed there at 2024-01-01T05:20:00Z, with the words \"by hand, owner:dns-team\""
        );
        let bare = Attribution { basis: Basis::Records, at: None, by: None, note: None };
        assert_eq!(told[&key("bare.a.test.")], bare);
    }
}
