//! Moto's Route 53, where it is right. It is lenient in what matters most: it finds a DELETE's values in the zone's past,
//! applies batches in part, and refuses to delete and create a set in one. So no flip can be judged by it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_route53::Client;
use aws_sdk_route53::config::{BehaviorVersion, Region};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet};
use dns_provider::budget::Budget;
use dns_provider::port::Provider;
use dns_provider::route53::{Credentials, Route53, Settings, SharedCredentialsProvider};
use tests::process::{Process, Program};
use tests::python::python;
use tests::{PATIENCE, Sandbox};
use tokio::runtime::Runtime;

use super::stall::Stall;
use super::{Subject, normal};
use crate::provider::{CONTENT, TIMEOUT, ZONE, name};

/// One for all tests, since it takes seconds to start; each has a hosted zone of its own. It ends with the test runner.
static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

struct Server {
    address: SocketAddr,
    _process: Process,
}

impl Server {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let address = sandbox.socket();
        let program = Program::at(python().with_file_name("moto_server")).label("moto");
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let mut process = sandbox.start(program.args(["-H", &host, "-p", &port]));
        process.until_ready(PATIENCE, || std::net::TcpStream::connect(address).map(drop));
        Self { address, _process: process }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A hosted zone of moto's account.
pub(crate) struct MotoZone {
    id: String,
    client: Client,
    runtime: Runtime,
}

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "moto-asks-for-none", None, None, "test")
}

impl MotoZone {
    pub(crate) fn start() -> Self {
        let config = aws_sdk_route53::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .region(Region::new("us-east-1"))
            .endpoint_url(SERVER.url());
        let client = Client::from_conf(config.build());
        let runtime = Runtime::new().expect("a runtime");
        let reference = fastrand::u64(..).to_string();
        let made = runtime.block_on(client.create_hosted_zone().name(ZONE).caller_reference(reference).send());
        let made = made.expect("a zone").hosted_zone.expect("a zone");
        let zone = Self { id: made.id.trim_start_matches("/hostedzone/").to_owned(), client, runtime };
        // Moto does not escape wildcards in its answers as Route 53 does.
        for (owner, rtype, values) in CONTENT.into_iter().filter(|(owner, ..)| !owner.contains('*')) {
            zone.put(owner, rtype, 60, values);
        }
        zone
    }
}

impl Subject for MotoZone {
    fn provider(&self) -> Arc<dyn Provider> {
        let burst = NonZeroU32::new(1_000).expect("not zero");
        let settings = Settings {
            zones: BTreeMap::from([(name(ZONE), self.id.clone())]),
            endpoint_url: Some(SERVER.url()),
            region: None,
            credentials: Some(SharedCredentialsProvider::new(credentials())),
            timeout: TIMEOUT,
            budget: Arc::new(Budget::new(Duration::from_micros(1), burst)),
        };
        Arc::new(Route53::new(settings))
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        panic!("moto checks no signature");
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        panic!("moto's batches are not atomic, so it judges no race");
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        let quote = if rtype == "TXT" { "\"" } else { "" };
        let element = |value: &&str| ResourceRecord::builder().value(format!("{quote}{value}{quote}")).build();
        let records: Result<Vec<ResourceRecord>, _> = values.iter().map(element).collect();
        // Moto keeps the case of names and finds them by it; Route 53 does not.
        let owner = owner.to_ascii_lowercase();
        let set = ResourceRecordSet::builder().name(owner).r#type(rtype.into()).ttl(ttl.into());
        let set = set.set_resource_records(Some(records.expect("records"))).build().expect("a set");
        let change = Change::builder().action(ChangeAction::Upsert).resource_record_set(set).build();
        let batch = ChangeBatch::builder().changes(change.expect("a change")).build().expect("a batch");
        let request = self.client.change_resource_record_sets().hosted_zone_id(&self.id).change_batch(batch).send();
        self.runtime.block_on(request).expect("put");
    }

    fn remove(&self, owner: &str, rtype: &str) {
        panic!("moto deletes {owner} {rtype} by what it once was");
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        let listed = self.client.list_resource_record_sets().hosted_zone_id(&self.id).send();
        let sets = self.runtime.block_on(listed).expect("listed").resource_record_sets;
        let is_it = |set: &ResourceRecordSet| {
            set.name.trim_end_matches('.').eq_ignore_ascii_case(owner) && set.r#type.as_str() == rtype
        };
        let records = sets.into_iter().filter(is_it).flat_map(|set| set.resource_records.unwrap_or_default());
        normal(records.map(|record| record.value))
    }
}
