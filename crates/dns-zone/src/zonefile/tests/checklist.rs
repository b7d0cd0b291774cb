//! What people do wrong in zone files (RFC 1912, RFC 2181), each as it is told: where, the text that offends, what to do.

use super::{Memory, apex};
use crate::finding::{Findings, Severity};
use crate::lint::{Apex, check};
use crate::zonefile::read;

const BASE: &str = "$TTL 1h\n@ SOA ns host 1 2h 15m 2w 5m\n@ NS ns\nns A 192.0.2.1\n";

/// What is told of octets behind four lines of a sound zone, as `plan` tells it.
fn findings(octets: &[u8]) -> Findings {
    let text = [BASE.as_bytes(), octets].concat();
    let files = Memory([("a.zone".to_owned(), text), ("b.zone".to_owned(), b"$INCLUDE a.zone\n".to_vec())].into());
    match read(&apex(), "a.zone", &files) {
        Ok(file) => {
            let mut all = file.warnings;
            all.append(check(&file.zone, Some(&file.places), Apex::Here));
            all
        }
        Err(findings) => findings,
    }
}

#[track_caller]
fn told(octets: &[u8], severity: Severity, wanted: &str) {
    let findings = findings(octets);
    let texts: Vec<String> = findings.iter().map(|one| one.to_string().replace("\n    hint: ", " → ")).collect();
    assert_eq!(texts, [wanted]);
    assert!(findings.iter().all(|one| one.severity == severity), "{texts:?}");
}

#[track_caller]
fn refused(text: &str, wanted: &str) {
    told(text.as_bytes(), Severity::Refused, wanted);
}

#[track_caller]
fn warned(text: &str, wanted: &str) {
    told(text.as_bytes(), Severity::Warning, wanted);
}

#[test]
fn what_is_no_record_is_refused_with_file_line_column_and_text() {
    refused("www A 192.0.2.256\n", "a.zone:5:7: `192.0.2.256`: expected IPv4 address → A data is written `192.0.2.1`");
    refused(
        "www\t3000000000\tA\t192.0.2.1\n",
        "a.zone:5:5: `3000000000`: a TTL of 3000000000 s exceeds 2147483647 s (RFC 2181 §8) → write fewer seconds; a week is 604800",
    );
    refused(
        "www.elsewhere.test. A 192.0.2.1\n",
        "a.zone:5:1: `www.elsewhere.test.`: www.elsewhere.test. lies outside the zone example.test. → \
         remove the record, or move it into its own zone",
    );
    let long = "x".repeat(300);
    refused(
        &format!("{long} A 192.0.2.1\n"),
        &format!(
            "a.zone:5:1: `{}…`: a label exceeds 63 octets (RFC 1035 §2.3.4) → {}",
            &long[..120],
            crate::zonefile::record::NAME_ADVICE
        ),
    );
    refused(
        "$INCLUDE b.zone\n",
        "b.zone:1:10: `a.zone`: the files include each other: a.zone → b.zone → a.zone → remove one of them",
    );
}

#[test]
fn what_no_server_would_load_is_refused_with_its_line_and_record() {
    refused(
        "www CNAME ns\nwww A 192.0.2.1\n",
        "a.zone:5: `www.example.test. CNAME`: a CNAME stands beside A (RFC 1034 §3.6.2, RFC 2181 §10.1) → \
         keep the CNAME or the others; at an apex, write the addresses out",
    );
}

#[test]
fn what_is_unwise_is_warned_of_with_its_line_and_record() {
    warned(
        "www A 192.0.2.1\nwww A 192.0.2.1\n",
        "a.zone:6: warning: `www.example.test. A 192.0.2.1`: the record stands twice, first at a.zone:5; it is taken once \
         (RFC 2181 §5) → remove one",
    );
    warned(
        "sub NS ns.sub\n",
        "a.zone:5: warning: `sub.example.test. NS`: its server ns.sub.example.test. has no address in the zone (RFC 1912 §2.3) → \
         add its A or AAAA record",
    );
    warned(
        "www CNAME host.example.test\n",
        "a.zone:5: warning: `www.example.test. CNAME`: its target is host.example.test.example.test.: is a final dot missing? \
         (RFC 1912 §2.1) → write `host.example.test.`, if that is meant",
    );
    told(
        b"m\xfcller A 192.0.2.1\n",
        Severity::Warning,
        "a.zone:5: warning: `m\\\\252ller.example.test.`: the name has octets beyond ASCII, and is asked for in another form \
         (RFC 5890 §2.3.2.1) → write international names in their ASCII form, such as `xn--mller-kva`",
    );
}

#[test]
fn line_ends_of_windows_tabs_and_units_are_no_faults_and_shift_no_place() {
    assert!(findings(b"www\t1h30m\tIN\tA\t192.0.2.1\r\napi 90 A 192.0.2.2\r\ntxt TXT \"caf\xe9\"\r\n").is_empty());
    refused(
        "www A 192.0.2.1\r\napi A 192.0.2.x\r\n",
        "a.zone:6:7: `192.0.2.x`: expected IPv4 address → A data is written `192.0.2.1`",
    );
}
