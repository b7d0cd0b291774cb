//! `regions:` at the top: the places that can serve, in order of preference.

use std::collections::BTreeMap;

use dns_core::identifier::RegionName;

use super::refuse_repeated;
use super::top::Top;
use crate::config::secret::Program;
use crate::config::suggestion;
use crate::config::tree::Spot;

/// The declared regions.
#[derive(Debug)]
pub(crate) struct Regions {
    /// Names in order of preference.
    pub(crate) names: Vec<RegionName>,
    /// Where they are, if the files say so.
    pub(crate) locations: BTreeMap<RegionName, String>,
}

impl Regions {
    /// Reads the section.
    pub(crate) fn read(top: &Top<'_>, program: &Program) -> Self {
        let items = top.items("regions");
        // Who only keeps zones equal has no regions.
        let moves_nothing = top.one("sync").is_some() && top.items("services").is_empty();
        if top.one("regions").is_none() && moves_nothing {
            return Self { names: Vec::new(), locations: BTreeMap::new() };
        }
        if top.one("regions").is_none() && *program == Program::Sync && top.items("services").is_empty() {
            let hint = "say what is kept equal: `sync: { zones: [ { zone: example.com, source: { file: PATH }, targets: [NAME] } ] }`";
            top.missing("`sync.zones` is missing", hint);
        } else if top.one("regions").is_none() {
            top.missing("`regions` is missing", "declare at least two: `regions: [ { name: prod }, { name: dr } ]`");
        } else if items.len() < 2 {
            top.missing("`regions` needs at least two", "a service moves from one region to another");
        }
        let mut named: Vec<(Spot<'_>, RegionName)> = Vec::new();
        let mut locations = BTreeMap::new();
        for item in &items {
            let Some(map) = item.map(&["name", "location"]) else { continue };
            let location = map.optional("location").and_then(|spot| spot.text());
            let Some(spot) = map.required("name") else { continue };
            let Some(name) = spot.parse::<RegionName>() else { continue };
            locations.extend(location.map(|text| (name.clone(), text.to_owned())));
            named.push((spot, name));
        }
        refuse_repeated("region", named.iter().map(|(spot, name)| (spot, name)));
        Self { names: named.into_iter().map(|(_, name)| name).collect(), locations }
    }

    /// Reads a reference to a region.
    pub(crate) fn reference(&self, spot: &Spot<'_>) -> Option<RegionName> {
        let name: RegionName = spot.parse()?;
        let declared = self.names.iter().find(|declared| **declared == name);
        if let Some(declared) = declared {
            return Some(declared.clone());
        }
        let hint = suggestion::hint(name.as_str(), self.names.iter().map(RegionName::as_str));
        spot.fault_with_hint(format!("there is no region `{name}`"), hint);
        None
    }
}
