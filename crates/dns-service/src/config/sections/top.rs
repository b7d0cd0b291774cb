//! The top level over all files: lists are joined, maps united, everything else given once.

use std::path::Path;

use dns_core::identifier::Installation;

use crate::config::fault::{Fault, Place, Report};
use crate::config::tree::{Map, Spot};
use crate::config::yaml::Node;

/// The version of the format that this code reads.
const API_VERSION: &str = "dnsfailover/v1";

const KEYS: &[&str] = &[
    "apiVersion",
    "installation",
    "revision",
    "regions",
    "vantagePoints",
    "resolvers",
    "providers",
    "policies",
    "services",
    "groups",
    "rules",
    "store",
    "controller",
    "monitor",
    "tls",
    "drain",
    "canary",
    "blastRadius",
    "windows",
    "drills",
    "drillsAtOnce",
    "drillWarning",
    "notifications",
    "sync",
];

/// Keys that may stand in several files.
const JOINED: &[&str] = &[
    "apiVersion",
    "regions",
    "vantagePoints",
    "resolvers",
    "providers",
    "policies",
    "services",
    "groups",
    "rules",
    "notifications",
    "windows",
    "drills",
];

/// The top levels of all files.
#[derive(Debug)]
pub(crate) struct Top<'t> {
    report: &'t Report,
    files: Vec<Map<'t>>,
}

impl<'t> Top<'t> {
    /// Looks at the top of every file.
    pub(crate) fn new(roots: &'t [Node], report: &'t Report) -> Self {
        let files = roots.iter().filter_map(|root| Spot::root(report, root).map(KEYS)).collect();
        let top = Self { report, files };
        top.check_versions();
        top.refuse_twice();
        top
    }

    /// A section that stands in one file at the most.
    pub(crate) fn one(&self, key: &str) -> Option<Spot<'t>> {
        self.all(key).next()
    }

    /// The items of a list, over all files; empty if no file has it.
    pub(crate) fn items(&self, key: &str) -> Vec<Spot<'t>> {
        self.all(key).filter_map(|spot| spot.list()).flatten().collect()
    }

    /// Keys and values of a map, over all files; keys that stand in two files are reported.
    pub(crate) fn entries(&self, key: &str) -> Vec<(Spot<'t>, Spot<'t>)> {
        self.all(key).filter_map(|spot| spot.named_map()).flat_map(|map| map.entries().to_vec()).collect()
    }

    /// The name of this installation.
    pub(crate) fn installation(&self) -> Option<Installation> {
        let spot = self.one("installation");
        if spot.is_none() {
            let hint = "add `installation: NAME`; it tells this installation's fences from others";
            self.missing("`installation` is missing", hint);
        }
        spot?.parse()
    }

    /// The revision, 0 without one.
    pub(crate) fn revision(&self) -> Option<u64> {
        // JSON readers keep whole numbers up to 2⁵³, and it goes into fences.
        self.one("revision").map_or(Some(0), |spot| spot.number(1..=1 << 53))
    }

    /// Writes down that something is missing from all files together.
    pub(crate) fn missing(&self, message: &str, hint: &str) {
        let place = self
            .files
            .first()
            .map_or_else(|| Place::file(Path::new("configuration")), |map| Place::file(&map.spot().place().file));
        self.report.fault(Fault::new(&place, "", message, Some(hint.to_owned())));
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Spot<'t>> + 'a {
        self.files.iter().filter_map(move |map| map.optional(key))
    }

    fn check_versions(&self) {
        for map in &self.files {
            let Some(spot) = map.required("apiVersion") else { continue };
            if let Some(version) = spot.text().filter(|version| *version != API_VERSION) {
                spot.fault(format!("`{version}` is not `{API_VERSION}`, the version that this program reads"));
            }
        }
    }

    fn refuse_twice(&self) {
        for key in KEYS.iter().filter(|key| !JOINED.contains(key)) {
            let mut spots = self.all(key);
            let Some(first) = spots.next() else { continue };
            for spot in spots {
                spot.fault(format!("is given twice; it also stands at {}", first.place()));
            }
        }
    }
}
