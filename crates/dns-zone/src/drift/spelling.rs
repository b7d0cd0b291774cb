//! Whether two record sets say the same in another spelling, as far as that can be told without knowing who keeps them.

use domain::base::Rtype;

use crate::rdata::Rdata;
use crate::record_set::RecordSet;
use crate::txt::strings_of;

/// Whether `kept` is `written` in other letters or, of texts, in other strings: what providers do to values that they keep.
/// The TTL is part of neither; who keeps another one keeps another set.
pub(super) fn is_spelled_alike(rtype: Rtype, written: &RecordSet, kept: &RecordSet) -> bool {
    let folded = |set: &RecordSet| {
        let values: Option<Vec<Vec<u8>>> = set.values().iter().map(|value| folded(rtype, value)).collect();
        values.map(|mut values| {
            values.sort_unstable();
            values
        })
    };
    written.ttl() == kept.ttl() && folded(written).is_some_and(|written| folded(kept) == Some(written))
}

/// What is the same for all spellings of a value; none of types whose data may be anything. Names in data are in one spelling
/// already.
fn folded(rtype: Rtype, value: &Rdata) -> Option<Vec<u8>> {
    match rtype {
        Rtype::TXT | Rtype::SPF => Some(strings_of(value).concat().to_ascii_lowercase()),
        // Flags, the length of a tag, tag and value (RFC 8659 §4.1). The length is below every letter.
        Rtype::CAA => {
            let (flags, texts) = value.as_wire().split_first()?;
            Some([&[*flags], texts.to_ascii_lowercase().as_slice()].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{name, ttl};

    fn set(rtype: Rtype, texts: &[&str]) -> RecordSet {
        let values = texts.iter().map(|text| Rdata::parse(rtype, text, &name("@")).expect("record data"));
        RecordSet::new(ttl(300), values).expect("values")
    }

    fn alike(rtype: Rtype, one: &[&str], other: &[&str]) -> bool {
        is_spelled_alike(rtype, &set(rtype, one), &set(rtype, other))
    }

    #[test]
    fn letters_and_the_division_of_texts_are_spelling() {
        assert!(alike(Rtype::TXT, &["\"Text\" \"more\"", "b"], &["B", "textMORE"]));
        assert!(alike(Rtype::CAA, &["0 issue \"CA.test\""], &["0 ISSUE \"ca.test\""]));
    }

    #[test]
    fn all_else_is_another_value() {
        assert!(!alike(Rtype::TXT, &["text"], &["\"text \""]));
        assert!(!alike(Rtype::TXT, &["text"], &["text", "more"]));
        assert!(!alike(Rtype::CAA, &["0 issue \"ca.test\""], &["128 issue \"ca.test\""]));
        assert!(!alike(Rtype::A, &["192.0.2.65"], &["192.0.2.97"]), "no letters, though they are an `A` and an `a`");
        let text = set(Rtype::TXT, &["text"]);
        assert!(!is_spelled_alike(Rtype::TXT, &text, &text.with_ttl(ttl(60))));
    }
}
