//! `group status`: where the members of groups are; and how a move of all of them goes, for `--wait`.

use dns_api::group::{GroupList, GroupMemberReport, GroupReport};

use super::table::{indented, table};
use super::{Width, lines};
use crate::follow::group::{GroupEnd, GroupOutcome};

/// Each group with a line a member, in its order.
pub fn groups(list: &GroupList, width: Width) -> String {
    if list.groups.is_empty() {
        return "no groups are configured\n".to_owned();
    }
    list.groups.iter().map(|group| one(group, width)).collect::<Vec<_>>().join("\n")
}

/// One line while members have yet to come along with a decision.
pub fn progress(group: &GroupReport, decision: &str) -> String {
    let all: Vec<String> = group.members.iter().map(|member| member_progress(member, decision)).collect();
    format!("{}: {}", group.name, all.join(", "))
}

fn member_progress(member: &GroupMemberReport, decision: &str) -> String {
    let GroupMemberReport { service, active, arrived, held, .. } = member;
    let came = member.decision.as_deref() == Some(decision);
    let region = active.as_deref().unwrap_or("?");
    match (came, arrived, held) {
        (true, true, _) => format!("{service} is served in {region}"),
        (true, false, _) => format!("{service} is written in {region}"),
        (false, _, Some(held)) => format!("{service} is held ({held})"),
        (false, _, None) => format!("{service} waits"),
    }
}

/// The end of a move of all of them.
pub fn followed(outcome: &GroupOutcome, width: Width) -> String {
    let GroupOutcome { decision, status, why, group, .. } = outcome;
    let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let end = match status {
        GroupEnd::Done => "all of it has moved, and every authoritative server serves it",
        GroupEnd::Unverified => "not all of it came along",
        GroupEnd::Ended => "nothing was written",
    };
    lines([format!("{}: {end}{why} (decision {decision})", group.name)]) + &one(group, width)
}

fn one(group: &GroupReport, width: Width) -> String {
    let GroupReport { name, move_when, active: _, decision, summary, members } = group;
    let decision = decision.as_ref().map(|decision| format!(", by decision {decision}")).unwrap_or_default();
    let head = lines([format!("{name}: {summary}{decision}; it leaves a region when {move_when} there")]);
    let rows = members.iter().map(row);
    head + &indented(&table(width, ["SERVICE", "REGION", "ARRIVED", "STATE", "AFTER", "WAITS FOR"], rows))
}

fn row(member: &GroupMemberReport) -> [String; 6] {
    let GroupMemberReport { service, active, state, arrived, after, decision: _, held, pause, page } = member;
    let dash = || "-".to_owned();
    let pause = pause.as_ref().map(|pause| format!("paused {pause}"));
    let waits: Vec<String> = held.iter().cloned().chain(pause).collect();
    [
        if *page { format!("PAGE {service}") } else { service.clone() },
        active.clone().unwrap_or_else(dash),
        if *arrived { "yes" } else { "no" }.to_owned(),
        state.clone(),
        if after.is_empty() { dash() } else { after.join(", ") },
        if waits.is_empty() { dash() } else { waits.join("; ") },
    ]
}
