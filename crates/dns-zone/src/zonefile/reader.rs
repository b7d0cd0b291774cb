//! Reads a zone file and what it includes, entry by entry. A faulty entry is told and left out, and reading goes on, so that all
//! faults are told at once; the zone itself is only taken without any.

use std::borrow::Cow;
use std::sync::Arc;

use domain::base::Name;

use super::assembly::{self, Found, ZoneFile};
use super::include::{FileError, Files, Source};
use super::outside::Outside;
use crate::finding::{Finding, Findings, Place};
use crate::owner::Owner;
use crate::record_set::Ttl;
use crate::token::{Flaw, Lexer, Token};

/// How deep files may include each other: more than anyone's layout needs, and far from the stack's end.
const DEPTH_MAX: usize = 16;
/// How many files may be included in all: two lines that include the same file double the work at each level.
const INCLUDES_MAX: usize = 10_000;

/// Reads the zone `apex` from a file and those that it includes.
///
/// # Errors
/// All faults, and the warnings beside them.
pub fn read(apex: &Owner, file: &str, files: &dyn Files) -> Result<ZoneFile, Findings> {
    let mut reader = Reader::new(apex, files);
    match files.read(file, None) {
        Ok(source) => reader.file(&source, apex.to_name(), Previous::None),
        Err(error) => {
            let place = Place { file: file.into(), line: 0, column: 0 };
            reader.findings.add(Finding::refused("", error.to_string(), error.advice()).at(Some(place)));
        }
    }
    let Reader { names, found, mut findings, outside, .. } = reader;
    findings.append(outside.told(apex, names.first()));
    assembly::finish(apex, names, found, findings)
}

/// What is wrong with an entry.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: Cow<'static, str>,
    pub(super) advice: Cow<'static, str>,
}

impl Fault {
    pub(super) fn new(
        token: &Token,
        message: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { start: token.start, end: token.end, message: message.into(), advice: advice.into() }
    }

    /// Something is missing behind a token.
    pub(super) fn after(
        token: &Token,
        message: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { start: token.end, end: token.end, message: message.into(), advice: advice.into() }
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        let Flaw { start, end, reason, advice } = flaw;
        Self { start, end, message: Cow::Borrowed(reason), advice: Cow::Borrowed(advice) }
    }
}

/// The owner that a record without one takes (RFC 1035 §5.1).
#[derive(Clone, Debug)]
pub(super) enum Previous {
    /// No record came before.
    None,
    /// The name before could not be read. Records that take it are left out without a word: it was told once.
    Faulty,
    /// This one.
    Known(Owner),
}

/// What holds within one file and ends with it.
pub(super) struct Scope {
    pub(super) file: Arc<str>,
    pub(super) number: u32,
    pub(super) origin: Name<Vec<u8>>,
    pub(super) previous: Previous,
}

pub(super) struct Reader<'f> {
    pub(super) apex: &'f Owner,
    files: &'f dyn Files,
    names: Vec<Arc<str>>,
    /// The files that are being read, each included by the one before.
    chain: Vec<Arc<str>>,
    pub(super) found: Vec<Found>,
    pub(super) findings: Findings,
    pub(super) outside: Outside,
    /// Of `$TTL`. An included file's goes on behind it, as if its text stood there.
    pub(super) default_ttl: Option<Ttl>,
    /// The last one that was stated with a record (RFC 1035 §5.1).
    pub(super) last_ttl: Option<Ttl>,
}

impl<'f> Reader<'f> {
    fn new(apex: &'f Owner, files: &'f dyn Files) -> Self {
        Self {
            apex,
            files,
            names: Vec::new(),
            chain: Vec::new(),
            found: Vec::new(),
            findings: Findings::default(),
            outside: Outside::default(),
            default_ttl: None,
            last_ttl: None,
        }
    }

    fn file(&mut self, source: &Source, origin: Name<Vec<u8>>, previous: Previous) {
        let number = u32::try_from(self.names.len()).expect("invariant: INCLUDES_MAX bounds them");
        self.names.push(Arc::clone(&source.name));
        self.chain.push(Arc::clone(&source.name));
        let mut scope = Scope { file: Arc::clone(&source.name), number, origin, previous };
        let mut lexer = Lexer::new(&source.octets);
        while let Some(cut) = lexer.advance() {
            let entered = cut.map_err(Fault::from).and_then(|()| self.entry(&lexer, &mut scope));
            if let Err(fault) = entered {
                self.findings.add(told(&lexer, &scope, fault));
            }
        }
        self.chain.pop();
    }

    fn entry(&mut self, lexer: &Lexer<'_>, scope: &mut Scope) -> Result<(), Fault> {
        let Some((first, rest)) = lexer.tokens().split_first() else { return Ok(()) };
        if !lexer.is_indented() && !first.quoted && first.raw(lexer.text()).starts_with(b"$") {
            return self.directive(lexer, scope, first, rest);
        }
        self.record(lexer, scope)
    }

    /// Reads another file in the place of a directive.
    pub(super) fn include(
        &mut self,
        scope: &Scope,
        name: &str,
        origin: Name<Vec<u8>>,
    ) -> Result<(), (Cow<'static, str>, Cow<'static, str>)> {
        if self.names.len() > INCLUDES_MAX {
            return Err((
                format!("more than {INCLUDES_MAX} files are included").into(),
                "include each file once".into(),
            ));
        }
        let source = self.files.read(name, Some(&*scope.file)).map_err(|error| refused(&error))?;
        if self.chain.contains(&source.name) {
            let chain: Vec<&str> = self.chain.iter().chain([&source.name]).map(AsRef::as_ref).collect();
            return Err((
                format!("the files include each other: {}", chain.join(" → ")).into(),
                "remove one of them".into(),
            ));
        }
        if self.chain.len() >= DEPTH_MAX {
            return Err((
                format!("files include each other more than {DEPTH_MAX} deep").into(),
                "join some of them".into(),
            ));
        }
        self.file(&source, origin, scope.previous.clone());
        Ok(())
    }
}

fn refused(error: &FileError) -> (Cow<'static, str>, Cow<'static, str>) {
    (error.to_string().into(), error.advice().into())
}

pub(super) fn told(lexer: &Lexer<'_>, scope: &Scope, fault: Fault) -> Finding {
    let Fault { start, end, message, advice } = fault;
    let subject = String::from_utf8_lossy(lexer.text().get(start..end).unwrap_or_default()).into_owned();
    Finding::refused(subject, message, advice).at(Some(place(lexer, scope, start)))
}

/// Where an offset of the entry stands.
pub(super) fn place(lexer: &Lexer<'_>, scope: &Scope, offset: usize) -> Place {
    let position = lexer.position(offset);
    Place { file: Arc::clone(&scope.file), line: position.line, column: position.column }
}
