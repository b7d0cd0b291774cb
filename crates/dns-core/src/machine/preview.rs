//! What a move would be refused for now: the kernel is asked about a wish that nobody has. Nothing changes.

use super::decide::Wish;
use super::memory::Failover;
use super::{Machine, Surroundings, Turn};
use crate::identifier::RegionName;
use crate::kernel::{Answer, Rule, Said};
use crate::machine::effect::Step;
use crate::write::{Initiative, WriteKind};

/// A move that nobody wants, and what the kernel would say to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The region that would be left.
    pub from: Option<RegionName>,
    /// Where it would go.
    pub to: RegionName,
    /// Its kind.
    pub kind: WriteKind,
    /// Who would start it.
    pub initiative: Initiative,
    /// What every rule says.
    pub answers: Vec<Answer>,
}

impl Preview {
    /// The rules that would refuse it, though the region were failing: what stands in the way today.
    pub fn obstacles(&self) -> impl Iterator<Item = &Answer> {
        // That the region is not failing is what it waits for, and no obstacle.
        self.answers.iter().filter(|answer| answer.answer == Said::No && answer.rule != Rule::QuorumJudged)
    }
}

impl Machine {
    /// What the kernel would say now to a failover by the controller itself, or to a move by hand.
    pub(crate) fn preview(&self, to: &RegionName, initiative: &Initiative, around: Surroundings) -> Preview {
        let turn = Turn { around, at: self.state(), step: Step::default() };
        let memory: &Failover = self.memory();
        let from = memory.service_active(&turn).cloned();
        let kind = match initiative {
            Initiative::Automatic => WriteKind::Failover,
            Initiative::Manual { .. } => memory.kind_of_move(from.as_ref(), to, &turn),
        };
        let reason = "nobody wants it: it is a preview".to_owned();
        let wish = Wish::automatic(kind, Some(to.clone()), reason);
        let companions = turn.around.fleet.companions();
        let group = companions.and_then(|companions| companions.all_not_in(to, &turn.around.service.name));
        // By hand it would be moved alone, and refused for that.
        let group = group.filter(|_| *initiative == Initiative::Automatic);
        let wish = Wish { from: from.clone(), initiative: initiative.clone(), group, ..wish };
        let answers = memory.interview(&wish, &turn);
        Preview { from, to: to.clone(), kind, initiative: initiative.clone(), answers }
    }
}
