//! Resource record sets.

use std::fmt;

use super::name::RecordName;
use super::xml::Answer;

/// A resource record set, as the zone holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// Its name.
    pub name: RecordName,
    /// Its type, such as `A`.
    pub rtype: String,
    /// Tells apart the sets of one name and type; `None` for a simple one.
    pub set_identifier: Option<String>,
    /// How one of several sets of a name and type is chosen; `None` for a simple one.
    pub routing: Option<Routing>,
    /// What it answers.
    pub data: Data,
    /// The health check that it depends on.
    pub health_check: Option<String>,
}

/// What a set answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Values, in the order in which they were given.
    Records {
        /// Seconds.
        ttl: u32,
        /// In presentation format.
        values: Vec<String>,
    },
    /// Whatever another name answers.
    Alias(Alias),
}

/// The target of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The zone that the target lies in: one of this account, or the load balancers' of a region.
    pub hosted_zone_id: String,
    /// The target.
    pub dns_name: RecordName,
    /// Whether an unhealthy target is left out.
    pub evaluate_target_health: bool,
}

/// A routing policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routing {
    /// By weight, 0 to 255.
    Weighted(u8),
    /// By latency to this region.
    Region(String),
    /// By the resolver's place: continent, country and subdivision.
    GeoLocation(Option<String>, Option<String>, Option<String>),
    /// `PRIMARY` or `SECONDARY`.
    Failover(String),
    /// Up to eight healthy ones.
    MultiValueAnswer(bool),
}

/// What a set is found by, and sorted by in answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) name: RecordName,
    pub(super) rtype: String,
    /// Empty without one.
    pub(super) set_identifier: String,
}

impl RecordSet {
    /// A simple set of values.
    ///
    /// # Panics
    ///
    /// When the name is none.
    pub fn new(name: &str, rtype: &str, ttl: u32, values: &[&str]) -> Self {
        let values = values.iter().map(ToString::to_string).collect();
        Self::of(name, rtype, Data::Records { ttl, values })
    }

    /// A simple alias.
    ///
    /// # Panics
    ///
    /// When a name is none.
    pub fn alias(name: &str, rtype: &str, hosted_zone_id: &str, target: &str) -> Self {
        let dns_name = valid(target);
        let alias = Alias { hosted_zone_id: hosted_zone_id.to_owned(), dns_name, evaluate_target_health: false };
        Self::of(name, rtype, Data::Alias(alias))
    }

    /// Makes it one of several.
    #[must_use]
    pub fn routed(mut self, set_identifier: &str, routing: Routing) -> Self {
        self.set_identifier = Some(set_identifier.to_owned());
        self.routing = Some(routing);
        self
    }

    /// Makes it depend on a health check.
    #[must_use]
    pub fn checked_by(mut self, health_check: &str) -> Self {
        self.health_check = Some(health_check.to_owned());
        self
    }

    /// Its TTL in seconds; an alias has its target's.
    pub fn ttl(&self) -> Option<u32> {
        match &self.data {
            Data::Records { ttl, .. } => Some(*ttl),
            Data::Alias(_) => None,
        }
    }

    /// Its values; an alias has none.
    pub fn values(&self) -> &[String] {
        match &self.data {
            Data::Records { values, .. } => values,
            Data::Alias(_) => &[],
        }
    }

    fn of(name: &str, rtype: &str, data: Data) -> Self {
        let name = valid(name);
        Self { name, rtype: rtype.to_owned(), set_identifier: None, routing: None, data, health_check: None }
    }

    pub(super) fn key(&self) -> Key {
        Key {
            name: self.name.clone(),
            rtype: self.rtype.clone(),
            set_identifier: self.set_identifier.clone().unwrap_or_default(),
        }
    }

    /// Whether a DELETE with `given` may delete it: everything equal, the order of values apart.
    pub(super) fn matches(&self, given: &Self) -> bool {
        let sorted = |set: &Self| {
            let mut set = set.clone();
            if let Data::Records { values, .. } = &mut set.data {
                values.sort();
            }
            set
        };
        sorted(self) == sorted(given)
    }

    /// The set as the API answers it, its elements in the order of the schema.
    pub(super) fn write(&self, answer: &mut Answer) {
        answer.element("ResourceRecordSet", |answer| {
            answer.value("Name", &self.name);
            answer.value("Type", &self.rtype);
            answer.optional("SetIdentifier", self.set_identifier.as_ref());
            if let Some(routing) = &self.routing {
                routing.write(answer);
            }
            self.data.write(answer);
            answer.optional("HealthCheckId", self.health_check.as_ref());
        });
    }
}

impl Routing {
    /// The element that says it.
    pub(super) fn element(&self) -> &'static str {
        match self {
            Self::Weighted(_) => "Weight",
            Self::Region(_) => "Region",
            Self::GeoLocation(..) => "GeoLocation",
            Self::Failover(_) => "Failover",
            Self::MultiValueAnswer(_) => "MultiValueAnswer",
        }
    }

    fn write(&self, answer: &mut Answer) {
        match self {
            Self::Weighted(weight) => answer.value(self.element(), weight),
            Self::Region(text) | Self::Failover(text) => answer.value(self.element(), text),
            Self::MultiValueAnswer(is_on) => answer.value(self.element(), is_on),
            Self::GeoLocation(continent, country, subdivision) => answer.element(self.element(), |answer| {
                answer.optional("ContinentCode", continent.as_ref());
                answer.optional("CountryCode", country.as_ref());
                answer.optional("SubdivisionCode", subdivision.as_ref());
            }),
        }
    }
}

impl Data {
    fn write(&self, answer: &mut Answer) {
        match self {
            Self::Records { ttl, values } => {
                answer.value("TTL", ttl);
                answer.element("ResourceRecords", |answer| {
                    for value in values {
                        answer.element("ResourceRecord", |answer| answer.value("Value", value));
                    }
                });
            }
            Self::Alias(alias) => answer.element("AliasTarget", |answer| {
                answer.value("HostedZoneId", &alias.hosted_zone_id);
                answer.value("DNSName", &alias.dns_name);
                answer.value("EvaluateTargetHealth", &alias.evaluate_target_health);
            }),
        }
    }
}

/// As the service's messages name a set.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[name='{}', type='{}'", self.name, self.rtype)?;
        if !self.set_identifier.is_empty() {
            write!(f, ", set-identifier='{}'", self.set_identifier)?;
        }
        f.write_str("]")
    }
}

fn valid(name: &str) -> RecordName {
    RecordName::parse(name).unwrap_or_else(|fault| panic!("the test names {name:?}: {fault}"))
}
