//! Events of the Events API v2 (developer documentation, "PD-CEF" and "Send an alert event"): a trouble is triggered and
//! resolved under one key, so that a repeated event changes nothing.

use serde_json::{Value, json};

use super::Office;
use super::advice;
use super::ledger::Dropped;
use super::post::clean;
use super::selection::Item;
use super::trouble::Key;
use super::webhook::{self, sentence};
use crate::api::report::rfc3339;

/// The longest summary that is taken.
const SUMMARY_CHARS_MAX: usize = 1024;

/// The longest key that is taken.
const KEY_CHARS_MAX: usize = 255;

/// What a row asks for: first ends, then what begins.
pub(super) fn events(item: &Item, routing_key: &str, office: &Office) -> Vec<Value> {
    let ends = item.change.ends.iter().map(|(key, _)| resolve(key, routing_key, office));
    let begins = item.change.begins.as_ref().map(|key| trigger(key, item, routing_key, office));
    ends.chain(begins).collect()
}

/// What rows that were given up ask for: the ends of troubles, and one event that says so.
pub(super) fn of_sum(dropped: &Dropped, routing_key: &str, office: &Office) -> Vec<Value> {
    let ends = dropped.ended.iter().map(|key| resolve(key, routing_key, office));
    let told = json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": dedup_key(&format!("notDelivered/{}", webhook::sum_id(dropped)), office),
        "payload": {
            "summary": sentence(dropped),
            "source": office.installation,
            "severity": "warning",
            "timestamp": rfc3339(dropped.to),
        },
    });
    ends.chain([told]).collect()
}

fn trigger(key: &Key, item: &Item, routing_key: &str, office: &Office) -> Value {
    let entry = &item.row.entry;
    let advice = advice::of(key.sort, entry);
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": dedup_key(&key.to_string(), office),
        "client": format!("failover-controller {}", office.actor),
        "payload": {
            "summary": clean(&format!("{}: {}", entry.service, entry.summary), SUMMARY_CHARS_MAX - 1),
            "source": office.installation,
            "severity": "critical",
            "timestamp": rfc3339(entry.at),
            "component": entry.service,
            "class": key.sort.as_str(),
            "custom_details": {
                "kind": entry.kind,
                "decision": entry.decision,
                "place": key.place,
                "do": advice.text,
                "type": advice.command,
                "row": webhook::id(&item.row),
            },
        },
    })
}

fn resolve(key: &Key, routing_key: &str, office: &Office) -> Value {
    json!({
        "routing_key": routing_key,
        "event_action": "resolve",
        "dedup_key": dedup_key(&key.to_string(), office),
    })
}

/// Two installations may share one integration.
fn dedup_key(what: &str, office: &Office) -> String {
    format!("{}/{what}", office.installation).chars().take(KEY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use dns_core::history::HistoryKind;

    use super::super::fixture::{office, row};
    use super::super::trouble::{Change, Open, Sort};
    use super::*;

    fn key(sort: Sort) -> Key {
        Key { service: "checkout".parse().expect("a name"), sort, place: None }
    }

    #[test]
    fn a_trouble_is_triggered_and_resolved_under_one_key() {
        let held = row(1, HistoryKind::Held, &"x".repeat(3000));
        let began = Item { row: held, change: Change { begins: Some(key(Sort::Hold)), ends: Vec::new() } };
        let open = Open { since: began.row.entry.at, summary: String::new() };
        let change = Change { begins: Some(key(Sort::Move)), ends: vec![(key(Sort::Hold), open)] };
        let ended = Item { row: row(2, HistoryKind::Decided, "failover"), change };
        let (began, ended) = (events(&began, "k", &office()), events(&ended, "k", &office()));
        assert_eq!(began[0]["event_action"], "trigger");
        assert_eq!(began[0]["payload"]["summary"].as_str().map(|text| text.chars().count()), Some(1024));
        let of = |event: &Value| (event["event_action"].clone(), event["dedup_key"].clone());
        assert_eq!(of(&ended[0]), ("resolve".into(), "acme/checkout/hold".into()));
        assert_eq!(of(&ended[1]), ("trigger".into(), "acme/checkout/move".into()));
        assert_eq!(began[0]["dedup_key"], ended[0]["dedup_key"]);
    }

    #[test]
    fn the_end_of_a_trouble_outlives_the_row_that_told_it() {
        let dropped = Dropped { count: 3, ended: vec![key(Sort::Hold)], ..Dropped::default() };
        let events = of_sum(&dropped, "k", &office());
        assert_eq!((events.len(), events[0]["event_action"].as_str()), (2, Some("resolve")));
        assert!(events[1]["payload"]["summary"].as_str().is_some_and(|text| text.starts_with("3 rows not delivered")));
    }
}
