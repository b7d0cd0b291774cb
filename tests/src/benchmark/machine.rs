//! Where and with what the run was made: a figure without that is a rumour.

use std::fs;
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use serde::Serialize;

use super::arguments::workspace;
use crate::command;

/// A machine, its programs, and how busy it was.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// When the run began, RFC 3339 in UTC.
    pub(crate) date: String,
    /// The CPU's model.
    pub(crate) cpu: String,
    /// How many cores this process may use.
    pub(crate) cores: usize,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The file system of the temporary folder, where journals and the store are synced to.
    pub(crate) file_system: String,
    /// Of the workspace, with a mark if it had changes.
    pub(crate) commit: String,
    /// What each program says of its version.
    pub(crate) versions: Vec<(String, String)>,
    /// Load average over 1, 5 and 15 minutes at the beginning.
    pub(crate) load_before: String,
    /// The same at the end.
    pub(crate) load_after: String,
}

impl Machine {
    /// Looks at everything, with `scratch` as the run's temporary folder.
    pub(crate) fn look(scratch: &Path) -> Self {
        let load = load();
        Self {
            date: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            cpu: cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            file_system: file_system(&fs::read_to_string("/proc/self/mounts").unwrap_or_default(), scratch),
            commit: commit(),
            versions: versions(),
            load_after: load.clone(),
            load_before: load,
        }
    }
}

/// Load average over 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn cpu(cpuinfo: &str) -> String {
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("unknown", |(_, model)| model.trim()).to_owned()
}

/// The type of the mount that holds a path: the longest mount point above it, and of equal ones the last, which covers
/// the others.
fn file_system(mounts: &str, path: &Path) -> String {
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = fields.filter(|(mount, _)| path.starts_with(mount));
    above.max_by_key(|(mount, _)| mount.len()).map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

fn commit() -> String {
    let folder = workspace().display().to_string();
    let git = |args: &[&str]| {
        let finished = command::run("git", ["-C", folder.as_str()].iter().chain(args), "");
        finished.is_success().then(|| finished.stdout.trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "none".to_owned() };
    let is_clean = git(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
    if is_clean { commit } else { commit + " with uncommitted changes" }
}

/// Each asks for the line that has a version; some programs print it on standard error, or in their usage.
fn versions() -> Vec<(String, String)> {
    let line = |program: &str, args: &[&str]| {
        // Not every benchmark needs every program.
        crate::process::installed(program)?;
        let finished = command::run(program, args.iter().copied(), "");
        Some(version(&(finished.stdout + &finished.stderr)))
    };
    let said = [
        ("Knot DNS", line("knotd", &["--version"])),
        ("BIND", line("named", &["-v"])),
        ("gdnsd", line("gdnsd", &[])),
        ("PowerDNS", line("pdns_server", &["--version"])),
        ("nginx", line("nginx", &["-v"])),
        ("rustc", line("rustc", &["--version"])),
    ];
    said.into_iter().filter_map(|(name, version)| Some((name.to_owned(), version?))).collect()
}

/// The first word that looks like a version: digits with points, perhaps behind a name and a slash.
fn version(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || matches!(letter, '/' | ',' | '(' | ')'));
    let is_version =
        |word: &&str| word.contains('.') && word.split('.').take(2).all(|part| part.parse::<u32>().is_ok());
    words.into_iter().find(is_version).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_version_in_what_programs_print() {
        assert_eq!(version("knotd (Knot DNS), version 3.2.6"), "3.2.6");
        assert_eq!(version("Nov 21 12:17:40 PowerDNS Authoritative Server 4.7.3 (C) 2001-2022"), "4.7.3");
        assert_eq!(version("BIND 9.18.24-1-Debian (Extended Support Version) <id:>"), "9.18.24-1-Debian");
        assert_eq!(version("nginx version: nginx/1.22.1"), "1.22.1");
        assert_eq!(version("gdnsd version 3.8.1\nUsage: gdnsd [-c /etc/gdnsd]"), "3.8.1");
        assert_eq!(version("no digits"), "unknown");
    }

    #[test]
    fn the_longest_mount_above_a_path_is_its_file_system() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmpfiles xfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/bench-1")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/var/tmp")), "ext4");
    }

    #[test]
    fn reads_the_cpu_model() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: A CPU @ 2.0 GHz\n"), "A CPU @ 2.0 GHz");
        assert_eq!(cpu(""), "unknown");
    }
}
