//! Receivers and hooks, end to end: told in order and at least once over faults and restarts, asked before a move.

mod hooks;

use std::collections::BTreeSet;

use serde_json::Value;
use tests::receiver::{Kind as Stand, Receiver, Reply};
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// What signs; 32 bytes.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Writes secrets and gives the configuration its receivers, and the policy its hooks.
fn configure(world: &mut World, receivers: &str, hooks: &str) {
    world.sandbox.write("signing.secret", format!("{SECRET}\n"));
    world.reconfigure(|text| {
        let text = text.replace("  fast: { ", &format!("  fast: {{ hooks: {{ {hooks} }}, "));
        format!("{text}notifications:\n{receivers}")
    });
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
}

/// A webhook's lines in the configuration.
fn webhook(world: &World, name: &str, receiver: &Receiver, on: &str) -> String {
    let secret = world.sandbox.path().join("signing.secret");
    format!(
        "  - {{ name: {name}, on: [{on}], webhook: {{ url: \"{}\", secretFile: {}, timeout: 500ms }} }}\n",
        receiver.url("/told"),
        secret.display()
    )
}

fn positions(rows: &[Value]) -> Vec<u64> {
    rows.iter().filter_map(|row| row["position"].as_u64()).collect()
}

/// The positions that a receiver took, in order; those of repetitions left out.
fn taken_once(receiver: &Receiver) -> Vec<u64> {
    let mut seen = BTreeSet::new();
    let bodies: Vec<Value> = receiver.taken().into_iter().map(|request| request.body).collect();
    positions(&bodies).into_iter().filter(|position| seen.insert(*position)).collect()
}

/// Waits until a receiver took every row from a position on, in order.
fn until_told_all(world: &World, receiver: &Receiver, from: u64) {
    until("every row is told, in order", PATIENCE, || {
        let wanted: Vec<u64> = positions(&world.history()).into_iter().filter(|position| *position >= from).collect();
        let found: Vec<u64> = taken_once(receiver).into_iter().filter(|position| *position >= from).collect();
        if found == wanted && !wanted.is_empty() { Ok(()) } else { Err(format!("wanted {wanted:?}, found {found:?}")) }
    });
    assert_eq!(receiver.faults(), Vec::<String>::new());
}

fn next_position(world: &World) -> u64 {
    positions(&world.history()).last().map_or(1, |last| last + 1)
}

/// Makes rows: a pause and its end.
fn make_rows(world: &World) {
    for args in [["pause", "checkout", "--reason", "test"], ["resume", "checkout", "--reason", "test"]] {
        let (code, out, err) = world.admin(&args);
        assert_eq!(code, 0, "{out}{err}");
    }
}

#[test]
fn a_failover_is_told_to_every_receiver_in_its_own_way() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let archive = Receiver::start(world.sandbox.socket(), Stand::Signed(SECRET.to_owned()));
    let ledger = Receiver::start(world.sandbox.socket(), Stand::Signed(SECRET.to_owned()));
    let chat = Receiver::start(world.sandbox.socket(), Stand::Slack);
    let pager = Receiver::start(world.sandbox.socket(), Stand::PagerDuty("r0uting".to_owned()));
    let alerts = Receiver::start(world.sandbox.socket(), Stand::Alertmanager("t0ken".to_owned()));
    let folder = world.sandbox.path().display().to_string();
    world.sandbox.write("slack.url", chat.url("/services/T0/B0/s3cret"));
    world.sandbox.write("routing.key", "r0uting\n");
    world.sandbox.write("alerts.token", "t0ken\n");
    let others = format!(
        "  - {{ name: chat, on: [pages, moves], slack: {{ urlFile: {folder}/slack.url }} }}
  - {{ name: pager, pagerduty: {{ routingKeyFile: {folder}/routing.key, url: \"{}\" }} }}
  - {{ name: alerts, alertmanager: {{ url: \"{}\", tokenFile: {folder}/alerts.token }} }}\n",
        pager.url("/v2/enqueue"),
        alerts.url("/"),
    );
    let receivers = webhook(&world, "archive", &archive, "all") + &others;
    let post = format!(
        "postFlip: [ {{ name: ledger, url: \"{}\", secretFile: {folder}/signing.secret }} ]",
        ledger.url("/moved")
    );
    configure(&mut world, &receivers, &post);

    let from = next_position(&world);
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    world.until_history("verified");
    world.until_state("cooling down");
    until_told_all(&world, &archive, from);
    chat_reads_well(&world, &chat);
    pager_opens_and_closes(&pager);
    let alert = until("the alert ends", PATIENCE, || {
        let bodies: Vec<Value> = alerts.taken().into_iter().map(|request| request.body).collect();
        let all = bodies.iter().filter_map(Value::as_array).flatten();
        let moves: Vec<Value> = all.filter(|alert| alert["labels"]["trouble"] == "move").cloned().collect();
        if moves.len() >= 2 { Ok(moves[0].clone()) } else { Err(bodies) }
    });
    assert_eq!((&alert["labels"]["service"], &alert["labels"]["severity"]), (&"checkout".into(), &"page".into()));
    assert_eq!(alerts.faults(), Vec::<String>::new());

    let told = until("the hook is told", PATIENCE, || ledger.taken().first().cloned().ok_or("nothing"));
    let body = told.body;
    assert_eq!((&body["outcome"], &body["from"], &body["to"]), (&"verified".into(), &"prod".into(), &"dr".into()));
    assert_eq!((&body["initiative"], &body["kind"]), (&"automatic".into(), &"failover".into()));
    assert_eq!(body["evidence"]["prod"]["health"], "failing", "{body}");
    assert_eq!(ledger.faults(), Vec::<String>::new());
    world.until_metric("failover_controller_notification_lag_seconds{receiver=\"archive\"} 0");
    let log = world.controller.log();
    assert!(!log.contains("s3cret") && !log.contains(SECRET), "{log}");
}

fn chat_reads_well(world: &World, chat: &Receiver) {
    let text = until("chat is told of the move and its end", PATIENCE, || {
        let texts: Vec<String> =
            chat.taken().iter().filter_map(|told| told.body["text"].as_str().map(str::to_owned)).collect();
        if texts.iter().any(|text| text.contains("over: checkout")) { Ok(texts.join("\n\n")) } else { Err(texts) }
    });
    for words in [
        ":rotating_light: *PAGE checkout* decided: failover from `prod` to `dr`",
        "*since* ",
        "*do* ",
        "*type* `dns-admin",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("stateChanged"), "only pages and moves: {text}");
    assert_eq!(chat.faults(), Vec::<String>::new(), "{}", world.service());
}

fn pager_opens_and_closes(pager: &Receiver) {
    let events = until("the incident is resolved", PATIENCE, || {
        let taken = pager.taken();
        let all: Vec<(String, String)> = taken
            .iter()
            .map(|event| (event.body["event_action"].to_string(), event.body["dedup_key"].to_string()))
            .collect();
        if all.iter().any(|(action, _)| action.contains("resolve")) { Ok(all) } else { Err(all) }
    });
    let of_move: Vec<&str> =
        events.iter().filter(|(_, key)| key == "\"acme/checkout/move\"").map(|(action, _)| action.as_str()).collect();
    assert_eq!(of_move, ["\"trigger\"", "\"resolve\""], "{events:?}");
    assert_eq!(pager.faults(), Vec::<String>::new());
}

#[test]
fn nothing_is_lost_over_faults_a_hang_and_a_kill_and_nobody_waits_for_another() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let signed = || Stand::Signed(SECRET.to_owned());
    let faulty = Receiver::start(world.sandbox.socket(), signed());
    let hanging = Receiver::start(world.sandbox.socket(), signed());
    hanging.answer(Reply::Silence);
    let (one, other) = (webhook(&world, "a-hanging", &hanging, "all"), webhook(&world, "faulty", &faulty, "all"));
    configure(&mut world, &(one + &other), "");

    let from = next_position(&world);
    faulty.answer_next([Reply::Status(500), Reply::Status(429), Reply::Silence]);
    make_rows(&world);
    until_told_all(&world, &faulty, from);
    assert!(faulty.requests().len() > faulty.taken().len(), "it had said no");
    until("the other one is asked", PATIENCE, || if hanging.requests().is_empty() { Err(()) } else { Ok(()) });

    // Killed while it cannot tell: the next process does.
    faulty.answer(Reply::Status(503));
    make_rows(&world);
    until("it is tried", PATIENCE, || {
        let last = faulty.requests().last().map(|request| request.answered);
        if last == Some(503) { Ok(()) } else { Err(last) }
    });
    world.controller.process().kill9();
    faulty.answer(Reply::Status(204));
    world.controller.restart();
    until_told_all(&world, &faulty, from);
    let ids: BTreeSet<String> = faulty.taken().into_iter().map(|request| request.id).collect();
    assert_eq!(ids.len(), taken_once(&faulty).len(), "a repetition has the id of the first");

    // A row that is refused for good is told once, and those behind it are told.
    let from = next_position(&world);
    faulty.answer_next([Reply::Status(410)]);
    make_rows(&world);
    until("the row behind is told", PATIENCE, || {
        let found = taken_once(&faulty);
        let last = positions(&world.history()).last().copied();
        if found.last().copied() == last { Ok(()) } else { Err((found, last)) }
    });
    let refused = faulty.requests().into_iter().filter(|request| request.body["position"] == from);
    assert_eq!(refused.map(|request| request.answered).collect::<Vec<_>>(), [410]);

    faulty.answer(Reply::Status(403));
    make_rows(&world);
    world.until_status_says("receiver `faulty` refuses what it is told");
    faulty.answer(Reply::Status(204));
    make_rows(&world);
    until("nobody is told of it any more", PATIENCE, || {
        let (_, out, _) = world.admin(&["status"]);
        if out.contains("receiver `faulty`") { Err(out) } else { Ok(()) }
    });
}
