//! `coexist`: what other tools need so that they leave a service's fence and records alone.
//!
//! Checked against Terraform 1.7 and later (`removed` blocks), octoDNS 1.x (`NameRejectlistFilter`) and external-dns 0.22 (its
//! annotations were called `external-dns.alpha.kubernetes.io/…` before).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use dns_core::identifier::RESERVED_SERVICE;
use dns_core::rrset::{GuardedType, RrsetKey};
use dns_core::service::Service;
use dns_service::config::ProviderKind;
use hickory_proto::rr::Name;
use serde::Serialize;

/// What others must leave alone in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The service.
    pub service: String,
    /// The provider.
    pub provider: String,
    /// The provider's kind.
    pub kind: &'static str,
    /// The zone, without its final dot.
    pub zone: String,
    /// The fence's owner name, without its final dot.
    pub fence: String,
    /// The owner name of the daily canary's fence in the same zone, without its final dot.
    pub canary: String,
    /// The guarded records: owner name without its final dot, and type.
    pub records: Vec<Guarded>,
}

/// One guarded RRset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Guarded {
    /// Owner name without its final dot.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub rtype: String,
}

impl Advice {
    /// Of a service at one place.
    pub fn of(service: &Service, kind: &ProviderKind) -> Self {
        let bare = |name: &Name| name.to_string().trim_end_matches('.').to_owned();
        let guarded = |key: RrsetKey| Guarded { name: bare(key.name()), rtype: key.rtype().to_string() };
        Self {
            service: service.name.to_string(),
            provider: service.provider.to_string(),
            kind: kind.as_str(),
            zone: bare(&service.zone),
            fence: service.fence_name().map(|name| bare(&name)).unwrap_or_default(),
            canary: format!("_{RESERVED_SERVICE}._failover.{}", bare(&service.zone)),
            records: service.keys().into_iter().map(guarded).collect(),
        }
    }

    /// Every guarded owner name with those of the fences, each once.
    fn names(&self) -> BTreeSet<&str> {
        let fences = [self.fence.as_str(), self.canary.as_str()];
        self.records.iter().map(|record| record.name.as_str()).chain(fences).collect()
    }

    /// A name relative to the zone, empty for the zone itself.
    fn relative<'a>(&self, name: &'a str) -> &'a str {
        name.strip_suffix(self.zone.as_str()).map_or(name, |own| own.trim_end_matches('.'))
    }
}

/// All of it, for people to paste.
pub fn text(advice: &[Advice]) -> String {
    let mut text = String::from(
        "# Best of all, no other tool has resources for these names: then nothing can undo a move.\n\
         # docs/coexistence.md shows a small zone of its own, with a CNAME from the public name.\n",
    );
    for one in advice {
        let Advice { service, provider, kind, zone, .. } = one;
        write!(text, "\n# ==== {service}: zone {zone} at {provider} ({kind})\n").expect(INFALLIBLE);
        terraform(one, &mut text);
        octodns(one, &mut text);
        external_dns(one, &mut text);
    }
    text
}

const INFALLIBLE: &str = "invariant: writing to a String cannot fail";

fn terraform(advice: &Advice, text: &mut String) {
    text.push_str("\n# -- Terraform: no resource for the fences, ever:\n");
    writeln!(text, "#    {} TXT\n#    {} TXT", advice.fence, advice.canary).expect(INFALLIBLE);
    let Some(blocks) = terraform_kind(advice.kind) else { return };
    text.push_str("#    Resources that exist already leave the state, and the records stay (Terraform 1.7):\n");
    for record in &advice.records {
        let resource = (blocks.resource)(&record.rtype);
        writeln!(text, "removed {{\n  from = {resource}.{}", label(record)).expect(INFALLIBLE);
        text.push_str("  lifecycle {\n    destroy = false\n  }\n}\n");
    }
    let Some(ignored) = blocks.ignored else {
        text.push_str(
            "#    `ignore_changes` does not help at Cloudflare: a move deletes records by id and posts new ones, and\n\
             #    Terraform would make those that it misses once more. The same goes for `cloudflare_record` of version 4.\n",
        );
        return;
    };
    text.push_str("#    Where a resource must stay, it must not look at what moves:\n");
    for record in &advice.records {
        let resource = (blocks.resource)(&record.rtype);
        writeln!(text, "resource \"{resource}\" \"{}\" {{ # {} {}", label(record), record.name, record.rtype)
            .expect(INFALLIBLE);
        let fields = ignored(&record.rtype);
        writeln!(text, "  # …\n  lifecycle {{\n    ignore_changes = [{fields}]\n  }}\n}}").expect(INFALLIBLE);
    }
}

/// How the usual provider of Terraform names things.
struct TerraformKind {
    resource: fn(&str) -> &'static str,
    /// What to ignore; `None` where ignoring does not help.
    ignored: Option<fn(&str) -> &'static str>,
}

fn terraform_kind(kind: &str) -> Option<TerraformKind> {
    match kind {
        "route53" => {
            Some(TerraformKind { resource: |_| "aws_route53_record", ignored: Some(|_| "records, ttl, alias") })
        }
        "cloudflare" => Some(TerraformKind { resource: |_| "cloudflare_dns_record", ignored: None }),
        "powerdns" => Some(TerraformKind { resource: |_| "powerdns_record", ignored: Some(|_| "records, ttl") }),
        "rfc2136" => Some(TerraformKind { resource: update_resource, ignored: Some(update_fields) }),
        _ => None,
    }
}

fn update_resource(rtype: &str) -> &'static str {
    match rtype.parse::<GuardedType>() {
        Ok(GuardedType::Aaaa) => "dns_aaaa_record_set",
        Ok(GuardedType::Cname) => "dns_cname_record",
        Ok(GuardedType::A) | Err(_) => "dns_a_record_set",
    }
}

fn update_fields(rtype: &str) -> &'static str {
    if rtype == "CNAME" { "cname, ttl" } else { "addresses, ttl" }
}

/// A name that Terraform takes; whoever has another one puts theirs.
fn label(record: &Guarded) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric();
    let name: String = record.name.replace('*', "any").chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    let head = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    format!("{head}{name}_{}", record.rtype.to_lowercase())
}

fn octodns(advice: &Advice, text: &mut String) {
    text.push_str("\n# -- octoDNS: a processor takes these names out of source and target alike\nprocessors:\n");
    writeln!(text, "  leave-{}:", advice.service).expect(INFALLIBLE);
    text.push_str("    class: octodns.processor.filter.NameRejectlistFilter\n    rejectlist:\n");
    for name in advice.names() {
        // Relative to the zone, which itself is the empty name; a filter by name knows no types.
        let relative = advice.relative(name);
        let note = if relative.is_empty() { " # the apex, with all of its other types" } else { "" };
        writeln!(text, "      - '{relative}'{note}").expect(INFALLIBLE);
    }
    writeln!(text, "zones:\n  {}.:\n    processors: [leave-{}]", advice.zone, advice.service).expect(INFALLIBLE);
}

fn external_dns(advice: &Advice, text: &mut String) {
    text.push_str(
        "\n# -- external-dns: flags that keep it away from these names. The regex flags replace --domain-filter, so join\n\
         #    them with those that you have\n",
    );
    let (apex, names): (Vec<&str>, Vec<&str>) = advice.names().into_iter().partition(|name| *name == advice.zone);
    let names: Vec<String> = names.into_iter().map(escaped).collect();
    writeln!(text, "--regex-domain-filter=^(.+\\.)?{}$", escaped(&advice.zone)).expect(INFALLIBLE);
    writeln!(text, "--regex-domain-exclusion=^({})$", names.join("|")).expect(INFALLIBLE);
    for apex in apex {
        writeln!(text, "#    {apex} itself is left out: most providers would leave out the whole zone then")
            .expect(INFALLIBLE);
    }
    text.push_str(
        "#    and on the Service, Ingress or Gateway that would publish one of them (before external-dns 0.22 the prefix is\n\
         #    external-dns.alpha.kubernetes.io/):\n\
         external-dns.kubernetes.io/controller: dns-failover\n",
    );
}

/// A name as a regular expression of itself.
fn escaped(name: &str) -> String {
    name.replace('.', "\\.").replace('*', "\\*")
}
