//! `config check --live`: every read that a day of failover needs, made now.
//!
//! Nothing is written. Checks run side by side within a bound and are told in their order, each as soon as it and those
//! before it are done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::ProviderName;
use dns_core::policy::GuardDemand;
use dns_core::rrset::GuardedType;
use dns_core::service::Mode;
use dns_core::standing::{Standing, classify, compare, own_records};
use dns_core::zone::ZoneView;
use dns_provider::authoritative::{Delegated, delegated};
use dns_provider::port::{ApexCname, Capabilities, GuardStrength, Provider, Urgency};
use dns_service::config::Config;
use dns_service::exit::Exit;
use dns_sync::live::{Look, Outcome};
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _};
use hickory_proto::rr::Name;
use serde::Serialize;

use crate::arguments::Format;
use crate::direct::places::{self, Place};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::live::{Finding, Verdict, line, summary};

/// Checks under way at once: far ones do not hold up near ones, and no primary is flooded.
const CHECKS_MAX: usize = 8;

/// How long one question about a delegation may take.
const QUESTION: Duration = Duration::from_secs(2);

/// Everything that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    valid: bool,
    digest: String,
    findings: &'a [Finding],
}

pub(super) async fn run(config: &Config, output: &Output) -> Result<Exit, Failure> {
    let places = places::of_all(config);
    let mut checks: Vec<BoxFuture<'_, Vec<Finding>>> = Vec::new();
    for (place, zones) in in_use(&places).into_values() {
        checks.push(Box::pin(check_provider(place, zones)));
    }
    for place in &places {
        checks.push(Box::pin(check_place(place)));
    }
    for look in dns_sync::live::looks(config) {
        checks.push(Box::pin(look.map(|look| vec![of_sync(look)])));
    }
    let mut results = stream::iter(checks).buffered(CHECKS_MAX);
    let mut findings = Vec::new();
    while let Some(found) = results.next().await {
        if output.format() == Format::Table {
            for finding in &found {
                output.text(&line(finding))?;
            }
        }
        findings.extend(found);
    }
    let valid = findings.iter().all(|finding| finding.verdict != Verdict::Fault);
    let answer = Answer { valid, digest: config.digest.to_string(), findings: &findings };
    output.answer(&answer, |_| summary(&findings))?;
    Ok(if valid { Exit::Done } else { Exit::BadConfiguration })
}

/// What was found of a zone that is kept equal.
fn of_sync(Look { zone, provider, outcome, message }: Look) -> Finding {
    let verdict = match outcome {
        Outcome::Good => Verdict::Good,
        Outcome::Unwise => Verdict::Warning,
        Outcome::Faulty => Verdict::Fault,
    };
    Finding { verdict, service: None, zone: Some(zone), provider, record: None, message }
}

/// Each provider, by one of its places, with its zones.
fn in_use(places: &[Place]) -> BTreeMap<&ProviderName, (&Place, BTreeSet<&Name>)> {
    let mut used: BTreeMap<&ProviderName, (&Place, BTreeSet<&Name>)> = BTreeMap::new();
    for place in places {
        let (_, zones) = used.entry(&place.service.provider).or_insert_with(|| (place, BTreeSet::new()));
        zones.insert(&place.service.zone);
    }
    used
}

/// Credentials, rights to read, clock and zones of one provider.
async fn check_provider(place: &Place, zones: BTreeSet<&Name>) -> Vec<Finding> {
    let finding = |verdict, message: String| Finding {
        verdict,
        service: None,
        zone: None,
        provider: Some(place.service.provider.to_string()),
        record: None,
        message,
    };
    let adapter = match &place.adapter {
        Ok(adapter) => adapter,
        Err(reason) => return vec![finding(Verdict::Fault, reason.clone())],
    };
    let mut found = Vec::new();
    for zone in zones {
        match adapter.zone(zone).await {
            Ok(facts) if facts.name_servers.is_empty() => {
                let message = format!("zone {zone} is there and tells no name server: is it a private one?");
                found.push(finding(Verdict::Warning, message));
            }
            Ok(facts) => {
                let servers: Vec<String> = facts.name_servers.iter().map(ToString::to_string).collect();
                found.push(finding(Verdict::Good, format!("zone {zone} is there, served by {}", servers.join(", "))));
                let (verdict, message) = delegation(place, adapter.as_ref(), zone, &facts.name_servers).await;
                found.push(finding(verdict, message));
            }
            Err(error) => found.push(finding(Verdict::Fault, error.to_string())),
        }
    }
    found
}

/// Whether users are sent to the provider's servers at all.
async fn delegation(place: &Place, adapter: &dyn Provider, zone: &Name, servers: &[Name]) -> (Verdict, String) {
    let (configured, resolvers) = (&place.config.authoritative_servers, place.discovery.resolvers());
    if resolvers.is_empty() {
        let message = format!("to whom zone {zone} is delegated is not known: add `resolvers`, which can tell");
        return (Verdict::Warning, message);
    }
    match delegated(adapter, zone, servers, configured, resolvers, QUESTION).await {
        Delegated::Here => (Verdict::Good, format!("zone {zone} is delegated to these servers")),
        Delegated::Elsewhere { parent } => {
            let parent: Vec<String> = parent.iter().map(ToString::to_string).collect();
            let there = parent.join(", ");
            (
                Verdict::Fault,
                format!("zone {zone} is delegated elsewhere, to {there}: nobody sees what is written here"),
            )
        }
        Delegated::Nowhere => {
            (Verdict::Warning, format!("zone {zone} is not delegated by its parent: is it a private one?"))
        }
        Delegated::Unknown { reason } => {
            (Verdict::Warning, format!("to whom zone {zone} is delegated is not known: {reason}"))
        }
    }
}

/// What the provider can do against what the service asks, and what its zone holds.
async fn check_place(place: &Place) -> Vec<Finding> {
    // Credentials that are missing here were told with the provider.
    let Ok(adapter) = &place.adapter else { return Vec::new() };
    let mut found = incapable(place, adapter);
    match place.read(Urgency::Watch).await {
        Ok(view) => found.extend(look(place, &view)),
        Err(failure) => found.push(of(place, Verdict::Fault, failure.reason().to_owned())),
    }
    found
}

fn of(place: &Place, verdict: Verdict, message: String) -> Finding {
    Finding {
        verdict,
        service: Some(place.service.name.to_string()),
        zone: None,
        provider: Some(place.service.provider.to_string()),
        record: None,
        message,
    }
}

fn incapable(place: &Place, adapter: &Arc<dyn Provider>) -> Vec<Finding> {
    let able = adapter.capabilities();
    let mut found: Vec<Finding> = Vec::new();
    if let Some(message) = weak_guard(place.service.policy.guard, &able) {
        found.push(of(place, Verdict::Fault, message));
    }
    for record in &place.service.records {
        let mut faulty = |message: String| {
            let record = Some(record.key.to_string());
            found.push(Finding { record, ..of(place, Verdict::Fault, message) });
        };
        if !able.types.contains(&record.key.rtype()) {
            faulty(format!("{} cannot guard this type", able.checked_by));
        }
        let at_apex = record.key.rtype() == GuardedType::Cname && *record.key.name() == *place.service.zone;
        if at_apex && able.apex_cname == ApexCname::Refused {
            faulty(format!("{} takes no CNAME at the apex", able.checked_by));
        }
        if record.proxied && !able.proxy {
            faulty(format!("{} has no proxy", able.checked_by));
        }
        let ttl = record.ttl.as_secs();
        if !able.limits.ttl_secs.contains(&ttl) {
            let (least, most) = (able.limits.ttl_secs.start(), able.limits.ttl_secs.end());
            faulty(format!("a TTL of {ttl} s is outside the {least} to {most} s of {}", able.checked_by));
        }
    }
    for record in aliased(place).into_iter().filter(|_| !able.alias) {
        let message = format!("{} has no aliases of load balancers", able.checked_by);
        found.push(Finding { record: Some(record), ..of(place, Verdict::Fault, message) });
    }
    found
}

/// The records that are aliases of a load balancer in some region.
fn aliased(place: &Place) -> BTreeSet<String> {
    let service = &place.service;
    let rendered = service.regions.iter().filter_map(|region| service.render(&region.name).ok());
    let sets = rendered.flat_map(BTreeMap::into_values).filter(|set| set.alias().is_some());
    sets.map(|set| set.key().to_string()).collect()
}

fn weak_guard(demand: GuardDemand, able: &Capabilities) -> Option<String> {
    let least = match demand {
        GuardDemand::Any => GuardStrength::Weak,
        GuardDemand::OwnWriters => GuardStrength::OwnWriters,
        GuardDemand::Atomic => GuardStrength::Atomic,
    };
    let word = match able.guard {
        GuardStrength::Weak => "weak",
        GuardStrength::OwnWriters => "atomic among our own writers only",
        GuardStrength::Atomic => "atomic",
    };
    (able.guard < least)
        .then(|| format!("the guard of {} is {word}, and the policy demands `{}`", able.checked_by, demand.as_str()))
}

fn look(place: &Place, view: &ZoneView) -> Vec<Finding> {
    let service = &place.service;
    let served = own_records(view, service);
    let serving = service.region_serving(&served);
    let told = |verdict, message| vec![of(place, verdict, message)];
    match classify(None, view, service) {
        Standing::Newer { fence } => {
            let active = fence.active.as_ref().map(ToString::to_string).unwrap_or_default();
            let mut found = Vec::new();
            if service.revision < fence.cfg {
                let message = format!(
                    "the fence was written with configuration revision {}, this one is {}: it would never write",
                    fence.cfg, service.revision
                );
                found.extend(told(Verdict::Fault, message));
            }
            let rendered = service.render_under(&fence);
            if rendered == served {
                let message =
                    format!("fence epoch {}, rev {}: its records are those of `{active}`", fence.epoch, fence.rev);
                found.extend(told(Verdict::Good, message));
            } else {
                let message =
                    format!("this configuration renders other records for `{active}`: {}", compare(&rendered, &served));
                found.extend(told(Verdict::Warning, message));
            }
            found
        }
        Standing::Foreign { why } => told(Verdict::Fault, format!("foreign, every write would be held: {why}")),
        Standing::Released { .. } => {
            told(Verdict::Warning, format!("released; `dns-admin adopt {} --reason TEXT` takes it back", service.name))
        }
        Standing::Unadopted { .. } | Standing::Lost { .. } => match (serving, service.mode) {
            (Some(region), Mode::Active) => {
                let name = &service.name;
                told(
                    Verdict::Warning,
                    format!(
                        "no fence; the records are those of `{region}`: `dns-admin adopt {name} --reason TEXT` arms it"
                    ),
                )
            }
            (Some(region), Mode::Observe) => {
                told(Verdict::Good, format!("no fence, the service observes; the records are those of `{region}`"))
            }
            (None, _) => {
                told(Verdict::Fault, format!("no fence, and an adoption would be refused: {}", nearest(place, view)))
            }
        },
        Standing::Held | Standing::Unread => Vec::new(),
    }
}

/// What differs from the preferred region.
fn nearest(place: &Place, view: &ZoneView) -> String {
    let rendered = place.service.render(place.service.preferred()).unwrap_or_default();
    format!("for region `{}` {}", place.service.preferred(), compare(&rendered, &own_records(view, &place.service)))
}
