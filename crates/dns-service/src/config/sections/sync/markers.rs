//! `markers:`: how octoDNS and external-dns are configured that write to the same zones, so that their markers are known.

use crate::config::sync::{ExternalDnsMarkers, MarkersConfig, OctoDnsMarkers};
use crate::config::tree::{Spot, each, if_given, or_default};

/// Instead of a form: the tool's markers count for nothing, so that its records can be taken over.
const IGNORE: &str = "ignore";

/// What external-dns replaces by the type of the record.
const TYPE: &str = "%{record_type}";

/// Reads `markers`. What is not given is as in `others`.
pub(super) fn read(spot: &Spot<'_>, others: &MarkersConfig) -> Option<MarkersConfig> {
    let map = spot.map(&["octodns", "externalDns"])?;
    let octodns = or_default(map.optional("octodns"), others.octodns.clone(), |spot| unless_ignored(&spot, octodns));
    let external_dns = or_default(map.optional("externalDns"), others.external_dns.clone(), |spot| {
        unless_ignored(&spot, external_dns)
    });
    Some(MarkersConfig { octodns: octodns?, external_dns: external_dns? })
}

/// The outer `None` if it is faulty.
#[expect(clippy::option_option, reason = "the outer says whether it could be read, the inner whether it is heeded")]
fn unless_ignored<T>(spot: &Spot<'_>, read: impl FnOnce(&Spot<'_>) -> Option<T>) -> Option<Option<T>> {
    if spot.is_word(IGNORE) { Some(None) } else { read(spot).map(Some) }
}

fn octodns(spot: &Spot<'_>) -> Option<OctoDnsMarkers> {
    let map = spot.map(&["name", "value"])?;
    let name = if_given(map.optional("name"), |spot| part_of_name(&spot, ""));
    let value = if_given(map.optional("value"), |spot| spot.text().map(str::to_owned));
    Some(OctoDnsMarkers { name: name?, value: value? })
}

fn external_dns(spot: &Spot<'_>) -> Option<ExternalDnsMarkers> {
    let map = spot.map(&["prefixes", "suffixes", "wildcard"])?;
    let affixes =
        |key| or_default(map.optional(key), Vec::new(), |spot| each(&spot.list()?, |one| part_of_name(one, TYPE)));
    let (prefixes, suffixes) = (affixes("prefixes"), affixes("suffixes"));
    let wildcard = if_given(map.optional("wildcard"), |spot| part_of_name(&spot, ""));
    Some(ExternalDnsMarkers { prefixes: prefixes?, suffixes: suffixes?, wildcard: wildcard? })
}

/// A text that stands in names, beside what the tool puts in the place of `variable`.
fn part_of_name(spot: &Spot<'_>, variable: &str) -> Option<String> {
    let text = spot.text()?;
    let plain = if variable.is_empty() { text.to_owned() } else { text.replace(variable, "") };
    let is_letter = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.');
    let is_sound = plain.chars().all(is_letter) && plain.split('.').all(|label| label.len() <= 63);
    if !is_sound {
        let hint = "write it as the tool's own setting has it: letters, digits, `-`, `_` and dots";
        spot.fault_with_hint(format!("`{text}` cannot stand in a name"), hint);
        return None;
    }
    Some(text.to_owned())
}
