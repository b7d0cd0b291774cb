//! One hosted zone, and what a change batch makes of it.
//!
//! A batch is judged on a copy, change by change in its order, and replaces the zone's content whole or not at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::name::RecordName;
use super::rdata;
use super::record::{Alias, Data, Key, RecordSet, Routing};
use super::refusal::Refusal;
use super::request::{Action, Change, ChangeBatch};

/// Developer Guide, "Quotas": `ResourceRecord` elements of a change batch, an UPSERT's twice.
const RECORDS_PER_BATCH_MAX: usize = 1_000;

/// Developer Guide, "Quotas": characters of all `Value` elements of a change batch, an UPSERT's twice.
const CHARACTERS_PER_BATCH_MAX: usize = 32_000;

/// Developer Guide, "Quotas": records of a set.
const VALUES_PER_SET_MAX: usize = 400;

/// API Reference, `ResourceRecordSet`, `Weight`: sets that share a name and type.
const WEIGHTED_SETS_MAX: usize = 100;

/// How many earlier versions are kept, for stale reads and for what is not in sync yet: more than changes are under way at
/// once in any scenario, and a few megabytes of the largest zone.
const EARLIER_MAX: usize = 32;

/// The apex NS and SOA as the service makes them.
const APEX_NS_TTL_SECONDS: u32 = 172_800;
const APEX_SOA_TTL_SECONDS: u32 = 900;

/// A version of a zone's content, in the order of answers.
///
/// Keys and sets are shared by all versions, so that a version of a large zone is cheap.
pub(super) type Sets = Arc<Content>;

/// What a zone holds.
pub(super) type Content = BTreeMap<Arc<Key>, Arc<RecordSet>>;

/// A hosted zone.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) id: String,
    pub(super) name: RecordName,
    pub(super) caller_reference: String,
    pub(super) comment: Option<String>,
    pub(super) name_servers: Vec<String>,
    sets: Sets,
    /// The change that made them; none made the zone.
    change: Option<String>,
    /// The newest first.
    earlier: VecDeque<(Sets, Option<String>)>,
}

/// What a batch is judged by besides the zone.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) sets_max: usize,
    pub(super) health_checks: &'a BTreeSet<String>,
}

impl Zone {
    pub(super) fn new(id: String, name: RecordName, caller_reference: String, name_servers: Vec<String>) -> Self {
        let apex = name.to_string();
        let servers: Vec<String> = name_servers.iter().map(|server| format!("{server}.")).collect();
        let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
        let soa = format!("{} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", servers[0]);
        let own = [
            RecordSet::new(&apex, "NS", APEX_NS_TTL_SECONDS, &servers),
            RecordSet::new(&apex, "SOA", APEX_SOA_TTL_SECONDS, &[&soa]),
        ];
        let sets = own.into_iter().map(|set| (Arc::new(set.key()), Arc::new(set))).collect();
        let (sets, earlier) = (Arc::new(sets), VecDeque::new());
        Self { id, name, caller_reference, comment: None, name_servers, sets, change: None, earlier }
    }

    /// The content now.
    pub(super) fn sets(&self) -> &Sets {
        &self.sets
    }

    /// The content of so many changes ago, or the oldest known.
    pub(super) fn sets_before(&self, changes: usize) -> &Sets {
        match changes.min(self.earlier.len()) {
            0 => &self.sets,
            back => &self.earlier[back - 1].0,
        }
    }

    /// The newest content whose change has arrived.
    pub(super) fn sets_in_sync(&self, has_arrived: impl Fn(&str) -> bool) -> &Sets {
        let versions =
            std::iter::once((&self.sets, &self.change)).chain(self.earlier.iter().map(|(sets, by)| (sets, by)));
        let arrived = versions.filter(|(_, by)| by.as_deref().is_none_or(&has_arrived)).map(|(sets, _)| sets).next();
        // None of those that are kept: then the oldest is nearest.
        arrived.unwrap_or_else(|| self.sets_before(EARLIER_MAX))
    }

    /// Names the change that made the present content.
    pub(super) fn set_change(&mut self, id: &str) {
        self.change = Some(id.to_owned());
    }

    /// Whether only what the service made itself is there.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.keys().all(|key| is_own(key, &self.name))
    }

    /// Changes the content past all rules.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut Content)) {
        let mut sets = Arc::clone(&self.sets);
        edit(Arc::make_mut(&mut sets));
        self.replace(sets);
    }

    /// Applies a batch whole.
    pub(super) fn apply(&mut self, batch: &ChangeBatch, rules: &Rules<'_>) -> Result<(), Refusal> {
        let sets = self.judge(batch, rules)?;
        self.replace(sets);
        Ok(())
    }

    fn replace(&mut self, sets: Sets) {
        let before = (std::mem::replace(&mut self.sets, sets), self.change.take());
        self.earlier.push_front(before);
        self.earlier.truncate(EARLIER_MAX);
    }

    /// What the batch makes of the zone.
    fn judge(&self, batch: &ChangeBatch, rules: &Rules<'_>) -> Result<Sets, Refusal> {
        let refused = |faults: Vec<String>| Refusal::invalid_change_batch(&faults);
        if batch.records() > RECORDS_PER_BATCH_MAX {
            return Err(refused(vec![format!("Number of records limit of {RECORDS_PER_BATCH_MAX} exceeded.")]));
        }
        if batch.characters() > CHARACTERS_PER_BATCH_MAX {
            return Err(refused(vec![format!("RDATA character limit of {CHARACTERS_PER_BATCH_MAX} exceeded.")]));
        }
        let unknown = batch.changes.iter().filter_map(|change| change.set.health_check.as_ref());
        if let Some(unknown) = unknown.into_iter().find(|check| !rules.health_checks.contains(*check)) {
            return Err(Refusal::no_such_health_check(unknown));
        }
        let mut faults: Vec<String> = batch.changes.iter().flat_map(|change| self.faults_of(&change.set)).collect();
        faults.extend(repeated(&batch.changes));
        if !faults.is_empty() {
            return Err(refused(faults));
        }
        let mut sets = Arc::clone(&self.sets);
        let changed = Arc::make_mut(&mut sets);
        faults.extend(batch.changes.iter().filter_map(|change| self.change(changed, change).err()));
        if faults.is_empty() {
            faults.extend(self.faults_afterwards(changed, batch, rules));
        }
        if faults.is_empty() { Ok(sets) } else { Err(refused(faults)) }
    }

    /// What is wrong with a set by itself.
    fn faults_of(&self, set: &RecordSet) -> Vec<String> {
        let (name, rtype, zone) = (&set.name, &set.rtype, &self.name);
        let is_apex = name == zone;
        let values = set.values();
        let mut faults: Vec<String> = values.iter().filter_map(|value| rdata::fault(rtype, value)).collect();
        let mut known = BTreeSet::new();
        faults.extend(
            values
                .iter()
                .filter(|value| !known.insert(*value))
                .map(|value| format!("Duplicate Resource Record: '{value}'")),
        );
        if !name.is_within(zone) {
            faults.push(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
        }
        if rtype == "CNAME" && is_apex {
            faults.push(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}"));
        }
        if rtype == "CNAME" && values.len() > 1 {
            faults.push(format!("RRSet of type CNAME with DNS name {name} cannot have more than one record."));
        }
        if values.len() > VALUES_PER_SET_MAX {
            faults.push(format!("Cannot have more than {VALUES_PER_SET_MAX} records in a RRSet."));
        }
        if matches!(set.routing, Some(Routing::Weighted(_))) && values.len() > 1 {
            // API Reference, `ResourceRecordSet`, `Weight`. The words are ours.
            faults.push(format!("Cannot have more than one record in a weighted RRSet, DNS name {name}."));
        }
        if rtype == "SOA" && (!is_apex || values.len() != 1) {
            faults.push("A HostedZone must contain exactly one SOA record.".to_owned());
        }
        if rtype == "NS" && name.is_wildcard() {
            faults.push(format!("RRSet of type NS with DNS name {name} is not permitted as a wildcard in zone {zone}"));
        }
        if set.routing.is_some() && matches!(rtype.as_str(), "NS" | "SOA" | "DS") {
            faults.push(format!("RRSet with DNS name {name}, type {rtype} cannot have a routing policy."));
        }
        if matches!(set.data, Data::Alias(_)) && matches!(rtype.as_str(), "NS" | "SOA") {
            faults.push(format!("RRSet with DNS name {name}, type {rtype} cannot be an alias."));
        }
        faults
    }

    /// Makes one change.
    fn change(&self, sets: &mut Content, change: &Change) -> Result<(), String> {
        let key = change.set.key();
        let held = sets.get(&key);
        match (change.action, held) {
            (Action::Delete, None) => {
                return Err(format!("Tried to delete resource record set {key} but it was not found"));
            }
            (Action::Delete, Some(held)) if !held.matches(&change.set) => {
                return Err(format!(
                    "Tried to delete resource record set {key} but the values provided do not match the current values"
                ));
            }
            (Action::Delete, Some(_)) => {
                sets.remove(&key);
                return Ok(());
            }
            (Action::Create, Some(_)) => {
                return Err(format!("Tried to create resource record set {key} but it already exists"));
            }
            (Action::Create, None) | (Action::Upsert, _) => {}
        }
        for other in of_name(sets, &key.name).filter(|other| other.key() != key) {
            self.conflict(&change.set, other)?;
        }
        sets.insert(Arc::new(key), Arc::new(change.set.clone()));
        Ok(())
    }

    /// Why a set cannot stand beside another one of its name.
    fn conflict(&self, set: &RecordSet, other: &RecordSet) -> Result<(), String> {
        let (name, rtype, zone) = (&set.name, &set.rtype, &self.name);
        if *rtype != other.rtype {
            return match (rtype.as_str(), other.rtype.as_str()) {
                ("CNAME", _) => Err(format!(
                    "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {zone}"
                )),
                // Both spaces are the service's.
                (_, "CNAME") => Err(format!(
                    "RRSet of type {rtype} with DNS name {name} is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone {zone}"
                )),
                _ => Ok(()),
            };
        }
        let policy = |set: &RecordSet| set.routing.as_ref().map(Routing::element);
        match (policy(set), policy(other)) {
            (None, _) => Err(format!(
                "RRSet with DNS name {name}, type {rtype} cannot be created as other RRSets exist with the same name and type."
            )),
            (own, theirs) if own != theirs => Err(format!(
                "RRSet with DNS name {name}, type {rtype}, SetIdentifier {} cannot be created as a set with another routing policy exists with the same name and type.",
                set.key().set_identifier
            )),
            _ => Ok(()),
        }
    }

    /// What is wrong with the zone that the batch would leave.
    fn faults_afterwards(&self, sets: &Content, batch: &ChangeBatch, rules: &Rules<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        let has_apex = |rtype: &str| sets.contains_key(&self.apex(rtype));
        if !has_apex("SOA") {
            faults.push("A HostedZone must contain exactly one SOA record.".to_owned());
        }
        if !has_apex("NS") {
            faults.push("A HostedZone must contain at least one NS record for the zone itself.".to_owned());
        }
        if sets.len() > rules.sets_max && sets.len() > self.sets.len() {
            faults.push(format!("Exceeded limit MAX_RRSETS_BY_ZONE for zone: {}", self.id));
        }
        for change in batch.changes.iter().filter(|change| change.action != Action::Delete) {
            faults.extend(self.alias_fault(sets, &change.set));
            faults.extend(weight_fault(sets, &change.set));
            faults.extend(crowd_fault(sets, &change.set));
        }
        faults
    }

    /// An alias within this zone needs its target there; the target of another zone is that zone's business.
    fn alias_fault(&self, sets: &Content, set: &RecordSet) -> Option<String> {
        let Data::Alias(Alias { hosted_zone_id, dns_name, .. }) = &set.data else { return None };
        let subject =
            format!("Tried to create an alias that targets {dns_name}, type {} in zone {hosted_zone_id}", set.rtype);
        let is_id =
            |id: &str| id.starts_with('Z') && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !is_id(hosted_zone_id) {
            return Some(format!("{subject}, but that is not a valid hosted zone ID"));
        }
        if *hosted_zone_id != self.id {
            return None;
        }
        if !dns_name.is_within(&self.name) {
            return Some(format!("{subject}, but the alias target name does not lie within the target zone"));
        }
        let found = of_name(sets, dns_name).any(|target| target.rtype == set.rtype && target.key() != set.key());
        (!found).then(|| format!("{subject}, but that target was not found"))
    }

    fn apex(&self, rtype: &str) -> Key {
        Key { name: self.name.clone(), rtype: rtype.to_owned(), set_identifier: String::new() }
    }
}

/// The sets of one name.
fn of_name<'a>(sets: &'a Content, name: &RecordName) -> impl Iterator<Item = &'a RecordSet> {
    let first = Key { name: name.clone(), rtype: String::new(), set_identifier: String::new() };
    let name = name.clone();
    sets.range::<Key, _>(first..).take_while(move |(key, _)| key.name == name).map(|(_, set)| &**set)
}

fn is_own(key: &Key, apex: &RecordName) -> bool {
    key.name == *apex && matches!(key.rtype.as_str(), "NS" | "SOA")
}

/// A set may occur once in a batch, or be deleted and then created.
fn repeated(changes: &[Change]) -> Vec<String> {
    let mut known: BTreeMap<Key, Vec<Action>> = BTreeMap::new();
    for change in changes {
        known.entry(change.set.key()).or_default().push(change.action);
    }
    let is_wrong = |actions: &[Action]| actions.len() > 1 && actions != [Action::Delete, Action::Create];
    let wrong = known.iter().filter(|(_, actions)| is_wrong(actions));
    wrong
        .map(|(key, _)| {
            format!(
                "The request contains an invalid set of changes for a resource record set '{} {}'",
                key.rtype, key.name
            )
        })
        .collect()
}

/// All weighted sets of one name and type have one TTL.
fn weight_fault(sets: &Content, set: &RecordSet) -> Option<String> {
    let Some(Routing::Weighted(_)) = set.routing else { return None };
    let ttl = set.ttl()?;
    let others = of_name(sets, &set.name).filter(|other| other.rtype == set.rtype);
    let differs = others.filter_map(RecordSet::ttl).any(|other| other != ttl);
    differs.then(|| {
        format!(
            "RRSet with DNS name {} and type {}, SetIdentifier {} cannot be created as weighted sets must contain the same TTL.",
            set.name,
            set.rtype,
            set.key().set_identifier
        )
    })
}

/// So many sets are drawn from at the most. The words are ours.
fn crowd_fault(sets: &Content, set: &RecordSet) -> Option<String> {
    let Some(Routing::Weighted(_)) = set.routing else { return None };
    let count = of_name(sets, &set.name).filter(|other| other.rtype == set.rtype).count();
    (count > WEIGHTED_SETS_MAX).then(|| {
        format!(
            "RRSet with DNS name {} and type {} cannot have more than {WEIGHTED_SETS_MAX} weighted sets.",
            set.name, set.rtype
        )
    })
}
