//! Rows of drills and what they tell of, on a real store and with no engine that would write anything.

use dns_core::drill::schedule::{Schedule, When};
use dns_core::drill::{Outcome, Stage};
use dns_core::history::HistoryKind;
use dns_store::port::HistoryQuery;
use dns_store::sqlite::SqliteStore;
use tempfile::TempDir;

use super::*;
use crate::engine::handle::Inbox;
use crate::verifier;

/// A store with a drill of `checkout` that a process before has left under way, and conductors that know no service.
struct Rig {
    store: Arc<SqliteStore>,
    config: DrillsConfig,
    _folder: TempDir,
}

/// A conductor, and the queue in which nobody handles what it says to the engine.
struct Desk {
    conductor: Conductor,
    _unread: (Inbox, mpsc::Receiver<Done>),
}

fn name(text: &str) -> ServiceName {
    text.parse().expect("a name")
}

fn under_way() -> Drill {
    let now = Clock::start().now();
    let brief = Brief {
        id: DrillId::at(now, 1),
        service: name("checkout"),
        from: "prod".parse().expect("a region"),
        to: "dr".parse().expect("a region"),
        by: "oncall".parse().expect("a name"),
        reason: "an exercise".to_owned(),
        stay: Duration::from_mins(5),
        method: Method::Ordered,
        schedule: None,
    };
    Drill::begin(brief, &verifier::tests::service("192.0.2.10").policy, now)
}

fn stored(drill: &Drill) -> StoredDrill {
    let Drill { id, service, begun, .. } = drill.clone();
    StoredDrill { id, service, begun, ended: drill.ended(), body: drill.to_text() }
}

impl Rig {
    async fn with(drills: &[Drill]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(SqliteStore::open(&folder.path().join("state.db")).await.expect("opens"));
        for drill in drills {
            store.put_drill(&stored(drill), &[]).await.expect("puts");
        }
        let config = DrillsConfig { at_once: 1, warning: None, schedules: Vec::new() };
        Self { store, config, _folder: folder }
    }

    /// A process that has just started.
    fn desk(&self) -> Desk {
        let (engine, inbox, publish) = Engine::channel();
        let actor: Actor = "controller-1".parse().expect("a name");
        publish.send_replace(Arc::new(Snapshot { actor: Some(actor.clone()), ..Snapshot::default() }));
        let clock = Clock::start();
        let timetable = Timetable::new(&self.config, clock.now());
        let parts = Parts {
            actor,
            clock,
            engine,
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            services: Arc::default(),
            monitors: Monitors::new(&[]).expect("nobody"),
            asides: Asides::default(),
            config: self.config.clone(),
        };
        let (done, ended) = mpsc::channel(QUEUE);
        let conductor = Conductor { parts, running: BTreeMap::new(), loaded: false, timetable, done };
        Desk { conductor, _unread: (inbox, ended) }
    }

    async fn rows(&self) -> Vec<HistoryEntry> {
        let rows = self.store.history(&HistoryQuery { limit: 100, ..HistoryQuery::default() }).await.expect("reads");
        rows.into_iter().map(|row| row.entry).collect()
    }

    async fn drill(&self) -> Drill {
        let all = self.store.drills(&DrillQuery { limit: 1, ..DrillQuery::default() }).await.expect("reads");
        Drill::from_text(&all[0].body).expect("a drill")
    }
}

#[tokio::test]
async fn the_end_of_a_drill_is_told_though_its_service_left_the_configuration() {
    let rig = Rig::with(&[under_way()]).await;
    let mut desk = rig.desk();
    desk.conductor.turn().await;
    assert_eq!(rig.drill().await.outcome(), Some(Outcome::Failed));
    let rows = rig.rows().await;
    let told: Vec<_> = rows.iter().map(|row| (row.kind, row.page, &row.service)).collect();
    assert_eq!(told, [(HistoryKind::DrillEnded, true, &name("checkout"))]);
    assert!(rows[0].summary.contains("not configured any more"), "{}", rows[0].summary);
}

#[tokio::test]
async fn a_drill_that_has_ended_in_the_store_is_let_go_and_not_told_again() {
    let mut drill = under_way();
    let rig = Rig::with(std::slice::from_ref(&drill)).await;
    let mut desk = rig.desk();
    desk.conductor.take_up().await;
    assert!(desk.conductor.running.contains_key(&name("checkout")));
    drill.stage = Stage::Ended { outcome: Outcome::Stopped, why: "somebody did".to_owned() };
    rig.store.put_drill(&stored(&drill), &[]).await.expect("puts");

    let stopped = Event::Stopped("oncall".parse().expect("a name"));
    desk.conductor.step(&name("checkout"), &stopped).await.expect("takes it");
    assert!(desk.conductor.running.is_empty(), "it is over");
    assert_eq!((rig.drill().await, rig.rows().await), (drill, Vec::new()));
}

#[tokio::test]
async fn a_lapse_is_told_once_though_the_process_starts_anew() {
    let mut rig = Rig::with(&[]).await;
    rig.config.warning = Some(Duration::ZERO);
    rig.config.schedules = vec![Schedule {
        name: "quarterly".to_owned(),
        services: vec![name("checkout")],
        when: When::Once { at: Timestamp::from_secs(1) },
        stay: Duration::from_mins(5),
        method: Method::Ordered,
        reason: "as planned".to_owned(),
    }];
    for _start in 0..2 {
        let desk = rig.desk();
        desk.conductor.tell_of_overdue(desk.conductor.parts.clock.now()).await.expect("tells");
        let told: Vec<_> = rig.rows().await.iter().map(|row| (row.kind, row.page)).collect();
        assert_eq!(told, [(HistoryKind::DrillOverdue, true)]);
    }
}
