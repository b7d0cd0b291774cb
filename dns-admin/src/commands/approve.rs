//! `approve ID --reason TEXT`, `approve --list`, `decline ID --reason TEXT`: the second person.

use dns_api::approval::AnswerRequest;
use dns_api::command::Accepted;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::{Approve, Decline};
use crate::failure::Failure;
use crate::render::approval::{answered, waiting};

pub(super) async fn run(desk: &Desk<'_>, arguments: &Approve) -> Result<Exit, Failure> {
    let (Some(id), Some(reason)) = (&arguments.approval, &arguments.reason) else { return list(desk).await };
    let answer = desk.client.approve(id, &AnswerRequest { reason: reason.clone() }).await?;
    tell(desk, &answer)
}

pub(super) async fn decline(desk: &Desk<'_>, arguments: &Decline) -> Result<Exit, Failure> {
    let request = AnswerRequest { reason: arguments.reason.reason.clone() };
    let answer = desk.client.decline(&arguments.approval, &request).await?;
    tell(desk, &answer)
}

async fn list(desk: &Desk<'_>) -> Result<Exit, Failure> {
    let list = desk.client.approvals().await?;
    desk.output.answer(&list, |width| waiting(&list, width))?;
    Ok(Exit::Done)
}

fn tell(desk: &Desk<'_>, answer: &Accepted) -> Result<Exit, Failure> {
    desk.output.answer(answer, |_| answered(answer))?;
    Ok(Exit::Done)
}
