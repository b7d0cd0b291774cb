//! The answer that holds a whole zone, taken set by set: all sets at once would be several times as large as the answer itself.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::set::Set;

/// The sets, not looked into.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    rrsets: Vec<&'a RawValue>,
    #[serde(default)]
    soa_edit_api: String,
}

/// Takes each set, and hands out the zone's SOA-EDIT-API. The error says why the answer is no zone, or is the first of `take`.
pub(super) fn each_set(body: &[u8], mut take: impl FnMut(Set) -> Result<(), String>) -> Result<String, String> {
    let Document { rrsets, soa_edit_api } = serde_json::from_slice(body).map_err(|error| undocumented(&error))?;
    for raw in rrsets {
        take(serde_json::from_str(raw.get()).map_err(|error| undocumented(&error))?)?;
    }
    Ok(soa_edit_api)
}

/// What is said of an answer that has another form.
pub(super) fn undocumented(error: &serde_json::Error) -> String {
    format!("its answer is not what it documents: {error}")
}
