//! Tokens of the presentation format (RFC 1035 §5.1): words and quoted strings, by entries, with their places.
//!
//! Reading goes on after a fault at the next line, so that all faults of a file are told at once; that is why the files are cut
//! here and not by the `domain` crate's reader, which ends at its first error. What stands in a token is kept as it was written.

use domain::base::scan::Symbol;

/// One word or one quoted string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    /// Where it begins in the text, an opening quote left out.
    pub(crate) start: usize,
    /// Where it ends, a closing quote left out.
    pub(crate) end: usize,
    /// Whether it stood in quotes.
    pub(crate) quoted: bool,
    /// Whether white space stood before it.
    pub(crate) spaced: bool,
}

impl Token {
    /// What was written, escapes and all.
    pub(crate) fn raw<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// Why a text cannot be cut into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Where.
    pub(crate) start: usize,
    /// Where what is shown of it ends.
    pub(crate) end: usize,
    /// What is wrong.
    pub(crate) reason: &'static str,
    /// What to do.
    pub(crate) advice: &'static str,
}

/// Where something stands in a text; both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    /// Characters, not octets.
    pub(crate) column: usize,
}

/// Cuts a text into entries. One buffer of tokens serves all of them.
pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    entry_start: usize,
    entry_line: usize,
    tokens: Vec<Token>,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        // A mark that some editors put before UTF-8; it is no part of the first name.
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { text, at, line: 1, entry_start: at, entry_line: 1, tokens: Vec::new() }
    }

    /// The tokens of the entry that was cut last.
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(crate) fn text(&self) -> &'t [u8] {
        self.text
    }

    /// Whether its line begins with white space, which stands for the name before (RFC 1035 §5.1).
    pub(crate) fn is_indented(&self) -> bool {
        matches!(self.text.get(self.entry_start), Some(b' ' | b'\t'))
    }

    /// The line in which the entry that was cut last begins.
    pub(crate) fn entry_line(&self) -> usize {
        self.entry_line
    }

    /// Where an offset within the entry that was cut last stands.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let before = self.text.get(self.entry_start..offset).unwrap_or_default();
        let line = self.entry_line + before.split(|octet| *octet == b'\n').skip(1).count();
        let start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
        // Octets that continue a UTF-8 character are not counted.
        let column = 1 + before.iter().skip(start).filter(|octet| **octet & 0xc0 != 0x80).count();
        Position { line, column }
    }

    /// Cuts the next entry that has tokens; nothing at the end of the text.
    ///
    /// # Errors
    /// [`Flaw`]; the next call goes on in the line after it.
    pub(crate) fn advance(&mut self) -> Option<Result<(), Flaw>> {
        loop {
            self.tokens.clear();
            (self.entry_start, self.entry_line) = (self.at, self.line);
            if self.at >= self.text.len() {
                return None;
            }
            match self.cut_entry() {
                Ok(()) if self.tokens.is_empty() => {}
                Ok(()) => return Some(Ok(())),
                Err(flaw) => {
                    self.skip_line();
                    return Some(Err(flaw));
                }
            }
        }
    }

    fn cut_entry(&mut self) -> Result<(), Flaw> {
        let mut open = Vec::new();
        let mut spaced = false;
        while let Some(octet) = self.text.get(self.at).copied() {
            match octet {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    if open.is_empty() {
                        return Ok(());
                    }
                }
                b'(' => {
                    open.push(self.at);
                    self.at += 1;
                }
                b')' => {
                    if open.pop().is_none() {
                        return Err(self.flaw(self.at, "a `)` closes nothing", "remove it, or put a `(` before it"));
                    }
                    self.at += 1;
                }
                b';' => self.skip_comment(),
                b'"' => {
                    self.cut_quoted(spaced)?;
                    spaced = false;
                    continue;
                }
                _ => {
                    self.cut_word(spaced)?;
                    spaced = false;
                    continue;
                }
            }
            spaced = true;
        }
        match open.first() {
            None => Ok(()),
            Some(at) => Err(self.flaw(*at, "a `(` is never closed", "put a `)` behind the record's last field")),
        }
    }

    /// Leaves the line's end, which may end the entry.
    fn skip_comment(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
    }

    fn skip_line(&mut self) {
        self.skip_comment();
        if self.at < self.text.len() {
            self.at += 1;
            self.line += 1;
        }
    }

    fn cut_quoted(&mut self, spaced: bool) -> Result<(), Flaw> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.text.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end = self.escaped(end)?,
                None | Some(b'\n') => {
                    let advice =
                        "put a `\"` at its end; a string of several lines is written as several strings in ( )";
                    return Err(self.flaw(start - 1, "a quoted string is not closed in its line", advice));
                }
                Some(_) => end += 1,
            }
        }
        self.tokens.push(Token { start, end, quoted: true, spaced });
        self.at = end + 1;
        Ok(())
    }

    fn cut_word(&mut self, spaced: bool) -> Result<(), Flaw> {
        let start = self.at;
        let mut end = start;
        while let Some(octet) = self.text.get(end) {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b';' | b'"' => break,
                b'\\' => end = self.escaped(end)?,
                _ => end += 1,
            }
        }
        self.tokens.push(Token { start, end, quoted: false, spaced });
        self.at = end;
        Ok(())
    }

    /// Where the escape that begins here ends. Three digits are three octets of which none ends a word, so only the first counts.
    fn escaped(&self, at: usize) -> Result<usize, Flaw> {
        match self.text.get(at + 1) {
            None | Some(b'\n' | b'\r') => {
                Err(self.flaw(at, "a `\\` escapes nothing", "write `\\\\` for a backslash, or remove it"))
            }
            Some(_) => Ok(at + 2),
        }
    }

    /// A flaw, shown from its place to the end of the line.
    fn flaw(&self, start: usize, reason: &'static str, advice: &'static str) -> Flaw {
        let rest = self.text.get(start..).unwrap_or_default();
        let end = start + rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
        Flaw { start, end, reason, advice }
    }
}

/// The symbol of a token that begins at an index, and where the next one does; nothing at the end. Octets that are no printable
/// ASCII stand for themselves, as every server reads them.
///
/// # Errors
/// A sentence, if it is no escape (RFC 1035 §5.1).
pub(crate) fn symbol_at(raw: &[u8], at: usize) -> Result<Option<(Symbol, usize)>, &'static str> {
    match raw.get(at) {
        None => Ok(None),
        Some(b'\\') => Symbol::from_slice_index(raw, at)
            .map_err(|_| "`\\` must stand before a printable character or three digits up to 255"),
        Some(octet @ 0x20..=0x7e) => Ok(Some((Symbol::Char(char::from(*octet)), at + 1))),
        Some(octet) => Ok(Some((Symbol::DecimalEscape(*octet), at + 1))),
    }
}

/// The octets that a token stands for.
///
/// # Errors
/// As [`symbol_at`].
pub(crate) fn octets_of(raw: &[u8]) -> Result<Vec<u8>, &'static str> {
    if raw.iter().all(|octet| *octet != b'\\') {
        return Ok(raw.to_vec());
    }
    let mut octets = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some((symbol, next)) = symbol_at(raw, at)? {
        octets.push(symbol.into_octet().map_err(|_| "it is no octet")?);
        at = next;
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Result<Vec<String>, Position>> {
        let mut lexer = Lexer::new(text.as_bytes());
        let mut entries = Vec::new();
        while let Some(cut) = lexer.advance() {
            let shown = |token: &Token| {
                let raw = String::from_utf8_lossy(token.raw(lexer.text())).into_owned();
                format!("{}{}{raw}", if token.spaced { " " } else { "" }, if token.quoted { "\"" } else { "" })
            };
            entries.push(match cut {
                Ok(()) => Ok(lexer.tokens().iter().map(shown).collect()),
                Err(flaw) => Err(lexer.position(flaw.start)),
            });
        }
        entries
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn parentheses_join_lines_and_comments_end_them() {
        let cut = entries("a ( b ; c )\n d ) e ; f\n\n; only\n g\r\n");
        assert_eq!(cut, [Ok(words(&["a", " b", " d", " e"])), Ok(words(&[" g"]))]);
    }

    #[test]
    fn quotes_hold_what_else_would_end_a_word() {
        assert_eq!(entries("a=\"b ;(\\\"c\" d\\ e\\;"), [Ok(words(&["a=", "\"b ;(\\\"c", " d\\ e\\;"]))]);
    }

    #[test]
    fn goes_on_in_the_line_after_a_flaw() {
        let at = |line, column| Err(Position { line, column });
        assert_eq!(entries("é ) x\nb\n"), [at(1, 3), Ok(words(&["b"]))]);
        assert_eq!(entries("a \"b\nc\\\nd\n"), [at(1, 3), at(2, 2), Ok(words(&["d"]))]);
        assert_eq!(entries("a\nb ( c\nd\n"), [Ok(words(&["a"])), at(2, 3)]);
    }

    #[test]
    fn octets_come_from_escapes_and_from_themselves() {
        assert_eq!(octets_of("\\\"\\200ü\\065".as_bytes()), Ok(vec![b'"', 200, 0xc3, 0xbc, b'A']));
        assert!(octets_of(b"\\25").is_err() && octets_of(b"\\256").is_err());
    }
}
