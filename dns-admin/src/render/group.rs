//! `group status`: where the members of groups are.

use dns_api::group::{GroupList, GroupMemberReport, GroupReport};

use super::table::{indented, table};
use super::{Width, lines};

/// Each group with a line a member, in its order.
pub fn groups(list: &GroupList, width: Width) -> String {
    if list.groups.is_empty() {
        return "no groups are configured\n".to_owned();
    }
    list.groups.iter().map(|group| one(group, width)).collect::<Vec<_>>().join("\n")
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
