//! Other people's Python clients, which the fakes of providers are checked by.
//!
//! `./tests/run` installs them from `tests/clients/requirements.txt` into `target/clients`; the scripts lie beside the
//! requirements. They run isolated from the machine: no user's packages, no proxy, no credentials but the given ones.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Finished, run_at};

/// The scripts and the requirements.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

/// What tests/run installs into.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/clients");

/// The environment of every script: a proxy would take loopback traffic off the machine, a profile or the metadata
/// service would bring other credentials than the test's. A script's own settings come after these and win.
const ENV: [(&str, &str); 8] = [
    ("NO_PROXY", "*"),
    ("no_proxy", "*"),
    ("PYTHONUTF8", "1"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_MAX_ATTEMPTS", "1"),
];

/// The interpreter that has the clients installed; programs that came with them lie in the same folder.
///
/// # Panics
///
/// When they are not installed, or were installed from other requirements. Missing clients never skip a test.
pub fn python() -> PathBuf {
    let wanted = read(&Path::new(SCRIPTS).join("requirements.txt")).expect("the requirements of the Python clients");
    let installed = read(&Path::new(INSTALLED).join("requirements.txt"));
    let state = if installed.is_none() { "are not installed" } else { "are of other versions than wanted" };
    assert!(
        installed == Some(wanted),
        "the Python clients {state} in {INSTALLED}: run ./tests/run once, it installs them"
    );
    Path::new(INSTALLED).join("bin/python")
}

/// Runs a script of `tests/clients` (or any by its absolute path) to its end, under the time limit of every tool.
///
/// # Panics
///
/// When the clients are not installed.
pub fn run_script(script: impl AsRef<Path>, args: &[&str], env: &[(&str, &str)]) -> Finished {
    let script = Path::new(SCRIPTS).join(script);
    let script = script.to_str().expect("invariant: the checkout's path is UTF-8");
    // -B: a checkout is no place for bytecode. -s: no packages of the user who happens to run this.
    let args = [&["-B", "-s", script], args].concat();
    run_at(&python(), args, &[&ENV, env].concat(), "")
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_with_the_clients_and_without_the_machines_credentials() {
        let script =
            "import os, boto3, cloudflare, octodns_route53; print(os.environ['AWS_CONFIG_FILE'], os.environ['OWN'])";
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("script.py");
        fs::write(&file, script).expect("a script");
        let output = run_script(&file, &[], &[("OWN", "yes")]).expect("the script");
        assert_eq!(output, "/dev/null yes\n");
    }
}
