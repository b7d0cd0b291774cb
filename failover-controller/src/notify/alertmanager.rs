//! Alerts for Alertmanager's API v2 (`POST /api/v2/alerts`). It forgets an alert that nobody repeats, so open ones are sent
//! again each minute until they are over.

use std::time::Duration;

use dns_core::time::Timestamp;
use serde_json::{Value, json};

use super::Office;
use super::advice;
use super::ledger::Dropped;
use super::selection::Item;
use super::trouble::{Key, Open, Troubles};
use super::webhook::sentence;
use crate::api::report::rfc3339;

/// How often open alerts are repeated: as often as Prometheus does.
pub(super) const REPEAT_EVERY: Duration = Duration::from_mins(1);

/// How long an alert lasts without being repeated: a few repetitions may get lost.
const LASTS: Duration = Duration::from_mins(4);

/// The shortest alert. What is over before Alertmanager's `group_wait` is told to nobody, and a failover takes seconds.
const LASTS_MIN: Duration = Duration::from_mins(5);

/// Alerts of one letter: a few hundred kilobytes.
const ALERTS_MAX: usize = 200;

/// What a row asks for.
pub(super) fn alerts(item: &Item, told: &Troubles, now: Timestamp, office: &Office) -> Value {
    let entry = &item.row.entry;
    let ended = item.change.ends.iter().map(|(key, open)| {
        let ends = entry.at.max(open.since + LASTS_MIN);
        alert(key, open, ends, Value::Null, office)
    });
    let begun = item.change.begins.as_ref().map(|key| {
        let since = told.get(key).map_or(entry.at, |open| open.since);
        let open = Open { since, summary: entry.summary.clone() };
        let advice = advice::of(key.sort, entry);
        alert(key, &open, now.max(since) + LASTS, json!({ "do": advice.text, "type": advice.command }), office)
    });
    ended.chain(begun).collect()
}

/// Everything that is open, in letters of a bounded length.
pub(super) fn repeated(told: &Troubles, now: Timestamp, office: &Office) -> Vec<Value> {
    let all: Vec<Value> =
        told.iter().map(|(key, open)| alert(key, open, now.max(open.since) + LASTS, Value::Null, office)).collect();
    all.chunks(ALERTS_MAX).map(|alerts| Value::Array(alerts.to_vec())).collect()
}

/// Rows that were given up, as an alert that ends by itself.
pub(super) fn of_sum(dropped: &Dropped, now: Timestamp, office: &Office) -> Value {
    json!([{
        "labels": {
            "alertname": "FailoverNotificationsDropped",
            "installation": office.installation,
            "severity": "warning",
        },
        "annotations": { "summary": sentence(dropped) },
        "startsAt": rfc3339(dropped.to),
        "endsAt": rfc3339(now.max(dropped.to) + LASTS_MIN),
    }])
}

/// One alert. Its labels are what it is known by, so they never change while it lasts.
fn alert(key: &Key, open: &Open, ends: Timestamp, advice: Value, office: &Office) -> Value {
    let mut labels = json!({
        "alertname": "FailoverTrouble",
        "installation": office.installation,
        "service": key.service,
        "trouble": key.sort.as_str(),
        "severity": "page",
    });
    if let Some(place) = &key.place {
        labels["place"] = json!(place);
    }
    let mut annotations = json!({ "summary": format!("{}: {}", key.service, open.summary) });
    if let (Value::Object(all), Value::Object(advice)) = (&mut annotations, advice) {
        all.extend(advice);
    }
    json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(open.since),
        "endsAt": rfc3339(ends),
    })
}

#[cfg(test)]
mod tests {
    use dns_core::history::HistoryKind;

    use super::super::fixture::{office, row};
    use super::super::trouble::{Change, Sort};
    use super::*;

    fn key() -> Key {
        Key { service: "checkout".parse().expect("a name"), sort: Sort::Hold, place: Some("main".to_owned()) }
    }

    fn began() -> (Item, Troubles) {
        let began = row(1, HistoryKind::Held, "main: held");
        let item = Item { row: began, change: Change { begins: Some(key()), ends: Vec::new() } };
        let mut told = Troubles::default();
        told.apply(&item.change, &item.row.entry);
        (item, told)
    }

    #[test]
    fn an_open_alert_lasts_past_its_next_repetition_with_the_same_labels() {
        let (item, told) = began();
        let now = item.row.entry.at + Duration::from_hours(1);
        let first = alerts(&item, &Troubles::default(), item.row.entry.at, &office());
        let again = repeated(&told, now, &office());
        assert_eq!(first[0]["labels"], again[0][0]["labels"]);
        assert_eq!(first[0]["startsAt"], again[0][0]["startsAt"]);
        assert_eq!(again[0][0]["endsAt"], rfc3339(now + LASTS));
        assert!(LASTS > REPEAT_EVERY * 2);
        assert_eq!(repeated(&Troubles::default(), now, &office()), Vec::<Value>::new());
    }

    #[test]
    fn a_trouble_of_seconds_lasts_long_enough_to_be_told() {
        let (item, told) = began();
        let (_, open) = told.iter().next().expect("open");
        let over = Change { begins: None, ends: vec![(key(), open.clone())] };
        let short = Item { row: row(3, HistoryKind::Unheld, "main: over"), change: over.clone() };
        let alert = alerts(&short, &told, short.row.entry.at, &office());
        assert_eq!(alert[0]["endsAt"], rfc3339(item.row.entry.at + LASTS_MIN));
        let long = Item { row: row(4000, HistoryKind::Unheld, "main: over"), change: over };
        let alert = alerts(&long, &told, long.row.entry.at, &office());
        assert_eq!(alert[0]["endsAt"], rfc3339(long.row.entry.at), "it is over when it is over");
    }
}
