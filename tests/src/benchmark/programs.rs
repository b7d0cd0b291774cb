//! Our daemons as they ship: built here in release, checked, and copied.
//!
//! They are copied because others may build in the same checkout during a run, and a daemon that is started again
//! must be the one that was started before. What was built is taken from cargo's own messages, not guessed from file
//! names, so a debug build or one with failpoints is never measured.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::arguments::workspace;
use super::say;

/// The probe engine.
const MONITOR: &str = "dns-monitor";

/// The one that decides and writes.
const CONTROLLER: &str = "failover-controller";

/// The one that keeps zones equal.
const SYNC: &str = "dns-sync";

/// The feature that no shipped program has.
const FAILPOINTS: &str = "failpoints";

/// Release builds of our daemons.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// `dns-monitor`.
    pub(crate) monitor: PathBuf,
    /// `failover-controller`.
    pub(crate) controller: PathBuf,
}

impl Programs {
    /// Builds them, and copies them into `folder`.
    pub(crate) fn build(folder: &Path) -> anyhow::Result<Self> {
        let artifacts = built(&[MONITOR, CONTROLLER])?;
        let copy = |name: &str| copied(&artifacts, name, folder);
        Ok(Self { monitor: copy(MONITOR)?, controller: copy(CONTROLLER)? })
    }
}

/// Builds dns-sync alone, and copies it into `folder`.
pub(crate) fn build_sync(folder: &Path) -> anyhow::Result<PathBuf> {
    copied(&built(&[SYNC])?, SYNC, folder)
}

/// What builds programs, as the reader would.
fn arguments(packages: &[&str]) -> Vec<String> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    ["build", "--release", "--bins"].into_iter().chain(packages).map(str::to_owned).collect()
}

/// Builds programs; what cargo says that it made.
fn built(packages: &[&str]) -> anyhow::Result<Vec<Value>> {
    let arguments = arguments(packages);
    say(&format!("cargo {}", arguments.join(" ")));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(&arguments)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo: install Rust, or start this with `cargo run`")?;
    ensure!(built.status.success(), "the programs are not built: see above, and `cargo {}`", arguments.join(" "));
    let messages = String::from_utf8_lossy(&built.stdout);
    let artifacts: Vec<Value> = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    refuse_failpoints(&artifacts)?;
    Ok(artifacts)
}

fn copied(artifacts: &[Value], name: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let (from, to) = (executable(artifacts, name)?, folder.join(name));
    fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(to)
}

/// The path of an optimised executable.
fn executable(artifacts: &[Value], name: &str) -> anyhow::Result<PathBuf> {
    let of_it = |artifact: &&Value| artifact["target"]["name"] == name && artifact["executable"].is_string();
    let artifact = artifacts.iter().find(of_it);
    let artifact =
        artifact.with_context(|| format!("cargo built no {name}: run `cargo {}`", arguments(&[name]).join(" ")))?;
    let optimised = artifact["profile"]["opt_level"].as_str().is_some_and(|level| level != "0");
    if !optimised || artifact["profile"]["debug_assertions"] == true {
        bail!("{name} is a debug build, whose figures say nothing");
    }
    Ok(PathBuf::from(artifact["executable"].as_str().unwrap_or_default()))
}

fn refuse_failpoints(artifacts: &[Value]) -> anyhow::Result<()> {
    let has = |artifact: &&Value| {
        artifact["features"].as_array().is_some_and(|all| all.iter().any(|feature| feature == FAILPOINTS))
    };
    match artifacts.iter().find(has) {
        None => Ok(()),
        Some(artifact) => {
            bail!("{} is built with failpoints, which no shipped program has", artifact["target"]["name"])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn artifact(opt_level: &str, debug_assertions: bool, features: &[&str]) -> Value {
        json!({
            "reason": "compiler-artifact", "target": { "name": "dns-monitor" }, "features": features,
            "profile": { "opt_level": opt_level, "debug_assertions": debug_assertions },
            "executable": "/somewhere/dns-monitor",
        })
    }

    #[test]
    fn takes_the_optimised_executable_that_cargo_names() {
        let library = json!({ "target": { "name": "dns-monitor" }, "executable": null });
        let found = executable(&[library, artifact("3", false, &[])], "dns-monitor").expect("an executable");
        assert_eq!(found, PathBuf::from("/somewhere/dns-monitor"));
    }

    #[test]
    fn measures_no_debug_build() {
        let refused = |artifact: Value| executable(&[artifact], "dns-monitor").expect_err("a refusal").to_string();
        assert!(refused(artifact("0", false, &[])).contains("debug build"));
        assert!(refused(artifact("3", true, &[])).contains("debug build"));
    }

    #[test]
    fn measures_no_build_with_failpoints() {
        assert!(refuse_failpoints(&[artifact("3", false, &["tls"])]).is_ok());
        assert!(refuse_failpoints(&[artifact("3", false, &["failpoints"])]).is_err());
    }

    #[test]
    fn says_how_to_build_what_is_not_there() {
        let error = executable(&[], "dns-monitor").expect_err("a refusal").to_string();
        assert!(error.contains("cargo build --release"), "{error}");
    }
}
