//! Tells a record that stands at a name from one that a wildcard lends it, by plain queries.
//!
//! A server answers a query for a name that does not exist from the wildcard above it, under the name asked for
//! (RFC 4592 §2.2.1), and nothing in the answer shows it. Prerequisites of an UPDATE look at what the zone holds, so
//! such a record must be read as absent, or every write that requires it would conflict for ever.
//!
//! The proof: a wildcard stands in only for names below the closest encloser. If `api.example.com` exists, it is the
//! closest encloser of a name below it, so `*.example.com` says nothing there. A child of `api` that nobody made is
//! therefore answered with data only if `api` does not exist, or if there is a `*.api`. A child of `*.api` that
//! nobody made tells these two apart: it has no data exactly if `*.api` exists. Only a zone that holds `*.*.api` with
//! data of the same type is misread, as absent, and a write that requires absence is refused by the server.

use hickory_proto::rr::Name;

/// A label that nobody gives a record. It is short, so that it fits below every reasonable name.
const UNUSED_LABEL: &str = "_no-such-name";

/// Names to ask for the type that was found at `name`: a wildcard lent the record exactly if all of them have data
/// of that type. Without any, the name is too long for a child and the record counts as its own.
pub(crate) fn witnesses(name: &Name) -> Vec<Name> {
    let child = |parent: &Name| parent.prepend_label(UNUSED_LABEL).ok();
    let below_wildcard = name.prepend_label("*").ok().as_ref().and_then(child);
    child(name).into_iter().chain(below_wildcard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str) -> Vec<String> {
        witnesses(&Name::from_ascii(name).expect("name")).iter().map(Name::to_ascii).collect()
    }

    #[test]
    fn asks_below_the_name_and_below_its_wildcard() {
        assert_eq!(texts("api.example.com."), ["_no-such-name.api.example.com.", "_no-such-name.*.api.example.com."]);
        assert_eq!(texts("*.example.com.")[0], "_no-such-name.*.example.com.");
    }

    #[test]
    fn asks_nothing_that_would_be_no_name() {
        let long = format!("{}.{0}.{0}.{}.", "a".repeat(63), "b".repeat(55));
        assert!(texts(&long).is_empty());
    }
}
