//! What is left of things when the guard that stands around them is removed.

use dns_core::change::ChangeSet;
use dns_core::fence::{DecisionId, Fence};
use dns_core::time::Timestamp;
use dns_core::write::PlannedWrite;
use serde_json::Value;

use super::super::Ms;

/// The persisted form of a saga that remembers no pin of any place.
pub(in super::super) fn without_pins(envelope: &str) -> String {
    let mut form: Value = serde_json::from_str(envelope).expect("invariant: an envelope is JSON");
    forget_pins(&mut form);
    form.to_string()
}

/// A memory is what has a pause that may be unwritten; fences have pins, too, and keep them.
fn forget_pins(form: &mut Value) {
    match form {
        Value::Object(fields) => {
            if fields.contains_key("pauseUnwritten") {
                fields.insert("pin".to_owned(), Value::Null);
            }
            fields.values_mut().for_each(forget_pins);
        }
        Value::Array(all) => all.iter_mut().for_each(forget_pins),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A change set of which a provider takes a part: at one moment everything goes and nothing comes, at the next the first
/// RRset alone is replaced.
pub(in super::super) fn torn(change: &ChangeSet, now: Ms) -> ChangeSet {
    let mut part = change.clone();
    if now.is_multiple_of(2) {
        part.creates.clear();
    } else {
        part.deletes.truncate(1);
        let first = part.deletes.first().map(|set| set.key().clone());
        part.creates.retain(|set| first.as_ref() == Some(set.key()));
    }
    part
}

/// A write under the one name that all of them have.
pub(in super::super) fn nameless(write: &PlannedWrite) -> PlannedWrite {
    let mut write = write.clone();
    let fence = Fence { plan: DecisionId::at(Timestamp::from_secs(0), 0), ..write.fence };
    write.change.fence = fence.to_text(&write.change.zone).expect("invariant: names are of one length");
    write.fence = fence;
    write
}
