//! The one place that writes: answers to stdout, everything else to stderr.
//!
//! Text from outside (reasons, server errors) may hold anything, so control characters never reach the terminal.
//! Colour is painted here, over finished text: it cannot shift a column.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::arguments::{Format, Global};
use crate::failure::Failure;
use crate::render::Width;
use crate::render::paint::paint;

/// Goes to the upper left corner and clears the screen (ECMA-48 CUP and ED).
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J";

/// Goes to the start of the line and clears it (ECMA-48 EL).
const CLEAR_LINE: &str = "\r\x1b[K";

/// Where and how to write.
#[derive(Debug)]
pub struct Output {
    format: Format,
    choice: Option<ColorChoice>,
}

impl Output {
    /// As the command line says.
    pub fn of(global: &Global) -> Self {
        Self { format: global.output, choice: global.no_color.then_some(ColorChoice::Never) }
    }

    /// For people or for programs.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How wide tables may be: as the terminal, or as they like.
    pub fn width(&self) -> Width {
        if !self.is_terminal() {
            return Width::Unbounded;
        }
        terminal_size::terminal_size().map_or(Width::Unbounded, |(width, _)| Width::Columns(width.0))
    }

    /// Whether a person looks at stdout.
    pub fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Writes an answer, for people or for programs.
    pub fn answer<T: Serialize>(&self, value: &T, text: impl FnOnce(Width) -> String) -> std::io::Result<()> {
        match self.format {
            Format::Table => self.text(&text(self.width())),
            Format::Json => self.json(value),
        }
    }

    /// Writes JSON, indented.
    pub fn json<T: Serialize>(&self, value: &T) -> std::io::Result<()> {
        print_json(value)
    }

    /// Writes JSON on one line, for streams of it.
    pub fn json_line<T: Serialize>(&self, value: &T) -> std::io::Result<()> {
        raw(&serde_json::to_string(value)?)
    }

    /// Writes text, ending its last line.
    pub fn text(&self, text: &str) -> std::io::Result<()> {
        let choice = self.choice.unwrap_or_else(|| AutoStream::choice(&std::io::stdout()));
        let mut stream = AutoStream::new(std::io::stdout(), choice);
        writeln!(stream, "{}", paint(&clean(text.trim_end())))?;
        stream.flush()
    }

    /// Writes text in place of everything that is on the terminal.
    pub fn redraw(&self, text: &str) -> std::io::Result<()> {
        write!(std::io::stdout(), "{CLEAR_SCREEN}")?;
        self.text(text)
    }

    /// Tells how far a command is; on a terminal in one line that changes.
    pub fn progress(&self, text: &str) {
        let text = clean(text);
        if std::io::stderr().is_terminal() {
            // Nobody reads a line that cannot be written.
            drop(write!(std::io::stderr(), "{CLEAR_LINE}{text}"));
            drop(std::io::stderr().flush());
        } else {
            self.aside(&text);
        }
    }

    /// Ends the line that [`Output::progress`] changes.
    pub fn progress_over(&self) {
        if std::io::stderr().is_terminal() {
            drop(write!(std::io::stderr(), "{CLEAR_LINE}"));
        }
    }

    /// Tells something that is no answer.
    pub fn aside(&self, text: &str) {
        let choice = self.choice.unwrap_or_else(|| AutoStream::choice(&std::io::stderr()));
        let mut stream = AutoStream::new(std::io::stderr(), choice);
        drop(writeln!(stream, "{}", paint(&clean(text.trim_end()))));
    }

    /// Tells a failure; for programs there is a problem on stdout as well, never nothing.
    pub fn failure(&self, failure: &Failure) {
        if self.format == Format::Json {
            drop(self.json(&failure.as_problem()));
        }
        self.aside(&failure.text());
    }
}

/// Writes JSON, indented, where no command line says how to write.
pub fn print_json<T: Serialize>(value: &T) -> std::io::Result<()> {
    raw(&serde_json::to_string_pretty(value)?)
}

fn raw(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Text without anything that could move a cursor or paint over what was said.
fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() && c != '\n';
    if text.contains(bad) { text.replace(bad, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\rc\nd\u{9b}e"), "a\u{fffd}[2Jb\u{fffd}c\nd\u{fffd}e");
        assert!(matches!(clean("plain\ntext"), Cow::Borrowed(_)));
    }
}
