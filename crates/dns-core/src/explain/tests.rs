//! The sentences, as a tired person reads them. Each golden file is one telling; look at the difference when it changes.

mod accounts;
mod observing;
mod stage;
mod standing_still;
mod telling;

use super::{Sentence, Topic, fine_span};
use crate::kernel::Rule;

/// One line a sentence: topic, time since the first moment, text.
fn script<'a>(sentences: impl IntoIterator<Item = &'a Sentence>) -> String {
    let line = |sentence: &Sentence| {
        let after = sentence.after.map(|after| format!("+{} ", fine_span(after))).unwrap_or_default();
        format!("[{}] {after}{}\n", sentence.about.as_str(), sentence.text)
    };
    sentences.into_iter().map(line).collect()
}

/// How many rules there are is no matter of the telling.
fn check(told: &str, golden: &str, name: &str) {
    let rules = Rule::ALL.len();
    let told = told.replace(&format!("All {rules} "), "All N ").replace(&format!(" {rules} rules"), " N rules");
    assert!(told == golden, "{name} differs; if it is better now, it is:\n{told}");
}

#[test]
fn every_topic_has_a_word_of_its_own() {
    let topics = [
        Topic::State,
        Topic::Suspicion,
        Topic::Agreement,
        Topic::Evidence,
        Topic::Decision,
        Topic::Rules,
        Topic::Candidates,
        Topic::Permit,
        Topic::Write,
        Topic::Verification,
        Topic::Drain,
        Topic::Hold,
        Topic::Need,
        Topic::Preview,
        Topic::Total,
        Topic::Event,
    ];
    let words: std::collections::BTreeSet<&str> = topics.iter().map(|topic| topic.as_str()).collect();
    assert_eq!(words.len(), topics.len());
}
