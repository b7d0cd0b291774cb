//! The walk over a YAML tree: typed access that complains where it stands.
//!
//! Every accessor returns `None` after writing a fault down, so that a caller reads all its fields first and gives
//! up last. A key without a value is a fault and not a default: it is what a half-finished edit looks like.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::fault::{Fault, Place, Report};
use super::secret::{SecretKind, SecretUse, SecretUser};
use super::suggestion;
use super::yaml::{Node, Shape};

/// The longest duration that means something here; longer ones would overflow sums of them.
const DURATION_MAX: Duration = Duration::from_hours(366 * 24);

/// A value, where it stands.
#[derive(Clone, Debug)]
pub(super) struct Spot<'t> {
    report: &'t Report,
    node: &'t Node,
    path: String,
}

impl<'t> Spot<'t> {
    /// The top of a file.
    pub(super) fn root(report: &'t Report, node: &'t Node) -> Self {
        Self { report, node, path: String::new() }
    }

    /// Where it is.
    pub(super) fn place(&self) -> &'t Place {
        &self.node.place
    }

    /// Writes down a fault.
    pub(super) fn fault(&self, message: impl Into<String>) {
        self.report.fault(Fault::new(self.place(), &self.path, message, None));
    }

    /// Writes down a fault with what to do about it.
    pub(super) fn fault_with_hint(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.report.fault(Fault::new(self.place(), &self.path, message, Some(hint.into())));
    }

    /// Writes down that this is planned and what works today.
    pub(super) fn not_yet(&self, instead: &str) {
        self.fault(format!("not yet: {instead}"));
    }

    /// Writes down what is allowed but unwise.
    pub(super) fn warn(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.report.warn(Fault::new(self.place(), &self.path, message, Some(hint.into())));
    }

    /// The text of a scalar that is not empty.
    pub(super) fn text(&self) -> Option<&'t str> {
        match &self.node.shape {
            Shape::Scalar { text, .. } if !self.node.is_null() && !text.is_empty() => Some(text),
            Shape::Scalar { .. } => {
                self.fault_with_hint("has no value", "give it one or remove the key");
                None
            }
            Shape::List(_) | Shape::Map(_) => self.wrong_shape("a single value"),
        }
    }

    /// Whether it is exactly this word.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.node.shape, Shape::Scalar { text, .. } if text == word)
    }

    /// Whether it is a map.
    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.shape, Shape::Map(_))
    }

    /// A value that reads itself from text.
    pub(super) fn parse<T>(&self) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text()?.parse().map_err(|error: T::Err| self.fault(error.to_string())).ok()
    }

    /// A path of a file or folder.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.text().map(PathBuf::from)
    }

    /// The path of a secret that `user` needs; it is checked after the walk.
    pub(super) fn secret(&self, kind: SecretKind, user: SecretUser) -> Option<PathBuf> {
        let file = self.file()?;
        let place = self.place().clone();
        self.report.uses(SecretUse { place, path: self.path.clone(), file: file.clone(), kind, user });
        Some(file)
    }

    /// `true` or `false`.
    pub(super) fn bool(&self) -> Option<bool> {
        self.choice(&[("true", true), ("false", false)])
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, bounds: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text()?;
        let number = text.parse::<u64>().ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            self.fault(format!("`{text}` is not a whole number from {least} to {most}"));
        }
        number
    }

    /// A duration with its unit.
    pub(super) fn duration(&self) -> Option<Duration> {
        let text = self.text()?;
        match humantime::parse_duration(text) {
            Ok(length) if length <= DURATION_MAX => Some(length),
            Ok(_) => {
                self.fault(format!("`{text}` is longer than a year"));
                None
            }
            Err(_) => {
                let hint = "write a number with its unit: `500ms`, `5s`, `2m`, `1h`";
                self.fault_with_hint(format!("`{text}` is no duration"), hint);
                None
            }
        }
    }

    /// A duration above zero.
    pub(super) fn positive_duration(&self) -> Option<Duration> {
        let length = self.duration()?;
        if length.is_zero() {
            self.fault("must be above zero");
            return None;
        }
        Some(length)
    }

    /// One of several words.
    pub(super) fn choice<T: Clone>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone());
        if found.is_none() {
            let hint = suggestion::hint(text, choices.iter().map(|(word, _)| *word).collect::<Vec<_>>());
            self.fault_with_hint(format!("`{text}` is not one of its values"), hint);
        }
        found
    }

    /// The items of a list.
    pub(super) fn list(&self) -> Option<Vec<Self>> {
        let Shape::List(items) = &self.node.shape else { return self.wrong_shape("a list") };
        Some(items.iter().enumerate().map(|(index, node)| self.below(node, &format!("[{index}]"))).collect())
    }

    /// The items of a list that has some.
    pub(super) fn filled_list(&self, what: &str) -> Option<Vec<Self>> {
        let items = self.list()?;
        if items.is_empty() {
            self.fault(format!("needs at least one {what}"));
            return None;
        }
        Some(items)
    }

    /// A map whose keys are among `known`.
    pub(super) fn map(&self, known: &'static [&'static str]) -> Option<Map<'t>> {
        let map = self.named_map()?;
        for (key, _) in &map.entries {
            let Some(word) = key.text() else { continue };
            if !known.contains(&word) {
                key.fault_with_hint("unknown key", suggestion::hint(word, known.iter().copied()));
            }
        }
        Some(map)
    }

    /// A map whose keys are names that people give.
    pub(super) fn named_map(&self) -> Option<Map<'t>> {
        let Shape::Map(entries) = &self.node.shape else { return self.wrong_shape("a map of keys and values") };
        let mut map = Map { spot: self.clone(), entries: Vec::with_capacity(entries.len()) };
        for (key, value) in entries {
            let Shape::Scalar { text, .. } = &key.shape else {
                self.below(key, "").fault("a key must be a single word");
                continue;
            };
            let step = if self.path.is_empty() { text.clone() } else { format!(".{text}") };
            let (key, value) = (self.below(key, &step), self.below(value, &step));
            match map.entry(text) {
                Some((first, _)) => {
                    key.fault(format!("is given twice; it first stands in line {}", first.place().line));
                }
                None => map.entries.push((key, value)),
            }
        }
        Some(map)
    }

    fn below(&self, node: &'t Node, step: &str) -> Self {
        Self { report: self.report, node, path: self.path.clone() + step }
    }

    fn wrong_shape<T>(&self, wanted: &str) -> Option<T> {
        if self.node.is_null() {
            self.fault_with_hint("has no value", "give it one or remove the key");
        } else {
            let found = match self.node.shape {
                Shape::Scalar { .. } => "a single value",
                Shape::List(_) => "a list",
                Shape::Map(_) => "a map",
            };
            self.fault(format!("must be {wanted}, found {found}"));
        }
        None
    }
}

/// A map, where it stands.
#[derive(Clone, Debug)]
pub(super) struct Map<'t> {
    spot: Spot<'t>,
    entries: Vec<(Spot<'t>, Spot<'t>)>,
}

impl<'t> Map<'t> {
    /// Where it is.
    pub(super) fn spot(&self) -> &Spot<'t> {
        &self.spot
    }

    /// Keys and values, in order.
    pub(super) fn entries(&self) -> &[(Spot<'t>, Spot<'t>)] {
        &self.entries
    }

    /// The value of a key that may be missing.
    pub(super) fn optional(&self, key: &str) -> Option<Spot<'t>> {
        self.entry(key).map(|(_, value)| value.clone())
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &str) -> Option<Spot<'t>> {
        let value = self.optional(key);
        if value.is_none() {
            self.spot.fault(format!("`{key}` is missing"));
        }
        value
    }

    fn entry(&self, key: &str) -> Option<&(Spot<'t>, Spot<'t>)> {
        self.entries.iter().find(|(found, _)| matches!(&found.node.shape, Shape::Scalar { text, .. } if text == key))
    }
}

/// Reads an optional value: the default if it is missing, `None` if it is faulty.
pub(super) fn or_default<'t, T>(
    spot: Option<Spot<'t>>,
    default: T,
    read: impl FnOnce(Spot<'t>) -> Option<T>,
) -> Option<T> {
    spot.map_or(Some(default), read)
}

/// Reads an optional value that has no default: the outer `None` if it is faulty.
#[expect(clippy::option_option, reason = "the outer says whether it could be read, the inner whether it was given")]
pub(super) fn if_given<'t, T>(spot: Option<Spot<'t>>, read: impl FnOnce(Spot<'t>) -> Option<T>) -> Option<Option<T>> {
    spot.map_or(Some(None), |spot| read(spot).map(Some))
}

/// Reads every spot and keeps what could be read; whether all could is for the caller to compare.
pub(super) fn each<'t, T>(spots: &[Spot<'t>], mut read: impl FnMut(&Spot<'t>) -> Option<T>) -> Option<Vec<T>> {
    let values: Vec<Option<T>> = spots.iter().map(&mut read).collect();
    values.into_iter().collect()
}
