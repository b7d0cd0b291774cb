//! A strict stand-in of Cloudflare's API v4 for DNS, with state, scripted faults and a DNS side.
//!
//! What the real service refuses, it refuses, with the statuses, codes and shapes that the real one uses; a test that
//! passes here must not fail there. It is checked by the official SDK with strict validation of every answer
//! (`tests/clients/cloudflare_sdk.py`).
//!
//! Invariants: a batch is applied whole or not at all; an id names one record for ever and never comes back; a fault
//! changes what a client sees, never the rules that a request is judged by; nothing leaves loopback.
//!
//! It deliberately lacks: DNSKEY, LOC and URI, which its DNS side cannot serve; import, export, scan and DNSSEC; API keys
//! (`X-Auth-Key`); filters by tag and free search. A query parameter that it does not model is refused and never ignored,
//! so that no test leans on a filter that does nothing. A CNAME's target is not resolved, and `flatten_cname` only kept.
//!
//! # What was modelled from what
//!
//! | rule | source |
//! |---|---|
//! | shapes of records, zones, tokens, pages | official SDK `cloudflare` 5.9, `types/dns`, `types/zones`, `types/user` |
//! | refusals as `{result: null, success: false, errors: [{code, message}], messages: []}`, without `error_chain` | API deprecations, 1 October 2024 |
//! | batch: order, first error, all or nothing, 200 or 3,500 operations, unknown keys ignored | "Batch record changes" |
//! | names: `@`, the zone appended, no final dot, Punycode | API reference; users' `x.one.example.two.example` in issue trackers |
//! | TTL 1 or 60 (Enterprise 30) to 86,400: 9021; a proxied record's TTL is 1 | "TTL"; cloudflare-ddns#179 |
//! | proxied only A, AAAA, CNAME: 9004; private targets: 9003 | external-dns#1945, dnscontrol#4776, python-cloudflare#73 |
//! | A 9005, AAAA 9006, stored in canonical notation | "DNS record types"; issue trackers |
//! | CNAME beside A, AAAA, CNAME: 81053, 81054; other types may stand beside a CNAME | "Records with the same name"; favonia/cloudflare-ddns#990 |
//! | NS beside A, AAAA, CNAME below the apex: 81056 | acme-dns#258 |
//! | identical name, type and content: 81058; unknown id: 81044 | issue trackers of many clients |
//! | TXT: verbatim without quotes, RFC 1035 strings with quotes, split at 255, inconsistent quotes refused | "DNS record types"; dnscontrol#3172; terraform-provider-cloudflare#6238 |
//! | content at most 4,096 octets on the wire: 9015; 8,192 characters per name and type: 83011 | "DNS record types", March 2026; manage.get.gov#5244 |
//! | `data`: the components of each type; each missing one: 9101 | official SDK, `types/dns/*_record.py`; 5aaee9/Dnsflare#42 |
//! | name invalid: 9000; malformed body: 9207 | manage.get.gov#5244; favonia/cloudflare-ddns#1026 |
//! | comments of 100 (paid 500) characters: 9313; tags none (paid 20): 9300 | "Record attributes"; external-dns#3706 |
//! | 200 records on a free zone, 3,500 else: 81045 | "Manage DNS records" |
//! | NS at the apex is taken and not served; the zone's own name servers are refused | "Nameserver options"; octodns-cloudflare#12 |
//! | header malformed: 6003 with 6111; unknown token: 9109 and 10000, on verify 1000; missing rights: 10000 | issue trackers of many clients |
//! | 1,200 requests in 5 minutes a token, then 429 (971); `Ratelimit`, `Ratelimit-Policy`, `Retry-After` | "Rate limits" |
//! | pages of at most 5,000 records, default 100; of 5 to 50 zones, default 20 | API reference |
//!
//! Where no source says: what becomes of a component that is wrong or of another type (9207), the codes for a batch that is too large and for wrong query parameters (9207), for contents of
//! TXT (9012), CNAME (9007), NS (9008), MX (9009) and PTR (9014), of comments and tags with a wrong character (9301), of a
//! CNAME to itself (9039), and of 5xx (10001); the status of a batch with a gone id (404, as for the single call); 7003 for
//! well-formed ids of unknown zones. Nothing but these tables of codes should depend on them.

mod access;
mod account;
mod answer;
mod batch;
mod call;
mod content;
mod data;
mod dns;
mod draft;
mod fault;
mod listing;
mod name;
mod record;
mod records;
mod refusal;
mod seen;
mod server;
mod setup;
mod throttle;
mod txt;
mod zone;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use call::Operation;
pub use dns::DnsView;
pub use fault::{Failure, Fault, Kind};
pub use record::{NewRecord, Record, RecordType};
pub use seen::Batch;
pub use setup::{Plan, Rate, Rights, Scope, Setup, TOKEN, Token, TokenStatus, ZoneSetup};

use self::account::Account;
use self::server::Server;
use self::zone::Zone;
pub use crate::gate::Gate;

/// A running account. It ends when this is dropped.
#[derive(Debug)]
pub struct Fake {
    account: Arc<Mutex<Account>>,
    server: Server,
}

impl Fake {
    /// Starts it on an ephemeral port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When it cannot listen, or a record of the setup is one that the service refuses.
    pub fn start(setup: Setup) -> Self {
        let body_octets_max = setup.body_octets_max;
        let account = Arc::new(Mutex::new(Account::new(setup)));
        let server = Server::start(Arc::clone(&account), body_octets_max);
        Self { account, server }
    }

    /// The base of every path: `http://127.0.0.1:PORT/client/v4`.
    pub fn url(&self) -> String {
        format!("http://{}/client/v4", self.server.address())
    }

    /// The id of a zone.
    ///
    /// # Panics
    ///
    /// When the setup has no such zone; the same holds for every method that takes a zone's name.
    pub fn zone_id(&self, zone: &str) -> String {
        self.lock().zone_named(zone).id.clone()
    }

    /// All records of a zone, by name, then in the order of their creation.
    pub fn records(&self, zone: &str) -> Vec<Record> {
        self.lock().zone_named(zone).records().iter().map(|record| (**record).clone()).collect()
    }

    /// Adds a record behind every client's back; returns its id.
    ///
    /// # Panics
    ///
    /// When the service refuses it: a person at the dashboard cannot do more than a program.
    pub fn add(&self, zone: &str, record: NewRecord) -> String {
        self.by_hand(zone, |zone| zone.add(record))
    }

    /// Removes a record behind every client's back.
    ///
    /// # Panics
    ///
    /// When there is none with this id.
    pub fn remove(&self, zone: &str, id: &str) {
        self.by_hand(zone, |zone| zone.remove(id));
    }

    /// Removes one record and adds another in one change, as a tool does that replaces; returns the new id.
    ///
    /// # Panics
    ///
    /// When there is none with this id or the service refuses the new one.
    pub fn replace(&self, zone: &str, id: &str, record: NewRecord) -> String {
        self.by_hand(zone, |zone| zone.replace(id, record))
    }

    /// How often an operation was asked for, refused and faulted calls included.
    pub fn requests(&self, operation: Operation) -> usize {
        self.lock().seen.count(operation)
    }

    /// How many requests came, of every kind, those to unknown paths included.
    pub fn all_requests(&self) -> usize {
        self.lock().seen.requests()
    }

    /// Every batch that reached the database, in order; one that a fault ate on its way did not.
    pub fn batches(&self) -> Vec<Batch> {
        self.lock().seen.batches().to_vec()
    }

    /// Serves a zone over DNS, UDP and TCP, on an ephemeral port of 127.0.0.1, until this is dropped or it is called again.
    pub fn serve_dns(&self, zone: &str, view: DnsView) -> SocketAddr {
        self.lock().zone_named_mut(zone).serve(view)
    }

    /// Scripts a fault. Several may be to come, and several may strike one call.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// How many strikes are still to come: none of them, when a test has met all that it scripted.
    pub fn pending_faults(&self) -> usize {
        self.lock().faults.pending()
    }

    /// Forgets every fault, also those that have begun.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// Replaces all tokens, as a person does that rolls them.
    pub fn set_tokens(&self, tokens: Vec<Token>) {
        self.lock().set_tokens(tokens);
    }

    /// Changes the limit on requests; every token starts a new window.
    pub fn set_rate(&self, rate: Rate) {
        self.lock().set_rate(rate);
    }

    fn by_hand<T>(&self, zone: &str, change: impl FnOnce(&mut Zone) -> Result<T, refusal::Refusal>) -> T {
        let mut account = self.lock();
        change(account.zone_named_mut(zone)).unwrap_or_else(|refusal| panic!("refused in zone {zone}: {refusal}"))
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
