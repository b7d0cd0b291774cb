//! What followed, as people read it: rows of the history with their reasons, zones as they change, and the end.

use std::fmt::Write as _;
use std::time::Duration;

use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::kernel::Rejection;

use super::timeline::time_text;

/// The width that the words before a row's sentence are given.
const WHO: usize = 12;

/// One thing that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    at: Option<Duration>,
    who: String,
    text: String,
    more: Vec<String>,
}

impl Telling {
    /// What a zone holds now.
    pub fn zone(at: Duration, name: &str, text: &str) -> Self {
        Self::new(Some(at), name, format!("ZONE {text}"))
    }

    /// A row of a controller's history, with the reasons that it keeps.
    pub fn row(at: Duration, who: &str, row: &HistoryEntry) -> Self {
        if row.kind == HistoryKind::StateChanged {
            return Self::new(Some(at), who, row.summary.clone());
        }
        let page = if row.page { "PAGE " } else { "" };
        let mut telling = Self::new(Some(at), who, format!("{page}{}: {}", row.kind, row.summary));
        telling.reasons(row);
        // What follows a decision, and tries it again, was told with it.
        if row.page {
            telling.evidence(row);
        }
        telling
    }

    /// Why an order was not taken.
    pub fn refused(at: Duration, who: &str, text: &str) -> Self {
        Self::new(Some(at), who, format!("order refused: {text}"))
    }

    /// Why nothing happens, in the sentences that an operator who asks is given.
    pub fn explained(at: Duration, who: &str, sentences: impl Iterator<Item = String>) -> Self {
        let more = sentences.map(|sentence| format!("  {sentence}")).collect();
        Self { more, ..Self::new(Some(at), who, "explains:".to_owned()) }
    }

    /// Where one controller sees one place in the end.
    pub fn stands(who: &str, place: &str, state: &str, hold: Option<(String, &[Rejection])>) -> Self {
        let mut telling = Self::new(None, who, format!("{place}: {state}"));
        if let Some((wanted, rejections)) = hold {
            telling.more.push(format!("{place}: held: {wanted}"));
            for one in rejections {
                telling.rejection(&one.rule.to_string(), &one.reason);
            }
        }
        telling
    }

    /// The same, told of services.
    #[must_use]
    pub fn of(self, services: &str) -> Self {
        Self { text: format!("{services}: {}", self.text), ..self }
    }

    fn new(at: Option<Duration>, who: &str, text: String) -> Self {
        Self { at, who: who.to_owned(), text, more: Vec::new() }
    }

    fn reasons(&mut self, row: &HistoryEntry) {
        let rejections = row.details.get("rejections").and_then(|list| list.as_array());
        for rejection in rejections.into_iter().flatten() {
            let text = |key: &str| rejection.get(key).and_then(|value| value.as_str()).unwrap_or_default();
            self.rejection(text("rule"), text("reason"));
        }
    }

    fn rejection(&mut self, rule: &str, reason: &str) {
        self.more.push(format!("  no, {rule}: {reason}"));
    }

    /// What was seen when a decision was made.
    fn evidence(&mut self, row: &HistoryEntry) {
        let seen = row.details.get("evidence").and_then(|evidence| evidence.as_object());
        for (region, judged) in seen.into_iter().flatten() {
            let text = |key: &str| judged.get(key).and_then(|value| value.as_str()).unwrap_or_default();
            let proven = judged.get("proven").and_then(serde_json::Value::as_bool).unwrap_or_default();
            let proven = if proven { ", proven" } else { "" };
            self.more.push(format!("  {region} is {}{proven}: {}", text("health"), text("seen")));
        }
    }
}

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

    /// Where everything stands in the end comes after this.
    pub fn end(&mut self, at: Duration) {
        self.happened(at, "the end");
    }

    /// One thing more.
    pub fn tell(&mut self, telling: &Telling) {
        let at = telling.at.map_or_else(|| " ".repeat(time_text(Duration::ZERO).len()), time_text);
        self.line(&format!("{at} {:<WHO$} {}", telling.who, telling.text));
        let margin = " ".repeat(at.len());
        for more in &telling.more {
            self.line(&format!("{margin} {:<WHO$} {more}", ""));
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
