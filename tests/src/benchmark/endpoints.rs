//! A hundred endpoints in one nginx, which writes down who asked: so the probes of everyone are counted alike.
//!
//! For endpoints that are killed there is [`crate::Endpoint`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::http;
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;

/// Endpoints on addresses of their own, and one port.
pub(super) struct Endpoints {
    /// Their addresses.
    pub(super) ips: Vec<IpAddr>,
    /// Their port.
    pub(super) port: u16,
    access: PathBuf,
    _nginx: Process,
}

impl Endpoints {
    /// Starts so many, and waits until they serve.
    ///
    /// # Panics
    ///
    /// When they do not within [`PATIENCE`].
    pub(super) fn start(sandbox: &Sandbox, count: usize) -> Self {
        let ips: Vec<IpAddr> = (0..count).map(|_| sandbox.another_ip()).collect();
        let port = sandbox.port();
        let folder = sandbox.folder("nginx");
        let access = folder.join("access.log");
        let configuration =
            sandbox.write(folder.join("nginx.conf"), configuration(&folder.to_string_lossy(), &ips, port));
        let program = Program::installed("nginx").arg("-p").arg(&folder).arg("-c").arg(configuration);
        let mut nginx = sandbox.start(program.args(["-e", "stderr"]));
        let first = ips.first().map(|ip| SocketAddr::new(*ip, port));
        let url = first.map(|at| format!("http://{at}/healthz")).expect("invariant: at least one endpoint");
        nginx.until_ready(PATIENCE, || http::is_ok(&url, None));
        Self { ips, port, access, _nginx: nginx }
    }

    /// How many probes each program has sent so far, by the name that it gives itself; without one, `-`.
    pub(super) fn probes(&self) -> BTreeMap<String, u64> {
        let log = fs::read(&self.access).unwrap_or_default();
        let mut counts = BTreeMap::new();
        for agent in String::from_utf8_lossy(&log).lines() {
            *counts.entry(agent.to_owned()).or_default() += 1;
        }
        counts
    }
}

fn configuration(folder: &str, ips: &[IpAddr], port: u16) -> String {
    let mut listen = String::new();
    for ip in ips {
        writeln!(listen, "        listen {};", SocketAddr::new(*ip, port)).expect("invariant: a String takes all");
    }
    format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    log_format agent '$http_user_agent';
    access_log {folder}/access.log agent;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
{listen}        location = /healthz {{ return 200 "ok"; }}
        location / {{ return 404; }}
    }}
}}
"#
    )
}
