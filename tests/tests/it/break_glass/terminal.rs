//! A pseudo-terminal with a program on it: what a person sees, and what they type.
//!
//! The terminal controls nothing (no session is made), which a program that only asks does not notice. The program dies
//! with the test.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use tests::{PATIENCE, find_program, until};

/// More than a program prints at once.
const CHUNK_OCTETS: usize = 4096;

/// A program on a terminal.
pub(super) struct Terminal {
    child: Child,
    keys: File,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts a program with its input, output and errors on a terminal of its own.
    pub(super) fn start(program: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let person = openpt(flags).expect("a terminal");
        unlockpt(&person).expect("a terminal of ours");
        let end = || Stdio::from(ioctl_tiocgptpeer(&person, flags).expect("the program's end of the terminal"));
        let mut command = Command::new(find_program("setpriv"));
        // Without colours, which would stand between the words that a test looks for.
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(args).env("NO_COLOR", "1");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program starts");
        // It holds the program's ends, and while anyone does the screen does not end.
        drop(command);
        let keys = File::from(person);
        let screen = Arc::default();
        show(keys.try_clone().expect("a second descriptor"), Arc::clone(&screen));
        Self { child, keys, screen }
    }

    /// Everything shown so far.
    pub(super) fn screen(&self) -> String {
        shown(&self.screen)
    }

    /// Waits until these words are shown.
    pub(super) fn until_shows(&self, words: &str) {
        until(&format!("the terminal shows `{words}`"), PATIENCE, || {
            let screen = self.screen();
            if screen.contains(words) { Ok(()) } else { Err(screen) }
        });
    }

    /// Types.
    pub(super) fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits for the program's end; its exit code and all that it has shown.
    pub(super) fn end(mut self) -> (i32, String) {
        let status = until("the program on the terminal has ended", PATIENCE, || {
            let ended = self.child.try_wait().expect("invariant: the child is ours to wait for");
            ended.ok_or_else(|| shown(&self.screen))
        });
        // What it wrote last may be read a moment after its end, and the terminal hangs up after it.
        until("all of the screen is read", PATIENCE, || {
            if Arc::strong_count(&self.screen) == 1 { Ok(()) } else { Err(self.screen()) }
        });
        (status.code().unwrap_or(-1), self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has usually ended, and was waited for; a second look changes nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shown(screen: &Mutex<String>) -> String {
    screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Notes what is written, until the last end that the program holds is closed: reading then fails (EIO).
fn show(mut terminal: File, screen: Arc<Mutex<String>>) {
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK_OCTETS];
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..count]);
            screen.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    });
}
