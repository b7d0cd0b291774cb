//! Sandboxes and the processes in them.
//!
//! A [`Sandbox`] is a temporary folder and a loopback address. A [`Process`] is a server running in it with its own log
//! file; it is killed and reaped when it is dropped, and by the kernel when the test runner itself is killed.
//!
//! The kernel's part is `setpriv --pdeathsig KILL`, which execs the command (the pid stays the same) and needs no unsafe
//! code here. The signal is bound to the *thread* that started the child, not to the process, so all children are
//! started by one thread that lives as long as the runner.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::loopback::{LocalhostPort, Loopback};
use crate::until::{PATIENCE, until};

/// Where daemons live that are not in every user's `PATH`.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// The Debian package of each program that the rig starts.
const PACKAGES: [(&str, &str); 18] = [
    ("chromedriver", "chromium-driver"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("dig", "bind9-dnsutils"),
    ("knotc", "knot"),
    ("knotd", "knot"),
    ("knsupdate", "knot-dnsutils"),
    ("named", "bind9"),
    ("nginx", "nginx-light"),
    ("nsd", "nsd"),
    ("nsupdate", "bind9-dnsutils"),
    ("pdns_server", "pdns-server"),
    ("pdnsutil", "pdns-server"),
    ("rndc", "bind9-utils"),
    ("setpriv", "util-linux"),
    ("sqlite3", "sqlite3"),
    ("timeout", "coreutils"),
    ("unbound", "unbound"),
];

/// How much of a log is printed when a test fails.
const TAIL_LINES: usize = 40;

/// Finds an installed program in `PATH` and the system's folders for daemons.
///
/// # Panics
///
/// When it is missing, with the package that brings it. A missing program never skips a test.
pub fn find_program(name: &str) -> PathBuf {
    installed(name).unwrap_or_else(|| {
        let package = PACKAGES.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
        panic!(
            "{name} is not installed: it is in the Debian package {package}; ./tests/run installs what the tests need"
        )
    })
}

/// The same for a program that may be missing.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// A temporary folder and a loopback address, shared by the processes of one test. Clones are the same sandbox; it is
/// removed with the last of them.
#[derive(Clone, Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: TempDir,
    loopback: Loopback,
    /// Further addresses, kept claimed for as long as the sandbox lives.
    others: Mutex<Vec<Loopback>>,
    localhost_ports: Mutex<Vec<LocalhostPort>>,
    started: AtomicUsize,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Makes a folder and claims a loopback address.
    ///
    /// # Panics
    ///
    /// When either is impossible.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("dnsfailover-").tempdir().expect("a temporary folder");
        let shared = Shared {
            folder,
            loopback: Loopback::claim(),
            others: Mutex::default(),
            localhost_ports: Mutex::default(),
            started: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.shared.folder.path()
    }

    /// This sandbox's own loopback address.
    pub fn ip(&self) -> IpAddr {
        self.shared.loopback.ip()
    }

    /// A port that is free for TCP and UDP on [`ip`](Self::ip) and handed out once.
    pub fn port(&self) -> u16 {
        self.shared.loopback.port()
    }

    /// [`ip`](Self::ip) with a fresh [`port`](Self::port).
    pub fn socket(&self) -> SocketAddr {
        self.shared.loopback.socket()
    }

    /// Claims one more loopback address for this sandbox, e.g. for the endpoint of another region on the same port.
    pub fn another_ip(&self) -> IpAddr {
        let loopback = Loopback::claim();
        let ip = loopback.ip();
        self.shared.others.lock().unwrap_or_else(PoisonError::into_inner).push(loopback);
        ip
    }

    /// Claims 127.0.0.1 with a port for this sandbox, for software that cannot listen on any other loopback address.
    pub fn localhost_socket(&self) -> SocketAddr {
        let port = LocalhostPort::claim();
        let socket = port.socket();
        self.shared.localhost_ports.lock().unwrap_or_else(PoisonError::into_inner).push(port);
        socket
    }

    /// Writes a file, with its folders, and returns its path.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(name);
        let folder = file.parent().expect("invariant: a file in the sandbox has a folder");
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        fs::write(&file, contents).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
        file
    }

    /// Makes a folder and returns its path.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn folder(&self, name: impl AsRef<Path>) -> PathBuf {
        let folder = self.path().join(name);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        folder
    }

    /// Starts a program as a process of this sandbox, with its output in a log file there.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start(&self, program: Program) -> Process {
        let number = self.shared.started.fetch_add(1, Ordering::Relaxed);
        let log = self.path().join(format!("{number}-{}.log", program.label));
        let child = program.spawn(&log);
        Process { sandbox: self.clone(), program, log, child, exited: None }
    }
}

/// What to start: a program with its arguments and environment.
#[derive(Clone, Debug)]
pub struct Program {
    label: String,
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Program {
    /// An installed program; see [`find_program`].
    ///
    /// # Panics
    ///
    /// When it is not installed.
    pub fn installed(name: &str) -> Self {
        Self::at(find_program(name))
    }

    /// The program at this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let label = path.file_name().unwrap_or(OsStr::new("program")).to_string_lossy().into_owned();
        Self { label, path, args: Vec::new(), env: Vec::new() }
    }

    /// Names the process in logs and failures; by default it is the program's name.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable on top of the runner's environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Removes an environment variable that was set with [`env`](Self::env).
    fn forget_env(&mut self, name: &str) {
        self.env.retain(|(known, _)| known != name);
    }

    fn spawn(&self, log: &Path) -> Child {
        let output = File::options().create(true).append(true).open(log);
        let output = output.unwrap_or_else(|error| panic!("cannot open {}: {error}", log.display()));
        let errors = output.try_clone().unwrap_or_else(|error| panic!("cannot share {}: {error}", log.display()));
        let mut command = Command::new(find_program("setpriv"));
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.path).args(&self.args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        spawn_for_the_runners_life(command).unwrap_or_else(|error| panic!("cannot start {}: {error}", self.label))
    }
}

/// A request to the thread that starts children, with the place for its answer.
type Spawn = (Command, mpsc::SyncSender<io::Result<Child>>);

/// Starts a child whose parent thread never ends before the runner does.
fn spawn_for_the_runners_life(command: Command) -> io::Result<Child> {
    static SPAWNER: LazyLock<mpsc::Sender<Spawn>> = LazyLock::new(|| {
        let (requests, inbox) = mpsc::channel::<Spawn>();
        thread::spawn(move || {
            for (mut command, answer) in inbox {
                // The asking thread waits for the answer, unless it is gone with its whole process.
                let _ = answer.send(command.spawn());
            }
        });
        requests
    });
    let (answer, spawned) = mpsc::sync_channel(1);
    SPAWNER.send((command, answer)).expect("invariant: the spawner lives as long as the process");
    spawned.recv().expect("invariant: the spawner answers every request")
}

/// A running server. Killed and reaped on drop; when the test is failing, the end of its log is printed first.
#[derive(Debug)]
pub struct Process {
    /// Keeps folder and address until the process is gone.
    sandbox: Sandbox,
    program: Program,
    log: PathBuf,
    child: Child,
    /// Set once the child is reaped: from then on its pid may be somebody else's.
    exited: Option<ExitStatus>,
}

impl Process {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its sandbox.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Whether it has not ended yet; a stopped process counts as running.
    pub fn is_running(&mut self) -> bool {
        self.exit_status().is_none()
    }

    /// Its exit status, if it has ended.
    ///
    /// # Panics
    ///
    /// When the system refuses to tell.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        if self.exited.is_none() {
            self.exited = self.child.try_wait().expect("invariant: the child is ours to wait for");
        }
        self.exited
    }

    /// Kills it with SIGKILL and reaps it; a process that has ended already is left alone.
    ///
    /// # Panics
    ///
    /// When it is still there after [`PATIENCE`].
    pub fn kill9(&mut self) {
        if self.is_running() {
            self.signal(Signal::KILL);
            self.wait(PATIENCE);
        }
    }

    /// Sends SIGTERM; [`wait`](Self::wait) for its end.
    ///
    /// # Panics
    ///
    /// When it is not running.
    pub fn terminate(&mut self) {
        self.assert_running("terminate");
        self.signal(Signal::TERM);
    }

    /// Sends SIGHUP, as a terminal does that is closed; [`wait`](Self::wait) for its end.
    ///
    /// # Panics
    ///
    /// When it is not running.
    pub fn hang_up(&mut self) {
        self.assert_running("hang up");
        self.signal(Signal::HUP);
    }

    /// Stops it with SIGSTOP and waits until all of it has stopped: the signal alone returns before that.
    ///
    /// # Panics
    ///
    /// When it is not running, or not stopped within [`PATIENCE`].
    pub fn sigstop(&mut self) {
        self.assert_running("stop");
        self.signal(Signal::STOP);
        self.until_stopped();
    }

    /// Waits until all of it has stopped, by our signal or by its own, as at a failpoint.
    ///
    /// # Panics
    ///
    /// When it is not stopped within [`PATIENCE`].
    pub fn until_stopped(&mut self) {
        until(&format!("{} is stopped", self.program.label), PATIENCE, || {
            self.assert_running("see stopped");
            match self.state() {
                Some('T' | 't') => Ok(()),
                state => Err(state),
            }
        });
    }

    /// Lets it go on after [`sigstop`](Self::sigstop).
    ///
    /// # Panics
    ///
    /// When it is not running.
    pub fn sigcont(&mut self) {
        self.assert_running("continue");
        self.signal(Signal::CONT);
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it is still running after `deadline`.
    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        let what = format!("{} has ended", self.program.label);
        until(&what, deadline, || self.exit_status().ok_or("running"))
    }

    /// Kills it if it is running, and starts the same command again with the same log. The pid is a new one.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn restart(&mut self) {
        self.kill9();
        self.child = self.program.spawn(&self.log);
        self.exited = None;
    }

    /// Starts the same command again with this environment variable set, or without it. See [`restart`](Self::restart).
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn restart_with_env(&mut self, name: &str, value: Option<&str>) {
        self.program.forget_env(name);
        if let Some(value) = value {
            self.program.env.push((name.into(), value.into()));
        }
        self.restart();
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Waits until `look` returns `Ok`, and fails at once when the process ends before that.
    ///
    /// # Panics
    ///
    /// When it ends or `deadline` passes.
    pub fn until_ready<E: std::fmt::Debug>(&mut self, deadline: Duration, mut look: impl FnMut() -> Result<(), E>) {
        let what = format!("{} is ready", self.program.label);
        until(&what, deadline, || {
            let answer = look();
            assert!(self.is_running(), "{} ended instead of serving: {:?}", self.program.label, self.exited);
            answer
        });
    }

    fn assert_running(&mut self, verb: &str) {
        assert!(self.is_running(), "cannot {verb} {}: it has ended with {:?}", self.program.label, self.exited);
    }

    /// Sends a signal to a child that is not reaped yet, so that the pid is certainly its own.
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("invariant: a pid is positive");
        if let Err(error) = kill_process(pid, signal) {
            panic!("cannot signal {} (pid {}): {error}", self.program.label, self.pid());
        }
    }

    /// The state letter of `/proc/PID/stat`, which follows the command name in parentheses (proc(5)).
    fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    fn print_tail(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        let end = self.exited.map_or_else(|| "running".to_owned(), describe);
        eprintln!("--- {} (pid {}, {end}), last {} lines:", self.program.label, self.pid(), tail.len());
        for line in tail {
            eprintln!("    {line}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.exit_status();
        if thread::panicking() {
            self.print_tail();
        }
        // No panic here: during a failing test it would abort the runner and lose the other tests' results.
        if self.exited.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn describe(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("ended by signal {signal}"),
        None => format!("ended with {status}"),
    }
}
