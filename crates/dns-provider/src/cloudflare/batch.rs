//! The batch of a change set: everything required goes by its id, and what stays comes back. Pure.

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::rrset::{Rrset, RrsetKey};
use hickory_proto::rr::RData;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::TTL_AUTOMATIC;
use super::record::{Record, Records, TXT, written};
use crate::quoted;

/// What a new fence tells people at the dashboard; short enough for every plan.
const FENCE_COMMENT: &str = "Guards the records of a failover service. Written by its controller: do not edit.";

/// Deletes by id, and posts; Cloudflare carries the deletes out first.
#[derive(Debug)]
pub(super) struct Batch {
    deletes: Vec<Delete>,
    posts: Vec<Post>,
}

#[derive(Debug, Serialize)]
struct Delete {
    id: String,
}

#[derive(Debug, Serialize)]
struct Post {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    content: String,
    ttl: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    proxied: bool,
    #[serde(flatten)]
    attributes: Attributes,
}

/// What people and other tools attach to a record.
#[derive(Clone, Debug, Default, Serialize)]
struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    settings: Map<String, Value>,
}

impl Batch {
    pub(super) fn operations(&self) -> usize {
        self.deletes.len() + self.posts.len()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "deletes": self.deletes, "posts": self.posts })
    }
}

/// The batch for a change set whose conditions `found` fulfils.
pub(super) fn of(change: &ChangeSet, found: &Records) -> Batch {
    let required: Vec<&Record> = change
        .requires
        .iter()
        .flat_map(|requirement| match requirement {
            Requirement::Exactly(rrset) => found.under(rrset.key()),
            Requirement::Absent(_) => Vec::new(),
        })
        .collect();
    let fence: Vec<&Record> = match change.guard {
        Guard::Exactly { .. } => found.of(&change.fence_name, TXT).collect(),
        Guard::Absent => Vec::new(),
    };
    let deletes = fence.iter().chain(&required).map(|record| Delete { id: record.id.clone() });
    let stays = required.iter().filter(|record| !is_deleted(change, record, found)).map(|record| again(record));
    let comes = change.creates.iter().flat_map(|rrset| posts(rrset, &found.under(rrset.key())));
    Batch {
        posts: [new_fence(change, fence.first().copied())].into_iter().chain(stays).chain(comes).collect(),
        deletes: deletes.collect(),
    }
}

fn is_deleted(change: &ChangeSet, record: &Record, found: &Records) -> bool {
    let has = |key: &RrsetKey| found.under(key).iter().any(|other| other.id == record.id);
    change.deletes.iter().any(|rrset| has(rrset.key()))
}

/// The record as it stands.
fn again(record: &Record) -> Post {
    let Record { id: _, name, rtype, content, ttl, proxied, .. } = record;
    Post {
        name: name.clone(),
        rtype: rtype.clone(),
        content: content.clone(),
        ttl: *ttl,
        proxied: *proxied,
        attributes: Attributes::of(record),
    }
}

fn new_fence(change: &ChangeSet, old: Option<&Record>) -> Post {
    let attributes = old.map_or_else(
        || Attributes { comment: Some(FENCE_COMMENT.to_owned()), ..Attributes::default() },
        Attributes::of,
    );
    Post {
        name: written(&change.fence_name),
        rtype: TXT.to_owned(),
        content: quoted::write(&change.fence),
        ttl: change.fence_ttl.as_secs(),
        proxied: false,
        attributes,
    }
}

/// One post for each value, with the attributes of the record of the same value or else of the set's first.
fn posts(rrset: &Rrset, old: &[&Record]) -> Vec<Post> {
    let post = |value: &RData| {
        let content = content(value);
        let model = old.iter().find(|record| same(&record.content, &content)).or_else(|| old.first());
        Post {
            name: written(rrset.key().name()),
            rtype: rrset.key().rtype().to_string(),
            ttl: if rrset.is_proxied() { TTL_AUTOMATIC } else { rrset.ttl().as_secs() },
            proxied: rrset.is_proxied(),
            attributes: model.map(|record| Attributes::of(record)).unwrap_or_default(),
            content,
        }
    };
    rrset.values().iter().map(post).collect()
}

impl Attributes {
    fn of(record: &Record) -> Self {
        Self {
            comment: record.comment.clone(),
            tags: record.tags.clone(),
            settings: record.settings.clone().unwrap_or_default(),
        }
    }
}

fn content(value: &RData) -> String {
    match value {
        RData::CNAME(target) => written(&target.0),
        other => other.to_string(),
    }
}

fn same(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests;
