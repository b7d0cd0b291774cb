//! A move by hand of a service that two providers hold, Knot first and BIND second: both move by one plan, and one that is
//! away holds nothing up and is named.

use serde_json::Value;
use tests::auth::query_at;
use tests::world::{FENCE_NAME, ZONE, ZONE_TEXT, fence_value};
use tests::{AuthServer, Kind, Plan, Region, Sandbox, Setup, World};

use super::{break_glass, read, record_in};

type Pair = World<(AuthServer, AuthServer)>;

/// What the configuration calls them.
const PROVIDERS: [&str; 2] = ["main", "second"];

/// A pair that is in prod, without its controller.
fn start() -> Pair {
    let server = |sandbox: &Sandbox, kind| AuthServer::start_in(sandbox, kind, Setup::new(ZONE, ZONE_TEXT));
    let host = |sandbox: &Sandbox| (server(sandbox, Kind::Knot), server(sandbox, Kind::Bind));
    let mut pair = World::start_at(&Plan::on(Kind::Knot), host);
    pair.until_served(Region::Prod);
    pair.controller.process().kill9();
    pair
}

/// A value of the fence at each provider.
fn fences(pair: &Pair, key: &str) -> [String; 2] {
    [pair.auth.0.address(), pair.auth.1.address()].map(|server| {
        let strings = query_at(server, FENCE_NAME, "TXT").join("");
        fence_value(&strings.replace("\" \"", "").replace('"', ""), key)
    })
}

fn served(pair: &Pair) -> [Option<Region>; 2] {
    [pair.auth.0.address(), pair.auth.1.address()].map(|server| pair.served_at(server))
}

/// Provider and outcome of each place, as the record tells.
fn outcomes(told: &Value) -> Vec<(&str, &str)> {
    let places = told["places"].as_array().map(Vec::as_slice).unwrap_or_default();
    places.iter().map(|place| (word(&place["provider"]), word(&place["outcome"]))).collect()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn both_places_move_by_one_plan() {
    let pair = start();
    let epoch: u64 = fences(&pair, "epoch")[0].parse().expect("a number");
    let record = record_in(&pair, "record.json");
    let (code, out, err) = break_glass(&pair, Region::Dr, &record, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2 of 2 places written"), "{out}");
    pair.until_served(Region::Dr);
    let next = (epoch + 1).to_string();
    assert_eq!(fences(&pair, "epoch"), [next.clone(), next]);
    let [first, second] = fences(&pair, "plan");
    assert!(first == second && !first.is_empty(), "{first}, {second}");
    let told = read(&record);
    assert_eq!(told["outcome"], "done", "{told}");
    assert_eq!(outcomes(&told), [("main", "applied"), ("second", "applied")]);
    assert_eq!(told["plan"], first.as_str());
}

/// One provider is away: nothing is written until that is accepted by name. Then the other one moves, and what is left is
/// said, by exit code, by word and in the record.
fn the_other_moves_when_one_is_away(away: usize, server: impl Fn(&mut Pair) -> &mut AuthServer) {
    let mut pair = start();
    let (lost, moved) = (PROVIDERS[away], PROVIDERS[1 - away]);
    let before = fences(&pair, "write");
    server(&mut pair).primary().kill9();
    let record = record_in(&pair, "record.json");
    let (code, out, err) = break_glass(&pair, Region::Dr, &record, &[]);
    assert_eq!(code, 3, "{out}{err}");
    let hint = format!("zoneKnown: example.test. at {lost}: ");
    assert!(err.contains(&hint) && err.contains("--override zoneKnown"), "{err}");
    assert_eq!((&fences(&pair, "write")[1 - away], record.exists()), (&before[1 - away], false), "nothing is written");

    let (code, out, err) = break_glass(&pair, Region::Dr, &record, &["--override", "zoneKnown"]);
    assert_eq!(code, 4, "{out}{err}");
    assert!(out.contains("stands  unread: ") && out.contains("write   nothing"), "{out}");
    assert!(out.contains("written, but unverified (1 of 2 places written)"), "{out}");
    assert!(out.contains(&format!("example.test. at {lost}: skipped: ")), "{out}");
    assert!(out.contains(&format!("example.test. at {moved}: applied")), "{out}");
    let mut there = [Some(Region::Dr); 2];
    there[away] = None;
    assert_eq!(served(&pair), there, "at each primary");
    let told = read(&record);
    assert_eq!(told["outcome"], "unverified", "{told}");
    let expected = PROVIDERS.map(|provider| (provider, if provider == lost { "skipped" } else { "applied" }));
    assert_eq!(outcomes(&told), expected, "{told}");

    // It is as it was when it comes back, and the same order takes it to where the other one is.
    server(&mut pair).restart();
    there[away] = Some(Region::Prod);
    assert_eq!(served(&pair), there, "at each primary");
    let (code, out, err) = break_glass(&pair, Region::Dr, &record_in(&pair, "again.json"), &[]);
    assert_eq!(code, 0, "{out}{err}");
    pair.until_served(Region::Dr);
    let [first, second] = fences(&pair, "plan");
    assert!(first == second && !first.is_empty(), "one decision for both: {first}, {second}");
}

#[test]
fn second_place_moves_when_the_first_is_away() {
    the_other_moves_when_one_is_away(0, |pair| &mut pair.auth.0);
}

#[test]
fn first_place_moves_when_the_second_is_away() {
    the_other_moves_when_one_is_away(1, |pair| &mut pair.auth.1);
}
