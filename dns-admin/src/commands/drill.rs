//! `drill NAME …` and `drill stop|list|show|report`

use std::io::BufRead as _;
use std::time::Duration;

use dns_api::client::{ClientError, RecoveryFilter};
use dns_api::drill::{DrillReport, DrillRequest};
use dns_core::identifier::ServiceName;
use dns_service::exit::Exit;
use tokio::time::Instant;

use super::Desk;
use super::break_glass::is_yes;
use crate::arguments::{Drill, DrillVerb};
use crate::failure::Failure;
use crate::render::drill;

/// How often a drill is asked for.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How long a drill is followed beyond its stay unless `--timeout` says otherwise: detection and both ways fit.
const WAIT_BEYOND_STAY: Duration = Duration::from_mins(20);

pub(super) async fn run(desk: &Desk<'_>, arguments: &Drill) -> Result<Exit, Failure> {
    match &arguments.verb {
        None => begin(desk, arguments).await,
        Some(DrillVerb::Stop(arguments)) => {
            let stopped = desk.client.stop_drill(&arguments.name).await?;
            tell(desk, stopped, arguments.wait).await
        }
        Some(DrillVerb::List(arguments)) => {
            let list = desk.client.drills(arguments.name.as_ref(), arguments.limit).await?;
            desk.output.answer(&list, |width| drill::list(&list, width))?;
            Ok(Exit::Done)
        }
        Some(DrillVerb::Show(arguments)) => {
            let report = desk.client.drill(&arguments.id).await?;
            desk.output.answer(&report, |width| drill::show(&report, width))?;
            Ok(Exit::Done)
        }
        Some(DrillVerb::Report(arguments)) => {
            let filter =
                RecoveryFilter { service: arguments.name.clone(), since_secs: Some(arguments.since.as_secs()) };
            let report = desk.client.recovery(&filter).await?;
            desk.output.answer(&report, |width| drill::recovery(&report, width))?;
            Ok(Exit::Done)
        }
    }
}

async fn begin(desk: &Desk<'_>, arguments: &Drill) -> Result<Exit, Failure> {
    let (Some(name), Some(reason)) = (&arguments.name, &arguments.reason) else {
        return Err(Failure::new(Exit::Usage, "a drill needs the name of a service and --reason"));
    };
    confirm(name, arguments)?;
    let request = DrillRequest {
        to: arguments.to.clone(),
        stay_secs: arguments.stay.map(|stay| stay.as_secs()),
        reason: reason.clone(),
        no_injection: arguments.no_injection,
    };
    let begun = desk.client.begin_drill(name, &request).await?;
    tell(desk, begun, arguments.wait).await
}

/// Users of the service are moved, twice: that is worth a word.
fn confirm(name: &ServiceName, arguments: &Drill) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    let how = if arguments.no_injection { "an order" } else { "an injected failure" };
    eprintln!("This moves `{name}` to another region by {how}, and back: its users are moved twice.");
    eprint!("Type `{name}` to begin, anything else to stop: ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if is_yes(&answer, name.as_str()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "not confirmed; nothing was moved").hint("--yes begins without asking"))
}

async fn tell(desk: &Desk<'_>, report: DrillReport, wait: bool) -> Result<Exit, Failure> {
    if !wait {
        desk.output.answer(&report, |_| drill::begun(&report))?;
        return Ok(Exit::Done);
    }
    let ended = follow(desk, report).await;
    desk.output.progress_over();
    let ended = ended?;
    desk.output.answer(&ended, |width| drill::show(&ended, width))?;
    Ok(exit(&ended))
}

/// Following only reads: a controller that is restarted goes on with its drill, and so does this.
async fn follow(desk: &Desk<'_>, mut last: DrillReport) -> Result<DrillReport, Failure> {
    let patience = desk.global.timeout.unwrap_or(Duration::from_millis(last.stay_ms) + WAIT_BEYOND_STAY);
    let deadline = Instant::now() + patience;
    let mut told = String::new();
    while last.outcome.is_none() {
        let line = drill::progress(&last);
        if line != told {
            desk.output.progress(&line);
            told = line;
        }
        if Instant::now() + POLL_INTERVAL >= deadline {
            let what = format!("drill {} is still under way after {}", last.id, humantime::format_duration(patience));
            let hint = format!("dns-admin drill show {}; dns-admin drill stop {}", last.id, last.service);
            return Err(Failure::new(Exit::Failed, what).hint(hint));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        last = match desk.client.drill(&last.id).await {
            Ok(report) => report,
            Err(ClientError::Unreachable { .. } | ClientError::NoAnswer { .. }) => last,
            Err(error) => return Err(error.into()),
        };
    }
    Ok(last)
}

fn exit(ended: &DrillReport) -> Exit {
    match ended.outcome.as_deref() {
        Some("completed" | "stopped") => Exit::Done,
        Some("stayed") => Exit::Refused,
        Some(_) | None => Exit::Failed,
    }
}
