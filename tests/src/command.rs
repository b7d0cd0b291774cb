//! Tools that run to their end: `dig`, `nsupdate`, `rndc` and the like, each under a time limit.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::process::find_program;

/// Seconds that a tool may take. None of them waits for more than a few round trips on loopback.
const LIMIT_S: &str = "30";

/// What a tool left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit code; 128 + 9 when the time limit ended it.
    pub code: i32,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl Finished {
    /// Whether the exit code is 0.
    pub fn is_success(&self) -> bool {
        self.code == 0
    }

    /// Returns standard output.
    ///
    /// # Panics
    ///
    /// When the exit code is not 0, with all of the output.
    pub fn expect(self, what: &str) -> String {
        assert!(self.is_success(), "{what}: {self:?}");
        self.stdout
    }
}

/// Runs an installed tool with `stdin` as its input.
///
/// # Panics
///
/// When the tool is not installed.
pub fn run<A: Into<OsString>>(tool: &str, args: impl IntoIterator<Item = A>, stdin: &str) -> Finished {
    run_at(&find_program(tool), args, &[], stdin)
}

/// Runs the program at `path`, with `env` on top of the environment and `stdin` as its input.
///
/// # Panics
///
/// When it cannot be started.
pub fn run_at<A: Into<OsString>>(
    path: &Path,
    args: impl IntoIterator<Item = A>,
    env: &[(&str, &str)],
    stdin: &str,
) -> Finished {
    // `timeout` keeps a hanging tool from hanging the test; KILL because a stopped tool ignores everything else.
    let mut child = Command::new(find_program("timeout"))
        .args(["--signal=KILL", LIMIT_S])
        .arg(path)
        .args(args.into_iter().map(Into::into))
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", path.display()));
    let mut input = child.stdin.take().expect("invariant: stdin is piped");
    let text = stdin.to_owned();
    // On a thread of its own, or a tool that writes before it reads everything would block both sides.
    let writer = thread::spawn(move || {
        // A tool that refuses early closes its input; its exit code tells the story.
        let _ = input.write_all(text.as_bytes());
    });
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("cannot wait for {}: {error}", path.display()));
    writer.join().expect("invariant: the writer does not panic");
    Finished {
        code: output.status.code().unwrap_or(128 + 9),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
