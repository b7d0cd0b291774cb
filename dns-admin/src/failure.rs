//! What went wrong, in one line, with what to do about it and the exit code that scripts look at.

use dns_api::client::ClientError;
use dns_api::problem::Problem;
use dns_api::transport::SetupError;
use dns_service::exit::Exit;

use crate::render::lines;
use crate::render::problem::rejection_lines;

/// A command that did not do what it was asked to.
#[derive(Clone, Debug)]
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

    /// Several at once, with the exit code of the first.
    pub fn all(failures: Vec<Self>) -> Self {
        let mut failures = failures.into_iter();
        let first = failures.next().unwrap_or_else(|| Self::new(Exit::Failed, "nothing is known to be wrong"));
        let others = failures.flat_map(|other| {
            let hint = other.hint.map(|hint| format!("hint: {hint}"));
            [other.what].into_iter().chain(other.lines).chain(hint)
        });
        // The first one's hint stands with it, not after what it is no hint for.
        let others: Vec<String> = others.collect();
        if others.is_empty() {
            return first;
        }
        let hint = first.hint.clone().map(|hint| format!("hint: {hint}"));
        let lines = first.lines.iter().cloned().chain(hint).chain(others).collect();
        Self { lines, hint: None, ..first }
    }

    /// As programs read it: the controller's own words, or the same of what it was never asked or did not answer.
    pub fn as_problem(&self) -> Problem {
        if let Some(problem) = &self.problem {
            return problem.clone();
        }
        let (word, title, status) = kind(self.exit);
        let detail = [self.what.clone()].into_iter().chain(self.lines.iter().cloned());
        Problem {
            kind: format!("urn:dns-failover:problem:{word}"),
            title: title.to_owned(),
            status,
            detail: detail.collect::<Vec<_>>().join("\n"),
            hint: self.hint.clone(),
            rejections: Vec::new(),
        }
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

/// What an exit code is called among problems, and the HTTP status that says the same.
fn kind(exit: Exit) -> (&'static str, &'static str, u16) {
    match exit {
        Exit::Usage => ("usage", "Wrong usage", 400),
        Exit::BadConfiguration => ("bad-configuration", "Bad configuration", 400),
        Exit::Refused => ("refused", "Refused or held", 409),
        Exit::AwaitingApproval => ("awaiting-approval", "Awaiting approval", 409),
        Exit::Unreachable => ("unreachable", "Unreachable", 503),
        Exit::Unverified => ("unverified", "Written, not verified", 504),
        Exit::Done | Exit::Failed => ("failed", "Failed", 500),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_faults_are_told_at_once_each_with_its_hint() {
        let one = Failure::new(Exit::Usage, "there is no terminal").hint("--yes");
        let two = Failure::new(Exit::Usage, "nobody knows who you are").hint("--by NAME");
        assert_eq!(Failure::all(vec![one.clone()]).text(), one.text());
        let text = "error: there is no terminal\n  hint: --yes\n  nobody knows who you are\n  hint: --by NAME\n";
        assert_eq!(Failure::all(vec![one, two]).text(), text);
    }
}
