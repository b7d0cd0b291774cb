//! Numbers of seconds as zone files have them: plain or with units, `3600` or `1h`, `1w2d3h4m5s` (BIND's, and by now everyone's).

/// Reads one, in seconds.
///
/// # Errors
/// A sentence.
pub(crate) fn secs(raw: &[u8]) -> Result<u32, &'static str> {
    const NO_NUMBER: &str = "expected a number of seconds, or one with units such as `1h30m` or `2d`";
    const TOO_BIG: &str = "it exceeds 32 bits";
    let mut total: u32 = 0;
    let mut number: Option<u32> = None;
    for octet in raw {
        if octet.is_ascii_digit() {
            let shifted = number.unwrap_or(0).checked_mul(10).ok_or(TOO_BIG)?;
            number = Some(shifted.checked_add(u32::from(octet - b'0')).ok_or(TOO_BIG)?);
            continue;
        }
        let unit = match octet.to_ascii_lowercase() {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return Err(NO_NUMBER),
        };
        let secs = number.take().ok_or(NO_NUMBER)?.checked_mul(unit).ok_or(TOO_BIG)?;
        total = total.checked_add(secs).ok_or(TOO_BIG)?;
    }
    match number {
        Some(number) => total.checked_add(number).ok_or(TOO_BIG),
        None if raw.is_empty() => Err(NO_NUMBER),
        None => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        for (text, wanted) in [("0", 0), ("3600", 3_600), ("1h30m", 5_400), ("1W2D", 777_600), ("4294967295", u32::MAX)]
        {
            assert_eq!(secs(text.as_bytes()), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_too_big_is_refused() {
        for text in ["", "h", "1x", "-1", "1hh", "4294967296", "7102w", "1.5h"] {
            assert!(secs(text.as_bytes()).is_err(), "{text}");
        }
    }
}
