//! What is wrong with a configuration, and where.
//!
//! Faults are collected, never thrown one at a time: an operator repairs a file once. A `Report` is written
//! through shared references, so that every part of the walk can complain where it stands.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::secret::SecretUse;

/// How many faults are kept: enough for any repair, and a generated file of a million wrong lines stays readable.
const FAULTS_MAX: usize = 500;

/// A position in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: Arc<Path>,
    /// 1 is the first; 0 stands for the file as a whole.
    pub(super) line: usize,
    /// 1 is the first.
    pub(super) column: usize,
}

impl Place {
    /// A file as a whole.
    pub(super) fn file(path: &Path) -> Self {
        Self { file: Arc::from(path), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 { write!(f, ":{}:{}", self.line, self.column) } else { Ok(()) }
    }
}

/// One thing that is wrong, or (among warnings) allowed but unwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line, 1 is the first; 0 if the fault is about the whole file.
    pub line: usize,
    /// The column, 1 is the first; 0 if the fault is about the whole file.
    pub column: usize,
    /// Where in the tree: `services[2].records[0].ttl`; empty at the top.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(place: &Place, path: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            file: place.file.to_path_buf(),
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            message: message.into(),
            hint,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Place { file: Arc::from(self.file.as_path()), line: self.line, column: self.column };
        write!(f, "{place}: ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n    hint: {hint}"))
    }
}

/// Every fault of a configuration, by file and line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    faults: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// The faults, by file and line.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.faults.iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    /// One line a fault, its hint indented below, and a last line that says what that means.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        let count = self.faults.len() + self.more;
        let not_shown = if self.more > 0 { format!(" ({} not shown)", self.more) } else { String::new() };
        write!(f, "{count} fault{}{not_shown}; nothing was started", if count == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Faults {}

/// Where the walk writes down what it finds.
#[derive(Debug, Default)]
pub(super) struct Report {
    faults: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<Fault>>,
    secrets: RefCell<Vec<SecretUse>>,
}

impl Report {
    pub(super) fn fault(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    pub(super) fn warn(&self, warning: Fault) {
        self.warnings.borrow_mut().push(warning);
    }

    pub(super) fn uses(&self, secret: SecretUse) {
        self.secrets.borrow_mut().push(secret);
    }

    pub(super) fn is_clean(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// Takes the secrets that were named so far.
    pub(super) fn take_secrets(&self) -> Vec<SecretUse> {
        self.secrets.take()
    }

    /// The warnings if there is no fault, else the faults.
    pub(super) fn finish(self) -> Result<Vec<Fault>, Faults> {
        let mut faults = sorted(self.faults.into_inner());
        if faults.is_empty() {
            return Ok(sorted(self.warnings.into_inner()));
        }
        let more = faults.len().saturating_sub(FAULTS_MAX);
        faults.truncate(FAULTS_MAX);
        Err(Faults { faults, more })
    }
}

/// By file and position; what two checks found alike is told once.
fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by(|a, b| (&a.file, a.line, a.column, &a.path).cmp(&(&b.file, b.line, b.column, &b.path)));
    faults.dedup();
    faults
}
