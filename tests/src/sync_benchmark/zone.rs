//! The zones: hosts with addresses, mail, texts and aliases in a fixed mix, the same in every run.

use std::fmt::Write as _;

/// The zone, without the final dot.
pub(super) const ZONE: &str = "example.test";

/// Sets that differ: the target lacks some, has others' values, and has more.
pub(super) const CREATES: usize = 20;
pub(super) const UPDATES: usize = 60;
pub(super) const DELETES: usize = 20;

/// Where the differences begin: behind the first records, which are no hosts.
const FIRST: usize = 100;

/// A zone of so many records, SOA and NS left out of the count.
pub(super) fn source(records: usize) -> String {
    text(records, |_| Kept::AsItIs)
}

/// The same with all differences.
pub(super) fn target(records: usize) -> String {
    let step = (records - FIRST) / (CREATES + UPDATES + 1);
    // Hosts are what is left by 10 below 7; the others keep their values.
    let at = |number: usize| FIRST + number * step - (FIRST + number * step) % 10;
    let missing: Vec<usize> = (0..CREATES).map(at).collect();
    let other: Vec<usize> = (CREATES..CREATES + UPDATES).map(at).collect();
    let mut text = text(records, |record| {
        if missing.binary_search(&record).is_ok() {
            Kept::Not
        } else if other.binary_search(&record).is_ok() {
            Kept::WithAnotherValue
        } else {
            Kept::AsItIs
        }
    });
    for number in 0..DELETES {
        writeln!(text, "gone{number} A 192.0.2.1").expect("invariant: a string takes every text");
    }
    text
}

/// Texts as people prove with that a name is theirs: records that are not short.
pub(super) fn tokens(records: usize) -> String {
    (0..records).fold(String::new(), |mut text, record| {
        let written = writeln!(text, "_token{record} TXT \"{:064x}\"", record * 7_919);
        written.expect("invariant: a string takes every text");
        text
    })
}

/// How a host stands in a zone.
enum Kept {
    AsItIs,
    WithAnotherValue,
    Not,
}

fn text(records: usize, kept: impl Fn(usize) -> Kept) -> String {
    let mut text =
        format!("$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 604800 30\n@ NS ns1\nns1 A 127.0.0.1\n");
    for record in 0..records {
        let (second, third) = (record / 250 % 250, record % 250);
        let written = match (record % 10, kept(record)) {
            (_, Kept::Not) => Ok(()),
            (0..7, Kept::AsItIs) => writeln!(text, "host{record} A 10.0.{second}.{third}"),
            (0..7, Kept::WithAnotherValue) => writeln!(text, "host{record} A 10.1.{second}.{third}"),
            (7, _) => writeln!(text, "mail{record} 600 MX 10 host{}", record - 1),
            (8, _) => writeln!(text, "text{record} TXT \"v=spf1 include:host{record}.{ZONE} -all\""),
            (_, _) => writeln!(text, "alias{record} CNAME host{}", record - 3),
        };
        written.expect("invariant: a string takes every text");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn by_name(text: &str) -> BTreeMap<&str, &str> {
        text.lines().skip(5).filter_map(|line| line.split_once(' ')).collect()
    }

    #[test]
    fn zones_differ_in_as_many_sets_as_they_should() {
        for records in [1_000, 10_000] {
            let (source, target) = (source(records), target(records));
            let (wanted, is) = (by_name(&source), by_name(&target));
            assert_eq!(wanted.len(), records);
            let missing = wanted.keys().filter(|name| !is.contains_key(*name)).count();
            let other = wanted.iter().filter(|(name, data)| is.get(*name).is_some_and(|is| is != *data)).count();
            let more = is.keys().filter(|name| !wanted.contains_key(*name)).count();
            assert_eq!((missing, other, more), (CREATES, UPDATES, DELETES));
        }
    }
}
