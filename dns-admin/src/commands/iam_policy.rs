//! `iam-policy`: the least rights at Route 53 that the configuration needs, from the configuration alone.

use std::collections::BTreeMap;

use dns_provider::route53::policy::{GuardedZone, iam_policy};
use dns_service::config::provider::{ProviderKind, Route53Config};
use dns_service::exit::Exit;
use hickory_proto::rr::Name;

use crate::arguments::IamPolicy;
use crate::direct::places;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(arguments: &IamPolicy, output: &Output) -> Result<Exit, Failure> {
    let config = places::load(&arguments.config.files)?;
    let mut zones: BTreeMap<Name, GuardedZone> = BTreeMap::new();
    for service in places::all_projections(&config) {
        let provider = config.providers.get(&service.provider);
        let Some(ProviderKind::Route53(Route53Config { zones: ids, .. })) = provider.map(|provider| &provider.kind)
        else {
            continue;
        };
        let id = ids.get(&service.zone).expect("invariant: a validated provider lists the zones of its services");
        let new = || GuardedZone { id: id.clone(), fences: [].into(), records: [].into() };
        let guarded = zones.entry(service.zone.clone()).or_insert_with(new);
        guarded.fences.extend(service.fence_name());
        guarded.records.extend(service.keys());
    }
    if zones.is_empty() {
        return Err(Failure::new(Exit::Failed, "no service of the configuration is at a `route53` provider"));
    }
    output.text(&iam_policy(&zones))?;
    Ok(Exit::Done)
}
