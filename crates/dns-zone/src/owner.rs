//! Names of a zone, in a form that sorts and nests as DNS does.
//!
//! A name is kept as its labels from the root downwards, in lower case, each with an end mark, the bytes 0 and 1 escaped. So the
//! order of its octets is the canonical order of names (RFC 4034 §6.1), and whatever lies below a name begins with it: maps of
//! millions of names compare memory, not labels.

use std::fmt;
use std::str::FromStr;

use domain::base::Name;
use domain::base::name::{Label, ToName};
use serde::{Deserialize, Serialize};

/// The longest name in wire form, in octets (RFC 1035 §2.3.4).
const WIRE_OCTETS_MAX: usize = 255;
/// The longest label, in octets (RFC 1035 §2.3.4).
const LABEL_OCTETS_MAX: usize = 63;
/// Ends a label; sorts before every octet of one, so that a shorter label comes first.
const END: u8 = 0;
/// Stands before what replaces an octet 0 or 1.
const ESCAPE: u8 = 1;

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// The text cannot be read as one.
    #[error("`{text}` is no domain name: {reason}")]
    Text {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The octets are no uncompressed name.
    #[error("no domain name in wire form: {0}")]
    Wire(&'static str),
}

/// An absolute name in canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(Box<[u8]>);

impl Owner {
    /// The root.
    pub fn root() -> Self {
        Self(Box::default())
    }

    /// Takes any absolute name of the `domain` crate.
    pub fn of(name: &(impl ToName + ?Sized)) -> Self {
        let labels: Vec<&Label> = name.iter_labels().filter(|label| !label.is_root()).collect();
        Self::from_labels(labels.iter().rev().map(|label| label.as_slice()))
    }

    /// Takes an uncompressed name in wire form (RFC 1035 §3.1), nothing after it.
    ///
    /// # Errors
    /// [`OwnerError::Wire`].
    pub fn from_wire(wire: &[u8]) -> Result<Self, OwnerError> {
        if wire.len() > WIRE_OCTETS_MAX {
            return Err(OwnerError::Wire("it exceeds 255 octets"));
        }
        let mut labels = Vec::new();
        let mut rest = wire;
        loop {
            let (length, after) = rest.split_first().ok_or(OwnerError::Wire("it ends without a root label"))?;
            let length = usize::from(*length);
            if length == 0 {
                break if after.is_empty() { Ok(()) } else { Err(OwnerError::Wire("octets follow its root label")) };
            }
            if length > LABEL_OCTETS_MAX {
                return Err(OwnerError::Wire("a label exceeds 63 octets, or it is compressed"));
            }
            let (label, after) = after.split_at_checked(length).ok_or(OwnerError::Wire("a label is cut"))?;
            labels.push(label);
            rest = after;
        }?;
        Ok(Self::from_labels(labels.into_iter().rev()))
    }

    /// Labels from the one next to the root downwards.
    fn from_labels<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut key = Vec::new();
        for label in labels {
            for octet in label {
                match octet.to_ascii_lowercase() {
                    low @ (END | ESCAPE) => key.extend([ESCAPE, low + 1]),
                    octet => key.push(octet),
                }
            }
            key.push(END);
        }
        Self(key.into_boxed_slice())
    }

    /// Its labels, from the root downwards, the root's left out.
    pub fn labels_from_root(&self) -> Vec<Vec<u8>> {
        let mut labels = Vec::new();
        let mut label = Vec::new();
        let mut octets = self.0.iter();
        while let Some(octet) = octets.next() {
            match *octet {
                END => labels.push(std::mem::take(&mut label)),
                ESCAPE => label.extend(octets.next().map(|escaped| escaped - 1)),
                octet => label.push(octet),
            }
        }
        labels
    }

    /// Whether it lies below a name and ends in it twice, as a relative name does that was meant to be absolute. A name of one label
    /// may well stand twice.
    pub fn repeats(&self, apex: &Self) -> bool {
        let has_labels = |octets: &[u8]| octets.split(|octet| *octet == END).nth(2).is_some();
        let twice = self.0.strip_prefix(&*apex.0).is_some_and(|own| own.starts_with(&apex.0));
        twice && has_labels(&apex.0)
    }

    /// Whether it is written in ASCII.
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// The uncompressed wire form (RFC 1035 §3.1).
    pub fn to_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.0.len() + 2);
        for label in self.labels_from_root().iter().rev() {
            wire.push(u8::try_from(label.len()).expect("invariant: a label has at most 63 octets"));
            wire.extend_from_slice(label);
        }
        wire.push(0);
        wire
    }

    /// As a name of the `domain` crate.
    pub fn to_name(&self) -> Name<Vec<u8>> {
        Name::from_octets(self.to_wire()).expect("invariant: it was made of a name")
    }

    /// Whether it stands for names that do not exist (RFC 4592 §2.1.1).
    pub fn is_wildcard(&self) -> bool {
        self.labels_from_root().last().is_some_and(|label| label == b"*")
    }

    /// Whether it is `ancestor` or lies below it.
    pub fn is_in(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }

    /// The name one label nearer to the root; none of the root itself.
    pub fn parent(&self) -> Option<Self> {
        let inner = self.0.split_last().map(|(_, inner)| inner)?;
        let end = inner.iter().rposition(|octet| *octet == END).map_or(0, |at| at + 1);
        Some(Self(inner.get(..end)?.into()))
    }

    /// The name with one more label below it.
    ///
    /// # Errors
    /// [`OwnerError::Wire`] if the label or the name would be too long or the label empty.
    pub fn child(&self, label: &[u8]) -> Result<Self, OwnerError> {
        let mut wire = vec![u8::try_from(label.len()).unwrap_or(u8::MAX)];
        wire.extend_from_slice(label);
        wire.extend(self.to_wire());
        Self::from_wire(&wire)
    }

    /// Writes a label with its escapes.
    pub(crate) fn write_label(to: &mut impl fmt::Write, label: &[u8]) -> fmt::Result {
        label.iter().try_for_each(|octet| match octet {
            b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => write!(to, "\\{}", char::from(*octet)),
            0x21..=0x7e => to.write_char(char::from(*octet)),
            octet => write!(to, "\\{octet:03}"),
        })
    }

    /// How it is written below `apex`: `@` for the apex, else without the apex's labels and without a final dot; absolute if
    /// it does not lie there.
    pub fn relative_to(&self, apex: &Self) -> String {
        let whole = self.to_string();
        if self == apex {
            return "@".to_owned();
        }
        if !self.is_in(apex) || apex.0.is_empty() {
            return whole;
        }
        let suffix = apex.to_string().len() + 1;
        whole[..whole.len() - suffix].to_owned()
    }
}

impl fmt::Display for Owner {
    /// The presentation form, with its final dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for label in self.labels_from_root().iter().rev() {
            Self::write_label(f, label)?;
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Owner {
    type Err = OwnerError;

    /// Reads the presentation form; a name without a final dot is taken as absolute.
    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let wrong = |reason: String| OwnerError::Text { text: text.to_owned(), reason };
        if text.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        let name = Name::<Vec<u8>>::from_str(text).map_err(|error| wrong(error.to_string()))?;
        Ok(Self::of(&name))
    }
}

impl TryFrom<String> for Owner {
    type Error = OwnerError;

    fn try_from(text: String) -> Result<Self, OwnerError> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(text: &str) -> Owner {
        text.parse().expect("a name")
    }

    #[test]
    fn sorts_as_rfc_4034_6_1_does() {
        let listed = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "zABC.a.EXAMPLE.",
            "z.example.",
            "\\001.z.example.",
            "*.z.example.",
            "\\200.z.example.",
        ];
        let owners: Vec<Owner> = listed.iter().map(|text| owner(text)).collect();
        assert!(owners.is_sorted(), "{owners:?}");
    }

    #[test]
    fn every_octet_survives_text_and_wire() {
        for octet in 0..=u8::MAX {
            let name = owner("example.test.").child(&[octet, b'x', octet]).expect("a label");
            assert_eq!(owner(&name.to_string()), name, "{octet}");
            assert_eq!(Owner::from_wire(&name.to_wire()).as_ref(), Ok(&name), "{octet}");
        }
    }

    #[test]
    fn what_lies_below_is_told_by_labels_not_by_letters() {
        let apex = owner("example.test.");
        assert!(owner("a.example.test.").is_in(&apex) && apex.is_in(&apex));
        assert!(!owner("notexample.test.").is_in(&apex) && !owner("test.").is_in(&apex));
        assert_eq!(owner("a.b.example.test.").parent(), Some(owner("b.example.test.")));
        assert_eq!(owner("test.").parent(), Some(Owner::root()));
        assert_eq!(Owner::root().parent(), None);
    }

    #[test]
    fn is_written_below_its_apex_without_it() {
        let apex = owner("example.test.");
        assert_eq!(apex.relative_to(&apex), "@");
        assert_eq!(owner("a\\.b.c.example.test.").relative_to(&apex), "a\\.b.c");
        assert_eq!(owner("other.test.").relative_to(&apex), "other.test.");
        assert_eq!(owner("a.").relative_to(&Owner::root()), "a.");
    }

    #[test]
    fn refuses_what_is_too_long_or_cut() {
        assert!(owner("test.").child(&[b'a'; 64]).is_err());
        assert!(owner("test.").child(b"").is_err());
        assert!(Owner::from_wire(&[3, b'a', b'b']).is_err());
        assert!(Owner::from_wire(&[0xc0, 12]).is_err());
        let long = (0..4).try_fold(owner("a."), |name, _| name.child(&[b'a'; 63]));
        assert!(long.is_err(), "4 × 64 + 3 octets exceed 255");
    }
}
