//! Claims for people and for programs.

use dns_core::identifier::{Installation, ProviderName};
use dns_zone::{Claim, Extent, Line, Manifest, Mark, Owner, Part};
use serde::Serialize;

/// The claims of one zone at one target.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    zone: Owner,
    target: ProviderName,
    /// Who asks.
    installation: Installation,
    claims: Vec<Row>,
}

/// One claim.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    installation: Installation,
    /// `zone`, `below` or `name`.
    extent: &'static str,
    /// The name of the last two.
    name: Option<Owner>,
    /// None named means all.
    types: Vec<String>,
    /// `ttl`, `values` or `value:BEGINNING`; none means the whole set.
    part: Option<String>,
    #[serde(skip)]
    about: String,
}

impl Report {
    /// Of a manifest, for who asks.
    pub(crate) fn new(zone: &Owner, target: &ProviderName, manifest: &Manifest, asks: &Installation) -> Self {
        Self {
            zone: zone.clone(),
            target: target.clone(),
            installation: asks.clone(),
            claims: manifest.claims().map(|(claim, install)| Row::new(claim, install, zone)).collect(),
        }
    }

    /// For people, line by line.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let Self { zone, target, installation, claims } = self;
        let count = match claims.len() {
            0 => "nobody claims anything".to_owned(),
            1 => "1 claim".to_owned(),
            more => format!("{more} claims"),
        };
        let mut lines = vec![Line { mark: Mark::Head, text: format!("{zone} at `{target}`: {count}") }];
        let width = claims.iter().map(|row| row.installation.as_str().len()).max().unwrap_or(0);
        lines.extend(claims.iter().map(|Row { installation: by, about, .. }| {
            let own = if by == installation { "  (this installation)" } else { "" };
            dns_zone::line(Mark::Note, format!("  {by:width$}  {about}{own}"))
        }));
        let free = "  whatever nobody claims is free: every installation may change it".to_owned();
        lines.push(dns_zone::line(Mark::Note, free));
        lines
    }
}

impl Row {
    fn new(claim: &Claim, install: &Installation, apex: &Owner) -> Self {
        let (kind, name, place) = match claim.extent() {
            Extent::Zone => ("zone", None, "the whole zone".to_owned()),
            Extent::Below(owner) => ("below", Some(owner), format!("{} and all below it", owner.relative_to(apex))),
            Extent::Name(owner) => ("name", Some(owner), owner.relative_to(apex)),
        };
        let types: Vec<String> = claim.types().iter().map(ToString::to_string).collect();
        let of_types = if types.is_empty() { place } else { format!("{place}: {}", types.join(", ")) };
        let (part, about) = match claim.part() {
            Part::Whole => (None, of_types),
            part @ (Part::Ttl | Part::Values | Part::ValuesFrom(_)) => {
                (Some(part.to_string()), format!("{of_types}, {}", told(part)))
            }
        };
        Self { installation: install.clone(), extent: kind, name: name.cloned(), types, part, about }
    }
}

fn told(part: &Part) -> String {
    match part {
        Part::Whole => "all of it".to_owned(),
        Part::Ttl => "only the TTL".to_owned(),
        Part::Values => "only the values".to_owned(),
        Part::ValuesFrom(beginning) => format!("only values that begin with `{}`", beginning.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{apex, zone};

    fn report(claims: &[&str]) -> Report {
        let lines: Vec<String> =
            claims.iter().map(|claim| format!("_dns-sync TXT \"v=dnssync1;install={claim}\"")).collect();
        let zone = zone(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let (main, acme) = ("main".parse().expect("a name"), "acme".parse().expect("a name"));
        Report::new(&apex(), &main, &Manifest::read(&zone).expect("claims"), &acme)
    }

    #[test]
    fn tells_whose_each_part_is_and_that_the_rest_is_free() {
        let report = report(&["acme;own=zone;", "platform;own=below:dev;", "beta;own=name:@;types=a,txt;"]);
        let told: Vec<String> = report.lines().into_iter().map(|line| line.text).collect();
        let expected = [
            "example.test. at `main`: 3 claims",
            "  acme      the whole zone  (this installation)",
            "  platform  dev and all below it",
            "  beta      @: A, TXT",
            "  whatever nobody claims is free: every installation may change it",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_zone_without_claims_is_told_too() {
        let told: Vec<String> = report(&[]).lines().into_iter().map(|line| line.text).collect();
        assert_eq!(told[0], "example.test. at `main`: nobody claims anything");
        assert!(told[1].contains("is free"), "{told:?}");
    }

    #[test]
    fn parts_are_told_in_words_to_people_and_as_they_are_ordered_to_programs() {
        let report = report(&["beta;own=zone;part=ttl;", "mail;own=name:@;types=txt;part=value:%4d%53=;"]);
        let told: Vec<String> = report.lines().into_iter().map(|line| line.text).collect();
        let expected = ["  beta  the whole zone, only the TTL", "  mail  @: TXT, only values that begin with `MS=`"];
        assert_eq!(told[1..3], expected);
        let parts: Vec<Option<&str>> = report.claims.iter().map(|row| row.part.as_deref()).collect();
        assert_eq!(parts, [Some("ttl"), Some("value:MS=")]);
    }

    #[test]
    fn programs_get_names_whole() {
        let report = report(&["beta;own=name:www;types=a;"]);
        let json = serde_json::to_value(&report).expect("JSON");
        let claim = serde_json::json!({ "installation": "beta", "extent": "name", "name": "www.example.test.", "types": ["A"], "part": null });
        let expected =
            serde_json::json!({ "zone": "example.test.", "target": "main", "installation": "acme", "claims": [claim] });
        assert_eq!(json, expected);
    }
}
