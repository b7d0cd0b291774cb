//! One record: `[owner] [TTL] [class] type data`, TTL and class in either order (RFC 1035 §5.1).

use std::borrow::Cow;

use domain::base::Rtype;
use domain::base::iana::Class;

use super::assembly::Found;
use super::duration;
use super::reader::{Fault, Previous, Reader, Scope, place, told};
use crate::finding::Finding;
use crate::owner::Owner;
use crate::rdata::{Rdata, scan};
use crate::record_set::{SetKey, Ttl};
use crate::token::{Lexer, Token};

pub(super) const NAME_ADVICE: &str = "write labels of 1 to 63 octets with dots between them, 255 octets in all";

/// TTL, type and where the data begins.
struct Head<'t> {
    ttl: Option<Ttl>,
    rtype: Rtype,
    word: &'t Token,
    data: &'t [Token],
}

impl Reader<'_> {
    pub(super) fn record(&mut self, lexer: &Lexer<'_>, scope: &mut Scope) -> Result<(), Fault> {
        let tokens = lexer.tokens();
        let Some((first, behind)) = tokens.split_first() else { return Ok(()) };
        let rest = if lexer.is_indented() {
            tokens
        } else {
            scope.previous = Previous::Faulty;
            let owner = owner(lexer.text(), first, scope)?;
            self.outside.read_one();
            if !owner.is_in(self.apex) {
                let fault = self.outside_fault(lexer.text(), first, &owner);
                self.outside.add(&owner, told(lexer, scope, fault));
                return Ok(());
            }
            scope.previous = Previous::Known(owner);
            behind
        };
        let owner = match &scope.previous {
            Previous::Known(owner) => owner.clone(),
            Previous::Faulty => return Ok(()),
            Previous::None => {
                let message = "the first record has no name: its line begins with white space";
                return Err(Fault::new(first, message, "begin the line with a name, or with `@` for the origin"));
            }
        };
        let head = head(lexer.text(), first, rest)?;
        let value = data(lexer.text(), &head, scope)?;
        let ttl = self.ttl(lexer, scope, &head, &value)?;
        let line = u32::try_from(lexer.entry_line()).unwrap_or(u32::MAX);
        self.found.push(Found { key: SetKey::new(owner, head.rtype), ttl, value, file: scope.number, line });
        Ok(())
    }

    fn outside_fault(&self, text: &[u8], token: &Token, owner: &Owner) -> Fault {
        let advice = if token.raw(text).ends_with(b".") {
            "remove the record, or move it into its own zone"
        } else {
            "write the name below the zone, or correct the $ORIGIN"
        };
        Fault::new(token, format!("{owner} lies outside the zone {}", self.apex), advice)
    }

    /// The record's own, else `$TTL`'s, else the last one stated (RFC 2308 §4, RFC 1035 §5.1).
    fn ttl(&mut self, lexer: &Lexer<'_>, scope: &Scope, head: &Head<'_>, value: &Rdata) -> Result<Ttl, Fault> {
        if let Some(ttl) = head.ttl {
            self.last_ttl = Some(ttl);
            return Ok(ttl);
        }
        if let Some(ttl) = self.default_ttl.or(self.last_ttl) {
            return Ok(ttl);
        }
        let minimum = value.as_wire().last_chunk().copied().map(u32::from_be_bytes).and_then(Ttl::from_secs);
        let (Rtype::SOA, Some(minimum)) = (head.rtype, minimum) else {
            let message = "the record has no TTL, and no $TTL or other record before it gives one";
            return Err(Fault::new(
                head.word,
                message,
                "put `$TTL 3600` at the top of the file, or a TTL before the type",
            ));
        };
        // What TTLs were before $TTL (RFC 1035 §3.3.13), and what BIND still takes.
        let message = format!("the SOA has no TTL; its minimum, {minimum} s, is taken");
        let finding = Finding::warning("SOA", message, "put `$TTL 3600` at the top of the file (RFC 2308 §4)");
        self.findings.add(finding.at(Some(place(lexer, scope, head.word.start))));
        self.last_ttl = Some(minimum);
        Ok(minimum)
    }
}

fn owner(text: &[u8], token: &Token, scope: &Scope) -> Result<Owner, Fault> {
    let name = scan::name(token, token.raw(text), &scope.origin);
    let name = name.map_err(|reason| Fault::new(token, reason, NAME_ADVICE))?;
    Owner::from_wire(name.as_slice()).map_err(|error| Fault::new(token, error.to_string(), NAME_ADVICE))
}

/// Reads up to the type.
fn head<'t>(text: &[u8], first: &'t Token, rest: &'t [Token]) -> Result<Head<'t>, Fault> {
    const FORM: &str = "write `name [TTL] [IN] type data`";
    let (mut ttl, mut class) = (None, None);
    let mut rest = rest;
    let mut last = first;
    while let Some((token, behind)) = rest.split_first() {
        let raw = token.raw(text);
        if ttl.is_none() && raw.first().is_some_and(u8::is_ascii_digit) {
            let secs = duration::secs(raw).map_err(|reason| Fault::new(token, reason, FORM))?;
            ttl = Some(self::ttl(token, secs)?);
        } else if class.is_none()
            && let Some(given) = Class::from_bytes(raw)
        {
            if given != Class::IN {
                return Err(Fault::new(token, "only the class IN is carried here", "remove the record, or write IN"));
            }
            class = Some(given);
        } else {
            return Ok(Head { ttl, rtype: rtype(token, raw)?, word: token, data: behind });
        }
        (last, rest) = (token, behind);
    }
    Err(Fault::after(last, "the record ends before its type", FORM))
}

/// A number of seconds as a TTL.
pub(super) fn ttl(token: &Token, secs: u32) -> Result<Ttl, Fault> {
    Ttl::try_from(secs).map_err(|reason| Fault::new(token, reason, "write fewer seconds; a week is 604800"))
}

fn rtype(token: &Token, raw: &[u8]) -> Result<Rtype, Fault> {
    let Some(rtype) = Rtype::from_bytes(raw) else {
        let advice = "write `name [TTL] [IN] type data`; a type without a name is written TYPE65300 (RFC 3597 §5)";
        return Err(Fault::new(token, "this is no record type", advice));
    };
    match rtype.to_int() {
        // OPT, and types that stand in questions and messages only (RFC 6895 §3.1).
        0 | 41 | 128..=255 => Err(Fault::new(token, "records of this type stand in no zone", "remove the record")),
        _ => Ok(rtype),
    }
}

fn data(text: &[u8], head: &Head<'_>, scope: &Scope) -> Result<Rdata, Fault> {
    let mut tokens = scan::Tokens::new(text, head.data, &scope.origin);
    scan::read(head.rtype, &mut tokens).map_err(|error| {
        let advice = form(head.rtype)
            .map_or(Cow::Borrowed("correct the data, or write it as `\\# length hex` (RFC 3597 §5)"), |form| {
                Cow::Owned(format!("{} data is written `{form}`", head.rtype))
            });
        match tokens.last() {
            Some(token) if !error.at_end => Fault::new(token, error.reason, advice),
            last => Fault::after(last.unwrap_or(head.word), error.reason, advice),
        }
    })
}

/// How the data of the usual types is written.
fn form(rtype: Rtype) -> Option<&'static str> {
    Some(match rtype {
        Rtype::A => "192.0.2.1",
        Rtype::AAAA => "2001:db8::1",
        Rtype::NS | Rtype::CNAME | Rtype::PTR | Rtype::DNAME => "host.example.com.",
        Rtype::MX => "10 mail.example.com.",
        Rtype::TXT | Rtype::SPF => "\"text\" \"more text\"",
        Rtype::SRV => "priority weight port target",
        Rtype::SOA => "primary mailbox serial refresh retry expire minimum",
        Rtype::CAA => "0 issue \"ca.example.net\"",
        Rtype::DS | Rtype::CDS => "key-tag algorithm digest-type hex",
        Rtype::DNSKEY | Rtype::CDNSKEY => "flags 3 algorithm base64",
        Rtype::SSHFP => "algorithm fingerprint-type hex",
        Rtype::TLSA | Rtype::SMIMEA => "usage selector matching-type hex",
        Rtype::CERT => "type key-tag algorithm base64",
        Rtype::NAPTR => "order preference \"flags\" \"service\" \"regexp\" replacement",
        Rtype::SVCB | Rtype::HTTPS => "priority target key=value …",
        Rtype::URI => "priority weight \"target\"",
        Rtype::LOC => "52 22 23 N 4 53 32 E -2m",
        Rtype::HINFO => "\"cpu\" \"system\"",
        _ => return None,
    })
}
