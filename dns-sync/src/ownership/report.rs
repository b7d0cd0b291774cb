//! Claims for people and for programs.

use dns_core::identifier::{Installation, ProviderName};
use dns_zone::{Claim, Extent, Line, Manifest, Mark, Owner};
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
        let Claim { extent, types } = claim;
        let (kind, name, place) = match extent {
            Extent::Zone => ("zone", None, "the whole zone".to_owned()),
            Extent::Below(owner) => ("below", Some(owner), format!("{} and all below it", owner.relative_to(apex))),
            Extent::Name(owner) => ("name", Some(owner), owner.relative_to(apex)),
        };
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        let about = if types.is_empty() { place } else { format!("{place}: {}", types.join(", ")) };
        Self { installation: install.clone(), extent: kind, name: name.cloned(), types, about }
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
    fn programs_get_names_whole() {
        let report = report(&["beta;own=name:www;types=a;"]);
        let json = serde_json::to_value(&report).expect("JSON");
        let claim = serde_json::json!({ "installation": "beta", "extent": "name", "name": "www.example.test.", "types": ["A"] });
        let expected =
            serde_json::json!({ "zone": "example.test.", "target": "main", "installation": "acme", "claims": [claim] });
        assert_eq!(json, expected);
    }
}
