//! How controllers' processes begin, stop and end, and with what they go on.

use dns_core::write::WriteStage;

use super::Ms;
use super::controller::Life;
use super::guard::Guard;
use super::happening::{Happening, Step, Store};
use super::world::{Occurrence, World};
use super::writing::Phase;

/// After a longer stop a process distrusts all evidence until it has heard it anew.
const STALL: Ms = 2_000;

impl World<'_> {
    /// A process begins: with what the store holds, and nothing else.
    pub(super) fn start(&mut self, controller: usize) {
        let clock = self.controllers[controller].wall(self.now);
        let known = &mut self.controllers[controller];
        known.life = Life::Runs;
        known.skew_at_start = known.skew;
        let now = known.clock(self.now);
        // What lies in the future counts as now from here on: the clock was set back.
        self.ledger.left[controller].iter_mut().flatten().for_each(|at| *at = (*at).min(now));
        known.book.clear();
        known.hears.fill(false);
        (known.due, known.forced, known.failing_since) = (None, None, None);
        let writes_fail = known.saga.machines().any(|(_, machine)| machine.memory().is_write_failing());
        known.waits = None;
        known.write_failed_at = writes_fail.then_some(self.now);
        known.reads_at.fill(None);
        known.saw.fill(None);
        for vantage in 0..self.setting.vantages {
            self.plan_connection(controller, vantage);
        }
        for place in 0..self.setting.places {
            self.read_at(controller, place, self.now + 100);
            self.take_up(controller, place, clock);
        }
        self.ask_gates_anew(controller);
        self.plan(self.now + 250, Occurrence::Judged { controller });
    }

    /// What a former process left: writes in the outbox, verifications.
    fn take_up(&mut self, controller: usize, place: usize, clock: dns_core::time::Timestamp) {
        let known = &mut self.controllers[controller];
        let incarnation = known.incarnation;
        if let Some(row) = &mut known.outbox[place] {
            (row.permit, row.dead_at) = (None, None);
            let phase = match row.stage {
                WriteStage::Pending => Phase::Hook,
                WriteStage::Sent => {
                    row.dead_at = Some(super::writing::dead_at(clock));
                    Phase::Resolve
                }
            };
            self.go_on_after(controller, place, phase, 200);
        }
        let known = &self.controllers[controller];
        let unfinished = known.saga.machines().nth(place).and_then(|(_, machine)| {
            machine.memory().being_verified()?;
            machine.memory().held()?.write.as_str().parse().ok()
        });
        if let Some(decision) = unfinished {
            self.plan(self.now + 3_000, Occurrence::Verified { controller, incarnation, decision });
        }
    }

    /// A stopped process goes on, or a dead one begins again.
    pub(super) fn wake(&mut self, controller: usize, incarnation: u64) {
        if self.controllers[controller].incarnation != incarnation {
            return;
        }
        match self.controllers[controller].life {
            Life::Dead { .. } => {
                self.tell(|| format!("controller-{} begins", controller + 1));
                self.start(controller);
            }
            Life::Stopped { since, until } if until <= self.now => {
                self.controllers[controller].life = Life::Runs;
                self.tell(|| format!("controller-{} goes on", controller + 1));
                self.hear_after_stop(controller, self.now - since > STALL);
            }
            Life::Runs | Life::Stopped { .. } => {}
        }
    }

    fn hear_after_stop(&mut self, controller: usize, distrusts: bool) {
        if distrusts {
            self.controllers[controller].book.clear();
            self.ask_gates_anew(controller);
        }
        for vantage in 0..self.setting.vantages {
            if distrusts {
                self.controllers[controller].hears[vantage] = false;
                self.plan_connection(controller, vantage);
            } else if self.controllers[controller].hears[vantage] {
                self.hear_all(controller, vantage);
            }
        }
        self.judge(controller);
    }

    /// A process stops or dies, for as long as it was said.
    pub(super) fn strike_process(&mut self, controller: usize, what: &Happening) {
        let now = self.now;
        match what {
            Happening::Stopped { lasts, .. } if self.controllers[controller].runs() => {
                self.controllers[controller].life = Life::Stopped { since: now, until: now + lasts };
            }
            Happening::Crashed { lasts, store, .. } => {
                self.controllers[controller].incarnation += 1;
                self.controllers[controller].life = Life::Dead { until: now + lasts };
                self.strike_store(controller, *store);
            }
            _already_down => return,
        }
        let (incarnation, Life::Stopped { until, .. } | Life::Dead { until }) =
            (self.controllers[controller].incarnation, self.controllers[controller].life)
        else {
            return;
        };
        self.plan(until, Occurrence::Awake { controller, incarnation });
    }

    fn strike_store(&mut self, controller: usize, store: Store) {
        let service = self.configurations[self.controllers[controller].configuration].service.clone();
        let backup = self.controllers[controller].backup.clone();
        let mut serial = self.serial;
        let mut next = || {
            serial += 1;
            serial
        };
        match store {
            Store::Kept if backup.is_none() || self.without != Some(Guard::Durability) => {
                self.controllers[controller].reload(&service);
            }
            Store::Kept | Store::Older if backup.is_some() => {
                self.controllers[controller].set_store_back(backup, &service, &mut next);
            }
            // There is no backup: the store begins empty.
            Store::Kept | Store::Older | Store::Empty => {
                self.controllers[controller].set_store_back(None, &service, &mut next);
            }
        }
        self.serial = serial;
        if store != Store::Kept {
            self.ledger.forget_controller(controller);
        }
    }

    /// Whether a trap is set for this step of a controller's write; then it strikes.
    pub(super) fn is_trapped(&mut self, controller: usize, step: Step) -> bool {
        let traps = &mut self.controllers[controller].traps;
        let Some(rank) = traps.iter().position(|(_, at, _)| *at == step) else { return false };
        let Some((entry, _, what)) = traps.remove(rank) else { return false };
        self.struck(entry);
        self.strike_process(controller, &what);
        true
    }

    /// A controller begins anew with another configuration.
    pub(super) fn reload(&mut self, controller: usize, configuration: usize) {
        if self.controllers[controller].configuration >= configuration {
            return;
        }
        self.controllers[controller].configuration = configuration;
        if matches!(self.controllers[controller].life, Life::Dead { .. }) {
            let service = self.configurations[configuration].service.clone();
            return self.controllers[controller].reload(&service);
        }
        let what = Happening::Crashed { controller, at: None, lasts: 1_500, store: Store::Kept };
        self.strike_process(controller, &what);
    }
}
