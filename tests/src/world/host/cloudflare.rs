//! A zone at the strict stand-in of Cloudflare.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{ByHand, Declared, Host, content, listed, owner};
use crate::Sandbox;
use crate::cloudflare::{DnsView, Fake, NewRecord, Plan, Record, RecordType, Setup, TOKEN, ZoneSetup};
use crate::world::sampler::Snapshot;
use crate::world::{FENCE_NAME, RECORDS, ZONE};

/// A zone of an account, and a name server that answers it.
#[derive(Debug)]
pub struct Account {
    /// The account.
    pub fake: Arc<Fake>,
    server: SocketAddr,
}

impl Account {
    /// Starts it with everything in prod.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub fn start() -> Self {
        let fake = Arc::new(Fake::start(Setup::with_zone(ZoneSetup::new(ZONE, Plan::Pro))));
        for (name, rtype, value) in content() {
            fake.add(ZONE, NewRecord::new(&name, record_type(rtype), value, 60));
        }
        let server = fake.serve_dns(ZONE, DnsView::default());
        Self { fake, server }
    }

    /// Where the zone is answered.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// What the account holds now, at one moment.
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.fake)
    }

    /// The same, for a thread of its own.
    pub fn looks(&self) -> impl Fn() -> Snapshot + Send + 'static {
        let fake = Arc::clone(&self.fake);
        move || snapshot(&fake)
    }

    fn token_file(name: &str) -> String {
        format!("{name}.cloudflare")
    }
}

fn snapshot(fake: &Fake) -> Snapshot {
    let held = fake.records(ZONE);
    let values = |name: &str, rtype: &str| -> Vec<String> {
        held.iter().filter(|record| is(record, name, rtype)).map(|record| record.content.clone()).collect()
    };
    let records = RECORDS.iter().map(|(name, rtype, ..)| values(&owner(name), rtype)).collect();
    Snapshot::new(records, &values(FENCE_NAME, "TXT"))
}

fn is(record: &Record, name: &str, rtype: &str) -> bool {
    record.name == name && record.rtype.as_str() == rtype
}

fn record_type(text: &str) -> RecordType {
    match text {
        "A" => RecordType::A,
        "AAAA" => RecordType::Aaaa,
        "CNAME" => RecordType::Cname,
        other => panic!("no world has a record of type {other}"),
    }
}

impl Host for Account {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        let token = sandbox.write(Self::token_file(name), format!("{TOKEN}\n"));
        let kind = format!(
            "cloudflare: {{ zones: {{ {ZONE}: {} }}, tokenFile: {}, endpointUrl: \"{}\", plan: pro, \
             requestsPerSecond: 1000, burst: 1000, authoritativeServers: [{}], {options} }}",
            self.fake.zone_id(ZONE),
            token.display(),
            self.fake.url(),
            listed(&self.servers()),
        );
        vec![Declared { name: name.to_owned(), kind }]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        vec![self.server]
    }
}

impl ByHand for Account {
    fn put(&self, name: &str, rtype: &str, value: &str) {
        let found = self.fake.records(ZONE).into_iter().filter(|record| is(record, name, rtype));
        let [old] = found.collect::<Vec<_>>().try_into().expect("a world has one record of a name and type");
        self.fake.replace(ZONE, &old.id, NewRecord::new(name, record_type(rtype), value, 60));
    }
}
