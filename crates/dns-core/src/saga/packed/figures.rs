//! What is one saga's own in its text, taken out: what is left, its *shape*, is the same for nearly all.
//!
//! JSON holds no control characters (RFC 8259 §7), so each of them marks what was taken out there: a word that the service
//! brings along, such as its name, or a number or an id, which are kept beside the shape. Putting them back gives the text
//! byte for byte, whatever it was and however well it was cut.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;

use crate::service::Everywhere;

/// Marks a number.
const NUMBER: u8 = 1;

/// Marks an id.
const ID: u8 = 2;

/// Marks the first word; the next ones have the marks after it.
const WORD: u8 = 3;

/// As many words as there are marks.
const WORDS_MAX: usize = (b' ' - WORD) as usize;

/// Shorter numbers stay: epochs, revs and counts are the same in nearly all services.
const DIGITS_MIN: usize = 5;

/// Longer ones stay as well: up to here the difference of two fits 64 bits.
const DIGITS_MAX: usize = 18;

/// Shorter words with digits in them stay: they are no ids of ours.
const ID_MIN: usize = 16;

/// How an id is kept: as its letters, as half as many bytes, or by naming one before it, counted from here.
const ID_AS_IT_IS: u64 = 0;
const ID_OF_BYTES: u64 = 1;
const ID_OF_BEFORE: u64 = 2;

/// The words of a service that its text repeats, each with its rank: services of one kind have the same at the same rank.
pub(super) struct Words(Vec<String>);

/// A text, cut.
pub(super) struct Cut {
    pub(super) shape: Vec<u8>,
    pub(super) figures: Vec<u8>,
}

/// The figures of a text, as they are met in it.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Most numbers are times, and close to the one before.
    last: i64,
    ids: Vec<Vec<u8>>,
}

/// The same, read back.
struct Reader<'a> {
    bytes: &'a [u8],
    last: i64,
    ids: Vec<Vec<u8>>,
}

impl Words {
    pub(super) fn of(service: &Everywhere) -> Self {
        let lead = service.lead();
        let mut words = vec![lead.name.to_string()];
        let endpoints = lead.regions.iter().flat_map(|region| &region.endpoints);
        words.extend(endpoints.map(ToString::to_string));
        for here in service.projections() {
            let zone = here.zone.to_string();
            let names: BTreeSet<String> = here.records.iter().map(|record| record.key.name().to_string()).collect();
            // In a fence a name stands without its zone.
            let inner = |name: &String| name.strip_suffix(&zone).map(|inner| inner.trim_end_matches('.').to_owned());
            words.extend(names.iter().filter_map(inner));
            words.extend(names);
            words.push(zone);
        }
        words.truncate(WORDS_MAX);
        Self(words)
    }

    /// The longest that a text begins with, and its mark.
    fn longest(&self, text: &[u8]) -> Option<(u8, &str)> {
        let marked = (WORD..).zip(&self.0).map(|(mark, word)| (mark, word.as_str()));
        let begins = |(_, word): &(u8, &str)| !word.is_empty() && text.starts_with(word.as_bytes());
        marked.filter(begins).max_by_key(|(mark, word)| (word.len(), u8::MAX - mark))
    }

    fn marked(&self, mark: u8) -> Option<&str> {
        self.0.get(usize::from(mark.checked_sub(WORD)?)).map(String::as_str)
    }
}

/// Cuts a text that holds no control characters.
pub(super) fn cut(text: &[u8], words: &Words) -> Cut {
    let (mut shape, mut figures) = (Vec::with_capacity(text.len()), Writer::default());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if let Some((mark, word)) = words.longest(rest) {
            shape.push(mark);
            rest = &rest[word.len()..];
        } else if length == 0 {
            shape.push(*first);
            rest = after;
        } else {
            let (token, after) = rest.split_at(length);
            match figures.take(token) {
                Some(mark) => shape.push(mark),
                None => shape.extend_from_slice(token),
            }
            rest = after;
        }
    }
    Cut { shape, figures: figures.bytes }
}

/// Puts together what was cut; `None` if it was cut by other words.
pub(super) fn join(shape: &[u8], figures: &[u8], words: &Words) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(shape.len() * 2);
    let mut figures = Reader { bytes: figures, last: 0, ids: Vec::new() };
    for byte in shape {
        match *byte {
            NUMBER => text.extend_from_slice(figures.number()?.to_string().as_bytes()),
            ID => text.extend_from_slice(&figures.id()?),
            mark @ WORD..b' ' => text.extend_from_slice(words.marked(mark)?.as_bytes()),
            other => text.push(other),
        }
    }
    figures.bytes.is_empty().then_some(text)
}

impl Writer {
    /// Takes a word of letters and digits, if it is a figure, and returns its mark.
    fn take(&mut self, token: &[u8]) -> Option<u8> {
        let fits = (DIGITS_MIN..=DIGITS_MAX).contains(&token.len()) && !token.starts_with(b"0");
        if fits && token.iter().all(u8::is_ascii_digit) {
            let number = token.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
            let difference = number - std::mem::replace(&mut self.last, number);
            push_number(&mut self.bytes, zigzag(difference));
            return Some(NUMBER);
        }
        let is_id = token.len() >= ID_MIN && token.iter().any(u8::is_ascii_digit);
        is_id.then(|| {
            self.take_id(token);
            ID
        })
    }

    fn take_id(&mut self, id: &[u8]) {
        if let Some(before) = self.ids.iter().rev().zip(ID_OF_BEFORE..).find(|(known, _)| *known == id) {
            push_number(&mut self.bytes, before.1);
            return;
        }
        self.ids.push(id.to_vec());
        let (kind, bytes) = match HEXLOWER.decode(id) {
            Ok(bytes) => (ID_OF_BYTES, bytes),
            Err(_) => (ID_AS_IT_IS, id.to_vec()),
        };
        push_number(&mut self.bytes, kind);
        push_number(&mut self.bytes, bytes.len() as u64);
        self.bytes.extend_from_slice(&bytes);
    }
}

impl Reader<'_> {
    fn number(&mut self) -> Option<i64> {
        self.last += unzigzag(self.plain()?);
        Some(self.last)
    }

    fn id(&mut self) -> Option<Vec<u8>> {
        let kind = self.plain()?;
        if let Some(back) = kind.checked_sub(ID_OF_BEFORE) {
            let back = usize::try_from(back).ok()?;
            return self.ids.iter().rev().nth(back).cloned();
        }
        let length = usize::try_from(self.plain()?).ok()?;
        let (bytes, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        let id = if kind == ID_OF_BYTES { HEXLOWER.encode(bytes).into_bytes() } else { bytes.to_vec() };
        self.ids.push(id.clone());
        Some(id)
    }

    fn plain(&mut self) -> Option<u64> {
        pull_number(&mut self.bytes)
    }
}

/// Small ones of both signs become small ones without a sign.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Seven bits a byte, the lowest first; all but the last have the eighth set.
pub(super) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Reads one, and goes on behind it.
pub(super) fn pull_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::service;

    fn words() -> Words {
        Words::of(&Everywhere::only(service()))
    }

    fn whole(text: &str) -> Cut {
        let cut = cut(text.as_bytes(), &words());
        let joined = join(&cut.shape, &cut.figures, &words()).expect("it joins");
        assert_eq!(String::from_utf8(joined).expect("text"), text);
        cut
    }

    #[test]
    fn whatever_is_cut_is_joined_to_the_same_text() {
        let hex = "01a1fd0314c0000000000000000005dc";
        let odd = "01J9XZ1ABCDEFGHJKMNPQRSTVW";
        let texts = [
            String::new(),
            "1".to_owned(),
            "0000000123456 12345 00012345 999999999999999999 9999999999999999999 -17952462000000".to_owned(),
            format!("{hex}{hex} {hex} {odd} {hex}1 {odd} {hex} {odd}"),
            "checkout checkout2 192.0.2.10 192.0.2.101 1192.0.2.10 api.example.com.example.com.".to_owned(),
            format!("{:?} ä ::1 {}", "a\"b\\", "x".repeat(300)),
        ];
        for text in texts {
            whole(&text);
        }
    }

    #[test]
    fn texts_that_differ_by_figures_alone_have_one_shape() {
        let one = whole("checkout at 1795246200000, 01a1fd0314c0000000000000000005dc, since 1795246200");
        let other = whole("checkout at 1795999999999, 01a1fd0318a800000000000000000af0, since 1795999999");
        assert_eq!(one.shape, other.shape);
        assert_ne!(one.figures, other.figures);
    }

    #[test]
    fn what_is_near_or_was_there_before_takes_a_byte_or_two() {
        let once = whole("1795246200000 01a1fd0314c0000000000000000005dc").figures.len();
        let twice = whole(
            "1795246200000 01a1fd0314c0000000000000000005dc 1795246200030 01a1fd0314c0000000000000000005dc 1795246200000",
        );
        assert_eq!(twice.figures.len(), once + 3);
    }

    #[test]
    fn other_words_are_noticed_if_there_are_fewer() {
        let cut = cut(b"checkout 192.0.2.10", &words());
        assert_eq!(join(&cut.shape, &cut.figures, &Words(Vec::new())), None);
    }
}
