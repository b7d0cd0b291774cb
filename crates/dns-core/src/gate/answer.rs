//! What the answer of a gate means: yes, no, or nothing that can be relied on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::HttpGate;

/// How many figures that nobody has set a bound for are quoted: enough to see what the gate looks at.
const FIGURES_SHOWN_MAX: usize = 4;

/// How many characters of a gate's own words are kept; they end up in history, pages and terminals.
const WORDS_CHARS_MAX: usize = 160;

/// What one question brought. Every kind carries words with figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes(String),
    /// No.
    No(String),
    /// Neither: it did not answer, or nothing that could be compared with what is wanted.
    Silent(String),
}

impl Answer {
    /// The answer as a word, for metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::No(_) => "no",
            Self::Silent(_) => "silent",
        }
    }
}

impl HttpGate {
    /// What a response means. Yes is status 200, `ready` not `false`, and every figure within its bounds; any other
    /// status is a no. A figure that is wanted and missing is no answer.
    pub fn judge(&self, status: u16, body: &str) -> Answer {
        let parsed: Option<Map<String, Value>> = serde_json::from_str(body).ok();
        let fields = parsed.unwrap_or_default();
        let reason = fields.get("reason").and_then(Value::as_str).map(quoted);
        let with_reason = |words: String| match &reason {
            Some(reason) => format!("{words} ({reason})"),
            None => words,
        };
        if status != 200 {
            return Answer::No(with_reason(format!("status {status}, 200 is yes")));
        }
        match fields.get("ready") {
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Answer::No(with_reason(listed("ready false", &self.shown(&fields)))),
            Some(other) => {
                return Answer::Silent(format!("`ready` is `{}`, not true or false", quoted(&other.to_string())));
            }
        }
        self.compare(&fields)
    }

    fn compare(&self, fields: &Map<String, Value>) -> Answer {
        let beyond = |figure: f64, bound: f64| figure > bound;
        let below = |figure: f64, bound: f64| figure < bound;
        let found = outside(fields, &self.max, "at most", beyond).and_then(|mut high| {
            high.extend(outside(fields, &self.min, "at least", below)?);
            Ok(high)
        });
        match found {
            Err(missing) => Answer::Silent(missing),
            Ok(outside) if outside.is_empty() => Answer::Yes(self.shown(fields).join(", ")),
            Ok(outside) => Answer::No(outside.join(", ")),
        }
    }

    /// The figures that are wanted, or else the first ones that there are.
    fn shown(&self, fields: &Map<String, Value>) -> Vec<String> {
        let bounded = |name: &String| self.max.contains_key(name) || self.min.contains_key(name);
        let all = fields.iter().filter(|(_, value)| value.is_number());
        let (wanted, rest): (Vec<_>, Vec<_>) = all.partition(|(name, _)| bounded(name));
        let shown = if wanted.is_empty() { rest.into_iter().take(FIGURES_SHOWN_MAX).collect() } else { wanted };
        shown.into_iter().map(|(name, value)| format!("{} {value}", quoted(name))).collect()
    }
}

/// The figures on the wrong side of their bounds, or which one is missing.
fn outside(
    fields: &Map<String, Value>,
    bounds: &BTreeMap<String, u32>,
    word: &str,
    wrong: fn(f64, f64) -> bool,
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for (name, bound) in bounds {
        let Some(value) = fields.get(name).filter(|value| value.is_number()) else {
            return Err(format!("its answer has no figure `{name}`, wanted {word} {bound}"));
        };
        // A number that no float can hold is on neither side of a bound.
        let figure = value.as_f64().ok_or_else(|| format!("its figure `{name}` cannot be compared"))?;
        if wrong(figure, f64::from(*bound)) {
            found.push(format!("{name} {value}, {word} {bound}"));
        }
    }
    Ok(found)
}

fn listed(first: &str, rest: &[String]) -> String {
    std::iter::once(first).chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
}

/// Someone else's words, short and in one line.
fn quoted(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(WORDS_CHARS_MAX).collect()
}
