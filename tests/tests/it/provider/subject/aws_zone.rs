//! A hosted zone at somebody else's stand-in of Route 53, made and changed through the AWS SDK, as other people's tools do.
//!
//! Names are written as Route 53 keeps them, in lower case and with escaped wildcards: the stand-ins keep what they are
//! given and find it by nothing else.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_route53::Client;
use aws_sdk_route53::config::{BehaviorVersion, Region};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet};
use dns_provider::budget::Budget;
use dns_provider::port::Provider;
use dns_provider::route53::{Credentials, Route53, Settings, SharedCredentialsProvider};
use tokio::runtime::Runtime;

use super::normal;
use crate::provider::{ZONE, name};

/// A zone of the stand-in's account.
pub(super) struct AwsZone {
    id: String,
    client: Client,
    runtime: Runtime,
}

impl AwsZone {
    /// Makes one that holds what every new zone holds.
    pub(super) fn create(url: &str, credentials: Credentials) -> Self {
        let config = aws_sdk_route53::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::new("us-east-1"))
            .endpoint_url(url);
        let client = Client::from_conf(config.build());
        let runtime = Runtime::new().expect("a runtime");
        let reference = fastrand::u64(..).to_string();
        let made = runtime.block_on(client.create_hosted_zone().name(ZONE).caller_reference(reference).send());
        let made = made.expect("a zone").hosted_zone.expect("a zone");
        Self { id: made.id.trim_start_matches("/hostedzone/").to_owned(), client, runtime }
    }

    /// Our adapter, as a client of this zone at a URL.
    pub(super) fn adapter(&self, url: String, credentials: Credentials, timeout: Duration) -> Arc<dyn Provider> {
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

    /// As [`Subject::put`](super::Subject::put).
    pub(super) fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        let quote = if rtype == "TXT" { "\"" } else { "" };
        let element = |value: &&str| ResourceRecord::builder().value(format!("{quote}{value}{quote}")).build();
        let records: Result<Vec<ResourceRecord>, _> = values.iter().map(element).collect();
        let set = ResourceRecordSet::builder().name(kept(owner)).r#type(rtype.into()).ttl(ttl.into());
        let set = set.set_resource_records(Some(records.expect("records"))).build();
        self.change(ChangeAction::Upsert, set.expect("a set"));
    }

    /// As [`Subject::remove`](super::Subject::remove).
    pub(super) fn remove(&self, owner: &str, rtype: &str) {
        let set = self.set(owner, rtype).unwrap_or_else(|| panic!("there is no {owner} {rtype} to remove"));
        self.change(ChangeAction::Delete, set);
    }

    /// As [`Subject::held`](super::Subject::held).
    pub(super) fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        let records = self.set(owner, rtype).and_then(|set| set.resource_records).unwrap_or_default();
        normal(records.into_iter().map(|record| record.value))
    }

    fn change(&self, action: ChangeAction, set: ResourceRecordSet) {
        let change = Change::builder().action(action).resource_record_set(set).build();
        let batch = ChangeBatch::builder().changes(change.expect("a change")).build().expect("a batch");
        let request = self.client.change_resource_record_sets().hosted_zone_id(&self.id).change_batch(batch).send();
        self.runtime.block_on(request).expect("changed by hand");
    }

    fn set(&self, owner: &str, rtype: &str) -> Option<ResourceRecordSet> {
        let listed = self.client.list_resource_record_sets().hosted_zone_id(&self.id).send();
        let listed = self.runtime.block_on(listed).expect("listed");
        assert!(!listed.is_truncated, "a zone that is looked into by hand fits one page");
        let wanted = kept(owner);
        let is_it = |set: &ResourceRecordSet| {
            set.name.trim_end_matches('.').eq_ignore_ascii_case(&wanted) && set.r#type.as_str() == rtype
        };
        listed.resource_record_sets.into_iter().find(is_it)
    }
}

fn kept(owner: &str) -> String {
    owner.to_ascii_lowercase().replace('*', "\\052")
}
