//! octoDNS's YAML, one file a zone, as its `YamlProvider` has it: names below the zone, the apex as `''`, each with one record or
//! a list of them.
//!
//! What a zone cannot carry is named and refused: ALIAS and URLFWD, `geo` and `dynamic`, and what stands under `octodns` to hold a
//! record back from some targets. What only tunes octoDNS or one of its providers is named in a warning. Such files have no SOA,
//! and often no NS at the apex.

mod form;
mod record;
mod tree;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::record::Reader;
use self::tree::{Node, Shape};
use crate::finding::{Finding, Findings, Place};
use crate::owner::Owner;
use crate::zonefile::{ZoneFile, finish};

/// Reads the zone `apex` from the text of a file.
///
/// # Errors
/// All faults, and the warnings beside them.
pub fn read(apex: &Owner, file: &str, text: &str) -> Result<ZoneFile, Findings> {
    let file: Arc<str> = file.into();
    let mut reader = Reader::new(apex, Arc::clone(&file));
    match tree::parse(text) {
        Ok(Some(root)) => names(&mut reader, &root),
        // A zone without records is an empty file.
        Ok(None) => {}
        Err(fault) => {
            let place = Place { file: Arc::clone(&file), line: fault.line, column: fault.column };
            reader.findings.add(Finding::refused("", fault.message, "correct the YAML").at(Some(place)));
        }
    }
    let Reader { found, findings, .. } = reader;
    finish(apex, vec![file], found, findings)
}

/// The names of a zone, each once.
fn names(reader: &mut Reader<'_>, root: &Node) {
    let Shape::Map(entries) = &root.shape else {
        if !root.is_null() {
            reader.refuse(root, "", "the file holds no map of names", "write `name:` and its record below");
        }
        return;
    };
    let mut first_lines: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, value) in entries {
        let Shape::Text { text, .. } = &key.shape else {
            reader.refuse(key, "", "a name must be a single word", "write `name:` and its record below");
            continue;
        };
        if let Some(line) = first_lines.insert(text, key.line) {
            reader.refuse(key, text, format!("the name is given twice; it also stands in line {line}"), "join the two");
            continue;
        }
        match &value.shape {
            Shape::List(records) => records.iter().for_each(|record| reader.record(text, key, record)),
            Shape::Map(_) | Shape::Text { .. } => reader.record(text, key, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zonefile::ZoneText;

    fn apex() -> Owner {
        "example.test.".parse().expect("a name")
    }

    fn records(text: &str) -> Vec<String> {
        let file = read(&apex(), "a.yaml", text).unwrap_or_else(|findings| panic!("{findings}"));
        assert!(file.warnings.is_empty(), "{}", file.warnings);
        ZoneText::of(&file.zone).to_string().lines().filter(|line| !line.starts_with('$')).map(str::to_owned).collect()
    }

    fn found(text: &str) -> Vec<String> {
        let findings = match read(&apex(), "a.yaml", text) {
            Ok(file) => file.warnings,
            Err(findings) => findings,
        };
        assert!(findings.iter().all(|finding| !finding.advice.is_empty()));
        findings.iter().map(|finding| finding.to_string().lines().next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn reads_one_record_or_several_of_a_name() {
        let text = "---
'':
  - type: A
    values:
      - 192.0.2.1
      - 192.0.2.2
  - type: NS
    ttl: 60
    value: ns.example.test.
'*':
  ttl: 60
  type: CNAME
  value: www.other.test.
a.b:
  type: AAAA
  values: [2001:db8::1]
";
        assert_eq!(
            records(text),
            [
                "@ 60 IN NS ns",
                "@ IN A 192.0.2.1",
                "@ IN A 192.0.2.2",
                "* 60 IN CNAME www.other.test.",
                "a.b IN AAAA 2001:db8::1",
            ]
        );
    }

    #[test]
    fn every_type_has_its_fields() {
        let value = |rtype: &str, fields: &str| format!("a:\n  type: {rtype}\n  value: {{{fields}}}\n");
        let table = [
            ("CAA", "tag: issue, value: ca.test", "CAA 0 issue \"ca.test\""),
            ("DS", "key_tag: 1, algorithm: 8, digest_type: 2, digest: AB", "DS 1 8 2 ab"),
            ("MX", "preference: 10, exchange: mail.test.", "MX 10 mail.test."),
            ("MX", "priority: 10, value: mail.test.", "MX 10 mail.test."),
            (
                "NAPTR",
                "order: 1, preference: 2, flags: U, service: E2U+sip, regexp: '!^.*$!x!', replacement: .",
                "NAPTR 1 2 \"U\" \"E2U+sip\" \"!^.*$!x!\" .",
            ),
            ("SRV", "priority: 1, weight: 2, port: 3, target: a.test.", "SRV 1 2 3 a.test."),
            ("SSHFP", "algorithm: 1, fingerprint_type: 1, fingerprint: ab", "SSHFP 1 1 ab"),
            (
                "TLSA",
                "certificate_usage: 3, selector: 1, matching_type: 1, certificate_association_data: ab",
                "TLSA 3 1 1 ab",
            ),
            ("URI", "priority: 1, weight: 2, target: 'https://a.test/;b'", "URI 1 2 \"https://a.test/;b\""),
            (
                "LOC",
                "lat_degrees: 31, lat_minutes: 58, lat_seconds: 52.1, lat_direction: S, long_degrees: 115, long_minutes: 49, \
                 long_seconds: 11.7, long_direction: E, altitude: 20, size: 10, precision_horz: 10, precision_vert: 2",
                "LOC 31 58 52.100 S 115 49 11.700 E 20.00m 10.00m 10.00m 2.00m",
            ),
            (
                "HTTPS",
                "svcpriority: 1, targetname: ., svcparams: {alpn: [h2, 'a,b'], port: 8443, no-default-alpn: }",
                "HTTPS 1 . alpn=\"h2,a\\\\,b\" no-default-alpn port=8443",
            ),
        ];
        for (rtype, fields, wanted) in table {
            assert_eq!(records(&value(rtype, fields)), [format!("a IN {wanted}")]);
        }
    }

    #[test]
    fn texts_are_cut_into_strings_and_their_semicolons_unescaped() {
        let long = "x".repeat(300);
        let text = format!("a:\n  type: TXT\n  values: ['v=DKIM1\\; \"k\"', '', {long}]\n");
        let mut wanted = vec![
            "a IN TXT \"\"".to_owned(),
            "a IN TXT \"v=DKIM1; \\\"k\\\"\"".to_owned(),
            format!("a IN TXT \"{}\" \"{}\"", &long[..255], &long[255..]),
        ];
        wanted.sort();
        let mut read = records(&text);
        read.sort();
        assert_eq!(read, wanted);
    }

    #[test]
    fn what_no_zone_carries_is_named() {
        let text = "
'':
  type: ALIAS
  value: www.test.
a:
  type: A
  value: 192.0.2.1
  geo: {NA: [192.0.2.2]}
b:
  type: URLFWD
  value: x
c:
  type: A
  value: 192.0.2.1
  octodns: {excluded: [ns1], healthcheck: {path: /}, lenient: true}
";
        assert_eq!(
            found(text),
            [
                "a.yaml:3:9: `.type`: ALIAS is no type of DNS: servers replace it by addresses of their own finding",
                "a.yaml:8:3: `a.geo`: answers that differ by client stand in no zone",
                "a.yaml:10:9: `b.type`: URLFWD is no type of DNS but a web server's",
                "a.yaml:15:13: `c.octodns.excluded`: whether a record reaches a target is not told by a zone",
                "a.yaml:15:30: warning: `c.octodns.healthcheck`: it is not carried over; only the record is",
                "a.yaml:15:54: warning: `c.octodns.lenient`: it has no meaning here: every record is checked",
            ]
        );
    }

    #[test]
    fn all_faults_are_told_at_once_each_where_it_stands() {
        let text = "
a:
  type: A
  ttl: 1h
  value: 192.0.2
a:
  type: A
  value: 192.0.2.1
b.example.test.: {type: A, value: 192.0.2.1}
c: {type: MX, value: {preference: 1}}
d: {type: MX, value: {preference: 1, exchange: mail}}
e: {type: SRV, value: {priority: 1 2, weight: 3, port: 4, target: .}}
f: {value: x}
g: {type: A, value: 192.0.2.1, vlaue: x}
h: {type: A}
i: {type: AFSDB, value: x}
j: word
k: {type: A, value: 192.0.2.1, values: []}
";
        assert_eq!(
            found(text),
            [
                "a.yaml:4:8: `a.ttl`: a TTL is a number of seconds from 0 to 2147483647 (RFC 2181 §8)",
                "a.yaml:5:10: `a A`: `192.0.2` is no A record data: expected IPv4 address, at character 1",
                "a.yaml:6:1: `a`: the name is given twice; it also stands in line 2",
                "a.yaml:9:1: `b.example.test.`: this is no name below the zone",
                "a.yaml:10:22: `c MX.exchange`: the field is missing",
                "a.yaml:11:48: `d MX.exchange`: the name `mail` has no final dot",
                "a.yaml:12:34: `e SRV.priority`: `1 2` is not one word",
                "a.yaml:13:4: `f`: `type` is missing",
                "a.yaml:14:32: `g.vlaue`: unknown key",
                "a.yaml:15:4: `h`: `value` and `values` are missing",
                "a.yaml:16:11: `i.type`: `AFSDB` is no type that octoDNS files have here",
                "a.yaml:17:4: `j`: a record is a map",
                "a.yaml:18:40: `k.values`: `value` stands beside it",
            ]
        );
    }

    #[test]
    fn yaml_that_is_none_or_grows_without_end_is_refused() {
        assert_eq!(found(""), [""; 0]);
        assert!(found("a: [1")[0].contains("this is no YAML"));
        assert!(found("a: !include b.yaml")[0].contains("the tag"));
        assert!(found(&"- ".repeat(500))[0].contains("nested too deep"));
        let level = |level: usize| match level {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
            _ => format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", ")),
        };
        assert!(found(&(0..12).map(level).collect::<String>())[0].contains("too large"));
    }
}
