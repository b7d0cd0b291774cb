//! `probes:` of a service's region: what is asked at each of its endpoints and what a good answer is.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use dns_core::probe::{
    ClientCertificate, DnsProbe, DnsTransport, HeaderSource, HttpProbe, ProbeSpec, ProbeTls, TcpProbe,
};
use dns_core::rrset::{GuardedType, canonical_name};
use hickory_proto::rr::RecordType;
use http::{HeaderName, HeaderValue, Method, uri::PathAndQuery};

use super::domain_name;
use crate::config::secret::{SecretKind, SecretUser};
use crate::config::tree::{Map, Spot, each, if_given, or_default};

/// Beyond that a redirect is a loop.
const REDIRECTS_MAX: u64 = 10;

/// The response codes that an authoritative server can answer with (RFC 1035 §4.1.1, RFC 2136 §2.2).
const RCODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE",
];

const HTTP_KEYS: &[&str] = &["path", "host", "port", "method", "headers", "status", "bodyContains", "redirects"];
const HTTPS_KEYS: &[&str] = &[
    "path",
    "host",
    "port",
    "method",
    "headers",
    "status",
    "bodyContains",
    "redirects",
    "ca",
    "clientCert",
    "validFor",
];

/// Reads a list of probes; `user` is who needs the secrets that they name.
pub(crate) fn read_all(spot: &Spot<'_>, user: SecretUser) -> Option<Vec<ProbeSpec>> {
    each(&spot.filled_list("probe")?, |item| read(item, user))
}

fn read(spot: &Spot<'_>, user: SecretUser) -> Option<ProbeSpec> {
    let map = spot.map(&["https", "http", "tcp", "dns"])?;
    let [(kind, settings)] = map.entries() else {
        spot.fault_with_hint("says not exactly one kind", "write one of https, http, tcp and dns per item of the list");
        return None;
    };
    match kind.text()? {
        "https" => https(settings, user).map(ProbeSpec::Http),
        "http" => http(&settings.map(HTTP_KEYS)?, None, 80, user).map(ProbeSpec::Http),
        "tcp" => tcp(settings).map(ProbeSpec::Tcp),
        "dns" => dns(settings).map(ProbeSpec::Dns),
        _ => None,
    }
}

fn port(map: &Map<'_>, default: u16) -> Option<u16> {
    or_default(map.optional("port"), default, |spot| read_port(&spot))
}

fn read_port(spot: &Spot<'_>) -> Option<u16> {
    u16::try_from(spot.number(1..=u64::from(u16::MAX))?).ok()
}

fn https(spot: &Spot<'_>, user: SecretUser) -> Option<HttpProbe> {
    let map = spot.map(HTTPS_KEYS)?;
    let ca = if_given(map.optional("ca"), |spot| spot.secret(SecretKind::Certificates, user));
    let client = if_given(map.optional("clientCert"), |spot| client_certificate(&spot, user));
    let valid_for: Option<Option<Duration>> = if_given(map.optional("validFor"), |spot| spot.positive_duration());
    let tls = (|| Some(ProbeTls { ca: ca?, client: client?, valid_for: valid_for? }))();
    let faulty = tls.is_none();
    http(&map, Some(tls.unwrap_or_default()), 443, user).filter(|_| !faulty)
}

fn client_certificate(spot: &Spot<'_>, user: SecretUser) -> Option<ClientCertificate> {
    let map = spot.map(&["cert", "key"])?;
    let cert = map.required("cert").and_then(|spot| spot.secret(SecretKind::Certificates, user));
    let key = map.required("key").and_then(|spot| spot.secret(SecretKind::PrivateKey, user));
    Some(ClientCertificate { cert: cert?, key: key? })
}

fn http(map: &Map<'_>, tls: Option<ProbeTls>, default_port: u16, user: SecretUser) -> Option<HttpProbe> {
    let method = or_default(map.optional("method"), "GET".to_owned(), |spot| method(&spot));
    let path = or_default(map.optional("path"), "/".to_owned(), |spot| path(&spot));
    let port = port(map, default_port);
    let host = if_given(map.optional("host"), |spot| host(&spot));
    let headers = or_default(map.optional("headers"), BTreeMap::new(), |spot| headers(&spot, user));
    let status = or_default(map.optional("status"), vec![200], |spot| status(&spot));
    let body_contains = if_given(map.optional("bodyContains"), |spot| spot.text().map(str::to_owned));
    let redirects_max = or_default(map.optional("redirects"), 0, |spot| {
        spot.number(0..=REDIRECTS_MAX).and_then(|number| u8::try_from(number).ok())
    });
    Some(HttpProbe {
        tls,
        method: method?,
        path: path?,
        port: port?,
        host: host?,
        headers: headers?,
        status: status?,
        body_contains: body_contains?,
        redirects_max: redirects_max?,
    })
}

fn method(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let upper = text.chars().all(|letter| letter.is_ascii_uppercase());
    if !upper || Method::from_bytes(text.as_bytes()).is_err() {
        spot.fault_with_hint(format!("`{text}` is no method"), "write it in upper case: GET, HEAD, POST");
        return None;
    }
    Some(text.to_owned())
}

fn path(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if !text.starts_with('/') || PathAndQuery::from_str(text).is_err() {
        spot.fault_with_hint(format!("`{text}` is no path"), "it begins with `/`; the host goes into `host`");
        return None;
    }
    Some(text.to_owned())
}

fn host(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let address = text.parse::<IpAddr>().is_ok();
    let name = !text.contains([':', '/', '@', ' ', '*', '\\']) && canonical_name(text).is_ok();
    if !address && !name {
        spot.fault_with_hint(format!("`{text}` is no host"), "a name or an address only; the port goes into `port`");
        return None;
    }
    Some(text.strip_suffix('.').unwrap_or(text).to_owned())
}

fn headers(spot: &Spot<'_>, user: SecretUser) -> Option<BTreeMap<String, HeaderSource>> {
    let map = spot.named_map()?;
    let pairs: Vec<_> =
        map.entries().iter().map(|(key, value)| Some((header_name(key), header(value, user)))).collect();
    let mut headers = BTreeMap::new();
    for (name, value) in pairs.into_iter().flatten() {
        headers.insert(name?, value?);
    }
    Some(headers)
}

fn header_name(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    match HeaderName::from_str(text) {
        Ok(name) if name == http::header::HOST => spot.fault("the Host header is set by `host`"),
        Ok(_) => return Some(text.to_owned()),
        Err(_) => spot.fault(format!("`{text}` is no header name")),
    }
    None
}

fn header(spot: &Spot<'_>, user: SecretUser) -> Option<HeaderSource> {
    if !spot.is_map() {
        let text = spot.text()?;
        if HeaderValue::from_str(text).is_err() {
            spot.fault("this cannot stand in a header");
            return None;
        }
        return Some(HeaderSource::Value(text.to_owned()));
    }
    let file = spot.map(&["file"])?.required("file")?;
    file.secret(SecretKind::Line, user).map(HeaderSource::File)
}

fn status(spot: &Spot<'_>) -> Option<Vec<u16>> {
    each(&spot.filled_list("status code")?, |item| u16::try_from(item.number(100..=599)?).ok())
}

fn tcp(spot: &Spot<'_>) -> Option<TcpProbe> {
    let port = spot.map(&["port"])?.required("port")?;
    Some(TcpProbe { port: read_port(&port)? })
}

fn dns(spot: &Spot<'_>) -> Option<DnsProbe> {
    let map = spot.map(&["name", "type", "transport", "port", "rcode", "answers", "authoritative"])?;
    let name = map.required("name").and_then(|spot| domain_name(&spot));
    let qtype = map.required("type").and_then(|spot| record_type(&spot));
    let transport = or_default(map.optional("transport"), DnsTransport::Udp, |spot| {
        spot.choice(&[("udp", DnsTransport::Udp), ("tcp", DnsTransport::Tcp)])
    });
    let port = port(&map, 53);
    let rcode = or_default(map.optional("rcode"), "NOERROR", |spot| spot.choice(&RCODES.map(|word| (word, word))));
    let answers = if_given(map.optional("answers"), |spot| answers(&spot, qtype));
    let authoritative = or_default(map.optional("authoritative"), false, |spot| spot.bool());
    Some(DnsProbe {
        name: name?,
        qtype: qtype?,
        transport: transport?,
        port: port?,
        rcode: rcode?.to_owned(),
        answers: answers?,
        authoritative: authoritative?,
    })
}

fn record_type(spot: &Spot<'_>) -> Option<RecordType> {
    let text = spot.text()?;
    let found = RecordType::from_str(text).ok();
    if found.is_none() {
        spot.fault_with_hint(format!("`{text}` is no record type"), "write its mnemonic: A, AAAA, SOA, TXT");
    }
    found
}

/// The values of address and CNAME answers can be checked here; others are compared as they are written.
fn answers(spot: &Spot<'_>, qtype: Option<RecordType>) -> Option<Vec<String>> {
    let guarded = GuardedType::ALL.into_iter().find(|candidate| Some(candidate.record_type()) == qtype);
    each(&spot.list()?, |item| {
        let text = item.text()?;
        if let Some(Err(error)) = guarded.map(|rtype| rtype.parse_value(text)) {
            item.fault(error.to_string());
            return None;
        }
        Some(text.to_owned())
    })
}
