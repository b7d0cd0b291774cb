//! A real `PowerDNS`, written through its HTTP API, with a relay in front of it.

use std::net::SocketAddr;

use super::{ByHand, Declared, Host, listed};
use crate::world::relay::{Framing, Relay};
use crate::world::{ZONE, ZONE_TEXT};
use crate::{AuthServer, Kind, Sandbox, Setup};

/// A server, and what stands between the controller and its API.
#[derive(Debug)]
pub struct PowerDnsApi {
    /// The server.
    pub auth: AuthServer,
    /// In front of its API.
    pub relay: Relay,
}

impl PowerDnsApi {
    /// Starts it with everything in prod.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`](crate::PATIENCE).
    pub fn start(sandbox: &Sandbox) -> Self {
        let auth = AuthServer::start_in(sandbox, Kind::PowerDns, Setup::new(ZONE, ZONE_TEXT));
        let relay = Relay::start(sandbox, auth.api().address, Framing::Http);
        Self { auth, relay }
    }
}

impl Host for PowerDnsApi {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        let key = sandbox.write(format!("{name}.powerdns"), format!("{}\n", self.auth.api().key));
        let kind = format!(
            "powerdns: {{ url: \"http://{}\", zones: [{ZONE}], apiKeyFile: {}, authoritativeServers: [{}], {options} }}",
            self.relay.address(),
            key.display(),
            listed(&self.servers()),
        );
        vec![Declared { name: name.to_owned(), kind }]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        self.auth.addresses()
    }
}

impl ByHand for PowerDnsApi {
    fn put(&self, name: &str, rtype: &str, value: &str) {
        self.auth.put(name, rtype, value);
    }
}
