//! A recursive resolver with a cache: unbound, which asks one authoritative server and nobody else.

use std::net::SocketAddr;

use crate::auth::query_at;
use crate::process::{Process, Program, Sandbox};
use crate::until::{PATIENCE, until};

/// A running unbound.
#[derive(Debug)]
pub struct Resolver {
    address: SocketAddr,
    process: Process,
}

impl Resolver {
    /// Starts one that resolves `zone` at `server` and refuses everything else.
    ///
    /// # Panics
    ///
    /// When it does not come up within [`PATIENCE`].
    pub fn start(sandbox: &Sandbox, label: &str, zone: &str, server: SocketAddr) -> Self {
        let address = sandbox.socket();
        let configuration = configure(address, zone, server);
        let file = sandbox.write(sandbox.folder(label).join("unbound.conf"), configuration);
        let program = Program::installed("unbound").arg("-d").arg("-c").arg(&file).label(label);
        let resolver = Self { address, process: sandbox.start(program) };
        resolver.until_it_answers(zone);
        resolver
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers; a name that it was not asked for before it asks for itself.
    pub fn query(&self, name: &str, rtype: &str) -> Vec<String> {
        query_at(self.address, name, rtype)
    }

    /// Starts it anew, with an empty cache.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self, zone: &str) {
        self.process.kill9();
        self.process.restart();
        self.until_it_answers(zone);
    }

    fn until_it_answers(&self, zone: &str) {
        until("the resolver answers", PATIENCE, || {
            let answer = self.query(zone, "SOA");
            if answer.iter().any(|line| !line.starts_with(";;")) { Ok(()) } else { Err(answer) }
        });
    }
}

/// Names under `test.` are special to unbound, and servers on loopback forbidden, unless it is told otherwise.
fn configure(address: SocketAddr, zone: &str, server: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!(
        r#"server:
    interface: {ip}
    port: {port}
    username: ""
    chroot: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    num-threads: 1
    module-config: "iterator"
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    local-zone: "." refuse
    local-zone: "{zone}." transparent
remote-control:
    control-enable: no
stub-zone:
    name: "{zone}."
    stub-addr: {server_ip}@{server_port}
"#,
        server_ip = server.ip(),
        server_port = server.port(),
    )
}
