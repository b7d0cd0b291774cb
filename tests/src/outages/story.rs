//! What followed, as people read it: rows of the history with their reasons, zones as they change, and the end.

use std::fmt::Write as _;
use std::time::Duration;

use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::kernel::Rejection;

use super::timeline::time_text;

/// The width that the words before a row's sentence are given.
const WHO: usize = 12;

/// A story as it is written.
#[derive(Debug, Default)]
pub struct Story {
    text: String,
}

impl Story {
    /// What the timeline says.
    pub fn happened(&mut self, at: Duration, text: &str) {
        self.line(&format!("\n{} * {text}", time_text(at)));
    }

    /// What a zone holds now.
    pub fn zone(&mut self, at: Duration, name: &str, text: &str) {
        self.line(&format!("{} {:<WHO$} ZONE {text}", time_text(at), name));
    }

    /// A row of a controller's history, with the reasons that it keeps.
    pub fn row(&mut self, at: Duration, who: &str, row: &HistoryEntry) {
        if row.kind == HistoryKind::StateChanged {
            return self.line(&format!("{} {who:<WHO$} {}", time_text(at), row.summary));
        }
        let page = if row.page { "PAGE " } else { "" };
        self.line(&format!("{} {who:<WHO$} {page}{}: {}", time_text(at), row.kind, row.summary));
        self.reasons(row);
        // What follows a decision, and tries it again, was told with it.
        if row.page {
            self.evidence(row);
        }
    }

    /// Why an order was not taken.
    pub fn refused(&mut self, at: Duration, who: &str, text: &str) {
        self.line(&format!("{} {who:<WHO$} order refused: {text}", time_text(at)));
    }

    /// Where everything stands in the end.
    pub fn end(&mut self, at: Duration) {
        self.line(&format!("\n{} * the end", time_text(at)));
    }

    /// Where one controller sees one place.
    pub fn stands(&mut self, who: &str, place: &str, state: &str, hold: Option<(String, &[Rejection])>) {
        self.line(&format!("      {who:<WHO$} {place}: {state}"));
        let Some((wanted, rejections)) = hold else { return };
        self.line(&format!("      {:<WHO$} {place}: held: {wanted}", ""));
        for rejection in rejections {
            self.rejection(&rejection.rule.to_string(), &rejection.reason);
        }
    }

    fn reasons(&mut self, row: &HistoryEntry) {
        let rejections = row.details.get("rejections").and_then(|list| list.as_array());
        for rejection in rejections.into_iter().flatten() {
            let text = |key: &str| rejection.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            self.rejection(&text("rule"), &text("reason"));
        }
    }

    fn rejection(&mut self, rule: &str, reason: &str) {
        self.line(&format!("      {:<WHO$}   no, {rule}: {reason}", ""));
    }

    /// What was seen when a decision was made.
    fn evidence(&mut self, row: &HistoryEntry) {
        let seen = row.details.get("evidence").and_then(|evidence| evidence.as_object());
        for (region, judged) in seen.into_iter().flatten() {
            let text = |key: &str| judged.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            let proven = judged.get("proven").and_then(serde_json::Value::as_bool).unwrap_or_default();
            let proven = if proven { ", proven" } else { "" };
            let line = format!("      {:<WHO$}   {region} is {}{proven}: {}", "", text("health"), text("seen"));
            self.line(&line);
        }
    }

    fn line(&mut self, text: &str) {
        writeln!(self.text, "{}", text.trim_end()).expect("invariant: writing to a String cannot fail");
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }
}
