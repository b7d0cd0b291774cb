//! Scenarios: stories that play themselves from beginning to end, and say what was expected and what happened.
//!
//! A scenario breaks things and looks; it never steers the controller, except where an operator would. What it expects
//! are sentences that are each checked on what the authoritative servers answer, on the fence and on history, so a
//! scenario that goes otherwise says where, and exits with 1.

mod blind;
mod both_down;
mod flapping;
mod hand_edit;
mod region_loss;
mod report;
mod stage;
mod stale_writer;

use dns_service::exit::Exit;

use self::report::ScenarioReport;
use self::stage::Stage;
use super::installation::Installation;
use crate::arguments::{DevRun, ScenarioName};
use crate::failure::Failure;
use crate::output::Output;

/// What a scenario is about, for someone who has read nothing but the README.
struct Story {
    name: &'static str,
    /// What is done, and what the controller is to do about it.
    text: &'static str,
}

/// Plays a scenario.
///
/// # Errors
/// If a part of the installation ends, or something that the story waits for does not come about.
pub(super) async fn play(name: ScenarioName, run: &DevRun, output: &Output) -> Result<Exit, Failure> {
    let story = story(name);
    output.aside(&format!("scenario {}\n{}\n", story.name, story.text));
    let stop = super::stop()?;
    let (installation, mut daemons) = Installation::start(run)?;
    let mut stage = Stage::of(&installation, output);
    let told = tokio::select! {
        report = told(name, &mut stage) => report,
        () = stop.cancelled() => Err(Failure::new(Exit::Failed, "stopped before the scenario was over")),
        failure = daemons.ended() => Err(failure),
    };
    drop(stage);
    let stopped = daemons.stop().await;
    installation.stop();
    let report = told?;
    stopped?;
    output.aside("");
    output.answer(&report, |width| report.text(width))?;
    Ok(if report.as_expected { Exit::Done } else { Exit::Failed })
}

async fn told(name: ScenarioName, stage: &mut Stage<'_>) -> Result<ScenarioReport, Failure> {
    stage.prepare().await?;
    match name {
        ScenarioName::RegionLoss => region_loss::play(stage).await?,
        ScenarioName::Blind => blind::play(stage).await?,
        ScenarioName::BothDown => both_down::play(stage).await?,
        ScenarioName::Flapping => flapping::play(stage).await?,
        ScenarioName::HandEdit => hand_edit::play(stage).await?,
        ScenarioName::StaleWriter => stale_writer::play(stage).await?,
    }
    stage.report(&story(name)).await
}

fn story(name: ScenarioName) -> Story {
    let (name, text) = match name {
        ScenarioName::RegionLoss => ("region-loss", region_loss::STORY),
        ScenarioName::Blind => ("blind", blind::STORY),
        ScenarioName::BothDown => ("both-down", both_down::STORY),
        ScenarioName::Flapping => ("flapping", flapping::STORY),
        ScenarioName::HandEdit => ("hand-edit", hand_edit::STORY),
        ScenarioName::StaleWriter => ("stale-writer", stale_writer::STORY),
    };
    Story { name, text }
}
