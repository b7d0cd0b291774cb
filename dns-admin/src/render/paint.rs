//! Colour for the words that matter, over text that is already laid out.

use anstyle::{AnsiColor, Style};

const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const HEADER: Style = Style::new().bold();

const BAD_WORDS: &[&str] =
    &["PAGE", "conflicted", "denied", "error", "failing", "foreign", "old", "refused", "silent", "unverified"];
const WARN_WORDS: &[&str] = &[
    "blind",
    "burned",
    "expired",
    "flipping",
    "hint",
    "paused",
    "suspected",
    "undecided",
    "unknown",
    "verifying",
    "warning",
];
const GOOD_WORDS: &[&str] = &["done", "healthy", "proven", "served", "sighted", "steady", "verified"];

/// The text with its state words coloured and its header lines bold.
pub fn paint(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let letters = |c: char| c.is_ascii_alphabetic();
    let is_header =
        line.chars().filter(|c| letters(*c)).count() > 3 && !line.contains(|c: char| c.is_ascii_lowercase());
    if is_header && !line.starts_with("PAGE") {
        let (words, end) = line.split_at(line.trim_end().len());
        return format!("{HEADER}{words}{HEADER:#}{end}");
    }
    line.split_inclusive(|c: char| !letters(c)).map(|word| painted(word, letters)).collect()
}

/// `word` ends with the one character that separates it from the next, if there is one.
fn painted(word: &str, letters: impl Fn(char) -> bool) -> String {
    let (letters, separator) = word.split_at(word.trim_end_matches(|c| !letters(c)).len());
    match style(letters) {
        Some(style) => format!("{style}{letters}{style:#}{separator}"),
        None => word.to_owned(),
    }
}

fn style(word: &str) -> Option<Style> {
    let groups = [(BAD_WORDS, BAD), (WARN_WORDS, WARN), (GOOD_WORDS, GOOD)];
    groups.into_iter().find(|(words, _)| words.contains(&word)).map(|(_, style)| style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_state_words_and_leaves_the_rest() {
        let painted = paint("NAME  STATE\nshop  failing, not healthy-ish unfailing\n");
        assert_eq!(
            anstream::adapter::strip_str(&painted).to_string(),
            "NAME  STATE\nshop  failing, not healthy-ish unfailing\n"
        );
        assert!(painted.contains(&format!("{BAD}failing{BAD:#},")), "{painted:?}");
        assert!(painted.contains(" unfailing"), "{painted:?}");
        assert!(painted.starts_with(&format!("{HEADER}NAME  STATE{HEADER:#}\n")), "{painted:?}");
    }
}
