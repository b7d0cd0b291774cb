//! What a provider says, as it may stand in a log and at a terminal: one line, nothing in it that controls either, no longer than
//! anyone reads. Whoever looks for something in the words looks before.

/// How much is repeated: providers quote what they refuse.
const CHARS_MAX: usize = 500;

/// Its words, fit to be shown.
pub(crate) fn said(words: &str) -> String {
    let mut shown = String::new();
    for (nth, character) in words.trim().chars().enumerate() {
        if nth == CHARS_MAX {
            shown.push('…');
            break;
        }
        match character {
            // Printable; they would be escaped as in a literal.
            '"' | '\\' | '\'' => shown.push(character),
            // Line breaks, escape sequences, and what turns the direction of writing.
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_controls_a_terminal_or_begins_a_line_is_shown() {
        assert_eq!(said("bad\u{1b}[2J\r\nERROR forged\u{202e}\0"), "bad\\u{1b}[2J\\r\\nERROR forged\\u{202e}\\0");
        assert_eq!(said(" it's \"a\\046b.\" – ü "), "it's \"a\\046b.\" – ü", "what is printable stays");
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(said(&"x".repeat(CHARS_MAX)).len(), CHARS_MAX);
        assert_eq!(said(&"ü".repeat(CHARS_MAX + 1)), "ü".repeat(CHARS_MAX) + "…");
    }
}
