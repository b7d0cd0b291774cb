//! Equal values, found while a configuration is read, so that all who hold them hold one.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// The values of one kind so far: handles, whose copies share what they stand for. Lives as long as the reading does.
#[derive(Debug)]
pub(super) struct Pool<T>(RefCell<BTreeSet<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone + Ord> Pool<T> {
    /// The value as it was first seen.
    pub(super) fn one(&self, value: T) -> T {
        let mut known = self.0.borrow_mut();
        if let Some(first) = known.get(&value) {
            return first.clone();
        }
        known.insert(value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use dns_core::shared::Shared;

    use super::*;

    #[test]
    fn equal_values_are_kept_once() {
        let pool = Pool::default();
        let [one, same, other] = ["a", "a", "b"].map(|text| pool.one(Shared::from(text.to_owned())));
        assert!(std::ptr::eq(&raw const *one, &raw const *same));
        assert_ne!(one, other);
    }
}
