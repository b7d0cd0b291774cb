//! Invariants of how freely a service moves: gates, hooks, windows, cooldown, soak, pin, standby and budget. Each is reckoned
//! anew here, by what the simulation itself knows.

use std::time::Duration;

use dns_core::fence::Fence;
use dns_core::kernel::Rule;
use dns_core::policy::{Failback, OnStandbyFailure};
use dns_core::write::{Initiative, PlannedWrite, WriteKind};

use super::super::Ms;
use super::super::oracle::Heard;
use super::super::setting::Setting;
use super::super::world::World;
use super::super::zone::Message;
use super::Invariant;

/// How much earlier than its arrival a move may count from: the time between its decision and the end of its permit.
const DECIDED_BEFORE: Ms = 60_000;

impl World<'_> {
    /// After a controller was given leave to send a write.
    pub(super) fn check_freedom(&mut self, controller: usize, place: usize, write: &PlannedWrite, heard: &[Heard]) {
        let vetoed = self.ledger.vetoed.contains(&write.id);
        self.require(!vetoed, Invariant::VetoesHold, || format!("{} was let go", write.kind.as_str()));
        if write.aligns() {
            return;
        }
        self.check_gates(controller, write);
        self.check_windows(controller, write, heard);
        if write.initiative != Initiative::Automatic {
            return;
        }
        match write.kind {
            WriteKind::Failback => {
                self.check_soak(controller, write);
                self.check_known_pin(controller);
            }
            WriteKind::Failover => {
                self.check_standby(write);
                self.check_budget(controller, place);
            }
            // No policy that is played comes back in steps, so none is given up.
            WriteKind::Abort
            | WriteKind::Adopt
            | WriteKind::Release
            | WriteKind::Annotate
            | WriteKind::Repair
            | WriteKind::Rerender => {}
        }
    }

    fn is_overridden(&self, controller: usize, write: &PlannedWrite, rule: Rule) -> bool {
        write.overrides.contains(&rule) && self.is_overriding(controller, write)
    }

    fn check_gates(&mut self, controller: usize, write: &PlannedWrite) {
        let asked = write.kind.moves() || write.kind == WriteKind::Rerender;
        if !asked || self.is_overridden(controller, write, Rule::GatesOpen) {
            return;
        }
        let Some(to) = self.rank_of(write.to.as_ref()) else { return };
        let open = self.is_gate_open(controller, to);
        self.require(open, Invariant::GatesHold, || {
            format!("{} to {} was let go past its gate", write.kind.as_str(), Setting::region(to))
        });
    }

    fn check_windows(&mut self, controller: usize, write: &PlannedWrite, heard: &[Heard]) {
        let waits = matches!(write.kind, WriteKind::Failover | WriteKind::Failback | WriteKind::Rerender);
        if !waits || self.is_overridden(controller, write, Rule::ChangeFreeze) {
            return;
        }
        let from = self.rank_of(write.from.as_ref());
        let is_emergency = write.kind == WriteKind::Failover && from.is_some_and(|from| heard[from].failing);
        let clock = self.controllers[controller].clock(self.now).as_millis();
        let mut closures = self.setting.leeway.closures.iter();
        let open = closures.any(|closure| closure.is_open(clock) && (closure.blocks_all || !is_emergency));
        self.require(!open, Invariant::WindowsHold, || format!("{} was let go", write.kind.as_str()));
    }

    fn check_soak(&mut self, controller: usize, write: &PlannedWrite) {
        let Failback::Automatic { soak } = self.setting.leeway.failback else {
            return self.violate(Invariant::SoaksHold, "a failback that only operators may order".to_owned());
        };
        let to = self.rank_of(write.to.as_ref());
        let rested = to.is_some_and(|to| self.has_rested(controller, to, soak));
        self.require(rested, Invariant::SoaksHold, || format!("a failback to {to:?} was let go"));
    }

    /// The place that decides may be behind: the pin that binds is that of the newest fence which its controller knows.
    fn check_known_pin(&mut self, controller: usize) {
        let newest = self.controllers[controller].saga.newest();
        let pin = newest.and_then(|fence| fence.pin.as_ref()).map(|pin| pin.by.to_string());
        self.require(pin.is_none(), Invariant::PinsHold, || format!("let go though {pin:?} has pinned it"));
    }

    fn check_standby(&mut self, write: &PlannedWrite) {
        let from = self.rank_of(write.from.as_ref());
        let holds = self.setting.leeway.on_standby_failure == OnStandbyFailure::Hold;
        self.require(!holds || from == Some(0), Invariant::StandbysHold, || format!("{from:?} is left"));
    }

    fn check_budget(&mut self, controller: usize, place: usize) {
        let (budget, clock) = (self.setting.leeway.budget, self.controllers[controller].clock(self.now));
        // What lies in the future counts as now: its clock was set back.
        let ages = self.ledger.left[controller][place].iter().map(|at| clock.since(*at));
        let recent: Vec<Duration> = ages.filter(|age| *age < budget.per).collect();
        let wait = match recent.len() {
            0 | 1 => Duration::ZERO,
            more => (2..more).fold(budget.backoff, |wait, _| wait.saturating_mul(2)),
        };
        let most = usize::try_from(budget.moves).unwrap_or(usize::MAX);
        let waited = recent.last().is_none_or(|age| *age >= wait);
        self.require(recent.len() < most && waited, Invariant::BudgetsHold, || {
            format!("controller-{} has left regions before it {recent:?} ago, of {budget:?}", controller + 1)
        });
    }

    /// A controller has learnt that its write arrived.
    pub(in super::super) fn note_arrived(&mut self, controller: usize, place: usize, write: &PlannedWrite) {
        if write.kind == WriteKind::Failover && write.initiative == Initiative::Automatic {
            let clock = self.controllers[controller].clock(self.now);
            self.ledger.left[controller][place].push(clock);
        }
    }

    /// A write was applied over a fence: whoever sent it knew that fence.
    pub(super) fn check_return(&mut self, message: &Message, was: Option<&Fence>) {
        let Some(deed) = message.deed.filter(|deed| deed.kind == WriteKind::Failback && !deed.aligns) else { return };
        let pin = was.and_then(|was| was.pin.as_ref()).filter(|_| deed.automatic);
        self.require(pin.is_none(), Invariant::PinsHold, || format!("written over {pin:?}"));
        let Some((at, skew)) = self.ledger.moved[message.place].filter(|_| !deed.hastens) else { return };
        let cooldown = super::super::chance::millis(self.setting.leeway.cooldown);
        let doubt = self.controllers[message.sender.controller].skew_at_start.abs_diff(skew) + DECIDED_BEFORE;
        let waited = message.granted.saturating_sub(at);
        self.require(waited + doubt >= cooldown, Invariant::CooldownsHold, || {
            format!("a failback {waited} ms after the last move, and the cooldown is {cooldown} ms")
        });
    }

    /// Notes when a service was moved, and by whose clock.
    pub(super) fn note_move(&mut self, message: &Message, was: Option<&Fence>, fence: &Fence) {
        let moves = message.deed.is_some_and(|deed| deed.kind.moves() && !deed.aligns);
        let elsewhere = was.is_some_and(|was| was.active.is_some() && was.active != fence.active);
        if moves && elsewhere {
            let skew = self.controllers[message.sender.controller].skew_at_start;
            self.ledger.moved[message.place] = Some((self.now, skew));
        }
    }
}
