//! The strings of a TXT record in presentation form (RFC 1035 §5.1): quoted, with escapes, as APIs take and give them.

use std::fmt::Write;

use dns_core::fence::text::FenceText;

/// The longest character string (RFC 1035 §3.3).
const STRING_BYTES_MAX: usize = 255;

/// Writes strings, each in quotes.
pub(crate) fn write(text: &FenceText) -> String {
    text.strings().iter().map(|string| write_one(string)).collect::<Vec<_>>().join(" ")
}

/// Reads what is in quotes as strings, and what is not as one text, which is served cut at 255 octets. `None` if the
/// quotes are inconsistent or the octets are no text.
pub(crate) fn read(content: &str) -> Option<FenceText> {
    let strings = if content.starts_with('"') { quoted(content)? } else { bare(content)? };
    let texts: Result<Vec<String>, _> = strings.into_iter().map(String::from_utf8).collect();
    texts.ok().map(FenceText::from_strings)
}

fn write_one(string: &str) -> String {
    let mut text = String::from("\"");
    for byte in string.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            0x20..=0x7e => text.push(char::from(byte)),
            _ => write!(text, "\\{byte:03}").expect("invariant: writing to a String cannot fail"),
        }
    }
    text + "\""
}

fn bare(content: &str) -> Option<Vec<Vec<u8>>> {
    let is_one_text = !content.is_empty() && !content.contains('"');
    is_one_text.then(|| content.as_bytes().chunks(STRING_BYTES_MAX).map(<[u8]>::to_vec).collect())
}

fn quoted(content: &str) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    let mut rest = content.as_bytes();
    while !rest.is_empty() {
        let (string, after) = one(rest.strip_prefix(b"\"")?)?;
        strings.push(string);
        let next = after.trim_ascii_start();
        if next.len() == after.len() && !next.is_empty() {
            // Two strings with nothing between them: the quotes belong to something else.
            return None;
        }
        rest = next;
    }
    Some(strings)
}

/// One string up to its closing quote, and what follows.
fn one(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut string = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some((string, after)),
            [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..] => {
                let code = [a, b, c].iter().fold(0_u16, |code, digit| code * 10 + u16::from(**digit - b'0'));
                string.push(u8::try_from(code).ok()?);
                after
            }
            [b'\\', b'0'..=b'9', ..] | [] => return None,
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                string.push(*byte);
                after
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(content: &str) -> Option<Vec<String>> {
        read(content).map(|text| text.strings().to_vec())
    }

    #[test]
    fn reads_back_what_it_writes() {
        for string in ["v=1;", "", "say \"hi\" \\ there", "ä", "\\065"] {
            let text = FenceText::from_strings(vec![string.to_owned(), "b;".to_owned()]);
            assert_eq!(read(&write(&text)), Some(text.clone()), "{}", write(&text));
        }
    }

    #[test]
    fn reads_quoted_strings_and_bare_text() {
        assert_eq!(strings(r#""a=1;" "b c""#), Some(vec!["a=1;".to_owned(), "b c".to_owned()]));
        assert_eq!(strings("\"a\"\t \"\\098\""), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(strings("a=1; b"), Some(vec!["a=1; b".to_owned()]));
        let long = "x".repeat(300);
        assert_eq!(strings(&long), Some(vec!["x".repeat(255), "x".repeat(45)]));
    }

    #[test]
    fn refuses_what_has_no_one_meaning() {
        for content in ["", r#""a"#, r#""a""b""#, r#"a "b""#, r#""\999""#, r#""\12""#, r#""\255""#, r#""a\""#] {
            assert_eq!(strings(content), None, "{content}");
        }
    }
}
