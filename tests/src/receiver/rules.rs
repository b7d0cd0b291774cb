//! What each kind of receiver demands of a request, as its publisher says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Reply;

/// How old a signature may be (Standard Webhooks, "Verifying webhook authenticity").
const SIGNED_WITHIN: Duration = Duration::from_mins(5);

/// A kind of receiver.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Signed with this secret.
    Signed(String),
    /// Slack's incoming webhook.
    Slack,
    /// `PagerDuty`'s Events API v2, for this routing key.
    PagerDuty(String),
    /// Alertmanager, for whoever shows this bearer token.
    Alertmanager(String),
}

impl Kind {
    /// The answer of the real one to a right request.
    pub(super) fn usual(&self) -> Reply {
        match self {
            Self::Signed(_) => Reply::Status(204),
            Self::Slack | Self::Alertmanager(_) => Reply::Status(200),
            Self::PagerDuty(_) => Reply::Status(202),
        }
    }

    /// What is wrong with a request.
    pub(super) fn faults(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
        document: &Value,
    ) -> Vec<String> {
        let mut faults = Faults::default();
        faults.demand(method == Method::POST, || format!("method {method}"));
        let media = header(headers, "content-type");
        faults.demand(media == "application/json", || format!("content type `{media}`"));
        match self {
            Self::Signed(secret) => signed(&mut faults, secret, headers, body, document),
            Self::Slack => slack(&mut faults, document),
            Self::PagerDuty(key) => pagerduty(&mut faults, key, document),
            Self::Alertmanager(token) => {
                faults.demand(path == "/api/v2/alerts", || format!("path {path}"));
                let shown = header(headers, "authorization");
                faults.demand(shown == format!("Bearer {token}"), || "no such token".to_owned());
                alerts(&mut faults, document);
            }
        }
        faults.0
    }
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn demand(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn signed(faults: &mut Faults, secret: &str, headers: &HeaderMap, body: &[u8], document: &Value) {
    let (id, at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let message = [format!("{id}.{at}.").as_bytes(), body].concat();
    let found = header(headers, "webhook-signature").strip_prefix("v1,").unwrap_or_default();
    let found = BASE64.decode(found.as_bytes()).unwrap_or_default();
    faults.demand(hmac::verify(&key, &message, &found).is_ok(), || format!("the signature of {id} is wrong"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    let age = at.parse::<u64>().map(|at| now.abs_diff(at));
    faults.demand(age.is_ok_and(|age| age <= SIGNED_WITHIN.as_secs()), || format!("signed at `{at}`"));
    faults.demand(document["id"] == id && !id.is_empty(), || format!("id `{id}` is not the body's"));
    faults.demand(document["version"] == 1, || "no version".to_owned());
}

fn slack(faults: &mut Faults, document: &Value) {
    let text = document["text"].as_str().unwrap_or_default();
    faults.demand(!text.is_empty() && text.len() <= 40_000, || "no text".to_owned());
}

fn pagerduty(faults: &mut Faults, key: &str, event: &Value) {
    let keys = ["routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"];
    only(faults, event, &keys);
    faults.demand(event["routing_key"] == key, || "another routing key".to_owned());
    let dedup = event["dedup_key"].as_str().unwrap_or_default();
    faults.demand((1..=255).contains(&dedup.chars().count()), || format!("dedup_key `{dedup}`"));
    match event["event_action"].as_str() {
        Some("acknowledge" | "resolve") => {}
        Some("trigger") => {
            let payload = &event["payload"];
            let keys = ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"];
            only(faults, payload, &keys);
            let summary = payload["summary"].as_str().unwrap_or_default();
            faults.demand((1..=1024).contains(&summary.chars().count()), || format!("summary `{summary}`"));
            faults.demand(payload["source"].as_str().is_some_and(|text| !text.is_empty()), || "no source".to_owned());
            let known = ["critical", "error", "warning", "info"];
            let severity = payload["severity"].as_str().unwrap_or_default();
            faults.demand(known.contains(&severity), || format!("severity `{severity}`"));
            moment(faults, &payload["timestamp"]);
        }
        other => faults.demand(false, || format!("event_action {other:?}")),
    }
}

/// As `api/v2/openapi.yaml` has `postableAlerts`, and as its handler checks each alert.
fn alerts(faults: &mut Faults, document: &Value) {
    let Some(alerts) = document.as_array() else { return faults.demand(false, || "no list of alerts".to_owned()) };
    for alert in alerts {
        only(faults, alert, &["labels", "annotations", "startsAt", "endsAt", "generatorURL"]);
        faults.demand(alert["labels"].as_object().is_some_and(|labels| !labels.is_empty()), || "no labels".to_owned());
        for set in ["labels", "annotations"] {
            let none = Map::new();
            for (name, value) in alert[set].as_object().unwrap_or(&none) {
                let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                faults.demand(first && rest, || format!("label name `{name}`"));
                faults.demand(value.is_string(), || format!("{set}.{name} is {value}"));
            }
        }
        let (starts, ends) = (moment(faults, &alert["startsAt"]), moment(faults, &alert["endsAt"]));
        faults.demand(starts < ends, || format!("starts at {starts:?}, ends at {ends:?}"));
    }
}

fn moment(faults: &mut Faults, value: &Value) -> Option<Timestamp> {
    let read = value.as_str().and_then(|text| text.parse().ok());
    faults.demand(read.is_some(), || format!("{value} is no RFC 3339 time"));
    read
}

fn only(faults: &mut Faults, value: &Value, known: &[&str]) {
    let none = Map::new();
    let unknown: Vec<&String> =
        value.as_object().unwrap_or(&none).keys().filter(|key| !known.contains(&key.as_str())).collect();
    faults.demand(unknown.is_empty(), || format!("unknown keys {unknown:?}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(kind: &Kind, document: &Value) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().expect("a value"));
        headers.insert("authorization", "Bearer t".parse().expect("a value"));
        kind.faults(&Method::POST, "/api/v2/alerts", &headers, document.to_string().as_bytes(), document)
    }

    #[test]
    fn alerts_that_alertmanager_refuses_are_faults() {
        let kind = Kind::Alertmanager("t".to_owned());
        let good = json!([{ "labels": { "alertname": "x" }, "startsAt": "2026-11-21T07:30:00Z", "endsAt": "2026-11-21T07:31:00Z" }]);
        assert_eq!(faults(&kind, &good), Vec::<String>::new());
        for (pointer, bad) in [
            ("/0/labels", json!({})),
            ("/0/labels", json!({ "a-b": "x" })),
            ("/0/labels", json!({ "alertname": null })),
            ("/0/endsAt", json!("2026-11-21T07:30:00Z")),
            ("/0/startsAt", json!("yesterday")),
        ] {
            let mut alerts = good.clone();
            *alerts.pointer_mut(pointer).expect("is there") = bad;
            assert_ne!(faults(&kind, &alerts), Vec::<String>::new(), "{alerts}");
        }
    }

    #[test]
    fn events_that_pagerduty_refuses_are_faults() {
        let kind = Kind::PagerDuty("k".to_owned());
        let good = json!({ "routing_key": "k", "event_action": "trigger", "dedup_key": "d",
            "payload": { "summary": "s", "source": "acme", "severity": "critical", "timestamp": "2026-11-21T07:30:00Z" } });
        assert_eq!(faults(&kind, &good), Vec::<String>::new());
        for (pointer, bad) in [
            ("/payload/severity", json!("page")),
            ("/payload/summary", json!("x".repeat(1025))),
            ("/event_action", json!("open")),
            ("/routing_key", json!("other")),
        ] {
            let mut event = good.clone();
            *event.pointer_mut(pointer).expect("is there") = bad;
            assert_ne!(faults(&kind, &event), Vec::<String>::new(), "{event}");
        }
    }
}
