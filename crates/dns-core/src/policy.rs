//! How carefully a service is watched and how freely it may move.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::approval::ApprovalPolicy;
use crate::dwell::DwellPolicy;
use crate::identifier::VantageName;
use crate::overriding::OverrideTerm;
use crate::share::Share;

/// The least time a decision stays valid; also the default length of a permit (architecture §8).
pub const VALIDITY_MIN: Duration = Duration::from_secs(10);

/// One service's policy, with every default filled in and the vantage point selector resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Time between two runs of one probe.
    pub interval: Duration,
    /// How long one run may take; at most the interval.
    pub timeout: Duration,
    /// How outcomes become a verdict.
    pub detection: Detection,
    /// How many vantage points must agree.
    pub quorum: usize,
    /// The vantage points that judge, never fewer than the quorum.
    pub vantage_points: BTreeSet<VantageName>,
    /// How many of a region's endpoints make it a region that serves.
    #[serde(default)]
    pub capacity: Capacity,
    /// How long a quorum must have seen a region healthy before records may move there.
    pub ready_for: Duration,
    /// How long after a move failback waits.
    pub cooldown: Duration,
    /// How much longer it waits when the service leaves its preferred region again and again.
    #[serde(default)]
    pub dwell: DwellPolicy,
    /// Who starts a failback.
    pub failback: Failback,
    /// What follows when the region fails that a failover has brought the service to.
    #[serde(default)]
    pub on_standby_failure: OnStandbyFailure,
    /// How often the service may leave a region without an order.
    #[serde(default)]
    pub failover_budget: FailoverBudget,
    /// How long overrides of an order count.
    #[serde(default)]
    pub overrides: OverrideTerm,
    /// Which orders need a second person.
    #[serde(default)]
    pub approval: ApprovalPolicy,
    /// What to do with records that someone else changed.
    pub on_foreign_change: OnForeignChange,
    /// How strongly providers must enforce the conditions of a write.
    #[serde(default)]
    pub guard: GuardDemand,
    /// How long a standby region may be unready until someone is woken, once.
    #[serde(default = "standby_unready_for")]
    pub standby_unready_for: Duration,
    /// How long before a served certificate ends people are told; zero tells nobody.
    #[serde(default = "certificate_warning")]
    pub certificate_warning: Duration,
    /// How soon the service must be served elsewhere after its region failed, to be compared with what drills and failovers
    /// measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_time_objective: Option<Duration>,
    /// How long verification asks the authoritative servers before it reports the stragglers.
    pub verify_within: Duration,
}

/// The default of [`Policy::standby_unready_for`]: longer than a restart or a backup takes, shorter than a shift.
pub const STANDBY_UNREADY_FOR: Duration = Duration::from_mins(15);

/// The default of [`Policy::certificate_warning`]: certificates that renew themselves do so a month before their end.
pub const CERTIFICATE_WARNING: Duration = Duration::from_hours(14 * 24);

fn standby_unready_for() -> Duration {
    STANDBY_UNREADY_FOR
}

fn certificate_warning() -> Duration {
    CERTIFICATE_WARNING
}

impl Policy {
    /// How long a decision may wait for its permit: two probe intervals, at least [`VALIDITY_MIN`].
    pub fn validity(&self) -> Duration {
        VALIDITY_MIN.max(self.interval * 2)
    }
}

/// How many of a region's endpoints make it a region that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// A region is failing when fewer of its endpoints are healthy. Without it one healthy endpoint is enough.
    pub failing_below: Option<Share>,
    /// A region may be entered when at least so many are proven; never fewer than it takes not to be failing.
    pub ready_from: Share,
}

impl Capacity {
    /// How many of `count` endpoints must be healthy.
    pub fn healthy_min(self, count: usize) -> usize {
        self.failing_below.map_or(1, |share| share.of(count))
    }

    /// How many of `count` endpoints must be proven.
    pub fn proven_min(self, count: usize) -> usize {
        self.ready_from.of(count).max(self.healthy_min(count))
    }
}

impl Default for Capacity {
    fn default() -> Self {
        Self { failing_below: None, ready_from: Share::ALL }
    }
}

/// Consecutive outcomes in a row that turn a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detection {
    /// Failed runs in a row until an endpoint counts as failing.
    pub fall: u32,
    /// Good runs in a row until it counts as healthy.
    pub rise: u32,
}

/// Who starts a failback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Failback {
    /// An operator.
    Manual,
    /// The controller, unless an operator has pinned the service.
    Automatic {
        /// How long the preferred region must have been seen healthy before.
        soak: Duration,
    },
    /// The controller, and not all answers at once.
    Gradual(Box<Gradual>),
}

/// How a service comes back in steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gradual {
    /// How long the preferred region must have been seen healthy before the first step.
    pub soak: Duration,
    /// Its share of the answers after each step but the last, which gives it all of them: ascending, never empty.
    pub steps: Vec<Share>,
    /// How long each share stands at the least.
    pub step_every: Duration,
}

impl Gradual {
    /// The share after `share`; none if all answers are next.
    pub fn after(&self, share: Option<Share>) -> Option<Share> {
        self.steps.iter().copied().find(|step| share.is_none_or(|share| *step > share))
    }
}

impl Failback {
    /// How long the controller waits before it brings a service back; `None` if it leaves that to operators.
    pub fn soak(&self) -> Option<Duration> {
        match self {
            Self::Manual => None,
            Self::Automatic { soak } => Some(*soak),
            Self::Gradual(gradual) => Some(gradual.soak),
        }
    }

    /// The steps, if it comes back in steps.
    pub fn gradual(&self) -> Option<&Gradual> {
        match self {
            Self::Manual | Self::Automatic { .. } => None,
            Self::Gradual(gradual) => Some(gradual),
        }
    }
}

/// What follows when the region fails that a failover has brought the service to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnStandbyFailure {
    /// The next failover, to a region that is proven.
    #[default]
    Failover,
    /// The service stays until an operator moves it.
    Hold,
}

/// How often a service may leave a region without an order. An order is not bound by it: whoever gives it looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailoverBudget {
    /// Failovers within `per`, at the most.
    pub moves: u32,
    /// The time that they are counted over.
    pub per: Duration,
    /// The wait after the second of them; it doubles with each further one. There and back again is an emergency, more
    /// than that is flapping.
    pub backoff: Duration,
}

impl FailoverBudget {
    /// The most failovers that a budget may allow: so many are remembered.
    pub const MOVES_MAX: u32 = 16;

    /// How long after the last of `recent` failovers the next one waits.
    pub fn wait_after(&self, recent: u32) -> Duration {
        match recent.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => self.backoff.saturating_mul(1 << doublings.min(Self::MOVES_MAX)),
        }
    }
}

impl Default for FailoverBudget {
    fn default() -> Self {
        Self { moves: 4, per: Duration::from_hours(1), backoff: Duration::from_mins(1) }
    }
}

/// What to do with records that someone else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnForeignChange {
    /// Hold every write and page, until an operator adopts or repairs.
    Hold,
}

/// How strongly a provider must enforce the conditions of a write. A provider that cannot is refused when the configuration
/// is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GuardDemand {
    /// Whatever it can: it may read, compare, write and read back.
    #[default]
    Any,
    /// At least among writers that keep to the fence.
    OwnWriters,
    /// Against everyone.
    Atomic,
}

impl GuardDemand {
    /// The demand as the configuration names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::OwnWriters => "ownWriters",
            Self::Atomic => "atomic",
        }
    }
}
