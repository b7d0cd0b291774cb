//! One module a verb; each asks the controller, or the providers themselves, and hands the answer to rendering and output.

mod adopt;
mod approve;
mod break_glass;
mod coexist;
mod config;
mod drill;
mod explain;
mod failback;
mod failover;
mod fence;
mod group;
mod history;
mod iam_policy;
mod live;
mod observe;
mod pause;
mod region;
mod release;
mod resume;
mod service;
mod status;
mod zone;

use dns_api::client::{ControllerAccess, ControllerClient};
use dns_api::command::Accepted;
use dns_api::transport::BearerToken;
use dns_core::identifier::ServiceName;
use dns_service::config::secret::read_secret_line;
use dns_service::exit::{Exit, one_line};

use crate::arguments::{Arguments, Command, Config, Fence, Global, Observe, Overrides, Reason, Wait};
use crate::dev;
use crate::failure::Failure;
use crate::follow::Following;
use crate::follow::outcome::Goal;
use crate::output::Output;
use crate::render::decision::accepted;

/// What every verb that asks a controller has at hand.
#[derive(Debug)]
struct Desk<'a> {
    client: ControllerClient,
    output: &'a Output,
    global: &'a Global,
}

impl<'a> Desk<'a> {
    fn new(global: &'a Global, output: &'a Output) -> Result<Self, Failure> {
        let access = ControllerAccess {
            server: global.server.clone(),
            token: token(global)?,
            ca: global.ca.clone(),
            timeout: global.request_timeout(),
        };
        Ok(Self { client: ControllerClient::new(&access)?, output, global })
    }

    fn following(&'a self, service: &'a ServiceName, wait: Wait, goal: Goal) -> Following<'a> {
        let patience = wait.wait.then(|| self.global.wait_timeout());
        let timeout = self.global.timeout;
        Following { client: &self.client, output: self.output, service, goal, patience, timeout }
    }

    /// Tells what became of an order that nobody waits for.
    fn tell_accepted(&self, service: &ServiceName, answer: &Accepted) -> Result<Exit, Failure> {
        self.output.answer(answer, |_| accepted(answer, service.as_str()))?;
        Ok(Exit::Done)
    }
}

/// Carries out a command line.
///
/// # Errors
/// [`Failure`], with the exit code.
pub async fn dispatch(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let desk = || Desk::new(&arguments.global, output);
    match &arguments.command {
        Command::Status(arguments) => status::run(&desk()?, arguments).await,
        Command::Service(verb) => service::run(&desk()?, verb).await,
        Command::Failover(arguments) => failover::run(&desk()?, arguments).await,
        Command::Failback(arguments) => failback::run(&desk()?, arguments).await,
        Command::Group(verb) => group::run(&desk()?, verb).await,
        Command::Pause(arguments) => pause::run(&desk()?, arguments).await,
        Command::Resume(arguments) => resume::run(&desk()?, arguments).await,
        Command::Region(verb) => region::run(&desk()?, verb).await,
        Command::Adopt(arguments) => adopt::run(&desk()?, arguments).await,
        Command::Release(arguments) => release::run(&desk()?, arguments).await,
        Command::Approve(arguments) => approve::run(&desk()?, arguments).await,
        Command::Decline(arguments) => approve::decline(&desk()?, arguments).await,
        Command::Drill(arguments) => drill::run(&desk()?, arguments).await,
        Command::History(arguments) => history::run(&desk()?, arguments).await,
        Command::Explain(arguments) => explain::run(&desk()?, arguments).await,
        Command::Observe(Observe::Report(arguments)) => observe::report(&desk()?, arguments).await,
        Command::Fence(Fence::Show(arguments)) if !arguments.files.is_empty() => {
            fence::show_zones(arguments, output).await
        }
        Command::Fence(Fence::Show(arguments)) => fence::show_held(&desk()?, arguments).await,
        Command::Config(Config::Check(arguments)) => config::check(arguments, output).await,
        Command::BreakGlass(arguments) => break_glass::run(arguments, output).await,
        Command::Coexist(arguments) => coexist::run(arguments, output),
        Command::IamPolicy(arguments) => iam_policy::run(arguments, output),
        Command::Zone(zone) => zone::run(zone, &arguments.global).await,
        Command::Dev(dev) => dev::run(dev, output).await,
    }
}

fn token(global: &Global) -> Result<Option<BearerToken>, Failure> {
    let Some(path) = &global.token_file else { return Ok(None) };
    let line = read_secret_line(path).map_err(|error| {
        Failure::new(Exit::Usage, one_line(&error))
            .hint("--token-file and DNS_ADMIN_TOKEN_FILE name a file of one line")
    })?;
    Ok(Some(BearerToken::new(&line)?))
}

fn reasoned(reason: &Reason, overrides: &Overrides) -> dns_api::command::ReasonedRequest {
    dns_api::command::ReasonedRequest {
        reason: reason.reason.clone(),
        overrides: overrides.rules.clone(),
        override_for_secs: overrides.secs(),
    }
}
