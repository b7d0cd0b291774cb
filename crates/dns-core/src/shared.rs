//! A value that many hold alike and that is kept once: a policy of a hundred thousand services, the name of their zone.
//!
//! It behaves like the value itself, so that nobody has to know that it is shared: it compares by content, and who changes
//! his copy has one of his own from then on. Nothing here finds equal values: that is for the one who makes them.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A value that is kept once for all who hold it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent, bound(serialize = "T: Serialize", deserialize = "Arc<T>: Deserialize<'de>"))]
pub struct Shared<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    /// Parts from the others who hold it.
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: Clone> DerefMut for Shared<[T]> {
    /// Parts from the others who hold it.
    fn deref_mut(&mut self) -> &mut [T] {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: fmt::Display + ?Sized> fmt::Display for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: ?Sized> Borrow<T> for Shared<T> {
    fn borrow(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Default for Shared<T>
where
    Arc<T>: Default,
{
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> From<Vec<T>> for Shared<[T]> {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T> FromIterator<T> for Shared<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let values: Vec<T> = values.into_iter().collect();
        // Nothing needs no memory: the standard library has one empty slice for all.
        Self(if values.is_empty() { Arc::default() } else { values.into() })
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Shared<BTreeMap<K, V>> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(Arc::new(entries.into_iter().collect()))
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Shared<BTreeMap<K, V>> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'a, K, V> IntoIterator for &'a Shared<BTreeMap<K, V>> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::collections::btree_map::Iter<'a, K, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Clone> Shared<[T]> {
    /// Adds to the list or takes from it; the others who hold it keep it as it was.
    pub fn edit<R>(&mut self, edit: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let mut values = self.0.to_vec();
        let result = edit(&mut values);
        *self = values.into();
        result
    }
}

impl<'a, T> IntoIterator for &'a Shared<[T]> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_changes_a_copy_changes_no_other() {
        let all: Shared<[u8]> = vec![1, 2].into();
        let mut own = all.clone();
        own[0] = 9;
        own.edit(|list| list.push(3));
        assert_eq!((&*all, &*own), ([1, 2].as_slice(), [9, 2, 3].as_slice()));
        let word = Shared::from("a".to_owned());
        let mut other = word.clone();
        other.push('b');
        assert_eq!((word.as_str(), other.as_str()), ("a", "ab"));
    }

    #[test]
    fn reads_and_writes_as_the_value_itself() {
        let all: Shared<[u8]> = vec![1, 2].into();
        let json = serde_json::to_string(&all).expect("json");
        assert_eq!(json, "[1,2]");
        assert_eq!(serde_json::from_str::<Shared<[u8]>>(&json).expect("reads"), all);
    }
}
