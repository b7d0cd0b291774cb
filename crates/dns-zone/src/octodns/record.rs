//! One record of a name: its type, its TTL, its values, and what asks for more than a zone can do.

use std::sync::Arc;

use domain::base::Rtype;

use super::form::{self, Form};
use super::tree::{Node, Shape};
use super::value::{Entries, Wrong, data, get, is_word, text_of};
use crate::finding::{Finding, Findings, Place};
use crate::owner::Owner;
use crate::record_set::{SetKey, Ttl};
use crate::zonefile::Found;

/// What octoDNS takes for a TTL that is not given.
const DEFAULT_TTL_SECS: u32 = 3_600;

pub(super) struct Reader<'a> {
    apex: &'a Owner,
    file: Arc<str>,
    pub(super) found: Vec<Found>,
    pub(super) findings: Findings,
}

impl<'a> Reader<'a> {
    pub(super) fn new(apex: &'a Owner, file: Arc<str>) -> Self {
        Self { apex, file, found: Vec::new(), findings: Findings::default() }
    }

    fn place(&self, node: &Node) -> Place {
        Place { file: Arc::clone(&self.file), line: node.line, column: node.column }
    }

    pub(super) fn refuse(&mut self, node: &Node, path: &str, message: impl Into<String>, advice: impl Into<String>) {
        let finding = Finding::refused(path, message, advice).at(Some(self.place(node)));
        self.findings.add(finding);
    }

    fn warn(&mut self, node: &Node, path: &str, message: impl Into<String>, advice: impl Into<String>) {
        let finding = Finding::warning(path, message, advice).at(Some(self.place(node)));
        self.findings.add(finding);
    }

    /// Reads one record of the name `name`, which stands at `key`.
    pub(super) fn record(&mut self, name: &str, key: &Node, record: &Node) {
        let Shape::Map(entries) = &record.shape else {
            self.refuse(record, name, "a record is a map", "write `type:`, `ttl:` and `value:` or `values:`");
            return;
        };
        self.keys(name, entries);
        let owner = self.owner(name, key);
        let rtype = self.rtype(name, record, entries);
        let ttl = self.ttl(name, entries);
        let Some((rtype, form)) = rtype else { return };
        for node in self.values(name, record, entries) {
            match data(rtype, form, node) {
                Ok(value) => {
                    let line = u32::try_from(node.line).unwrap_or(u32::MAX);
                    // Without a name or TTL there is a fault, and the zone is not taken; its values are looked at all the same.
                    if let (Some(owner), Some(ttl)) = (&owner, ttl) {
                        let key = SetKey::new(owner.clone(), rtype);
                        self.found.push(Found { key, ttl, value, file: 0, line });
                    }
                }
                Err(Wrong { node, path, message, advice }) => {
                    let path = format!("{name} {rtype}{path}");
                    self.refuse(node, &path, message, advice);
                }
            }
        }
    }

    fn owner(&mut self, name: &str, key: &Node) -> Option<Owner> {
        let text = if name.is_empty() { self.apex.to_string() } else { format!("{name}.{}", self.apex) };
        match text.parse::<Owner>() {
            // A final dot would make an empty label; octoDNS has none.
            Ok(owner) if owner.is_in(self.apex) => Some(owner),
            Ok(_) | Err(_) => {
                self.refuse(
                    key,
                    name,
                    "this is no name below the zone",
                    "write it without the zone's name and without a final dot",
                );
                None
            }
        }
    }

    /// Keys that are given twice, that nobody knows, or that ask for what no zone can do.
    fn keys(&mut self, name: &str, entries: &Entries) {
        for (nth, (key, value)) in entries.iter().enumerate() {
            let Shape::Text { text, .. } = &key.shape else {
                self.refuse(key, name, "a key must be a single word", "remove it");
                continue;
            };
            let path = format!("{name}.{text}");
            if entries.iter().take(nth).any(|(before, _)| is_word(before, text)) {
                self.refuse(key, &path, "this key is given twice", "remove one");
            }
            match text.as_str() {
                "type" | "ttl" | "value" | "values" => {}
                "geo" | "dynamic" => {
                    let message = "answers that differ by client stand in no zone";
                    self.refuse(
                        key,
                        &path,
                        message,
                        "leave this name to octoDNS, or make it a service of the failover controller",
                    );
                }
                "octodns" => self.tuning(name, value),
                _ => self.refuse(key, &path, "unknown key", "known are type, ttl, value and values"),
            }
        }
    }

    /// What stands under `octodns`.
    fn tuning(&mut self, name: &str, node: &Node) {
        let Shape::Map(entries) = &node.shape else {
            self.refuse(node, &format!("{name}.octodns"), "it is a map", "remove it");
            return;
        };
        for (key, _) in entries {
            let Shape::Text { text, .. } = &key.shape else { continue };
            let path = format!("{name}.octodns.{text}");
            match text.as_str() {
                "ignored" | "included" | "excluded" => {
                    let message = "whether a record reaches a target is not told by a zone";
                    self.refuse(key, &path, message, "remove it, or take the record out of the file");
                }
                "lenient" => self.warn(key, &path, "it has no meaning here: every record is checked", "remove it"),
                _ => self.warn(key, &path, "it is not carried over; only the record is", "set it at the provider"),
            }
        }
    }

    fn rtype(&mut self, name: &str, record: &Node, entries: &Entries) -> Option<(Rtype, Form)> {
        let Some(node) = get(entries, "type") else {
            self.refuse(record, name, "`type` is missing", "write `type: A`, or another type");
            return None;
        };
        let text = text_of(node).unwrap_or_default();
        let path = format!("{name}.type");
        match text {
            "ALIAS" => {
                let advice = "write the addresses out, or a CNAME below the apex";
                self.refuse(
                    node,
                    &path,
                    "ALIAS is no type of DNS: servers replace it by addresses of their own finding",
                    advice,
                );
                return None;
            }
            "URLFWD" => {
                self.refuse(node, &path, "URLFWD is no type of DNS but a web server's", "keep it at its provider");
                return None;
            }
            _ => {}
        }
        let known = text.parse().ok().and_then(|rtype| Some((rtype, form::of(rtype)?)));
        if known.is_none() {
            self.refuse(
                node,
                &path,
                format!("`{text}` is no type that octoDNS files have here"),
                "put the record into a zone file",
            );
        }
        known
    }

    fn ttl(&mut self, name: &str, entries: &Entries) -> Option<Ttl> {
        let Some(node) = get(entries, "ttl") else { return Ttl::from_secs(DEFAULT_TTL_SECS) };
        let ttl = text_of(node).and_then(|text| text.parse().ok()).and_then(Ttl::from_secs);
        if ttl.is_none() {
            let message = format!("a TTL is a number of seconds from 0 to {} (RFC 2181 §8)", Ttl::MAX_SECS);
            self.refuse(node, &format!("{name}.ttl"), message, "write `ttl: 3600`");
        }
        ttl
    }

    /// Of `value` or `values`, either of which may be one or a list.
    fn values<'n>(&mut self, name: &str, record: &Node, entries: &'n Entries) -> Vec<&'n Node> {
        let given = match (get(entries, "value"), get(entries, "values")) {
            (Some(one), None) | (None, Some(one)) => one,
            (Some(_), Some(values)) => {
                self.refuse(values, &format!("{name}.values"), "`value` stands beside it", "keep one of the two");
                return Vec::new();
            }
            (None, None) => {
                self.refuse(record, name, "`value` and `values` are missing", "write one of the two");
                return Vec::new();
            }
        };
        match &given.shape {
            Shape::List(items) if items.is_empty() => {
                self.refuse(given, &format!("{name}.values"), "there is no value", "write one, or remove the record");
                Vec::new()
            }
            Shape::List(items) => items.iter().collect(),
            Shape::Map(_) | Shape::Text { .. } => vec![given],
        }
    }
}
