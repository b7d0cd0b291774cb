//! Calls: which operation a request asks for.

use http::{Method, Uri};
use url::form_urlencoded;

use super::record::is_id;

/// The path that every path begins with.
const BASE: &str = "/client/v4/";

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `GET /user/tokens/verify`.
    VerifyToken,
    /// `GET /zones`.
    ListZones,
    /// `GET /zones/{zone}`.
    GetZone,
    /// `GET /zones/{zone}/dns_records`.
    ListRecords,
    /// `GET /zones/{zone}/dns_records/{record}`.
    GetRecord,
    /// `POST /zones/{zone}/dns_records`.
    CreateRecord,
    /// `PUT /zones/{zone}/dns_records/{record}`.
    OverwriteRecord,
    /// `PATCH /zones/{zone}/dns_records/{record}`.
    PatchRecord,
    /// `DELETE /zones/{zone}/dns_records/{record}`.
    DeleteRecord,
    /// `POST /zones/{zone}/dns_records/batch`.
    Batch,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::VerifyToken,
        Self::ListZones,
        Self::GetZone,
        Self::ListRecords,
        Self::GetRecord,
        Self::CreateRecord,
        Self::OverwriteRecord,
        Self::PatchRecord,
        Self::DeleteRecord,
        Self::Batch,
    ];

    /// Whether it changes records.
    pub fn writes(self) -> bool {
        match self {
            Self::VerifyToken | Self::ListZones | Self::GetZone | Self::ListRecords | Self::GetRecord => false,
            Self::CreateRecord | Self::OverwriteRecord | Self::PatchRecord | Self::DeleteRecord | Self::Batch => true,
        }
    }
}

/// A request whose path and method make sense; whether its zone and record exist is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) operation: Operation,
    pub(super) path: String,
    /// Empty for operations that need none.
    pub(super) zone: String,
    /// Empty for operations that need none.
    pub(super) record: String,
    pub(super) query: Vec<(String, String)>,
}

/// Finds the operation; `None` for a path that the API has not, as one with a record id that cannot be one.
pub(super) fn parse(method: &Method, uri: &Uri) -> Option<Call> {
    let path = uri.path();
    let segments: Vec<&str> = path.strip_prefix(BASE)?.split('/').collect();
    let (operation, zone, record) = match (method.as_str(), segments.as_slice()) {
        ("GET", ["user", "tokens", "verify"]) => (Operation::VerifyToken, "", ""),
        ("GET", ["zones"]) => (Operation::ListZones, "", ""),
        ("GET", ["zones", zone]) => (Operation::GetZone, *zone, ""),
        ("GET", ["zones", zone, "dns_records"]) => (Operation::ListRecords, *zone, ""),
        ("POST", ["zones", zone, "dns_records"]) => (Operation::CreateRecord, *zone, ""),
        ("POST", ["zones", zone, "dns_records", "batch"]) => (Operation::Batch, *zone, ""),
        (method, ["zones", zone, "dns_records", record]) if is_id(record) => (on_record(method)?, *zone, *record),
        _ => return None,
    };
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    Some(Call { operation, path: path.to_owned(), zone: zone.to_owned(), record: record.to_owned(), query })
}

fn on_record(method: &str) -> Option<Operation> {
    Some(match method {
        "GET" => Operation::GetRecord,
        "PUT" => Operation::OverwriteRecord,
        "PATCH" => Operation::PatchRecord,
        "DELETE" => Operation::DeleteRecord,
        _ => return None,
    })
}
