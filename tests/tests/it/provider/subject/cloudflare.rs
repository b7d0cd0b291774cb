//! Cloudflare's strict stand-in.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dns_provider::budget::Budget;
use dns_provider::cloudflare::{Cloudflare, Settings};
use dns_provider::port::Provider;
use tests::Sandbox;
use tests::cloudflare::{Fake, NewRecord, Plan, Record, RecordType, Setup, TOKEN, ZoneSetup};

use super::stall::Stall;
use super::{Subject, normal};
use crate::provider::{CONTENT, TIMEOUT, ZONE, name};

/// A token of the right form that nobody gave out.
const UNKNOWN_TOKEN: &str = "unknown-cloudflare-token-0123456789-abcdefghi";

/// A zone of an account.
pub(crate) struct Account {
    fake: Fake,
    sandbox: Sandbox,
}

impl Account {
    pub(crate) fn start() -> Self {
        let fake = Fake::start(Setup::with_zone(ZoneSetup::new(ZONE, Plan::Pro)));
        let account = Self { fake, sandbox: Sandbox::new() };
        for (owner, rtype, values) in CONTENT {
            account.put(owner, rtype, 60, values);
        }
        account
    }

    fn token_file(&self, token: &str) -> PathBuf {
        self.sandbox.write(token, format!("{token}\n"))
    }

    fn client(&self, url: &str, token: &str, timeout: Duration) -> Arc<dyn Provider> {
        let burst = NonZeroU32::new(1_000).expect("not zero");
        let settings = Settings {
            zones: BTreeMap::from([(name(ZONE), self.fake.zone_id(ZONE))]),
            token_file: self.token_file(token),
            endpoint_url: Some(url.parse().expect("a URL")),
            batch_max: Plan::Pro.batch_operations_max(),
            timeout,
            budget: Arc::new(Budget::new(Duration::from_micros(1), burst)),
        };
        Arc::new(Cloudflare::new(settings).expect("a client"))
    }

    fn records(&self, owner: &str, rtype: &str) -> Vec<Record> {
        let is_it = |record: &Record| record.name == owner.to_ascii_lowercase() && record.rtype.as_str() == rtype;
        self.fake.records(ZONE).into_iter().filter(is_it).collect()
    }
}

impl Subject for Account {
    fn provider(&self) -> Arc<dyn Provider> {
        self.client(&self.fake.url(), TOKEN, TIMEOUT)
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        self.client(&self.fake.url(), UNKNOWN_TOKEN, TIMEOUT)
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        let url = self.fake.url();
        let (address, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
        let stall = Stall::on_the_way_to(address.parse().expect("an address"), |octets| octets.starts_with(b"POST "));
        (self.client(&format!("http://{}/{path}", stall.address()), TOKEN, super::LONG), stall)
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        for record in self.records(owner, rtype) {
            self.fake.remove(ZONE, &record.id);
        }
        let rtype = match rtype {
            "A" => RecordType::A,
            "AAAA" => RecordType::Aaaa,
            "CNAME" => RecordType::Cname,
            "TXT" => RecordType::Txt,
            other => panic!("no test puts a record of type {other}"),
        };
        for value in values {
            self.fake.add(ZONE, NewRecord::new(owner, rtype, value, ttl));
        }
    }

    fn remove(&self, owner: &str, rtype: &str) {
        let records = self.records(owner, rtype);
        assert!(!records.is_empty(), "{owner} has no {rtype}");
        for record in records {
            self.fake.remove(ZONE, &record.id);
        }
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        normal(self.records(owner, rtype).into_iter().map(|record| record.content))
    }
}
