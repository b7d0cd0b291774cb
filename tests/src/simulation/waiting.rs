//! When a controller looks again though it hears nothing: when time alone changes something.

use dns_core::judgement::Vote;
use dns_core::kernel::Rule;
use dns_core::machine::Machine;
use dns_core::policy::{Failback, Policy};
use dns_core::service::Service;
use dns_core::time::Timestamp;
use dns_core::write::WriteStage;

use super::Ms;
use super::chance::millis;
use super::world::{Occurrence, World};

/// The gap between two looks of an engine at the time.
const TICK: Ms = 250;
/// How long a write waits that has failed, and the longest time between two looks until then: the longest back-off and a bit.
const BACKOFF_MAX: Ms = 31_000;
/// The longest time between two looks while only reads fail: nothing waits for a moment then, and the read that succeeds is
/// news.
const UNREADABLE_LOOK_MAX: Ms = 600_000;

/// How often it is looked whether other services still keep one from leaving.
const OTHERS_LOOK: Ms = 5_000;

impl World<'_> {
    /// Plans when a controller judges next if it hears nothing: when time alone changes something.
    pub(super) fn plan_next_look(&mut self, controller: usize) {
        let now = self.now;
        let clock = self.controllers[controller].clock(now);
        let retry = self.next_retry(controller);
        let known = &self.controllers[controller];
        let unsettled = (!known.saga.is_settled(clock)).then_some(TICK);
        let service = self.configurations[known.configuration].service.lead();
        let machines = || known.saga.machines().map(|(_, machine)| machine);
        let until = |at: Timestamp| millis(at.since(clock)) + 1;
        let ended = machines().filter_map(|machine| ending(machine, service, clock)).min().map(until);
        let freed = self.budget_frees_at(controller, clock).map(until);
        let ready = machines().find_map(|machine| ready(machine, &service.policy, clock)).map(until);
        // Of a service that waits for others nobody says when they are done.
        let others =
            machines().any(|machine| is_held_by(machine, Rule::BlastRadius) || is_held_by(machine, Rule::Wave));
        let others = others.then_some(OTHERS_LOOK);
        let forced = [retry, unsettled, ended, freed, others].into_iter().flatten().min();
        self.controllers[controller].forced = forced.map(|wait| now + wait);
        if let Some(wait) = forced.into_iter().chain(ready).min() {
            self.judge_at(controller, now + wait);
        }
    }

    /// Looks at what fails come less and less often, as tries do. Once the longest back-off is over, a write that is wanted
    /// has been tried again, or waits for something that is news or has a moment of its own.
    fn next_retry(&mut self, controller: usize) -> Option<Ms> {
        let now = self.now;
        let known = &mut self.controllers[controller];
        let reads_fail = known.saga.machines().any(|(_, machine)| machine.memory().unreadable().is_some());
        let writes_failed = known.write_failed_at.filter(|at| now <= at + BACKOFF_MAX);
        let (share, longest) = match (writes_failed, reads_fail) {
            (Some(_), _) => (3, BACKOFF_MAX),
            (None, true) => (1, UNREADABLE_LOOK_MAX),
            (None, false) => {
                known.failing_since = None;
                return None;
            }
        };
        let since = *known.failing_since.get_or_insert(now);
        Some(((now - since) / share).clamp(TICK, longest))
    }

    /// When a service that has used up its failovers, or waits after one, may leave again.
    fn budget_frees_at(&self, controller: usize, clock: Timestamp) -> Option<Timestamp> {
        let known = &self.controllers[controller];
        let budget = self.setting.leeway.budget;
        let held =
            known.saga.machines().enumerate().filter(|(_, (_, machine))| is_held_by(machine, Rule::FailoverBudget));
        let moments = held.flat_map(|(place, _)| {
            let left = &self.ledger.left[controller][place];
            let recent = left.iter().filter(|at| clock.since(**at) < budget.per).count();
            let waits = left.last().map(|last| *last + budget.wait_after(u32::try_from(recent).unwrap_or(u32::MAX)));
            left.iter().map(|at| *at + budget.per).chain(waits).collect::<Vec<_>>()
        });
        moments.filter(|at| *at > clock).min()
    }

    pub(super) fn judge_at(&mut self, controller: usize, at: Ms) {
        let due = &mut self.controllers[controller].due;
        if due.is_none_or(|due| due > at || due <= self.now) {
            *due = Some(at);
            self.plan(at, Occurrence::Judged { controller });
        }
    }
}

fn is_held_by(machine: &Machine, rule: Rule) -> bool {
    machine.memory().hold().is_some_and(|hold| hold.rejections.iter().any(|rejection| rejection.rule == rule))
}

/// The next moment at which something that a machine waits for ends.
fn ending(machine: &Machine, service: &Service, clock: Timestamp) -> Option<Timestamp> {
    let memory = machine.memory();
    let pending = memory.open().filter(|open| open.stage == WriteStage::Pending);
    let away = memory.active().is_some_and(|active| active != service.preferred());
    let cooled = memory.moved().filter(|_| away).map(|moved| moved + service.policy.cooldown);
    let freeze = is_held_by(machine, Rule::ChangeFreeze);
    let closing = service.windows.iter().filter(|_| freeze).filter_map(|window| window.open_until(clock)).min();
    let paused = memory.pause().and_then(|pause| pause.until);
    let moments = [paused, pending.map(|open| open.write.valid_until), cooled, soaked(machine, service), closing];
    moments.into_iter().flatten().filter(|at| *at > clock).min()
}

/// When the preferred region will have been healthy for long enough to come back to it.
fn soaked(machine: &Machine, service: &Service) -> Option<Timestamp> {
    let Failback::Automatic { soak } = service.policy.failback else { return None };
    let (memory, preferred) = (machine.memory(), service.preferred());
    let judged = memory.judgement()?.regions.get(preferred).filter(|_| memory.active() != Some(preferred))?;
    judged.healthy_since(service.policy.quorum).map(|since| since + soak)
}

/// The next moment at which a vantage point will have seen an endpoint healthy for long enough: that may change the judgement.
fn ready(machine: &Machine, policy: &Policy, clock: Timestamp) -> Option<Timestamp> {
    let regions = machine.memory().judgement().into_iter().flat_map(|judgement| judgement.regions.values());
    let votes = regions.flat_map(|region| &region.endpoints).flat_map(|endpoint| endpoint.votes.values());
    let ready = votes.filter_map(Vote::healthy_without_doubt_since).map(|since| since + policy.ready_for);
    ready.filter(|at| *at > clock).min()
}
