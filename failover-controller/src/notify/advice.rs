//! What a person who was woken does first, and the command to type.

use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::kernel::Rule;

use super::trouble::Sort;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advice {
    /// A sentence.
    pub(super) text: &'static str,
    /// A command, as it runs but for words in capitals.
    pub(super) command: String,
}

/// What to do about a trouble that a row begins.
pub(super) fn of(sort: Sort, row: &HistoryEntry) -> Advice {
    let name = &row.service;
    let (text, command) = match sort {
        Sort::Move => (
            "it moves by itself: see whether users are served there, then mend the region that it leaves",
            format!("dns-admin service show {name}"),
        ),
        Sort::Hold => ("a rule says no: mend what it names, or order the move", over_the_rule(row)),
        Sort::Write if row.kind == HistoryKind::Expired => {
            ("a hook says no: ask its owner, or order the move without it", without_hooks(row))
        }
        Sort::Write => (
            "writes fail and are tried again by themselves: rights, token, zone, throttling?",
            format!("dns-admin history --service {name}"),
        ),
        Sort::Delivery => (
            "the write is in the zone, but not every server shows it: look at the transfers",
            format!("dns-admin service show {name}"),
        ),
        Sort::ForeignChange => (
            "put the records back as they were, or take over what is there now",
            format!("dns-admin adopt {name} --reason TEXT"),
        ),
        Sort::Fence => (
            "it is repaired by itself if the records are one region's: find out who restored or deleted it",
            format!("dns-admin fence show {name}"),
        ),
        Sort::Unreadable => {
            ("the provider refuses to be read: key, token, rights?", format!("dns-admin service show {name}"))
        }
        Sort::Paused => {
            ("automation is off: look around, then arm it", format!("dns-admin resume {name} --reason TEXT"))
        }
        Sort::Standby => (
            "nobody is worse off yet, but no failover could go there: see what it is short of",
            format!("dns-admin explain {name}"),
        ),
        Sort::Evacuation => (
            "nothing more leaves the region: see what is held or failed, mend it, then resume",
            "dns-admin region evacuations".to_owned(),
        ),
        Sort::Approval => (
            "somebody wants to do what the policy wants two people for: look at it yourself, then agree or decline",
            answer_to(row),
        ),
        Sort::Drill => (
            "see how far the last drill came and what it found; fail the service back if it is still away",
            format!("dns-admin drill list {name}"),
        ),
    };
    Advice { text, command }
}

/// The order that would do what is held, if an order can.
fn over_the_rule(row: &HistoryEntry) -> String {
    let (name, details) = (&row.service, &row.details);
    let rejections = details["rejections"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rules: Option<Vec<Rule>> = rejections.iter().map(|one| one["rule"].as_str()?.parse().ok()).collect();
    let rules = rules.filter(|rules| !rules.is_empty() && rules.iter().all(|rule| rule.is_overridable()));
    match (rules, details["to"].as_str(), details["wanted"].as_str()) {
        (Some(rules), Some(to), Some("failover")) => {
            let over: Vec<String> = rules.iter().map(|rule| format!(" --override {rule}")).collect();
            format!("dns-admin failover {name} --to {to} --reason TEXT{}", over.concat())
        }
        (_, _, _) => format!("dns-admin service show {name}"),
    }
}

/// The answer, with the id: the caller was woken and has no time to look for it.
fn answer_to(row: &HistoryEntry) -> String {
    let id = row.decision.as_ref().map_or_else(|| "ID".to_owned(), ToString::to_string);
    format!("dns-admin approve {id} --reason TEXT")
}

fn without_hooks(row: &HistoryEntry) -> String {
    format!("dns-admin failover {} --to REGION --reason TEXT --override {}", row.service, Rule::HooksAgreed)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::row;
    use super::*;

    fn held(rules: &[&str]) -> String {
        let mut row = row(1, HistoryKind::Held, "held").entry;
        let rejections: Vec<_> = rules.iter().map(|rule| serde_json::json!({ "rule": rule })).collect();
        row.details = serde_json::json!({ "wanted": "failover", "to": "dr", "rejections": rejections }).into();
        of(Sort::Hold, &row).command
    }

    #[test]
    fn an_order_over_the_rule_is_offered_only_where_an_order_can() {
        let order = "dns-admin failover checkout --to dr --reason TEXT --override targetProven";
        assert_eq!(held(&["targetProven"]), order);
        assert_eq!(held(&["targetProven", "notPaused"]), "dns-admin service show checkout");
        assert_eq!(held(&[]), "dns-admin service show checkout");
    }
}
