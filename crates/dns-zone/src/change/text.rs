//! Changes in JSON: names, types, TTLs, and record data as text.

use domain::base::Rtype;
use serde::{Deserialize, Serialize};

use super::SetChange;
use crate::owner::Owner;
use crate::rdata::{Rdata, RdataError};
use crate::record_set::{RecordSet, SetKey, Ttl};

/// A change as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ChangeText {
    name: Owner,
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<SetText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<SetText>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetText {
    ttl: Ttl,
    values: Vec<String>,
}

/// Why a text is no change.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChangeTextError {
    #[error("`{0}` is no record type")]
    Type(String),
    #[error("`{value}` of {key} is no record data: {source}")]
    Data { key: SetKey, value: String, source: RdataError },
    #[error("{0} has a set without values")]
    Empty(SetKey),
    #[error("{0} neither was nor becomes anything")]
    Nothing(SetKey),
}

impl From<SetChange> for ChangeText {
    fn from(change: SetChange) -> Self {
        let SetChange { key: SetKey { owner, rtype }, before, after } = change;
        let text = |set: RecordSet| SetText {
            ttl: set.ttl(),
            values: set.values().iter().map(|value| data_text(rtype, value)).collect(),
        };
        Self { name: owner, r#type: rtype.to_string(), before: before.map(text), after: after.map(text) }
    }
}

impl TryFrom<ChangeText> for SetChange {
    type Error = ChangeTextError;

    fn try_from(text: ChangeText) -> Result<Self, ChangeTextError> {
        let rtype: Rtype = text.r#type.parse().map_err(|_| ChangeTextError::Type(text.r#type.clone()))?;
        let key = SetKey::new(text.name, rtype);
        let data = |value: String| {
            Rdata::parse(rtype, &value, &Owner::root()).map_err(|source| ChangeTextError::Data {
                key: key.clone(),
                value,
                source,
            })
        };
        let set = |text: SetText| {
            let values: Vec<Rdata> = text.values.into_iter().map(data).collect::<Result<_, _>>()?;
            RecordSet::new(text.ttl, values).ok_or_else(|| ChangeTextError::Empty(key.clone()))
        };
        let (before, after) = (text.before.map(set).transpose()?, text.after.map(set).transpose()?);
        if before.is_none() && after.is_none() {
            return Err(ChangeTextError::Nothing(key));
        }
        Ok(Self { key, before, after })
    }
}

/// Record data as plans show it.
pub(crate) fn data_text(rtype: Rtype, value: &Rdata) -> String {
    value.display(rtype).to_string()
}
