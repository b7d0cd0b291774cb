//! A real server that takes DNS UPDATE, with a relay in front of its TCP port.

use std::net::SocketAddr;

use super::{Declared, Host, updated};
use crate::world::relay::{Framing, Relay};
use crate::world::{ZONE, ZONE_TEXT};
use crate::{AuthServer, Kind, Sandbox, Setup};

/// A server, and what stands between the controller and it. Whoever asks as users do asks the server itself.
#[derive(Debug)]
pub struct Relayed {
    /// The server.
    pub auth: AuthServer,
    /// In front of it.
    pub relay: Relay,
}

impl Relayed {
    /// Starts it with everything in prod.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`](crate::PATIENCE).
    pub fn start(sandbox: &Sandbox, kind: Kind) -> Self {
        let auth = AuthServer::start_in(sandbox, kind, Setup::new(ZONE, ZONE_TEXT));
        let relay = Relay::start(sandbox, auth.address(), Framing::DnsOverTcp);
        Self { auth, relay }
    }
}

impl Host for Relayed {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        vec![updated(&self.auth, self.relay.address(), name, sandbox, options)]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        self.auth.addresses()
    }
}
