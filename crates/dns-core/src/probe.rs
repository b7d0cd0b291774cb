//! What a probe asks and what it expects: the specification only. Asking is dns-monitor's job.
//!
//! Secrets are never part of a specification, only the paths of the files that hold them, so a specification
//! can be digested, logged and sent.

mod set;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use serde::{Deserialize, Serialize};

pub use self::set::Probes;
use crate::rrset::name_text;

/// One kind of check of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProbeSpec {
    /// Ask a DNS question at the endpoint.
    Dns(DnsProbe),
    /// Send an HTTP or HTTPS request to the endpoint.
    Http(HttpProbe),
    /// Open a TCP connection to the endpoint.
    Tcp(TcpProbe),
}

/// How a DNS probe's question travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DnsTransport {
    /// UDP, and again over TCP if the answer is truncated (RFC 7766 §5).
    Udp,
    /// TCP only.
    Tcp,
}

/// A question and the answer that means healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsProbe {
    /// The name asked for.
    #[serde(with = "name_text")]
    pub name: Name,
    /// The type asked for, in presentation form on the wire of our APIs.
    #[serde(with = "type_text")]
    pub qtype: RecordType,
    /// Transport.
    pub transport: DnsTransport,
    /// Port at the endpoint; 53 unless told otherwise.
    pub port: u16,
    /// The response code that is expected, by its mnemonic: NOERROR, NXDOMAIN, REFUSED …
    pub rcode: String,
    /// If given, the answer section's values of `qtype` must be exactly these, in any order, in presentation form.
    pub answers: Option<Vec<String>>,
    /// Whether the answer must be authoritative (AA).
    pub authoritative: bool,
}

/// A connection that must open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TcpProbe {
    /// Port at the endpoint.
    pub port: u16,
}

/// A request and the response that means healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpProbe {
    /// TLS settings; `None` means plain HTTP.
    pub tls: Option<ProbeTls>,
    /// Method, upper case.
    pub method: String,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Port at the endpoint; 80 or 443 unless told otherwise.
    pub port: u16,
    /// Host header and SNI; the endpoint's own address or host name unless told otherwise.
    pub host: Option<String>,
    /// Further headers.
    pub headers: BTreeMap<String, HeaderSource>,
    /// Status codes that mean healthy; never empty.
    pub status: Vec<u16>,
    /// If given, the first 64 KiB of the body must contain it.
    pub body_contains: Option<String>,
    /// How many redirects to follow; 0 (the default) judges the first response.
    pub redirects_max: u8,
}

/// Where a header's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderSource {
    /// The value itself.
    Value(String),
    /// A file whose one line is the value, read anew for every probe so that a rotated secret is picked up.
    File(PathBuf),
}

/// TLS of an HTTPS probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeTls {
    /// PEM file of the authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// PEM files of a client certificate and its key.
    pub client: Option<ClientCertificate>,
    /// The served certificate must be valid for at least this much longer.
    pub valid_for: Option<Duration>,
}

/// A client certificate and its private key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificate {
    /// PEM file of the chain.
    pub cert: PathBuf,
    /// PEM file of the key.
    pub key: PathBuf,
}

/// Serialises a [`RecordType`] as its mnemonic (`serde(with)`).
pub mod type_text {
    use std::str::FromStr;

    use hickory_proto::rr::RecordType;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the mnemonic.
    ///
    /// # Errors
    /// Whatever the serializer returns.
    pub fn serialize<S: Serializer>(rtype: &RecordType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(rtype)
    }

    /// Reads a mnemonic.
    ///
    /// # Errors
    /// If no type has this mnemonic.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RecordType, D::Error> {
        let text = String::deserialize(deserializer)?;
        RecordType::from_str(&text).map_err(D::Error::custom)
    }
}
