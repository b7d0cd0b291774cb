//! `region …`: what concerns every service of a region.

use std::io::{BufRead as _, IsTerminal as _};
use std::time::Duration;

use dns_api::client::ClientError;
use dns_api::command::ReasonedRequest;
use dns_api::evacuation::{EvacuationReport, EvacuationRequest, ReturnRequest};
use dns_service::exit::Exit;
use tokio::time::Instant;

use super::Desk;
use crate::arguments::region::{Evacuate, Region, Return};
use crate::arguments::{Format, Wait};
use crate::failure::Failure;
use crate::render::evacuation::{evacuation, evacuations, preview, regions};

/// How often an evacuation is asked for while somebody waits: a wave takes seconds at the least.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

pub(super) async fn run(desk: &Desk<'_>, verb: &Region) -> Result<Exit, Failure> {
    match verb {
        Region::List => {
            let told = desk.client.regions().await?;
            desk.output.answer(&told, |width| regions(&told, width))?;
            Ok(Exit::Done)
        }
        Region::Evacuations => {
            let told = desk.client.evacuations().await?;
            desk.output.answer(&told, |width| evacuations(&told, width))?;
            Ok(Exit::Done)
        }
        Region::Show(which) => {
            let told = desk.client.evacuation(&which.which).await.map_err(unknown)?;
            desk.output.answer(&told, |width| evacuation(&told, width))?;
            Ok(Exit::Done)
        }
        Region::Evacuate(arguments) => evacuate(desk, arguments).await,
        Region::Stop(arguments) => {
            let told = steer(desk, &arguments.which.which, "stop", &arguments.reason.reason).await?;
            tell(desk, &told)
        }
        Region::Close(arguments) => {
            let told = steer(desk, &arguments.which.which, "close", &arguments.reason.reason).await?;
            tell(desk, &told)
        }
        Region::Resume(arguments) => {
            let told = steer(desk, &arguments.which.which, "resume", &arguments.reason.reason).await?;
            follow(desk, told, arguments.wait).await
        }
        Region::Return(arguments) => bring_back(desk, arguments).await,
    }
}

async fn evacuate(desk: &Desk<'_>, arguments: &Evacuate) -> Result<Exit, Failure> {
    let Evacuate { region, to, reason, overrides, wave_max, preview: only_preview, all, yes, wait } = arguments;
    let asks = !only_preview && !yes;
    if asks {
        may_be_asked()?;
    }
    let request = EvacuationRequest {
        to: to.clone(),
        reason: reason.reason.clone(),
        overrides: overrides.rules.clone(),
        wave_max: wave(*wave_max),
        preview: *only_preview || asks,
    };
    if request.preview {
        let told = desk.client.preview_evacuation(region, &request).await?;
        if *only_preview {
            desk.output.answer(&told, |width| preview(&told, *all, width))?;
            return Ok(if told.moving == 0 && told.held > 0 { Exit::Refused } else { Exit::Done });
        }
        desk.output.aside(&preview(&told, *all, desk.output.width()));
        confirm(region.as_str(), told.moving)?;
    }
    let begun = desk.client.evacuate(region, &EvacuationRequest { preview: false, ..request }).await?;
    follow(desk, begun, *wait).await
}

async fn bring_back(desk: &Desk<'_>, arguments: &Return) -> Result<Exit, Failure> {
    let Return { which, reason, overrides, wave_max, wait } = arguments;
    let request =
        ReturnRequest { reason: reason.reason.clone(), overrides: overrides.rules.clone(), wave_max: wave(*wave_max) };
    let begun = desk.client.return_evacuated(&which.which, &request).await.map_err(unknown)?;
    follow(desk, begun, *wait).await
}

fn wave(wave_max: Option<u64>) -> Option<usize> {
    wave_max.map(|most| usize::try_from(most).unwrap_or(usize::MAX))
}

async fn steer(desk: &Desk<'_>, which: &str, verb: &str, reason: &str) -> Result<EvacuationReport, Failure> {
    let request = ReasonedRequest { reason: reason.to_owned(), overrides: Vec::new(), override_for_secs: None };
    desk.client.steer_evacuation(which, verb, &request).await.map_err(unknown)
}

/// The names of services would be no help.
fn unknown(error: ClientError) -> Failure {
    let is_unknown = matches!(error, ClientError::NotFound(_));
    let failure = Failure::from(error);
    if is_unknown { failure.hint("`dns-admin region evacuations` lists them") } else { failure }
}

fn tell(desk: &Desk<'_>, told: &EvacuationReport) -> Result<Exit, Failure> {
    desk.output.answer(told, |width| evacuation(told, width))?;
    Ok(Exit::Done)
}

/// Stays until it has stopped or ended, if that is asked for. It goes on without anybody who watches.
async fn follow(desk: &Desk<'_>, begun: EvacuationReport, wait: Wait) -> Result<Exit, Failure> {
    if !wait.wait {
        return tell(desk, &begun);
    }
    let deadline = Instant::now() + desk.global.wait_timeout();
    let mut told = begun;
    while told.stage == "running" && Instant::now() < deadline {
        if desk.output.format() == Format::Table {
            desk.output.progress(&told.headline());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        match desk.client.evacuation(&told.id).await {
            Ok(newer) => told = newer,
            // A restart ends nothing: what was ordered is in the store.
            Err(error @ (ClientError::Unreachable { .. } | ClientError::NoAnswer { .. })) => {
                desk.output.progress(&error.to_string());
            }
            Err(ClientError::Other(problem)) if problem.status == 503 => desk.output.progress(&problem.detail),
            Err(error) => return Err(unknown(error)),
        }
    }
    desk.output.progress_over();
    desk.output.answer(&told, |width| evacuation(&told, width))?;
    Ok(exit(&told))
}

/// What waits says more than what is not verified: a person has to do something.
fn exit(told: &EvacuationReport) -> Exit {
    match told.stage.as_str() {
        "ended" if told.waiting == 0 && told.failed == 0 => {
            if told.unverified == 0 && told.moving == 0 {
                Exit::Done
            } else {
                Exit::Unverified
            }
        }
        "running" => Exit::Unverified,
        _ => Exit::Refused,
    }
}

fn may_be_asked() -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    let hint = "--preview shows what would be done, --yes does it without asking";
    Err(Failure::new(Exit::Usage, "there is no terminal to ask on").hint(hint))
}

/// The region's name, not `y`: at 3 a.m. a finger is faster than a thought.
fn confirm(region: &str, moving: usize) -> Result<(), Failure> {
    eprint!("Type `{region}` to move {moving} services out of it, anything else to stop: ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == region {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "not confirmed; nothing was done"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stage: &str, waiting: usize, unverified: usize) -> EvacuationReport {
        EvacuationReport {
            id: "e1".to_owned(),
            region: "prod".to_owned(),
            to: None,
            undoes: None,
            by: "oncall".to_owned(),
            reason: "r".to_owned(),
            overrides: Vec::new(),
            wave_max: None,
            started: "2026-11-21T03:10:00Z".to_owned(),
            stage: stage.to_owned(),
            since: "2026-11-21T03:10:00Z".to_owned(),
            stopped_by: None,
            why: None,
            page: false,
            services: 5,
            waiting,
            moving: 0,
            served: 5 - waiting - unverified,
            unverified,
            failed: 0,
            held_count: 0,
            held: Vec::new(),
        }
    }

    #[test]
    fn the_exit_code_says_whether_everything_is_served() {
        for (report, code) in [
            (told("ended", 0, 0), Exit::Done),
            (told("ended", 0, 1), Exit::Unverified),
            (told("ended", 2, 0), Exit::Refused),
            (told("stopped", 2, 1), Exit::Refused),
            (told("running", 2, 0), Exit::Unverified),
        ] {
            assert_eq!(exit(&report), code, "{}", report.headline());
        }
    }
}
