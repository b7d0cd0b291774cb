//! `iam-policy`: the least rights at Route 53 that the configuration needs, from the configuration alone.

use std::collections::BTreeMap;

use dns_core::identifier::RESERVED_SERVICE;
use dns_provider::route53::policy::{GuardedZone, iam_policy};
use dns_service::config::provider::{ProviderKind, Route53Config};
use dns_service::exit::Exit;
use hickory_proto::rr::Name;
use serde_json::Value;

use crate::arguments::IamPolicy;
use crate::direct::places;
use crate::failure::Failure;
use crate::output::Output;

/// Where a statement lists the names that may be changed.
const NAMES: &str = "/Condition/ForAllValues:StringEquals/route53:ChangeResourceRecordSetsNormalizedRecordNames";

pub(super) fn run(arguments: &IamPolicy, output: &Output) -> Result<Exit, Failure> {
    let config = places::load(&arguments.config.files)?;
    let mut zones: BTreeMap<Name, GuardedZone> = BTreeMap::new();
    for service in places::all_projections(&config) {
        let provider = config.providers.get(&service.provider);
        let Some(ProviderKind::Route53(Route53Config { zones: ids, .. })) = provider.map(|provider| &provider.kind)
        else {
            continue;
        };
        let id = ids.get(&*service.zone).expect("invariant: a validated provider lists the zones of its services");
        let new = || GuardedZone { id: id.clone(), fences: [].into(), records: [].into() };
        let guarded = zones.entry((*service.zone).clone()).or_insert_with(new);
        guarded.fences.extend(service.fence_name());
        guarded.records.extend(service.keys());
    }
    if zones.is_empty() {
        return Err(Failure::new(Exit::Failed, "no service of the configuration is at a `route53` provider"));
    }
    let policy = iam_policy(&zones);
    output.text(&if config.canary.every.is_some() { policy } else { without_canary(&policy) })?;
    Ok(Exit::Done)
}

/// The policy without the names that only the daily canary writes.
fn without_canary(policy: &str) -> String {
    let mut document: Value = serde_json::from_str(policy).expect("invariant: a policy is JSON");
    let is_canary =
        |name: &Value| name.as_str().is_some_and(|name| name.starts_with(&format!("_{RESERVED_SERVICE}._failover.")));
    for statement in document["Statement"].as_array_mut().into_iter().flatten() {
        if let Some(names) = statement.pointer_mut(NAMES).and_then(Value::as_array_mut) {
            names.retain(|name| !is_canary(name));
        }
    }
    serde_json::to_string_pretty(&document).expect("invariant: a document of strings always serialises")
}
