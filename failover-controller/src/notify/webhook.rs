//! The JSON that webhooks and post-flip hooks are sent.

use dns_core::history::HistoryEntry;
use dns_store::port::HistoryRow;
use serde_json::{Map, Value, json};

use super::Office;
use super::ledger::Dropped;
use super::selection::Item;
use super::story::Story;
use crate::api::report::rfc3339;

/// The version of the documents: it counts up when a key changes its meaning or goes.
pub(crate) const VERSION: u64 = 1;

/// A row's id: its position orders rows, its time tells it from another one at the same position in a restored store.
pub(super) fn id(row: &HistoryRow) -> String {
    format!("{}-{}", row.position.0, row.entry.at.as_millis())
}

/// The id of a sum of rows.
pub(super) fn sum_id(dropped: &Dropped) -> String {
    format!("{}-{}-sum", dropped.position, dropped.to.as_millis())
}

/// A row.
pub(super) fn row(item: &Item, office: &Office) -> Value {
    let Item { row, change } = item;
    let HistoryEntry { at, service, kind, decision, summary, page, details } = &row.entry;
    json!({
        "version": VERSION,
        "id": id(row),
        "position": row.position.0,
        "installation": office.installation,
        "controller": office.actor,
        "at": rfc3339(*at),
        "service": service,
        "kind": kind,
        "decision": decision,
        "summary": summary,
        "page": page,
        "begins": change.begins.as_ref().map(ToString::to_string),
        "ends": change.ends.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>(),
        "details": details,
    })
}

/// Rows that were given up.
pub(super) fn sum(dropped: &Dropped, office: &Office) -> Value {
    json!({
        "version": VERSION,
        "id": sum_id(dropped),
        "position": dropped.position,
        "installation": office.installation,
        "controller": office.actor,
        "at": rfc3339(dropped.to),
        "kind": "notDelivered",
        "summary": sentence(dropped),
        "page": false,
        "count": dropped.count,
        "from": rfc3339(dropped.from),
        "to": rfc3339(dropped.to),
        "ends": dropped.ended.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The same in a sentence.
pub(super) fn sentence(dropped: &Dropped) -> String {
    let Dropped { count, from, to, .. } = dropped;
    let (from, to) = (rfc3339(*from), rfc3339(*to));
    format!("{count} rows not delivered, from {from} to {to}: `dns-admin history` has them")
}

/// The outcome of a move.
pub(super) fn outcome(row: &HistoryRow, story: Option<&Story>, office: &Office) -> Value {
    let mut facts: Map<String, Value> = story.map(Story::facts).unwrap_or_default();
    let HistoryEntry { at, service, kind, decision, summary, details, .. } = &row.entry;
    let of_outcome = json!({
        "version": VERSION,
        "hook": "postFlip",
        "id": id(row),
        "installation": office.installation,
        "controller": office.actor,
        "service": service,
        "decision": decision,
        "outcome": kind,
        "at": rfc3339(*at),
        "summary": summary,
        "servers": details["servers"],
    });
    let Value::Object(of_outcome) = of_outcome else { return Value::Object(facts) };
    facts.extend(of_outcome);
    Value::Object(facts)
}
