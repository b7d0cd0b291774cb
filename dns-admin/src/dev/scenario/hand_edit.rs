//! `hand-edit`: what someone else wrote is not written over.

use std::time::Duration;

use dns_service::exit::Exit;

use super::stage::{IN_DR, Stage};
use crate::dev::configuration::ZONE;
use crate::failure::Failure;

pub(super) const STORY: &str = "\
Someone changes a guarded record by hand, say to a maintenance page. The records are no longer what the fence says, so
they are foreign: the controller pages and writes nothing over them, not even when prod stops answering, because it
cannot know what that hand had in mind. When the change is taken back, the waiting failover goes ahead.";

/// The maintenance page, an address for documentation (RFC 5737).
const BY_HAND: &str = "203.0.113.99";

/// Long enough for several judgements and looks at the zone.
const HELD_FOR: Duration = Duration::from_secs(3);

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (epoch, position) = (stage.epoch().await?, stage.position().await?);
    edit(stage, BY_HAND)?;
    stage.tell(format!("someone points api.{ZONE} to {BY_HAND} by hand"));
    let row = stage.until_row("foreignChange", position).await?;
    stage.tell(row.summary.clone());
    stage.check("the change is noticed and paged", row.page, row.summary);

    let failure = stage.break_down("prod").await?;
    stage.tell("prod is broken");
    let hold = stage.until("the failover is held", async |stage| Ok(stage.summary().await?.hold)).await?;
    let reasons: Vec<&str> = hold.rejections.iter().map(|rejection| rejection.reason.as_str()).collect();
    stage.tell(format!("{} is wanted and held: {}", hold.wanted, reasons.join("; ")));
    let stayed = stage.answers_stay(BY_HAND, HELD_FOR).await?;
    let happened =
        format!("for {} s every answer was {}", HELD_FOR.as_secs(), if stayed { BY_HAND } else { "not the same" });
    stage.check("nothing is written over it, even while prod is failing", stayed, happened);
    stage.check_moves("no move so far", epoch, 0).await?;

    edit(stage, super::stage::IN_PROD)?;
    stage.tell("the hand takes its change back");
    stage.until_moved(position, Some(failure)).await?;
    stage.tell("checkout is served from dr");
    stage.check_answers("the failover that waited goes ahead", IN_DR).await?;
    stage.check_moves("the service has moved once", epoch, 1).await
}

fn edit(stage: &Stage<'_>, address: &str) -> Result<(), Failure> {
    let record = format!("api.{ZONE}. 60 IN A {address}");
    let edited = stage.at.primary.edit(|zone| zone.replace(&record));
    edited.map_err(|error| Failure::new(Exit::Failed, error.to_string()))
}
