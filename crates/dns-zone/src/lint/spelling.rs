//! What is written in a way that is hardly meant: a name without its final dot, letters beyond ASCII, no serial.

use domain::base::Rtype;

use super::{Set, Walk};
use crate::finding::Finding;
use crate::owner::Owner;
use crate::record_set::SetKey;

impl Walk<'_> {
    pub(super) fn spelling(&mut self, owner: &Owner, sets: &[Set<'_>]) {
        let Some(first) = sets.first() else { return };
        let apex = self.zone.apex();
        if owner.repeats(apex) {
            let message = "the name ends in the zone's twice: is its final dot missing? (RFC 1912 §2.1)";
            self.add(first.nth, Finding::warning(owner.to_string(), message, dot_advice(owner, apex)));
        }
        if !owner.is_ascii() {
            let message = "the name has octets beyond ASCII, and is asked for in another form (RFC 5890 §2.3.2.1)";
            let advice = "write international names in their ASCII form, such as `xn--mller-kva`";
            self.add(first.nth, Finding::warning(owner.to_string(), message, advice));
        }
        if owner == apex && self.zone.serial().is_some_and(|serial| serial.into_int() == 0) {
            let nth = sets.iter().find(|set| set.key.rtype == Rtype::SOA).map_or(first.nth, |set| set.nth);
            let subject = SetKey::new(owner.clone(), Rtype::SOA).to_string();
            let advice = "begin with 1, or with a date such as 2026010100";
            self.add(nth, Finding::warning(subject, "its serial is 0, which some servers take for none", advice));
        }
    }

    /// A target that no record stands at and that looks as if it was meant to be absolute: it ends in the zone's name twice, or it is
    /// a host's name within a reverse zone.
    pub(super) fn missing_dot(&self, key: &SetKey, target: &Owner) -> Option<Finding> {
        let apex = self.zone.apex();
        let is_reverse = || apex.labels_from_root().first().is_some_and(|label| label == b"arpa");
        let is_pointer = key.rtype == Rtype::PTR && target.is_in(apex);
        if !(target.repeats(apex) || (is_pointer && is_reverse())) || self.zone.at(target).next().is_some() {
            return None;
        }
        let message = format!("its target is {target}: is a final dot missing? (RFC 1912 §2.1)");
        Some(Finding::warning(key.to_string(), message, dot_advice(target, apex)))
    }
}

fn dot_advice(name: &Owner, apex: &Owner) -> String {
    format!("write `{}.`, if that is meant", name.relative_to(apex))
}

#[cfg(test)]
mod tests {
    use crate::finding::Findings;
    use crate::lint::{Apex, check};
    use crate::zonefile::{self, FileError, Files, Source};

    struct Text(&'static str);

    impl Files for Text {
        fn read(&self, name: &str, _: Option<&str>) -> Result<Source, FileError> {
            Ok(Source { name: name.into(), octets: self.0.into() })
        }
    }

    /// What is told of a file, without what to do.
    fn told(apex: &str, text: &'static str) -> Vec<String> {
        let file = zonefile::read(&apex.parse().expect("a name"), "a.zone", &Text(text)).expect("a zone");
        let findings: Findings = check(&file.zone, Some(&file.places), Apex::Elsewhere);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_that_ends_in_the_zones_twice_lacks_its_dot() {
        let text = "$TTL 60
www CNAME host.example.test
@ MX 10 mail.example.test
  NS ns.example.test
  NS ns.elsewhere.example.
_sip._tcp SRV 1 1 5060 sip.example.test
api.example.test A 192.0.2.1
meant CNAME api.example.test
other CNAME host.example.net
";
        assert_eq!(
            told("example.test.", text),
            [
                "a.zone:2: warning: `www.example.test. CNAME`: its target is host.example.test.example.test.: is a final dot missing? \
             (RFC 1912 §2.1)\n    hint: write `host.example.test.`, if that is meant",
                "a.zone:3: warning: `example.test. MX`: its target is mail.example.test.example.test.: is a final dot missing? \
             (RFC 1912 §2.1)\n    hint: write `mail.example.test.`, if that is meant",
                "a.zone:4: warning: `example.test. NS`: its target is ns.example.test.example.test.: is a final dot missing? \
             (RFC 1912 §2.1)\n    hint: write `ns.example.test.`, if that is meant",
                "a.zone:6: warning: `_sip._tcp.example.test. SRV`: its target is sip.example.test.example.test.: is a final dot missing? \
             (RFC 1912 §2.1)\n    hint: write `sip.example.test.`, if that is meant",
                "a.zone:7: warning: `api.example.test.example.test.`: the name ends in the zone's twice: is its final dot missing? \
             (RFC 1912 §2.1)\n    hint: write `api.example.test.`, if that is meant",
            ]
        );
    }

    #[test]
    fn a_zone_of_one_label_may_well_hold_its_own_name() {
        assert_eq!(told("test.", "$TTL 60\nwww CNAME a.test\nb.test A 192.0.2.1\n"), [""; 0]);
    }

    #[test]
    fn a_host_within_a_reverse_zone_lacks_its_dot() {
        let text = "$TTL 60\n1 PTR www.example.test\n2 PTR www.example.test.\n3 CNAME 3.0-63\n";
        assert_eq!(
            told("2.0.192.in-addr.arpa.", text),
            [
                "a.zone:2: warning: `1.2.0.192.in-addr.arpa. PTR`: its target is www.example.test.2.0.192.in-addr.arpa.: is a final dot \
             missing? (RFC 1912 §2.1)\n    hint: write `www.example.test.`, if that is meant",
            ]
        );
    }

    #[test]
    fn letters_beyond_ascii_and_a_serial_of_zero_are_told() {
        let text = "$TTL 60\n@ SOA ns host 0 2 3 4 5\nmüller A 192.0.2.1\nxn--mller-kva A 192.0.2.1\n";
        let told = told("example.test.", text);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("a.zone:2: warning: `example.test. SOA`: its serial is 0"), "{told:?}");
        assert!(
            told[1].starts_with("a.zone:3: warning: `m\\\\195\\\\188ller.example.test.`: the name has octets"),
            "{told:?}"
        );
    }
}
