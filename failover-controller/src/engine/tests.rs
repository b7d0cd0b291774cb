//! Tests of [`super`] on a real store, with another hand in it.

use dns_api::evidence::{self, Bearing, EndpointReport, EvidenceEvent};
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointKey, Verdict};
use dns_core::gate::{Answer, GateKey, GateSpec, GateState, HttpGate};
use dns_core::machine::event::WriteOutcome;
use dns_core::saga::Saga;
use dns_core::service::{Service, endpoint_digest};
use dns_store::port::{Commit, Generation};
use dns_store::sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::sync::oneshot;

mod closing;

use super::evidence::Heard;
use super::handle::GateAnswer;
use super::*;
use crate::verifier;

/// A move of `checkout` whose verification has not come back.
const MOVED: &str = r#""verifying":"w1""#;

/// The fence that it left.
const HELD: &str = r#""held":{"install":"acme","id":"checkout","provider":"main","epoch":2,"rev":3,"write":"w1",
    "plan":"w1","active":"prod","released":null,"moved":1795246200000,"by":"controller-1","cfg":0,"pin":null,
    "pause":null,"rrs":[],"digest":"00112233445566778899aabbccddeeff","unknown":[]}"#;

/// An engine whose services are loaded, and what it asks others for.
struct Rig {
    owner: Owner,
    store: Arc<SqliteStore>,
    verifications: verifier::Requests,
    folder: TempDir,
}

/// Two services, of which `checkout` is stepped here and `basket` is quiet.
async fn rig() -> Rig {
    let rig = rig_of(&["basket", "checkout"], &[]).await;
    assert!(rig.owner.waiting.is_empty() && rig.owner.trouble.text(None).is_none());
    rig
}

/// Services by name, with what the store has of some of them.
async fn rig_of(services: &[&str], stored: &[(&str, String)]) -> Rig {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(SqliteStore::open(&folder.path().join("state.db")).await.expect("opens"));
    for (service, envelope) in stored {
        put(&*store, service, envelope.clone()).await;
    }
    let checkout = verifier::tests::service("192.0.2.10");
    let service = |text: &&str| Everywhere::only(Service { name: name(text), ..(*checkout).clone() });
    let (verifications, requests) = Verifications::channel();
    let parts = Parts {
        actor: "controller-1".parse().expect("a name"),
        clock: Clock::start(),
        services: services.iter().map(service).collect(),
        permits: BTreeMap::new(),
        vantage_points: Vec::new(),
        store: Arc::clone(&store) as Arc<dyn Store>,
        outbox: Arc::default(),
        read_now: ReadNow::default(),
        verifications,
        asides: Asides::default(),
        blast_radius: BlastRadius::default(),
        ties: BTreeMap::new(),
        distrust: watch::Sender::new(0),
    };
    let mut owner = Owner::new(parts);
    owner.turn().await;
    Rig { owner, store, verifications: requests, folder }
}

/// Somebody puts another state of a service into the store.
async fn put(store: &dyn Store, service: &str, envelope: String) {
    let kept = store.state(&name(service)).await.expect("reads");
    let expected = kept.map_or(Generation::default(), |state| state.generation);
    let commit = Commit { service: name(service), expected, envelope, outbox: Vec::new(), history: Vec::new() };
    store.commit(&commit).await.expect("commits");
}

fn name(text: &str) -> ServiceName {
    text.parse().expect("a name")
}

fn settled(decision: &str) -> (Message, oneshot::Receiver<Result<(), String>>) {
    let (reply, answer) = oneshot::channel();
    let decision = decision.parse().expect("a decision");
    (Message::Settled(name("checkout"), decision, WriteOutcome::Burned("test".to_owned()), reply), answer)
}

impl Rig {
    /// Somebody puts another state of a service into the store.
    async fn put(&self, service: &str, envelope: String) {
        put(&*self.store, service, envelope).await;
    }

    /// The kinds of all rows.
    async fn history(&self) -> Vec<String> {
        let query = dns_store::port::HistoryQuery { limit: 100, ..dns_store::port::HistoryQuery::default() };
        let rows = self.store.history(&query).await.expect("reads");
        rows.into_iter().map(|row| row.entry.kind.to_string()).collect()
    }

    /// What is to be looked at now. A moment ago would be before the last look: a clock that was set back.
    fn due(&self) -> Vec<ServiceName> {
        self.owner.due(self.owner.parts.clock.now())
    }

    /// Lets a service meet what is in the store.
    async fn step(&mut self, service: &str) -> Result<SagaStep, NotStepped> {
        let reason = "a fault".to_owned();
        self.owner.step(&name(service), Event::ZoneUnreadable { reason, denied: true }).await
    }
}

/// The state of a service of which nothing is known.
fn untouched(service: &str) -> String {
    let configured = verifier::tests::service("192.0.2.10");
    Saga::new(&Everywhere::only(Service { name: name(service), ..(*configured).clone() })).to_envelope()
}

fn moved() -> String {
    let envelope = untouched("checkout");
    let moved = envelope.replace(r#""verifying":null"#, MOVED).replace(r#""held":null"#, HELD);
    assert!(moved.contains(MOVED) && moved.contains(HELD), "{envelope}");
    moved
}

#[tokio::test]
async fn many_services_are_loaded_at_once_and_one_that_cannot_be_read_lets_down_no_other() {
    let names: Vec<String> = (10..40).map(|number| format!("svc-{number}")).collect();
    let services: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stored: Vec<(&str, String)> = services[..20].iter().map(|service| (*service, untouched(service))).collect();
    stored[5].1 = "torn".to_owned();
    stored.push(("unconfigured", untouched("unconfigured")));
    let rig = rig_of(&services, &stored).await;
    let waiting: Vec<&str> = rig.owner.waiting.keys().map(ServiceName::as_str).collect();
    assert_eq!((waiting, rig.owner.units.len()), (vec!["svc-15"], 29));
    assert!(rig.owner.waiting[&name("svc-15")].reason().is_some_and(|why| why.contains("cannot be read")));
    let of_store = |service: &str| rig.owner.units[&name(service)].generation();
    assert_eq!((of_store("svc-10"), of_store("svc-39")), (Generation(1), Generation(0)));
}

#[tokio::test]
async fn a_state_that_another_has_changed_is_loaded_with_what_it_left_unfinished() {
    let mut rig = rig().await;
    rig.put("checkout", moved()).await;
    let refused = rig.step("checkout").await;
    assert!(matches!(refused, Err(NotStepped::Refused(StoreError::Stale { .. }))), "{refused:?}");
    let (service, _) = rig.verifications.try_recv().expect("nobody else would finish it");
    assert_eq!(service, name("checkout"));
    rig.step("checkout").await.expect("goes on from there");
    rig.owner.turn().await;
    assert_eq!(rig.owner.snapshot().store_error, None, "it is over");
}

#[tokio::test]
async fn one_stale_service_has_the_quiet_ones_loaded_anew_too() {
    let mut rig = rig().await;
    for service in ["basket", "checkout"] {
        rig.put(service, untouched(service)).await;
    }
    rig.step("checkout").await.expect_err("is stale");
    rig.step("basket").await.expect("was loaded anew with the other");
}

#[tokio::test]
async fn a_service_that_cannot_be_loaded_anew_waits_and_settles_nothing() {
    let mut rig = rig().await;
    rig.put("checkout", "torn".to_owned()).await;
    rig.step("checkout").await.expect_err("is stale");
    let snapshot = rig.owner.snapshot();
    assert!(snapshot.unloaded.contains(&name("checkout")) && !snapshot.unloaded.contains(&name("basket")));
    let fault = snapshot.view(&name("checkout")).expect("shown").fault.clone().unwrap_or_default();
    assert!(fault.contains("cannot be read"), "{fault}");

    let (message, answer) = settled("w1");
    rig.owner.handle_all(vec![message]).await;
    let answer = answer.await.expect("an answer");
    assert!(answer.as_ref().is_err_and(|why| why.contains("not loaded")), "not taken for committed: {answer:?}");
}

#[tokio::test]
async fn after_a_store_that_is_not_available_no_commit_is_tried_until_the_next_turn() {
    let mut rig = rig().await;
    rig.store.close().await;
    rig.step("basket").await.expect_err("is closed");
    let failures = rig.owner.trouble.failures();
    let shut = rig.step("checkout").await;
    assert!(matches!(&shut, Err(NotStepped::Shut(why)) if why.contains("not available")), "{shut:?}");
    assert_eq!(rig.owner.trouble.failures(), failures);
    rig.owner.turn().await;
    assert_eq!(rig.owner.trouble.failures(), failures + 1, "a turn tries once");
    assert!(rig.owner.snapshot().store_error.is_some());
}

/// Evidence of `fra1` of the only region of a service, with a verdict of that age.
fn heard(service: &str, verdict: Verdict, age: Duration, at: Timestamp) -> Heard {
    let configured = verifier::tests::service("192.0.2.10");
    let (region, endpoint) = (&configured.regions[0], &configured.regions[0].endpoints[0]);
    let digest = Digest::over([b"fra1".as_slice()]);
    let bearing = Bearing {
        vantage: "fra1".parse().expect("a name"),
        config: digest,
        coverage: digest,
        blind: None,
        oldest_probe_age_ms: 0,
    };
    let key = EndpointKey { service: name(service), region: region.name.clone(), endpoint: endpoint.to_string() };
    let report = EndpointReport {
        key,
        spec: endpoint_digest(endpoint, &region.probes, configured.policy.detection),
        verdict,
        verdict_age_ms: u64::try_from(age.as_millis()).expect("a short time"),
        contradicting: 0,
        error: None,
        latency_ms: None,
        certificate_left_ms: None,
        injected: None,
    };
    let event = EvidenceEvent::Snapshot(evidence::Snapshot { bearing, endpoints: vec![report] });
    Heard::Event { at, trust: 0, event: Box::new(event) }
}

impl Rig {
    fn judged(&self, service: &str) -> bool {
        let saga = self.owner.units[&name(service)].saga();
        saga.machines().any(|(_, machine)| {
            let judgement = machine.memory().judgement();
            judgement.is_some_and(dns_core::judgement::Judgement::all_failing)
        })
    }
}

#[tokio::test]
async fn a_service_that_would_move_waits_for_its_turn_undecided() {
    let mut rig = rig().await;
    rig.put("checkout", moved().replacen(r#""active":null"#, r#""active":"prod""#, 1)).await;
    rig.step("checkout").await.expect_err("is stale, and loaded anew");
    let now = rig.owner.parts.clock.now();
    rig.owner
        .witnesses
        .take(&"fra1".parse().expect("a name"), heard("checkout", Verdict::Failing, Duration::ZERO, now));

    let mut full = BTreeMap::from([("main".parse().expect("a name"), 0)]);
    assert_eq!(rig.owner.judge_in_turn(&name("checkout"), now, &mut full), (None, false));
    assert!(!rig.judged("checkout"), "nothing is decided for it");
    assert!(rig.owner.snapshot().view(&name("checkout")).expect("shown").waits_its_turn, "and people see why");
    let is_looked_at = |room| rig.owner.due_in_turn(now, room).contains(&name("checkout"));
    assert!(!is_looked_at(&full), "it was judged lately");
    assert!(is_looked_at(&BTreeMap::new()), "it has waited for room alone");
    rig.owner.judge_due().await;
    assert!(rig.judged("checkout"));
    assert!(!rig.owner.snapshot().view(&name("checkout")).expect("shown").waits_its_turn);
}

#[tokio::test]
async fn what_has_not_changed_is_shared_with_the_snapshot_before() {
    let mut rig = rig().await;
    let before = rig.owner.snapshot();
    rig.step("checkout").await.expect("commits");
    let after = rig.owner.snapshot();
    let shown = |snapshot: &Snapshot, service: &str| snapshot.services.get(&name(service)).cloned().expect("is shown");
    let shared = |service: &str| shown(&before, service).is_shared_with(&shown(&after, service));
    assert!(shared("basket"));
    assert!(!shared("checkout"));
}

#[tokio::test]
async fn a_quiet_service_is_looked_at_when_there_is_news_of_it() {
    let mut rig = rig().await;
    rig.owner.judge_due().await;
    assert!(rig.due().is_empty(), "all were just looked at");
    rig.owner.make_due(&"fra1".parse().expect("a name"));
    assert_eq!(rig.due(), [name("basket"), name("checkout")]);
    rig.owner.step(&name("checkout"), Event::SiblingsChanged).await.expect("changes nothing");
    assert!(rig.due().contains(&name("checkout")), "it is still to be judged");
    rig.owner.next_turn = Some(name("basket"));
    assert_eq!(rig.due(), [name("checkout"), name("basket")], "whoever has moved is last");
}

#[tokio::test]
async fn a_step_after_the_end_of_a_ready_time_does_not_put_its_judgement_off() {
    let mut rig = rig().await;
    let (now, ten_seconds) = (rig.owner.parts.clock.now(), Duration::from_secs(10));
    let ready_for = rig.owner.units[&name("checkout")].service().lead().policy.ready_for;
    let healthy = heard("checkout", Verdict::Healthy, ready_for.saturating_sub(ten_seconds), now);
    rig.owner.witnesses.take(&"fra1".parse().expect("a name"), healthy);
    rig.owner.judge_due().await;
    assert!(rig.due().is_empty(), "both were just looked at");
    tokio::time::pause();
    tokio::time::advance(ten_seconds + Duration::from_millis(50)).await;
    tokio::time::resume();
    rig.owner.step(&name("checkout"), Event::SiblingsChanged).await.expect("changes nothing");
    assert_eq!(rig.due(), [name("checkout")]);
}

#[tokio::test]
async fn one_service_that_does_not_fit_the_store_lets_down_no_other_of_its_group() {
    let mut rig = rig().await;
    rig.put("basket", untouched("basket")).await;
    let wanted = ["basket", "checkout"].map(|service| {
        let event = Event::ZoneUnreadable { reason: "a fault".to_owned(), denied: true };
        stepping::Wanted { service: name(service), place: None, event }
    });
    let stepped = rig.owner.step_all(wanted.into()).await;
    assert!(matches!(stepped[0], Err(NotStepped::Refused(StoreError::Stale { .. }))), "{:?}", stepped[0]);
    stepped[1].as_ref().expect("it fits, and was committed by itself");
    assert!(rig.store.state(&name("checkout")).await.expect("reads").is_some());
}

/// Of two services in a group one changes nothing, so that there is one commit, which meets another state.
#[tokio::test]
async fn a_step_that_needs_no_commit_is_not_kept_over_a_state_that_was_loaded_since() {
    let mut rig = rig().await;
    rig.put("checkout", moved()).await;
    rig.put("basket", untouched("basket")).await;
    let fault = Event::ZoneUnreadable { reason: "a fault".to_owned(), denied: true };
    let wanted = [("basket", fault), ("checkout", Event::SiblingsChanged)].map(|(service, event)| stepping::Wanted {
        service: name(service),
        place: None,
        event,
    });
    let stepped = rig.owner.step_all(wanted.into()).await;
    assert!(matches!(stepped[0], Err(NotStepped::Refused(StoreError::Stale { .. }))), "{:?}", stepped[0]);
    let held = rig.owner.units[&name("checkout")].saga().newest().map(|fence| fence.epoch.get());
    assert_eq!(held, Some(2), "it is as the store has it");
}

/// Two steps of one service in one group: the later one goes on from the earlier.
#[tokio::test]
async fn steps_of_a_group_follow_one_another() {
    let mut rig = rig().await;
    let event = |reason: &str, denied| Event::ZoneUnreadable { reason: reason.to_owned(), denied };
    let wanted = [event("a fault", false), event("no right", true)].map(|event| stepping::Wanted {
        service: name("checkout"),
        place: None,
        event,
    });
    for stepped in rig.owner.step_all(wanted.into()).await {
        stepped.expect("commits");
    }
    let generation = rig.store.state(&name("checkout")).await.expect("reads").map(|state| state.generation);
    assert_eq!(generation, Some(Generation(1)), "in one commit");
    let query = dns_store::port::HistoryQuery { limit: 10, ..Default::default() };
    assert_eq!(rig.store.history(&query).await.expect("reads").len(), 2, "and both are told");
}

/// An engine whose `checkout` has one gate.
async fn gated_rig() -> Rig {
    let mut rig = rig().await;
    let mut service = (*verifier::tests::service("192.0.2.10")).clone();
    service.regions[0].gates = vec![gate()].into();
    let unit = Unit::load(Everywhere::only(service), None, rig.owner.parts.clock.now()).expect("loads");
    rig.owner.units.insert(name("checkout"), unit);
    rig
}

fn gate() -> GateSpec {
    let http = HttpGate {
        url: "http://127.0.0.1:1/".to_owned(),
        timeout: Duration::from_secs(1),
        token_file: None,
        max: BTreeMap::new(),
        min: BTreeMap::new(),
    };
    let (every, within) = (Duration::from_secs(5), Duration::from_secs(20));
    GateSpec { name: "replication".parse().expect("a name"), http, every, within }
}

/// The gate says yes, to a question of so many stalls.
fn yes(asked: Timestamp, trust: u64) -> GateAnswer {
    let key = GateKey {
        service: name("checkout"),
        region: "prod".parse().expect("a region"),
        gate: "replication".parse().expect("a name"),
    };
    GateAnswer { key, within: gate().within, asked, trust, answer: Answer::Yes(String::new()) }
}

impl Rig {
    /// What the newest judgement says of the gate.
    fn gate(&self) -> &'static str {
        let judgement = self.owner.judgement_of(&name("checkout")).expect("judged");
        match judgement.regions.values().flat_map(|region| &region.gates).next().map(|gate| &gate.state) {
            Some(GateState::Open { .. }) => "open",
            Some(GateState::Closed { .. }) => "closed",
            Some(GateState::Unknown { .. }) => "unknown",
            None => "not judged",
        }
    }
}

#[tokio::test]
async fn an_answer_of_a_gate_is_news_and_its_end_is_waited_for() {
    let mut rig = gated_rig().await;
    rig.owner.judge_due().await;
    assert_eq!((rig.gate(), rig.due()), ("unknown", Vec::new()));
    rig.owner.take_gate(yes(rig.owner.parts.clock.now(), 0));
    assert_eq!((rig.gate(), rig.due()), ("open", vec![name("checkout")]));
    rig.owner.judge_due().await;
    assert!(rig.due().is_empty(), "it was just judged");
    tokio::time::pause();
    tokio::time::advance(gate().within + Duration::from_millis(50)).await;
    tokio::time::resume();
    assert_eq!((rig.gate(), rig.due()), ("unknown", vec![name("checkout")]));
}

#[tokio::test]
async fn what_gates_said_before_a_stall_counts_no_more() {
    let mut rig = gated_rig().await;
    rig.owner.note_turn();
    rig.owner.take_gate(yes(rig.owner.parts.clock.now(), 0));
    assert_eq!(rig.gate(), "open");
    rig.owner.last_turn.now = rig.owner.last_turn.now.before(STALL * 2);
    rig.owner.note_turn();
    assert_eq!(rig.gate(), "unknown", "it stood still");
    assert!(rig.due().contains(&name("checkout")), "and that is judged at once");
    rig.owner.take_gate(yes(rig.owner.parts.clock.now(), 0));
    assert_eq!(rig.gate(), "unknown", "an answer to a question of before");
    rig.owner.take_gate(yes(rig.owner.parts.clock.now(), 1));
    assert_eq!(rig.gate(), "open");
}

fn begin() -> evacuating::Call {
    evacuating::Call::Begin(evacuating::Begin {
        region: "prod".parse().expect("a region"),
        to: None,
        by: "oncall".parse().expect("a name"),
        reason: "power".to_owned(),
        overrides: Vec::new(),
        wave_max: None,
    })
}

fn subject() -> evacuating::Subject {
    let by = "oncall".parse().expect("a name");
    evacuating::Subject { which: "prod".to_owned(), by, reason: "as agreed".to_owned() }
}

/// `checkout` is in prod.
async fn rig_in_prod() -> Rig {
    let mut rig = rig().await;
    let envelope = untouched("checkout").replace(r#""active":null"#, r#""active":"prod""#);
    assert_ne!(envelope, untouched("checkout"));
    rig.put("checkout", envelope).await;
    rig.owner.load_anew().await;
    rig
}

#[tokio::test]
async fn an_evacuation_is_in_the_store_and_whoever_loads_it_goes_on() {
    let mut rig = rig_in_prod().await;
    let prod = "prod".parse().expect("a region");
    let begun = rig.owner.call(begin()).await.expect("begins");
    assert_eq!((begun.evacuation.services, begun.tally.waiting), (1, 1));
    let twice = rig.owner.call(begin()).await.expect_err("one of a region");
    assert!(matches!(&twice, evacuating::Refused::Impossible { .. }), "{twice}");

    rig.owner.load_anew().await;
    assert_eq!(rig.owner.snapshot().evacuations[0].evacuation, begun.evacuation);
    assert!(rig.owner.fleet.evacuation_of(&prod).is_some_and(|why| why.contains("power")), "nothing comes in");
    let stopped = rig.owner.call(evacuating::Call::Stop(subject())).await.expect("stops");
    assert!(!stopped.evacuation.is_running() && rig.owner.fleet.evacuation_of(&prod).is_some());
    rig.owner.call(evacuating::Call::Stop(subject())).await.expect_err("it is stopped");
    let resumed = rig.owner.call(evacuating::Call::Resume(subject())).await.expect("goes on");
    assert_eq!(resumed.evacuation.run, 2);
    rig.owner.call(evacuating::Call::Resume(subject())).await.expect_err("it is running");
    rig.owner.call(evacuating::Call::Close(subject())).await.expect("ends");
    assert_eq!(rig.owner.fleet.evacuation_of(&prod), None);
    let kinds: Vec<_> = rig.history().await;
    assert_eq!(kinds, ["evacuationStarted", "evacuationStopped", "evacuationResumed", "evacuationEnded"]);
    rig.owner.call(begin()).await.expect("another one may begin");
}

#[tokio::test]
async fn an_evacuation_that_another_has_changed_is_loaded_before_anything_else_is_ordered() {
    let mut rig = rig_in_prod().await;
    let mut begun = rig.owner.call(begin()).await.expect("begins").evacuation;
    begun.wave_max = Some(3);
    let commit = dns_store::port::EvacuationCommit {
        id: begun.id.clone(),
        region: begun.region.clone(),
        open: true,
        expected: Generation(1),
        state: serde_json::to_string(&begun).expect("serialises"),
        history: Vec::new(),
    };
    rig.store.commit_evacuation(&commit).await.expect("commits").expect("fits");
    rig.owner.call(evacuating::Call::Stop(subject())).await.expect_err("what is known is old");
    rig.owner.turn().await;
    let stopped = rig.owner.call(evacuating::Call::Stop(subject())).await.expect("stops");
    assert_eq!(stopped.evacuation.wave_max, Some(3));
}

#[tokio::test]
async fn nothing_is_evacuated_before_every_service_is_loaded() {
    let mut rig = rig_in_prod().await;
    rig.owner.call(begin()).await.expect("begins");
    rig.owner.load_anew().await;
    let one: Vec<Everywhere> = rig.owner.services().take(1).cloned().collect();
    let waiting = loading::all(&one, rig.owner.parts.clock.now());
    rig.owner.waiting.extend(waiting);
    assert!(!rig.owner.is_loaded());
    let refused = rig.owner.call(evacuating::Call::Stop(subject())).await.expect_err("it is loading");
    assert!(matches!(refused, evacuating::Refused::Store(_)), "{refused}");
}
