//! Records as the database holds them and the API shows them.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// 32 hexadecimal digits; a record that is deleted and made anew has another.
    pub id: String,
    /// The whole name, in lower case, without a final dot.
    pub name: String,
    /// Its type.
    pub rtype: RecordType,
    /// As stored: addresses in canonical notation, host names without a final dot, TXT as it was given.
    pub content: String,
    /// The components of the content, of a type that has them.
    pub data: Option<Map<String, Value>>,
    /// In seconds; 1 means automatic.
    pub ttl: u32,
    /// Whether the proxy answers for it.
    pub proxied: bool,
    /// Of an MX and a URI.
    pub priority: Option<u16>,
    /// For people.
    pub comment: Option<String>,
    /// `name:value` pairs.
    pub tags: Vec<String>,
    /// `flatten_cname`, `ipv4_only`, `ipv6_only`, as far as they were given.
    pub settings: Map<String, Value>,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub modified_on: Timestamp,
}

/// The types that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Who may issue certificates.
    Caa,
    /// Certificate.
    Cert,
    /// Canonical name; flattened at the apex.
    Cname,
    /// Key of a zone.
    Dnskey,
    /// Digest of a child's key.
    Ds,
    /// Service binding of the web.
    Https,
    /// Place on earth.
    Loc,
    /// Mail exchange.
    Mx,
    /// Rules that rewrite names.
    Naptr,
    /// Delegation.
    Ns,
    /// PGP key.
    Openpgpkey,
    /// Pointer.
    Ptr,
    /// Certificate of a mail address.
    Smimea,
    /// Where a service is.
    Srv,
    /// Fingerprint of a host's key.
    Sshfp,
    /// Service binding.
    Svcb,
    /// Certificate of a service.
    Tlsa,
    /// Text.
    Txt,
    /// Address of a resource.
    Uri,
}

impl RecordType {
    const ALL: [Self; 21] = [
        Self::A,
        Self::Aaaa,
        Self::Caa,
        Self::Cert,
        Self::Cname,
        Self::Dnskey,
        Self::Ds,
        Self::Https,
        Self::Loc,
        Self::Mx,
        Self::Naptr,
        Self::Ns,
        Self::Openpgpkey,
        Self::Ptr,
        Self::Smimea,
        Self::Srv,
        Self::Sshfp,
        Self::Svcb,
        Self::Tlsa,
        Self::Txt,
        Self::Uri,
    ];

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cert => "CERT",
            Self::Cname => "CNAME",
            Self::Dnskey => "DNSKEY",
            Self::Ds => "DS",
            Self::Https => "HTTPS",
            Self::Loc => "LOC",
            Self::Mx => "MX",
            Self::Naptr => "NAPTR",
            Self::Ns => "NS",
            Self::Openpgpkey => "OPENPGPKEY",
            Self::Ptr => "PTR",
            Self::Smimea => "SMIMEA",
            Self::Srv => "SRV",
            Self::Sshfp => "SSHFP",
            Self::Svcb => "SVCB",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
            Self::Uri => "URI",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rtype| rtype.as_str() == text)
    }

    /// Whether a name of this type is one that a client connects to: these exclude each other as [`Cname`](Self::Cname) says.
    pub(super) fn is_host(self) -> bool {
        match self {
            Self::A | Self::Aaaa | Self::Cname => true,
            Self::Caa
            | Self::Cert
            | Self::Dnskey
            | Self::Ds
            | Self::Https
            | Self::Loc
            | Self::Mx
            | Self::Naptr
            | Self::Ns
            | Self::Openpgpkey
            | Self::Ptr
            | Self::Smimea
            | Self::Srv
            | Self::Sshfp
            | Self::Svcb
            | Self::Tlsa
            | Self::Txt
            | Self::Uri => false,
        }
    }
}

/// A record that somebody makes by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// As the API takes it: whole, or below the zone, or `@`.
    pub name: String,
    /// Its type.
    pub rtype: RecordType,
    /// As the API takes it.
    pub content: String,
    /// In seconds; 1 means automatic.
    pub ttl: u32,
    /// Whether the proxy answers for it.
    pub proxied: bool,
    /// For people.
    pub comment: Option<String>,
}

impl NewRecord {
    /// One that is not proxied and has no comment. An MX gets priority 10.
    pub fn new(name: &str, rtype: RecordType, content: &str, ttl: u32) -> Self {
        Self { name: name.to_owned(), rtype, content: content.to_owned(), ttl, proxied: false, comment: None }
    }

    /// The same, proxied.
    #[must_use]
    pub fn proxied(self) -> Self {
        Self { proxied: true, ..self }
    }
}

impl Record {
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "name": self.name,
            "type": self.rtype.as_str(),
            "content": self.content,
            "proxiable": is_proxiable(self.rtype, &self.content),
            "proxied": self.proxied,
            "ttl": self.ttl,
            "settings": self.settings,
            "meta": {},
            "comment": self.comment,
            "tags": self.tags,
            "created_on": moment(self.created_on),
            "modified_on": moment(self.modified_on),
        });
        if let Some(priority) = self.priority {
            json["priority"] = priority.into();
        }
        if let Some(data) = &self.data {
            json["data"] = data.clone().into();
        }
        json
    }
}

/// Whether the proxy can stand before this: a type that clients connect to, and no address that it cannot reach.
pub(super) fn is_proxiable(rtype: RecordType, content: &str) -> bool {
    match rtype {
        RecordType::A => content.parse().is_ok_and(is_reachable_v4),
        RecordType::Aaaa => content.parse().is_ok_and(is_reachable_v6),
        other => other.is_host(),
    }
}

fn is_reachable_v4(address: Ipv4Addr) -> bool {
    !(address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified())
}

fn is_reachable_v6(address: Ipv6Addr) -> bool {
    !(address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local() || address.is_unspecified())
}

pub(super) fn moment(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// An identifier as the service makes them.
pub(super) fn new_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
