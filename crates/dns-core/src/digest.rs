//! 128-bit digests over an unambiguous byte encoding: every field is preceded by its length, so that no two
//! different inputs encode alike.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The first 128 bits of a SHA-256, written as 32 lower-case hexadecimal digits.
///
/// 128 bits are plenty against accident, and the writer of a fence is trusted not to search for collisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 16]);

/// A text is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 32 lower-case hexadecimal digits")]
pub struct DigestError;

impl Digest {
    /// Digests a sequence of fields.
    pub fn over<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut all = Fields::default();
        fields.into_iter().for_each(|field| all.add(field));
        all.digest()
    }
}

/// Fields that are digested one by one, so that nobody has to collect them.
#[derive(Default)]
pub struct Fields(Sha256);

impl Fields {
    /// Takes the next field.
    pub fn add(&mut self, field: &[u8]) {
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
    }

    /// The digest of all that were taken.
    pub fn digest(self) -> Digest {
        Digest::first_half(&self.0.finalize())
    }
}

/// What hashes itself, digested: fields with their lengths, as the standard library's derived implementations write them.
/// For comparing within one process only.
#[derive(Default)]
struct Feed(Sha256);

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl Digest {
    /// Digests a value, for as long as this process lives: equal values have equal digests.
    pub fn of_value(value: &impl Hash) -> Self {
        let mut feed = Feed::default();
        value.hash(&mut feed);
        Self::first_half(&feed.0.finalize())
    }

    /// Its first 64 bits: enough to compare it with one other.
    pub(crate) fn half(self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }

    fn first_half(full: &[u8]) -> Self {
        let mut first = [0; 16];
        first.copy_from_slice(&full[..16]);
        Self(first)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(&self.0, &mut digits);
        f.pad(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| DigestError)?;
        Ok(Self(bytes.try_into().map_err(|_| DigestError)?))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_borders_matter() {
        assert_ne!(Digest::over([b"ab".as_slice(), b"c"]), Digest::over([b"a".as_slice(), b"bc"]));
    }

    #[test]
    fn text_round_trips_and_upper_case_is_refused() {
        let digest = Digest::over([b"x".as_slice()]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.to_string().to_uppercase().parse::<Digest>(), Err(DigestError));
    }
}
