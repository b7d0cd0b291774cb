//! NSD, which serves a zone file or what a primary gives it, and lets it be transferred with a key. It takes no updates, so
//! it is no [`AuthServer`].
//!
//! [`AuthServer`]: crate::AuthServer

use std::net::SocketAddr;

use crate::auth::{Key, query_at};
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;

/// A running NSD with one zone.
#[derive(Debug)]
pub struct Nsd {
    address: SocketAddr,
    // Dropped with it, which ends the server.
    _process: Process,
}

impl Nsd {
    /// Starts it and waits until it serves the zone (its name without the final dot, its content as a zone file).
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn start(sandbox: &Sandbox, zone: &str, text: &str, key: &Key) -> Self {
        Self::begin(sandbox, zone, text, Some(key))
    }

    /// The same, with transfers for everybody.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn open(sandbox: &Sandbox, zone: &str, text: &str) -> Self {
        Self::begin(sandbox, zone, text, None)
    }

    fn begin(sandbox: &Sandbox, zone: &str, text: &str, key: Option<&Key>) -> Self {
        let folder = sandbox.folder(format!("nsd-{zone}"));
        sandbox.write(folder.join("zone"), text);
        Self::launch(sandbox, zone, key, "")
    }

    /// Starts it as a secondary that transfers the zone with this key, when it starts and whenever it is notified with it, and waits
    /// until it serves it.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn follow(sandbox: &Sandbox, zone: &str, primary: SocketAddr, key: &Key) -> Self {
        let (ip, port, name) = (primary.ip(), primary.port(), key.name());
        let follows = format!("    request-xfr: {ip}@{port} {name}\n    allow-notify: 127.0.0.0/8 {name}\n");
        Self::launch(sandbox, zone, Some(key), &follows)
    }

    fn launch(sandbox: &Sandbox, zone: &str, key: Option<&Key>, options: &str) -> Self {
        let label = format!("nsd-{zone}");
        let folder = sandbox.folder(&label);
        let address = sandbox.socket();
        let configuration = configure(&folder.display().to_string(), address, zone, key) + options;
        let configuration = sandbox.write(folder.join("nsd.conf"), configuration);
        let mut process = sandbox.start(Program::installed("nsd").arg("-d").arg("-c").arg(configuration).label(&label));
        process.until_ready(PATIENCE, || match query_at(address, zone, "SOA").as_slice() {
            [line] if !line.starts_with(';') => Ok(()),
            lines => Err(lines.to_vec()),
        });
        Self { address, _process: process }
    }

    /// Where it listens, for UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Everything stays in the folder, under the user that runs the tests. One process: nothing here is under load.
fn configure(folder: &str, address: SocketAddr, zone: &str, key: Option<&Key>) -> String {
    let (ip, port) = (address.ip(), address.port());
    let name = key.map_or("NOKEY", Key::name);
    let key = key.map_or_else(String::new, |key| {
        let (algorithm, secret) = (key.algorithm(), key.secret());
        format!("key:\n    name: \"{name}\"\n    algorithm: {algorithm}\n    secret: \"{secret}\"\n")
    });
    format!(
        r#"server:
    ip-address: {ip}@{port}
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
remote-control:
    control-enable: no
{key}zone:
    name: "{zone}"
    zonefile: "zone"
    provide-xfr: 127.0.0.0/8 {name}
"#
    )
}
