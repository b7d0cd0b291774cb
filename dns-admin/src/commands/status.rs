//! `status [--watch]`

use std::time::Duration;

use dns_api::client::ClientError;
use dns_api::status::StatusReport;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::{Format, Status};
use crate::failure::Failure;
use crate::render::status::{headline, status};

/// Heartbeats come once a second; looking more often shows nothing new.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn run(desk: &Desk<'_>, arguments: &Status) -> Result<Exit, Failure> {
    if arguments.watch {
        return watch(desk).await;
    }
    let report = desk.client.status().await?;
    desk.output.answer(&report, |width| status(&report, width))?;
    Ok(Exit::Done)
}

/// Goes on through an absent controller: that is what one watches for.
async fn watch(desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut told = String::new();
    let mut ticks = tokio::time::interval(WATCH_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let seen = match desk.client.status().await {
            Ok(report) => Ok(report),
            Err(error @ (ClientError::Unreachable { .. } | ClientError::NoAnswer { .. })) => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        draw(desk, &seen, &mut told)?;
    }
}

fn draw(desk: &Desk<'_>, seen: &Result<StatusReport, String>, told: &mut String) -> std::io::Result<()> {
    match (desk.output.format(), seen) {
        (Format::Json, Ok(report)) => desk.output.json_line(report),
        (Format::Json, Err(error)) => {
            desk.output.aside(error);
            Ok(())
        }
        (Format::Table, Ok(report)) if desk.output.is_terminal() => {
            desk.output.redraw(&status(report, desk.output.width()))
        }
        (Format::Table, Err(error)) if desk.output.is_terminal() => desk.output.redraw(error),
        (Format::Table, seen) => append(desk, seen, told),
    }
}

/// Where nothing can be redrawn, a line is added when it says something new.
fn append(desk: &Desk<'_>, seen: &Result<StatusReport, String>, told: &mut String) -> std::io::Result<()> {
    let line = match seen {
        Ok(report) => headline(&report.list),
        Err(error) => error.clone(),
    };
    if line == *told {
        return Ok(());
    }
    // Whole seconds: nobody compares these to anything finer.
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    desk.output.text(&format!("{now} {line}"))?;
    *told = line;
    Ok(())
}
