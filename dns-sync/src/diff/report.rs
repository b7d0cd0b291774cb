//! What a comparison has found, for people and for programs.

use dns_provider::zones::NotPlain;
use dns_zone::{Line, Mark, Owner, Serial, SetChange, change_lines, is_compared};
use serde::Serialize;

use super::reading::Copy;
use super::side::Side;

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) zone: Owner,
    /// Whether no difference was found.
    pub(crate) equal: bool,
    pub(crate) a: SideReport,
    pub(crate) b: SideReport,
    /// What has to change in A so that it becomes equal to B.
    pub(crate) differences: Vec<SetChange>,
    /// What was not seen whole; none if both sides were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<AskedReport>,
}

/// One side.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SideReport {
    /// As it was named.
    pub(crate) source: String,
    /// Of its SOA, which is not compared.
    pub(crate) serial: Option<Serial>,
    /// How many record sets of it were compared.
    pub(crate) sets: usize,
    /// What it holds that no record set can tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_plain: Vec<Odd>,
}

/// Something that is no record set.
#[derive(Debug, Serialize)]
struct Odd {
    name: Owner,
    r#type: String,
    reason: String,
}

/// A server that refuses transfers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AskedReport {
    /// The side, as it was named.
    pub(crate) source: String,
    /// What it said to a transfer.
    pub(crate) reason: String,
    /// How many record sets of the other side could not be asked for.
    pub(crate) unseen: usize,
}

impl SideReport {
    /// Of what was read.
    pub(crate) fn of(side: &Side, copy: &Copy) -> Self {
        let apex = copy.zone.apex();
        let odd = |NotPlain { owner, rtype, reason }: &NotPlain| Odd {
            name: owner.clone(),
            r#type: rtype.clone(),
            reason: reason.clone(),
        };
        Self {
            source: side.to_string(),
            serial: copy.zone.serial(),
            sets: copy.zone.sets().filter(|(key, _)| is_compared(key, apex)).count(),
            not_plain: copy.not_plain.iter().map(odd).collect(),
        }
    }

    fn line(&self, sign: char) -> Line {
        let serial = self.serial.map_or_else(|| "no serial".to_owned(), |serial| format!("serial {serial}"));
        note(format!("{sign} stands for {}: {serial}, {} record sets", self.source, self.sets))
    }

    fn odd_lines(&self) -> impl Iterator<Item = Line> {
        self.not_plain.iter().map(|Odd { name, r#type, reason }| {
            note(format!("{} holds {name} {}, which cannot be compared: {reason}", self.source, r#type))
        })
    }
}

impl Report {
    /// For people, line by line.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let found = match self.differences.len() {
            0 if self.asked.is_some() => "no difference seen".to_owned(),
            0 => "equal".to_owned(),
            1 => "1 record set differs".to_owned(),
            more => format!("{more} record sets differ"),
        };
        let head = Line { mark: Mark::Head, text: format!("{}: {found}", self.zone) };
        let mut lines = vec![head, self.a.line('-'), self.b.line('+')];
        if self.equal && self.a.serial != self.b.serial {
            lines.push(note("the SOA is not compared: each server counts its own writes in it".to_owned()));
        }
        lines.extend(self.asked.iter().flat_map(AskedReport::lines));
        lines.extend(self.a.odd_lines().chain(self.b.odd_lines()));
        lines.extend(self.differences.iter().flat_map(change_lines));
        lines
    }
}

impl AskedReport {
    fn lines(&self) -> Vec<Line> {
        let Self { source, reason, unseen } = self;
        let stop = |text| dns_zone::line(Mark::Stop, text);
        let mut lines = vec![
            stop(format!("{source} refuses transfers: {reason}")),
            stop("it was asked for each record set of the other side; what it has beside them is not seen".to_owned()),
        ];
        if *unseen > 0 {
            let text = "below a delegation or a DNAME, or behind an alias: no server answers for them";
            lines.push(stop(format!("{unseen} record sets are not compared: they lie {text}")));
        }
        lines
    }
}

fn note(text: String) -> Line {
    dns_zone::line(Mark::Note, text)
}

#[cfg(test)]
mod tests {
    use dns_zone::{Rdata, RecordSet, Rtype, SetKey, Ttl, Zone};

    use super::*;

    fn copy(serial: u32, addresses: &[(&str, u8)]) -> Copy {
        let apex: Owner = "example.test.".parse().expect("a name");
        let ttl = Ttl::from_secs(60).expect("a TTL");
        let mut zone = Zone::new(apex.clone());
        let soa = Rdata::parse(Rtype::SOA, &format!("ns1 hostmaster {serial} 3600 600 604800 30"), &apex);
        zone.insert(SetKey::new(apex.clone(), Rtype::SOA), ttl, soa.expect("an SOA")).expect("in the zone");
        for (name, last) in addresses {
            let owner: Owner = format!("{name}.example.test.").parse().expect("a name");
            let value = Rdata::from_wire(Rtype::A, &[192, 0, 2, *last]).expect("an address");
            let set = RecordSet::of_one(ttl, value);
            zone.put(SetKey::new(owner, Rtype::A), set).expect("in the zone");
        }
        Copy { zone, not_plain: Vec::new() }
    }

    fn report(a: &Copy, b: &Copy, asked: Option<AskedReport>) -> Report {
        let side = |text: &str| text.parse::<Side>().expect("a side");
        let differences = dns_zone::compare(&a.zone, &b.zone);
        Report {
            zone: a.zone.apex().clone(),
            equal: differences.is_empty(),
            a: SideReport::of(&side("file:a.zone"), a),
            b: SideReport::of(&side("dns://192.0.2.53"), b),
            differences,
            asked,
        }
    }

    fn told(report: &Report) -> Vec<String> {
        report.lines().iter().map(|line| format!("{} {}", line.mark.sign(), line.text)).collect()
    }

    #[test]
    fn tells_what_only_one_side_has_and_which_side_that_is() {
        let expected = [
            "  example.test.: 3 record sets differ",
            "  - stands for file:a.zone: serial 7, 3 record sets",
            "  + stands for dns://192.0.2.53:53: serial 8, 3 record sets",
            "~ api.example.test. A",
            "- api.example.test. 60 A 192.0.2.1",
            "+ api.example.test. 60 A 192.0.2.2",
            "+ new.example.test. 60 A 192.0.2.9",
            "- old.example.test. 60 A 192.0.2.8",
        ];
        let (a, b) = (copy(7, &[("api", 1), ("old", 8), ("www", 1)]), copy(8, &[("api", 2), ("new", 9), ("www", 1)]));
        assert_eq!(told(&report(&a, &b, None)), expected);
    }

    #[test]
    fn serials_that_differ_make_no_difference_but_are_told() {
        let told = told(&report(&copy(7, &[("www", 1)]), &copy(8, &[("www", 1)]), None));
        assert_eq!(told[0], "  example.test.: equal");
        assert_eq!(told[3], "  the SOA is not compared: each server counts its own writes in it");
    }

    #[test]
    fn what_was_only_asked_for_is_never_called_equal() {
        let asked = AskedReport { source: "dns://a:53".to_owned(), reason: "REFUSED".to_owned(), unseen: 2 };
        let told = told(&report(&copy(7, &[("www", 1)]), &copy(7, &[("www", 1)]), Some(asked)));
        assert_eq!(told[0], "  example.test.: no difference seen");
        assert_eq!(told[3], "! dns://a:53 refuses transfers: REFUSED");
        assert!(told[4].contains("what it has beside them is not seen"), "{told:?}");
        assert!(told[5].starts_with("! 2 record sets are not compared"), "{told:?}");
    }

    #[test]
    fn what_no_record_set_can_tell_is_named() {
        let mut a = copy(7, &[]);
        let owner = "www.example.test.".parse().expect("a name");
        a.not_plain.push(NotPlain { owner, rtype: "ALIAS".to_owned(), reason: "an alias\n+ forged".to_owned() });
        let told = told(&report(&a, &copy(7, &[]), None));
        let expected = "  file:a.zone holds www.example.test. ALIAS, which cannot be compared: an alias\\n+ forged";
        assert_eq!(told[3], expected);
    }
}
