//! Domain names as Route 53 reads, keeps, sorts and writes them
//! (Developer Guide, "DNS domain name format"; API Reference, `ListResourceRecordSets`, "Sort order").

use std::cmp::Ordering;
use std::fmt;

/// RFC 1035 §2.3.4.
const LABEL_BYTES_MAX: usize = 63;

/// RFC 1035 §2.3.4, with the length bytes and the root's.
const NAME_BYTES_MAX: usize = 255;

/// What Route 53 takes unescaped besides letters and digits; a dot separates labels, a backslash begins an escape.
const PUNCTUATION: &[u8] = b"-!\"#$%&'()*+,/:;<=>?@[]^_`{|}~";

/// A domain name: absolute and lower-case. Its `Display` is what the API answers: every byte other than `a`-`z`, `0`-`9`,
/// `-` and `_` as an octal escape, so `*` is `\052`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordName {
    /// Without the root, the leftmost first.
    labels: Vec<Vec<u8>>,
}

/// Text that is no domain name, in the words of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Two dots in a row, or nothing at all.
    #[error("DomainLabelEmpty (Domain label is empty)")]
    LabelEmpty,
    /// More than 63 bytes.
    #[error("DomainLabelTooLong (Domain label is too long)")]
    LabelTooLong,
    /// More than 255 bytes.
    #[error("DomainNameTooLong (Domain name is too long)")]
    NameTooLong,
    /// A byte that needs an escape.
    #[error("UnsupportedCharacter (Value contains unsupported characters)")]
    UnsupportedCharacter,
    /// A backslash without three octal digits of a byte.
    #[error("InvalidEscape (Value contains an invalid escape sequence)")]
    InvalidEscape,
}

impl RecordName {
    /// Reads a name, with or without its last dot, escapes decoded.
    ///
    /// # Errors
    ///
    /// [`NameFault`], if it is none.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let text = text.as_bytes();
        let text = text.strip_suffix(b".").unwrap_or(text);
        let (mut labels, mut label, mut at) = (Vec::new(), Vec::new(), 0);
        while at < text.len() {
            let (byte, length) = match text[at] {
                b'.' => {
                    labels.push(checked(std::mem::take(&mut label))?);
                    at += 1;
                    continue;
                }
                b'\\' => (escaped(text.get(at + 1..at + 4))?, 4),
                byte if byte.is_ascii_alphanumeric() || PUNCTUATION.contains(&byte) => (byte, 1),
                _ => return Err(NameFault::UnsupportedCharacter),
            };
            label.push(byte.to_ascii_lowercase());
            at += length;
        }
        labels.push(checked(label)?);
        let length = labels.iter().map(|label| label.len() + 1).sum::<usize>() + 1;
        if length > NAME_BYTES_MAX { Err(NameFault::NameTooLong) } else { Ok(Self { labels }) }
    }

    /// Whether this is `zone` or lies below it.
    pub fn is_within(&self, zone: &Self) -> bool {
        self.labels.ends_with(&zone.labels)
    }

    /// The name in a zone file: as the API answers it, but a wildcard's asterisk as it is.
    pub(super) fn in_zone_file(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("\\052.").map_or(text.clone(), |rest| format!("*.{rest}"))
    }

    pub(super) fn is_wildcard(&self) -> bool {
        self.labels.first().is_some_and(|label| label == b"*")
    }

    /// The labels from the root on, each with its dot: the dot takes part in the comparison.
    fn sort_bytes(&self) -> impl Iterator<Item = u8> {
        self.labels.iter().rev().flat_map(|label| label.iter().copied().chain([b'.']))
    }
}

fn checked(label: Vec<u8>) -> Result<Vec<u8>, NameFault> {
    match label.len() {
        0 => Err(NameFault::LabelEmpty),
        1..=LABEL_BYTES_MAX => Ok(label),
        _ => Err(NameFault::LabelTooLong),
    }
}

fn escaped(digits: Option<&[u8]>) -> Result<u8, NameFault> {
    let digits = digits.filter(|digits| digits.iter().all(|digit| matches!(digit, b'0'..=b'7')));
    let text = digits.and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(NameFault::InvalidEscape)?;
    u8::from_str_radix(text, 8).map_err(|_| NameFault::InvalidEscape)
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in &self.labels {
            for &byte in label {
                match byte {
                    b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => write!(f, "{}", char::from(byte))?,
                    _ => write!(f, "\\{byte:03o}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl Ord for RecordName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_bytes().cmp(other.sort_bytes())
    }
}

impl PartialOrd for RecordName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RecordName {
        RecordName::parse(text).expect("a name")
    }

    #[test]
    fn keeps_names_lower_case_and_writes_escapes() {
        assert_eq!(name("*.Example.com").to_string(), "\\052.example.com.");
        assert_eq!(name("\\052.example.com."), name("*.example.com"));
        assert_eq!(name("_a-1/b.example.com").to_string(), "_a-1\\057b.example.com.");
    }

    #[test]
    fn sorts_by_reversed_labels_with_their_dots() {
        let mut names =
            ["b.example.com", "a.z.example.com", "example.com", "a-b.example.com", "a.example.com", "*.a.example.com"]
                .map(name);
        names.sort();
        let sorted: Vec<String> = names.iter().map(ToString::to_string).collect();
        // "a-." sorts before "a.", because "-" is less than ".".
        let wanted = [
            "example.com.",
            "a-b.example.com.",
            "a.example.com.",
            "\\052.a.example.com.",
            "b.example.com.",
            "a.z.example.com.",
        ];
        assert_eq!(sorted, wanted);
    }

    #[test]
    fn refuses_what_is_no_name() {
        let long = "x".repeat(64);
        let deep = "abcdefg.".repeat(32);
        for (text, fault) in [
            ("", NameFault::LabelEmpty),
            ("a..example.com", NameFault::LabelEmpty),
            (&long, NameFault::LabelTooLong),
            (&deep, NameFault::NameTooLong),
            ("a b.example.com", NameFault::UnsupportedCharacter),
            ("ä.example.com", NameFault::UnsupportedCharacter),
            ("a\\9.example.com", NameFault::InvalidEscape),
            ("a\\777.example.com", NameFault::InvalidEscape),
        ] {
            assert_eq!(RecordName::parse(text), Err(fault), "{text}");
        }
    }
}
