//! Route 53's strict stand-in.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use dns_provider::budget::Budget;
use dns_provider::port::Provider;
use dns_provider::route53::{Credentials, Route53, Settings, SharedCredentialsProvider};
use tests::route53::{Credential, Fake, RecordSet, Setup};

use super::stall::Stall;
use super::{Subject, normal};
use crate::provider::{CONTENT, TIMEOUT, ZONE, name};

/// A hosted zone of an account.
pub(crate) struct HostedZone {
    fake: Fake,
    id: String,
    credential: Credential,
}

impl HostedZone {
    pub(crate) fn start() -> Self {
        // Pending for a moment, as every change is there.
        let setup = Setup { propagation: Duration::from_millis(50), ..Setup::default() };
        let credential = setup.credentials.first().expect("a credential").clone();
        let fake = Fake::start(setup);
        let id = fake.zone(ZONE);
        let zone = Self { fake, id, credential };
        for (owner, rtype, values) in CONTENT {
            zone.put(owner, rtype, 60, values);
        }
        zone
    }

    fn client(&self, url: String, secret: &str, timeout: Duration) -> Arc<dyn Provider> {
        let credentials = Credentials::new(self.credential.key_id.clone(), secret, None, None, "test");
        let burst = NonZeroU32::new(1_000).expect("not zero");
        let settings = Settings {
            zones: BTreeMap::from([(name(ZONE), self.id.clone())]),
            endpoint_url: Some(url),
            region: None,
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            timeout,
            budget: Arc::new(Budget::new(Duration::from_micros(1), burst)),
        };
        Arc::new(Route53::new(settings))
    }
}

impl Subject for HostedZone {
    fn provider(&self) -> Arc<dyn Provider> {
        self.client(self.fake.url(), &self.credential.secret, TIMEOUT)
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        self.client(self.fake.url(), "another-secret", TIMEOUT)
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        let target = self.fake.url().trim_start_matches("http://").parse().expect("an address");
        let stall = Stall::on_the_way_to(target, |octets| octets.starts_with(b"POST "));
        (self.client(format!("http://{}", stall.address()), &self.credential.secret, super::LONG), stall)
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        let quote = if rtype == "TXT" { "\"" } else { "" };
        let values: Vec<String> = values.iter().map(|value| format!("{quote}{value}{quote}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        self.fake.put(&self.id, RecordSet::new(owner, rtype, ttl, &values));
    }

    fn remove(&self, owner: &str, rtype: &str) {
        assert_eq!(self.fake.remove(&self.id, owner, rtype), 1, "{owner} {rtype}");
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        normal(self.fake.record(&self.id, owner, rtype).iter().flat_map(|set| set.values().to_vec()))
    }
}
