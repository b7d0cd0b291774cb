//! Moto's Route 53, where it is right. It is lenient in what matters most: it finds a DELETE's values in the zone's past,
//! applies batches in part, and refuses to delete and create a set in one. So no flip can be judged by it.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use dns_provider::port::Provider;
use dns_provider::route53::Credentials;
use tests::process::{Process, Program};
use tests::python::python;
use tests::{PATIENCE, Sandbox};

use super::Subject;
use super::aws_zone::AwsZone;
use super::stall::Stall;
use crate::provider::{CONTENT, TIMEOUT};

/// One for all tests, since it takes seconds to start; each has a hosted zone of its own. It ends with the test runner.
static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

struct Server {
    address: SocketAddr,
    _process: Process,
}

impl Server {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let address = sandbox.socket();
        let program = Program::at(python().with_file_name("moto_server")).label("moto");
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let mut process = sandbox.start(program.args(["-H", &host, "-p", &port]));
        process.until_ready(PATIENCE, || std::net::TcpStream::connect(address).map(drop));
        Self { address, _process: process }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A hosted zone of moto's account.
pub(crate) struct MotoZone(AwsZone);

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "moto-asks-for-none", None, None, "test")
}

impl MotoZone {
    pub(crate) fn start() -> Self {
        let zone = AwsZone::create(&SERVER.url(), credentials());
        // Moto does not escape wildcards in its answers as Route 53 does.
        for (owner, rtype, values) in CONTENT.into_iter().filter(|(owner, ..)| !owner.contains('*')) {
            zone.put(owner, rtype, 60, values);
        }
        Self(zone)
    }
}

impl Subject for MotoZone {
    fn provider(&self) -> Arc<dyn Provider> {
        self.0.adapter(SERVER.url(), credentials(), TIMEOUT)
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        panic!("moto checks no signature");
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        panic!("moto's batches are not atomic, so it judges no race");
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        self.0.put(owner, rtype, ttl, values);
    }

    fn remove(&self, owner: &str, rtype: &str) {
        panic!("moto deletes {owner} {rtype} by what it once was");
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        self.0.held(owner, rtype)
    }
}
