//! Record data from tokens: the `domain` crate reads most types through its `Scanner`, which is given our tokens here.
//!
//! Written by hand is what it does not know (CERT, LOC, SMIMEA, SPF, URI) or reads otherwise than it is written: service parameters, whose keys
//! it refuses for a `9` or `z` (RFC 9460 §2.1), the units in the numbers of an SOA, and the generic form of known types.

use std::borrow::Cow;

use domain::base::name::{NameBuilder, PushError};
use domain::base::scan::{ConvertSymbols, EntrySymbol, Scan, Scanner, ScannerError, Symbol};
use domain::base::{CharStr, Name, Rtype, Serial, Ttl};
use domain::dep::octseq::str::Str;
use domain::rdata::tlsa::Tlsa;
use domain::rdata::{Soa, Txt, ZoneRecordData};

use super::{Rdata, certificate, location, service, uri};
use crate::token::{self, Token};
use crate::zonefile::duration;

/// The most octets of one value: its length has 16 bits on the wire.
const OCTETS_MAX: usize = 0xffff;

/// Why tokens are no record data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct ScanError {
    /// What is wrong.
    pub(crate) reason: Cow<'static, str>,
    /// Whether it is that tokens are missing.
    pub(crate) at_end: bool,
}

impl ScanError {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), at_end: false }
    }
}

impl ScannerError for ScanError {
    fn custom(reason: &'static str) -> Self {
        Self::new(reason)
    }

    fn end_of_entry() -> Self {
        Self { reason: Cow::Borrowed("the record ends before its data does"), at_end: true }
    }

    fn short_buf() -> Self {
        Self::new("it is too long")
    }

    fn trailing_tokens() -> Self {
        Self::new("this follows the end of the record's data")
    }
}

/// The tokens of one entry, and how far they were read.
pub(crate) struct Tokens<'t> {
    text: &'t [u8],
    all: &'t [Token],
    at: usize,
    origin: &'t Name<Vec<u8>>,
    /// Whether hex or base64 at the record's end may be missing.
    tail_is_optional: bool,
}

impl<'t> Tokens<'t> {
    pub(crate) fn new(text: &'t [u8], tokens: &'t [Token], origin: &'t Name<Vec<u8>>) -> Self {
        Self { text, all: tokens, at: 0, origin, tail_is_optional: false }
    }

    pub(crate) fn peek(&self) -> Option<&'t Token> {
        self.all.get(self.at)
    }

    pub(crate) fn raw(&self, token: &Token) -> &'t [u8] {
        token.raw(self.text)
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<&'t Token, ScanError> {
        let token = self.peek().ok_or_else(ScanError::end_of_entry)?;
        self.at += 1;
        Ok(token)
    }

    /// What the next token is written as.
    pub(crate) fn next_raw(&mut self) -> Result<&'t [u8], ScanError> {
        self.next().map(|token| token.raw(self.text))
    }

    /// The token that was read last.
    pub(crate) fn last(&self) -> Option<&'t Token> {
        self.at.checked_sub(1).and_then(|at| self.all.get(at))
    }
}

/// Reads a value to the end of its entry.
pub(crate) fn read(rtype: Rtype, tokens: &mut Tokens<'_>) -> Result<Rdata, ScanError> {
    // Only a key that is said not to be there may be left out (RFC 4025 §3.1).
    tokens.tail_is_optional = rtype == Rtype::IPSECKEY;
    let data = if tokens.scan_opt_unknown_marker()? {
        generic(rtype, tokens)?
    } else {
        match rtype {
            Rtype::SOA => Rdata::of(&start_of_authority(tokens)?),
            Rtype::SPF => Rdata::of(&Txt::scan(tokens)?),
            Rtype::CERT => from_wire(rtype, &certificate::read(tokens)?)?,
            // RFC 8162 §2: as TLSA is.
            Rtype::SMIMEA => Rdata::of(&Tlsa::scan(tokens)?),
            Rtype::LOC => from_wire(rtype, &location::read(tokens)?)?,
            Rtype::URI => from_wire(rtype, &uri::read(tokens)?)?,
            Rtype::SVCB | Rtype::HTTPS => from_wire(rtype, &service::read(tokens)?)?,
            rtype => {
                Rdata::of(&ZoneRecordData::<Vec<u8>, Name<Vec<u8>>>::scan(rtype, tokens).map_err(without_form(rtype))?)
            }
        }
    };
    if tokens.next().is_ok() {
        return Err(ScanError::trailing_tokens());
    }
    if data.as_wire().len() > OCTETS_MAX {
        return Err(ScanError::new("it exceeds 65,535 octets"));
    }
    Ok(data)
}

/// The `domain` crate's own sentence for a type without a form does not say what to do.
fn without_form(rtype: Rtype) -> impl Fn(ScanError) -> ScanError {
    move |error| match error.reason.as_ref() {
        "unknown record type with concrete data" => ScanError::new(format!(
            "{rtype} data has no form of its own here; write it as `\\# length hex` (RFC 3597 §5)"
        )),
        _ => error,
    }
}

fn from_wire(rtype: Rtype, wire: &[u8]) -> Result<Rdata, ScanError> {
    Rdata::from_wire(rtype, wire).map_err(|error| ScanError::new(error.to_string()))
}

/// The form that every type has (RFC 3597 §5). A known type's octets have to be such data all the same.
fn generic(rtype: Rtype, tokens: &mut Tokens<'_>) -> Result<Rdata, ScanError> {
    let length = usize::from(u16::scan(tokens)?);
    let mut octets = Vec::with_capacity(length);
    let mut digits = Vec::new();
    while let Ok(raw) = tokens.next_raw() {
        digits.extend_from_slice(raw);
        let whole = digits.len() & !1;
        let decoded = data_encoding::HEXLOWER_PERMISSIVE
            .decode(&digits[..whole])
            .map_err(|_| ScanError::new("expected hexadecimal digits"))?;
        octets.extend(decoded);
        digits.drain(..whole);
    }
    if !digits.is_empty() || octets.len() != length {
        return Err(ScanError::new(format!("{length} octets are announced, {} follow", octets.len())));
    }
    from_wire(rtype, &octets)
}

/// As people write it: refresh, retry, expire and minimum may have units.
fn start_of_authority(tokens: &mut Tokens<'_>) -> Result<Soa<Name<Vec<u8>>>, ScanError> {
    let (primary, mailbox) = (tokens.scan_name()?, tokens.scan_name()?);
    let serial = Serial::from(u32::scan(tokens)?);
    let mut interval = || {
        let raw = tokens.next_raw()?;
        duration::secs(raw).map(Ttl::from_secs).map_err(ScanError::new)
    };
    Ok(Soa::new(primary, mailbox, serial, interval()?, interval()?, interval()?, interval()?))
}

/// A name as it is written: `@` for the origin, with a final dot absolute, else below the origin (RFC 1035 §5.1).
pub(crate) fn name(token: &Token, raw: &[u8], origin: &Name<Vec<u8>>) -> Result<Name<Vec<u8>>, &'static str> {
    match raw {
        b"@" if !token.quoted => return Ok(origin.clone()),
        b"" => return Err("a name is empty"),
        b"." => return Ok(Name::root_vec()),
        _ => {}
    }
    let mut name = NameBuilder::vec_with_capacity(raw.len() + origin.len() + 1);
    let mut at = 0;
    while let Some((symbol, next)) = token::symbol_at(raw, at)? {
        if symbol == Symbol::Char('.') {
            if !name.in_label() {
                return Err("a label is empty: two dots follow each other, or one stands first");
            }
            name.end_label();
        } else {
            name.push(symbol.into_octet().map_err(|_| "it is no octet")?).map_err(|error| too_long(error))?;
        }
        at = next;
    }
    if name.in_label() {
        return name
            .append_origin(origin)
            .map_err(|_| "with its origin, the name exceeds 255 octets (RFC 1035 §2.3.4)");
    }
    name.into_name().map_err(|_| "the name exceeds 255 octets (RFC 1035 §2.3.4)")
}

fn too_long(error: PushError) -> &'static str {
    match error {
        PushError::LongLabel => "a label exceeds 63 octets (RFC 1035 §2.3.4)",
        PushError::LongName | PushError::ShortBuf => "the name exceeds 255 octets (RFC 1035 §2.3.4)",
    }
}

impl Scanner for Tokens<'_> {
    type Octets = Vec<u8>;
    type OctetsBuilder = Vec<u8>;
    type Name = Name<Vec<u8>>;
    type Error = ScanError;

    fn has_space(&self) -> bool {
        self.peek().is_some_and(|token| token.spaced)
    }

    fn continues(&mut self) -> bool {
        self.peek().is_some()
    }

    fn scan_symbols<F>(&mut self, mut op: F) -> Result<(), ScanError>
    where
        F: FnMut(Symbol) -> Result<(), ScanError>,
    {
        let raw = self.next_raw()?;
        if raw.is_empty() {
            // Else a number without digits would be 0.
            return Err(ScanError::new("it is empty"));
        }
        let mut at = 0;
        while let Some((symbol, next)) = token::symbol_at(raw, at).map_err(ScanError::new)? {
            op(symbol)?;
            at = next;
        }
        Ok(())
    }

    fn scan_entry_symbols<F>(&mut self, mut op: F) -> Result<(), ScanError>
    where
        F: FnMut(EntrySymbol) -> Result<(), ScanError>,
    {
        while self.continues() {
            self.scan_symbols(|symbol| op(symbol.into()))?;
            op(EntrySymbol::EndOfToken)?;
        }
        Ok(())
    }

    fn convert_token<C: ConvertSymbols<Symbol, ScanError>>(&mut self, mut convert: C) -> Result<Vec<u8>, ScanError> {
        let mut octets = Vec::new();
        self.scan_symbols(|symbol| {
            octets.extend_from_slice(convert.process_symbol(symbol)?.unwrap_or_default());
            Ok(())
        })?;
        octets.extend_from_slice(convert.process_tail()?.unwrap_or_default());
        Ok(octets)
    }

    fn convert_entry<C: ConvertSymbols<EntrySymbol, ScanError>>(
        &mut self,
        mut convert: C,
    ) -> Result<Vec<u8>, ScanError> {
        if !self.continues() && !self.tail_is_optional {
            return Err(ScanError::end_of_entry());
        }
        let mut octets = Vec::new();
        self.scan_entry_symbols(|symbol| {
            octets.extend_from_slice(convert.process_symbol(symbol)?.unwrap_or_default());
            Ok(())
        })?;
        octets.extend_from_slice(convert.process_tail()?.unwrap_or_default());
        Ok(octets)
    }

    fn scan_octets(&mut self) -> Result<Vec<u8>, ScanError> {
        token::octets_of(self.next_raw()?).map_err(ScanError::new)
    }

    fn scan_ascii_str<F, T>(&mut self, op: F) -> Result<T, ScanError>
    where
        F: FnOnce(&str) -> Result<T, ScanError>,
    {
        let octets = self.scan_octets()?;
        match str::from_utf8(&octets) {
            Ok(text) if text.is_ascii() => op(text),
            Ok(_) | Err(_) => Err(ScanError::new("it holds octets that are no ASCII")),
        }
    }

    fn scan_name(&mut self) -> Result<Name<Vec<u8>>, ScanError> {
        let token = self.next()?;
        name(token, self.raw(token), self.origin).map_err(ScanError::new)
    }

    fn scan_charstr(&mut self) -> Result<CharStr<Vec<u8>>, ScanError> {
        CharStr::from_octets(self.scan_octets()?)
            .map_err(|_| ScanError::new("a string exceeds 255 octets; cut it into several (RFC 1035 §3.3)"))
    }

    fn scan_string(&mut self) -> Result<Str<Vec<u8>>, ScanError> {
        Str::from_utf8(self.scan_octets()?).map_err(|_| ScanError::new("it is no UTF-8"))
    }

    fn scan_charstr_entry(&mut self) -> Result<Vec<u8>, ScanError> {
        let mut octets = Vec::new();
        loop {
            let string = self.scan_charstr()?;
            octets.push(u8::try_from(string.len()).expect("invariant: a string has at most 255 octets"));
            octets.extend_from_slice(string.as_slice());
            if !self.continues() {
                return Ok(octets);
            }
        }
    }

    fn scan_opt_unknown_marker(&mut self) -> Result<bool, ScanError> {
        let is_marker = self.peek().is_some_and(|token| !token.quoted && self.raw(token) == b"\\#");
        self.at += usize::from(is_marker);
        Ok(is_marker)
    }

    fn octets_builder(&mut self) -> Result<Vec<u8>, ScanError> {
        Ok(Vec::new())
    }
}
