//! `--wait` of an order for a group: until all of it has come along, the rest does not follow any more, or time is up.
//!
//! The first member decides, the others come after it one by one by decisions of their own. So the first decision is asked
//! for, and beside it how the group stands; both only read.

use std::time::Duration;

use dns_api::client::{ClientError, ControllerClient};
use dns_api::command::{Accepted, DecisionReport, DecisionStatus};
use dns_api::group::GroupReport;
use dns_core::identifier::GroupName;
use dns_service::exit::Exit;
use serde::Serialize;
use tokio::time::Instant;

use super::approving::until_answered;
use super::outcome::exit_of_ended;
use super::{News, POLL_INTERVAL, SHOWN_WITHIN, is_over, is_silence};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::approval::awaiting;
use crate::render::group::{followed, progress};

/// What to follow, and how.
#[derive(Debug)]
pub struct GroupFollowing<'a> {
    /// Whom to ask.
    pub client: &'a ControllerClient,
    /// Where to tell.
    pub output: &'a Output,
    /// The group.
    pub group: &'a GroupName,
    /// For how long.
    pub patience: Duration,
    /// How long the operator is ready to wait for a second person; `None` means until the order lapses.
    pub timeout: Option<Duration>,
}

/// How the move of a group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupEnd {
    /// All of it is there, and served.
    Done,
    /// Some of it has moved, and the rest does not follow, or is moved by another decision.
    Unverified,
    /// Nothing was written.
    Ended,
}

/// The end, with every member.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupOutcome {
    /// The decision of the first member, which is the group's.
    pub decision: String,
    /// How it ended.
    pub status: GroupEnd,
    /// What was last told of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The group as it stands.
    pub group: GroupReport,
    #[serde(skip)]
    exit: Exit,
}

/// The first decision and the group, as they were seen together.
type Seen = (DecisionReport, GroupReport);

impl GroupFollowing<'_> {
    /// Tells what became of an order.
    ///
    /// # Errors
    /// If nobody agreed to it, time is up, or the controller knows nothing of the decision or the group.
    pub async fn tell(&self, answer: &Accepted) -> Result<Exit, Failure> {
        let end = self.until_over_and_done(answer).await;
        self.output.progress_over();
        let end = end?;
        self.output.answer(&end, |width| followed(&end, width))?;
        Ok(end.exit)
    }

    async fn until_over_and_done(&self, answer: &Accepted) -> Result<GroupOutcome, Failure> {
        let mut news = News::to(self.output);
        let decision = match (&answer.decision, &answer.awaiting_approval) {
            (None, Some(waits)) => {
                self.output.aside(&awaiting(&answer.message, waits));
                until_answered(self.client, &mut news, waits, self.timeout).await?
            }
            (decision, _) => {
                news.tell(answer.message.clone());
                decision.clone().unwrap_or_default()
            }
        };
        self.until_end(&decision, &mut news).await
    }

    async fn until_end(&self, decision: &str, news: &mut News<'_>) -> Result<GroupOutcome, Failure> {
        let deadline = Instant::now() + self.patience;
        let (mut last, mut over_since) = (None, None);
        loop {
            match self.look(decision).await {
                Ok(Some(seen)) => {
                    let over_since = is_over(seen.0.status).then(|| *over_since.get_or_insert_with(Instant::now));
                    let is_shown = over_since.is_some_and(|since: Instant| since.elapsed() >= SHOWN_WITHIN);
                    if let Some(end) = end_of(&seen, is_shown) {
                        return Ok(end);
                    }
                    news.tell(progress(&seen.1, decision));
                    last = Some(seen);
                }
                Ok(None) => return Err(Failure::new(Exit::Failed, format!("there is no group `{}`", self.group))),
                Err(error) if is_silence(&error) => news.tell(error.to_string()),
                Err(error) => return Err(error.into()),
            }
            if Instant::now() + POLL_INTERVAL >= deadline {
                return Err(self.out_of_time(decision, last.as_ref()));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn look(&self, decision: &str) -> Result<Option<Seen>, ClientError> {
        let first = self.client.decision(decision).await?;
        let mut groups = self.client.groups().await?.groups.into_iter();
        Ok(groups.find(|group| group.name == self.group.as_str()).map(|group| (first, group)))
    }

    fn out_of_time(&self, decision: &str, last: Option<&Seen>) -> Failure {
        let patience = humantime::format_duration(self.patience);
        let (exit, what) = match last {
            None => (Exit::Unreachable, format!("the controller did not answer for {patience} (decision {decision})")),
            Some((first, group)) if has_begun(first, group) => {
                let told = progress(group, decision);
                (Exit::Unverified, format!("not all of it has arrived within {patience} (decision {decision}): {told}"))
            }
            Some(_) => (Exit::Failed, format!("not written within {patience} (decision {decision}); it may still be")),
        };
        Failure::new(exit, what).hint(format!("dns-admin group status {}", self.group))
    }
}

fn has_begun(first: &DecisionReport, group: &GroupReport) -> bool {
    let written = match first.status {
        DecisionStatus::Written | DecisionStatus::Done | DecisionStatus::Unverified => true,
        DecisionStatus::Open | DecisionStatus::Ended => false,
    };
    written || came_along(group, &first.decision)
}

/// Whether any member has moved by a decision.
fn came_along(group: &GroupReport, decision: &str) -> bool {
    group.members.iter().any(|member| member.decision.as_deref() == Some(decision))
}

/// How it ended, if it has. A group that is shown as it was before the decision says nothing; `is_shown` if that can no longer
/// be.
fn end_of((first, group): &Seen, is_shown: bool) -> Option<GroupOutcome> {
    let why = first.rows.last().map(|row| row.summary.clone());
    let end = |status, exit| {
        let why = why.clone().filter(|_| status == GroupEnd::Ended);
        Some(GroupOutcome { decision: first.decision.clone(), status, why, group: group.clone(), exit })
    };
    if first.status == DecisionStatus::Ended && !came_along(group, &first.decision) {
        return end(GroupEnd::Ended, exit_of_ended(first));
    }
    let is_known = is_shown || came_along(group, &first.decision);
    if !is_known || group.decision.as_ref() == Some(&first.decision) {
        return None;
    }
    let all = group.decision.is_none() && group.active.is_some() && group.members.iter().all(|member| member.arrived);
    if all && came_along(group, &first.decision) {
        return end(GroupEnd::Done, Exit::Done);
    }
    end(GroupEnd::Unverified, Exit::Unverified)
}
