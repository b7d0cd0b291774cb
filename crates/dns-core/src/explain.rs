//! Why something happened, and why nothing does: sentences with figures, made of history rows ([`story`]) or of the live
//! state ([`standstill`]).
//!
//! Every decision and every hold keeps its [`account`] in its history row: who saw what since when, what each rule said,
//! and which other regions there were. The sentences are made of that alone, years later as well. Rows of before it was
//! kept are told by their own summary. Nothing is decided by anything in here.
//!
//! Times of day in sentences are UTC; a day other than the one that is told of stands before the time.

pub mod account;
mod moment;
pub mod observed;
pub mod standstill;
mod story;
mod votes;

use std::time::Duration;

use crate::time::Timestamp;
pub use moment::{fine_span, span};
pub use story::{LATELY, in_brief, recount, story};

/// What a sentence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Where the service is, and what is going on.
    State,
    /// The first vantage point saw the region failing.
    Suspicion,
    /// A quorum did.
    Agreement,
    /// What vantage points saw.
    Evidence,
    /// It was decided, by the controller or by hand.
    Decision,
    /// What the safety kernel's rules said.
    Rules,
    /// The other regions that it could have been.
    Candidates,
    /// The kernel agreed again, and the write was let go.
    Permit,
    /// What became of the write.
    Write,
    /// What the authoritative servers serve.
    Verification,
    /// What resolvers serve.
    Drain,
    /// Something is wanted and a rule says no.
    Hold,
    /// What would have to change.
    Need,
    /// What would happen if the region failed now.
    Preview,
    /// How long it took.
    Total,
    /// Anything else that happened.
    Event,
}

impl Topic {
    /// The topic as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Suspicion => "suspicion",
            Self::Agreement => "agreement",
            Self::Evidence => "evidence",
            Self::Decision => "decision",
            Self::Rules => "rules",
            Self::Candidates => "candidates",
            Self::Permit => "permit",
            Self::Write => "write",
            Self::Verification => "verification",
            Self::Drain => "drain",
            Self::Hold => "hold",
            Self::Need => "need",
            Self::Preview => "preview",
            Self::Total => "total",
            Self::Event => "event",
        }
    }
}

/// One sentence, or a few that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What it is about.
    pub about: Topic,
    /// When that was, if it happened at a moment.
    pub at: Option<Timestamp>,
    /// How long after the first moment of the story.
    pub after: Option<Duration>,
    /// How long after the moment before it.
    pub took: Option<Duration>,
    /// What there is to say.
    pub text: String,
}

impl Sentence {
    fn new(about: Topic, text: impl Into<String>) -> Self {
        Self { about, at: None, after: None, took: None, text: text.into() }
    }

    fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }
}

/// Longer words of others are cut: a row and a sentence stay readable.
const WORDS_MAX: usize = 600;

/// Words of at most [`WORDS_MAX`] letters.
fn cut(words: &str) -> String {
    cut_to(words, WORDS_MAX)
}

fn cut_to(words: &str, letters: usize) -> String {
    match words.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

/// A summary as a sentence of its own.
fn as_sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if summary.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Words in a row: "a", "a and b", "a, b and c".
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests;
