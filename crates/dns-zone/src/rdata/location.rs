//! LOC records (RFC 1876): a place on earth, its size, and how well it is known.

use std::fmt::Write;

use super::scan::{ScanError, Tokens};

/// What 0° is on the wire; the number beside it counts thousandths of a second of arc.
const MERIDIAN: u32 = 1 << 31;
const DEGREE: u32 = 3_600_000;
const MINUTE: u32 = 60_000;
/// What an altitude of 0 is on the wire: 100,000 m above the lowest, in centimetres.
const SEA_LEVEL: i64 = 10_000_000;
/// The largest size: 9 × 10⁹ cm.
const SIZE_MAX: i64 = 9_000_000_000;
/// What stands for a size and for precisions that are not given (RFC 1876 §3): 1 m, 10 km, 10 m.
const DEFAULT_SIZES: [u8; 3] = [0x12, 0x16, 0x13];

/// Reads `d [m [s]] N|S d [m [s]] E|W altitude [size [horizontal [vertical]]]`.
pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Vec<u8>, ScanError> {
    let latitude = angle(tokens, 90, [b'S', b'N'])?;
    let longitude = angle(tokens, 180, [b'W', b'E'])?;
    let altitude = centimetres(tokens.next_raw()?)? + SEA_LEVEL;
    let altitude = u32::try_from(altitude)
        .map_err(|_| ScanError::new("an altitude lies between -100000.00m and 42849672.95m (RFC 1876 §2)"))?;
    let mut sizes = DEFAULT_SIZES;
    for size in &mut sizes {
        let Some(token) = tokens.peek() else { break };
        *size = encoded_size(centimetres(tokens.raw(token))?)?;
        tokens.next()?;
    }
    let [size, horizontal, vertical] = sizes;
    let numbers = [latitude, longitude, altitude].map(u32::to_be_bytes).concat();
    Ok([&[0, size, horizontal, vertical][..], &numbers].concat())
}

/// Degrees, minutes and seconds with the letter that says which way; the letters are those of below and above.
fn angle(tokens: &mut Tokens<'_>, degrees_max: u32, [below, above]: [u8; 2]) -> Result<u32, ScanError> {
    let mut parts = [0; 3];
    let mut given = 0;
    let is_above = loop {
        let raw = tokens.next_raw()?;
        match raw {
            [letter] if letter.to_ascii_uppercase() == below && given > 0 => break false,
            [letter] if letter.to_ascii_uppercase() == above && given > 0 => break true,
            _ => {}
        }
        let Some(part) = parts.get_mut(given) else {
            let (below, above) = (char::from(below), char::from(above));
            return Err(ScanError::new(format!("expected `{above}` or `{below}` after degrees, minutes and seconds")));
        };
        *part = match given {
            2 => decimal(raw, 3).ok_or_else(|| ScanError::new("expected seconds with at most three decimals"))?,
            _ => decimal(raw, 0).ok_or_else(|| ScanError::new("expected whole degrees and minutes"))?,
        };
        given += 1;
    };
    let [degrees, minutes, thousandths] = parts;
    let total = degrees * i64::from(DEGREE) + minutes * i64::from(MINUTE) + thousandths;
    let offset = u32::try_from(total).ok().filter(|total| *total <= degrees_max * DEGREE);
    let (Some(offset), 0..60, 0..60_000) = (offset, minutes, thousandths) else {
        let reason = format!("an angle has at most {degrees_max} degrees, 59 minutes and 59.999 seconds");
        return Err(ScanError::new(reason));
    };
    Ok(if is_above { MERIDIAN + offset } else { MERIDIAN - offset })
}

/// A length in metres, with or without the `m`.
fn centimetres(raw: &[u8]) -> Result<i64, ScanError> {
    let raw = raw.strip_suffix(b"m").or_else(|| raw.strip_suffix(b"M")).unwrap_or(raw);
    decimal(raw, 2).ok_or_else(|| ScanError::new("expected metres with at most two decimals, such as `-2.50m`"))
}

/// A decimal number, in units of its last decimal.
fn decimal(raw: &[u8], decimals: usize) -> Option<i64> {
    let (negative, digits) = raw.strip_prefix(b"-").map_or((false, raw), |digits| (true, digits));
    let text = str::from_utf8(digits).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    // Twelve digits are more than any of the fields takes, and cannot overflow.
    if whole.is_empty() || whole.len() > 12 || fraction.len() > decimals || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let number: i64 = format!("{whole}{fraction:0<decimals$}").parse().ok()?;
    Some(if negative { -number } else { number })
}

/// One digit and a power of ten. Further digits are dropped, as in the program of RFC 1876 that every server follows.
fn encoded_size(centimetres: i64) -> Result<u8, ScanError> {
    if !(0..=SIZE_MAX).contains(&centimetres) {
        return Err(ScanError::new("sizes and precisions lie between 0m and 90000000m (RFC 1876 §2)"));
    }
    let (mut digit, mut power) = (centimetres, 0);
    while digit >= 10 {
        digit /= 10;
        power += 1;
    }
    Ok(u8::try_from(digit << 4 | power).expect("invariant: both are at most 9"))
}

/// Writes it; nothing if the octets have no such form (another version, or numbers that no text stands for).
pub(super) fn write(wire: &[u8]) -> Option<String> {
    let [0, sizes @ .., _, _, _, _, _, _, _, _, _, _, _, _] = wire else { return None };
    let number = |at: usize| Some(u32::from_be_bytes(wire.get(at..at + 4)?.try_into().ok()?));
    let mut text = String::new();
    write_angle(&mut text, number(4)?, 90, ['S', 'N'])?;
    write_angle(&mut text, number(8)?, 180, ['W', 'E'])?;
    write_metres(&mut text, i64::from(number(12)?) - SEA_LEVEL)?;
    let &[_, _, _] = sizes else { return None };
    for size in sizes {
        let (digit, power) = (i64::from(size >> 4), u32::from(size & 0x0f));
        if digit > 9 || power > 9 || (digit == 0 && power > 0) {
            return None;
        }
        text.push(' ');
        write_metres(&mut text, digit * 10_i64.pow(power))?;
    }
    Some(text)
}

fn write_angle(text: &mut String, number: u32, degrees_max: u32, [below, above]: [char; 2]) -> Option<()> {
    let offset = number.abs_diff(MERIDIAN);
    if offset > degrees_max * DEGREE {
        return None;
    }
    let (degrees, minutes, rest) = (offset / DEGREE, offset % DEGREE / MINUTE, offset % MINUTE);
    let letter = if number < MERIDIAN { below } else { above };
    write!(text, "{degrees} {minutes} {}.{:03} {letter} ", rest / 1_000, rest % 1_000).ok()
}

fn write_metres(text: &mut String, centimetres: i64) -> Option<()> {
    let sign = if centimetres < 0 { "-" } else { "" };
    let length = centimetres.abs();
    write!(text, "{sign}{}.{:02}m", length / 100, length % 100).ok()
}
