//! `group`: services that move together.

use std::time::Duration;

use clap::{Args, Subcommand};
use dns_core::identifier::{GroupName, RegionName};

use super::{Overrides, Reason};

/// Verbs of `group`.
#[derive(Debug, Subcommand)]
pub enum Group {
    /// Says where the members of groups are, and how far a move is.
    Status(GroupStatus),
    /// Moves all services of a group to a region, in its order, and pins them there.
    Failover(GroupFailover),
    /// Moves all services of a group back to their preferred region, in its order.
    Failback(GroupMove),
    /// Blocks the automatic writes of all services of a group; the same as `pause --group`.
    Pause(GroupPause),
    /// Ends the pause of a group; the same as `resume --group`.
    Resume(GroupResume),
}

/// Arguments of `group status`.
#[derive(Debug, Args)]
pub struct GroupStatus {
    /// One group only.
    pub name: Option<GroupName>,
}

/// Arguments of `group failover`.
#[derive(Debug, Args)]
pub struct GroupFailover {
    /// The group.
    pub name: GroupName,
    /// The region to move to.
    #[arg(long, value_name = "REGION")]
    pub to: RegionName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override, for every member.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Whether to stay.
    #[command(flatten)]
    pub wait: GroupWait,
}

/// Arguments of `group failback`.
#[derive(Debug, Args)]
pub struct GroupMove {
    /// The group.
    pub name: GroupName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// Rules to override, for every member.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Whether to stay.
    #[command(flatten)]
    pub wait: GroupWait,
}

/// Whether to stay.
#[derive(Clone, Copy, Debug, Args)]
pub struct GroupWait {
    /// Follows the move until every member was seen to be served, or does not come along any more.
    #[arg(long)]
    pub wait: bool,
}

/// Arguments of `group pause`.
#[derive(Debug, Args)]
pub struct GroupPause {
    /// The group.
    pub name: GroupName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// For how long, such as 2h; without it until someone resumes.
    #[arg(long = "for", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub length: Option<Duration>,
}

/// Arguments of `group resume`.
#[derive(Debug, Args)]
pub struct GroupResume {
    /// The group.
    pub name: GroupName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
}
