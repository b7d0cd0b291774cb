//! `release NAME --reason TEXT`

use dns_service::exit::Exit;

use super::{Desk, reasoned};
use crate::arguments::{Release, Wait};
use crate::failure::Failure;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Release) -> Result<Exit, Failure> {
    let Release { name, reason, overrides } = arguments;
    let accepted = desk.client.release(name, &reasoned(reason, overrides)).await?;
    desk.following(name, Wait { wait: false }).tell(&accepted).await
}
