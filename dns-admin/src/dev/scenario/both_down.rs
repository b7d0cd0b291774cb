//! `both-down`: a move to where nothing works makes things worse.

use std::time::Duration;

use super::stage::{IN_DR, IN_PROD, Stage};
use crate::failure::Failure;

pub(super) const STORY: &str = "\
prod and dr stop answering together. Moving the records would help nobody, and it may well be the fault of those who
look. The controller holds, says which rules of the safety kernel hold it, and pages. When dr recovers it has to prove
itself for two seconds (readyFor), and then the service moves there.";

/// Long enough for several judgements after the first.
const HELD_FOR: Duration = Duration::from_secs(3);

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (epoch, position) = (stage.epoch().await?, stage.position().await?);
    let failure = stage.break_down("prod").await?;
    stage.break_down("dr").await?;
    stage.tell("prod and dr are broken");
    let hold = stage.until("the failover is held", async |stage| Ok(stage.summary().await?.hold)).await?;
    stage.tell(format!("{} is wanted and held", hold.wanted));
    let stayed = stage.answers_stay(IN_PROD, HELD_FOR).await?;
    let summary = stage.summary().await?;
    // One region is seen failing a probe before the other: only now are the reasons complete.
    let rejections = summary.hold.iter().flat_map(|hold| &hold.rejections);
    let rules: Vec<&str> = rejections.clone().map(|rejection| rejection.rule.as_str()).collect();
    stage.tell(format!("{} s later it is still held:", HELD_FOR.as_secs()));
    rejections.for_each(|rejection| stage.tell(format!("  {} [{}]", rejection.reason, rejection.rule)));
    stage.check("the failover is held by name", rules.contains(&"allRegionsFailing"), rules.join(", "));
    let happened =
        format!("for {} s every answer was {}", HELD_FOR.as_secs(), if stayed { IN_PROD } else { "not the same" });
    stage.check("nothing moves to a region that is failing, too", stayed, happened);
    stage.check("someone is paged", summary.page, summary.attention.join("; "));

    let healed = stage.heal("dr").await?;
    stage.tell("dr is healed");
    let timeline = stage.until_moved(position, Some(failure)).await?;
    stage.tell("dr has proven itself, and checkout is served from there");
    stage.check_answers("the service moves as soon as one region is proven", IN_DR).await?;
    let decided = timeline.steps.iter().find(|step| step.step == dns_api::timeline::Step::Decision);
    let decided = decided.and_then(|step| step.at.as_deref()?.parse::<jiff::Timestamp>().ok());
    let waited = decided.map_or(0, |decided| decided.as_millisecond() - healed.as_millisecond());
    stage.check(
        "but not before it was seen healthy for 2 s",
        waited >= 2000,
        format!("decided {waited} ms after dr was healed"),
    );
    stage.check_moves("the service has moved once", epoch, 1).await
}
