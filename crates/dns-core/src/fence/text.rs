//! The text form of a fence: `key=value;` pairs in the strings of one TXT record.
//!
//! A pair never spans two strings, so every string can be read alone and no provider's re-chunking at 255 bytes
//! can tear one. Values are lower case: letters that are not, and all else that could be mistaken for grammar,
//! are percent-encoded. Reading trusts nothing: length, alphabet, repetition and every value are checked.
//!
//! Pairs: `v`, `install`, `id`, `provider`, `epoch`, `rev`, `write`, `plan`, `active`, `weights` and `weighed` (only while
//! regions share the answers), `released` (only in a tombstone), `moved`, `by`, `cfg`, `pin`, `pause`, `dwell` (only at a
//! service that has flapped: departures in a row, the first, the last), `rrs`, `digest`. Times are Unix seconds.

pub mod canary;
mod pairs;
mod weights;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use hickory_proto::rr::Name;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use pairs::{Pairs, Strings};

use super::{DecisionId, Epoch, Fence, Pause, Pin, REASON_BYTES_MAX, Rev};
use crate::dwell::Dwell;
use crate::identifier::{Actor, IDENTIFIER_BYTES_MAX};
use crate::rrset::{GuardedType, RrsetKey, canonical_name};
use crate::shared::Shared;
use crate::time::Timestamp;

/// The version that this code reads and writes.
pub const VERSION: &str = "dnsfo1";

/// The longest string of a TXT record (RFC 1035 §3.3).
const STRING_BYTES_MAX: usize = 255;

/// The largest fence, in bytes. Hundreds of records fit; a hostile one cannot make parsing expensive, and fence
/// plus records stay far below the 64 KiB of a DNS message.
pub const FENCE_BYTES_MAX: usize = 16 * 1024;

/// Left as they are in a component; everything else is encoded. `%`, `;`, `=`, `,` and `/` are grammar.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.' | b'*' | b'@' | b':')
}

/// The strings of one TXT record, exactly as a zone holds them: a prerequisite has to repeat them to the byte. Shared, since
/// what was read is required by a plan, and what is planned is kept, sent and read again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FenceText(Shared<[String]>);

impl FenceText {
    /// Takes strings as they were read.
    pub fn from_strings(strings: Vec<String>) -> Self {
        Self(strings.into())
    }

    /// The strings, in order.
    pub fn strings(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for FenceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(index, string)| write!(f, "{}\"{string}\"", if index == 0 { "" } else { " " }))
    }
}

/// Why a text is no fence, or a fence has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FenceError {
    /// Longer than any fence.
    #[error("the fence is longer than {FENCE_BYTES_MAX} bytes")]
    TooLong,
    /// A pair that does not fit a string.
    #[error("the pair of `{0}` does not fit {STRING_BYTES_MAX} bytes")]
    PairTooLong(String),
    /// Not `key=value;`.
    #[error("`{0}` is not `key=value;`")]
    Pair(String),
    /// A key twice.
    #[error("`{0}` is given twice")]
    Repeated(String),
    /// A key that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// Another version.
    #[error("version `{0}` is not `{VERSION}`")]
    Version(String),
    /// A value that is none.
    #[error("`{key}` has the bad value `{value}`")]
    Value {
        /// The key.
        key: &'static str,
        /// The value, as it stood.
        value: String,
    },
    /// Neither active in a region nor released, or both.
    #[error("a fence is either active in a region or released")]
    Neither,
    /// The answers are shared out, and not from the region that the service is in.
    #[error("`weights` does not share out the answers of the region that is `active`")]
    ForeignWeights,
}

impl Fence {
    /// Writes the text form. Names of guarded RRsets are written relative to `zone`.
    ///
    /// # Errors
    /// [`FenceError::PairTooLong`] or [`FenceError::TooLong`]; configuration checks try this with every service.
    pub fn to_text(&self, zone: &Name) -> Result<FenceText, FenceError> {
        let mut strings = Strings::default();
        strings.add("v", VERSION)?;
        strings.add("install", encode(self.install.as_str()))?;
        strings.add("id", encode(self.id.as_str()))?;
        strings.add("provider", encode(self.provider.as_str()))?;
        strings.add("epoch", self.epoch)?;
        strings.add("rev", self.rev)?;
        strings.add("write", &self.write)?;
        strings.add("plan", &self.plan)?;
        strings.add("active", self.active.as_ref().map(|region| encode(region.as_str())).unwrap_or_default())?;
        self.blend.as_deref().map_or(Ok(()), |blend| weights::write(blend, &mut strings))?;
        self.released.map_or(Ok(()), |at| strings.add("released", at.as_secs()))?;
        strings.add("moved", self.moved.as_secs())?;
        strings.add("by", encode(self.by.as_str()))?;
        strings.add("cfg", self.cfg)?;
        strings.add("pin", self.pin.as_ref().map(pin_text).unwrap_or_default())?;
        strings.add("pause", self.pause.as_ref().map(pause_text).unwrap_or_default())?;
        self.dwell.as_ref().map_or(Ok(()), |dwell| strings.add("dwell", dwell_text(dwell)))?;
        rrs_values(&self.rrs, zone).iter().try_for_each(|value| strings.add("rrs", value))?;
        strings.add("digest", self.digest)?;
        self.unknown.iter().try_for_each(|(key, value)| strings.add(key, value))?;
        strings.text()
    }

    /// Reads the text form; names are completed with `zone`.
    ///
    /// # Errors
    /// [`FenceError`], the first fault. Such a fence is foreign.
    pub fn parse(text: &FenceText, zone: &Name) -> Result<Self, FenceError> {
        let mut pairs = Pairs::split(text)?;
        let version = pairs.take("v")?;
        if version != VERSION {
            return Err(FenceError::Version(version.to_owned()));
        }
        let fence = Self {
            install: pairs.take_parsed("install")?,
            id: pairs.take_parsed("id")?,
            provider: pairs.take_parsed("provider")?,
            epoch: Epoch::new(pairs.take_number("epoch", Epoch::READ_MAX)?),
            rev: Rev::new(pairs.take_number("rev", Rev::READ_MAX)?),
            write: pairs.take_parsed("write")?,
            plan: pairs.take_parsed::<DecisionId>("plan")?,
            active: pairs.take_optional("active").map(|text| parsed("active", text)).transpose()?,
            blend: weights::take(&mut pairs)?,
            released: pairs.take_seconds("released")?,
            moved: Timestamp::from_secs(pairs.take_number("moved", SECONDS_MAX)?),
            by: pairs.take_parsed("by")?,
            cfg: pairs.take_number("cfg", u64::MAX)?,
            pin: pairs.take_optional("pin").map(read_pin).transpose()?,
            pause: pairs.take_optional("pause").map(read_pause).transpose()?,
            dwell: pairs.take_optional("dwell").map(read_dwell).transpose()?,
            rrs: read_rrs(&pairs.take_all("rrs"), zone)?,
            digest: pairs.take_parsed("digest")?,
            unknown: pairs.rest(),
        };
        if fence.active.is_some() == fence.released.is_some() {
            return Err(FenceError::Neither);
        }
        if fence.blend.as_ref().is_some_and(|blend| fence.active.as_ref() != Some(blend.from())) {
            return Err(FenceError::ForeignWeights);
        }
        Ok(fence)
    }
}

/// The largest point in time that a fence may name: the year 9999.
pub(crate) const SECONDS_MAX: u64 = 253_402_300_799;

/// Percent-encodes a component. Upper-case letters are encoded too, so that the text survives a server that
/// compares without case.
fn encode(text: &str) -> Cow<'_, str> {
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02x}").expect("invariant: writing to a String cannot fail");
        }
    }
    Cow::Owned(encoded)
}

/// The longest encoded reason: what `pause=`, the longest name, the latest point in time and the commas leave of a
/// string. Without it an operator's long word in another alphabet would make every later fence unwritable.
const REASON_ENCODED_MAX: usize = STRING_BYTES_MAX - "pause=,,;".len() - IDENTIFIER_BYTES_MAX - "253402300799".len();

/// Encodes as much of a reason as a fence has room for, up to a character border.
fn encode_reason(reason: &str) -> String {
    let mut encoded = String::new();
    for (start, character) in reason.char_indices() {
        let piece = encode(&reason[start..start + character.len_utf8()]);
        if start + character.len_utf8() > REASON_BYTES_MAX || encoded.len() + piece.len() > REASON_ENCODED_MAX {
            break;
        }
        encoded.push_str(&piece);
    }
    encoded
}

fn pin_text(pin: &Pin) -> String {
    format!("{},{}", encode(pin.by.as_str()), encode_reason(&pin.reason))
}

fn pause_text(pause: &Pause) -> String {
    let until = pause.until.map(|at| at.as_secs().to_string()).unwrap_or_default();
    format!("{},{until},{}", encode(pause.by.as_str()), encode_reason(&pause.reason))
}

fn dwell_text(dwell: &Dwell) -> String {
    format!("{},{},{}", dwell.left, dwell.since.as_secs(), dwell.last.as_secs())
}

/// The values of one or more `rrs` pairs, each short enough for a string.
fn rrs_values(rrs: &BTreeSet<RrsetKey>, zone: &Name) -> Vec<String> {
    let mut values: Vec<String> = vec![String::new()];
    for key in rrs {
        let entry = format!("{}/{}", encode(&relative(key.name(), zone)), mnemonic(key.rtype()));
        let last = values.last_mut().expect("invariant: starts with one value and only grows");
        if last.is_empty() {
            last.push_str(&entry);
        } else if "rrs=;".len() + last.len() + 1 + entry.len() <= STRING_BYTES_MAX {
            last.push(',');
            last.push_str(&entry);
        } else {
            values.push(entry);
        }
    }
    values
}

/// A type as fences write it.
fn mnemonic(rtype: GuardedType) -> &'static str {
    match rtype {
        GuardedType::A => "a",
        GuardedType::Aaaa => "aaaa",
        GuardedType::Cname => "cname",
    }
}

fn relative(name: &Name, zone: &Name) -> String {
    if name == zone {
        return "@".to_owned();
    }
    let labels = usize::from(name.num_labels() - zone.num_labels().min(name.num_labels()));
    // num_labels does not count a wildcard's asterisk, iter() does.
    let labels = labels + usize::from(name.is_wildcard()) - usize::from(zone.is_wildcard());
    let own = Name::from_labels(name.iter().take(labels));
    own.map_or_else(|_| name.to_ascii(), |own| own.to_ascii().trim_end_matches('.').to_owned())
}

fn bad(key: &'static str, value: &str) -> FenceError {
    FenceError::Value { key, value: value.to_owned() }
}

fn decode<'a>(key: &'static str, raw: &'a str) -> Result<Cow<'a, str>, FenceError> {
    percent_decode_str(raw).decode_utf8().map_err(|_| bad(key, raw))
}

fn parsed<T: std::str::FromStr>(key: &'static str, raw: &str) -> Result<T, FenceError> {
    decode(key, raw)?.parse().map_err(|_| bad(key, raw))
}

/// Digits only: `parse` alone would take a leading plus sign, and two texts for one number are one too many.
fn number(key: &'static str, text: &str, max: u64) -> Result<u64, FenceError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || (text.len() > 1 && text.starts_with('0')) {
        return Err(bad(key, text));
    }
    text.parse().ok().filter(|number| *number <= max).ok_or_else(|| bad(key, text))
}

fn read_pin(raw: &str) -> Result<Pin, FenceError> {
    let (by, reason) = raw.split_once(',').ok_or_else(|| bad("pin", raw))?;
    Ok(Pin { by: parsed::<Actor>("pin", by)?, reason: decode("pin", reason)?.into_owned() })
}

fn read_pause(raw: &str) -> Result<Pause, FenceError> {
    let mut parts = raw.splitn(3, ',');
    let (Some(by), Some(until), Some(reason)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad("pause", raw));
    };
    let until = match until {
        "" => None,
        text => Some(Timestamp::from_secs(number("pause", text, SECONDS_MAX)?)),
    };
    Ok(Pause { by: parsed::<Actor>("pause", by)?, until, reason: decode("pause", reason)?.into_owned() })
}

/// What is counted here is bounded, so that no fence can make anybody wait for longer than a policy says.
fn read_dwell(raw: &str) -> Result<Dwell, FenceError> {
    let [left, since, last] = raw.split(',').collect::<Vec<_>>()[..] else { return Err(bad("dwell", raw)) };
    let left = number("dwell", left, u64::from(u32::MAX))?.min(u64::from(Dwell::LEFT_MAX));
    let seconds = |text| number("dwell", text, SECONDS_MAX).map(Timestamp::from_secs);
    let (since, last) = (seconds(since)?, seconds(last)?);
    match u32::try_from(left) {
        Ok(left) if left > 0 && since <= last => Ok(Dwell { left, since, last }),
        Ok(_) | Err(_) => Err(bad("dwell", raw)),
    }
}

fn read_rrs(values: &[&str], zone: &Name) -> Result<BTreeSet<RrsetKey>, FenceError> {
    let mut keys = BTreeSet::new();
    for value in values.iter().filter(|value| !value.is_empty()) {
        for entry in value.split(',') {
            let key = read_rr(entry, zone).ok_or_else(|| bad("rrs", entry))?;
            if !keys.insert(key) {
                return Err(bad("rrs", entry));
            }
        }
    }
    Ok(keys)
}

fn read_rr(entry: &str, zone: &Name) -> Option<RrsetKey> {
    let (owner, rtype) = entry.rsplit_once('/')?;
    let owner = decode("rrs", owner).ok()?;
    let rtype = GuardedType::ALL.into_iter().find(|known| mnemonic(*known) == rtype)?;
    let name = match &*owner {
        "" => return None,
        "@" => zone.clone(),
        relative => canonical_name(relative).ok().and_then(|mut own| {
            own.set_fqdn(false);
            own.append_domain(zone).ok()
        })?,
    };
    Some(RrsetKey::new(&name, rtype))
}

#[cfg(test)]
mod tests;
