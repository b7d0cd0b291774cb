//! What an evacuation would do to a service if it were ordered now. Nothing changes.

use super::Errand;
use super::objection::{Objection, objections};
use crate::fence::EvacuationId;
use crate::identifier::{Actor, RegionName};
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::machine::event::Event;
use crate::saga::{Around, Saga};
use crate::service::{Everywhere, Mode};
use crate::time::Timestamp;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The region that would be left.
    pub region: RegionName,
    /// Where everything would go; without it each service goes to its first region that is ready.
    pub to: Option<RegionName>,
    /// Who asks.
    pub by: Actor,
    /// Rules that would be overridden.
    pub overrides: Vec<Rule>,
}

/// What would become of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// It would move.
    Moves {
        /// Where to.
        to: Option<RegionName>,
    },
    /// Its move would be refused.
    Held(Vec<Objection>),
    /// It would stay: it is in another region.
    Elsewhere(RegionName),
    /// It would stay: it only observes.
    Observes,
    /// It would stay: which region it is in is not known.
    Unknown,
}

/// Asks what would become of a service: a copy of its state is given the order, so what is told is what would be done.
pub fn forecast(question: &Question, saga: &Saga, around: &Around) -> Forecast {
    let Question { region, to, by, overrides } = question;
    match active(saga, around.now) {
        None => return Forecast::Unknown,
        Some(active) if active != region => return Forecast::Elsewhere(active.clone()),
        Some(_) if observes(&around.service) => return Forecast::Observes,
        Some(_) => {}
    }
    let errand = Errand { evacuation: EvacuationId::at(around.now, around.nonce), run: 0 };
    let command = Command::Evacuate { to: to.clone(), errand };
    let order = Order { overrides: overrides.clone(), ..Order::new(command, by.clone(), "a preview") };
    let mut copy = saga.clone();
    if let Some(refusal) = copy.step(&Event::Commanded(order), around).refusal {
        return Forecast::Held(objections(refusal));
    }
    let mut open = copy.machines().filter_map(|(_, machine)| machine.memory().open());
    Forecast::Moves { to: open.find_map(|open| open.write.to.clone()) }
}

fn active(saga: &Saga, now: Timestamp) -> Option<&RegionName> {
    saga.machine(saga.teller(now))?.memory().active()
}

fn observes(service: &Everywhere) -> bool {
    service.lead().mode == Mode::Observe
}
