//! A hosted zone at the strict stand-in of Route 53.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{ByHand, Declared, Host, content, listed, owner};
use crate::Sandbox;
use crate::route53::{Fake, RecordSet, Setup};
use crate::world::sampler::Snapshot;
use crate::world::{FENCE_NAME, RECORDS, ZONE};

/// A hosted zone of an account, and a name server that answers it.
#[derive(Debug)]
pub struct HostedZone {
    /// The account.
    pub fake: Arc<Fake>,
    /// The hosted zone's id.
    pub id: String,
    server: SocketAddr,
}

impl HostedZone {
    /// Starts it with everything in prod.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start(sandbox: &Sandbox, setup: Setup) -> Self {
        let fake = Arc::new(Fake::start(setup));
        let id = fake.zone(ZONE);
        for (name, rtype, value) in content() {
            fake.put(&id, RecordSet::new(&name, rtype, 60, &[value]));
        }
        // A propagation that takes long concerns what comes from now on.
        fake.finish_propagation();
        let server = fake.serve_dns(&id, sandbox.socket());
        Self { fake, id, server }
    }

    /// Where the zone is answered.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// What the account holds now, at one moment.
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.fake, &self.id)
    }

    /// The same, for a thread of its own.
    pub fn looks(&self) -> impl Fn() -> Snapshot + Send + 'static {
        let (fake, id) = (Arc::clone(&self.fake), self.id.clone());
        move || snapshot(&fake, &id)
    }

    /// Its declaration with these servers, which need not be where it is answered.
    pub(super) fn declared(&self, name: &str, servers: &[SocketAddr], options: &str) -> Declared {
        let kind = format!(
            "route53: {{ zones: {{ {ZONE}: {} }}, endpointUrl: \"{}\", requestsPerSecond: 1000, burst: 1000, \
             authoritativeServers: [{}], {options} }}",
            self.id,
            self.fake.url(),
            listed(servers),
        );
        Declared { name: name.to_owned(), kind }
    }
}

fn snapshot(fake: &Fake, id: &str) -> Snapshot {
    let held = fake.records(id);
    let values = |name: &str, rtype: &str| -> Vec<String> {
        let name = crate::route53::RecordName::parse(name).expect("invariant: a name");
        let sets = held.iter().filter(|set| set.name == name && set.rtype == rtype);
        sets.flat_map(|set| set.values().to_vec()).collect()
    };
    let records = RECORDS.iter().map(|(name, rtype, ..)| values(&owner(name), rtype)).collect();
    Snapshot::new(records, &values(FENCE_NAME, "TXT"))
}

impl Host for HostedZone {
    fn providers(&self, name: &str, _sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        vec![self.declared(name, &self.servers(), options)]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        vec![self.server]
    }

    /// Nobody is to look for an instance's role on a network.
    fn environment(&self) -> Vec<(String, String)> {
        let mut environment = self.fake.env();
        environment.push(("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()));
        environment
    }
}

impl ByHand for HostedZone {
    fn put(&self, name: &str, rtype: &str, value: &str) {
        self.fake.put(&self.id, RecordSet::new(name, rtype, 60, &[value]));
    }
}
