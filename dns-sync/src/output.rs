//! The one place that writes: answers to stdout, everything else to stderr.

pub(crate) mod progress;

use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use dns_zone::{Line, Mark};
use indicatif::MultiProgress;

/// Where and how to write.
#[derive(Debug)]
pub(crate) struct Output {
    choice: Option<ColorChoice>,
    tells_progress: bool,
    /// What is on the terminal right now; it makes room for every line.
    bars: MultiProgress,
}

impl Output {
    /// With colours where a terminal shows them, unless told otherwise.
    pub(crate) fn new(no_color: bool) -> Self {
        Self { choice: no_color.then_some(ColorChoice::Never), tells_progress: true, bars: MultiProgress::new() }
    }

    /// For programs: nothing is told of what happens meanwhile.
    pub(crate) fn without_progress(self) -> Self {
        Self { tells_progress: false, ..self }
    }

    /// An answer. What providers say may hold anything, so control characters never reach the terminal.
    pub(crate) fn answer(&self, text: &str) -> io::Result<()> {
        self.print(&clean(text))
    }

    fn print(&self, text: &str) -> io::Result<()> {
        let choice = self.choice.unwrap_or_else(|| AutoStream::choice(&io::stdout()));
        let mut stream = AutoStream::new(io::stdout(), choice);
        self.bars.suspend(|| unless_unread(writeln!(stream, "{}", text.trim_end()).and_then(|()| stream.flush())))
    }

    /// A plan, line by line.
    pub(crate) fn lines(&self, lines: &[Line]) -> io::Result<()> {
        let text: Vec<String> = lines.iter().map(painted).collect();
        self.print(&text.join("\n"))
    }

    /// What happens meanwhile.
    pub(crate) fn note(&self, text: &str) -> io::Result<()> {
        let choice = self.choice.unwrap_or_else(|| AutoStream::choice(&io::stderr()));
        let mut stream = AutoStream::new(io::stderr(), choice);
        self.bars.suspend(|| unless_unread(writeln!(stream, "{}", clean(text)).and_then(|()| stream.flush())))
    }
}

/// `| head` has read what it wanted: that is no failure, and above all it ends no write half-way.
fn unless_unread(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn clean(text: &str) -> String {
    let shown =
        |one: char| if one.is_control() && one != '\n' { one.escape_default().to_string() } else { one.to_string() };
    text.chars().map(shown).collect()
}

/// The texts of a plan's lines are clean.
fn painted(line: &Line) -> String {
    let style = style(line.mark);
    format!("{style}{} {}{style:#}", line.mark.sign(), line.text)
}

fn style(mark: Mark) -> Style {
    match mark {
        Mark::Head => Style::new().bold(),
        Mark::Add => AnsiColor::Green.on_default(),
        Mark::Remove => AnsiColor::Red.on_default(),
        Mark::Change => AnsiColor::Yellow.on_default(),
        Mark::Note => Style::new(),
        Mark::Stop => AnsiColor::Red.on_default().bold(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_away_ends_nothing_and_a_full_disk_does() {
        unless_unread(Err(io::ErrorKind::BrokenPipe.into())).expect("an end, and no failure");
        unless_unread(Err(io::ErrorKind::StorageFull.into())).expect_err("what was told is lost");
    }

    #[test]
    fn nothing_that_a_provider_says_moves_the_cursor() {
        assert_eq!(clean("two\nlines \u{1b}[2K\r"), "two\nlines \\u{1b}[2K\\r");
    }
}
