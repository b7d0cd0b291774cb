//! `explain`: the story of a decision, and why nothing happens to a service.

use std::time::Duration;

use dns_api::command::DecisionReport;
use dns_api::explain::{ExplanationReport, SentenceReport};

use super::Width;
use super::decision::status_words;
use super::lines;
use super::table::{indented, pairs, table};

/// A decision, moment by moment: when by the clock, and how long after the first moment.
pub fn story(told: &DecisionReport, width: Width) -> String {
    let DecisionReport { decision, service, status, story, rows: _ } = told;
    let mut text = lines([format!("{service}: {} (decision {decision})", status_words(*status))]);
    if story.is_empty() {
        // Of a controller that is older than stories.
        text.push_str("  the controller tells no stories; its rows are in `dns-admin history`\n");
        return text;
    }
    let header = ["AT", "AFTER", "TOOK", "STEP", "WHAT"];
    text.push_str(&indented(&table(inside(width), header, story.iter().map(moment))));
    text
}

fn moment(sentence: &SentenceReport) -> [String; 5] {
    let SentenceReport { about, at, after_ms, took_ms, text } = sentence;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let after = after_ms.map(|millis| format!("+{}", fine(millis)));
    // Sentences of one moment took nothing.
    let took = took_ms.filter(|millis| *millis > 0).map(fine);
    [or_dash(at.clone()), or_dash(after), or_dash(took), about.clone(), text.clone()]
}

fn fine(millis: u64) -> String {
    dns_core::explain::fine_span(Duration::from_millis(millis))
}

/// Why nothing happens, and what happened lately.
pub fn explanation(told: &ExplanationReport, width: Width) -> String {
    let ExplanationReport { service, at, sentences, previews: _, lately, history_error } = told;
    let mut text = lines([format!("{service}, as of {at}; times of day are UTC")]);
    let now = sentences.iter().map(|sentence| (sentence.about.as_str(), Some(sentence.text.clone())));
    text.push_str(&indented(&pairs(inside(width), now)));
    if let Some(error) = history_error {
        text.push_str(&lines([format!("what happened lately is not known: {error}")]));
    }
    if !lately.is_empty() {
        text.push_str("lately\n");
        let moments = lately.iter().map(|sentence| {
            let SentenceReport { about, at, text, .. } = sentence;
            [at.clone().unwrap_or_else(|| "-".to_owned()), about.clone(), text.clone()]
        });
        text.push_str(&indented(&table(inside(width), ["AT", "STEP", "WHAT"], moments)));
    }
    text
}

/// What is left of a width for text that is two spaces in.
fn inside(width: Width) -> Width {
    match width {
        Width::Unbounded => Width::Unbounded,
        Width::Columns(columns) => Width::Columns(columns.saturating_sub(2)),
    }
}
