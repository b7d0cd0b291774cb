//! `resume NAME|--all --reason TEXT`

use dns_api::command::ReasonedRequest;
use dns_service::exit::Exit;

use super::{Desk, pause};
use crate::arguments::Resume;
use crate::failure::Failure;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Resume) -> Result<Exit, Failure> {
    let Resume { target, reason } = arguments;
    let request = ReasonedRequest { reason: reason.reason.clone(), overrides: Vec::new(), override_for_secs: None };
    match &target.name {
        Some(name) => {
            let accepted = desk.client.resume(name, &request).await?;
            desk.tell_accepted(name, &accepted)
        }
        None => pause::tell_all(desk, &desk.client.resume_all(&request).await?),
    }
}
