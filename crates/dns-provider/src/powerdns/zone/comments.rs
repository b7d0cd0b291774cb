//! Comments on sets, as the API gives them: beside the records, or alone where the records are gone. Pure.
//!
//! A comment has an account and a time, both of which whoever writes it may choose, and stays when the records change. It is all
//! that the API tells of anybody.

use std::str::FromStr;

use dns_core::time::Timestamp;
use dns_zone::{Owner, SetKey};
use serde::Deserialize;

use crate::zones::{Attribution, Basis, Remark};

/// A set, without its records.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::powerdns) struct Commented {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    #[serde(default)]
    comments: Vec<Comment>,
}

#[derive(Clone, Debug, Deserialize)]
struct Comment {
    #[serde(default)]
    content: String,
    #[serde(default)]
    account: String,
    /// In seconds since 1970.
    #[serde(default)]
    modified_at: u64,
}

impl Commented {
    fn is_of(&self, key: &SetKey) -> bool {
        Owner::from_str(&self.name).as_ref() == Ok(&key.owner) && self.rtype == key.rtype.to_string()
    }
}

/// What the latest comment on a set tells.
pub(super) fn attribution(key: &SetKey, sets: &[Commented]) -> Option<Attribution> {
    let comments = sets.iter().filter(|set| set.is_of(key)).flat_map(|set| &set.comments);
    let Comment { content, account, modified_at } = comments.max_by_key(|comment| comment.modified_at)?;
    let at = (*modified_at > 0).then(|| Timestamp::from_secs(*modified_at));
    Some(Attribution { basis: Basis::Comment, at, by: Remark::of(account), note: Remark::of(content) })
}

#[cfg(test)]
mod tests {
    use dns_zone::Rtype;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_latest_comment_on_a_set_is_told_wherever_the_answer_has_it() {
        // The server gives the comments of a set apart from its records where their order differs.
        let sets: Vec<Commented> = serde_json::from_value(json!([
            { "name": "w.a.test.", "type": "A", "ttl": 60, "records": [{ "content": "192.0.2.1" }],
              "comments": [{ "content": "first", "account": "bob", "modified_at": 1_600_000_000 }] },
            { "name": "W.a.test.", "type": "A", "records": [],
              "comments": [{ "content": "ticket\n7", "account": "alice", "modified_at": 1_700_000_000 }] },
            { "name": "w.a.test.", "type": "TXT", "records": [],
              "comments": [{ "content": "later", "account": "eve", "modified_at": 1_800_000_000 }] },
            { "name": "bare.a.test.", "type": "A", "ttl": 60, "records": [] },
        ]))
        .expect("sets");
        let told = |name: &str| attribution(&SetKey::new(name.parse().expect("a name"), Rtype::A), &sets);
        assert_eq!(
            told("w.a.test.").expect("a comment").to_string(),
            "a comment on it was left there at 2023-11-14T22:13:20Z by alice, with the words \"ticket 7\""
        );
        assert_eq!(told("bare.a.test."), None);
    }
}
