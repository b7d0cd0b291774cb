//! `blind`: what nobody can see is unknown, and unknown is never failing.

use std::time::Duration;

use super::stage::{IN_DR, IN_PROD, Stage};
use crate::failure::Failure;

pub(super) const STORY: &str = "\
Two of the three vantage points lose their own network: nothing that they use to check themselves (their control
targets) answers, so they call themselves blind and do not judge anyone. Then prod really stops answering. One vantage
point that sees it is no quorum, so nobody knows, and what is not known moves nothing; someone is paged. When sight
comes back, dr is seen again, too: as soon as it has proven itself (readyFor, two seconds here), the service moves.";

/// Long enough for every vantage point to have probed prod several times.
const HELD_FOR: Duration = Duration::from_secs(4);

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (epoch, position) = (stage.epoch().await?, stage.position().await?);
    for name in ["v2", "v3"] {
        stage.break_down(name).await?;
    }
    stage.tell("v2 and v3 have lost their network");
    stage.until_sight(&["v2", "v3"], "blind").await?;
    stage.tell("v2 and v3 call themselves blind");

    let failure = stage.break_down("prod").await?;
    stage.tell("prod is broken, and only v1 can see it");
    let stayed = stage.answers_stay(IN_PROD, HELD_FOR).await?;
    let summary = stage.summary().await?;
    let judged = summary.regions.first().map(|prod| prod.judgement.clone()).unwrap_or_default();
    stage.tell(format!("{} s later: prod is judged {judged}, nothing has moved", HELD_FOR.as_secs()));
    stage.check(
        "one vantage point is no quorum: prod is unknown, not failing",
        judged == "unknown",
        format!("prod is {judged}"),
    );
    let happened =
        format!("for {} s every answer was {}", HELD_FOR.as_secs(), if stayed { IN_PROD } else { "not the same" });
    stage.check("nothing moves on what is not known", stayed, happened);
    stage.check("someone is paged", summary.page, summary.attention.join("; "));

    for name in ["v2", "v3"] {
        stage.heal(name).await?;
    }
    stage.tell("v2 and v3 have their network back");
    stage.until_moved(position, Some(failure)).await?;
    stage.tell("two more vantage points see what v1 saw: checkout is served from dr");
    stage.check_answers("with a quorum that sees prod failing and dr proven, the service moves", IN_DR).await?;
    stage.check_moves("the service has moved once", epoch, 1).await
}
