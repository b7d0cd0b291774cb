//! What went wrong, in one line, with what to do about it and the exit code that scripts look at.

use dns_api::client::ClientError;
use dns_api::problem::Problem;
use dns_api::transport::SetupError;
use dns_service::exit::Exit;

use crate::render::lines;
use crate::render::problem::rejection_lines;

/// A command that did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// How to exit.
    pub exit: Exit,
    /// What, in one line.
    pub what: String,
    /// More about it, a line each.
    pub lines: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The controller's own words, for programs.
    pub problem: Option<Problem>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), lines: Vec::new(), hint: None, problem: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// As it stands on stderr.
    pub fn text(&self) -> String {
        let what = [format!("error: {}", self.what)];
        let more = self.lines.iter().map(|line| format!("  {line}"));
        let hint = self.hint.iter().map(|hint| format!("hint: {hint}"));
        lines(what.into_iter().chain(more).chain(hint))
    }

    fn of_problem(exit: Exit, what: String, problem: Problem, otherwise: Option<&str>) -> Self {
        let hint = problem.hint.clone().or_else(|| otherwise.map(str::to_owned));
        Self { exit, what, lines: rejection_lines(&problem.rejections), hint, problem: Some(problem) }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let what = error.to_string();
        match error {
            ClientError::Unreachable { .. } => Self::new(Exit::Unreachable, what).hint(
                "is it running, and is --server or DNS_ADMIN_SERVER right? Every zone's fence tells its state, too",
            ),
            ClientError::NoAnswer { .. } => Self::new(Exit::Unreachable, what)
                .hint("what was asked may have been accepted: look at `dns-admin history` before repeating it"),
            ClientError::Garbled { .. } => {
                Self::new(Exit::Failed, what).hint("does --server or DNS_ADMIN_SERVER lead to a failover-controller?")
            }
            ClientError::Refused(problem) => Self::of_problem(Exit::Refused, what, *problem, None),
            ClientError::Unauthorized(problem) => {
                let hint = "give a token that the controller knows with --token-file or DNS_ADMIN_TOKEN_FILE";
                Self::of_problem(Exit::Failed, what, *problem, Some(hint))
            }
            ClientError::Forbidden(problem) => {
                let hint = "the token's role is not enough; writes need `operator`";
                Self::of_problem(Exit::Failed, what, *problem, Some(hint))
            }
            ClientError::NotFound(problem) => {
                Self::of_problem(Exit::Failed, what, *problem, Some("`dns-admin service list` names every service"))
            }
            ClientError::Other(problem) => Self::of_problem(Exit::Failed, what, *problem, None),
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let exit = match error {
            SetupError::Url { .. } | SetupError::Authority { .. } | SetupError::Token => Exit::Usage,
            SetupError::Backend { .. } => Exit::Failed,
        };
        Self::new(exit, dns_service::exit::one_line(&error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            // `| head` and `| grep -q` have read what they wanted: that is an end, and no failure.
            return Self::new(Exit::Done, "nobody reads the answer any more");
        }
        Self::new(Exit::Failed, format!("cannot write the answer: {error}"))
    }
}
