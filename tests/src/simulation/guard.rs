//! The guards that can be removed, to see the invariants break without them.

use std::collections::BTreeMap;

use clap::ValueEnum;
use dns_core::identifier::RegionName;
use dns_core::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};

use super::invariants::Invariant;

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
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 11] = [
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
            ],
            Self::PermitTime => &[Invariant::WithinPermit],
            Self::Resolving => &[Invariant::NothingAbandonedArrives],
            Self::UnknownIsNotDown | Self::Quorum => &[Invariant::MovesOnEvidence, Invariant::NoWrongMove],
            Self::Staleness => &[Invariant::MovesOnEvidence, Invariant::NoWrongMove, Invariant::TargetsProven],
            Self::TargetProven => &[Invariant::TargetsProven],
            Self::AllRegionsFailing => &[Invariant::NeverWhileAllFail],
            Self::Pause => &[Invariant::PausesHold],
            Self::ConfigurationOrder => &[Invariant::ConfigurationsInOrder],
        }
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
            | Self::ConfigurationOrder => {}
        }
    }
}

fn prove_all(regions: &mut BTreeMap<RegionName, RegionJudgement>) {
    for region in regions.values_mut() {
        region.proven = true;
    }
}
