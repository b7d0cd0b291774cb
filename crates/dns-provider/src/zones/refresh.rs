//! What was read of a zone's guards, put into what is known of the zone. Pure.

use std::collections::BTreeSet;

use dns_zone::{GuardNames, SetChange, SetKey, difference};

use super::{Extent, Listing, Refreshed};

impl Listing {
    /// Lets this be all that stands in the zone.
    pub(crate) fn put_all(&mut self, now: Self) -> Refreshed {
        let changes = difference(&self.zone, &now.zone);
        *self = now;
        Refreshed { extent: Extent::All, changes }
    }

    /// Lets these be all that stands at the names of the guards. What `now` has at other names is left out.
    pub(crate) fn put_guards(&mut self, now: Self) -> Refreshed {
        let names = GuardNames::of(self.zone.apex());
        let tops = names.fences().into_iter().chain(names.manifest());
        let known = tops.flat_map(|top| self.zone.under(top)).map(|(key, _)| key);
        let keys: BTreeSet<SetKey> = known.chain(now.zone.sets().map(|(key, _)| key)).cloned().collect();
        let mut changes = Vec::new();
        for key in keys.into_iter().filter(|key| names.contains(&key.owner)) {
            let (before, after) = (self.zone.get(&key).cloned(), now.zone.get(&key).cloned());
            if before != after {
                let change = SetChange { key, before, after };
                change.apply_to(&mut self.zone).expect("invariant: the names of the guards are in their zone");
                changes.push(change);
            }
        }
        self.not_plain.retain(|one| !names.contains(&one.owner));
        self.not_plain.extend(now.not_plain.into_iter().filter(|one| names.contains(&one.owner)));
        Refreshed { extent: Extent::Guards, changes }
    }
}

#[cfg(test)]
mod tests {
    use dns_zone::{Rdata, RecordSet, Rtype, Ttl, Zone};

    use super::*;
    use crate::zones::NotPlain;

    /// A zone of texts, and what is disabled in it.
    fn listing(texts: &[(&str, &str)], disabled: &[&str]) -> Listing {
        let mut zone = Zone::new("a.test.".parse().expect("a name"));
        for (name, text) in texts {
            let key = SetKey::new(format!("{name}.a.test.").parse().expect("a name"), Rtype::TXT);
            let wire = [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
            let value = Rdata::from_wire(Rtype::TXT, &wire).expect("a text");
            let set = RecordSet::new(Ttl::from_secs(60).expect("a TTL"), [value]).expect("a value");
            zone.put(key, set).expect("in the zone");
        }
        let disabled = disabled.iter().map(|name| NotPlain {
            owner: format!("{name}.a.test.").parse().expect("a name"),
            rtype: "TXT".to_owned(),
            reason: "disabled".to_owned(),
        });
        Listing { not_plain: disabled.collect(), zone, serial_stays: None }
    }

    #[test]
    fn what_is_gone_goes_what_is_new_comes_and_all_else_stays() {
        let mut known = listing(
            &[
                ("www", "old"),
                ("_gone._failover", "1"),
                ("_x._failover", "1"),
                ("_dns-sync", "1"),
                ("x._dns-sync", "1"),
            ],
            &["api", "_off._failover"],
        );
        let refreshed = known.put_guards(listing(
            &[("www", "new"), ("_x._failover", "2"), ("_y._failover", "1"), ("x_failover", "no fence")],
            &["mail", "_dns-sync"],
        ));
        let texts = [("www", "old"), ("_x._failover", "2"), ("_y._failover", "1"), ("x._dns-sync", "1")];
        assert_eq!(known, listing(&texts, &["api", "_dns-sync"]));
        let told: Vec<String> = refreshed.changes.iter().map(|change| change.key.owner.to_string()).collect();
        assert_eq!(
            (refreshed.extent, told.join(" ")),
            (
                Extent::Guards,
                "_dns-sync.a.test. _gone._failover.a.test. _x._failover.a.test. _y._failover.a.test.".to_owned()
            )
        );
    }
}
