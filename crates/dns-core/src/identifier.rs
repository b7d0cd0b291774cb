//! Names that people give: services, groups, regions, gates, vantage points, providers, installations, controllers, receivers,
//! hooks.
//!
//! One rule for all of them, because all of them end up as a DNS label, a fence value, a metric label or a
//! path segment: lower-case letters, digits and inner hyphens, 1 to 62 bytes. 62 leaves room for the
//! underscore in front of a service's name in its fence (RFC 1035 §2.3.4 allows 63 bytes a label).
//!
//! Copies share their text: a name of a service is held in a dozen places, a name of a region a hundred thousand times.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest identifier, in bytes.
pub const IDENTIFIER_BYTES_MAX: usize = 62;

/// The service name that the fence of a daily canary will use; no service may take it.
pub const RESERVED_SERVICE: &str = "canary";

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Nothing, or more than [`IDENTIFIER_BYTES_MAX`] bytes.
    #[error("`{0}` is {len} bytes long, allowed are 1 to {IDENTIFIER_BYTES_MAX}", len = .0.len())]
    Length(String),
    /// A byte outside a–z, 0–9 and the hyphen, or a hyphen at an end.
    #[error("`{0}` may hold only lower-case letters, digits and inner hyphens")]
    Shape(String),
    /// The word has a meaning of its own.
    #[error("`{0}` is reserved")]
    Reserved(String),
}

fn check(text: &str) -> Result<(), IdentifierError> {
    if text.is_empty() || text.len() > IDENTIFIER_BYTES_MAX {
        return Err(IdentifierError::Length(text.to_owned()));
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.bytes().all(allowed) || text.starts_with('-') || text.ends_with('-') {
        return Err(IdentifierError::Shape(text.to_owned()));
    }
    Ok(())
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident $(, reserved: $reserved:expr)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text that keeps the rule of this module.
            ///
            /// # Errors
            /// [`IdentifierError`], with the text in it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
                text.into().parse()
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check(text)?;
                $(if text == $reserved {
                    return Err(IdentifierError::Reserved(text.to_owned()));
                })?
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentifierError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}

identifier!(
    /// The name of a service; immutable, since its fence carries it.
    ServiceName, reserved: RESERVED_SERVICE
);
identifier!(
    /// The name of a region: a place that can serve a service.
    RegionName
);
identifier!(
    /// The name of a vantage point: one `dns-monitor` at one place on the network.
    VantageName
);
identifier!(
    /// The name of a gate of a region of a service.
    GateName
);
identifier!(
    /// The name of a configured provider.
    ProviderName
);
identifier!(
    /// The name of a group: services that move together.
    GroupName
);
identifier!(
    /// The name of a rule about where services may be with regard to each other.
    RelationName
);
identifier!(
    /// The name of this installation; fences of another one are always foreign.
    Installation
);
identifier!(
    /// The name of one process that acts: a controller replica or the holder of a token.
    Actor
);
identifier!(
    /// The name of a receiver of notifications.
    ReceiverName
);
identifier!(
    /// The name of a hook: somebody who is asked before a move, or told after it.
    HookName
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_labels_and_refuses_the_rest() {
        assert!(ServiceName::new("checkout-2").is_ok());
        assert!(ServiceName::new("a".repeat(62)).is_ok());
        assert!(matches!(ServiceName::new(""), Err(IdentifierError::Length(_))));
        assert!(matches!(ServiceName::new("a".repeat(63)), Err(IdentifierError::Length(_))));
        for bad in ["Checkout", "a_b", "-a", "a-", "a.b", "ä"] {
            assert!(matches!(ServiceName::new(bad), Err(IdentifierError::Shape(_))), "{bad}");
        }
    }

    #[test]
    fn reserves_the_canary_for_services_only() {
        assert!(matches!(ServiceName::new("canary"), Err(IdentifierError::Reserved(_))));
        assert!(RegionName::new("canary").is_ok());
    }
}
