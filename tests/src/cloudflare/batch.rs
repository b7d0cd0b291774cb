//! Batches: deletes, patches, puts and posts, in this order, in one transaction.

use std::sync::Arc;

use serde_json::{Value, json};

use super::record::Record;
use super::refusal::Refusal;
use super::zone::{Change, Zone};

/// The four lists, in the order in which they are carried out.
const LISTS: [&str; 4] = ["deletes", "patches", "puts", "posts"];

/// Carries out a batch or refuses it whole, with the first error.
pub(super) fn apply(zone: &mut Zone, request: &Value) -> Result<Value, Refusal> {
    let lists = parse(request)?;
    check_size(zone, &lists)?;
    let [deletes, patches, puts, posts] = lists;
    zone.change(|change| {
        Ok(json!({
            "deletes": each(deletes, |item| change.delete(id(item)?))?,
            "patches": each(patches, |item| change.patch(id(item)?, item))?,
            "puts": each(puts, |item| change.overwrite(id(item)?, item))?,
            "posts": each(posts, |item| Change::create(change, item))?,
        }))
    })
}

/// How many operations each list has; what cannot be read counts as none.
pub(super) fn sizes(request: &Value) -> [usize; 4] {
    LISTS.map(|list| request[list].as_array().map_or(0, Vec::len))
}

fn parse(request: &Value) -> Result<[&[Value]; 4], Refusal> {
    if !request.is_object() {
        return Err(Refusal::body("It must be an object."));
    }
    let mut parsed: [&[Value]; 4] = [&[]; 4];
    for (items, list) in parsed.iter_mut().zip(LISTS) {
        *items = match &request[list] {
            Value::Null => &[],
            Value::Array(items) => items,
            _ => return Err(Refusal::body(&format!("`{list}` must be a list."))),
        };
    }
    Ok(parsed)
}

fn check_size(zone: &Zone, lists: &[&[Value]; 4]) -> Result<(), Refusal> {
    let count: usize = lists.iter().map(|list| list.len()).sum();
    let most = zone.plan.batch_operations_max();
    if count > most {
        return Err(Refusal::body(&format!("A batch has at most {most} operations on this plan, this one {count}.")));
    }
    if count == 0 {
        return Err(Refusal::body("A batch has at least one operation."));
    }
    Ok(())
}

fn id(item: &Value) -> Result<&str, Refusal> {
    item["id"].as_str().ok_or_else(|| Refusal::body("`id` is missing."))
}

fn each<'a>(
    items: &'a [Value],
    operation: impl FnMut(&'a Value) -> Result<Arc<Record>, Refusal>,
) -> Result<Vec<Value>, Refusal> {
    let records = items.iter().map(operation);
    records.map(|record| record.map(|record| record.to_json())).collect()
}
