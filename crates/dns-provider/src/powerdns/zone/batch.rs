//! The PATCH of a batch, and its exact size. Pure.

use dns_zone::{RecordSet, SetChange, SetKey, Step};
use serde_json::{Value, json};

use crate::powerdns::patch;
use crate::presentation;
use crate::zones;

/// `{"rrsets":[]}`, less the comma that the first set has not.
pub(super) const ENVELOPE_OCTETS: u64 = 12;

/// What a step adds to the body: its sets, each with a comma.
pub(super) fn octets(step: &Step) -> u64 {
    step.changes.iter().map(|change| set(change).to_string().len() as u64 + 1).sum()
}

/// Sets that go, then those that come: the server carries them out in this order, and a CNAME must not meet what it replaces.
pub(super) fn of(steps: &[&Step]) -> Value {
    let changes = || zones::changes(steps);
    let goes = changes().filter(|change| change.after.is_none());
    let comes = changes().filter(|change| change.after.is_some());
    json!({ "rrsets": goes.chain(comes).map(set).collect::<Vec<_>>() })
}

fn set(change: &SetChange) -> Value {
    let SetChange { key, before: _, after } = change;
    match after {
        None => patch::delete(&key.owner.to_string(), &key.rtype.to_string()),
        Some(after) => replace(key, after),
    }
}

fn replace(key: &SetKey, set: &RecordSet) -> Value {
    let values: Vec<String> = set.values().iter().map(|value| presentation::write(key.rtype, value)).collect();
    patch::rrset(&key.owner.to_string(), &key.rtype.to_string(), set.ttl().as_secs(), &values)
}

#[cfg(test)]
mod tests {
    use dns_zone::{Rtype, Ttl};

    use super::*;

    fn change(name: &str, rtype: Rtype, after: &[&str]) -> SetChange {
        let key = SetKey::new(name.parse().expect("a name"), rtype);
        let values = after.iter().map(|text| presentation::read(rtype, text).expect("a value"));
        SetChange { key, before: None, after: RecordSet::new(Ttl::from_secs(60).expect("a TTL"), values) }
    }

    #[test]
    fn what_goes_comes_first_and_values_are_in_presentation_form() {
        let first = Step::from(vec![change("w.a.test.", Rtype::TXT, &[r#""a \"b\"" "c""#])]);
        let second = vec![change("w.a.test.", Rtype::A, &[]), change("m.a.test.", Rtype::MX, &["10 mail.a.test."])];
        let second = Step::from(second);
        let expected = json!({ "rrsets": [
            { "name": "w.a.test.", "type": "A", "changetype": "DELETE" },
            { "name": "w.a.test.", "type": "TXT", "ttl": 60, "changetype": "REPLACE",
              "records": [{ "content": r#""a \"b\"" "c""#, "disabled": false }] },
            { "name": "m.a.test.", "type": "MX", "ttl": 60, "changetype": "REPLACE",
              "records": [{ "content": "10 mail.a.test.", "disabled": false }] },
        ] });
        assert_eq!(of(&[&first, &second]), expected);
    }

    #[test]
    fn the_measure_is_the_length_of_the_body() {
        let steps: Vec<Step> = (1..=5)
            .map(|number| {
                let name = format!("\\042{}.a.test.", "x".repeat(number));
                let changes =
                    [change(&name, Rtype::A, &["192.0.2.1", "192.0.2.2"]), change(&name, Rtype::TXT, &["\"\\\"\""])];
                Step::from(changes.to_vec())
            })
            .collect();
        let steps: Vec<&Step> = steps.iter().collect();
        for count in 1..=steps.len() {
            let measured: u64 = steps[..count].iter().map(|step| octets(step)).sum();
            assert_eq!(ENVELOPE_OCTETS + measured, of(&steps[..count]).to_string().len() as u64);
        }
    }
}
