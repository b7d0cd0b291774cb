//! A real `PowerDNS`, by its HTTP API. People edit it as they do by DNS UPDATE.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dns_provider::port::Provider;
use dns_provider::powerdns::{PowerDns, Settings};
use tests::{Kind, Sandbox};

use super::stall::Stall;
use super::{Primary, Subject};
use crate::provider::{TIMEOUT, ZONE, name};

/// A server, and the files with its API keys.
pub(crate) struct PowerDnsApi {
    primary: Primary,
    keys: Sandbox,
}

impl PowerDnsApi {
    pub(crate) fn start() -> Self {
        Self { primary: Primary::start(Kind::PowerDns), keys: Sandbox::new() }
    }

    fn client(&self, address: SocketAddr, key: &str, timeout: Duration) -> Arc<dyn Provider> {
        let settings = Settings {
            url: format!("http://{address}").parse().expect("a URL"),
            server_id: "localhost".to_owned(),
            zones: vec![name(ZONE)],
            api_key_file: self.keys.write(key, format!("{key}\n")),
            timeout,
        };
        Arc::new(PowerDns::new(settings).expect("a client"))
    }
}

impl Subject for PowerDnsApi {
    fn provider(&self) -> Arc<dyn Provider> {
        let api = self.primary.server.api();
        self.client(api.address, &api.key, TIMEOUT)
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        self.client(self.primary.server.api().address, "another-key", TIMEOUT)
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        let api = self.primary.server.api();
        let stall = Stall::on_the_way_to(api.address, |octets| octets.starts_with(b"PATCH "));
        (self.client(stall.address(), &api.key, super::LONG), stall)
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        self.primary.put(owner, rtype, ttl, values);
    }

    fn remove(&self, owner: &str, rtype: &str) {
        self.primary.remove(owner, rtype);
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        self.primary.held(owner, rtype)
    }
}
