//! Ten thousand records that a target lacks: what octoDNS's batches of 1,000 changes make of a message of 64 KiB, and how many
//! batches ours needs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::figures::{Figures, tail};
use super::zone::{self, ZONE};
use super::{Programs, octodns, ours};
use crate::benchmark::say;
use crate::route53::Fake;
use crate::{AuthServer, Kind, Sandbox, Setup, route53};

/// Records that are created.
const RECORDS: usize = 10_000;

/// What every target begins with.
const FEW: usize = 1_000;

/// Limits that such a plan exceeds.
const FORCED: [&str; 2] = ["creates", "updatesShare"];

/// What Route 53 takes at once.
const ROUTE53_RECORDS: usize = 1_000;
const ROUTE53_CHARACTERS: usize = 32_000;

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Creates {
    pub(super) records: usize,
    /// Plan and apply at BIND.
    pub(super) bind: Figures,
    pub(super) bind_batches: usize,
    /// How octoDNS ended there.
    pub(super) octodns: String,
    /// Plan and apply at the stand-in of Route 53.
    pub(super) route53: Figures,
    pub(super) route53_batches: usize,
    /// The least that its limits allow.
    pub(super) route53_least: usize,
}

/// Both targets.
pub(super) fn run(programs: &Programs) -> anyhow::Result<Creates> {
    let folder = programs.folder.join("creates");
    fs::create_dir_all(folder.join("source"))?;
    let file = folder.join("source").join(format!("{ZONE}.zone"));
    fs::write(&file, zone::source(FEW) + &zone::tokens(RECORDS))?;
    let task = Task { programs, folder, file };
    let (bind, bind_batches, octodns) = task.bind()?;
    say(&format!("BIND: {RECORDS} records in {bind_batches} messages, {:.2} s; octoDNS: {octodns}", bind.wall_s));
    let (route53, route53_batches, route53_least) = task.route53()?;
    say(&format!("Route 53: {route53_batches} batches of at least {route53_least}, {:.2} s", route53.wall_s));
    Ok(Creates { records: RECORDS, bind, bind_batches, octodns, route53, route53_batches, route53_least })
}

struct Task<'p> {
    programs: &'p Programs,
    folder: PathBuf,
    file: PathBuf,
}

impl Task<'_> {
    fn bind(&self) -> anyhow::Result<(Figures, usize, String)> {
        let sandbox = Sandbox::new();
        // Each has a server of its own: what one writes, the other need not write any more.
        let server = |folder: &Sandbox| {
            AuthServer::start_in(folder, Kind::Bind, Setup::new(ZONE, &zone::source(FEW)).secondaries(0))
        };
        let octodns = self.octodns(&server(&Sandbox::new()))?;
        let server = server(&sandbox);
        let secret = sandbox.write("secret", format!("{}\n", server.key().secret()));
        let (figures, batches) = self.ours(&ours::updated(&server, &secret), &[])?;
        Ok((figures, batches, octodns))
    }

    /// How it ends.
    fn octodns(&self, server: &AuthServer) -> anyhow::Result<String> {
        let config = self.folder.join("octodns.yaml");
        let source = octodns::files(&self.folder.join("source"));
        fs::write(&config, octodns::configuration(&source, &octodns::updated(server)))?;
        let theirs = self.programs.theirs.run(&self.folder, &config, true)?;
        let last = tail(&theirs.stderr).lines().last().unwrap_or_default().to_owned();
        Ok(if theirs.code == 0 { "it went through".to_owned() } else { last })
    }

    fn route53(&self) -> anyhow::Result<(Figures, usize, usize)> {
        let fake = Fake::start(route53::Setup { sets_per_zone_max: 2 * RECORDS, ..route53::Setup::default() });
        let id = fake.zone(ZONE);
        let target = format!(
            "{{ route53: {{ zones: {{ {ZONE}: {id} }}, endpointUrl: \"{}\", requestsPerSecond: 1000, burst: 1000 }} }}",
            fake.url()
        );
        let mut env = fake.env();
        env.push(("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()));
        let (figures, batches) = self.ours(&target, &env)?;
        let sent = fake.batches();
        let sum = |of: fn(&route53::Batch) -> usize| sent.iter().map(of).sum::<usize>();
        let records = sum(|batch| batch.records).div_ceil(ROUTE53_RECORDS);
        let characters = sum(|batch| batch.characters).div_ceil(ROUTE53_CHARACTERS);
        Ok((figures, batches, records.max(characters)))
    }

    /// Plans and applies; in how many batches.
    fn ours(&self, target: &str, env: &[(String, String)]) -> anyhow::Result<(Figures, usize)> {
        let config = self.folder.join("ours.yaml");
        fs::write(&config, ours::configuration(&self.file, target, &self.folder))?;
        let folder: &Path = &self.folder;
        // So many creates stop the plan, which is saved all the same.
        let planned = self.programs.ours.plan(folder, &config, env)?.expect("dns-sync plan", &[0, 3])?;
        let applied = self.programs.ours.apply(folder, &config, &FORCED, env)?.expect("dns-sync apply", &[0])?;
        let said = || format!("dns-sync did not say how many batches it sent:\n{}", tail(&applied.stdout));
        let batches = batches(&applied.stdout).with_context(said)?;
        Ok((planned.figures.then(applied.figures), batches))
    }
}

/// From `… record sets written in N batches`.
fn batches(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(" written in ")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_many_batches_were_sent() {
        assert_eq!(batches("z at `t`: 10001 record sets written in 12 batches\n"), Some(12));
        assert_eq!(batches("nothing to do"), None);
    }
}
