//! octoDNS, installed from pinned versions into `target/`, and told what to do by its own configuration.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::figures::{self, Ran};
use super::zone::ZONE;
use crate::benchmark::arguments::workspace;
use crate::benchmark::say;
use crate::{AuthServer, find_program};

/// What is installed, beside the clients of the tests.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/sync-requirements.txt");

/// An installation of it.
pub(super) struct OctoDns {
    folder: PathBuf,
    requirements: String,
}

impl OctoDns {
    /// Installs it, unless what is there is what is wanted.
    pub(super) fn install() -> anyhow::Result<Self> {
        let folder = workspace().join("target/sync-peers");
        let requirements = fs::read_to_string(REQUIREMENTS).context("the requirements of octoDNS")?;
        let done = folder.join("requirements.txt");
        let made = Self { folder, requirements };
        if fs::read_to_string(&done).is_ok_and(|installed| installed == made.requirements) {
            return Ok(made);
        }
        say(&format!("octoDNS is installed into {}", made.folder.display()));
        finish(Command::new(find_program("python3")).args(["-m", "venv", "--clear"]).arg(&made.folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", REQUIREMENTS];
        finish(Command::new(made.python()).args(pip))?;
        // Last, so that an interrupted installation is none.
        fs::write(&done, &made.requirements).with_context(|| format!("cannot write {}", done.display()))?;
        Ok(made)
    }

    /// The interpreter that it runs in.
    pub(super) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Its parts with their versions.
    pub(super) fn versions(&self) -> Vec<String> {
        let lines = self.requirements.lines().filter(|line| line.starts_with("octodns"));
        lines.map(|line| line.replace("==", " ")).collect()
    }

    /// Shows what `octodns-sync` would do, or lets it.
    pub(super) fn run(&self, folder: &Path, config: &Path, does: bool) -> anyhow::Result<Ran> {
        let doit: &[&str] = if does { &["--doit"] } else { &[] };
        self.tool("octodns-sync", folder, config, doit)
    }

    /// Compares source and target, since its files are never read as a target. It ends with 1 if they differ.
    pub(super) fn compare(&self, folder: &Path, config: &Path) -> anyhow::Result<Ran> {
        let zone = format!("--zone={ZONE}.");
        self.tool("octodns-compare", folder, config, &["--a", "source", "--b", "target", &zone])
    }

    fn tool(&self, name: &str, folder: &Path, config: &Path, more: &[&str]) -> anyhow::Result<Ran> {
        let config: [OsString; 2] = ["--config-file".into(), config.into()];
        let arguments: Vec<OsString> = config.into_iter().chain(more.iter().map(OsString::from)).collect();
        figures::run(&self.python(), folder, &self.folder.join("bin").join(name), &arguments, &[])
    }
}

/// The provider that reads and writes zone files.
pub(super) fn files(folder: &Path) -> String {
    format!("{{ class: octodns_bind.ZoneFileProvider, directory: {}, file_extension: .zone }}", folder.display())
}

/// The provider that transfers and updates.
pub(super) fn updated(server: &AuthServer) -> String {
    let (address, key) = (server.address(), server.key());
    format!(
        "{{ class: octodns_bind.Rfc2136Provider, host: {}, port: {}, timeout: 120, key_name: {}, key_secret: \"{}\", \
         key_algorithm: {} }}",
        address.ip(),
        address.port(),
        key.name(),
        key.secret(),
        key.algorithm(),
    )
}

/// The provider of the API of `PowerDNS`.
pub(super) fn powerdns(server: &AuthServer) -> String {
    let api = server.api();
    format!(
        "{{ class: octodns_powerdns.PowerDnsProvider, host: {}, port: {}, api_key: {}, timeout: 120 }}",
        api.address.ip(),
        api.address.port(),
        api.key,
    )
}

/// A configuration from one provider to another.
pub(super) fn configuration(source: &str, target: &str) -> String {
    format!(
        "providers:\n  source: {source}\n  target: {target}\nzones:\n  {ZONE}.:\n    sources: [source]\n    targets: [target]\n"
    )
}

fn finish(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: let this machine reach PyPI, or name an index in PIP_INDEX_URL");
    Ok(())
}
