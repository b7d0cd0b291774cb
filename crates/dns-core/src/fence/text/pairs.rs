//! The pairs of a fence's text: written one after the other into strings, and taken out of them one by one.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use super::{FENCE_BYTES_MAX, FenceError, FenceText, SECONDS_MAX, STRING_BYTES_MAX, number, parsed};
use crate::time::Timestamp;

/// Strings that pairs are written into.
pub(super) struct Strings {
    done: Vec<String>,
    last: String,
    /// The pair that is being written: whether it still fits shows only then.
    pair: String,
}

impl Default for Strings {
    /// Most fences need one string and a part of another; to let each grow by and by is most of the work.
    fn default() -> Self {
        let room = || String::with_capacity(STRING_BYTES_MAX);
        Self { done: Vec::new(), last: room(), pair: room() }
    }
}

impl Strings {
    /// Writes a pair; the first one that does not fit a string ends it.
    pub(super) fn add(&mut self, key: &str, value: impl Display) -> Result<(), FenceError> {
        self.pair.clear();
        write!(self.pair, "{key}={value};").expect("invariant: writing to a String cannot fail");
        if self.pair.len() > STRING_BYTES_MAX {
            return Err(FenceError::PairTooLong(key.to_owned()));
        }
        if self.last.len() + self.pair.len() > STRING_BYTES_MAX {
            self.done.push(std::mem::take(&mut self.last));
        }
        self.last.push_str(&self.pair);
        Ok(())
    }

    /// The text, unless all of it is too much.
    pub(super) fn text(self) -> Result<FenceText, FenceError> {
        let Self { mut done, mut last, pair: _ } = self;
        last.shrink_to_fit();
        done.push(last);
        if done.iter().map(String::len).sum::<usize>() > FENCE_BYTES_MAX {
            return Err(FenceError::TooLong);
        }
        Ok(FenceText::from_strings(done))
    }
}

/// Pairs not yet consumed, in the order read.
pub(super) struct Pairs<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Pairs<'a> {
    pub(super) fn split(text: &'a FenceText) -> Result<Self, FenceError> {
        if text.0.iter().map(String::len).sum::<usize>() > FENCE_BYTES_MAX {
            return Err(FenceError::TooLong);
        }
        let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(PAIRS_USUAL);
        let mut seen = BTreeSet::new();
        for string in &text.0 {
            let Some(inner) = string.strip_suffix(';') else { return Err(FenceError::Pair(string.clone())) };
            for raw in inner.split(';') {
                let (key, value) = split_pair(raw).ok_or_else(|| FenceError::Pair(raw.to_owned()))?;
                if key != "rrs" && !seen.insert(key) {
                    return Err(FenceError::Repeated(key.to_owned()));
                }
                pairs.push((key, value));
            }
        }
        Ok(Self(pairs))
    }

    /// All values of the one key that may be given more than once.
    pub(super) fn take_all(&mut self, key: &str) -> Vec<&'a str> {
        let taken = self.0.extract_if(.., |(name, _)| *name == key);
        taken.map(|(_, value)| value).collect()
    }

    pub(super) fn take(&mut self, key: &'static str) -> Result<&'a str, FenceError> {
        self.take_any(key).ok_or(FenceError::Missing(key))
    }

    /// An absent and an empty value are the same.
    pub(super) fn take_optional(&mut self, key: &str) -> Option<&'a str> {
        self.take_any(key).filter(|value| !value.is_empty())
    }

    pub(super) fn take_parsed<T: std::str::FromStr>(&mut self, key: &'static str) -> Result<T, FenceError> {
        parsed(key, self.take(key)?)
    }

    pub(super) fn take_number(&mut self, key: &'static str, max: u64) -> Result<u64, FenceError> {
        number(key, self.take(key)?, max)
    }

    pub(super) fn take_seconds(&mut self, key: &'static str) -> Result<Option<Timestamp>, FenceError> {
        let Some(text) = self.take_optional(key) else { return Ok(None) };
        number(key, text, SECONDS_MAX).map(|secs| Some(Timestamp::from_secs(secs)))
    }

    /// What nobody has asked for.
    pub(super) fn rest(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn take_any(&mut self, key: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(name, _)| *name == key)?;
        Some(self.0.remove(at).1)
    }
}

/// Room for the pairs of a fence that has all of them.
const PAIRS_USUAL: usize = 24;

fn split_pair(raw: &str) -> Option<(&str, &str)> {
    let (key, value) = raw.split_once('=')?;
    let first = key.bytes().next()?;
    let key_ok =
        first.is_ascii_lowercase() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let value_ok = value.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase());
    let plain = value.bytes().all(|byte| !matches!(byte, b'"' | b'\\' | b'='));
    (key_ok && value_ok && plain).then_some((key, value))
}
