//! The reader and the writer together, on files in memory.

mod checklist;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{FileError, Files, Source, ZoneFile, ZoneText, read};
use crate::finding::{Findings, Severity};
use crate::rdata::arbitrary::RTYPES;
use crate::rdata::arbitrary::any_rdata_of;
use crate::{Owner, SetKey, Ttl, Zone};

/// Files by name, in one folder.
#[derive(Default)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect())
    }
}

impl Files for Memory {
    fn read(&self, name: &str, _: Option<&str>) -> Result<Source, FileError> {
        let octets = self.0.get(name).cloned().ok_or(FileError::Missing)?;
        Ok(Source { name: Arc::from(name), octets })
    }
}

fn apex() -> Owner {
    "example.test.".parse().expect("a name")
}

fn read_text(text: &str) -> Result<ZoneFile, Findings> {
    read(&apex(), "a.zone", &Memory::of(&[("a.zone", text)]))
}

/// What a file's records are, as the writer has them.
fn records(text: &str) -> Vec<String> {
    let file = read_text(text).expect("a zone");
    let lines = ZoneText::of(&file.zone).to_string();
    lines.lines().filter(|line| !line.starts_with('$')).map(str::to_owned).collect()
}

/// The findings of a file, without what to do.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let findings = match read(&apex(), "a.zone", &Memory::of(files)) {
        Ok(file) => file.warnings,
        Err(findings) => findings,
    };
    assert!(findings.iter().all(|finding| !finding.advice.is_empty()));
    findings.iter().map(|finding| finding.to_string().lines().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_file_of_another_zone_is_told_once() {
    let line = |number: usize| format!("n{number} 60 A 192.0.2.1\n");
    let lines = |count: usize| (0..count).map(line).collect::<Vec<_>>().concat();
    let other = format!("$ORIGIN sub.other.test.\n@ 60 NS ns\n{}", lines(40));
    assert_eq!(
        found(&[("a.zone", &other)]),
        ["a.zone: this file is of sub.other.test.: 41 of its 41 names lie outside the zone example.test."]
    );
    let mixed = format!("{}$ORIGIN other.test.\n{}", lines(40), lines(20));
    assert_eq!(found(&[("a.zone", &mixed)]).len(), 20, "each slip is told where it stands");
}

#[test]
fn reads_the_forms_that_rfc_1035_gives_records() {
    let text = "
$TTL 1h
@       IN SOA ns hostmaster (
            2026 ; serial
            2h 15m 4w 300 )
        NS  ns
ns      60 IN A 192.0.2.1
        IN 60 A 192.0.2.2
$ORIGIN sub
www     CLASS1 TYPE1 \\# 4 C0000203
$ORIGIN example.test.
a\\.b    tXt \"x;y\" z\\;
*       CNAME @
";
    let wanted = [
        "@ IN SOA ns hostmaster 2026 7200 900 2419200 300",
        "@ IN NS ns",
        "* IN CNAME @",
        "a\\.b IN TXT \"x;y\" \"z;\"",
        "ns 60 IN A 192.0.2.1",
        "ns 60 IN A 192.0.2.2",
        "www.sub IN A 192.0.2.3",
    ];
    assert_eq!(records(text), wanted);
}

#[test]
fn ttls_come_from_the_record_then_the_directive_then_the_record_before() {
    assert_eq!(
        records("a 60 A 192.0.2.1\nb A 192.0.2.1\n$TTL 90\nc A 192.0.2.1\nd 120 A 192.0.2.1\ne A 192.0.2.1\n"),
        ["a IN A 192.0.2.1", "b IN A 192.0.2.1", "c 90 IN A 192.0.2.1", "d 120 IN A 192.0.2.1", "e 90 IN A 192.0.2.1",]
    );
    let minimum = found(&[("a.zone", "@ SOA a b 1 2 3 4 300\nx A 192.0.2.1\n")]);
    assert_eq!(minimum, ["a.zone:1:3: warning: `SOA`: the SOA has no TTL; its minimum, 300 s, is taken"]);
}

#[test]
fn an_included_file_has_its_own_origin_and_leaves_that_of_its_includer() {
    let files = Memory::of(&[
        ("a.zone", "$TTL 60\nfirst A 192.0.2.1\n$INCLUDE b.zone sub\n A 192.0.2.2\nlast A 192.0.2.3\n"),
        ("b.zone", "x A 192.0.2.4\n$ORIGIN deeper\n$TTL 90\ny A 192.0.2.5\n"),
    ]);
    let file = read(&apex(), "a.zone", &files).expect("a zone");
    let names: Vec<String> = file.zone.sets().map(|(key, set)| format!("{} {}", key.owner, set.ttl())).collect();
    // The TTL goes on, as if the file's text stood in the place of the directive; its names do not.
    let wanted = ["first 60", "last 90", "x.sub 60", "y.deeper.sub 90"];
    let mut shown: Vec<String> = names.iter().map(|name| name.replace(".example.test.", "")).collect();
    shown.sort();
    assert_eq!(shown, wanted);
    let at: Vec<String> = (0..4).filter_map(|nth| file.places.get(nth)).map(|place| place.to_string()).collect();
    assert_eq!(at, ["a.zone:2", "a.zone:5", "b.zone:4", "b.zone:1"]);
}

#[test]
fn all_faults_are_told_at_once_each_where_it_stands() {
    let text = format!(
        "$TTL 60
$TTL 2147483648
$FOO
$GENERATE 1-9 a$ A 192.0.2.$
{} A 192.0.2.1
  A 192.0.2.1
a {} A 192.0.2.1
a 3000000000 A 192.0.2.1
a CH A 192.0.2.1
a IN
a ANY 1
a NOTYPE 1
a A 192.0.2.256
a MX mail
a ) A
www.other.test. A 192.0.2.1
a..b A 192.0.2.1
a TXT \"open
ok A 192.0.2.1
a A ( 192.0.2.1
",
        "x".repeat(300),
        "9".repeat(12)
    );
    let long = format!("{}…", "x".repeat(120));
    let wanted = [
        "a.zone:2:6: `2147483648`: a TTL of 2147483648 s exceeds 2147483647 s (RFC 2181 §8)".to_owned(),
        "a.zone:3:1: `$FOO`: this is no directive".to_owned(),
        "a.zone:4:1: `$GENERATE`: this directive is BIND's own and not read here".to_owned(),
        format!("a.zone:5:1: `{long}`: a label exceeds 63 octets (RFC 1035 §2.3.4)"),
        "a.zone:7:3: `999999999999`: it exceeds 32 bits".to_owned(),
        "a.zone:8:3: `3000000000`: a TTL of 3000000000 s exceeds 2147483647 s (RFC 2181 §8)".to_owned(),
        "a.zone:9:3: `CH`: only the class IN is carried here".to_owned(),
        "a.zone:10:5: the record ends before its type".to_owned(),
        "a.zone:11:3: `ANY`: records of this type stand in no zone".to_owned(),
        "a.zone:12:3: `NOTYPE`: this is no record type".to_owned(),
        "a.zone:13:5: `192.0.2.256`: ".to_owned(),
        "a.zone:14:6: `mail`: expected decimal number".to_owned(),
        "a.zone:15:3: `) A`: a `)` closes nothing".to_owned(),
        "a.zone:16:1: `www.other.test.`: www.other.test. lies outside the zone example.test.".to_owned(),
        "a.zone:17:1: `a..b`: a label is empty: two dots follow each other, or one stands first".to_owned(),
        "a.zone:18:7: `\\\"open`: a quoted string is not closed in its line".to_owned(),
        "a.zone:20:5: `( 192.0.2.1`: a `(` is never closed".to_owned(),
    ];
    let told = found(&[("a.zone", &text)]);
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (told, wanted) in told.iter().zip(&wanted) {
        assert!(told.starts_with(wanted), "{told}\n{wanted}");
    }
}

#[test]
fn a_first_record_needs_a_name_and_a_ttl() {
    let told = found(&[("a.zone", " A 192.0.2.1\na A 192.0.2.1\n")]);
    assert_eq!(
        told,
        [
            "a.zone:1:2: `A`: the first record has no name: its line begins with white space",
            "a.zone:2:3: `A`: the record has no TTL, and no $TTL or other record before it gives one",
        ]
    );
}

#[test]
fn what_stands_twice_or_with_two_ttls_is_taken_once_with_a_warning() {
    let text = "a 60 A 192.0.2.1\nb 60 A 192.0.2.1\na 60 A 192.0.2.1\nb 30 A 192.0.2.2\n";
    assert_eq!(
        found(&[("a.zone", text)]),
        [
            "a.zone:3: warning: `a.example.test. A 192.0.2.1`: the record stands twice, first at a.zone:1; \
         it is taken once (RFC 2181 §5)",
            "a.zone:4: warning: `b.example.test. A`: its records have the TTLs 60 and 30; the smaller is taken (RFC 2181 §5.2)",
        ]
    );
    assert_eq!(records(text), ["a 60 IN A 192.0.2.1", "b IN A 192.0.2.1", "b IN A 192.0.2.2"]);
}

/// RFC 4034 §3.
#[test]
fn signatures_with_the_ttls_of_what_they_cover_are_nothing_to_warn_of() {
    let signed = |ttl: u32| format!("a {ttl} RRSIG A 13 3 {ttl} 20270101000000 20261201000000 7 @ AAAA\n");
    assert_eq!(found(&[("a.zone", &(signed(60) + &signed(30)))]), [""; 0]);
}

#[test]
fn files_that_include_each_other_are_refused_with_their_chain() {
    let told = found(&[("a.zone", "$INCLUDE b.zone\n"), ("b.zone", "\n$INCLUDE a.zone\n")]);
    assert_eq!(told, ["b.zone:2:10: `a.zone`: the files include each other: a.zone → b.zone → a.zone"]);
    assert_eq!(found(&[("a.zone", "$INCLUDE none\n")]), ["a.zone:1:10: `none`: there is no such file"]);
    assert_eq!(found(&[]), ["a.zone: there is no such file"]);
}

#[test]
fn depth_and_number_of_includes_are_bounded() {
    let deep: Vec<(String, String)> =
        (0..40).map(|nth| (format!("{nth}"), format!("$INCLUDE {}\n", nth + 1))).collect();
    let mut files = Memory::default();
    files.0.insert("a.zone".to_owned(), b"$INCLUDE 0\n".to_vec());
    files.0.extend(deep.into_iter().map(|(name, text)| (name, text.into_bytes())));
    let told = read(&apex(), "a.zone", &files).expect_err("too deep").to_string();
    assert!(told.contains("more than 16 deep"), "{told}");
    let twice = |nth: u32| (format!("{nth}"), format!("$INCLUDE {0}\n$INCLUDE {0}\n", nth + 1).into_bytes());
    let mut wide = Memory::default();
    wide.0.insert("a.zone".to_owned(), b"$INCLUDE 0\n".to_vec());
    wide.0.extend((0..14).map(twice));
    wide.0.insert("14".to_owned(), Vec::new());
    let told = read(&apex(), "a.zone", &wide).expect_err("too many").to_string();
    assert!(told.contains("more than 10000 files"), "{told}");
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let label = prop_oneof![vec(any::<u8>(), 1..5), "[a-c*@$]{1,2}".prop_map(String::into_bytes)];
    let set =
        (vec(label, 0..3), proptest::sample::select(&RTYPES[..]), 0_u32..3).prop_flat_map(|(labels, rtype, ttl)| {
            vec(any_rdata_of(rtype), 1..4).prop_map(move |values| (labels.clone(), rtype, ttl * 300, values))
        });
    vec(set, 0..12).prop_map(|sets| {
        let mut zone = Zone::new(apex());
        for (labels, rtype, ttl, values) in sets {
            let owner = labels.iter().try_fold(apex(), |owner, label| owner.child(label)).expect("a name");
            let set = crate::RecordSet::new(Ttl::from_secs(ttl).expect("a TTL"), values).expect("values");
            zone.put(SetKey::new(owner, rtype), set).expect("in the zone");
        }
        zone
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_zone(zone in any_zone()) {
        let text = ZoneText::of(&zone).to_string();
        let file = read_text(&text).map_err(|findings| TestCaseError::fail(format!("{findings}\n{text}")))?;
        prop_assert_eq!(file.zone.sets().collect::<Vec<_>>(), zone.sets().collect::<Vec<_>>());
        prop_assert!(file.warnings.is_empty(), "{}", file.warnings);
        prop_assert_eq!(ZoneText::of(&file.zone).to_string(), text);
    }

    #[test]
    fn no_octets_make_the_reader_panic_and_what_it_reads_it_writes(octets in hostile()) {
        let files = Memory(BTreeMap::from([("a.zone".to_owned(), octets)]));
        match read(&apex(), "a.zone", &files) {
            Ok(file) => {
                let again = read_text(&ZoneText::of(&file.zone).to_string()).expect("our own text");
                prop_assert_eq!(again.zone, file.zone);
            }
            Err(findings) => {
                prop_assert!(findings.refused() > 0);
                prop_assert!(findings.iter().any(|finding| finding.severity == Severity::Refused));
            }
        }
    }
}

/// Arbitrary octets, and pieces of zone files in any order.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "$TTL ",
        "$ORIGIN ",
        "$INCLUDE a.zone",
        "a",
        "@",
        " ",
        "\n",
        "(",
        ")",
        "\"",
        "\\",
        ";",
        "60",
        " IN ",
        " A ",
        " TXT ",
        "192.0.2.1",
        ".",
        "\\# 1 00",
        "TYPE9",
        " SVCB 1 . ",
        "alpn=",
        "\\200",
        "é",
    ];
    let joined = vec(proptest::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![vec(any::<u8>(), 0..60), joined]
}
