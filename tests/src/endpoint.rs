//! A service's endpoint: nginx as a process of its own, which a test can kill, stop and start again on the same address.
//!
//! It answers `/healthz` with a status of the test's choosing and everything else with 404; it counts nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::http::{self, Answer};
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// The private key of the leaf.
    pub key: PathBuf,
}

/// An HTTP or HTTPS server on one address.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    certificate: Option<Certificate>,
    prefix: PathBuf,
    process: Process,
}

impl Endpoint {
    /// Starts an HTTP server that answers `/healthz` with 200 and waits until it does.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn start(sandbox: &Sandbox, address: SocketAddr) -> Self {
        Self::launch(sandbox, address, None)
    }

    /// Starts the same with TLS.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn start_tls(sandbox: &Sandbox, address: SocketAddr, certificate: Certificate) -> Self {
        Self::launch(sandbox, address, Some(certificate))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process, to be killed or stopped.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Gets `/healthz`. A TLS certificate is not checked here: that is the product's business, and the test's.
    ///
    /// # Errors
    ///
    /// curl's message when there is no answer.
    pub fn healthz(&self) -> Result<Answer, String> {
        healthz(self.address, self.certificate.is_some())
    }

    /// Starts it again, after a kill or in place of the running process, and waits until it serves.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn restart(&mut self) {
        self.process.restart();
        self.until_serving();
    }

    /// Answers `/healthz` with this status from now on.
    ///
    /// # Panics
    ///
    /// When it does not serve again within [`PATIENCE`].
    pub fn answer_with(&mut self, status: u16) {
        self.answer(status, if status == 200 { "ok" } else { "failing" });
    }

    /// Answers `/healthz` with this status and body, which holds no single quote, from now on.
    ///
    /// # Panics
    ///
    /// When it does not serve again within [`PATIENCE`].
    pub fn answer(&mut self, status: u16, body: &str) {
        let certificate = self.certificate.as_ref();
        write_configuration(self.process.sandbox(), &self.prefix, self.address, certificate, (status, body));
        self.restart();
    }

    fn launch(sandbox: &Sandbox, address: SocketAddr, certificate: Option<Certificate>) -> Self {
        let prefix = sandbox.folder(format!("nginx-{}-{}", address.ip(), address.port()));
        let configuration = write_configuration(sandbox, &prefix, address, certificate.as_ref(), (200, "ok"));
        // -e: without it nginx opens the system's error log before it reads the configuration.
        let program =
            Program::installed("nginx").arg("-p").arg(&prefix).arg("-c").arg(configuration).args(["-e", "stderr"]);
        let process = sandbox.start(program.label(format!("nginx-{address}")));
        let mut endpoint = Self { address, certificate, prefix, process };
        endpoint.until_serving();
        endpoint
    }

    fn until_serving(&mut self) {
        let address = self.address;
        let is_tls = self.certificate.is_some();
        self.process.until_ready(PATIENCE, || healthz(address, is_tls).map(drop));
    }
}

fn healthz(address: SocketAddr, is_tls: bool) -> Result<Answer, String> {
    if is_tls {
        return http::get_insecurely(&format!("https://{address}/healthz"));
    }
    http::get(&format!("http://{address}/healthz"), None)
}

fn write_configuration(
    sandbox: &Sandbox,
    prefix: &Path,
    address: SocketAddr,
    certificate: Option<&Certificate>,
    (status, body): (u16, &str),
) -> PathBuf {
    let (ssl, files) = match certificate {
        None => ("", String::new()),
        Some(Certificate { cert, key }) => {
            (" ssl", format!("ssl_certificate {};\n        ssl_certificate_key {};", cert.display(), key.display()))
        }
    };
    let folder = prefix.display();
    // One process in the foreground: its pid is the endpoint's, so a SIGKILL leaves no worker that goes on serving.
    let text = format!(
        r"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address}{ssl};
        {files}
        default_type text/plain;
        location = /healthz {{ return {status} '{body}'; }}
        location / {{ return 404; }}
    }}
}}
"
    );
    sandbox.write(prefix.join("nginx.conf"), text)
}
