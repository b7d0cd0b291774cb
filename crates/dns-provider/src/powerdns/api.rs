//! Calls: what is asked, and what the answer means.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use dns_core::rrset::canonical_name;
use dns_zone::SetKey;
use hickory_proto::rr::Name;
use reqwest::header::HeaderName;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document;
use super::failure::{Asked, Written};
use super::search::{HITS_MAX, Hit};
use super::set::{Set, Sets};
use super::zone::comments::Commented;
use crate::calls::Counter;
use crate::http_api::ApiSetupError;
use crate::http_api::keyed::{Header, Keyed};
use crate::port::{Permit, ProviderError, ZoneFacts};
use crate::whole_names::Look;
use crate::zones;

/// The header of the key.
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// Kinds of zones that another server writes; older versions name them after their old role.
const FOLLOWERS: [&str; 3] = ["secondary", "slave", "consumer"];

/// The API of one server.
#[derive(Clone)]
pub(super) struct Api {
    calls: Keyed,
    server_id: String,
}

/// What it says of a zone.
#[derive(Debug, Deserialize)]
pub(super) struct ZoneAnswer {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    soa_edit_api: String,
    rrsets: Vec<Set>,
}

/// The same, of comments alone.
#[derive(Debug, Deserialize)]
struct CommentsAnswer {
    rrsets: Vec<Commented>,
}

/// What of a name or content a search's words are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whole {
    /// All of it.
    Text,
    /// Its end.
    End,
}

/// Reads names, each with one call: what is served there.
pub(super) struct Names<'a> {
    pub(super) api: &'a Api,
    pub(super) zone: &'a Name,
}

/// Reads the zone with one call: what is there, disabled records included.
pub(super) struct WholeZone<'a> {
    pub(super) api: &'a Api,
    pub(super) zone: &'a Name,
}

impl Api {
    pub(super) fn new(
        url: &Url,
        server_id: String,
        key_file: PathBuf,
        timeout: Duration,
    ) -> Result<Self, ApiSetupError> {
        let header = Header { name: KEY_HEADER, prefix: "" };
        Ok(Self { calls: Keyed::new(url, key_file, header, timeout)?, server_id })
    }

    pub(super) fn counting(self, count: Counter) -> Self {
        Self { calls: self.calls.counting(count), ..self }
    }

    pub(super) fn telling_when_sent(self, told: fn()) -> Self {
        Self { calls: self.calls.telling_when_sent(told), ..self }
    }

    pub(super) fn subject(&self) -> String {
        format!("the PowerDNS API at {}", self.calls.base())
    }

    /// What is needed to trust the zone: its metadata and its NS.
    pub(super) async fn zone(&self, zone: &Name) -> Result<ZoneAnswer, ProviderError> {
        let query = [("rrset_name", zone.to_ascii()), ("rrset_type", "NS".to_owned())];
        self.get(zone, "get_zone", &query).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        zone: &Name,
        operation: &'static str,
        query: &[(&str, String)],
    ) -> Result<T, ProviderError> {
        self.read(operation, &Asked::Read(zone), || self.request(Method::GET, zone, &[]).query(query)).await
    }

    async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        asked: &Asked<'_>,
        request: impl Fn() -> RequestBuilder + Send,
    ) -> Result<T, ProviderError> {
        let body = self.call(operation, asked, request).await?;
        serde_json::from_slice(&body).map_err(|error| self.unreadable(document::undocumented(&error)))
    }

    /// The answer cannot be understood; another one may.
    pub(super) fn unreadable(&self, reason: String) -> ProviderError {
        ProviderError::Transient { subject: self.subject(), reason }
    }

    /// The answer that has all sets of a zone, with disabled records.
    pub(super) async fn whole(&self, zone: &Name) -> Result<Vec<u8>, ProviderError> {
        self.call("get_zone", &Asked::Whole(zone), || self.request(Method::GET, zone, &[])).await
    }

    /// Some sets of a zone, with disabled records.
    pub(super) async fn sets(&self, zone: &Name, is_asked: impl Fn(&Set) -> bool) -> Result<Vec<Set>, ProviderError> {
        let body = self.whole(zone).await?;
        let mut sets = Vec::new();
        let taken = document::each_set(&body, |set| {
            sets.extend(Some(set).filter(&is_asked));
            Ok(())
        });
        taken.map(|()| sets).map_err(|reason| self.unreadable(reason))
    }

    /// The sets at a name, as far as they are served.
    pub(super) async fn sets_at(&self, zone: &Name, name: &Name) -> Result<Vec<Set>, ProviderError> {
        let answer: ZoneAnswer = self.get(zone, "get_rrsets", &[("rrset_name", name.to_ascii())]).await?;
        Ok(answer.rrsets.into_iter().filter(|set| set.is_at(name)).collect())
    }

    /// The comments on a set, and perhaps on others.
    pub(super) async fn comments(&self, zone: &Name, key: &SetKey) -> Result<Vec<Commented>, ProviderError> {
        let query = [("rrset_name", zones::name(&key.owner).to_ascii()), ("rrset_type", key.rtype.to_string())];
        Ok(self.get::<CommentsAnswer>(zone, "get_comments", &query).await?.rrsets)
    }

    /// Records of any zone whose names or contents are this text, or end in it.
    pub(super) async fn search(&self, zone: &Name, words: &str, whole: Whole) -> Result<Vec<Hit>, ProviderError> {
        let pattern = match whole {
            Whole::Text => words.to_owned(),
            Whole::End => format!("*{words}"),
        };
        let query = [("q", pattern), ("max", HITS_MAX.to_string()), ("object_type", "record".to_owned())];
        let segments = ["api", "v1", "servers", &self.server_id, "search-data"];
        let request = || self.calls.request(Method::GET, &segments).query(&query);
        self.read("search_data", &Asked::Read(zone), request).await
    }

    pub(super) async fn patch(&self, written: &Written, body: &Value, permit: &Permit) -> Result<(), ProviderError> {
        let asked = Asked::Write { written, permit };
        let request = || self.request(Method::PATCH, &written.zone, &[]).json(body);
        self.call("patch_zone", &asked, request).await.map(drop)
    }

    /// Asks the server to notify, in a task of its own. That it failed is seen in the count, and by verification.
    pub(super) fn notify_secondaries(&self, zone: &Name) {
        let (api, zone) = (self.clone(), zone.clone());
        tokio::spawn(async move {
            let request = || api.request(Method::PUT, &zone, &["notify"]);
            if let Err(error) = api.call("notify", &Asked::Read(&zone), request).await {
                tracing::debug!(%zone, %error, "the server did not notify its secondaries");
            }
        });
    }

    /// The body of an answer of success.
    async fn call(
        &self,
        operation: &'static str,
        asked: &Asked<'_>,
        request: impl Fn() -> RequestBuilder + Send,
    ) -> Result<Vec<u8>, ProviderError> {
        self.calls.call(operation, &self.subject(), asked, request).await
    }

    fn request(&self, method: Method, zone: &Name, path: &[&str]) -> RequestBuilder {
        let id = zone_id(zone);
        let segments = ["api", "v1", "servers", &self.server_id, "zones", &id];
        self.calls.request(method, &segments.into_iter().chain(path.iter().copied()).collect::<Vec<_>>())
    }
}

#[async_trait]
impl Look for Names<'_> {
    type Found = Sets;

    fn subject(&self) -> String {
        self.api.subject()
    }

    async fn at(&self, names: &BTreeSet<Name>) -> Result<Sets, ProviderError> {
        let mut all = Vec::new();
        for name in names {
            all.extend(self.api.sets_at(self.zone, name).await?);
        }
        Ok(Sets::new(all))
    }
}

#[async_trait]
impl Look for WholeZone<'_> {
    type Found = Sets;

    fn subject(&self) -> String {
        self.api.subject()
    }

    async fn at(&self, names: &BTreeSet<Name>) -> Result<Sets, ProviderError> {
        let is_asked = |set: &Set| set.owner().is_some_and(|owner| names.contains(&owner));
        self.api.sets(self.zone, is_asked).await.map(Sets::new)
    }
}

/// Why the serial of a zone stays as it is whatever is written, and what to do; none if it grows.
pub(super) fn serial_stays(soa_edit_api: &str, zone: &impl std::fmt::Display) -> Option<String> {
    let stays = soa_edit_api.is_empty() || soa_edit_api.eq_ignore_ascii_case("OFF");
    stays.then(|| {
        format!(
            "zone {zone} has no SOA-EDIT-API, so its serial never grows and no secondary follows: run \
             `pdnsutil set-meta {zone} SOA-EDIT-API INCREASE` there"
        )
    })
}

impl ZoneAnswer {
    /// Why its serial stays as it is.
    pub(super) fn serial_stays(&self, zone: &Name) -> Option<String> {
        serial_stays(&self.soa_edit_api, zone)
    }

    /// What the caller may know, if writes to the zone reach its secondaries.
    pub(super) fn facts(self, zone: &Name, subject: &str) -> Result<ZoneFacts, ProviderError> {
        let denied = |reason: String| Err(ProviderError::Denied { subject: subject.to_owned(), reason });
        let Self { kind, soa_edit_api, rrsets } = self;
        if FOLLOWERS.contains(&kind.to_ascii_lowercase().as_str()) {
            return denied(format!("zone {zone} is a {kind} there, which another server writes: use its primary"));
        }
        if let Some(reason) = serial_stays(&soa_edit_api, zone) {
            return denied(reason);
        }
        let own = rrsets.iter().filter(|set| set.is_at(zone) && set.is_of("NS"));
        let name_servers = own.flat_map(Set::served).filter_map(|target| canonical_name(target).ok()).collect();
        Ok(ZoneFacts { name_servers })
    }
}

/// A zone's id in paths: its name, with `=` and two digits for what is no letter, digit, dot or hyphen.
fn zone_id(zone: &Name) -> String {
    let mut id = String::new();
    for byte in zone.to_ascii().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') {
            id.push(char::from(byte));
        } else {
            write!(id, "={byte:02X}").expect("invariant: writing to a String cannot fail");
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: &str, soa_edit_api: &str) -> Result<ZoneFacts, ProviderError> {
        let answer = serde_json::json!({
            "kind": kind, "soa_edit_api": soa_edit_api,
            "rrsets": [{ "name": "example.test.", "type": "NS", "ttl": 60, "records": [{ "content": "NS1.example.test." }] }],
        });
        let answer: ZoneAnswer = serde_json::from_value(answer).expect("an answer");
        answer.facts(&canonical_name("example.test").expect("a name"), "the API")
    }

    #[test]
    fn names_the_servers_of_a_zone_that_secondaries_follow() {
        let facts = facts("Master", "INCREASE").expect("facts");
        assert_eq!(facts.name_servers, [canonical_name("ns1.example.test").expect("a name")]);
    }

    #[test]
    fn refuses_a_zone_whose_serial_never_grows_or_that_another_server_writes() {
        for (kind, soa_edit_api, words) in [
            ("Master", "", "SOA-EDIT-API INCREASE"),
            ("Native", "off", "SOA-EDIT-API"),
            ("Slave", "DEFAULT", "primary"),
        ] {
            let error = facts(kind, soa_edit_api).expect_err("refused");
            assert!(matches!(&error, ProviderError::Denied { reason, .. } if reason.contains(words)), "{error}");
        }
    }

    #[test]
    fn writes_a_zones_id_as_the_server_does() {
        let id = |text: &str| zone_id(&canonical_name(text).expect("a name"));
        assert_eq!(id("example.test"), "example.test.");
        assert_eq!(id("_udp.example.test"), "=5Fudp.example.test.");
    }
}
