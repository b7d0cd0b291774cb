//! Who asks, and whether they may.

use serde_json::{Value, json};

use super::call::Operation;
use super::record::new_id;
use super::refusal::Refusal;
use super::setup::{Rights, Scope, Token, TokenStatus};

/// What a token is as text; anything else is refused before it is looked up.
const TOKEN_OCTETS: std::ops::RangeInclusive<usize> = 40..=120;

/// The bearer of a request's header; the secret need not be a token that exists.
pub(super) fn bearer(authorization: Option<&str>) -> Result<&str, Refusal> {
    let Some(value) = authorization else {
        return Err(Refusal::new(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"));
    };
    let secret = value.strip_prefix("Bearer ").filter(|secret| is_token(secret));
    secret.ok_or_else(|| Refusal::header(6111, "Invalid format for Authorization header"))
}

/// The token behind a secret, if it works.
pub(super) fn token<'a>(tokens: &'a [Token], secret: &str, operation: Operation) -> Result<&'a Token, Refusal> {
    let known = tokens.iter().find(|token| token.secret == secret);
    known.filter(|token| token.status == TokenStatus::Active).ok_or_else(|| unknown(operation))
}

/// What a token says of itself. One that someone switched off still answers, with its state.
pub(super) fn verify(tokens: &[Token], secret: &str) -> Result<Value, Refusal> {
    let token = tokens.iter().find(|token| token.secret == secret);
    let status = match token.ok_or_else(|| unknown(Operation::VerifyToken))?.status {
        TokenStatus::Active => "active",
        TokenStatus::Disabled => "disabled",
        TokenStatus::Expired => "expired",
    };
    Ok(json!({ "id": new_id(), "status": status }))
}

/// Whether a token may do this in this zone.
pub(super) fn permit(token: &Token, operation: Operation, zone: &str) -> Result<(), Refusal> {
    let is_covered = covers(token, zone);
    let is_allowed = token.rights == Rights::Edit || !operation.writes();
    match operation {
        Operation::VerifyToken | Operation::ListZones => Ok(()),
        Operation::GetZone if is_covered => Ok(()),
        Operation::GetZone => Err(Refusal::new(403, 9109, "Unauthorized to access requested resource")),
        Operation::ListRecords
        | Operation::GetRecord
        | Operation::CreateRecord
        | Operation::OverwriteRecord
        | Operation::PatchRecord
        | Operation::DeleteRecord
        | Operation::Batch => {
            if is_covered && is_allowed {
                Ok(())
            } else {
                Err(Refusal::new(403, 10000, "Authentication error"))
            }
        }
    }
}

/// Whether a zone is one of the token's.
pub(super) fn covers(token: &Token, zone: &str) -> bool {
    match &token.scope {
        Scope::Account => true,
        Scope::Zones(names) => names.iter().any(|name| name == zone),
    }
}

/// Each part of the API says it in its own way.
fn unknown(operation: Operation) -> Refusal {
    match operation {
        Operation::VerifyToken => Refusal::new(401, 1000, "Invalid API Token"),
        Operation::ListZones | Operation::GetZone => Refusal::new(403, 9109, "Invalid access token"),
        Operation::ListRecords
        | Operation::GetRecord
        | Operation::CreateRecord
        | Operation::OverwriteRecord
        | Operation::PatchRecord
        | Operation::DeleteRecord
        | Operation::Batch => Refusal::new(403, 10000, "Authentication error"),
    }
}

fn is_token(secret: &str) -> bool {
    TOKEN_OCTETS.contains(&secret.len())
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
