//! Operators: they give orders, odd ones too, and put right what only people can.

use std::time::Duration;

use dns_core::kernel::Rule;
use dns_core::machine::command::{Command, Order};
use dns_core::machine::effect::Refusal;
use dns_core::machine::event::Event;
use dns_core::standing::Standing;

use super::Ms;
use super::guard::Guard;
use super::happening::Verb;
use super::setting::Setting;
use super::world::{Occurrence, World};
use super::zone::Content;

/// How long operators wait between putting records right and adopting them, so that every controller has seen them.
const LOOKED_AT: Ms = 90_000;

impl World<'_> {
    /// An order reaches a controller.
    pub(super) fn command(&mut self, controller: usize, verb: Verb, overriding: bool) {
        if self.without == Some(Guard::Pause) && matches!(verb, Verb::Pause(_)) {
            // The operator was told that it is paused; nobody remembers it.
            self.note_pause(verb, None);
            return;
        }
        let command = match verb {
            Verb::Failover(to) => Command::Failover { to: Setting::region(to).clone() },
            Verb::Failback => Command::Failback,
            Verb::Pause(lasts) => {
                let clock = self.controllers[controller].clock(self.now);
                Command::Pause { until: lasts.map(|lasts| clock + Duration::from_millis(lasts)) }
            }
            Verb::Resume => Command::Resume,
            Verb::Adopt => Command::Adopt,
            Verb::Release => Command::Release,
        };
        let overrides = if overriding {
            Rule::ALL.iter().copied().filter(|rule| rule.is_overridable()).collect()
        } else {
            Vec::new()
        };
        let by = "oncall".parse().expect("invariant: a name");
        let order = Order { overrides, ..Order::new(command, by, "as agreed") };
        let Some(step) = self.step(controller, None, &Event::Commanded(order)) else { return };
        self.tell(|| {
            format!("  controller-{} was ordered {verb:?}: {}", controller + 1, answer(step.refusal.as_ref()))
        });
        self.note_pause(verb, step.refusal.as_ref());
    }

    /// With one controller the operators know whether they have paused it.
    fn note_pause(&mut self, verb: Verb, refusal: Option<&Refusal>) {
        match verb {
            Verb::Pause(None) if refusal.is_none() && self.setting.controllers == 1 => self.ledger.paused = true,
            Verb::Pause(_) | Verb::Resume | Verb::Release | Verb::Adopt => self.ledger.paused = false,
            Verb::Failover(_) | Verb::Failback => {}
        }
    }

    /// What only people put right: records that are no region's, a service that is not adopted, a pause that nobody ends, a
    /// region that is not the preferred one.
    pub(super) fn tidy_up(&mut self) {
        let running: Vec<usize> = (0..self.controllers.len()).filter(|one| self.controllers[*one].runs()).collect();
        let Some(&controller) = running.first() else { return };
        // Each controller pages for itself: where one has seen nothing, another may know that a release was set back.
        let asking = running.into_iter().find(|one| self.asks_for_adoption(*one));
        if let Some(controller) = asking {
            self.put_records_right(controller);
            self.plan(self.now + LOOKED_AT, Occurrence::Commanded { controller, verb: Verb::Adopt, overriding: false });
        }
        for number in 0..self.controllers.len() {
            let machines = self.controllers[number].saga.machines();
            if machines.into_iter().any(|(_, machine)| machine.memory().pause().is_some()) || asking.is_some() {
                let at = self.now + 2 * LOOKED_AT;
                self.plan(at, Occurrence::Commanded { controller: number, verb: Verb::Resume, overriding: false });
            }
        }
        let newest = self.controllers[controller].saga.newest();
        if self.rank_of(newest.and_then(|fence| fence.active.as_ref())) != Some(0) {
            let at = self.now + 4 * LOOKED_AT;
            self.plan(at, Occurrence::Commanded { controller, verb: Verb::Failback, overriding: false });
        }
    }

    /// Whether a controller sees something that it will not touch before someone adopts it.
    fn asks_for_adoption(&self, controller: usize) -> bool {
        self.controllers[controller].saga.machines().any(|(_, machine)| match machine.memory().standing() {
            Standing::Foreign { .. }
            | Standing::Unadopted { .. }
            | Standing::Released { .. }
            | Standing::Lost { .. } => true,
            Standing::Unread | Standing::Held | Standing::Newer { .. } => false,
        })
    }

    /// All zones get the records of one region: of the one that most of them are in already.
    fn put_records_right(&mut self, controller: usize) {
        let plans = self.configurations[self.controllers[controller].configuration].plans.clone();
        let newest = self.controllers[controller].saga.newest().and_then(|fence| self.rank_of(fence.active.as_ref()));
        let region = newest.unwrap_or_default();
        for (place, plans) in plans.iter().enumerate() {
            if self.zones[place].content.rrsets != plans[region] {
                let rrsets = plans[region].clone();
                self.tell(|| format!("zone {place}: operators put the records of {} back", Setting::region(region)));
                self.edit(place, |content| Content { rrsets, ..content });
            }
        }
    }
}

fn answer(refusal: Option<&Refusal>) -> String {
    match refusal {
        None => "taken".to_owned(),
        Some(Refusal::Kernel(rejections)) => {
            let all: Vec<String> = rejections.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
            format!("refused, {}", all.join("; "))
        }
        Some(Refusal::Pointless(why) | Refusal::Invalid(why) | Refusal::SecondPerson(why)) => format!("refused, {why}"),
        Some(Refusal::Unexpected) => "refused, unexpected".to_owned(),
    }
}
