//! The DNS side of a zone: an authoritative server on loopback that serves what the API holds.
//!
//! A proxied record answers with the proxy's addresses. A CNAME that is flattened (at the apex, proxied, beside other
//! records, or by its setting) answers with its target's addresses, which a test gives: nothing is resolved. A TTL of 1 is
//! 300 seconds. A change is served at once and whole; the real service spreads it record by record.
//!
//! The whole zone is rendered anew for each change, which suits tests of hundreds of records.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use dns_authority::{KeyAlgorithm, Primary, UpdateKey};
use hickory_proto::rr::Name;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::record::{Record, RecordType};
use super::records::Records;
use super::txt;

/// What "automatic" is in answers ("Time to Live").
const AUTOMATIC_SECS: u32 = 300;

/// The octets of the key for updates, which nobody is told.
const KEY_OCTETS: usize = 32;

/// What the DNS side answers where the API's records don't say it.
#[derive(Clone, Debug, Default)]
pub struct DnsView {
    /// The proxy's addresses, for every proxied name.
    pub proxy: Vec<IpAddr>,
    /// What the targets of flattened CNAMEs resolve to; one that is missing gives no addresses.
    pub targets: BTreeMap<String, Vec<IpAddr>>,
}

/// A running DNS side.
#[derive(Debug)]
pub(super) struct Served {
    origin: String,
    view: DnsView,
    primary: Running,
    runtime: Option<Runtime>,
}

/// The server, with a `Debug` that says where it is.
struct Running(Primary);

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Running").field(&self.0.local_addr()).finish()
    }
}

impl Served {
    /// Starts it on an ephemeral port of 127.0.0.1.
    pub(super) fn start(origin: &str, name_servers: &[String], view: DnsView, records: &Records) -> Self {
        let name = Name::from_str(&format!("{origin}.")).expect("a zone's name");
        let zone = dns_authority::Zone::parse(&name, &bare(origin, name_servers)).expect("a zone without records");
        let bound = Primary::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port of 127.0.0.1");
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let primary = {
            let _inside = runtime.enter();
            bound.serve(zone, key(&name), &CancellationToken::new()).expect("sockets that are served")
        };
        let served = Self { origin: origin.to_owned(), view, primary: Running(primary), runtime: Some(runtime) };
        served.publish(records);
        served
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.primary.0.local_addr()
    }

    /// Serves these records from now on.
    pub(super) fn publish(&self, records: &Records) {
        let text = self.render(records);
        self.primary.0.edit(|editor| {
            let owners: Vec<Name> = editor.zone().records().map(|record| record.name).collect();
            for owner in owners {
                editor.remove_name(&owner);
            }
            editor.add(&text).unwrap_or_else(|error| panic!("zone {} cannot be served: {error}\n{text}", self.origin));
        });
    }

    fn render(&self, records: &Records) -> String {
        let mut text = String::new();
        for record in records.iter() {
            self.render_one(&mut text, record, records.at(&record.name).len() == 1);
        }
        text
    }

    fn render_one(&self, text: &mut String, record: &Record, is_alone: bool) {
        let name = &record.name;
        let ttl = if record.ttl == 1 { AUTOMATIC_SECS } else { record.ttl };
        match record.rtype {
            _ if record.proxied => addresses(text, name, ttl, &self.view.proxy),
            RecordType::Cname if self.is_flattened(record, is_alone) => {
                let targets = self.view.targets.get(&record.content).map_or(&[] as &[_], Vec::as_slice);
                addresses(text, name, ttl, targets);
            }
            // Without multi-provider DNS the service serves its own name servers there and ignores others.
            RecordType::Ns if *name == self.origin => {}
            RecordType::Cname | RecordType::Ns | RecordType::Ptr => {
                line(text, name, ttl, record.rtype, &format!("{}.", record.content));
            }
            RecordType::Mx => {
                let priority = record.priority.unwrap_or_default();
                line(text, name, ttl, record.rtype, &format!("{priority} {}.", record.content));
            }
            RecordType::Txt => line(text, name, ttl, record.rtype, &strings(&record.content)),
            // What serves it here cannot write LOC and URI, and keys belong to a zone that is signed.
            RecordType::Dnskey | RecordType::Loc | RecordType::Uri => {}
            RecordType::A
            | RecordType::Aaaa
            | RecordType::Caa
            | RecordType::Cert
            | RecordType::Ds
            | RecordType::Https
            | RecordType::Naptr
            | RecordType::Openpgpkey
            | RecordType::Smimea
            | RecordType::Srv
            | RecordType::Sshfp
            | RecordType::Svcb
            | RecordType::Tlsa => line(text, name, ttl, record.rtype, &record.content),
        }
    }

    fn is_flattened(&self, record: &Record, is_alone: bool) -> bool {
        record.name == self.origin
            || !is_alone
            || record.settings.get("flatten_cname").is_some_and(|value| value == true)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for nothing, so that a fake may be dropped inside a runtime too.
            runtime.shutdown_background();
        }
    }
}

fn bare(origin: &str, name_servers: &[String]) -> String {
    let first = name_servers.first().expect("invariant: every zone has name servers");
    let mut text = format!("{origin}. 1800 IN SOA {first}. dns.cloudflare.test. 1 10000 2400 604800 1800\n");
    for server in name_servers {
        line(&mut text, origin, 86_400, RecordType::Ns, &format!("{server}."));
    }
    text
}

fn addresses(text: &mut String, name: &str, ttl: u32, addresses: &[IpAddr]) {
    for address in addresses {
        let rtype = if address.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
        line(text, name, ttl, rtype, &address.to_string());
    }
}

fn line(text: &mut String, name: &str, ttl: u32, rtype: RecordType, data: &str) {
    writeln!(text, "{name}. {ttl} IN {} {data}", rtype.as_str()).expect("invariant: writing to a String cannot fail");
}

fn strings(content: &str) -> String {
    txt::render(&txt::parse(content).expect("invariant: only contents that can be read are stored").strings)
}

fn key(origin: &Name) -> UpdateKey {
    let secret = std::iter::repeat_with(|| fastrand::u8(..)).take(KEY_OCTETS).collect();
    UpdateKey::new(origin, KeyAlgorithm::HmacSha256, secret)
}
