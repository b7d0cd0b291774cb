//! The value of a record as it is kept: whatever a zone can hold is written, and read again as the same.
//!
//! What a stranger has put into a zone need be no host name: the target of a CNAME is any name, and what is kept of a look at
//! such a zone must not be lost. Whether it may be *wanted* is another question, which [`GuardedType::parse_value`] answers.

use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData};

use super::{GuardedType, RrsetError};

/// The first octet of an octal escape is at most this: an octet ends at `\377`.
const HIGHEST_OCTAL: u8 = b'3';

/// Writes it: in ASCII, with escapes.
pub(super) fn text(value: &RData) -> String {
    match value {
        RData::CNAME(CNAME(target)) => target.to_ascii(),
        other => other.to_string(),
    }
}

/// Reads it.
pub(super) fn value(rtype: GuardedType, text: &str) -> Result<RData, RrsetError> {
    rtype.parse_value(text).or_else(|error| match rtype {
        GuardedType::Cname => any_name(text).map(|name| RData::CNAME(CNAME(name))).ok_or(error),
        GuardedType::A | GuardedType::Aaaa => Err(error),
    })
}

/// The labels behind the escapes: `\ooo` is an octet in octal, `\c` that character.
fn any_name(text: &str) -> Option<Name> {
    let (mut labels, mut label) = (Vec::new(), Vec::new());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        match octet {
            b'.' => labels.push(std::mem::take(&mut label)),
            b'\\' => label.push(escaped(octets.next()?, &mut octets)?),
            other => label.push(other),
        }
    }
    if !label.is_empty() {
        labels.push(label);
    }
    Name::from_labels(labels).ok()
}

fn escaped(first: u8, rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    if !(b'0'..=HIGHEST_OCTAL).contains(&first) {
        return Some(first);
    }
    let digits: String = [first, rest.next()?, rest.next()?].map(char::from).iter().collect();
    u8::from_str_radix(&digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{name, rrset};
    use crate::rrset::Ttl;
    use crate::rrset::{Rrset, RrsetKey};

    fn kept(target: Name) {
        let key = RrsetKey::new(&name("www.example.com"), GuardedType::Cname);
        let set =
            Rrset::new(key, Ttl::from_secs(60).expect("a TTL"), vec![RData::CNAME(CNAME(target))]).expect("a set");
        let text = serde_json::to_string(&set).expect("writes");
        assert_eq!(serde_json::from_str::<Rrset>(&text).expect(&text), set, "{text}");
    }

    #[test]
    fn targets_that_are_no_host_names_are_read_again() {
        let odd: [&[u8]; 7] = [b"a/b", b"\xc3\xa4", b"-x", b"my_lb", b"a.b", b"a\\b", b"0"];
        for label in odd {
            kept(Name::from_labels([label, b"xn--bcher-kva", b"net"]).expect("labels"));
        }
    }

    #[test]
    fn what_was_kept_before_is_read_as_ever() {
        let set = rrset("www.example.com", GuardedType::Cname, 60, &["lb-prod.example.net."]);
        let text = serde_json::to_string(&set).expect("writes");
        assert!(text.contains("\"lb-prod.example.net.\""), "{text}");
    }

    proptest! {
        #[test]
        fn any_target_is_read_again(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..12), 1..4)) {
            let labels: Vec<Vec<u8>> = labels.into_iter().map(|label| label.to_ascii_lowercase()).collect();
            kept(Name::from_labels(labels).expect("labels"));
        }
    }
}
