//! `release NAME --reason TEXT`

use dns_service::exit::Exit;

use super::{Desk, reasoned};
use crate::arguments::Release;
use crate::failure::Failure;
use crate::follow::outcome::Goal;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Release) -> Result<Exit, Failure> {
    let Release { name, reason, overrides, wait } = arguments;
    let accepted = desk.client.release(name, &reasoned(reason, overrides)).await?;
    desk.following(name, *wait, Goal::Released).tell(&accepted).await
}
