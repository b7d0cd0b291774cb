//! A drill under way: what is being done for it, and what the engine was told of it.

use std::collections::BTreeMap;

use dns_core::drill::injection::Honoured;
use dns_core::drill::{Drill, Event, RETRY_EVERY, Stage};
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::machine::command::{Command, Order};
use dns_core::machine::effect::Refusal;
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use tokio::sync::mpsc;

use super::{Done, Monitors};
use crate::api::report::rfc3339;
use crate::engine::handle::{Engine, Message, OrderAnswer};

/// What the engine has to be told.
pub(super) enum News {
    /// It knows.
    None,
    /// No injected failure counts any more.
    Nothing,
    /// Those of this drill do.
    Honour(Honoured),
}

/// A drill under way.
pub(super) struct Running {
    pub(super) drill: Drill,
    /// A call is under way.
    busy: bool,
    /// When the next one may be made: what the last one has done must be published first.
    next_call: Timestamp,
    /// What the engine was last told.
    honoured: Option<Honoured>,
}

impl Running {
    pub(super) fn new(drill: Drill, now: Timestamp) -> Self {
        Self { drill, busy: false, next_call: now, honoured: None }
    }

    /// The call that was under way has ended.
    pub(super) fn calm_down(&mut self, now: Timestamp) {
        self.busy = false;
        self.next_call = now + RETRY_EVERY;
    }

    /// What the engine has to be told anew: which injected failures count, if any do.
    pub(super) fn news_for_engine(&mut self) -> News {
        let Drill { id, from, .. } = &self.drill;
        let wanted = (self.drill.injects() && self.drill.injected.is_some()).then(|| Honoured {
            drill: id.clone(),
            region: from.clone(),
            until: self.drill.injected_until(),
        });
        if wanted == self.honoured {
            return News::None;
        }
        self.honoured.clone_from(&wanted);
        wanted.map_or(News::Nothing, News::Honour)
    }

    /// How far it is, for people; nothing once it is over.
    pub(super) fn line(&self) -> Option<String> {
        let Drill { id, from, to, stage, since, stay, held, .. } = &self.drill;
        let held = held.as_ref().map(|held| format!(", held: {held}")).unwrap_or_default();
        let how = match stage {
            Stage::Begun | Stage::Injected => format!("it leaves `{from}` for `{to}`"),
            Stage::Away => format!("in `{to}` until {}", rfc3339(*since + *stay)),
            Stage::Returning => format!("on its way back to `{from}`"),
            Stage::Ended { .. } => return None,
        };
        Some(format!("drill {id} is under way: {how}{held}"))
    }

    pub(super) fn inject(
        &mut self,
        monitors: &Monitors,
        services: &BTreeMap<ServiceName, Everywhere>,
        done: mpsc::Sender<Done>,
        now: Timestamp,
    ) {
        let Some(service) = self.may_call(now).then(|| services.get(&self.drill.service)).flatten() else { return };
        self.busy = true;
        let (monitors, drill) = (monitors.of(service.lead()), self.drill.clone());
        let lasts = drill.injected_until().since(now);
        tokio::spawn(async move {
            let injected = monitors.inject(&drill, lasts).await;
            // Nobody waits for it in a process that stops.
            let _stopping = done.send((drill.service, drill.id, Event::Injected(injected))).await;
        });
    }

    /// Nothing counts any more as soon as the engine knows; that monitors stop is a courtesy, and their bound sees to it.
    pub(super) fn withdraw(&self, monitors: &Monitors, services: &BTreeMap<ServiceName, Everywhere>) {
        let Some(service) = services.get(&self.drill.service) else { return };
        let (monitors, id) = (monitors.of(service.lead()), self.drill.id.clone());
        tokio::spawn(async move { monitors.withdraw(&id).await });
    }

    /// Whether a call for it is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    pub(super) fn order(&mut self, to: RegionName, engine: &Engine, done: mpsc::Sender<Done>, now: Timestamp) {
        if !self.may_call(now) {
            return;
        }
        self.busy = true;
        let (engine, drill) = (engine.clone(), self.drill.clone());
        tokio::spawn(async move {
            let command = Command::Drill { drill: drill.id.clone(), to };
            let (by, reason) = (drill.by.clone(), drill.reason.clone());
            let order = Order::new(command, by, reason);
            let name = drill.service.clone();
            let ordered = match engine.ask(|reply| Message::Order(name, order, reply)).await {
                Ok(OrderAnswer::Taken(decision)) => Ok(decision),
                Ok(OrderAnswer::Refused(refusal)) => Err(text(&refusal)),
                Ok(OrderAnswer::Awaiting(awaiting)) => Err(format!("it waits for a second person: {}", awaiting.why)),
                Ok(OrderAnswer::NoService) => Err("there is no such service".to_owned()),
                Ok(OrderAnswer::StoreFailed(why)) => Err(why),
                // The process is stopping: the next one goes on.
                Err(_stopped) => return,
            };
            let _stopping = done.send((drill.service, drill.id, Event::Ordered(ordered))).await;
        });
    }

    /// One call at a time.
    fn may_call(&self, now: Timestamp) -> bool {
        !self.busy && now >= self.next_call
    }
}

fn text(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Kernel(rejections) => {
            let all: Vec<String> = rejections.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
            all.join("; ")
        }
        Refusal::Pointless(why) | Refusal::Invalid(why) | Refusal::SecondPerson(why) => why.clone(),
        Refusal::Unexpected => "the service is in a state that takes no order".to_owned(),
    }
}
