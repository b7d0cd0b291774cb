//! What a row keeps for programs, made when it is first read.
//!
//! A decision keeps all that was known, as some hundred values. Whoever decides does not read them; whoever writes the row
//! down does. So a region's loss is decided for every service before anybody spells out why.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

type Maker = Box<dyn FnOnce() -> Value + Send + Sync>;

/// Figures and evidence: a JSON value to all who look, whether it was made already or not.
#[derive(Clone)]
pub struct Details(Kept);

#[derive(Clone)]
enum Kept {
    Made(Value),
    /// Shared, so that no copy makes it again.
    ToBeMade(Arc<LazyLock<Value, Maker>>),
}

impl Details {
    /// What `make` returns, whenever somebody wants to know.
    pub fn made_by(make: impl FnOnce() -> Value + Send + Sync + 'static) -> Self {
        Self(Kept::ToBeMade(Arc::new(LazyLock::new(Box::new(make)))))
    }

    /// The value.
    pub fn into_value(self) -> Value {
        match self.0 {
            Kept::Made(value) => value,
            Kept::ToBeMade(value) => Value::clone(&value),
        }
    }
}

impl Deref for Details {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &self.0 {
            Kept::Made(value) => value,
            Kept::ToBeMade(value) => value,
        }
    }
}

impl From<Value> for Details {
    fn from(value: Value) -> Self {
        Self(Kept::Made(value))
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Value::fmt(self, f)
    }
}

impl PartialEq for Details {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    #[test]
    fn are_made_once_and_only_for_whoever_looks() {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&made);
        let details = Details::made_by(move || json!({ "times": counted.fetch_add(1, Ordering::Relaxed) }));
        let copy = details.clone();
        assert_eq!(made.load(Ordering::Relaxed), 0, "nobody has looked");
        assert_eq!((&details["times"], &copy["times"]), (&json!(0), &json!(0)));
        assert_eq!((copy.into_value(), made.load(Ordering::Relaxed)), (json!({ "times": 0 }), 1));
    }

    #[test]
    fn are_the_same_value_whenever_they_are_made() {
        let late = Details::made_by(|| json!({ "to": "dr" }));
        let early = Details::from(json!({ "to": "dr" }));
        assert_eq!((&late, late.to_string()), (&early, early.to_string()));
        let text = serde_json::to_string(&late).expect("writes");
        assert_eq!(serde_json::from_str::<Details>(&text).expect("reads"), early);
        assert_ne!(late, Details::from(Value::Null));
    }
}
