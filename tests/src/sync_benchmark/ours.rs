//! dns-sync, told what to do by its own configuration.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::figures::{self, Ran};
use super::zone::ZONE;
use crate::AuthServer;

/// A release build of it.
pub(super) struct Ours {
    program: PathBuf,
    /// Runs what measures.
    python: PathBuf,
}

impl Ours {
    pub(super) fn new(program: PathBuf, python: PathBuf) -> Self {
        Self { program, python }
    }

    /// The program.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Saves a plan.
    pub(super) fn plan(&self, folder: &Path, config: &Path, env: &[(String, String)]) -> anyhow::Result<Ran> {
        self.run(folder, config, &["plan".into(), "--out".into(), plan_file(folder).into()], env)
    }

    /// Applies the plan that was saved last.
    pub(super) fn apply(
        &self,
        folder: &Path,
        config: &Path,
        forced: &[&str],
        env: &[(String, String)],
    ) -> anyhow::Result<Ran> {
        let forced = forced.iter().flat_map(|limit| ["--force", limit]).map(OsString::from);
        let arguments: Vec<OsString> = ["apply".into(), plan_file(folder).into()].into_iter().chain(forced).collect();
        self.run(folder, config, &arguments, env)
    }

    fn run(
        &self,
        folder: &Path,
        config: &Path,
        arguments: &[OsString],
        env: &[(String, String)],
    ) -> anyhow::Result<Ran> {
        let arguments: Vec<OsString> =
            ["--config".into(), config.into()].into_iter().chain(arguments.iter().cloned()).collect();
        figures::run(&self.python, folder, &self.program, &arguments, env)
    }
}

fn plan_file(folder: &Path) -> PathBuf {
    folder.join("plan.json")
}

/// A folder of zone files.
pub(super) fn files(folder: &Path) -> String {
    format!("{{ zoneFiles: {{ folder: {}, zones: [{ZONE}] }} }}", folder.display())
}

/// A primary that takes DNS UPDATE.
pub(super) fn updated(server: &AuthServer, secret_file: &Path) -> String {
    let key = server.key();
    format!(
        "{{ rfc2136: {{ server: \"{}\", zones: [{ZONE}], timeout: 2m, tsig: {{ name: {}, algorithm: {}, secretFile: {} }} }} }}",
        server.address(),
        key.name(),
        key.algorithm(),
        secret_file.display(),
    )
}

/// The API of `PowerDNS`.
pub(super) fn powerdns(server: &AuthServer, key_file: &Path) -> String {
    let (address, key_file) = (server.api().address, key_file.display());
    format!("{{ powerdns: {{ url: \"http://{address}\", zones: [{ZONE}], timeout: 2m, apiKeyFile: {key_file} }} }}")
}

/// A configuration from a file to a provider.
pub(super) fn configuration(source: &Path, target: &str, folder: &Path) -> String {
    format!(
        "apiVersion: dnsfailover/v1\ninstallation: benchmark\nproviders:\n  target: {target}\nsync:\n  folder: {}\n  \
         zones: [ {{ zone: {ZONE}, source: {{ file: {} }}, targets: [target] }} ]\n",
        folder.join("state").display(),
        source.display(),
    )
}
