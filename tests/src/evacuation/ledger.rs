//! What the controller's store says of itself, read beside it: asking the controller would cost it what is measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::command;

/// The store, as a second process sees it.
pub(super) struct Ledger {
    file: PathBuf,
}

impl Ledger {
    pub(super) fn new(file: &Path) -> Self {
        Self { file: file.to_owned() }
    }

    /// The position of the newest row.
    pub(super) fn position(&self) -> anyhow::Result<u64> {
        self.number("SELECT coalesce(max(position), 0) FROM history")
    }

    /// Writes that are not settled.
    pub(super) fn open(&self) -> anyhow::Result<u64> {
        self.number("SELECT count(*) FROM outbox")
    }

    /// Services with a row of a kind after a position.
    pub(super) fn services(&self, kind: &str, after: u64) -> anyhow::Result<u64> {
        self.number(&format!(
            "SELECT count(DISTINCT service) FROM history WHERE position > {after} AND kind = '{kind}'"
        ))
    }

    /// Rows after a position, by kind.
    pub(super) fn rows(&self, after: u64) -> anyhow::Result<BTreeMap<String, u64>> {
        self.counts(&format!("SELECT kind, count(*) FROM history WHERE position > {after} GROUP BY kind"))
    }

    /// Rows after a position that woke someone.
    pub(super) fn pages(&self, after: u64) -> anyhow::Result<u64> {
        self.number(&format!("SELECT count(*) FROM history WHERE position > {after} AND page"))
    }

    /// When the first and the last row of a kind after a position were made, in milliseconds.
    pub(super) fn times(&self, kind: &str, after: u64) -> anyhow::Result<(u64, u64)> {
        let found = self.ask(&format!(
            "SELECT min(at) || ' ' || max(at) FROM history WHERE position > {after} AND kind = '{kind}'"
        ))?;
        let (first, last) = found.trim().split_once(' ').with_context(|| format!("nothing was {kind}"))?;
        Ok((first.parse()?, last.parse()?))
    }

    fn counts(&self, query: &str) -> anyhow::Result<BTreeMap<String, u64>> {
        let answer = self.ask(query)?;
        let row = |line: &str| {
            let (name, count) = line.split_once('|').context("a row without a count")?;
            Ok((name.to_owned(), count.parse()?))
        };
        answer.lines().map(row).collect()
    }

    fn number(&self, query: &str) -> anyhow::Result<u64> {
        let answer = self.ask(query)?;
        answer.trim().parse().with_context(|| format!("`{query}` counts {answer:?}"))
    }

    fn ask(&self, query: &str) -> anyhow::Result<String> {
        let file = self.file.display().to_string();
        let finished = command::run("sqlite3", ["-readonly", "-cmd", ".timeout 5000", &file, query], "");
        ensure!(finished.is_success(), "cannot read {file}: {}", finished.stderr);
        Ok(finished.stdout)
    }
}
