//! CERT records (RFC 4398): type, key tag, algorithm and certificate. The `domain` crate keeps them as octets.

use domain::base::scan::{Scan, Scanner};
use domain::utils::base64;

use super::scan::{ScanError, Tokens};
use crate::token::octets_of;

/// The types that have names (RFC 4398 §2.1).
const NAMES: [(&str, u16); 10] = [
    ("PKIX", 1),
    ("SPKI", 2),
    ("PGP", 3),
    ("IPKIX", 4),
    ("ISPKI", 5),
    ("IPGP", 6),
    ("ACPKIX", 7),
    ("IACPKIX", 8),
    ("URI", 253),
    ("OID", 254),
];

/// Reads `type key-tag algorithm base64`.
pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Vec<u8>, ScanError> {
    let kind = kind(tokens)?;
    let (tag, algorithm) = (u16::scan(tokens)?, u8::scan(tokens)?);
    let certificate: Vec<u8> = tokens.convert_entry(base64::SymbolConverter::new())?;
    Ok([&kind.to_be_bytes()[..], &tag.to_be_bytes(), &[algorithm], &certificate].concat())
}

fn kind(tokens: &mut Tokens<'_>) -> Result<u16, ScanError> {
    let raw = octets_of(tokens.next_raw()?).map_err(ScanError::new)?;
    let text = String::from_utf8_lossy(&raw);
    let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text)).map(|(_, kind)| *kind);
    let wrong = || ScanError::new("expected a type of certificate: a number, or a name such as PKIX (RFC 4398 §2.1)");
    named.or_else(|| text.parse().ok()).ok_or_else(wrong)
}
