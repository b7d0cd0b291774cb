//! Values as the API's fields: `content` for some types, `data` for those whose values have parts (API reference, "DNS
//! records"). Both ways go through the presentation form, so that one table is all there is to say about a type. Pure.

use dns_zone::{Rdata, Rtype};
use serde_json::{Map, Value, json};

use crate::cloudflare::record::{Record, host_name};
use crate::presentation;

/// What a part of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A number.
    Number,
    /// A word without spaces: hexadecimal digits, a tag.
    Word,
    /// A name, without its final dot.
    Name,
    /// A string that stands in quotes.
    Quoted,
    /// Whatever is left.
    Rest,
}

use Part::{Name, Number, Quoted, Rest, Word};

/// The parts of `data`, in the order of the presentation form.
fn parts(rtype: Rtype) -> Option<&'static [(&'static str, Part)]> {
    Some(match rtype {
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
        Rtype::TLSA => &[("usage", Number), ("selector", Number), ("matching_type", Number), ("certificate", Word)],
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
        (_, Some(parts)) => json!({ "data": data(parts, &text)? }),
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
        (_, Some(parts)) => joined(parts, record.data.as_ref().ok_or("it has no `data`")?)?,
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

fn data(parts: &[(&str, Part)], text: &str) -> Result<Value, String> {
    let mut data = Map::new();
    let mut rest = text;
    for (key, part) in parts {
        let (word, after) = if *part == Rest { (rest, "") } else { word(rest) };
        rest = after;
        let value = match part {
            Number => json!(number(word)?),
            Name => json!(bare(word)),
            Quoted => json!(unquoted(word)?),
            Word | Rest => json!(word),
        };
        data.insert((*key).to_owned(), value);
    }
    if rest.is_empty() { Ok(Value::Object(data)) } else { Err(format!("`{rest}` is left of it")) }
}

fn joined(parts: &[(&str, Part)], data: &Map<String, Value>) -> Result<String, String> {
    let mut words = Vec::new();
    for (key, part) in parts {
        let value = data.get(*key).ok_or_else(|| format!("its `data` has no `{key}`"))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        words.push(match part {
            Name => absolute(&text)?,
            Quoted => quoted(&text),
            Number | Word | Rest => text,
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
    use super::*;

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

    #[test]
    fn digests_and_parameters_come_back() {
        let digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        for (rtype, text) in [
            (Rtype::DS, format!("12345 13 2 {digest}")),
            (Rtype::TLSA, format!("3 1 1 {digest}")),
            (Rtype::SSHFP, format!("4 2 {digest}")),
            (Rtype::HTTPS, "1 . alpn=h2,h3 port=8443".to_owned()),
            (Rtype::HTTPS, "0 b.test.".to_owned()),
        ] {
            let value = presentation::read(rtype, &text).expect("a value");
            let written = write(rtype, &value).expect("fields");
            assert_eq!(read(rtype, &record(rtype, &written)), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_has_no_form_there_is_refused() {
        let octets = Rdata::from_wire(Rtype::CAA, b"\x00\x05issue\xff").expect("a CAA");
        assert!(write(Rtype::CAA, &octets).is_err());
        let missing = record(Rtype::SRV, &Map::new());
        assert!(read(Rtype::SRV, &missing).is_err());
    }
}
