//! What is wrong with a zone, or unwise about it, and where. Findings are collected, never told one at a time: a file is repaired
//! once.

use std::fmt;
use std::sync::Arc;

/// How many findings are kept: enough for any repair, and a file of a million wrong lines stays readable. The others are counted.
const KEPT_MAX: usize = 500;
/// How much of an offending text is shown, in characters.
const SHOWN_MAX: usize = 120;

/// What a finding means for the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The zone is not taken.
    Refused,
    /// It is taken, but someone should look at it.
    Warning,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// 1 is the first; 0 stands for the file as a whole.
    pub line: usize,
    /// In characters, 1 is the first; 0 stands for the line as a whole.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        [self.line, self.column]
            .into_iter()
            .take_while(|number| *number > 0)
            .try_for_each(|number| write!(f, ":{number}"))
    }
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it means.
    pub severity: Severity,
    /// Where; nothing if the zone came from no file.
    pub place: Option<Place>,
    /// The offending text, or the record that it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    /// Something for which the zone is not taken.
    pub fn refused(subject: impl Into<String>, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Severity::Refused, subject, message, advice)
    }

    /// Something for which it is taken all the same.
    pub fn warning(subject: impl Into<String>, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Severity::Warning, subject, message, advice)
    }

    fn new(
        severity: Severity,
        subject: impl Into<String>,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let subject = shortened(subject.into());
        Self { severity, place: None, subject, message: message.into(), advice: advice.into() }
    }

    /// The same, where it stands.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl fmt::Display for Finding {
    /// One line, what to do indented below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        match self.severity {
            Severity::Refused => {}
            Severity::Warning => f.write_str("warning: ")?,
        }
        // A text may hold whatever a file does; a terminal gets none of it as it is.
        if !self.subject.is_empty() {
            write!(f, "`{}`: ", self.subject.escape_debug())?;
        }
        write!(f, "{}\n    hint: {}", self.message, self.advice)
    }
}

/// All of them, by file and line once sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    refused: usize,
    warnings: usize,
}

impl Findings {
    /// Adds one. Of those beyond the bound, refusals displace warnings, so that what has to be repaired is seen.
    pub fn add(&mut self, finding: Finding) {
        let severity = finding.severity;
        match severity {
            Severity::Refused => self.refused += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.kept.len() < KEPT_MAX {
            self.kept.push(finding);
        } else if severity == Severity::Refused
            && let Some(warning) = self.kept.iter_mut().rfind(|kept| kept.severity == Severity::Warning)
        {
            *warning = finding;
        }
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Self) {
        let Self { kept, refused, warnings } = other;
        let shown = |severity| kept.iter().filter(|finding| finding.severity == severity).count();
        self.refused += refused - shown(Severity::Refused);
        self.warnings += warnings - shown(Severity::Warning);
        for finding in kept {
            self.add(finding);
        }
    }

    /// The same, by file, line and column; what has no place comes last.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.kept.sort_by(|one, other| (one.place.is_none(), &one.place).cmp(&(other.place.is_none(), &other.place)));
        self
    }

    /// Those that were kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.kept.iter()
    }

    /// How many refuse the zone.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// How many only warn.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.refused + self.warnings == 0
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Findings {
    /// Each, and a last line that counts them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        write!(f, "{}, {}", plural(self.refused, "fault"), plural(self.warnings, "warning"))?;
        match self.refused + self.warnings - self.kept.len() {
            0 => Ok(()),
            hidden => write!(f, " ({hidden} not shown)"),
        }
    }
}

impl std::error::Error for Findings {}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: usize) -> Place {
        Place { file: "a.zone".into(), line, column: 3 }
    }

    #[test]
    fn says_where_what_and_what_to_do() {
        let finding = Finding::refused("a\u{1b}[2J", "is no type", "name one").at(Some(place(2)));
        assert_eq!(finding.to_string(), "a.zone:2:3: `a\\u{1b}[2J`: is no type\n    hint: name one");
        let whole = Place { line: 0, ..place(0) };
        assert_eq!(
            Finding::warning("", "is old", "look").at(Some(whole)).to_string(),
            "a.zone: warning: is old\n    hint: look"
        );
    }

    #[test]
    fn what_has_to_be_repaired_is_seen_before_what_is_unwise() {
        let mut findings = Findings::default();
        (0..KEPT_MAX + 10).for_each(|_| findings.add(Finding::warning("", "is old", "look")));
        findings.add(Finding::refused("", "is wrong", "mend"));
        assert_eq!((findings.refused(), findings.warnings(), findings.iter().count()), (1, KEPT_MAX + 10, KEPT_MAX));
        assert!(findings.iter().any(|finding| finding.severity == Severity::Refused));
        assert!(findings.to_string().ends_with("1 fault, 510 warnings (11 not shown)"), "{findings}");
        let mut all = Findings::default();
        all.append(findings.clone());
        assert_eq!(all, findings);
    }

    #[test]
    fn sorts_by_place() {
        let mut findings = Findings::default();
        for at in [None, Some(place(10)), Some(place(2))] {
            findings.add(Finding::refused("", "is wrong", "mend").at(at));
        }
        let lines: Vec<Option<usize>> =
            findings.sorted().iter().map(|finding| finding.place.as_ref().map(|at| at.line)).collect();
        assert_eq!(lines, [Some(2), Some(10), None]);
    }
}
