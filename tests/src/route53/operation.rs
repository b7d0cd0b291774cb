//! The operations: which one a request asks for, and what it is answered.

use std::collections::BTreeMap;
use std::ops::Bound;

use axum::http::{Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;

use super::account::{Account, ChangeInfo};
use super::fault::{Kind, Operation};
use super::name::RecordName;
use super::record::Key;
use super::refusal::Refusal;
use super::request::{ChangeBatch, NewZone, record_type};
use super::xml::Answer;
use super::zone::Zone;

/// API Reference: a page of record sets, and of everything else.
const RECORD_SETS_PER_PAGE_MAX: usize = 300;
const ITEMS_PER_PAGE_MAX: usize = 100;

/// The path before every resource.
const VERSION: &str = "/2013-04-01/";

/// A request that was understood as a call of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) operation: Operation,
    /// The zone or change in the path; empty without one.
    pub(super) id: String,
    query: BTreeMap<String, String>,
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) status: StatusCode,
    pub(super) document: String,
    /// Where the new resource is.
    pub(super) location: Option<String>,
}

impl Done {
    fn new(document: String) -> Self {
        Self { status: StatusCode::OK, document, location: None }
    }
}

impl Call {
    pub(super) fn of(method: &Method, uri: &Uri) -> Option<Self> {
        let path = uri.path().strip_prefix(VERSION)?;
        let parts: Vec<String> = path.trim_end_matches('/').split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (operation, id) = match (method.as_str(), &parts[..]) {
            ("POST", ["hostedzone"]) => (Operation::CreateHostedZone, ""),
            ("GET", ["hostedzone"]) => (Operation::ListHostedZones, ""),
            ("GET", ["hostedzone", id]) => (Operation::GetHostedZone, *id),
            ("DELETE", ["hostedzone", id]) => (Operation::DeleteHostedZone, *id),
            ("GET", ["hostedzone", id, "rrset"]) => (Operation::ListResourceRecordSets, *id),
            ("POST", ["hostedzone", id, "rrset"]) => (Operation::ChangeResourceRecordSets, *id),
            ("GET", ["hostedzonesbyname"]) => (Operation::ListHostedZonesByName, ""),
            ("GET", ["hostedzonecount"]) => (Operation::GetHostedZoneCount, ""),
            ("GET", ["change", id]) => (Operation::GetChange, *id),
            ("GET", ["healthcheck"]) => (Operation::ListHealthChecks, ""),
            _ => return None,
        };
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
        Some(Self { operation, id: id.to_owned(), query })
    }

    /// The zone that is asked for, if any.
    pub(super) fn zone(&self) -> Option<&str> {
        (!self.id.is_empty() && self.operation != Operation::GetChange).then_some(self.id.as_str())
    }

    /// Does it.
    pub(super) fn perform(
        &self,
        account: &mut Account,
        servers: &[String],
        body: &[u8],
        faults: &[Kind],
    ) -> Result<Done, Refusal> {
        match self.operation {
            Operation::CreateHostedZone => create_zone(account, servers, body, faults),
            Operation::GetHostedZone => Ok(Done::new(zone_document(account.zone(&self.id)?))),
            Operation::DeleteHostedZone => self.delete_zone(account, faults),
            Operation::ListHostedZones => self.list_zones(account),
            Operation::ListHostedZonesByName => self.list_zones_by_name(account),
            Operation::GetHostedZoneCount => Ok(Done::new(Answer::document("GetHostedZoneCountResponse", |answer| {
                answer.value("HostedZoneCount", &account.zones.len());
            }))),
            Operation::ListResourceRecordSets => self.list_record_sets(account.zone(&self.id)?, faults),
            Operation::ChangeResourceRecordSets => {
                account.zone(&self.id)?;
                let change = account.change(&self.id, ChangeBatch::parse(body)?, faults)?;
                Ok(Done::new(change_document("ChangeResourceRecordSetsResponse", &change)))
            }
            Operation::GetChange => Ok(Done::new(change_document("GetChangeResponse", account.change_info(&self.id)?))),
            Operation::ListHealthChecks => self.list_health_checks(account),
        }
    }

    fn delete_zone(&self, account: &mut Account, faults: &[Kind]) -> Result<Done, Refusal> {
        if !account.zone(&self.id)?.is_empty() {
            return Err(Refusal::hosted_zone_not_empty());
        }
        account.zones.remove(&self.id);
        let change = account.begin_change(None, faults);
        Ok(Done::new(change_document("DeleteHostedZoneResponse", &change)))
    }

    fn list_zones(&self, account: &Account) -> Result<Done, Refusal> {
        let max = self.max_items(ITEMS_PER_PAGE_MAX)?;
        let marker = self.query.get("marker").map(String::as_str);
        if marker.is_some_and(|marker| !account.zones.contains_key(marker)) {
            return Err(Refusal::invalid_input("The specified marker is not valid."));
        }
        let mut zones = account.zones.range(marker.unwrap_or_default().to_owned()..).map(|(_, zone)| zone);
        let page: Vec<&Zone> = zones.by_ref().take(max).collect();
        let next = zones.next();
        Ok(Done::new(Answer::document("ListHostedZonesResponse", |answer| {
            answer.element("HostedZones", |answer| page.iter().for_each(|zone| write_zone(answer, zone)));
            answer.optional("Marker", marker);
            answer.value("IsTruncated", &next.is_some());
            answer.optional("NextMarker", next.map(|zone| &zone.id));
            answer.value("MaxItems", &max);
        })))
    }

    fn list_zones_by_name(&self, account: &Account) -> Result<Done, Refusal> {
        let max = self.max_items(ITEMS_PER_PAGE_MAX)?;
        let (name, id) = (self.query.get("dnsname"), self.query.get("hostedzoneid"));
        if id.is_some() && name.is_none() {
            return Err(Refusal::invalid_input("The DNS name must be specified together with the hosted zone ID."));
        }
        let first =
            name.map(|name| RecordName::parse(name).map_err(|_| Refusal::invalid_domain_name(name))).transpose()?;
        let mut zones: Vec<&Zone> = account.zones.values().collect();
        zones.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        let first = first.map(|first| (first, id.cloned().unwrap_or_default()));
        let start =
            zones.partition_point(|zone| first.as_ref().is_some_and(|(name, id)| (&zone.name, &zone.id) < (name, id)));
        let mut zones = zones.into_iter().skip(start);
        let page: Vec<&Zone> = zones.by_ref().take(max).collect();
        let next = zones.next();
        Ok(Done::new(Answer::document("ListHostedZonesByNameResponse", |answer| {
            answer.element("HostedZones", |answer| page.iter().for_each(|zone| write_zone(answer, zone)));
            answer.optional("DNSName", first.as_ref().map(|(name, _)| name));
            answer.optional("HostedZoneId", id);
            answer.value("IsTruncated", &next.is_some());
            answer.optional("NextDNSName", next.map(|zone| &zone.name));
            answer.optional("NextHostedZoneId", next.map(|zone| &zone.id));
            answer.value("MaxItems", &max);
        })))
    }

    fn list_record_sets(&self, zone: &Zone, faults: &[Kind]) -> Result<Done, Refusal> {
        let max = self.max_items(RECORD_SETS_PER_PAGE_MAX)?;
        let stale = faults.iter().find_map(|kind| if let Kind::Stale(changes) = kind { Some(*changes) } else { None });
        let sets = zone.sets_before(stale.unwrap_or(0));
        let first = self.first_key()?;
        let first = first.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let mut sets = sets.range::<Key, _>((first, Bound::Unbounded));
        let page: Vec<_> = sets.by_ref().take(max).collect();
        let next = sets.next().map(|(key, _)| key);
        Ok(Done::new(Answer::document("ListResourceRecordSetsResponse", |answer| {
            answer.element("ResourceRecordSets", |answer| page.iter().for_each(|(_, set)| set.write(answer)));
            answer.value("IsTruncated", &next.is_some());
            answer.optional("NextRecordName", next.map(|key| &key.name));
            answer.optional("NextRecordType", next.map(|key| &key.rtype));
            answer.optional("NextRecordIdentifier", next.map(|key| &key.set_identifier).filter(|id| !id.is_empty()));
            answer.value("MaxItems", &max);
        })))
    }

    /// Where a list of record sets begins.
    fn first_key(&self) -> Result<Option<Key>, Refusal> {
        let [name, rtype, identifier] = ["name", "type", "identifier"].map(|field| self.query.get(field).cloned());
        let Some(name) = name else {
            return match rtype.or(identifier) {
                None => Ok(None),
                Some(_) => Err(Refusal::invalid_input("The name must be specified together with the type.")),
            };
        };
        if identifier.is_some() && rtype.is_none() {
            return Err(Refusal::invalid_input("The type must be specified together with the identifier."));
        }
        let fault = |fault| Refusal::invalid_input(&format!("FATAL problem: {fault} encountered with '{name}'"));
        let rtype = rtype.map(record_type).transpose()?.unwrap_or_default();
        let name = RecordName::parse(&name).map_err(fault)?;
        Ok(Some(Key { name, rtype, set_identifier: identifier.unwrap_or_default() }))
    }

    /// There are none that could be listed; those of a test are ids only.
    fn list_health_checks(&self, account: &Account) -> Result<Done, Refusal> {
        let max = self.max_items(ITEMS_PER_PAGE_MAX)?;
        assert!(account.health_checks.is_empty(), "this fake cannot list health checks, only know their ids");
        Ok(Done::new(Answer::document("ListHealthChecksResponse", |answer| {
            answer.element("HealthChecks", |_| {});
            answer.value("Marker", "");
            answer.value("IsTruncated", &false);
            answer.value("MaxItems", &max);
        })))
    }

    fn max_items(&self, page_max: usize) -> Result<usize, Refusal> {
        let Some(text) = self.query.get("maxitems") else { return Ok(page_max) };
        let max = text.parse::<usize>().ok().filter(|max| *max > 0);
        max.map(|max| max.min(page_max))
            .ok_or_else(|| Refusal::invalid_input(&format!("Invalid value for MaxItems: {text}")))
    }
}

fn create_zone(account: &mut Account, servers: &[String], body: &[u8], faults: &[Kind]) -> Result<Done, Refusal> {
    let NewZone { name, caller_reference, comment } = NewZone::parse(body)?;
    if account.zones.values().any(|zone| zone.caller_reference == caller_reference) {
        return Err(Refusal::hosted_zone_already_exists(&caller_reference));
    }
    let id = account.add_zone(name, caller_reference, comment, servers.to_vec());
    let change = account.begin_change(None, faults);
    let zone = account.zone(&id)?;
    let document = Answer::document("CreateHostedZoneResponse", |answer| {
        write_zone(answer, zone);
        write_change(answer, &change);
        write_delegation(answer, zone);
    });
    let location = Some(format!("https://route53.amazonaws.com{VERSION}hostedzone/{id}"));
    Ok(Done { status: StatusCode::CREATED, document, location })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn zone_document(zone: &Zone) -> String {
    Answer::document("GetHostedZoneResponse", |answer| {
        write_zone(answer, zone);
        write_delegation(answer, zone);
    })
}

fn change_document(root: &str, change: &ChangeInfo) -> String {
    Answer::document(root, |answer| write_change(answer, change))
}

fn write_zone(answer: &mut Answer, zone: &Zone) {
    answer.element("HostedZone", |answer| {
        answer.value("Id", &format!("/hostedzone/{}", zone.id));
        answer.value("Name", &zone.name);
        answer.value("CallerReference", &zone.caller_reference);
        answer.element("Config", |answer| {
            answer.optional("Comment", zone.comment.as_ref());
            answer.value("PrivateZone", &false);
        });
        answer.value("ResourceRecordSetCount", &zone.sets().len());
    });
}

fn write_delegation(answer: &mut Answer, zone: &Zone) {
    answer.element("DelegationSet", |answer| {
        answer.element("NameServers", |answer| {
            for server in &zone.name_servers {
                answer.value("NameServer", server);
            }
        });
    });
}

fn write_change(answer: &mut Answer, change: &ChangeInfo) {
    answer.element("ChangeInfo", |answer| {
        answer.value("Id", &format!("/change/{}", change.id));
        answer.value("Status", change.status());
        answer.value("SubmittedAt", &change.submitted.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"));
        answer.optional("Comment", change.comment.as_ref());
    });
}
