//! `pause NAME|--group NAME|--all --reason TEXT [--for DURATION]`

use std::time::Duration;

use dns_api::command::{BulkAccepted, PauseRequest};
use dns_core::identifier::GroupName;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::{Pause, Reason};
use crate::failure::Failure;
use crate::render::bulk::bulk;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Pause) -> Result<Exit, Failure> {
    let Pause { target, reason, length } = arguments;
    let request = request(reason, *length)?;
    match (&target.name, &target.group) {
        (Some(name), _) => {
            let accepted = desk.client.pause(name, &request).await?;
            desk.tell_accepted(name, &accepted)
        }
        (None, Some(name)) => group(desk, name, &request).await,
        (None, None) => tell_all(desk, &desk.client.pause_all(&request).await?),
    }
}

pub(super) fn request(reason: &Reason, length: Option<Duration>) -> Result<PauseRequest, Failure> {
    let request = PauseRequest { reason: reason.reason.clone(), for_secs: length.map(|length| length.as_secs()) };
    if request.for_secs == Some(0) {
        return Err(Failure::new(Exit::Usage, "--for is shorter than a second").hint("such as --for 2h"));
    }
    Ok(request)
}

pub(super) async fn group(desk: &Desk<'_>, name: &GroupName, request: &PauseRequest) -> Result<Exit, Failure> {
    tell_all(desk, &desk.client.group_pause(name, request).await?)
}

/// Tells the result of each service; one refusal makes the whole call refused.
pub(super) fn tell_all(desk: &Desk<'_>, accepted: &BulkAccepted) -> Result<Exit, Failure> {
    desk.output.answer(accepted, |width| bulk(accepted, width))?;
    let refused = accepted.results.iter().any(|result| result.problem.is_some());
    Ok(if refused { Exit::Refused } else { Exit::Done })
}
