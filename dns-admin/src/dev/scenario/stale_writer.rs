//! `stale-writer`: the outage of AWS's DNS in October 2025, where a stalled writer put an old plan over a newer one.

use dns_api::history::HistoryRowReport;

use super::stage::{IN_PROD, Stage};
use crate::failure::Failure;

pub(super) const STORY: &str = "\
prod stops answering and the controller sends its write, but the write is stuck on the network. prod recovers. The
controller does not know whether the write arrived: it pages, asks the zone, and burns the write, that is, it rewrites the
fence, which the stuck write requires as it was. Then the network lets the stuck write go, while its signature's time
(TSIG) is still accepted. The zone itself refuses it.";

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (epoch, position) = (stage.epoch().await?, stage.position().await?);
    let mut stuck = stage.at.primary.hold_next_update();
    stage.break_down("prod").await?;
    stage.tell("prod is broken");
    stage.within("the write arrives", stuck.arrived()).await?;
    stage.tell("the failover was decided and sent, and is stuck on the network");
    stage.heal("prod").await?;
    stage.tell("prod is healed");
    let unknown = stage.until_row("outcomeUnknown", position).await?;
    stage.tell(unknown.summary.clone());
    stage.check("someone is paged, as long as nobody knows", unknown.page, unknown.summary);
    let burned = stage.until_row("burned", position).await?;
    stage.tell(burned.summary.clone());
    stage.until_state("steady on the preferred region").await?;
    let decided = |row: &HistoryRowReport| row.kind == "decided" && row.details["kind"] == "failover";
    let decisions = stage.rows().await?.iter().filter(|row| decided(row)).count();
    let happened = format!("{} ({decisions} decided)", burned.summary);
    stage.check("a write of unknown outcome is made impossible, not repeated", decisions == 1, happened);
    let fence = stage.fence().await?;

    let late = stuck.release().await;
    let why = late.refusal.as_ref().map_or_else(|| "it was accepted".to_owned(), ToString::to_string);
    // The names of the RFC, which are what one finds in a server's log.
    let rcode = format!("{:?}", late.rcode).to_uppercase();
    stage.tell(format!("the network lets the stuck write go; the authoritative server answers {rcode}: {why}"));
    let by_the_fence = late.failed().is_some_and(|failed| failed.to_string().contains("_failover"));
    stage.check("the zone refuses the late write, by its fence", by_the_fence, why);
    let now = stage.fence().await?;
    stage.check("the fence in the zone is as the controller wrote it", fence == now, in_short(&now));
    stage.check_answers("users stay on prod, which is healthy", IN_PROD).await?;
    stage.check_moves("no move", epoch, 0).await
}

/// The pairs of a fence that tell a story.
fn in_short(fence: &str) -> String {
    let tells = |pair: &&str| ["epoch=", "rev=", "active=", "by="].iter().any(|key| pair.starts_with(key));
    fence.split(';').filter(tells).collect::<Vec<_>>().join(", ")
}
