//! The guards that can be removed, to see the invariants break without them.

pub(super) mod removal;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use dns_core::identifier::RegionName;
use dns_core::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use dns_core::policy::{Failback, FailoverBudget, OnStandbyFailure};
use dns_core::service::Service;
use dns_core::shared::Shared;

use super::invariants::Invariant;

/// As good as no time.
const MOMENT: Duration = Duration::from_millis(1);

/// A guard of the system. With one of them removed the simulation must find a violation, or it would prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Guard {
    /// The provider refuses a write whose fence or records are not as it requires.
    FenceCondition,
    /// The kernel is asked again before a write is sent.
    PermitAsked,
    /// The provider refuses a write that was signed too long ago.
    PermitTime,
    /// A write whose answer was lost is found out about, or burned, before anything else is decided.
    Resolving,
    /// Unknown is not down.
    UnknownIsNotDown,
    /// A quorum has to agree.
    Quorum,
    /// Silence is no evidence.
    Staleness,
    /// Only a proven region is moved to (kernel).
    TargetProven,
    /// All regions failing means hold (kernel).
    AllRegionsFailing,
    /// A pause blocks automatic writes (kernel).
    Pause,
    /// An older configuration never writes over a newer one (kernel).
    ConfigurationOrder,
    /// Gates have to say yes before records move (kernel).
    GatesOpen,
    /// A hook can say no to a move (kernel).
    HooksAgreed,
    /// Changes wait while a window is open (kernel).
    ChangeFreeze,
    /// A failback waits for the cooldown (kernel).
    CooledDown,
    /// An automatic failback waits until the preferred region was healthy for long enough (kernel).
    Soaked,
    /// What an operator has moved is not failed back automatically (kernel).
    NotPinned,
    /// A service whose policy says so stays in its standby region (kernel).
    StandbyHolds,
    /// A service leaves regions without an order only so often (kernel).
    FailoverBudget,
    /// A part of a region's services waits for an order, and all of them leave in waves (kernel).
    BlastRadius,
    /// A provider takes a change set whole or not at all.
    WholeChangeSet,
    /// Each decision has a name of its own.
    OwnName,
    /// A step's state and its outbox are committed together or not at all.
    OneCommit,
    /// What was committed is there when the process begins anew.
    Durability,
    /// What may still be on its way is made impossible, so that something else can be decided.
    Burning,
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 25] = [
        Self::FenceCondition,
        Self::PermitAsked,
        Self::PermitTime,
        Self::Resolving,
        Self::UnknownIsNotDown,
        Self::Quorum,
        Self::Staleness,
        Self::TargetProven,
        Self::AllRegionsFailing,
        Self::Pause,
        Self::ConfigurationOrder,
        Self::GatesOpen,
        Self::HooksAgreed,
        Self::ChangeFreeze,
        Self::CooledDown,
        Self::Soaked,
        Self::NotPinned,
        Self::StandbyHolds,
        Self::FailoverBudget,
        Self::BlastRadius,
        Self::WholeChangeSet,
        Self::OwnName,
        Self::OneCommit,
        Self::Durability,
        Self::Burning,
    ];

    /// The invariants that it upholds: without it one of these breaks.
    pub fn upholds(self) -> &'static [Invariant] {
        match self {
            Self::FenceCondition => &[
                Invariant::OrderGoesUp,
                Invariant::OnePlanPerEpoch,
                Invariant::WholePlans,
                Invariant::NothingAbandonedArrives,
            ],
            Self::PermitAsked => &[
                Invariant::MovesOnEvidence,
                Invariant::TargetsProven,
                Invariant::PausesHold,
                Invariant::NeverWhileAllFail,
                Invariant::NoWrongMove,
                Invariant::GatesHold,
                Invariant::WindowsHold,
            ],
            Self::PermitTime => &[Invariant::WithinPermit],
            Self::Resolving => &[Invariant::NothingAbandonedArrives],
            Self::UnknownIsNotDown | Self::Quorum => &[Invariant::MovesOnEvidence, Invariant::NoWrongMove],
            Self::Staleness => &[Invariant::MovesOnEvidence, Invariant::NoWrongMove, Invariant::TargetsProven],
            Self::TargetProven => &[Invariant::TargetsProven],
            Self::AllRegionsFailing => &[Invariant::NeverWhileAllFail],
            Self::Pause => &[Invariant::PausesHold],
            Self::ConfigurationOrder => &[Invariant::ConfigurationsInOrder],
            Self::GatesOpen => &[Invariant::GatesHold],
            Self::HooksAgreed => &[Invariant::VetoesHold],
            Self::ChangeFreeze => &[Invariant::WindowsHold],
            Self::CooledDown => &[Invariant::CooldownsHold],
            Self::Soaked => &[Invariant::SoaksHold],
            Self::NotPinned => &[Invariant::PinsHold],
            Self::StandbyHolds => &[Invariant::StandbysHold],
            Self::FailoverBudget => &[Invariant::BudgetsHold],
            Self::BlastRadius => &[Invariant::BlastRadiusHolds, Invariant::WavesHold],
            Self::WholeChangeSet => &[Invariant::NeverEmpty, Invariant::WholePlans],
            Self::OwnName => &[Invariant::OneRegionPerPlan],
            Self::OneCommit => &[Invariant::OutboxAgrees],
            Self::Durability => &[Invariant::HeldGoesUp],
            Self::Burning => &[Invariant::Settles],
        }
    }

    /// The service as a core without this guard would have it configured; the newest revision is `newest`.
    pub(super) fn loosen(self, service: &Service, newest: u64) -> Service {
        let mut loose = service.clone();
        let policy = &mut loose.policy;
        match self {
            Self::ConfigurationOrder => loose.revision = newest,
            Self::ChangeFreeze => loose.windows = Arc::default(),
            Self::CooledDown => policy.cooldown = Duration::ZERO,
            Self::Soaked => {
                if let Failback::Automatic { soak } = &mut policy.failback {
                    *soak = Duration::ZERO;
                }
            }
            Self::StandbyHolds => policy.on_standby_failure = OnStandbyFailure::Failover,
            Self::FailoverBudget => {
                policy.failover_budget =
                    FailoverBudget { moves: FailoverBudget::MOVES_MAX, per: MOMENT, backoff: MOMENT };
            }
            Self::GatesOpen => loose.regions.iter_mut().for_each(|region| region.gates = Shared::default()),
            Self::FenceCondition
            | Self::PermitAsked
            | Self::PermitTime
            | Self::Resolving
            | Self::UnknownIsNotDown
            | Self::Quorum
            | Self::Staleness
            | Self::TargetProven
            | Self::AllRegionsFailing
            | Self::Pause
            | Self::HooksAgreed
            | Self::NotPinned
            | Self::BlastRadius
            | Self::WholeChangeSet
            | Self::OwnName
            | Self::OneCommit
            | Self::Durability
            | Self::Burning => {}
        }
        loose
    }

    /// What a shell without this guard would have made of a judgement.
    pub(super) fn distort(self, judgement: &mut Judgement) {
        let regions = &mut judgement.regions;
        match self {
            Self::UnknownIsNotDown => {
                let unknown = regions.values_mut().filter(|region| region.health == Health::Unknown);
                for region in unknown {
                    region.health = Health::Failing;
                }
            }
            Self::TargetProven => prove_all(regions),
            Self::AllRegionsFailing => {
                // A region that is nowhere is well, so never do all of them fail; and any would do.
                let well = RegionJudgement {
                    health: Health::Healthy,
                    proven: true,
                    healthy_min: 0,
                    proven_min: 0,
                    gates: Vec::new(),
                    endpoints: Vec::new(),
                };
                prove_all(regions);
                regions.insert("nowhere".parse().expect("invariant: a name"), well);
            }
            Self::Quorum => {
                let failing = |vote: &Vote| matches!(vote, Vote::Failing { .. });
                let alone = |endpoint: &EndpointJudgement| endpoint.votes.values().any(failing);
                for region in regions.values_mut().filter(|region| region.endpoints.iter().all(alone)) {
                    region.health = Health::Failing;
                }
            }
            Self::FenceCondition
            | Self::PermitAsked
            | Self::PermitTime
            | Self::Resolving
            | Self::Staleness
            | Self::Pause
            | Self::ConfigurationOrder
            | Self::GatesOpen
            | Self::HooksAgreed
            | Self::ChangeFreeze
            | Self::CooledDown
            | Self::Soaked
            | Self::NotPinned
            | Self::StandbyHolds
            | Self::FailoverBudget
            | Self::BlastRadius
            | Self::WholeChangeSet
            | Self::OwnName
            | Self::OneCommit
            | Self::Durability
            | Self::Burning => {}
        }
    }
}

fn prove_all(regions: &mut BTreeMap<RegionName, RegionJudgement>) {
    for region in regions.values_mut() {
        region.proven = true;
    }
}
