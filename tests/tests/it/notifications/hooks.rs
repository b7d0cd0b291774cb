//! Pre-flip hooks: a veto holds a move, an operator can override it, silence means what the configuration says.

use serde_json::json;
use tests::receiver::{Kind as Stand, Receiver, Reply};
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::{SECRET, configure};

/// A world whose moves are asked about.
fn world(keys: &str) -> (World, Receiver) {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let desk = Receiver::start(world.sandbox.socket(), Stand::Signed(SECRET.to_owned()));
    let hook = format!(
        "preFlip: [ {{ name: desk, url: \"{}\", secretFile: {}/signing.secret, {keys} }} ]",
        desk.url("/ask"),
        world.sandbox.path().display()
    );
    configure(&mut world, "  []\n", &hook);
    (world, desk)
}

fn until_expired(world: &World, words: &str) {
    until(&format!("a decision ends: {words}"), PATIENCE, || {
        let rows = world.history();
        let found = rows.iter().any(|row| {
            row["kind"] == "expired" && row["summary"].as_str().is_some_and(|summary| summary.contains(words))
        });
        if found { Ok(()) } else { Err(rows.into_iter().map(|row| row["summary"].clone()).collect::<Vec<_>>()) }
    });
}

#[test]
fn a_veto_holds_a_move_pages_once_and_an_operator_can_override_it() {
    let (mut world, desk) = world("timeout: 5s, onTimeout: proceed");
    desk.answer(Reply::Document(json!({ "verdict": "veto", "reason": "freeze\n until 06:00" })));
    world.prod.process().kill9();
    until_expired(&world, "vetoed by hook desk: freeze until 06:00");
    until("it is asked again", PATIENCE, || if desk.requests().len() >= 2 { Ok(()) } else { Err(desk.requests()) });
    assert_eq!(world.served(), Some(Region::Prod), "nothing moved");
    let pages = world.history().into_iter().filter(|row| row["kind"] == "expired" && row["page"] == true).count();
    assert_eq!(pages, 1);
    world.until_status_says("vetoed by hook desk");
    let asked = desk.requests().remove(0).body;
    assert_eq!((&asked["from"], &asked["to"], &asked["kind"]), (&"prod".into(), &"dr".into(), &"failover".into()));
    assert_eq!(asked["evidence"]["prod"]["health"], "failing", "{asked}");
    assert_eq!(desk.faults(), Vec::<String>::new());

    // Between two tries of the automation no write is open, or the order is refused for it: an operator repeats it.
    let args = ["failover", "checkout", "--to", "dr", "--reason", "x", "--override", "hooksAgreed", "--wait"];
    until("the order is taken", PATIENCE, || {
        let (code, out, err) = world.admin(&args);
        if code == 0 { Ok(()) } else { Err(format!("{code} {out}{err}")) }
    });
    world.until_served(Region::Dr);
    let ordered = world.history().into_iter().rfind(|row| row["kind"] == "decided").expect("a decision");
    assert!(ordered["summary"].as_str().is_some_and(|summary| summary.contains("ordered by")), "{ordered}");
    let asked_about: Vec<String> = desk.requests().into_iter().map(|request| request.id).collect();
    assert!(!asked_about.iter().any(|id| ordered["decision"] == id.as_str()), "nobody is asked about it");
}

#[test]
fn the_silence_of_a_hook_means_what_the_configuration_says() {
    let (mut world, desk) = world("timeout: 300ms, onTimeout: veto");
    desk.answer_next([Reply::Status(500), Reply::Document(json!({ "verdict": "perhaps" }))]);
    desk.answer(Reply::Silence);
    world.prod.process().kill9();
    until_expired(&world, "which counts as a veto: it answered 500");
    until_expired(&world, "which is no verdict");
    until_expired(&world, "it gave no verdict within 300 ms, which counts as a veto: error sending request");
    assert_eq!(world.served(), Some(Region::Prod));
    world.reconfigure(|text| text.replace("onTimeout: veto", "onTimeout: proceed"));
    world.until_served(Region::Dr);
    world.until_history("verified");
}

#[test]
fn a_hook_that_agrees_is_asked_once_about_a_move_and_about_nothing_else() {
    let (mut world, desk) = world("timeout: 5s, onTimeout: veto");
    desk.answer(Reply::Document(json!({ "verdict": "proceed" })));
    super::make_rows(&world);
    assert!(desk.requests().is_empty(), "pauses move nothing");
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    world.until_history("verified");
    assert_eq!(desk.taken().len(), 1, "{:?}", desk.requests());
    assert_eq!(desk.faults(), Vec::<String>::new());
}
