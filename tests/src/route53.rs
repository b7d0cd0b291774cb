//! A strict stand-in of Amazon Route 53: the REST/XML API of 2013-04-01 on loopback, over an account in memory.
//!
//! Strict means: what the service refuses, this refuses, with the service's code, status and words, as its documentation
//! and its users' reports show them. Signatures are verified; a change batch is applied whole or not at all, in its order;
//! a DELETE must match what the zone holds *now*; the service's limits hold. Where the documentation leaves a choice, the
//! refusing one is taken: a batch names a set once, or deletes and then creates it; a CNAME's conflicts are looked for
//! after every change.
//!
//! On top of it, tests look behind the API ([`Fake::records`], [`Fake::batches`]), change records behind its back
//! ([`Fake::put`], [`Fake::remove`]) and script faults for single calls ([`Fake::inject`]). A call that has begun is
//! finished even if its client has gone.
//!
//! It does not know private zones, DNSSEC, traffic policies, CIDR and geoproximity routing; it refuses them. Of health
//! checks it knows the ids only. A load balancer's hosted zone id is taken as given.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

mod account;
mod dns;
mod fault;
mod name;
mod operation;
mod rdata;
mod record;
mod refusal;
mod request;
mod server;
mod signature;
mod xml;
mod zone;

pub use self::fault::{Failure, Fault, Kind, Operation};
pub use self::name::{NameFault, RecordName};
pub use self::record::{Alias, Data, RecordSet, Routing};
pub use self::request::{Action, Change};
pub use self::signature::Credential;

use self::account::{Account, lock};
use self::dns::View;
use self::server::{Server, Shared};
use self::zone::Zone;
pub use crate::gate::Gate;

/// Record sets of a zone unless the account has asked for more (Developer Guide, "Quotas").
const SETS_PER_ZONE_MAX: usize = 10_000;

/// What the account is like.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Who may call.
    pub credentials: Vec<Credential>,
    /// How fast; `None` is as fast as it goes.
    pub rate: Option<Rate>,
    /// How long a change is pending.
    pub propagation: Duration,
    /// How many record sets a zone may have.
    pub sets_per_zone_max: usize,
    /// The name servers of every zone, without their last dot.
    pub name_servers: Vec<String>,
    /// What the targets of aliases outside of their zone answer over DNS, such as a load balancer's name.
    pub alias_addresses: Vec<(String, Vec<IpAddr>)>,
}

/// Requests per second of the whole account, after a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once.
    pub burst: u32,
}

/// A change batch that came, refused or not.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The zone's id.
    pub zone: String,
    /// What counted against the limit of 1,000 records.
    pub records: usize,
    /// What counted against the limit of 32,000 characters.
    pub characters: usize,
    /// The changes in their order.
    pub changes: Vec<Change>,
    /// Why it was refused, in the service's words.
    pub refusal: Option<String>,
}

impl Default for Setup {
    /// One credential of no worth, no rate, changes in sync at once, the limits of a fresh account.
    fn default() -> Self {
        let credential = Credential {
            key_id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let domains = ["01.com", "02.net", "03.org", "04.co.uk"];
        Self {
            credentials: vec![credential],
            rate: None,
            propagation: Duration::ZERO,
            sets_per_zone_max: SETS_PER_ZONE_MAX,
            alias_addresses: Vec::new(),
            name_servers: domains
                .iter()
                .enumerate()
                .map(|(at, domain)| format!("ns-{}.awsdns-{domain}", at + 1))
                .collect(),
        }
    }
}

/// A running fake; it ends when it is dropped.
pub struct Fake {
    account: Arc<Mutex<Account>>,
    shared: Arc<Shared>,
    alias_addresses: BTreeMap<RecordName, Vec<IpAddr>>,
    server: Server,
}

impl Fake {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When it cannot listen, the setup names no name server, or an alias's target is no name.
    pub fn start(setup: Setup) -> Self {
        assert!(!setup.name_servers.is_empty(), "a zone needs a name server");
        let account = Arc::new(Mutex::new(Account::new(&setup)));
        let Setup { credentials, name_servers, alias_addresses, .. } = setup;
        let named = |(name, addresses): (String, _)| (parsed(&name), addresses);
        let alias_addresses = alias_addresses.into_iter().map(named).collect();
        let shared = Arc::new(Shared { account: Arc::clone(&account), credentials, name_servers });
        let server = Server::start(Arc::clone(&shared));
        Self { account, shared, alias_addresses, server }
    }

    /// Where clients are sent: their endpoint override.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The environment by which AWS's clients find it and sign with its first credential.
    ///
    /// # Panics
    ///
    /// When it was set up without credentials.
    pub fn env(&self) -> Vec<(String, String)> {
        let credential = self.shared.credentials.first().expect("the setup names a credential");
        let mut env = vec![
            ("AWS_ENDPOINT_URL_ROUTE_53", self.url()),
            ("AWS_ACCESS_KEY_ID", credential.key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", credential.secret.clone()),
            // The first is for the SDKs, the second for boto3.
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ];
        env.extend(credential.session_token.clone().map(|token| ("AWS_SESSION_TOKEN", token)));
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Makes a zone without asking the API and returns its id.
    ///
    /// # Panics
    ///
    /// When the name is none.
    pub fn zone(&self, name: &str) -> String {
        let name = parsed(name);
        let mut account = lock(&self.account);
        let reference = format!("behind the API {}", account.zones.len());
        account.add_zone(name, reference, None, self.shared.name_servers.clone())
    }

    /// Everything that a zone holds now, its own NS and SOA included, in the order of answers.
    ///
    /// # Panics
    ///
    /// When there is no such zone.
    pub fn records(&self, zone: &str) -> Vec<RecordSet> {
        self.read(zone, |zone| zone.sets().values().map(|set| RecordSet::clone(set)).collect())
    }

    /// The set of this name and type; the first one if there are several.
    ///
    /// # Panics
    ///
    /// When there is no such zone, or the name is none.
    pub fn record(&self, zone: &str, name: &str, rtype: &str) -> Option<RecordSet> {
        let name = parsed(name);
        self.records(zone).into_iter().find(|set| set.name == name && set.rtype == rtype)
    }

    /// Puts a set into a zone behind the API's back, as someone's hand in the console, in place of the one with its name,
    /// type and identifier. Nothing is checked but that it lies in the zone.
    ///
    /// # Panics
    ///
    /// When it doesn't, or there is no such zone.
    pub fn put(&self, zone: &str, set: RecordSet) {
        self.edit(zone, |zone| {
            assert!(set.name.is_within(&zone.name), "{} lies outside of the zone {}", set.name, zone.name);
            zone.edit(|sets| {
                sets.insert(Arc::new(set.key()), Arc::new(set));
            });
        });
    }

    /// Removes every set of a name and type behind the API's back, and returns how many there were.
    ///
    /// # Panics
    ///
    /// When there is no such zone, or the name is none.
    pub fn remove(&self, zone: &str, name: &str, rtype: &str) -> usize {
        let name = parsed(name);
        self.edit(zone, |zone| {
            let before = zone.sets().len();
            zone.edit(|sets| sets.retain(|key, _| key.name != name || key.rtype != rtype));
            before - zone.sets().len()
        })
    }

    /// Lets record sets name this health check.
    pub fn add_health_check(&self, id: &str) {
        lock(&self.account).health_checks.insert(id.to_owned());
    }

    /// Takes the right to call an operation on a zone away from everyone.
    pub fn deny(&self, operation: Operation, zone: &str) {
        lock(&self.account).denied.insert((operation, zone.to_owned()));
    }

    /// Gives all rights back.
    pub fn allow_everything(&self) {
        lock(&self.account).denied.clear();
    }

    /// How many requests have come for an operation, refused ones included.
    pub fn requests(&self, operation: Operation) -> usize {
        lock(&self.account).requests.get(&operation).copied().unwrap_or_default()
    }

    /// How many requests have come for any operation.
    pub fn all_requests(&self) -> usize {
        lock(&self.account).requests.values().sum()
    }

    /// The change batches that were judged, in their order.
    pub fn batches(&self) -> Vec<Batch> {
        lock(&self.account).batches.clone()
    }

    /// Scripts a fault.
    pub fn inject(&self, fault: Fault) {
        lock(&self.account).script.add(fault);
    }

    /// Forgets all faults that are still to come.
    pub fn heal(&self) {
        lock(&self.account).script.clear();
    }

    /// How many strikes of faults are still to come: zero proves that a test met all that it scripted.
    pub fn pending_faults(&self) -> usize {
        lock(&self.account).script.pending()
    }

    /// Sets how long changes from now on are pending.
    pub fn set_propagation(&self, propagation: Duration) {
        lock(&self.account).propagation = propagation;
    }

    /// Lets every change of the past be in sync now, even those that never would be.
    pub fn finish_propagation(&self) {
        lock(&self.account).finish_propagation();
    }

    /// Serves a zone over DNS, UDP and TCP, for as long as the fake lives, and returns the address; port 0 is any free one.
    /// Changes show once they are in sync, those by hand included.
    ///
    /// An alias answers what its target in the zone answers, or the addresses that the setup gives for it. Of several
    /// sets of a name and type, the first that has a weight, or none, answers.
    ///
    /// # Panics
    ///
    /// When it cannot listen, or there is no such zone.
    pub fn serve_dns(&self, zone: &str, address: SocketAddr) -> SocketAddr {
        let (name, sets) = self.read(zone, |zone| (zone.name.clone(), Arc::clone(zone.sets())));
        let sets = lock(&self.account).sets_in_sync(zone).unwrap_or(sets);
        let view = View { zone: zone.to_owned(), name, alias_addresses: self.alias_addresses.clone() };
        view.serve(&self.server.runtime, address, &self.account, sets)
    }

    fn read<T>(&self, zone: &str, read: impl FnOnce(&Zone) -> T) -> T {
        let account = lock(&self.account);
        read(account.zones.get(zone).unwrap_or_else(|| panic!("the test names the zone {zone}: there is none")))
    }

    fn edit<T>(&self, zone: &str, edit: impl FnOnce(&mut Zone) -> T) -> T {
        lock(&self.account).edit(zone, edit)
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("address", &self.server.address).finish_non_exhaustive()
    }
}

fn parsed(name: &str) -> RecordName {
    RecordName::parse(name).unwrap_or_else(|fault| panic!("the test names {name:?}: {fault}"))
}
