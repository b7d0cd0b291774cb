//! From the JSON of a request to fields that a zone can store: defaults, overlays, and every rule that concerns one record
//! alone. What concerns its neighbours is [`Records`](super::records::Records)' business.

use serde_json::{Map, Value};

use super::name;
use super::record::{NewRecord, Record, RecordType, is_proxiable};
use super::refusal::Refusal;
use super::setup::Plan;
use super::{content, data};

/// The TTL that means automatic, and the only one of a proxied record.
const AUTOMATIC: i64 = 1;

/// The settings that records have.
const SETTINGS: [&str; 3] = ["flatten_cname", "ipv4_only", "ipv6_only"];

/// What the rules depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy<'a> {
    pub(super) zone: &'a str,
    pub(super) plan: Plan,
    pub(super) name_servers: &'a [String],
}

/// What a client wants a record to be.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    name: Option<String>,
    rtype: Option<String>,
    content: Option<String>,
    data: Option<Map<String, Value>>,
    ttl: i64,
    proxied: bool,
    priority: Option<i64>,
    comment: Option<String>,
    tags: Vec<String>,
    settings: Map<String, Value>,
}

/// What a zone stores of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) name: String,
    pub(super) rtype: RecordType,
    pub(super) content: String,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) ttl: u32,
    pub(super) proxied: bool,
    pub(super) priority: Option<u16>,
    pub(super) comment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) settings: Map<String, Value>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            name: None,
            rtype: None,
            content: None,
            data: None,
            ttl: AUTOMATIC,
            proxied: false,
            priority: None,
            comment: None,
            tags: Vec::new(),
            settings: Map::new(),
        }
    }
}

impl From<&Record> for Draft {
    fn from(record: &Record) -> Self {
        Self {
            name: Some(record.name.clone()),
            rtype: Some(record.rtype.as_str().to_owned()),
            content: record.data.is_none().then(|| record.content.clone()),
            data: record.data.clone(),
            ttl: record.ttl.into(),
            proxied: record.proxied,
            priority: record.priority.map(Into::into),
            comment: record.comment.clone(),
            tags: record.tags.clone(),
            settings: record.settings.clone(),
        }
    }
}

impl From<NewRecord> for Draft {
    fn from(record: NewRecord) -> Self {
        let NewRecord { name, rtype, content, ttl, proxied, comment } = record;
        Self {
            name: Some(name),
            rtype: Some(rtype.as_str().to_owned()),
            content: Some(content),
            ttl: ttl.into(),
            proxied,
            priority: (rtype == RecordType::Mx).then_some(10),
            comment,
            ..Self::default()
        }
    }
}

impl Draft {
    /// Overlays what a request says; keys that a record has not are ignored, as the service ignores them.
    pub(super) fn with(mut self, request: &Value) -> Result<Self, Refusal> {
        let object = request.as_object().ok_or_else(|| Refusal::body("It must be an object."))?;
        for (key, value) in object {
            self.set(key, value)?;
        }
        Ok(self)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), Refusal> {
        match key {
            "comment" if value.is_null() => self.comment = None,
            _ if value.is_null() => {}
            "name" => self.name = Some(string(key, value)?),
            "type" => self.rtype = Some(string(key, value)?),
            "content" => self.content = Some(string(key, value)?),
            "ttl" => self.ttl = integer(key, value)?,
            "priority" => self.priority = Some(integer(key, value)?),
            "proxied" => self.proxied = boolean(key, value)?,
            "comment" => self.comment = Some(string(key, value)?).filter(|comment| !comment.is_empty()),
            "tags" => self.tags = strings(key, value)?,
            "settings" => self.settings = settings(value)?,
            "data" => self.data = Some(value.as_object().cloned().ok_or_else(|| wrong(key, "an object"))?),
            _ => {}
        }
        Ok(())
    }

    /// Applies every rule that concerns this record alone.
    pub(super) fn check(self, policy: &Policy<'_>) -> Result<Fields, Refusal> {
        let rtype = present("type", self.rtype)?;
        let rtype = RecordType::parse(&rtype).ok_or_else(|| Refusal::body(&format!("Unknown type {rtype}.")))?;
        let name = name::whole(&present("name", self.name)?, policy.zone)?;
        let content = content(rtype, &name, self.content, self.data.as_ref())?;
        check_delegation(&name, rtype, &content, policy)?;
        check_proxy(rtype, &content, self.proxied)?;
        Ok(Fields {
            ttl: ttl(self.ttl, self.proxied, policy.plan)?,
            priority: priority(rtype, self.priority)?,
            comment: comment(self.comment, policy.plan)?,
            tags: tags(self.tags, policy.plan)?,
            settings: self.settings,
            proxied: self.proxied,
            data: self.data,
            name,
            rtype,
            content,
        })
    }
}

/// What is stored as the content: what was given, or what the components make. Not both.
fn content(
    rtype: RecordType,
    name: &str,
    given: Option<String>,
    data: Option<&Map<String, Value>>,
) -> Result<String, Refusal> {
    match (given, data) {
        (Some(_), Some(_)) => Err(Refusal::body("A record has `content` or `data`, not both.")),
        (None, Some(data)) => data::content(rtype, data),
        (None, None) if data::has(rtype) => Err(Refusal::body("`data` is missing.")),
        (given, None) => content::stored(rtype, name, &present("content", given)?),
    }
}

fn present(key: &str, value: Option<String>) -> Result<String, Refusal> {
    value.ok_or_else(|| Refusal::body(&format!("`{key}` is missing.")))
}

/// At the apex the service answers with its own name servers and takes only other providers' beside them.
fn check_delegation(name: &str, rtype: RecordType, content: &str, policy: &Policy<'_>) -> Result<(), Refusal> {
    let is_own = policy.name_servers.iter().any(|server| server.eq_ignore_ascii_case(content));
    if rtype == RecordType::Ns && name == policy.zone && is_own {
        return Err(Refusal::invalid(9008, "Content for NS record is invalid: the zone has this name server already."));
    }
    Ok(())
}

fn check_proxy(rtype: RecordType, content: &str, proxied: bool) -> Result<(), Refusal> {
    if !proxied {
        return Ok(());
    }
    if !rtype.is_host() {
        return Err(Refusal::invalid(9004, "This record type cannot be proxied."));
    }
    if !is_proxiable(rtype, content) {
        return Err(Refusal::invalid(9003, format!("Target {content} is not allowed for a proxied record.")));
    }
    Ok(())
}

fn ttl(given: i64, proxied: bool, plan: Plan) -> Result<u32, Refusal> {
    let range = plan.ttl_secs();
    if given != AUTOMATIC && !range.contains(&given) {
        let (least, most) = (range.start(), range.end());
        let message = format!("TTL must be between {least} and {most} seconds, or 1 for Automatic.");
        return Err(Refusal::invalid(9021, message));
    }
    let kept = if proxied { AUTOMATIC } else { given };
    Ok(u32::try_from(kept).expect("invariant: every TTL of the range fits"))
}

fn priority(rtype: RecordType, given: Option<i64>) -> Result<Option<u16>, Refusal> {
    if !matches!(rtype, RecordType::Mx | RecordType::Uri) {
        return Ok(None);
    }
    let given = given.ok_or_else(|| Refusal::body("`priority` is missing."))?;
    u16::try_from(given).map(Some).map_err(|_| Refusal::body("`priority` must be between 0 and 65535."))
}

fn comment(given: Option<String>, plan: Plan) -> Result<Option<String>, Refusal> {
    let Some(text) = given else { return Ok(None) };
    let most = plan.comment_characters_max();
    if text.chars().count() > most {
        let message = format!("DNS record comment exceeds the maximum length of {most} characters.");
        return Err(Refusal::invalid(9313, message));
    }
    if text.contains(char::is_control) {
        return Err(Refusal::invalid(9301, "DNS record comment has a character that is not graphic."));
    }
    Ok(Some(text))
}

fn tags(given: Vec<String>, plan: Plan) -> Result<Vec<String>, Refusal> {
    let (count, most) = (given.len(), plan.tags_max());
    if count > most {
        let message = format!("DNS record has {count} tags, exceeding the quota of {most}.");
        return Err(Refusal::invalid(9300, message));
    }
    match given.iter().find(|tag| !is_tag(tag)) {
        None => Ok(given),
        Some(tag) => {
            Err(Refusal::invalid(9301, format!("DNS record tag {tag:?} is not a name with an optional value.")))
        }
    }
}

fn is_tag(tag: &str) -> bool {
    let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.bytes().all(is_name) && !value.contains(char::is_control)
}

fn settings(value: &Value) -> Result<Map<String, Value>, Refusal> {
    let object = value.as_object().ok_or_else(|| Refusal::body("`settings` must be an object."))?;
    let is_known = |(key, value): (&String, &Value)| SETTINGS.contains(&key.as_str()) && value.is_boolean();
    if object.iter().all(is_known) {
        return Ok(object.clone());
    }
    Err(Refusal::body("`settings` holds what is none."))
}

fn string(key: &str, value: &Value) -> Result<String, Refusal> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(key, "a string"))
}

fn strings(key: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let list = value.as_array().ok_or_else(|| wrong(key, "a list"))?;
    list.iter().map(|item| string(key, item)).collect()
}

fn integer(key: &str, value: &Value) -> Result<i64, Refusal> {
    value.as_i64().ok_or_else(|| wrong(key, "a whole number"))
}

fn boolean(key: &str, value: &Value) -> Result<bool, Refusal> {
    value.as_bool().ok_or_else(|| wrong(key, "true or false"))
}

fn wrong(key: &str, wanted: &str) -> Refusal {
    Refusal::body(&format!("`{key}` must be {wanted}."))
}
