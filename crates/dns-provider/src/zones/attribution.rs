//! What a provider tells of who has changed something. Pure.
//!
//! None of it is proof: a comment says what somebody has written there, maybe long ago and about something else, and a time is
//! that of the last change, whosever. So each says what it is told of, and is shown to people; nothing follows from it.

use std::fmt;

use dns_core::time::Timestamp;

/// How much of a remark is kept: a comment of a ticket's title and number, not a page.
const REMARK_CHARS_MAX: usize = 200;

/// What is told of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// What it is told of.
    pub basis: Basis,
    /// When that was last changed.
    pub at: Option<Timestamp>,
    /// Who did that; of a file, whose it is.
    pub by: Option<Remark>,
    /// What is noted there.
    pub note: Option<Remark>,
}

/// What a provider tells something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The records themselves.
    Records,
    /// A comment on them, which nobody has to keep true.
    Comment,
    /// The file that they stand in, with all others.
    File,
}

/// What somebody else has written: one line of bounded length, and nothing in it that moves a cursor or turns text around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark(String);

impl Remark {
    /// What is left of a text; nothing if nothing is.
    pub fn of(text: &str) -> Option<Self> {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        let shown = line.chars().filter(|one| !is_invisible(*one)).take(REMARK_CHARS_MAX);
        let line = shown.collect::<String>();
        if line.trim().is_empty() { None } else { Some(Self(line)) }
    }

    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks that have no width of their own, among them those that turn the direction of what follows (Unicode Standard Annex 9).
fn is_invisible(one: char) -> bool {
    matches!(one, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { basis, at, by, note } = self;
        f.write_str(match basis {
            Basis::Records => "its records were last changed there",
            Basis::Comment => "a comment on it was left there",
            Basis::File => "its file was last written",
        })?;
        if let Some(at) = at {
            write!(f, " at {}", date(*at))?;
        }
        if let Some(by) = by {
            f.write_str(match basis {
                Basis::Records | Basis::Comment => " by ",
                // Whoever may write to a file need not own it.
                Basis::File => " and belongs to ",
            })?;
            write!(f, "{by}")?;
        }
        match note {
            Some(note) => write!(f, ", with the words \"{note}\""),
            None => Ok(()),
        }
    }
}

/// As people and programs read it (RFC 3339), to the second.
fn date(at: Timestamp) -> String {
    let secs = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(secs)
        .map_or_else(|_| format!("{} s after 1970", at.as_secs()), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(text: &str) -> Option<Remark> {
        Remark::of(text)
    }

    #[test]
    fn what_others_write_is_one_bounded_line_that_moves_no_cursor() {
        let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}alice\r\nERROR\u{85}all\u{2028}is \u{202e}lost\u{200b}";
        assert_eq!(remark(hostile).expect("words").as_str(), "[2J ]0;x alice ERROR all is lost");
        let long = remark(&"ä".repeat(REMARK_CHARS_MAX + 1)).expect("words");
        assert_eq!(long.as_str().chars().count(), REMARK_CHARS_MAX);
        for nothing in ["", " \t\n", "\u{200b}\u{202e}", "\u{1b}"] {
            assert_eq!(remark(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn says_what_it_is_told_of() {
        let at = Some(Timestamp::from_secs(1_700_000_000));
        let said =
            |basis, at, by: &str, note: &str| Attribution { basis, at, by: remark(by), note: remark(note) }.to_string();
        assert_eq!(
            said(Basis::Comment, at, "alice", "ticket 7"),
            "a comment on it was left there at 2023-11-14T22:13:20Z by alice, with the words \"ticket 7\""
        );
        assert_eq!(
            said(Basis::Records, at, "", "ticket 7"),
            "its records were last changed there at 2023-11-14T22:13:20Z, with the words \"ticket 7\""
        );
        assert_eq!(said(Basis::File, None, "user 1000", ""), "its file was last written and belongs to user 1000");
        let never = Some(Timestamp::from_millis(u64::MAX));
        assert!(said(Basis::File, never, "", "").contains("s after 1970"));
    }
}
