//! Where the figures of a benchmark go: to standard output, to a page for people, and as JSON beside it.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use super::say;

/// The page that a run is for.
pub(crate) struct Page<'p> {
    /// Its file; none if the run was not whole.
    pub(crate) file: Option<PathBuf>,
    /// What there is to say then.
    pub(crate) if_none: &'p str,
    /// What the name of the figures' file ends with, in place of the page's `md`.
    pub(crate) figures: &'p str,
}

impl Page<'_> {
    /// Prints a text, and writes the page that `placed` makes of the one before.
    pub(crate) fn publish(
        self,
        report: &impl Serialize,
        text: &str,
        placed: impl FnOnce(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        println!("{text}");
        let Some(page) = self.file else {
            say(&format!("{}; --output FILE writes another page", self.if_none));
            return Ok(());
        };
        let whole = placed(&fs::read_to_string(&page).unwrap_or_default())?;
        let figures = page.with_extension(self.figures);
        let json = serde_json::to_string_pretty(report).context("the figures make no JSON")?;
        fs::write(&page, whole).with_context(|| format!("cannot write {}", page.display()))?;
        fs::write(&figures, json + "\n").with_context(|| format!("cannot write {}", figures.display()))?;
        say(&format!("written: {} and {}", page.display(), figures.display()));
        Ok(())
    }
}
