//! PowerDNS with a Lua record: `ifurlup` over two groups of addresses, the preferred one first.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::{Preference, TIMEOUT_S};
use crate::auth::query_at;
use crate::benchmark::installation::ZONE;
use crate::command;
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;

/// The schema of an empty database, where Debian keeps it.
pub(crate) const SCHEMA: &str = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

/// A running PowerDNS.
pub(crate) struct PowerDns {
    address: SocketAddr,
    excerpt: String,
    process: Process,
}

impl PowerDns {
    /// Starts it with an interval in whole seconds, asks for every name, since it checks only what is asked for, and waits until each is answered with
    /// prod.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub(crate) fn start(sandbox: &Sandbox, preferences: &[Preference], port: u16, interval_s: u8) -> Self {
        let (folder, address) = (sandbox.folder(format!("powerdns-{interval_s}")), sandbox.socket());
        let folder_name = folder.to_string_lossy();
        let health = format!("enable-lua-records=yes\nlua-health-checks-interval={interval_s}\n");
        sandbox.write(folder.join("pdns.conf"), health.clone() + &server(&folder_name, address));
        let zone_file = sandbox.write(folder.join("zone"), zone(preferences, port));
        command::run("sqlite3", [format!("{folder_name}/pdns.db"), format!(".read {SCHEMA}")], "").expect("the schema");
        let config = format!("--config-dir={folder_name}");
        command::run("pdnsutil", [&*config, "load-zone", ZONE, &zone_file.to_string_lossy()], "").expect("the zone");
        let mut process = sandbox.start(Program::installed("pdns_server").arg(config));
        for Preference { name, prod, .. } in preferences {
            process.until_ready(PATIENCE, || match query_at(address, &format!("{name}.{ZONE}"), "A") {
                answer if answer == [prod.to_string()] => Ok(()),
                other => Err(other),
            });
        }
        let excerpt = health + preferences.first().map(|one| record(one, port)).unwrap_or_default().as_str();
        Self { address, excerpt, process }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What decides how fast it is, as its configuration and its zone say it.
    pub(crate) fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

fn server(folder: &str, address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    // security-poll-suffix: empty, or it asks the public DNS about itself.
    format!(
        "launch=gsqlite3\ngsqlite3-database={folder}/pdns.db\nsocket-dir={folder}\nlocal-address={ip}\nlocal-port={port}\n\
         daemon=no\nguardian=no\ndisable-syslog=yes\nsecurity-poll-suffix=\n"
    )
}

fn zone(preferences: &[Preference], port: u16) -> String {
    let head =
        format!("$ORIGIN {ZONE}.\n@ 60 SOA ns1 hostmaster 1 3600 600 604800 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n");
    [head].into_iter().chain(preferences.iter().map(|preference| record(preference, port))).collect()
}

/// The host in the URL is only a Host header: the addresses are those of the groups.
fn record(preference: &Preference, port: u16) -> String {
    let Preference { name, failures: _, prod, dr } = preference;
    let mut text = String::new();
    writeln!(
        text,
        "{name} 60 LUA A \"ifurlup('http://{name}.{ZONE}:{port}/healthz', {{{{'{prod}'}}, {{'{dr}'}}}}, \
         {{timeout='{TIMEOUT_S}'}})\""
    )
    .expect("invariant: a String takes all");
    text
}
