//! How a process ends: the exit codes of every program and the last words on stderr.

use std::error::Error;
use std::process::ExitCode;

use crate::config::fault::Faults;

/// The exit codes of every program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The kernel or the server refused, or holds it.
    Refused = 3,
    /// Written, but not served by every authoritative server in time.
    Unverified = 4,
    /// The server could not be reached.
    Unreachable = 5,
    /// It waits for a second person.
    AwaitingApproval = 6,
    /// The configuration has faults; nothing was started.
    BadConfiguration = 64,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a program ends early, and with which code. Every error turns into one with `?`: faults of the configuration
/// into [`Exit::BadConfiguration`], everything else into [`Exit::Failed`].
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// An error with the code that it ends the process with. Takes what `anyhow::Error` turns into, too.
    pub fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into() }
    }

    /// The code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Several that came together, if there are any: all are told, and the first one's code ends the process.
    pub fn of_all(failures: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let first = failures.next()?;
        let more: Vec<String> = failures.map(|other| last_words(&other)).collect();
        if more.is_empty() {
            return Some(first);
        }
        let words = last_words(&first);
        let words = words.strip_prefix(PREFIX).unwrap_or(&words);
        Some(Self::new(first.exit, format!("{words}\n{}", more.join("\n"))))
    }

    /// The error and its causes in one line, for whoever runs a daemon inside another program.
    pub fn reason(&self) -> String {
        one_line(self.error.as_ref())
    }
}

// `Failure` is deliberately no `Error` itself: that is what allows this conversion from every one.
impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let exit = if is_fault(&error) { Exit::BadConfiguration } else { Exit::Failed };
        Self { exit, error: Box::new(error) }
    }
}

fn is_fault(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(<dyn Error>::is::<Faults>)
}

/// An error and its causes, outermost first.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// An error and its causes in one line, for logs.
pub fn one_line(error: &(dyn Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The end of every `main`: prints an error with its causes to stderr and hands out the code.
pub fn finish(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("{}", last_words(&failure));
            failure.exit.into()
        }
    }
}

const PREFIX: &str = "error: ";

fn last_words(failure: &Failure) -> String {
    let error: &(dyn Error + 'static) = failure.error.as_ref();
    let mut words = if is_fault(error) { error.to_string() } else { format!("{PREFIX}{error}") };
    for cause in chain(error).skip(1) {
        words.push_str("\n  because: ");
        words.push_str(&cause.to_string());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::secret::{Program, SecretCheck};

    #[test]
    fn several_failures_are_all_told_and_the_first_one_ends_the_process() {
        let failure = |exit, text: &str| Failure::new(exit, text.to_owned());
        assert!(Failure::of_all([]).is_none());
        let one = Failure::of_all([failure(Exit::Refused, "one")]).expect("one");
        assert_eq!((one.exit(), last_words(&one).as_str()), (Exit::Refused, "error: one"));
        let two = [failure(Exit::Unreachable, "one is away"), failure(Exit::Refused, "two has faults")];
        let both = Failure::of_all(two).expect("two");
        assert_eq!(both.exit(), Exit::Unreachable);
        assert_eq!(last_words(&both), "error: one is away\nerror: two has faults");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the store cannot be opened")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_error_is_told_with_its_causes() {
        let failure = Failure::from(Outer(std::io::Error::other("disk is full")));
        assert_eq!(failure.exit(), Exit::Failed);
        assert_eq!(last_words(&failure), "error: the store cannot be opened\n  because: disk is full");
    }

    #[test]
    fn faults_of_the_configuration_end_with_64() {
        let faults = Config::load(&[], &Program::Admin(SecretCheck::Skip)).expect_err("faults");
        let failure = Failure::from(faults);
        assert_eq!(failure.exit().code(), 64);
        assert!(last_words(&failure).ends_with("nothing was started"));
    }
}
