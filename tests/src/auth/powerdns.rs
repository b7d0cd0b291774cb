//! `PowerDNS` Authoritative Server on `SQLite`, changed with `nsupdate` and set up with `pdnsutil`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Api, Node, Place, Role};
use crate::command;
use crate::process::{Process, Program};

/// Where Debian and others keep the schema of an empty database.
const SCHEMAS: [&str; 2] = [
    "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql",
    "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql",
];

#[derive(Debug)]
struct PowerDns {
    zone: String,
    folder: PathBuf,
    process: Process,
    api: Api,
}

/// Every server's; a test that needs a wrong one makes another up.
const API_KEY: &str = "powerdns-api-key";

pub(super) fn start(place: &Place<'_>) -> Box<dyn Node> {
    let folder = place.sandbox.folder(&place.label);
    let api = Api { address: place.sandbox.socket(), key: API_KEY.to_owned() };
    place.sandbox.write(folder.join("pdns.conf"), configure(place, &folder, &api));
    make_database(&folder);
    let zone = &place.setup.zone;
    for key in place.setup.keys.iter().chain([&place.setup.reader]) {
        pdnsutil(&folder, &["import-tsig-key", &key.name, &key.algorithm.to_string(), &key.secret]);
    }
    match place.role {
        Role::Primary { .. } => make_primary(place, &folder),
        Role::Secondary { primary } => make_secondary(place, &folder, primary),
    }
    let program = Program::installed("pdns_server").arg(format!("--config-dir={}", folder.display()));
    let process = place.sandbox.start(program.label(&place.label));
    Box::new(PowerDns { zone: zone.clone(), folder, process, api })
}

impl Node for PowerDns {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn control(&self, action: &str, _: &[&str]) {
        panic!("PowerDNS has no tool for `{action}`");
    }

    fn freeze(&self) {
        panic!("PowerDNS cannot freeze a zone");
    }

    fn thaw(&self) {
        panic!("PowerDNS cannot freeze a zone");
    }

    fn replace_data(&self, text: &str) {
        load(&self.folder, &self.zone, text);
    }

    fn api(&self) -> Option<&Api> {
        Some(&self.api)
    }
}

impl Api {
    /// Calls it about a zone, with more of curl's options, and hands out the answer.
    ///
    /// # Panics
    ///
    /// When it refuses.
    pub fn curl(&self, zone: &str, options: &[&str]) -> String {
        let url = format!("http://{}/api/v1/servers/localhost/zones/{zone}.", self.address);
        let header = format!("X-API-Key: {}", self.key);
        let args = ["--silent", "--fail-with-body", "--noproxy", "*", "--header", &header];
        let finished = command::run("curl", args.iter().chain(options).chain([&url.as_str()]), "");
        assert!(finished.is_success(), "{}", finished.stdout);
        finished.stdout
    }

    /// Changes `rrsets` of a zone, as the API documents them.
    ///
    /// # Panics
    ///
    /// When it refuses.
    pub fn patch(&self, zone: &str, rrsets: &serde_json::Value) {
        let body = serde_json::json!({ "rrsets": rrsets }).to_string();
        self.curl(zone, &["--request", "PATCH", "--data", &body]);
    }
}

fn pdnsutil(folder: &Path, args: &[&str]) {
    let folder = format!("--config-dir={}", folder.display());
    let args = [folder.as_str()].into_iter().chain(args.iter().copied());
    command::run("pdnsutil", args, "").expect("pdnsutil");
}

fn make_database(folder: &Path) {
    let schema = SCHEMAS.iter().find(|file| Path::new(file).exists());
    let schema = schema.unwrap_or_else(|| {
        panic!("no schema of PowerDNS at {SCHEMAS:?}: it is in the Debian package pdns-backend-sqlite3; ./tests/run installs what the tests need")
    });
    let database = folder.join("pdns.db").display().to_string();
    command::run("sqlite3", [database, format!(".read {schema}")], "").expect("the schema is loaded");
}

/// Loads a zone file in place of the zone's records; keys and metadata stay.
fn load(folder: &Path, zone: &str, text: &str) {
    let file = folder.join("zone");
    std::fs::write(&file, text).expect("the zone file is written");
    pdnsutil(folder, &["load-zone", zone, &file.display().to_string()]);
}

fn make_primary(place: &Place<'_>, folder: &Path) {
    let zone = place.setup.zone.as_str();
    load(folder, zone, &place.setup.text);
    pdnsutil(folder, &["set-kind", zone, "primary"]);
    // Without these a change leaves the serial alone and no secondary ever follows.
    pdnsutil(folder, &["set-meta", zone, "SOA-EDIT-API", "INCREASE"]);
    pdnsutil(folder, &["set-meta", zone, "SOA-EDIT-DNSUPDATE", "INCREASE"]);
    pdnsutil(folder, &["set-meta", zone, "NOTIFY-DNSUPDATE", "1"]);
    let keys = place.setup.keys.iter().map(|key| key.name.as_str());
    let allow: Vec<&str> = ["set-meta", zone, "TSIG-ALLOW-DNSUPDATE"].into_iter().chain(keys.clone()).collect();
    pdnsutil(folder, &allow);
    for key in keys {
        pdnsutil(folder, &["activate-tsig-key", zone, key, "primary"]);
    }
    if place.setup.is_signed {
        pdnsutil(folder, &["secure-zone", zone]);
    }
}

fn make_secondary(place: &Place<'_>, folder: &Path, primary: SocketAddr) {
    let zone = &place.setup.zone;
    pdnsutil(folder, &["create-secondary-zone", zone, &primary.to_string()]);
    pdnsutil(folder, &["activate-tsig-key", zone, &place.setup.keys[0].name, "secondary"]);
}

fn configure(place: &Place<'_>, folder: &Path, api: &Api) -> String {
    let folder = folder.display();
    let (ip, port) = (place.address.ip(), place.address.port());
    let (api_ip, api_port, api_key) = (api.address.ip(), api.address.port(), &api.key);
    let role = match &place.role {
        Role::Primary { notify } => {
            let targets: Vec<String> = notify.iter().map(ToString::to_string).collect();
            let targets = targets.join(",");
            format!(
                "primary=yes\nallow-axfr-ips=\nonly-notify=\nalso-notify={targets}\ndnsupdate=yes\nallow-dnsupdate-from=127.0.0.0/8"
            )
        }
        // The proxy is us: from any other address than its primary's a secondary takes no NOTIFY, signed or not.
        Role::Secondary { .. } => "secondary=yes\nallow-notify-from=127.0.0.0/8\nallow-axfr-ips=\n\
             trusted-notification-proxy=127.0.0.1"
            .to_owned(),
    };
    // query-local-address: a secondary takes NOTIFY only from its primary's own address. The caches are off because a test
    // reads right after it writes. security-poll-suffix: empty, or the server asks the public DNS about itself.
    format!(
        "launch=gsqlite3
gsqlite3-database={folder}/pdns.db
gsqlite3-dnssec=yes
gsqlite3-pragma-synchronous=0
socket-dir={folder}
local-address={ip}
local-port={port}
query-local-address={ip}
daemon=no
guardian=no
disable-syslog=yes
security-poll-suffix=
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
domain-metadata-cache-ttl=0
zone-cache-refresh-interval=0
xfr-cycle-interval=1
webserver=yes
webserver-address={api_ip}
webserver-port={api_port}
webserver-allow-from=127.0.0.0/8
api=yes
api-key={api_key}
{role}
"
    )
}
