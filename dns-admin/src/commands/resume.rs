//! `resume NAME|--group NAME|--all --reason TEXT`

use dns_api::command::ReasonedRequest;
use dns_core::identifier::GroupName;
use dns_service::exit::Exit;

use super::{Desk, pause};
use crate::arguments::{Reason, Resume};
use crate::failure::Failure;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Resume) -> Result<Exit, Failure> {
    let Resume { target, reason } = arguments;
    let request = request(reason);
    match (&target.name, &target.group) {
        (Some(name), _) => {
            let accepted = desk.client.resume(name, &request).await?;
            desk.tell_accepted(name, &accepted)
        }
        (None, Some(name)) => group(desk, name, &request).await,
        (None, None) => pause::tell_all(desk, &desk.client.resume_all(&request).await?),
    }
}

pub(super) fn request(reason: &Reason) -> ReasonedRequest {
    ReasonedRequest { reason: reason.reason.clone(), overrides: Vec::new(), override_for_secs: None }
}

pub(super) async fn group(desk: &Desk<'_>, name: &GroupName, request: &ReasonedRequest) -> Result<Exit, Failure> {
    pause::tell_all(desk, &desk.client.group_resume(name, request).await?)
}
