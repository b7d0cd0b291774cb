//! Our own programs, as they are built: daemons as processes, and the command line tool.
//!
//! They are taken from the folder that the tests were built into and are not built here; `./tests/run` does that first.

use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::command;
use crate::http;
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;

/// The environment variable that arms failpoints.
const FAILPOINTS: &str = "DNS_FAILPOINTS";

/// The size of a daemon's own disk: a store with some history fits well, and filling the rest takes no time.
const DISK_SIZE: &str = "8m";

/// How to start a daemon.
#[derive(Clone, Debug)]
pub struct Launch {
    program: Program,
    listen: Option<SocketAddr>,
    ca: Option<PathBuf>,
}

impl Launch {
    /// One of our daemons: `dns-monitor` or `failover-controller`.
    ///
    /// # Panics
    ///
    /// When it is not built.
    pub fn new(name: &str) -> Self {
        Self { program: Program::at(our_program(name)), listen: None, ca: None }
    }

    /// One of our daemons, with a small file system of its own at `folder`, which only it sees. `prepare` are lines of
    /// `sh` that run before it, with the folder as `$0`.
    ///
    /// # Panics
    ///
    /// When it is not built.
    pub fn on_own_disk(name: &str, folder: &Path, prepare: &str) -> Self {
        let script = format!("set -e\nmount -t tmpfs -o size={DISK_SIZE},mode=700 none \"$0\"\n{prepare}\nexec \"$@\"");
        // Root needs no user namespace, and some systems allow none; for everyone else it is the way to mount.
        let spaces: &[&str] = if rustix::process::geteuid().is_root() { &["-m"] } else { &["-U", "-r", "-m"] };
        let program = Program::installed("unshare").args(spaces).args(["sh", "-c", &script]).arg(folder);
        Self { program: program.arg(our_program(name)), listen: None, ca: None }
    }

    /// One of our daemons whose log nobody reads any more: it is a pipe, at `fifo`, that was closed at the other end.
    ///
    /// # Panics
    ///
    /// When it is not built.
    pub fn unread(name: &str, fifo: &Path) -> Self {
        let script = "mkfifo \"$0\" && { (: <\"$0\") & exec \"$@\" 2>\"$0\"; }";
        let program = Program::installed("sh").args(["-c", script]).arg(fifo).arg(our_program(name)).label(name);
        Self { program, listen: None, ca: None }
    }

    /// Names the process in logs and failures, when there are several of a kind.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.program = self.program.label(label);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.program = self.program.arg(arg);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.program = self.program.env(name, value);
        self
    }

    /// Where it listens; by default a fresh port of the sandbox.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// It serves TLS, by a certificate that this CA (a PEM file) signed.
    #[must_use]
    pub fn tls(mut self, ca: impl Into<PathBuf>) -> Self {
        self.ca = Some(ca.into());
        self
    }
}

/// A running daemon of ours.
#[derive(Debug)]
pub struct Daemon {
    address: SocketAddr,
    ca: Option<PathBuf>,
    process: Process,
}

impl Daemon {
    /// Starts it with `--listen` and waits until it says that it is ready.
    ///
    /// # Panics
    ///
    /// When it is not ready within [`PATIENCE`].
    pub fn start(sandbox: &Sandbox, launch: Launch) -> Self {
        let mut daemon = Self::spawn(sandbox, launch);
        daemon.until_ready();
        daemon
    }

    /// Starts it and does not wait.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn spawn(sandbox: &Sandbox, launch: Launch) -> Self {
        let Launch { program, listen, ca } = launch;
        let address = listen.unwrap_or_else(|| sandbox.socket());
        let process = sandbox.start(program.args(["--listen", &address.to_string()]));
        Self { address, ca, process }
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`], or the daemon ends.
    pub fn until_ready(&mut self) {
        let url = format!("{}/readyz", self.url());
        let ca = self.ca.clone();
        self.process.until_ready(PATIENCE, || http::is_ok(&url, ca.as_deref()));
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The base URL of its API, without a final slash.
    pub fn url(&self) -> String {
        let scheme = if self.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The authority that its certificate is from, if it serves TLS.
    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// Its metrics; empty while it does not answer.
    pub fn metrics(&self) -> String {
        let answer = http::get(&format!("{}/metrics", self.url()), self.ca());
        answer.map(|answer| answer.body).unwrap_or_default()
    }

    /// The process, to be killed, stopped or terminated.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it again, after a kill or in place of the running process, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When it is not ready within [`PATIENCE`].
    pub fn restart(&mut self) {
        self.process.restart();
        self.until_ready();
    }

    /// Starts it again with `DNS_FAILPOINTS` that end it, and waits for its end.
    ///
    /// # Panics
    ///
    /// When it is still running after [`PATIENCE`].
    pub fn restart_to_its_end(&mut self, failpoints: &str) {
        self.process.restart_with_env(FAILPOINTS, Some(failpoints));
        self.process.wait(PATIENCE);
    }

    /// Starts it again with these `DNS_FAILPOINTS` and does not wait: it may not get as far as being ready.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn spawn_with_failpoints(&mut self, failpoints: Option<&str>) {
        self.process.restart_with_env(FAILPOINTS, failpoints);
    }

    /// What it answers at a path, whatever the status is; `Err` while it does not answer.
    ///
    /// # Errors
    ///
    /// curl's message.
    pub fn get(&self, path: &str) -> Result<http::Answer, String> {
        http::get(&format!("{}{path}", self.url()), self.ca())
    }

    /// Starts it again with these `DNS_FAILPOINTS`, counted from this start, or without any.
    ///
    /// # Panics
    ///
    /// When it is not ready within [`PATIENCE`].
    pub fn restart_with_failpoints(&mut self, failpoints: Option<&str>) {
        self.process.restart_with_env(FAILPOINTS, failpoints);
        self.until_ready();
    }
}

/// Runs `dns-admin` to its end: exit code, standard output, standard error.
///
/// # Panics
///
/// When it is not built.
pub fn admin(args: &[&str]) -> (i32, String, String) {
    admin_with(args, &[], "")
}

/// Runs `dns-admin` with an environment and an input.
///
/// # Panics
///
/// When it is not built.
pub fn admin_with(args: &[&str], env: &[(&str, &str)], stdin: &str) -> (i32, String, String) {
    let finished = command::run_at(&our_program("dns-admin"), args, env, stdin);
    (finished.code, finished.stdout, finished.stderr)
}

/// The path of one of our programs: tests are in `target/PROFILE/deps`, programs in `target/PROFILE`.
///
/// # Panics
///
/// When it is not built.
pub fn our_program(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of the running test");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("invariant: a test is two folders deep");
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is not built: run `cargo build --workspace --bins`, or ./tests/run, which does",
        program.display()
    );
    program
}
