//! The programs that have to be installed, told all at once and before anything is started.

use std::env;
use std::path::Path;

use anyhow::bail;

/// Each program with the Debian package that brings it.
const PROGRAMS: [(&str, &str); 13] = [
    ("curl", "curl"),
    ("dig", "bind9-dnsutils"),
    ("gdnsd", "gdnsd"),
    ("git", "git"),
    ("getconf", "libc-bin"),
    ("knotd", "knot"),
    ("named", "bind9"),
    ("nginx", "nginx-light"),
    ("pdns_server", "pdns-server"),
    ("pdnsutil", "pdns-server"),
    ("setpriv", "util-linux"),
    ("sqlite3", "sqlite3"),
    ("timeout", "coreutils"),
];

/// What PowerDNS needs for its database; a package without a program.
const BACKEND: (&str, &str) = (super::peers::SCHEMA, "pdns-backend-sqlite3");

/// Where daemons live that are not in every user's `PATH`.
const SYSTEM_FOLDERS: &str = "/usr/sbin:/usr/local/sbin:/sbin";

/// # Errors
///
/// One line that names what is missing and the command that installs it.
pub(super) fn check() -> anyhow::Result<()> {
    let path = env::var("PATH").unwrap_or_default() + ":" + SYSTEM_FOLDERS;
    let missing = missing(
        |program| env::split_paths(&path).any(|folder| folder.join(program).is_file()),
        |file| Path::new(file).is_file(),
    );
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    bail!("not installed: {packages}; as root: apt-get install --no-install-recommends {packages}")
}

/// The packages that are missing, each once.
fn missing(is_program: impl Fn(&str) -> bool, is_file: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let programs = PROGRAMS.iter().filter(|(program, _)| !is_program(program)).map(|(_, package)| *package);
    let files = [BACKEND].into_iter().filter(|(file, _)| !is_file(file)).map(|(_, package)| package);
    let mut packages: Vec<&str> = programs.chain(files).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_each_missing_package_once() {
        assert_eq!(missing(|_| true, |_| true), Vec::<&str>::new());
        let without_power_dns = missing(|program| !program.starts_with("pdns"), |_| true);
        assert_eq!(without_power_dns, ["pdns-server"]);
        assert_eq!(missing(|program| program != "gdnsd", |_| false), ["gdnsd", "pdns-backend-sqlite3"]);
    }
}
