//! Sentences broken at a terminal's width, between words, with what follows hanging below the first word.

use super::Width;

/// Narrower than this, breaking turns sentences into columns of words.
const COLUMNS_MIN: usize = 40;

/// The lines of a sentence. Those after the first begin with so many blanks. Without a width it stays whole: programs read
/// lines. A word that is too long for a line stays whole as well, since it may be one to copy.
pub fn wrapped(text: &str, hang: usize, width: Width) -> String {
    let Width::Columns(columns) = width else { return text.to_owned() };
    let columns = usize::from(columns).max(COLUMNS_MIN);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words_for_people_only() {
        let text = "note checkout: on `dr`, not on `prod`, since 2026-11-21T07:10:00Z";
        assert_eq!(wrapped(text, 2, Width::Unbounded), text);
        let broken = "note checkout: on `dr`, not on `prod`,\n  since 2026-11-21T07:10:00Z";
        assert_eq!(wrapped(text, 2, Width::Columns(40)), broken);
        let long = "x".repeat(90);
        assert_eq!(wrapped(&format!("a {long} b"), 2, Width::Columns(80)), format!("a\n  {long}\n  b"));
    }
}
