//! Text for a tired human at 3 a.m.: what, where, since when, what to do, what to type.

use dns_core::history::HistoryEntry;
use dns_core::time::Timestamp;
use serde_json::{Value, json};

use super::Office;
use super::advice;
use super::ledger::Dropped;
use super::post::clean;
use super::selection::Item;
use super::trouble::Open;
use super::webhook::sentence;
use crate::api::report::rfc3339;

/// A sentence is read on a telephone; all of it stands in the history.
const SUMMARY_CHARS_MAX: usize = 600;

/// A row.
pub(super) fn row(item: &Item, since: Option<Timestamp>, office: &Office) -> Value {
    let entry = &item.row.entry;
    let mut lines = vec![headline(item)];
    if let Some(sort) = item.change.begins.as_ref().map(|key| key.sort) {
        let advice = advice::of(sort, entry);
        lines.push(format!("*since* {} · {}", to_the_second(since.unwrap_or(entry.at)), origin(office)));
        lines.push(format!("*do* {}", escaped(advice.text)));
        lines.push(format!("*type* `{}`", escaped(&advice.command)));
    } else {
        lines.push(format!("{} · {}", to_the_second(entry.at), origin(office)));
    }
    json!({ "text": lines.join("\n") })
}

/// Rows that were given up.
pub(super) fn sum(dropped: &Dropped, office: &Office) -> Value {
    json!({ "text": format!(":warning: {} · {}", escaped(&sentence(dropped)), origin(office)) })
}

fn headline(item: &Item) -> String {
    let HistoryEntry { at, service, kind, summary, page, .. } = &item.row.entry;
    let summary = escaped(&clean(summary, SUMMARY_CHARS_MAX));
    let over: Vec<String> = item.change.ends.iter().map(|(key, open)| over(key.sort.as_str(), open, *at)).collect();
    match (page, over.as_slice()) {
        (true, []) => format!(":rotating_light: *PAGE {service}* {kind}: {summary}"),
        (true, over) => format!(":rotating_light: *PAGE {service}* {kind}: {summary} ({})", over.join("; ")),
        (false, []) => format!("*{service}* {kind}: {summary}"),
        (false, over) => format!(":white_check_mark: *over: {service}* {kind}: {summary} ({})", over.join("; ")),
    }
}

fn over(sort: &str, open: &Open, at: Timestamp) -> String {
    format!("ends `{sort}` after {} s", at.since(open.since).as_secs())
}

fn origin(office: &Office) -> String {
    format!("{} of {}", office.actor, office.installation)
}

/// People count in seconds.
fn to_the_second(at: Timestamp) -> String {
    rfc3339(Timestamp::from_secs(at.as_secs())).replace(".000Z", "Z")
}

/// What means something in Slack's text is written as what it looks like (its reference, "Escaping text").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use dns_core::history::HistoryKind;

    use super::super::fixture::{office, row as history};
    use super::super::trouble::{Change, Key, Sort};
    use super::*;

    fn key(sort: Sort) -> Key {
        Key { service: "checkout".parse().expect("a name"), sort, place: None }
    }

    fn text(page: bool, change: Change, summary: &str) -> String {
        let mut told = history(7, HistoryKind::Decided, summary);
        told.entry.page = page;
        let value = row(&Item { row: told, change }, None, &office());
        value["text"].as_str().expect("text").to_owned()
    }

    #[test]
    fn a_page_says_what_where_since_when_and_what_to_type() {
        let change = Change { begins: Some(key(Sort::Move)), ends: Vec::new() };
        let found = text(true, change, "failover from `prod` to `dr`: <2 of 3> saw it & agreed");
        let lines: Vec<&str> = found.lines().collect();
        let headline = ":rotating_light: *PAGE checkout* decided: failover from `prod` to `dr`: &lt;2 of 3&gt; saw it &amp; agreed";
        assert_eq!(lines[0], headline);
        assert_eq!(lines[1], "*since* 2026-11-21T07:30:07Z · controller-1 of acme");
        assert!(lines[2].starts_with("*do* it moves by itself"), "{found}");
        assert_eq!(lines[3], "*type* `dns-admin service show checkout`");
    }

    #[test]
    fn the_end_of_a_trouble_says_how_long_it_took() {
        let open = Open { since: history(2, HistoryKind::Held, "").entry.at, summary: String::new() };
        let found = text(false, Change { begins: None, ends: vec![(key(Sort::Hold), open)] }, "no longer wanted");
        assert!(found.starts_with(":white_check_mark: *over: checkout*"), "{found}");
        assert!(found.contains("(ends `hold` after 5 s)"), "{found}");
    }

    #[test]
    fn a_long_sentence_is_cut_and_a_strangers_lines_are_one() {
        let found = text(false, Change::default(), &format!("a\n\u{1b}b {}", "x".repeat(2000)));
        assert!(found.lines().count() == 2 && found.len() < 800, "{found}");
    }
}
