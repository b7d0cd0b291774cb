//! A zone: its facts, its records, and the changes that it takes, each a transaction.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::dns::{DnsView, Served};
use super::draft::{Draft, Fields, Policy};
use super::record::{NewRecord, Record, moment, new_id};
use super::records::Records;
use super::refusal::Refusal;
use super::setup::{Plan, ZoneSetup};

/// How many changes a stale read can go back; more than any test makes between two looks.
const HISTORY_MAX: usize = 64;

/// Where every zone is served from.
const NAME_SERVERS: [&str; 2] = ["ada.ns.cloudflare.test", "bob.ns.cloudflare.test"];

/// A zone.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) plan: Plan,
    name_servers: Vec<String>,
    created_on: Timestamp,
    records: Records,
    /// What it held before each change, the latest first.
    history: VecDeque<Records>,
    served: Option<Served>,
}

/// A change under way: a copy of the records, which replaces them when every step of it was taken.
#[derive(Debug)]
pub(super) struct Change<'a> {
    policy: Policy<'a>,
    records: Records,
}

impl Zone {
    pub(super) fn new(setup: ZoneSetup) -> Result<Self, Refusal> {
        let ZoneSetup { name, plan, records } = setup;
        let mut zone = Self {
            id: new_id(),
            name,
            plan,
            name_servers: NAME_SERVERS.map(str::to_owned).to_vec(),
            created_on: Timestamp::now(),
            records: Records::default(),
            history: VecDeque::new(),
            served: None,
        };
        zone.change(|change| records.into_iter().try_for_each(|record| change.make(record.into()).map(drop)))?;
        zone.history.clear();
        Ok(zone)
    }

    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    /// What it held before the last so many changes, or at the oldest moment that is known.
    pub(super) fn records_before(&self, changes: usize) -> &Records {
        let Some(index) = changes.checked_sub(1) else { return &self.records };
        self.history.get(index).or(self.history.back()).unwrap_or(&self.records)
    }

    /// Makes a change whole or not at all.
    pub(super) fn change<T>(
        &mut self,
        steps: impl FnOnce(&mut Change<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let policy = Policy { zone: &self.name, plan: self.plan, name_servers: &self.name_servers };
        let mut change = Change { policy, records: self.records.clone() };
        let result = steps(&mut change)?;
        let records = change.records;
        self.history.push_front(std::mem::replace(&mut self.records, records));
        self.history.truncate(HISTORY_MAX);
        if let Some(served) = &self.served {
            served.publish(&self.records);
        }
        Ok(result)
    }

    /// Serves it over DNS from now on, in place of what served it before.
    pub(super) fn serve(&mut self, view: DnsView) -> SocketAddr {
        let served = Served::start(&self.name, &self.name_servers, view, &self.records);
        let address = served.address();
        self.served = Some(served);
        address
    }

    pub(super) fn add(&mut self, record: NewRecord) -> Result<String, Refusal> {
        self.change(|change| Ok(change.make(record.into())?.id.clone()))
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), Refusal> {
        self.change(|change| change.delete(id).map(drop))
    }

    pub(super) fn replace(&mut self, id: &str, record: NewRecord) -> Result<String, Refusal> {
        self.change(|change| {
            change.delete(id)?;
            Ok(change.make(record.into())?.id.clone())
        })
    }

    pub(super) fn to_json(&self, account: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "status": "active",
            "paused": false,
            "type": "full",
            "development_mode": 0,
            "name_servers": self.name_servers,
            "original_name_servers": null,
            "original_registrar": null,
            "original_dnshost": null,
            "modified_on": moment(self.created_on),
            "created_on": moment(self.created_on),
            "activated_on": moment(self.created_on),
            "meta": {
                "step": 2,
                "custom_certificate_quota": 0,
                "page_rule_quota": 3,
                "phishing_detected": false,
                "cdn_only": false,
                "dns_only": false,
                "foundation_dns": false,
            },
            "owner": { "id": null, "type": "user", "email": null },
            "account": { "id": account, "name": "The tests' account" },
            "tenant": { "id": null, "name": null },
            "tenant_unit": { "id": null },
            "permissions": [],
            "plan": {
                "id": self.plan.id(),
                "name": self.plan.title(),
                "price": 0,
                "currency": "USD",
                "frequency": "",
                "is_subscribed": self.plan != Plan::Free,
                "can_subscribe": false,
                "legacy_id": self.plan.legacy_id(),
                "legacy_discount": false,
                "externally_managed": false,
            },
        })
    }
}

impl Change<'_> {
    /// Creates what a request says.
    pub(super) fn create(&mut self, request: &Value) -> Result<Arc<Record>, Refusal> {
        self.make(Draft::default().with(request)?)
    }

    /// Replaces all fields of a record by what a request says and the defaults.
    pub(super) fn overwrite(&mut self, id: &str, request: &Value) -> Result<Arc<Record>, Refusal> {
        self.records.get(id)?;
        self.rewrite(id, Draft::default().with(request)?)
    }

    /// Replaces the fields that a request names.
    pub(super) fn patch(&mut self, id: &str, request: &Value) -> Result<Arc<Record>, Refusal> {
        let current = Draft::from(&**self.records.get(id)?);
        self.rewrite(id, current.with(request)?)
    }

    pub(super) fn delete(&mut self, id: &str) -> Result<Arc<Record>, Refusal> {
        self.records.remove(id)
    }

    fn make(&mut self, draft: Draft) -> Result<Arc<Record>, Refusal> {
        let fields = draft.check(&self.policy)?;
        self.records.admit(&fields, None, self.policy.zone)?;
        if self.records.len() >= self.policy.plan.records_max() {
            return Err(Refusal::invalid(81045, "Record quota exceeded."));
        }
        let now = Timestamp::now();
        Ok(self.records.insert(record(new_id(), fields, now, now)))
    }

    fn rewrite(&mut self, id: &str, draft: Draft) -> Result<Arc<Record>, Refusal> {
        let fields = draft.check(&self.policy)?;
        self.records.admit(&fields, Some(id), self.policy.zone)?;
        let old = self.records.remove(id)?;
        Ok(self.records.insert(record(id.to_owned(), fields, old.created_on, Timestamp::now())))
    }
}

fn record(id: String, fields: Fields, created_on: Timestamp, modified_on: Timestamp) -> Record {
    let Fields { name, rtype, content, data, ttl, proxied, priority, comment, tags, settings } = fields;
    Record { id, name, rtype, content, data, ttl, proxied, priority, comment, tags, settings, created_on, modified_on }
}
