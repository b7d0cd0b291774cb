//! Conducts drills: looks where their services stand, gives the orders that they want, asks vantage points to inject.
//!
//! One task has all drills. What each has come to is in the store before anything of it is done, and an order or an injection
//! may be made twice: an order that is already carried out is refused, an injection with the same id goes on. So a controller
//! that was killed takes them up where they are. The rows that tell of a drill are committed with what it has come to, so a
//! drill that has ended has told so, and once. What a drill wants is the core's business ([`dns_core::drill`]); the moves
//! themselves pass the engine like all others.

mod admission;
mod monitors;
mod running;
mod timetable;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::drill::{Act, Brief, Drill, DrillId, Event, Method, Told};
use dns_core::history::HistoryEntry;
use dns_core::identifier::{Actor, RegionName, ServiceName};
use dns_core::kernel::Rejection;
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use dns_service::config::drill::DrillsConfig;
use dns_service::exit::one_line;
use dns_store::port::{DrillPut, DrillQuery, Store, StoredDrill};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::aside::Asides;
use crate::engine::handle::{Engine, Message};
use crate::engine::note_row;
use crate::engine::snapshot::Snapshot;
use admission::Admitted;
pub(crate) use monitors::Monitors;
use running::{News, Running};
use timetable::Timetable;

/// The pause between two looks at the services of drills: short against every stage of one.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Requests that wait: people begin drills one by one.
const QUEUE: usize = 16;

/// Drills that are taken up after a restart, at the most; more cannot have been begun.
const TAKEN_UP_MAX: u32 = 1000;

/// A drill that someone wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The service.
    pub(crate) service: ServiceName,
    /// Where to; without it where a failover would go.
    pub(crate) to: Option<RegionName>,
    /// Who wants it.
    pub(crate) by: Actor,
    /// Why.
    pub(crate) reason: String,
    /// How long it stays away.
    pub(crate) stay: Duration,
    /// How the service is made to leave.
    pub(crate) method: Method,
    /// The scheduled drill that it is of.
    pub(crate) schedule: Option<String>,
}

/// Why a drill does not begin, or stop.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// There is no such service.
    NoService,
    /// Not now.
    Objection(String),
    /// The safety kernel would refuse the move.
    Kernel(Vec<Rejection>),
    /// Nothing is known, or the store does not take it.
    Unavailable(String),
}

impl Refused {
    /// In one sentence.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::NoService => "there is no such service".to_owned(),
            Self::Objection(why) | Self::Unavailable(why) => why.clone(),
            Self::Kernel(rejections) => {
                let all: Vec<String> = rejections.iter().map(|one| format!("{}: {}", one.rule, one.reason)).collect();
                all.join("; ")
            }
        }
    }
}

type Reply = oneshot::Sender<Result<Drill, Refused>>;

/// What the API asks for.
pub(crate) enum Request {
    /// To begin a drill.
    Begin(Wanted, Reply),
    /// To end the drill of a service and bring the service back.
    Stop(ServiceName, Actor, Reply),
}

/// The way to the conductor.
#[derive(Clone)]
pub(crate) struct Drills {
    sender: mpsc::Sender<Request>,
}

impl Drills {
    /// Makes the channel.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Request>) {
        let (sender, requests) = mpsc::channel(QUEUE);
        (Self { sender }, requests)
    }

    /// Begins a drill.
    pub(crate) async fn begin(&self, wanted: Wanted) -> Result<Drill, Refused> {
        self.ask(|reply| Request::Begin(wanted, reply)).await
    }

    /// Ends the drill of a service and brings the service back.
    pub(crate) async fn stop(&self, service: ServiceName, by: Actor) -> Result<Drill, Refused> {
        self.ask(|reply| Request::Stop(service, by, reply)).await
    }

    async fn ask(&self, request: impl FnOnce(Reply) -> Request) -> Result<Drill, Refused> {
        let stopping = || Refused::Unavailable("the controller is stopping".to_owned());
        let (reply, answer) = oneshot::channel();
        self.sender.send(request(reply)).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}

/// What the conductor needs.
pub(crate) struct Parts {
    /// This controller.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// The engine.
    pub(crate) engine: Engine,
    /// Where drills are kept.
    pub(crate) store: Arc<dyn Store>,
    /// Every service.
    pub(crate) services: Arc<BTreeMap<ServiceName, Everywhere>>,
    /// Who injects.
    pub(crate) monitors: Monitors,
    /// Where people see a drill.
    pub(crate) asides: Asides,
    /// As configured.
    pub(crate) config: DrillsConfig,
}

/// What a call that a drill wanted has come to.
type Done = (ServiceName, DrillId, Event);

/// Whoever has it conducts.
struct Conductor {
    parts: Parts,
    running: BTreeMap<ServiceName, Running>,
    /// Whether the drills of the process before are taken up.
    loaded: bool,
    timetable: Timetable,
    done: mpsc::Sender<Done>,
}

/// Conducts until cancelled.
pub(crate) async fn run(parts: Parts, mut requests: mpsc::Receiver<Request>, stop: CancellationToken) {
    let (done, mut ended) = mpsc::channel(QUEUE);
    let timetable = Timetable::new(&parts.config, parts.clock.now());
    let mut conductor = Conductor { parts, running: BTreeMap::new(), loaded: false, timetable, done };
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => conductor.turn().await,
            Some((service, id, event)) = ended.recv() => conductor.note_done(&service, &id, &event).await,
            Some(request) = requests.recv() => conductor.take(request).await,
        }
    }
}

impl Conductor {
    async fn turn(&mut self) {
        if !self.loaded {
            self.take_up().await;
        }
        let Some(snapshot) = self.parts.engine.snapshot().filter(|_| self.loaded) else { return };
        // Drills under way go on though one row of the store is damaged: what cannot be kept is not done either.
        let services: Vec<ServiceName> = self.running.keys().cloned().collect();
        for service in services {
            self.look(&service, &snapshot).await;
        }
        if snapshot.store_error.is_none() {
            self.keep_timetable(&snapshot).await;
        }
    }

    /// Takes up what the process before has left under way.
    async fn take_up(&mut self) {
        let query = DrillQuery { open_only: true, limit: TAKEN_UP_MAX, ..DrillQuery::default() };
        let Ok(open) = self.parts.store.drills(&query).await else { return };
        for stored in open {
            match Drill::from_text(&stored.body) {
                Ok(drill) => {
                    tracing::info!(drill = %drill.id, service = %drill.service, stage = drill.stage.as_str(), "drill goes on after a restart");
                    self.keep_running(drill).await;
                }
                Err(error) => {
                    tracing::error!(drill = %stored.id, error = one_line(&error), "stored drill cannot be read and is left alone");
                }
            }
        }
        self.loaded = true;
    }

    async fn look(&mut self, service: &ServiceName, snapshot: &Snapshot) {
        let Some(running) = self.running.get(service) else { return };
        if !self.parts.services.contains_key(service) {
            let why = "the service is not configured any more".to_owned();
            return self.step(service, &Event::Vanished(why)).await.unwrap_or_default();
        }
        // What an order leads to shows only once it was answered.
        if running.is_busy() {
            return;
        }
        let Some(view) = snapshot.view(service) else { return };
        let sight = admission::sight(&view, snapshot, &running.drill);
        // What cannot be kept now is looked at again.
        let _again = self.step(service, &Event::Looked(sight)).await;
    }

    async fn note_done(&mut self, service: &ServiceName, id: &DrillId, event: &Event) {
        let now = self.parts.clock.now();
        let Some(running) = self.running.get_mut(service).filter(|running| running.drill.id == *id) else { return };
        running.calm_down(now);
        // An injection or an order that is not noted is wanted again, and that changes nothing.
        let _again = self.step(service, event).await;
    }

    async fn take(&mut self, request: Request) {
        match request {
            Request::Begin(wanted, reply) => {
                let answer = self.begin(wanted).await;
                let _gone = reply.send(answer);
            }
            Request::Stop(service, by, reply) => {
                let answer = self.stop(&service, by).await;
                let _gone = reply.send(answer);
            }
        }
    }

    async fn begin(&mut self, wanted: Wanted) -> Result<Drill, Refused> {
        let snapshot = self.parts.engine.snapshot().filter(|_| self.loaded);
        let snapshot = snapshot.ok_or_else(|| Refused::Unavailable("the state is being loaded".to_owned()))?;
        let under_way = self.running.values().map(|running| &running.drill);
        let Admitted { from, to } = admission::admit(&wanted, &snapshot, under_way, self.parts.config.at_once)?;
        let service = self.parts.services.get(&wanted.service).ok_or(Refused::NoService)?;
        let now = self.parts.clock.now();
        let Wanted { service: name, to: _, by, reason, stay, method, schedule } = wanted;
        let id = DrillId::at(now, fastrand::u128(..));
        let brief = Brief { id, service: name, from, to, by, reason, stay, method, schedule };
        let drill = Drill::begin(brief, &service.lead().policy, now);
        self.keep(&drill, vec![drill.opening()]).await?;
        tracing::info!(drill = %drill.id, service = %drill.service, to = %drill.to, by = %drill.by, "a drill begins");
        self.keep_running(drill.clone()).await;
        Ok(drill)
    }

    async fn stop(&mut self, service: &ServiceName, by: Actor) -> Result<Drill, Refused> {
        if !self.parts.services.contains_key(service) {
            return Err(Refused::NoService);
        }
        if !self.running.contains_key(service) {
            return Err(Refused::Objection(format!("no drill of `{service}` is under way")));
        }
        self.step(service, &Event::Stopped(by)).await.map_err(Refused::Unavailable)?;
        let running = self.running.get(service);
        running.map(|running| running.drill.clone()).ok_or_else(|| Refused::Objection("it has just ended".to_owned()))
    }

    async fn keep_running(&mut self, drill: Drill) {
        let service = drill.service.clone();
        self.running.insert(service.clone(), Running::new(drill, self.parts.clock.now()));
        self.show(&service).await;
    }

    /// Steps a drill: what it has come to is kept with what it tells, and only then is done what it wants.
    async fn step(&mut self, service: &ServiceName, event: &Event) -> Result<(), String> {
        let now = self.parts.clock.now();
        let Some(running) = self.running.get(service) else { return Ok(()) };
        let mut next = running.drill.clone();
        let mut acts = next.step(event, now);
        if next != running.drill {
            let put = self.keep(&next, told(&acts)).await.map_err(|refused| refused.text())?;
            if put == DrillPut::EndedBefore && next.outcome().is_none() {
                tracing::warn!(drill = %next.id, %service, "the drill has ended in the store; it is let go");
                acts = next.step(&Event::Vanished("another process has ended it".to_owned()), now);
            }
        }
        if let Some(running) = self.running.get_mut(service) {
            running.drill = next;
        }
        self.show(service).await;
        for act in acts {
            self.carry_out(service, act, now);
        }
        if self.running.get(service).is_some_and(|running| running.drill.outcome().is_some()) {
            self.running.remove(service);
        }
        Ok(())
    }

    /// Tells the engine and people how far the drill is.
    async fn show(&mut self, service: &ServiceName) {
        let Some(running) = self.running.get_mut(service) else { return };
        self.parts.asides.note_drill(service, running.line());
        let honoured = match running.news_for_engine() {
            News::None => return,
            News::Nothing => None,
            News::Honour(honoured) => Some(honoured),
        };
        // A stopped engine means a stopping process.
        let _stopping = self.parts.engine.tell(Message::Honour(service.clone(), honoured)).await;
    }

    fn carry_out(&mut self, service: &ServiceName, act: Act, now: Timestamp) {
        let (done, parts) = (self.done.clone(), &self.parts);
        let Some(running) = self.running.get_mut(service) else { return };
        match act {
            Act::Inject => running.inject(&parts.monitors, &parts.services, done, now),
            Act::Withdraw => running.withdraw(&parts.monitors, &parts.services),
            Act::Order(to) => running.order(to, &parts.engine, done, now),
            // It was kept with what the drill has come to.
            Act::Tell(_) => {}
        }
    }

    async fn keep(&self, drill: &Drill, told: Vec<Told>) -> Result<DrillPut, Refused> {
        let stored = StoredDrill {
            id: drill.id.clone(),
            service: drill.service.clone(),
            begun: drill.begun,
            ended: drill.ended(),
            body: drill.to_text(),
        };
        let rows: Vec<HistoryEntry> = told.into_iter().map(|told| self.row_of(drill, told)).collect();
        let put = self.parts.store.put_drill(&stored, &rows).await;
        let put = put.map_err(|error| Refused::Unavailable(format!("nothing was done: {}", one_line(&error))))?;
        if put == DrillPut::Kept {
            rows.iter().for_each(note_row);
        }
        Ok(put)
    }

    fn row_of(&self, drill: &Drill, told: Told) -> HistoryEntry {
        let details = serde_json::json!({
            "drill": drill.id,
            "from": drill.from,
            "to": drill.to,
            "method": drill.method,
            "by": drill.by,
            "outcome": drill.outcome(),
        });
        self.row(&drill.service, told, details)
    }

    fn row(&self, service: &ServiceName, told: Told, details: serde_json::Value) -> HistoryEntry {
        let Told { kind, summary, page } = told;
        let at = self.parts.clock.now();
        HistoryEntry { at, service: service.clone(), kind, decision: None, summary, page, details: details.into() }
    }
}

/// What a drill wants told.
fn told(acts: &[Act]) -> Vec<Told> {
    let told = |act: &Act| match act {
        Act::Tell(told) => Some(told.clone()),
        Act::Inject | Act::Withdraw | Act::Order(_) => None,
    };
    acts.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests;
