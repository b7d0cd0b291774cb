//! Names: what a client may write and what the service makes of it.

use super::refusal::Refusal;

/// A name's octets on the wire, less its first length and the root (RFC 1035 §2.3.4).
const OCTETS_MAX: usize = 253;
const LABEL_OCTETS_MAX: usize = 63;

/// The whole name of a record. A name that is neither the zone's nor ends in it gets the zone appended, also when it
/// looks whole: `www.example.org` in `example.com` becomes `www.example.org.example.com`.
pub(super) fn whole(given: &str, zone: &str) -> Result<String, Refusal> {
    let name = given.strip_suffix('.').unwrap_or(given).to_ascii_lowercase();
    let name = if name == "@" || name == zone {
        zone.to_owned()
    } else if name.ends_with(&format!(".{zone}")) {
        name
    } else {
        format!("{name}.{zone}")
    };
    if is_valid(&name) { Ok(name) } else { Err(Refusal::invalid(9000, "DNS name is invalid.")) }
}

/// Whether this is a name that the service stores: a wildcard only as the whole first label.
pub(super) fn is_valid(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= OCTETS_MAX && rest.split('.').all(is_label)
}

/// A host name as the target of a record: without its final dot, if it can be one. An address can not.
pub(super) fn host(given: &str) -> Option<String> {
    let name = given.strip_suffix('.').unwrap_or(given);
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let is_host = name.len() <= OCTETS_MAX && name.split('.').all(is_label) && !is_address;
    is_host.then(|| name.to_owned())
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_OCTETS_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_the_zone_unless_the_name_ends_in_it() {
        let whole = |given| whole(given, "example.com").ok();
        assert_eq!(whole("@").as_deref(), Some("example.com"));
        assert_eq!(whole("Example.com.").as_deref(), Some("example.com"));
        assert_eq!(whole("www").as_deref(), Some("www.example.com"));
        assert_eq!(whole("*.www.example.com").as_deref(), Some("*.www.example.com"));
        assert_eq!(whole("www.example.org").as_deref(), Some("www.example.org.example.com"));
        assert_eq!(whole("notexample.com").as_deref(), Some("notexample.com.example.com"));
    }

    #[test]
    fn refuses_names_that_dns_has_not() {
        for given in ["", "a..b", ".a", "a b", "ä", "a.*.b", &"x".repeat(64), &"x.".repeat(125)] {
            assert!(whole(given, "example.com").is_err(), "{given:?}");
        }
    }
}
