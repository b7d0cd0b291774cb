//! Who holds a world's zone: an authoritative server that takes DNS UPDATE, or an API, real or a strict stand-in.
//!
//! A pair of hosts holds the zone twice, as the providers `main` and `second`; the first one anchors.

pub(super) mod cloudflare;
pub(super) mod powerdns;
pub(super) mod relayed;
pub(super) mod route53;
pub(super) mod walled;

use std::net::SocketAddr;

use self::route53::HostedZone;
use super::{RECORDS, ZONE};
use crate::{AuthServer, Sandbox};

/// A record that no service guards: it must outlive everything.
const UNGUARDED: (&str, &str, &str) = ("unguarded.example.test", "A", "203.0.113.1");

/// A provider as the configuration declares it.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What services call it.
    pub name: String,
    /// Its kind with all keys, as a YAML flow mapping after the kind's name.
    pub kind: String,
}

impl Declared {
    /// Its entry under `providers:`.
    pub(super) fn entry(&self) -> String {
        let Self { name, kind } = self;
        format!("  {name}:\n    {kind}\n")
    }
}

/// Holds a zone, and can be declared as a provider.
pub trait Host {
    /// Declares it under a name, with further keys that all kinds have, and puts its secrets into the sandbox.
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared>;

    /// Its authoritative servers, the first one first.
    fn servers(&self) -> Vec<SocketAddr>;

    /// What the controller needs in its environment.
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Lets records be changed behind every program's back.
pub trait ByHand: Host {
    /// Gives a name and type this value alone.
    fn put(&self, name: &str, rtype: &str, value: &str);
}

impl Host for AuthServer {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        vec![updated(self, self.address(), name, sandbox, options)]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        self.addresses()
    }
}

impl ByHand for AuthServer {
    fn put(&self, name: &str, rtype: &str, value: &str) {
        let (delete, add) =
            (format!("update delete {name}. {rtype}"), format!("update add {name}. 60 {rtype} {value}"));
        self.edit(&[&delete, &add]);
    }
}

impl<A: Host, B: Host> Host for (A, B) {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        let mut declared = self.0.providers(name, sandbox, options);
        declared.extend(self.1.providers("second", sandbox, options));
        declared
    }

    fn servers(&self) -> Vec<SocketAddr> {
        [self.0.servers(), self.1.servers()].concat()
    }

    fn environment(&self) -> Vec<(String, String)> {
        [self.0.environment(), self.1.environment()].concat()
    }
}

/// A server that takes DNS UPDATE at an address, which need not be its own.
fn updated(auth: &AuthServer, at: SocketAddr, name: &str, sandbox: &Sandbox, options: &str) -> Declared {
    let key = auth.key();
    let file = if name == "main" { "tsig.secret".to_owned() } else { format!("{name}.secret") };
    let secret = sandbox.write(file, format!("{}\n", key.secret()));
    let kind = format!(
        "rfc2136: {{ server: \"{at}\", zones: [{ZONE}], authoritativeServers: [{}], {options},\n      tsig: {{ name: {}, \
         algorithm: {}, secretFile: {} }} }}",
        listed(&auth.addresses()),
        key.name(),
        key.algorithm(),
        secret.display(),
    );
    Declared { name: name.to_owned(), kind }
}

/// As a YAML list's inside.
fn listed(servers: &[SocketAddr]) -> String {
    servers.iter().map(|server| format!("\"{server}\"")).collect::<Vec<_>>().join(", ")
}

/// Every record of the zone as it is before anything has moved, SOA and NS apart: name, type, value.
fn content() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let guarded = RECORDS.iter().map(|(name, rtype, prod, _)| (owner(name), *rtype, *prod));
    let (name, rtype, value) = UNGUARDED;
    guarded.chain([(name.to_owned(), rtype, value)])
}

/// A name that is asked for, as the zone has it.
pub(super) fn owner(name: &str) -> String {
    name.replace("any.wild", "*.wild")
}
