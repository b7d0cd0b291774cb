//! TXT contents: what quotes mean to the API, and how large a content is on the wire.
//!
//! Without quotes a content is kept as it is and served as one text, cut at 255 octets. With quotes it is a sequence of
//! RFC 1035 character strings; those above 255 octets are split and only then stored differently from what was given.

use std::fmt::Write;

/// The longest character string (RFC 1035 §3.3).
const STRING_OCTETS_MAX: usize = 255;

/// A content as stored, and the strings that are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) content: String,
    pub(super) strings: Vec<Vec<u8>>,
}

/// Reads a content; `None` when its quotes are inconsistent or nothing is in it.
pub(super) fn parse(given: &str) -> Option<Text> {
    if given.is_empty() {
        return None;
    }
    if !given.starts_with('"') {
        let strings = cut(given.as_bytes());
        return (!given.contains('"')).then(|| Text { content: given.to_owned(), strings });
    }
    let parsed = quoted(given)?;
    let is_short = parsed.iter().all(|string| string.len() <= STRING_OCTETS_MAX);
    let strings: Vec<Vec<u8>> = parsed.iter().flat_map(|string| cut(string)).collect();
    let content = if is_short { given.to_owned() } else { render(&strings) };
    Some(Text { content, strings })
}

impl Text {
    /// The octets of the record's data.
    pub(super) fn wire_octets(&self) -> usize {
        self.strings.iter().map(|string| string.len() + 1).sum()
    }
}

/// An empty string is served as one, not as none.
fn cut(string: &[u8]) -> Vec<Vec<u8>> {
    if string.is_empty() {
        return vec![Vec::new()];
    }
    string.chunks(STRING_OCTETS_MAX).map(<[u8]>::to_vec).collect()
}

fn quoted(given: &str) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    let mut rest = given;
    loop {
        let (string, after) = one(rest.strip_prefix('"')?)?;
        strings.push(string);
        rest = after.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return Some(strings);
        }
        if rest.len() == after.len() {
            // Two strings with nothing in between: the quotes belong to something else.
            return None;
        }
    }
}

/// A string up to its closing quote, and what follows.
fn one(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut string = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some((string, &text[at + 1..])),
            b'\\' => {
                let (octet, taken) = escaped(&bytes[at + 1..])?;
                string.push(octet);
                at += 1 + taken;
            }
            octet => {
                string.push(octet);
                at += 1;
            }
        }
    }
}

/// What follows a backslash (RFC 1035 §5.1): three decimal digits, or the character itself.
fn escaped(bytes: &[u8]) -> Option<(u8, usize)> {
    let first = *bytes.first()?;
    if !first.is_ascii_digit() {
        return Some((first, 1));
    }
    let digits = std::str::from_utf8(bytes.get(..3)?).ok()?;
    Some((digits.parse().ok()?, 3))
}

/// The strings as a zone file has them.
pub(super) fn render(strings: &[Vec<u8>]) -> String {
    strings.iter().map(|string| render_one(string)).collect::<Vec<_>>().join(" ")
}

fn render_one(string: &[u8]) -> String {
    let mut text = String::from("\"");
    for octet in string {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(*octet)]),
            0x20..=0x7e => text.push(char::from(*octet)),
            _ => write!(text, "\\{octet:03}").expect("invariant: writing to a String cannot fail"),
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(given: &str) -> Option<Vec<String>> {
        let text = parse(given)?;
        Some(text.strings.into_iter().map(|string| String::from_utf8(string).expect("text")).collect())
    }

    #[test]
    fn reads_what_is_quoted_as_strings_and_the_rest_as_one() {
        assert_eq!(strings("v=1; a b"), Some(vec!["v=1; a b".to_owned()]));
        assert_eq!(strings(r#""a" "b c""#), Some(vec!["a".to_owned(), "b c".to_owned()]));
        assert_eq!(strings(r#""say \"hi\" \\ \065""#), Some(vec![r#"say "hi" \ A"#.to_owned()]));
        assert_eq!(strings(r#""""#), Some(vec![String::new()]));
    }

    #[test]
    fn refuses_inconsistent_quotes() {
        for given in ["", r#""this"#, r#""these" ones""#, r#"a "b""#, r#""a""b""#, r#""a\""#, r#""\999""#] {
            assert_eq!(parse(given), None, "{given:?}");
        }
    }

    #[test]
    fn splits_a_long_quoted_string_and_keeps_a_long_bare_one() {
        let long = "x".repeat(300);
        let quoted = parse(&format!("\"{long}\"")).expect("a text");
        assert_eq!(quoted.content, format!("\"{}\" \"{}\"", "x".repeat(255), "x".repeat(45)));
        let bare = parse(&long).expect("a text");
        assert_eq!((bare.content.as_str(), bare.wire_octets()), (long.as_str(), 302));
        assert_eq!(bare.strings, quoted.strings);
    }
}
