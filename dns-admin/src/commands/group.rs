//! `group status|failover|failback|pause|resume`

use dns_api::command::{Accepted, FailoverRequest, ReasonedRequest};
use dns_api::group::GroupList;
use dns_core::identifier::GroupName;
use dns_service::exit::Exit;

use super::{Desk, pause, reasoned, resume};
use crate::arguments::{Group, GroupFailover, GroupMove, GroupPause, GroupResume, GroupWait};
use crate::failure::Failure;
use crate::follow::group::GroupFollowing;
use crate::render::approval::awaiting;
use crate::render::group::groups;
use crate::render::lines;

pub(super) async fn run(desk: &Desk<'_>, verb: &Group) -> Result<Exit, Failure> {
    match verb {
        Group::Status(arguments) => status(desk, arguments.name.as_ref()).await,
        Group::Failover(GroupFailover { name, to, reason, overrides, wait }) => {
            let ReasonedRequest { reason, overrides, override_for_secs } = reasoned(reason, overrides);
            let request = FailoverRequest { to: to.clone(), reason, overrides, override_for_secs };
            tell(desk, name, *wait, &desk.client.group_failover(name, &request).await?).await
        }
        Group::Failback(GroupMove { name, reason, overrides, wait }) => {
            tell(desk, name, *wait, &desk.client.group_failback(name, &reasoned(reason, overrides)).await?).await
        }
        Group::Pause(GroupPause { name, reason, length }) => {
            pause::group(desk, name, &pause::request(reason, *length)?).await
        }
        Group::Resume(GroupResume { name, reason }) => resume::group(desk, name, &resume::request(reason)).await,
    }
}

async fn status(desk: &Desk<'_>, name: Option<&GroupName>) -> Result<Exit, Failure> {
    let mut list: GroupList = desk.client.groups().await?;
    if let Some(name) = name {
        list.groups.retain(|group| group.name == name.as_str());
        if list.groups.is_empty() {
            let message = format!("there is no group `{name}`");
            return Err(Failure::new(Exit::Failed, message).hint("`dns-admin group status` lists them"));
        }
    }
    desk.output.answer(&list, |width| groups(&list, width))?;
    Ok(Exit::Done)
}

async fn tell(desk: &Desk<'_>, name: &GroupName, wait: GroupWait, answer: &Accepted) -> Result<Exit, Failure> {
    if wait.wait && (answer.decision.is_some() || answer.awaiting_approval.is_some()) {
        let Desk { client, output, global } = desk;
        let (patience, timeout) = (global.wait_timeout(), global.timeout);
        return GroupFollowing { client, output, group: name, patience, timeout }.tell(answer).await;
    }
    if let Some(waits) = &answer.awaiting_approval {
        desk.output.answer(answer, |_| awaiting(&answer.message, waits))?;
        return Ok(Exit::AwaitingApproval);
    }
    let follow =
        answer.decision.iter().map(|id| format!("decision {id}; follow it with: dns-admin group status {name}"));
    desk.output.answer(answer, |_| lines([answer.message.clone()].into_iter().chain(follow)))?;
    Ok(Exit::Done)
}
