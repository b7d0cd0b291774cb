//! `flapping`: a region that comes and goes must not take the records with it.

use std::time::Duration;

use super::stage::{IN_DR, IN_PROD, Stage};
use crate::failure::Failure;

pub(super) const STORY: &str = "\
prod comes and goes. At first so shortly that no vantage point sees two bad runs in a row (fall: 2): nothing moves. Then
for two seconds at a time: the service moves to dr once, and stays there however often prod comes back and goes again,
since only an operator fails back.";

/// Shorter than the interval of 500 ms, so that at most one run of each vantage point falls into it.
const BLIP: Duration = Duration::from_millis(150);
/// Time for good runs in between.
const BETWEEN_BLIPS: Duration = Duration::from_millis(700);
const BLIPS: usize = 8;

/// Longer than fall × interval.
const OUTAGE: Duration = Duration::from_secs(2);
/// Longer than rise × interval, so that prod counts as healthy in between.
const BETWEEN_OUTAGES: Duration = Duration::from_secs(2);
const OUTAGES: usize = 4;

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (epoch, position) = (stage.epoch().await?, stage.position().await?);
    stage.tell(format!(
        "prod is gone for {} ms, {BLIPS} times, with {} ms in between",
        BLIP.as_millis(),
        BETWEEN_BLIPS.as_millis()
    ));
    let mut noticed = 0_usize;
    for _ in 0..BLIPS {
        stage.break_down("prod").await?;
        tokio::time::sleep(BLIP).await;
        stage.heal("prod").await?;
        noticed += usize::from(stage.sees_contradiction(BETWEEN_BLIPS).await?);
    }
    let happened = format!("{noticed} of {BLIPS} were seen by a vantage point");
    stage.check("some of the faults are seen, by single bad runs", noticed > 0, happened);
    stage.check_answers("faults shorter than the detection move nothing", IN_PROD).await?;
    stage.check_moves("no move so far", epoch, 0).await?;

    stage.tell(format!(
        "prod is gone for {} s, {OUTAGES} times, with {} s in between",
        OUTAGE.as_secs(),
        BETWEEN_OUTAGES.as_secs()
    ));
    let failure = stage.break_down("prod").await?;
    stage.until_moved(position, Some(failure)).await?;
    stage.tell("the first time, checkout moved to dr");
    tokio::time::sleep(OUTAGE).await;
    for _ in 1..OUTAGES {
        stage.heal("prod").await?;
        tokio::time::sleep(BETWEEN_OUTAGES).await;
        stage.break_down("prod").await?;
        tokio::time::sleep(OUTAGE).await;
    }
    stage.heal("prod").await?;
    stage.tell("prod is back for good");
    let moves =
        stage.rows().await?.iter().filter(|row| row.kind == "decided" && row.details["kind"] == "failover").count();
    stage.check("one failover is decided", moves == 1, format!("{moves} decided"));
    stage.check_answers("users stay on dr while prod comes and goes", IN_DR).await?;
    stage.check_moves("the service has moved once", epoch, 1).await
}
