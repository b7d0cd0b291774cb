//! `failback NAME --reason TEXT`

use dns_service::exit::Exit;

use super::{Desk, reasoned};
use crate::arguments::Move;
use crate::failure::Failure;
use crate::follow::outcome::Goal;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Move) -> Result<Exit, Failure> {
    let Move { name, reason, overrides, wait } = arguments;
    let accepted = desk.client.failback(name, &reasoned(reason, overrides)).await?;
    desk.following(name, *wait, Goal::Moved).tell(&accepted).await
}
