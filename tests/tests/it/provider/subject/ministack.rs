//! Ministack's Route 53, which judges flips: it applies a batch whole or not at all, wants a DELETE to match what the zone
//! holds now, with the values in any order, gives each change an id of its own, pending at first, and cuts lists into pages.
//!
//! What it does not judge, each found by trying:
//! - a CNAME beside other records, which it takes: the two tests in which one must be refused are left out,
//!   `changes_one_type_into_another` and `refuses_what_has_appeared_where_it_would_write`;
//! - credentials: it takes any, and with `AUTH=true` it refuses an unknown key in the form of S3, `Error` without
//!   `ErrorResponse` around it: `denies_a_wrong_credential_and_says_what_to_check` is left out;
//! - limits on records and characters, addresses, names outside of the zone, all taken: there the tests show what the
//!   adapter refuses before it sends, not what the service would.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};

use dns_provider::port::Provider;
use dns_provider::route53::Credentials;
use tests::process::{Process, Program};
use tests::python::python;
use tests::{PATIENCE, Sandbox};

use super::aws_zone::AwsZone;
use super::stall::Stall;
use super::{LONG, Subject};
use crate::provider::{CONTENT, TIMEOUT};

/// What it is told by environment. It would otherwise serve all of AWS, an MQTT and an SSH server among it, on every
/// interface, and remove containers that it believes to be its own from a Docker daemon that it finds.
const ENV: [(&str, &str); 6] = [
    ("SERVICES", "route53"),
    ("AUTH", "false"),
    ("PERSIST_STATE", "0"),
    ("IOT_MTLS_ENABLED", "0"),
    ("SFTP_ENABLED", "0"),
    ("DOCKER_HOST", "unix:///nonexistent"),
];

/// One for all tests; each has a hosted zone of its own. It ends with the test runner.
static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

struct Server {
    address: SocketAddr,
    _process: Process,
}

impl Server {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let address = sandbox.socket();
        let program = Program::at(python().with_file_name("ministack")).label("ministack");
        let program = ENV.iter().fold(program, |program, (name, value)| program.env(*name, *value));
        let program =
            program.env("BIND_HOST", address.ip().to_string()).env("GATEWAY_PORT", address.port().to_string());
        // It keeps a file with its pid there.
        let mut process = sandbox.start(program.env("TMPDIR", sandbox.path()));
        process.until_ready(PATIENCE, || TcpStream::connect(address).map(drop));
        // An address that nobody else listens on, so whoever answers listens on all of them.
        let elsewhere = SocketAddr::new(sandbox.another_ip(), address.port());
        assert!(TcpStream::connect(elsewhere).is_err(), "ministack listens on more than {address}");
        Self { address, _process: process }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A hosted zone of ministack's account.
pub(crate) struct MinistackZone(AwsZone);

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "ministack-asks-for-none", None, None, "test")
}

impl MinistackZone {
    pub(crate) fn start() -> Self {
        let zone = AwsZone::create(&SERVER.url(), credentials());
        for (owner, rtype, values) in CONTENT {
            zone.put(owner, rtype, 60, values);
        }
        Self(zone)
    }
}

impl Subject for MinistackZone {
    fn provider(&self) -> Arc<dyn Provider> {
        self.0.adapter(SERVER.url(), credentials(), TIMEOUT)
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        panic!("ministack refuses nobody as Route 53 does");
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        let stall = Stall::on_the_way_to(SERVER.address, |octets| octets.starts_with(b"POST "));
        (self.0.adapter(format!("http://{}", stall.address()), credentials(), LONG), stall)
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        self.0.put(owner, rtype, ttl, values);
    }

    fn remove(&self, owner: &str, rtype: &str) {
        self.0.remove(owner, rtype);
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        self.0.held(owner, rtype)
    }
}
