//! Record data in canonical wire form: uncompressed, and its names in lower case where RFC 4034 §6.2 says so.
//!
//! Two values are equal if these octets are, whatever they looked like in a file or on the wire. The type stands beside the
//! value, in the key of its set, not in it.

#[cfg(test)]
pub(crate) mod arbitrary;
mod certificate;
mod location;
pub(crate) mod scan;
mod service;
mod uri;
mod write;

use std::fmt;

use domain::base::rdata::{ComposeRecordData, ParseRecordData};
use domain::base::{ParsedName, Rtype};
use domain::dep::octseq::Parser;
use domain::rdata::ZoneRecordData;

use self::scan::Tokens;
pub use self::write::RdataText;
pub(crate) use self::write::push_quoted;
use crate::owner::Owner;
use crate::token::Lexer;

/// Why octets or a text are no record data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RdataError {
    /// The octets are not what the type demands.
    #[error("{octets} octets are no {rtype} record data: {reason}")]
    Wire {
        /// The type.
        rtype: Rtype,
        /// How many they are.
        octets: usize,
        /// What is wrong.
        reason: String,
    },
    /// The text is not the type's presentation form.
    #[error("`{text}` is no {rtype} record data: {reason}, at character {column}")]
    Text {
        /// The type.
        rtype: Rtype,
        /// What was given.
        text: String,
        /// Where it goes wrong; 1 is the first character.
        column: usize,
        /// What is wrong.
        reason: String,
    },
}

/// One value of a record set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rdata(Box<[u8]>);

impl Rdata {
    /// Takes record data of the `domain` crate.
    pub fn of(data: &impl ComposeRecordData) -> Self {
        let mut octets = Vec::new();
        data.compose_canonical_rdata(&mut octets).expect("invariant: a vector takes every octet");
        Self(octets.into_boxed_slice())
    }

    /// Takes record data as it stands in a message, beginning at the parser's place and ending at its end. Names may point back
    /// into the message (RFC 1035 §4.1.4). A type that is not known is kept as it is (RFC 3597 §4).
    ///
    /// # Errors
    /// [`RdataError::Wire`].
    pub fn from_message(rtype: Rtype, parser: &mut Parser<'_, [u8]>) -> Result<Self, RdataError> {
        let octets = parser.remaining();
        let wrong = |reason: String| RdataError::Wire { rtype, octets, reason };
        let data = ZoneRecordData::<&[u8], ParsedName<&[u8]>>::parse_rdata(rtype, parser)
            .map_err(|error| wrong(error.to_string()))?
            .ok_or_else(|| wrong("the type stands in no zone".to_owned()))?;
        if parser.remaining() > 0 {
            return Err(wrong(format!("{} octets follow it", parser.remaining())));
        }
        Ok(Self::of(&data))
    }

    /// Takes record data without compression.
    ///
    /// # Errors
    /// [`RdataError::Wire`].
    pub fn from_wire(rtype: Rtype, wire: &[u8]) -> Result<Self, RdataError> {
        Self::from_message(rtype, &mut Parser::from_ref(wire))
    }

    /// Reads the presentation form (RFC 1035 §5.1) or the generic one (RFC 3597 §5). Names without a final dot lie below
    /// `origin`.
    ///
    /// # Errors
    /// [`RdataError::Text`].
    pub fn parse(rtype: Rtype, text: &str, origin: &Owner) -> Result<Self, RdataError> {
        let mut lexer = Lexer::new(text.as_bytes());
        let wrong = |lexer: &Lexer<'_>, at: usize, reason: String| {
            let column = lexer.position(at).column;
            RdataError::Text { rtype, text: text.to_owned(), column, reason }
        };
        if let Some(Err(flaw)) = lexer.advance() {
            return Err(wrong(&lexer, flaw.start, flaw.reason.to_owned()));
        }
        let origin = origin.to_name();
        let mut tokens = Tokens::new(lexer.text(), lexer.tokens(), &origin);
        let data = scan::read(rtype, &mut tokens).map_err(|error| {
            let at = tokens.last().map_or(0, |token| if error.at_end { token.end } else { token.start });
            wrong(&lexer, at, error.reason.into_owned())
        })?;
        match lexer.advance() {
            None => Ok(data),
            Some(_) => Err(wrong(&lexer, 0, "a second line follows".to_owned())),
        }
    }

    /// Its presentation form, on one line, with absolute names; the generic one (RFC 3597 §5) if it has no other. The same
    /// octets are always written alike, and are read back as the same.
    pub fn display(&self, rtype: Rtype) -> RdataText<'_> {
        RdataText { rtype, data: self, origin: None }
    }

    /// The octets.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// As record data of the `domain` crate.
    pub fn to_data(&self, rtype: Rtype) -> ZoneRecordData<&[u8], ParsedName<&[u8]>> {
        let mut parser = Parser::from_ref(&*self.0);
        ZoneRecordData::parse_rdata(rtype, &mut parser).ok().flatten().expect("invariant: it was made of such data")
    }
}

impl fmt::Debug for Rdata {
    /// As RFC 3597 §5 writes what has no form of its own: which type it is stands elsewhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\\# {}", self.0.len())?;
        self.0.iter().try_for_each(|octet| write!(f, " {octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_record_data_are_compared_without_case() {
        let upper = Rdata::from_wire(Rtype::MX, b"\x00\x0a\x04MAIL\x04TEST\x00").expect("an MX");
        let lower = Rdata::from_wire(Rtype::MX, b"\x00\x0a\x04mail\x04test\x00").expect("an MX");
        assert_eq!(upper, lower);
    }

    #[test]
    fn what_is_cut_or_too_long_is_refused() {
        for wire in [&b"\xc0\x00\x02"[..], b"\xc0\x00\x02\x01\x01"] {
            assert!(Rdata::from_wire(Rtype::A, wire).is_err(), "{wire:?}");
        }
    }

    #[test]
    fn a_type_that_nobody_knows_is_kept_as_it_is() {
        let rtype = Rtype::from_int(65_300);
        let data = Rdata::from_wire(rtype, b"\x00ANY\xff").expect("octets");
        assert_eq!(data.as_wire(), b"\x00ANY\xff");
    }
}
