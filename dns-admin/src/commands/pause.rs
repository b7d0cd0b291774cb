//! `pause NAME|--all --reason TEXT [--for DURATION]`

use dns_api::command::{BulkAccepted, PauseRequest};
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::Pause;
use crate::failure::Failure;
use crate::render::bulk::bulk;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Pause) -> Result<Exit, Failure> {
    let Pause { target, reason, length } = arguments;
    let request = PauseRequest { reason: reason.reason.clone(), for_secs: length.map(|length| length.as_secs()) };
    if request.for_secs == Some(0) {
        return Err(Failure::new(Exit::Usage, "--for is shorter than a second").hint("such as --for 2h"));
    }
    match &target.name {
        Some(name) => {
            let accepted = desk.client.pause(name, &request).await?;
            desk.tell_accepted(name, &accepted)
        }
        None => tell_all(desk, &desk.client.pause_all(&request).await?),
    }
}

/// Tells the result of each service; one refusal makes the whole call refused.
pub(super) fn tell_all(desk: &Desk<'_>, accepted: &BulkAccepted) -> Result<Exit, Failure> {
    desk.output.answer(accepted, |width| bulk(accepted, width))?;
    let refused = accepted.results.iter().any(|result| result.problem.is_some());
    Ok(if refused { Exit::Refused } else { Exit::Done })
}
