//! What octoDNS calls the fields of each type, in the order of the type's presentation form.

use domain::base::Rtype;

/// One field of a value that is a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its key.
    pub(super) key: &'static str,
    /// What it was called before, and still may be.
    pub(super) older: Option<&'static str>,
    pub(super) kind: Kind,
}

/// How it is written in the presentation form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As one word.
    Word,
    /// As one word; a dash or another word for nothing in it.
    WordOr(&'static str),
    /// As a name, with its final dot.
    Name,
    /// In quotes.
    Text,
}

/// How the values of a type are given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Each is a word.
    Word,
    /// Each is a name, with its final dot.
    Name,
    /// Each is a text of any length.
    Text,
    /// Each is a map with these keys.
    Fields(&'static [Field]),
    /// Each is a map of priority, target and parameters.
    Service,
}

const fn word(key: &'static str) -> Field {
    Field { key, older: None, kind: Kind::Word }
}

const fn name(key: &'static str) -> Field {
    Field { key, older: None, kind: Kind::Name }
}

const fn text(key: &'static str) -> Field {
    Field { key, older: None, kind: Kind::Text }
}

const LOC: [Field; 12] = [
    word("lat_degrees"),
    Field { key: "lat_minutes", older: None, kind: Kind::WordOr("0") },
    Field { key: "lat_seconds", older: None, kind: Kind::WordOr("0") },
    word("lat_direction"),
    word("long_degrees"),
    Field { key: "long_minutes", older: None, kind: Kind::WordOr("0") },
    Field { key: "long_seconds", older: None, kind: Kind::WordOr("0") },
    word("long_direction"),
    word("altitude"),
    // What RFC 1876 §3 takes for what is not given.
    Field { key: "size", older: None, kind: Kind::WordOr("1") },
    Field { key: "precision_horz", older: None, kind: Kind::WordOr("10000") },
    Field { key: "precision_vert", older: None, kind: Kind::WordOr("10") },
];

/// The form of a type; nothing if octoDNS knows none, or none that DNS has.
pub(super) fn of(rtype: Rtype) -> Option<Form> {
    Some(match rtype {
        Rtype::A | Rtype::AAAA | Rtype::OPENPGPKEY => Form::Word,
        Rtype::CNAME | Rtype::DNAME | Rtype::NS | Rtype::PTR => Form::Name,
        Rtype::TXT | Rtype::SPF => Form::Text,
        Rtype::CAA => Form::Fields(
            const { &[Field { key: "flags", older: None, kind: Kind::WordOr("0") }, word("tag"), text("value")] },
        ),
        Rtype::DS => Form::Fields(const { &[word("key_tag"), word("algorithm"), word("digest_type"), word("digest")] }),
        Rtype::LOC => Form::Fields(&LOC),
        Rtype::MX => Form::Fields(
            const {
                &[
                    Field { key: "preference", older: Some("priority"), kind: Kind::Word },
                    Field { key: "exchange", older: Some("value"), kind: Kind::Name },
                ]
            },
        ),
        Rtype::NAPTR => Form::Fields(
            const {
                &[
                    word("order"),
                    word("preference"),
                    text("flags"),
                    text("service"),
                    text("regexp"),
                    name("replacement"),
                ]
            },
        ),
        Rtype::SRV => Form::Fields(const { &[word("priority"), word("weight"), word("port"), name("target")] }),
        Rtype::SSHFP => Form::Fields(const { &[word("algorithm"), word("fingerprint_type"), word("fingerprint")] }),
        Rtype::TLSA => Form::Fields(
            const {
                &[
                    word("certificate_usage"),
                    word("selector"),
                    word("matching_type"),
                    word("certificate_association_data"),
                ]
            },
        ),
        Rtype::URI => Form::Fields(const { &[word("priority"), word("weight"), text("target")] }),
        Rtype::HTTPS | Rtype::SVCB => Form::Service,
        _ => return None,
    })
}
