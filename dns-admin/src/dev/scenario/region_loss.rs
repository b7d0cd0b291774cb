//! `region-loss`: the main job, there and back.

use dns_api::command::ReasonedRequest;

use super::stage::{IN_DR, Stage};
use crate::failure::Failure;

pub(super) const STORY: &str = "\
prod stops answering. Three vantage points see it, two of them have to agree, and the controller moves the records of
checkout to dr, where they are verified at every authoritative server. Then prod recovers. Nothing moves back by itself:
an operator orders the failback when the cooldown is over.";

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (epoch, position) = (stage.epoch().await?, stage.position().await?);
    let failure = stage.break_down("prod").await?;
    stage.tell("prod is broken: its endpoint refuses connections");
    let there = stage.until_moved(position, Some(failure)).await?;
    stage.tell(format!("checkout is served from dr, {} ms after prod broke", there.total_ms().unwrap_or_default()));
    stage.check_answers("users are sent to dr by every authoritative server", IN_DR).await?;
    stage.check_moves("the service has moved once", epoch, 1).await?;

    stage.heal("prod").await?;
    stage.tell("prod is healed");
    stage.until_state("steady elsewhere").await?;
    stage
        .until("prod is proven", async |stage| {
            Ok(stage.summary().await?.regions.first().filter(|prod| prod.proven).map(|_| ()))
        })
        .await?;
    stage.tell("prod has proven itself and the cooldown is over; checkout waits on dr for an operator");
    stage.check_answers("a recovered prod alone moves nothing", IN_DR).await?;

    let position = stage.position().await?;
    let request =
        ReasonedRequest { reason: "prod is well again".to_owned(), overrides: Vec::new(), override_for_secs: None };
    stage.at.client.failback(&stage.at.service, &request).await?;
    stage.tell("the operator orders: dns-admin failback checkout --reason \"prod is well again\"");
    stage.until_moved(position, None).await?;
    stage.until_state("steady on the preferred region").await?;
    stage.tell("checkout is served from prod again");
    stage.check_answers("users are sent to prod again", super::stage::IN_PROD).await?;
    stage.check_moves("there and back: two moves", epoch, 2).await
}
