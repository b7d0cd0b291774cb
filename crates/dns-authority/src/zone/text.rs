//! A zone from its text form (RFC 1035 §5), read by hickory-proto's parser.
//!
//! The parser checks the single record and makes names lower case; that the records make a zone is checked here.

use hickory_proto::rr::{Name, Record, RecordType};
use hickory_proto::serialize::txt::Parser;

use super::{Zone, ZoneError};

impl Zone {
    /// A zone from its text. Names without a final dot are relative to `origin`, until a `$ORIGIN`. `$INCLUDE` takes
    /// absolute paths only.
    ///
    /// # Errors
    /// Any [`ZoneError`].
    pub fn parse(origin: &Name, text: &str) -> Result<Self, ZoneError> {
        Self::from_records(origin, parse(origin, text)?)
    }
}

/// The records of a text, SOA first and CNAMEs last, so that the objection to a mix names the CNAME.
pub(crate) fn parse(origin: &Name, text: &str) -> Result<Vec<Record>, ZoneError> {
    let mut origin = origin.clone();
    origin.set_fqdn(true);
    let unreadable = |reason: String| ZoneError::Text { origin: origin.clone(), reason };
    let parsed = Parser::new(text, None, Some(origin.clone())).parse();
    let (_, rrsets) = parsed.map_err(|error| unreadable(error.to_string()))?;
    let mut records: Vec<Record> =
        rrsets.values().flat_map(|rrset| rrset.records_without_rrsigs().cloned().collect::<Vec<_>>()).collect();
    records.sort_by_key(|record| match record.record_type() {
        RecordType::SOA => 0,
        RecordType::CNAME => 2,
        _ => 1,
    });
    Ok(records)
}
