//! In which order Route 53 lists names, and what can be concluded from a list.
//!
//! The documentation says: by reversed labels, and that the dots take part (API Reference, `ListResourceRecordSets`). It
//! does not say whether an escaped byte sorts as itself or as its escape. A wrong guess would turn a record that exists
//! into one that doesn't. So every order that the documentation allows, and the one of RFC 4034 §6.1 besides, has to agree
//! before a name that was not listed counts as absent; where they don't agree, the name is asked for by itself.

use hickory_proto::rr::Name;

use super::text;

/// A name in the order that we walk a zone in. Walking needs no right order, only a total one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Reversed labels, each with its dot; first, since it decides.
    dotted: Vec<u8>,
    /// The same with escapes.
    escaped: Vec<u8>,
    /// Reversed labels, compared one by one: nothing is less than the end of a label.
    labels: Vec<Vec<u8>>,
}

impl Place {
    pub(super) fn of(name: &Name) -> Self {
        let labels: Vec<Vec<u8>> = name.iter().rev().map(<[u8]>::to_ascii_lowercase).collect();
        let dotted = labels.iter().flat_map(|label| label.iter().copied().chain([b'.'])).collect();
        let text = text::of_name(name);
        let escaped = text.trim_end_matches('.').rsplit('.').flat_map(|label| label.bytes().chain([b'.'])).collect();
        Self { dotted, escaped, labels }
    }

    /// Whether it comes after `earlier`, whichever order the service has.
    pub(super) fn is_surely_after(&self, earlier: &Self) -> bool {
        let Self { dotted, escaped, labels } = self;
        *dotted > earlier.dotted && *escaped > earlier.escaped && *labels > earlier.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        Place::of(&Name::from_ascii(name).expect("a name"))
    }

    #[test]
    fn is_sure_where_every_order_agrees() {
        assert!(place("b.example.com.").is_surely_after(&place("a.example.com.")));
        assert!(place("a.example.com.").is_surely_after(&place("example.com.")));
        assert!(place("_a._failover.example.com.").is_surely_after(&place("1.example.com.")));
        assert!(!place("a.example.com.").is_surely_after(&place("a.example.com.")));
    }

    #[test]
    fn is_not_sure_about_a_hyphen_before_a_dot_or_an_escape() {
        let (short, long) = (place("a.example.com."), place("a-b.example.com."));
        assert!(!short.is_surely_after(&long) && !long.is_surely_after(&short));
        let (wildcard, digit) = (place("*.example.com."), place("1.example.com."));
        assert!(!wildcard.is_surely_after(&digit) && !digit.is_surely_after(&wildcard));
    }
}
