//! A hosted zone whose servers stand in a private network: programs are told only of a [`Front`] before them.

use std::net::SocketAddr;

use super::{Declared, Host, HostedZone};
use crate::Sandbox;
use crate::route53::Setup;
use crate::world::front::Front;

/// The zone, and what stands before its servers. Whoever asks as users do asks the servers themselves.
#[derive(Debug)]
pub struct Walled {
    /// The zone.
    pub zone: HostedZone,
    /// Where programs are told that its servers are.
    pub front: Front,
}

impl Walled {
    /// Starts it with everything in prod.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start(sandbox: &Sandbox) -> Self {
        let zone = HostedZone::start(sandbox, Setup::default());
        let front = Front::start(sandbox, zone.server());
        Self { zone, front }
    }
}

impl Host for Walled {
    fn providers(&self, name: &str, _sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        vec![self.zone.declared(name, &[self.front.address()], options)]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        self.zone.servers()
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.zone.environment()
    }
}
