//! Values as the API's fields: `content` for some types, `data` for those whose values have parts (API reference, "DNS
//! records"). Both ways go through the presentation form, so that one table is all there is to say about a type. Pure.

use dns_zone::{Rdata, Rtype};
use serde_json::{Map, Value, json};

use crate::cloudflare::record::{Record, host_name};
use crate::presentation;

/// What a part of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A whole number.
    Number,
    /// The same, which stands beside `data`, and in later versions of the API in it.
    Priority,
    /// Seconds of an angle, with three decimals.
    Seconds,
    /// A length with two decimals and an `m`.
    Metres,
    /// A word without spaces: hexadecimal digits, a tag.
    Word,
    /// A name, without its final dot.
    Name,
    /// A string that stands in quotes.
    Quoted,
    /// Whatever is left.
    Rest,
}

use Part::{Metres, Name, Number, Priority, Quoted, Rest, Seconds, Word};

/// The parts of `data`, in the order of the presentation form.
fn parts(rtype: Rtype) -> Option<&'static [(&'static str, Part)]> {
    Some(match rtype {
        Rtype::CERT => &[("type", Number), ("key_tag", Number), ("algorithm", Number), ("certificate", Word)],
        Rtype::DNSKEY => &[("flags", Number), ("protocol", Number), ("algorithm", Number), ("public_key", Word)],
        Rtype::LOC => &[
            ("lat_degrees", Number),
            ("lat_minutes", Number),
            ("lat_seconds", Seconds),
            ("lat_direction", Word),
            ("long_degrees", Number),
            ("long_minutes", Number),
            ("long_seconds", Seconds),
            ("long_direction", Word),
            ("altitude", Metres),
            ("size", Metres),
            ("precision_horz", Metres),
            ("precision_vert", Metres),
        ],
        Rtype::URI => &[("priority", Priority), ("weight", Number), ("target", Quoted)],
        Rtype::CAA => &[("flags", Number), ("tag", Word), ("value", Quoted)],
        Rtype::DS => &[("key_tag", Number), ("algorithm", Number), ("digest_type", Number), ("digest", Word)],
        Rtype::HTTPS | Rtype::SVCB => &[("priority", Number), ("target", Name), ("value", Rest)],
        Rtype::NAPTR => &[
            ("order", Number),
            ("preference", Number),
            ("flags", Quoted),
            ("service", Quoted),
            ("regex", Quoted),
            ("replacement", Name),
        ],
        Rtype::SRV => &[("priority", Number), ("weight", Number), ("port", Number), ("target", Name)],
        Rtype::SSHFP => &[("algorithm", Number), ("type", Number), ("fingerprint", Word)],
        Rtype::SMIMEA | Rtype::TLSA => {
            &[("usage", Number), ("selector", Number), ("matching_type", Number), ("certificate", Word)]
        }
        _ => return None,
    })
}

/// A value as the fields of a record. The error says why it has none.
pub(super) fn write(rtype: Rtype, value: &Rdata) -> Result<Map<String, Value>, String> {
    let text = presentation::write(rtype, value);
    if text.starts_with("\\#") {
        return Err("its value has no form that the API takes".to_owned());
    }
    let fields = match (rtype, parts(rtype)) {
        (_, Some(parts)) => Value::Object(parted(parts, &text)?),
        (Rtype::MX, None) => {
            let (priority, host) = text.split_once(' ').ok_or("it has no host")?;
            json!({ "priority": number(priority)?, "content": bare(host) })
        }
        (Rtype::CNAME | Rtype::NS | Rtype::PTR, None) => json!({ "content": bare(&text) }),
        (_, None) => json!({ "content": text }),
    };
    match fields {
        Value::Object(fields) => Ok(fields),
        _ => Err("its value is none".to_owned()),
    }
}

/// Reads the value of a record. The error says what is wrong with it.
pub(super) fn read(rtype: Rtype, record: &Record) -> Result<Rdata, String> {
    let text = match (rtype, parts(rtype)) {
        (_, Some(parts)) => joined(parts, record)?,
        (Rtype::MX, None) => {
            let priority = record.priority.ok_or("it has no `priority`")?;
            format!("{priority} {}", absolute(&record.content)?)
        }
        (Rtype::CNAME | Rtype::NS | Rtype::PTR, None) => absolute(&record.content)?,
        (Rtype::TXT, None) => texts(&record.content),
        (_, None) => record.content.clone(),
    };
    presentation::read(rtype, &text)
}

/// `data`, and what stands beside it.
fn parted(parts: &[(&str, Part)], text: &str) -> Result<Map<String, Value>, String> {
    let (mut fields, mut data) = (Map::new(), Map::new());
    let mut rest = text;
    for (key, part) in parts {
        let (word, after) = if *part == Rest { (rest, "") } else { word(rest) };
        rest = after;
        let value = match part {
            Number | Priority => json!(number(word)?),
            Seconds => json!(decimal(word)?),
            Metres => json!(decimal(word.strip_suffix('m').unwrap_or(word))?),
            Name => json!(bare(word)),
            Quoted => json!(unquoted(word)?),
            Word | Rest => json!(word),
        };
        if *part == Priority { &mut fields } else { &mut data }.insert((*key).to_owned(), value);
    }
    fields.insert("data".to_owned(), Value::Object(data));
    if rest.is_empty() { Ok(fields) } else { Err(format!("`{rest}` is left of it")) }
}

fn joined(parts: &[(&str, Part)], record: &Record) -> Result<String, String> {
    let data = record.data.as_ref().ok_or("it has no `data`")?;
    let beside = record.priority.map(Value::from);
    let mut words = Vec::new();
    for (key, part) in parts {
        let value = data.get(*key).or(beside.as_ref().filter(|_| *part == Priority));
        let value = value.ok_or_else(|| format!("its `data` has no `{key}`"))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        words.push(match part {
            Name => absolute(&text)?,
            Quoted => quoted(&text),
            // The API's numbers are those of JSON: 10 may come as 10.0, and a tenth as what is nearest to one.
            Number | Priority => whole(value).unwrap_or(text),
            Seconds => format!("{:.3}", decimal(&text)?),
            Metres => format!("{:.2}m", decimal(&text)?),
            Word | Rest => text,
        });
    }
    Ok(words.join(" "))
}

/// The first word, whole if it stands in quotes, and what follows.
fn word(text: &str) -> (&str, &str) {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, next) in text.char_indices() {
        match next {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => return (&text[..at], text[at..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn decimal(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| format!("`{text}` is no number"))
}

fn whole(value: &Value) -> Option<String> {
    value.as_f64().filter(|number| number.fract() == 0.0).map(|number| format!("{number:.0}"))
}

/// As the API writes names; the root stays.
fn bare(name: &str) -> &str {
    if name == "." { name } else { name.strip_suffix('.').unwrap_or(name) }
}

fn absolute(name: &str) -> Result<String, String> {
    if name == "." {
        return Ok(name.to_owned());
    }
    host_name(name).map(|name| name.to_ascii()).ok_or_else(|| format!("`{name}` is no name"))
}

/// Printable ASCII alone: the API takes the string as it is, without escapes.
fn unquoted(word: &str) -> Result<String, String> {
    let inside = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word);
    let mut text = String::new();
    let mut rest = inside.chars();
    while let Some(next) = rest.next() {
        match (next, next == '\\') {
            (_, true) => match rest.next() {
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                _ => return Err(format!("{word} has octets that are no printable ASCII")),
            },
            (plain, false) => text.push(plain),
        }
    }
    Ok(text)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Quoted strings as they are; a bare text is served cut at 255 octets (see [`quoted`](crate::quoted)).
fn texts(content: &str) -> String {
    match crate::quoted::read(content) {
        Some(text) => crate::quoted::write(&text),
        None => content.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cloudflare::zone::TYPES;

    fn record(rtype: Rtype, fields: &Map<String, Value>) -> Record {
        let mut record = json!({ "id": "1", "name": "w.a.test", "type": rtype.to_string(), "ttl": 60 });
        record.as_object_mut().expect("an object").extend(fields.clone());
        serde_json::from_value(record).expect("a record")
    }

    #[test]
    fn values_go_there_and_come_back() {
        for (rtype, text, fields) in [
            (Rtype::A, "192.0.2.1", json!({ "content": "192.0.2.1" })),
            (Rtype::CNAME, "b.test.", json!({ "content": "b.test" })),
            (Rtype::MX, "10 m.a.test.", json!({ "priority": 10, "content": "m.a.test" })),
            (Rtype::TXT, r#""a \"b\"" "c""#, json!({ "content": r#""a \"b\"" "c""# })),
            (
                Rtype::CAA,
                r#"0 issue "ca.test; x=\"1\"""#,
                json!({ "data": { "flags": 0, "tag": "issue", "value": "ca.test; x=\"1\"" } }),
            ),
            (
                Rtype::SRV,
                "1 2 443 w.a.test.",
                json!({ "data": { "priority": 1, "weight": 2, "port": 443, "target": "w.a.test" } }),
            ),
            (
                Rtype::LOC,
                "51 30 12.748 N 0 7 39.612 W -10.10m 2.00m 100.00m 0.30m",
                json!({ "data": { "lat_degrees": 51, "lat_minutes": 30, "lat_seconds": 12.748, "lat_direction": "N",
                    "long_degrees": 0, "long_minutes": 7, "long_seconds": 39.612, "long_direction": "W",
                    "altitude": -10.1, "size": 2.0, "precision_horz": 100.0, "precision_vert": 0.3 } }),
            ),
            (
                Rtype::URI,
                r#"10 1 "https://b.test/""#,
                json!({ "priority": 10, "data": { "weight": 1, "target": "https://b.test/" } }),
            ),
            (
                Rtype::CERT,
                "1 60485 8 AQID",
                json!({ "data": { "type": 1, "key_tag": 60485, "algorithm": 8, "certificate": "AQID" } }),
            ),
            (
                Rtype::DNSKEY,
                "257 3 13 AQID",
                json!({ "data": { "flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AQID" } }),
            ),
            (
                Rtype::SMIMEA,
                "3 0 0 00ff",
                json!({ "data": { "usage": 3, "selector": 0, "matching_type": 0, "certificate": "00ff" } }),
            ),
            (Rtype::OPENPGPKEY, "AQID", json!({ "content": "AQID" })),
            (Rtype::SRV, "0 0 0 .", json!({ "data": { "priority": 0, "weight": 0, "port": 0, "target": "." } })),
            (
                Rtype::NAPTR,
                r#"1 2 "S" "SIP+D2U" "" _sip._udp.a.test."#,
                json!({ "data": { "order": 1, "preference": 2, "flags": "S", "service": "SIP+D2U", "regex": "",
                    "replacement": "_sip._udp.a.test" } }),
            ),
        ] {
            let value = presentation::read(rtype, text).expect("a value");
            let written = write(rtype, &value).expect("fields");
            assert_eq!(Value::Object(written.clone()), fields, "{rtype}");
            assert_eq!(read(rtype, &record(rtype, &written)), Ok(value), "{rtype}");
        }
    }

    /// A value of every type that is said to be held: whoever adds one, adds how it goes there.
    fn every_type() -> Vec<(Rtype, String)> {
        let digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        [
            (Rtype::A, "192.0.2.1"),
            (Rtype::AAAA, "2001:db8::1"),
            (Rtype::CAA, r#"128 iodef "mailto:security@b.test""#),
            (Rtype::CERT, "1 60485 8 AwEAAQ=="),
            (Rtype::CNAME, "b.test."),
            (Rtype::DNSKEY, "257 3 13 AwEAAQ=="),
            (Rtype::DS, &format!("12345 13 2 {digest}")),
            (Rtype::HTTPS, "1 . alpn=h2,h3 port=8443"),
            (Rtype::HTTPS, "0 b.test."),
            (Rtype::LOC, "51 30 12.748 N 0 7 39.612 W 10m 2m 100m 10m"),
            (Rtype::MX, "10 m.a.test."),
            (Rtype::NAPTR, r#"100 10 "u" "E2U+sip" "!^.*$!sip:info@b.test!" ."#),
            (Rtype::NS, "ns1.b.test."),
            (Rtype::OPENPGPKEY, "AwEAAQ=="),
            (Rtype::PTR, "b.test."),
            (Rtype::SMIMEA, &format!("3 1 1 {digest}")),
            (Rtype::SRV, "1 2 5060 w.a.test."),
            (Rtype::SSHFP, &format!("4 2 {digest}")),
            (Rtype::SVCB, "1 w.a.test. alpn=dot port=853"),
            (Rtype::TLSA, &format!("3 1 1 {digest}")),
            (Rtype::TXT, r#""a \"quoted\" word; and a \\ backslash" "second""#),
            (Rtype::URI, r#"10 1 "https://b.test/a?b=c;d""#),
        ]
        .map(|(rtype, text)| (rtype, text.to_owned()))
        .into()
    }

    #[test]
    fn every_type_that_is_said_to_be_held_comes_back() {
        for (rtype, text) in every_type() {
            let value = presentation::read(rtype, &text).expect("a value");
            let written = write(rtype, &value).expect("fields");
            assert_eq!(read(rtype, &record(rtype, &written)), Ok(value), "{rtype} {text}");
        }
        let tried: BTreeSet<Rtype> = every_type().into_iter().map(|(rtype, _)| rtype).collect();
        assert_eq!(tried, TYPES.into());
    }

    #[test]
    fn numbers_are_read_as_json_may_write_them() {
        let data = json!({ "data": { "lat_degrees": 51.0, "lat_minutes": 30, "lat_seconds": 12.748_000_000_000_001,
            "lat_direction": "N", "long_degrees": 0, "long_minutes": 7, "long_seconds": 39.6, "long_direction": "W",
            "altitude": 10, "size": 2, "precision_horz": 100, "precision_vert": 10 } });
        let expected = presentation::read(Rtype::LOC, "51 30 12.748 N 0 7 39.6 W 10m 2m 100m 10m").expect("a place");
        assert_eq!(read(Rtype::LOC, &record(Rtype::LOC, data.as_object().expect("fields"))), Ok(expected));
        let within = json!({ "data": { "priority": 10, "weight": 1.0, "target": "https://b.test/" } });
        let expected = presentation::read(Rtype::URI, r#"10 1 "https://b.test/""#).expect("a URI");
        assert_eq!(read(Rtype::URI, &record(Rtype::URI, within.as_object().expect("fields"))), Ok(expected));
        let half = json!({ "data": { "priority": 10.5, "weight": 1, "target": "https://b.test/" } });
        assert!(read(Rtype::URI, &record(Rtype::URI, half.as_object().expect("fields"))).is_err());
    }

    #[test]
    fn what_has_no_form_there_is_refused() {
        let octets = Rdata::from_wire(Rtype::CAA, b"\x00\x05issue\xff").expect("a CAA");
        assert!(write(Rtype::CAA, &octets).is_err());
        let missing = record(Rtype::SRV, &Map::new());
        assert!(read(Rtype::SRV, &missing).is_err());
    }
}
