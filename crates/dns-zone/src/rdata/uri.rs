//! URI records (RFC 7553): priority, weight and a target that fills the rest without a length of its own.

use domain::base::scan::{Scan, Scanner};

use super::scan::{ScanError, Tokens};

/// Reads `priority weight "target"`.
pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Vec<u8>, ScanError> {
    let (priority, weight) = (u16::scan(tokens)?, u16::scan(tokens)?);
    let target = tokens.scan_octets()?;
    if target.is_empty() {
        return Err(ScanError::new("the target is empty; a URI record has one (RFC 7553 §4.4)"));
    }
    Ok([&priority.to_be_bytes()[..], &weight.to_be_bytes(), &target].concat())
}
