//! Request bodies: what the schema allows, and what the service demands of single fields.

use super::name::RecordName;
use super::rdata::TYPES;
use super::record::{Alias, Data, RecordSet, Routing};
use super::refusal::Refusal;
use super::xml::{Element, Fields};

/// API Reference, `TTL`.
const TTL_SECONDS_MAX: u32 = 2_147_483_647;

/// API Reference, `RData`.
const VALUE_CHARACTERS_MAX: usize = 4_000;

/// API Reference, `ResourceDescription`.
const COMMENT_CHARACTERS_MAX: usize = 256;

/// API Reference, `ResourceRecordSetIdentifier` and `Nonce`.
const IDENTIFIER_CHARACTERS_MAX: usize = 128;

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Adds a set that must not exist.
    Create,
    /// Removes a set that must be exactly this.
    Delete,
    /// Puts a set, whatever is there.
    Upsert,
}

/// One change of a batch.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it does.
    pub action: Action,
    /// With which set.
    pub set: RecordSet,
}

/// A `ChangeResourceRecordSets` request.
#[derive(Debug)]
pub(super) struct ChangeBatch {
    pub(super) comment: Option<String>,
    pub(super) changes: Vec<Change>,
}

/// A `CreateHostedZone` request.
#[derive(Debug)]
pub(super) struct NewZone {
    pub(super) name: RecordName,
    pub(super) caller_reference: String,
    pub(super) comment: Option<String>,
}

impl NewZone {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Element::parse(body, "CreateHostedZoneRequest")?.fields()?;
        let name = fields.value("Name")?;
        let caller_reference = bounded("callerReference", fields.value("CallerReference")?, IDENTIFIER_CHARACTERS_MAX)?;
        let mut comment = None;
        if let Some(config) = fields.optional("HostedZoneConfig") {
            let mut config = config.fields()?;
            comment = comment_of(&mut config)?;
            let is_private =
                config.optional_value("PrivateZone")?.map(|text| boolean("privateZone", &text)).transpose()?;
            config.end()?;
            if is_private == Some(true) {
                return Err(Refusal::invalid_input(
                    "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also specify values for VPCId and VPCRegion.",
                ));
            }
        }
        fields.end()?;
        let name = RecordName::parse(&name).map_err(|_| Refusal::invalid_domain_name(&name))?;
        Ok(Self { name, caller_reference, comment })
    }
}

impl ChangeBatch {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut request = Element::parse(body, "ChangeResourceRecordSetsRequest")?.fields()?;
        let mut batch = request.required("ChangeBatch")?.fields()?;
        request.end()?;
        let comment = comment_of(&mut batch)?;
        let changes = batch.required("Changes")?.fields()?.list("Change")?;
        batch.end()?;
        let changes = changes.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(Self { comment, changes })
    }

    /// What counts against the limit of records: each value, an UPSERT's twice.
    pub(super) fn records(&self) -> usize {
        self.changes.iter().map(|change| change.weight() * change.set.values().len()).sum()
    }

    /// What counts against the limit of characters: each of a value, an UPSERT's twice.
    pub(super) fn characters(&self) -> usize {
        let of = |change: &Change| change.set.values().iter().map(|value| value.chars().count()).sum::<usize>();
        self.changes.iter().map(|change| change.weight() * of(change)).sum()
    }
}

impl Change {
    fn weight(&self) -> usize {
        match self.action {
            Action::Create | Action::Delete => 1,
            Action::Upsert => 2,
        }
    }
}

fn change(element: Element) -> Result<Change, Refusal> {
    let mut fields = element.fields()?;
    let text = fields.value("Action")?;
    let action = match text.as_str() {
        "CREATE" => Action::Create,
        "DELETE" => Action::Delete,
        "UPSERT" => Action::Upsert,
        _ => return Err(not_one_of("action", &text, "CREATE, DELETE, UPSERT")),
    };
    let set = Draft::read(fields.required("ResourceRecordSet")?)?;
    fields.end()?;
    Ok(Change { action, set: set.complete(&text)? })
}

/// A set whose elements are known and not yet whether they belong together.
struct Draft {
    name: String,
    rtype: String,
    set_identifier: Option<String>,
    routings: Vec<Routing>,
    ttl: Option<u32>,
    values: Option<Vec<String>>,
    alias: Option<Alias>,
    health_check: Option<String>,
}

impl Draft {
    fn read(element: Element) -> Result<Self, Refusal> {
        let mut fields = element.fields()?;
        let draft = Self {
            name: fields.value("Name")?,
            rtype: record_type(fields.value("Type")?)?,
            set_identifier: set_identifier(&mut fields)?,
            routings: routings(&mut fields)?,
            ttl: fields.optional_value("TTL")?.map(|text| ttl(&text)).transpose()?,
            values: fields.optional("ResourceRecords").map(values).transpose()?,
            alias: fields.optional("AliasTarget").map(alias).transpose()?,
            health_check: fields.optional_value("HealthCheckId")?,
        };
        fields.end()?;
        Ok(draft)
    }

    /// The set, if its elements are those of exactly one kind.
    fn complete(self, action: &str) -> Result<RecordSet, Refusal> {
        let identifier = self.set_identifier.as_deref().unwrap_or("null");
        let place = format!(
            "in Change with [Action={action}, Name={}, Type={}, SetIdentifier={identifier}]",
            self.name, self.rtype
        );
        let invalid = |what: &str| Refusal::invalid_input(&format!("Invalid request: {what} {place}"));
        let data = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found";
        let routing = "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found";
        let data = match (self.alias, self.ttl, self.values) {
            (None, Some(ttl), Some(values)) => Data::Records { ttl, values },
            (Some(alias), None, None) => Data::Alias(alias),
            (None, ..) => return Err(invalid(&format!("{data} none"))),
            (Some(_), ..) => return Err(invalid(&format!("{data} more than one"))),
        };
        let mut routings = self.routings;
        let routing = match (self.set_identifier.is_some(), routings.len()) {
            (false, 0) => None,
            (true, 1) => routings.pop(),
            (true, 0) => return Err(invalid(&format!("{routing} none"))),
            (true, _) => return Err(invalid(&format!("{routing} more than one"))),
            (false, _) => return Err(invalid("Missing field 'SetIdentifier'")),
        };
        let name = RecordName::parse(&self.name).map_err(|fault| {
            Refusal::invalid_change_batch(&[format!("FATAL problem: {fault} encountered with '{}'", self.name)])
        })?;
        let (rtype, set_identifier, health_check) = (self.rtype, self.set_identifier, self.health_check);
        Ok(RecordSet { name, rtype, set_identifier, routing, data, health_check })
    }
}

/// A type that exists.
pub(super) fn record_type(text: String) -> Result<String, Refusal> {
    if TYPES.contains(&text.as_str()) { Ok(text) } else { Err(not_one_of("type", &text, &TYPES.join(", "))) }
}

fn set_identifier(fields: &mut Fields) -> Result<Option<String>, Refusal> {
    let text = fields.optional_value("SetIdentifier")?;
    text.map(|text| bounded("setIdentifier", text, IDENTIFIER_CHARACTERS_MAX)).transpose()
}

fn routings(fields: &mut Fields) -> Result<Vec<Routing>, Refusal> {
    let mut found = Vec::new();
    if let Some(text) = fields.optional_value("Weight")? {
        let weight = text.parse().map_err(|_| out_of_range("weight", &text, "255"))?;
        found.push(Routing::Weighted(weight));
    }
    found.extend(fields.optional_value("Region")?.map(Routing::Region));
    if let Some(place) = fields.optional("GeoLocation") {
        let mut place = place.fields()?;
        let continent = place.optional_value("ContinentCode")?;
        let country = place.optional_value("CountryCode")?;
        let subdivision = place.optional_value("SubdivisionCode")?;
        place.end()?;
        found.push(Routing::GeoLocation(continent, country, subdivision));
    }
    if let Some(text) = fields.optional_value("Failover")? {
        if !matches!(text.as_str(), "PRIMARY" | "SECONDARY") {
            return Err(not_one_of("failover", &text, "PRIMARY, SECONDARY"));
        }
        found.push(Routing::Failover(text));
    }
    if let Some(text) = fields.optional_value("MultiValueAnswer")? {
        found.push(Routing::MultiValueAnswer(boolean("multiValueAnswer", &text)?));
    }
    Ok(found)
}

fn ttl(text: &str) -> Result<u32, Refusal> {
    let ttl = text.parse().ok().filter(|ttl| *ttl <= TTL_SECONDS_MAX);
    ttl.ok_or_else(|| out_of_range("tTL", text, &TTL_SECONDS_MAX.to_string()))
}

fn values(element: Element) -> Result<Vec<String>, Refusal> {
    let records = element.fields()?.list("ResourceRecord")?;
    let value = |record: Element| {
        let mut record = record.fields()?;
        let value = bounded("value", record.value("Value")?, VALUE_CHARACTERS_MAX)?;
        record.end()?;
        Ok(value)
    };
    records.into_iter().map(value).collect()
}

fn alias(element: Element) -> Result<Alias, Refusal> {
    let mut fields = element.fields()?;
    let hosted_zone_id = fields.value("HostedZoneId")?;
    let dns_name = fields.value("DNSName")?;
    let evaluate_target_health = boolean("evaluateTargetHealth", &fields.value("EvaluateTargetHealth")?)?;
    fields.end()?;
    let dns_name = RecordName::parse(&dns_name).map_err(|fault| {
        Refusal::invalid_change_batch(&[format!("FATAL problem: {fault} encountered with '{dns_name}'")])
    })?;
    Ok(Alias { hosted_zone_id, dns_name, evaluate_target_health })
}

fn comment_of(fields: &mut Fields) -> Result<Option<String>, Refusal> {
    let text = fields.optional_value("Comment")?;
    // The only text that may be empty.
    text.map(|text| if text.is_empty() { Ok(text) } else { bounded("comment", text, COMMENT_CHARACTERS_MAX) })
        .transpose()
}

fn bounded(what: &str, text: String, characters_max: usize) -> Result<String, Refusal> {
    match text.chars().count() {
        0 => Err(constraint(what, &text, "Member must have length greater than or equal to 1")),
        count if count > characters_max => {
            Err(constraint(what, &text, &format!("Member must have length less than or equal to {characters_max}")))
        }
        _ => Ok(text),
    }
}

fn boolean(what: &str, text: &str) -> Result<bool, Refusal> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(constraint(what, text, "Member must be a boolean")),
    }
}

fn not_one_of(what: &str, text: &str, known: &str) -> Refusal {
    constraint(what, text, &format!("Member must satisfy enum value set: [{known}]"))
}

fn out_of_range(what: &str, text: &str, max: &str) -> Refusal {
    constraint(what, text, &format!("Member must have value between 0 and {max}"))
}

fn constraint(what: &str, text: &str, failed: &str) -> Refusal {
    Refusal::invalid_input(&format!(
        "1 validation error detected: Value '{text}' at '{what}' failed to satisfy constraint: {failed}"
    ))
}
