//! `failover NAME --to REGION --reason TEXT`

use dns_api::command::FailoverRequest;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::Failover;
use crate::failure::Failure;
use crate::follow::outcome::Goal;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Failover) -> Result<Exit, Failure> {
    let Failover { name, to, reason, overrides, wait } = arguments;
    let request = FailoverRequest {
        to: to.clone(),
        reason: reason.reason.clone(),
        overrides: overrides.rules.clone(),
        override_for_secs: overrides.secs(),
    };
    let accepted = desk.client.failover(name, &request).await?;
    desk.following(name, *wait, Goal::Moved).tell(&accepted).await
}
