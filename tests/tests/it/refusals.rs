//! Servers that refuse, do not answer, or answer nothing anybody can use: told clearly, tried with back-off, nothing
//! lost. And authoritative servers that do not follow: reported, and in nobody's way.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::auth::Algorithm;
use tests::world::{ZONE, ZONE_TEXT};
use tests::{AuthServer, Key, Kind, PATIENCE, Plan, Region, Setup, World, until};

use crate::every_server::on_every_server;

/// The times of all rows of a kind, in milliseconds of the day: enough to see gaps of seconds.
fn times(world: &World, kind: &str) -> Vec<u64> {
    let rows = world.history();
    let at = rows.iter().filter(|row| row["kind"] == kind).map(|row| row["at"].as_str().unwrap_or_default().to_owned());
    at.map(|at| milliseconds(&at)).collect()
}

/// The time of day of an RFC 3339 timestamp in UTC.
fn milliseconds(at: &str) -> u64 {
    let time = at.split_once('T').expect("a timestamp").1.trim_end_matches('Z');
    let (whole, fraction) = time.split_once('.').expect("milliseconds");
    let seconds = whole.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().expect("a number"));
    seconds * 1000 + fraction.parse::<u64>().expect("a number")
}

/// Waits for three failures in a row and looks that the pauses between the tries double from a second on.
fn backs_off(world: &World, kind: &str) {
    let tries = until(&format!("three tries are {kind}"), PATIENCE, || {
        let tries = times(world, kind);
        if tries.len() >= 3 { Ok(tries) } else { Err(tries) }
    });
    let day = 24 * 60 * 60 * 1000;
    let gaps: Vec<u64> = tries.windows(2).map(|pair| (pair[1] + day - pair[0]) % day).collect();
    assert!(gaps[0] >= 1000 && gaps[1] >= 2000, "{gaps:?}");
    let pages = world.history().iter().filter(|row| row["kind"] == kind && row["page"] == true).count();
    assert_eq!(pages, 1, "the first one wakes someone, the others nobody again");
}

fn counted(kind: &str) -> String {
    format!("failover_controller_history_rows_total{{service=\"checkout\",kind=\"{kind}\"}}")
}

fn until_counted(world: &World, metric: &str) {
    until(&format!("{metric} is counted"), PATIENCE, || {
        let metrics = world.metrics();
        if metrics.lines().any(|line| line.starts_with(metric)) { Ok(()) } else { Err(metrics) }
    });
}

/// The write fails for a reason that only a person can change, in all three places where a person looks.
fn is_told_and_backs_off(world: &World, kind: &str, words: &str) {
    let row = world.until_history(kind);
    assert!(row["summary"].as_str().unwrap_or_default().contains(words), "{row}");
    assert_eq!(row["page"], true, "{row}");
    until_counted(world, &counted(kind));
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    world.until_status_says("the last write failed");
    world.until_status_says(words);
    backs_off(world, kind);
}

/// Nothing is lost: the move happens, once, and nobody has to look any more.
fn recovers(world: &World, epoch: u64) {
    world.until_moved_whole(Region::Dr);
    world.until_served(Region::Dr);
    world.until_state("cooling down");
    assert_eq!(world.fence_number("epoch"), epoch + 1, "{}", world.fence());
    let (_, status, _) = world.admin(&["status"]);
    assert!(!status.contains("the last write failed"), "{status}");
}

fn a_frozen_zone(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let (fence, epoch) = (world.fence(), world.fence_number("epoch"));
    world.auth.freeze();
    world.prod.process().kill9();
    is_told_and_backs_off(&world, "denied", "frozen");
    assert_eq!((world.served_whole(), world.fence()), (Region::Prod, fence));
    world.auth.thaw();
    recovers(&world, epoch);
}

#[test]
fn a_frozen_zone_is_told_and_left_once_it_is_thawed_on_knot() {
    a_frozen_zone(Kind::Knot);
}

#[test]
fn a_frozen_zone_is_told_and_left_once_it_is_thawed_on_bind() {
    a_frozen_zone(Kind::Bind);
}

fn a_key_without_rights_is_told_and_another_one_moves_the_service(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    world.sandbox.write("read.secret", format!("{}\n", world.auth.reader_key().secret()));
    world.reconfigure(|text| text.replace("name: flip-key", "name: read-key").replace("tsig.secret", "read.secret"));
    until_read(&world);
    world.prod.process().kill9();
    // Knot takes a key that no rule lets update for one that it does not know.
    is_told_and_backs_off(&world, "denied", if kind == Kind::Knot { "BADKEY" } else { "REFUSED" });
    assert_eq!(world.served_whole(), Region::Prod);
    world.reconfigure(|text| text.replace("name: read-key", "name: flip-key").replace("read.secret", "tsig.secret"));
    recovers(&world, epoch);
}

fn until_read(world: &World) {
    world.until_proven(Region::Dr);
    until("the zone is read", PATIENCE, || {
        let standing = world.service()["standing"].clone();
        if standing == "held" { Ok(()) } else { Err(standing) }
    });
}

/// The zone cannot even be read: told as such, and nothing is decided on what is not known.
fn cannot_be_read(world: &mut World, words: &str) {
    let row = world.until_history("unreadable");
    assert!(row["summary"].as_str().unwrap_or_default().contains(words), "{row}");
    assert_eq!(row["page"], true, "{row}");
    until_counted(world, "failover_controller_zone_read_failures_total{service=\"checkout\"}");
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    world.until_status_says("the zone cannot be read");
    world.until_status_says(words);
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    until("the failover is held", PATIENCE, || {
        let hold = world.service()["summary"]["hold"].clone();
        if hold["wanted"] == "failover" && hold.to_string().contains("zoneKnown") { Ok(()) } else { Err(hold) }
    });
    assert_eq!(world.served_whole(), Region::Prod);
}

fn tsig_words(kind: Kind, error: &'static str) -> &'static str {
    if kind == Kind::PowerDns { "secret or algorithm is wrong" } else { error }
}

fn an_unknown_key_is_told_and_the_right_one_moves_the_service(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    world.reconfigure(|text| text.replace("name: flip-key", "name: stranger"));
    cannot_be_read(&mut world, tsig_words(kind, "BADKEY"));
    world.reconfigure(|text| text.replace("name: stranger", "name: flip-key"));
    recovers(&world, epoch);
    world.until_history("readableAgain");
}

fn a_wrong_secret_is_told_and_the_right_one_moves_the_service(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    let secret = |key: &Key| format!("{}\n", key.secret());
    let wrong = Key::generate("flip-key", Algorithm::HmacSha256);
    world.sandbox.write("tsig.secret", secret(&wrong));
    world.controller.restart();
    cannot_be_read(&mut world, tsig_words(kind, "BADSIG"));
    world.sandbox.write("tsig.secret", secret(world.auth.key()));
    world.controller.restart();
    recovers(&world, epoch);
}

fn a_dead_primary_is_told_and_the_service_moves_once_it_is_back(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    world.auth.primary().kill9();
    world.prod.process().kill9();
    let row = world.until_history("unreachable");
    assert!(row["summary"].as_str().unwrap_or_default().contains("gave no usable answer"), "{row}");
    until_counted(&world, &counted("unreachable"));
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    world.until_status_says("gave no usable answer");
    world.auth.restart();
    recovers(&world, epoch);
    world.until_history("readableAgain");
}

/// The message waits in the socket of a server that does not run: it may be taken later, so it is found or burned
/// before anything else is decided.
fn a_write_that_is_not_answered_ends_once_and_the_service_moves(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    world.auth.primary().sigstop();
    world.prod.process().kill9();
    let unknown = world.until_history("outcomeUnknown");
    assert_eq!(unknown["page"], true, "{unknown}");
    until_counted(&world, &counted("outcomeUnknown"));
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    world.until_status_says("is not known, finding out");
    world.auth.primary().sigcont();
    recovers(&world, epoch);
    ended_once(&world, &unknown);
}

/// The decision whose outcome was unknown ended as applied or as burned, and no other was open at that time.
fn ended_once(world: &World, unknown: &Value) -> String {
    let rows = world.history();
    let of_it = rows.iter().filter(|row| row["decision"] == unknown["decision"]);
    let ends = of_it.filter(|row| row["kind"] == "applied" || row["kind"] == "burned");
    let ends: Vec<&Value> = ends.collect();
    let [end] = ends.as_slice() else { panic!("not one end: {rows:#?}") };
    let between = |row: &&Value| {
        row["kind"] == "decided"
            && row["position"].as_u64() > unknown["position"].as_u64()
            && row["position"].as_u64() < end["position"].as_u64()
    };
    assert_eq!(rows.iter().filter(between).count(), 0, "nothing is decided before the end is known: {rows:#?}");
    end["kind"].as_str().unwrap_or_default().to_owned()
}

/// The server is away for longer than the signature lasts: what waited in its socket is refused by its clock and burned.
#[test]
fn a_write_that_waits_beyond_its_signature_is_burned_and_decided_anew() {
    let provider = "timeout: 1s, readInterval: 500ms, permit: 1s".to_owned();
    let mut world = World::start(&Plan { provider, ..Plan::on(Kind::Knot) });
    let epoch = world.fence_number("epoch");
    world.auth.primary().sigstop();
    world.prod.process().kill9();
    let unknown = world.until_history("outcomeUnknown");
    // The passing of real time is what ends the signature: a permit and a fudge of a second, in whole seconds.
    thread::sleep(Duration::from_secs(4));
    world.auth.primary().sigcont();
    recovers(&world, epoch);
    assert_eq!(ended_once(&world, &unknown), "burned");
}

fn a_dead_secondary_is_named_and_blocks_nothing(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    world.auth.secondary(0).kill9();
    is_named_and_blocks_nothing(world);
}

/// It takes questions and answers none: its addresses do not refuse, so only time tells.
#[test]
fn a_stopped_secondary_is_named_and_blocks_nothing() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.auth.secondary(0).sigstop();
    is_named_and_blocks_nothing(world);
}

fn is_named_and_blocks_nothing(mut world: World) {
    let secondary = world.auth.addresses()[1];
    let failover = ["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--wait"];
    let (code, out, err) = world.admin(&failover);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(world.served_whole(), Region::Dr);
    let verified = world.history().into_iter().rfind(|row| row["kind"] == "verified").expect("it was verified");
    let servers = verified["details"]["servers"].as_array().cloned().unwrap_or_default();
    let outcome = |address: String| {
        let server = servers.iter().find(|server| server["server"] == address.as_str());
        server.map(|server| server["outcome"].clone()).unwrap_or_default()
    };
    assert_eq!(outcome(world.auth.address().to_string()), "served", "{verified}");
    assert_eq!(outcome(secondary.to_string()), "silent", "{verified}");
    world.until_state("cooling down");
    world.until_status_says(&format!("authoritative server {secondary} does not answer"));
    world.dr.process().kill9();
    world.until_moved_whole(Region::Prod);
}

on_every_server!(
    a_key_without_rights_is_told_and_another_one_moves_the_service,
    an_unknown_key_is_told_and_the_right_one_moves_the_service,
    a_wrong_secret_is_told_and_the_right_one_moves_the_service,
    a_dead_primary_is_told_and_the_service_moves_once_it_is_back,
    a_write_that_is_not_answered_ends_once_and_the_service_moves,
    a_dead_secondary_is_named_and_blocks_nothing,
);

/// A server that is cut off from its primary goes on serving what it has.
#[test]
fn a_server_that_serves_old_data_makes_the_move_unverified_within_its_time() {
    let policy = Plan::on(Kind::Knot).policy.replace("verifyWithin: 20s", "verifyWithin: 2s");
    let mut world = World::start(&Plan { policy, ..Plan::on(Kind::Knot) });
    let cut_off = AuthServer::start(Kind::Knot, Setup::new(ZONE, ZONE_TEXT).secondaries(0));
    let address = cut_off.address();
    world.reconfigure(|text| {
        text.replace("authoritativeServers: [", &format!("authoritativeServers: [\"{address}\", "))
    });
    until_read(&world);
    world.prod.process().kill9();
    let unverified = world.until_history("unverified");
    assert_eq!(unverified["page"], true, "{unverified}");
    assert!(unverified["summary"].as_str().unwrap_or_default().contains(&address.to_string()), "{unverified}");
    assert_eq!(world.served_whole(), Region::Dr);
    world.until_state("cooling down");
    world.until_status_says(&format!("authoritative server {address} did not serve the last write in time"));
    world.prod.restart();
    world.until_proven(Region::Prod);
    let args = ["failback", "checkout", "--reason", "prod is well", "--override", "cooledDown", "--wait"];
    let (code, out, err) = world.admin(&args);
    assert_eq!(code, 4, "written and not verified: {out}{err}");
    world.until_moved_whole(Region::Prod);
}
