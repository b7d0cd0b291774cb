//! The program itself: exit codes and the drain.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::monitor::config;

fn monitor(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dns-monitor"));
    command.env_remove("DNS_LOG").arg("--vantage-point").arg("fra1").arg("--config").arg(config);
    command
}

fn written(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("config.yaml");
    std::fs::write(&path, text).expect("written");
    path
}

/// A child that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bad_configuration_ends_with_64_and_a_good_one_checks_out() {
    let folder = tempfile::tempdir().expect("folder");
    let bad = written(folder.path(), &config(80, 80, "nonsense: true"));
    let output = monitor(&bad).output().expect("runs");
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(told.contains("nonsense"), "{told}");
    let good = written(folder.path(), &config(80, 80, ""));
    let output = monitor(&good).arg("--check-config").output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn an_unknown_vantage_point_ends_with_64() {
    let folder = tempfile::tempdir().expect("folder");
    let good = written(folder.path(), &config(80, 80, "").replace("name: fra1", "name: lon1"));
    let output = monitor(&good).output().expect("runs");
    assert_eq!(output.status.code(), Some(64), "{output:?}");
}

#[test]
fn sigterm_drains_and_ends_with_0() {
    let folder = tempfile::tempdir().expect("folder");
    let path = written(folder.path(), &config(9, 9, ""));
    let mut command = monitor(&path);
    command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped());
    let mut running = Running(command.spawn().expect("starts"));
    let stderr = BufReader::new(running.0.stderr.take().expect("a pipe"));
    let mut lines = stderr.lines().map(|line| line.expect("text"));
    assert!(lines.any(|line| line.contains("listening")), "it listens");
    let pid = Pid::from_child(&running.0);
    kill_process(pid, Signal::TERM).expect("signalled");
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains("stopped listening")), "{rest:?}");
    assert_eq!(running.0.wait().expect("ended").code(), Some(0));
}
