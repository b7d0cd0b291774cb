//! Hands other than ours in the zone, fences that are lost or set back, and releases.

use serde_json::Value;
use tests::world::{FENCE_NAME, RECORDS};
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use crate::every_server::on_every_server;

mod pauses;

use pauses::{pause, resume};

const SET_API_BY_HAND: [&str; 2] =
    ["update delete api.example.test. A", "update add api.example.test. 60 A 203.0.113.9"];

const SET_API_BACK: [&str; 2] = ["update delete api.example.test. A", "update add api.example.test. 60 A 192.0.2.10"];

/// Waits for a row of a kind after a position, and returns the first one.
fn until_row_after(world: &World, position: u64, kind: &str) -> Value {
    until(&format!("history has {kind} after {position}"), PATIENCE, || {
        let rows = world.history();
        let is_it = |row: &&Value| row["kind"] == kind && row["position"].as_u64() > Some(position);
        rows.iter().find(is_it).cloned().ok_or(rows)
    })
}

fn last_position(world: &World) -> u64 {
    world.history().last().and_then(|row| row["position"].as_u64()).unwrap_or_default()
}

fn until_standing(world: &World, standing: &str) {
    until(&format!("the standing is {standing}"), PATIENCE, || {
        let service = world.service();
        if service["standing"] == standing { Ok(()) } else { Err(service) }
    });
}

/// Waits until a failover is wanted and held, by this rule among others.
fn until_held_by(world: &World, rule: &str) {
    until_wanted_and_held_by(world, "failover", rule);
}

fn until_wanted_and_held_by(world: &World, wanted: &str, rule: &str) {
    until(&format!("a {wanted} is held by {rule}"), PATIENCE, || {
        let hold = world.service()["summary"]["hold"].clone();
        let by_rule = hold["rejections"].to_string().contains(&format!("\"{rule}\""));
        if hold["wanted"] == wanted && by_rule { Ok(()) } else { Err(hold) }
    });
}

/// The records of a region, set by hand in one update.
fn set_by_hand(world: &World, region: Region) {
    let mut lines = Vec::new();
    for (name, rtype, prod, dr) in RECORDS {
        let owner = name.replace("any.wild", "*.wild");
        let value = if region == Region::Prod { prod } else { dr };
        lines.push(format!("update delete {owner}. {rtype}"));
        lines.push(format!("update add {owner}. 60 {rtype} {value}"));
    }
    world.auth.edit(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Replaces the fence by other text, in presentation form.
fn set_fence(world: &World, text: &str) {
    let delete = format!("update delete {FENCE_NAME}. TXT");
    let add = format!("update add {FENCE_NAME}. 60 TXT {text}");
    world.auth.edit(&[&delete, &add]);
}

fn delete_fence(world: &World) {
    world.auth.edit(&[&format!("update delete {FENCE_NAME}. TXT")]);
}

/// The fence as the zone has it, in presentation form.
fn fence_text(world: &World) -> String {
    world.auth.query(FENCE_NAME, "TXT").join("\n")
}

/// The zone as it is, as a zone file with a serial above every one that was given out.
fn backup(world: &World) -> String {
    let records = world.auth.transfer().expect("the zone is transferred");
    let (soa, others): (Vec<&String>, Vec<&String>) = records.iter().partition(|line| line.contains(" IN SOA "));
    let mut words: Vec<&str> = soa.first().expect("a SOA").split(' ').collect();
    words[6] = "1000000";
    let lines = [words.join(" ")].into_iter().chain(others.into_iter().cloned());
    lines.map(|line| line + "\n").collect()
}

fn a_record_changed_by_hand_holds_everything_until_it_is_set_back(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let (fence, epoch) = (world.fence(), world.fence_number("epoch"));
    world.auth.edit(&SET_API_BY_HAND);
    let foreign = world.until_history("foreignChange");
    assert_eq!(foreign["page"], true, "{foreign}");
    assert!(foreign["summary"].as_str().unwrap_or_default().contains("203.0.113.9"), "{foreign}");
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    world.until_status_says("PAGE: checkout: foreign change, every write is held");
    world.until_status_says("203.0.113.9");
    world.until_status_says("put the records back as they were");

    world.prod.process().kill9();
    until_held_by(&world, "noForeignChange");
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "by hand"]);
    assert_eq!(code, 3, "a manual move is held as well: {out}{err}");
    assert!(err.contains("noForeignChange"), "{err}");
    assert_eq!(world.auth.query("api.example.test", "A"), ["203.0.113.9"], "the other hand's record stays");
    assert_eq!(world.fence(), fence, "nothing was written");

    world.auth.edit(&SET_API_BACK);
    world.until_history("foreignChangeEnded");
    world.until_served(Region::Dr);
    assert_eq!(world.fence_number("epoch"), epoch + 1, "it is armed again");
    world.until_metric("failover_controller_page{service=\"checkout\"} 0");
}

fn a_whole_move_by_hand_is_accepted_by_adopting_it(kind: Kind) {
    let world = World::start(&Plan::on(kind));
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    set_by_hand(&world, Region::Dr);
    world.until_history("foreignChange");
    world.until_status_says("`dns-admin adopt checkout --reason TEXT` accepts the records of `dr`");
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "moved by hand", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    world.until_state("cooling down");
    assert_eq!(world.served_whole(), Region::Dr);
    assert_eq!(world.fence_value("active"), "dr");
    assert_eq!((world.fence_number("epoch"), world.fence_number("rev")), (epoch + 1, rev + 1));
    assert_eq!(world.service()["summary"]["active"], "dr");
}

fn a_deleted_fence_is_repaired_above_all_that_was_known(kind: Kind) {
    let world = World::start(&Plan::on(kind));
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    delete_fence(&world);
    let lost = world.until_history("fenceLost");
    assert_eq!(lost["page"], true, "{lost}");
    let position = lost["position"].as_u64().unwrap_or_default();
    until_row_after(&world, position, "applied");
    assert_eq!((world.fence_number("epoch"), world.fence_number("rev")), (epoch + 1, rev + 1));
    assert_eq!((world.fence_value("active").as_str(), world.served_whole()), ("prod", Region::Prod));
    until_standing(&world, "held");
    world.until_state("steady on the preferred region");
}

fn a_restored_older_zone_is_followed_where_it_serves_and_fenced_above(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let old = backup(&world);
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    let position = last_position(&world);
    world.auth.restore(&old);
    let lost = until_row_after(&world, position, "fenceLost");
    assert_eq!(lost["page"], true, "{lost}");
    until("the fence is repaired", PATIENCE, || {
        if world.fence_number("epoch") > epoch { Ok(()) } else { Err(world.fence()) }
    });
    assert_eq!((world.fence_number("epoch"), world.fence_number("rev")), (epoch + 1, rev + 1));
    assert_eq!(world.fence_value("active"), "prod", "what is served decides, not what was meant");
    world.until_served(Region::Prod);
    until_standing(&world, "held");
    assert_eq!(world.service()["summary"]["active"], "prod");
}

fn a_released_service_is_left_alone_until_it_is_adopted_again(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    let (code, out, err) = world.admin(&["release", "checkout", "--reason", "moves elsewhere"]);
    assert_eq!(code, 0, "{out}{err}");
    until("the fence is a tombstone", PATIENCE, || {
        if world.fence_value("released").is_empty() { Err(world.fence()) } else { Ok(()) }
    });
    assert_eq!((world.fence_value("active").as_str(), world.served_whole()), ("", Region::Prod));
    until_standing(&world, "released");
    let tombstone = world.fence();
    world.prod.process().kill9();
    until_held_by(&world, "adopted");
    assert_eq!((world.fence(), world.served_whole()), (tombstone, Region::Prod), "nothing is written any more");

    world.prod.restart();
    world.arm();
    assert!(world.fence_number("epoch") > epoch, "the epoch goes on: {}", world.fence());
    assert_eq!(world.fence_value("active"), "prod");
    world.prod.process().kill9();
    world.until_served(Region::Dr);
}

on_every_server!(
    a_record_changed_by_hand_holds_everything_until_it_is_set_back,
    a_whole_move_by_hand_is_accepted_by_adopting_it,
    a_deleted_fence_is_repaired_above_all_that_was_known,
    a_restored_older_zone_is_followed_where_it_serves_and_fenced_above,
    a_released_service_is_left_alone_until_it_is_adopted_again,
);

/// Holds while `broken` is in the zone and is as before when it is `mended`.
fn is_held_while(world: &World, broken: &[&str], mended: &[&str], words: &str) {
    let position = last_position(world);
    let fence = world.fence();
    world.auth.edit(broken);
    let foreign = until_row_after(world, position, "foreignChange");
    assert!(foreign["summary"].as_str().unwrap_or_default().contains(words), "{foreign}");
    assert_eq!(foreign["page"], true, "{foreign}");
    world.until_status_says("foreign change");
    world.auth.edit(mended);
    until_row_after(world, position, "foreignChangeEnded");
    until_standing(world, "held");
    assert_eq!(world.fence(), fence, "nothing was written");
}

#[test]
fn a_changed_ttl_is_a_foreign_change() {
    let world = World::start(&Plan::on(Kind::Knot));
    let change = ["update delete api.example.test. A", "update add api.example.test. 61 A 192.0.2.10"];
    is_held_while(&world, &change, &SET_API_BACK, " 61 ");
}

#[test]
fn a_record_beside_the_guarded_one_is_a_foreign_change() {
    let world = World::start(&Plan::on(Kind::Knot));
    let add = ["update add api.example.test. 60 A 203.0.113.9"];
    is_held_while(&world, &add, &["update delete api.example.test. A 203.0.113.9"], "203.0.113.9");
    let remove = ["update delete api.example.test. AAAA"];
    is_held_while(&world, &remove, &["update add api.example.test. 60 AAAA 2001:db8:1::10"], "api.example.test");
}

/// The service has no AAAA in dr: one that is there is someone else's, and would still answer after a move.
#[test]
fn an_added_record_of_a_type_that_is_absent_in_the_region_is_a_foreign_change() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.reconfigure(|text| text.replace(", dr: [\"2001:db8:2::10\"] } }", " }, absentIn: [dr] }"));
    world.until_proven(Region::Dr);
    let (code, out, err) = world.admin(&["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--wait"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(world.auth.query("api.example.test", "AAAA"), [""; 0], "absent in dr");
    let add = ["update add api.example.test. 60 AAAA 2001:db8::bad"];
    is_held_while(&world, &add, &["update delete api.example.test. AAAA"], "2001:db8::bad");
}

/// Waits for the foreign change that these words tell, and sees an adoption of it refused with those.
fn cannot_be_adopted(world: &World, position: u64, told: &str, refused: &str) {
    let foreign = until_row_after(world, position, "foreignChange");
    assert!(foreign["summary"].as_str().unwrap_or_default().contains(told), "{foreign}");
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "mine now"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains(refused), "{err}");
}

#[test]
fn a_fence_of_another_installation_is_never_taken_over() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (ours, position) = (fence_text(&world), last_position(&world));
    set_fence(&world, &ours.replace("install=acme", "install=other"));
    cannot_be_adopted(&world, position, "installation `other`", "release it there first");
    world.prod.process().kill9();
    until_held_by(&world, "noForeignChange");
    assert_eq!((world.fence_value("install").as_str(), world.served_whole()), ("other", Region::Prod));
    set_fence(&world, &ours);
    world.until_history("foreignChangeEnded");
    world.until_served(Region::Dr);
}

#[test]
fn garbage_at_the_fences_name_is_held_and_never_adopted() {
    let world = World::start(&Plan::on(Kind::Knot));
    let (epoch, position) = (world.fence_number("epoch"), last_position(&world));
    set_fence(&world, "\"hello\"");
    cannot_be_adopted(&world, position, "the fence cannot be read", "delete it by hand first");
    assert_eq!(world.fence(), "hello", "nothing was written");
    delete_fence(&world);
    until_row_after(&world, position, "fenceLost");
    until("the fence is repaired", PATIENCE, || {
        if world.fence_value("epoch") == (epoch + 1).to_string() { Ok(()) } else { Err(world.fence()) }
    });
}

#[test]
fn a_second_txt_record_beside_the_fence_is_held_and_never_adopted() {
    let world = World::start(&Plan::on(Kind::Knot));
    let (ours, position) = (fence_text(&world), last_position(&world));
    world.auth.edit(&[&format!("update add {FENCE_NAME}. 60 TXT hello")]);
    cannot_be_adopted(&world, position, "2 TXT records", "delete it by hand first");
    world.auth.edit(&[&format!("update delete {FENCE_NAME}. TXT hello")]);
    until_row_after(&world, position, "foreignChangeEnded");
    assert_eq!(fence_text(&world), ours);
}

/// The same region's records under an older fence: somebody restored a backup of an hour ago.
#[test]
fn a_restored_zone_of_the_same_region_is_fenced_above() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let old = backup(&world);
    pause(&world, &[]);
    resume(&world);
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    world.auth.restore(&old);
    let lost = world.until_history("fenceLost");
    assert_eq!(lost["page"], true, "{lost}");
    until("the fence is repaired", PATIENCE, || {
        if world.fence_number("epoch") > epoch { Ok(()) } else { Err(world.fence()) }
    });
    assert_eq!((world.fence_number("epoch"), world.fence_number("rev")), (epoch + 1, rev + 1));
    assert_eq!((world.fence_value("active").as_str(), world.served_whole()), ("prod", Region::Prod));
}

/// A zone without a fence whose records are no region's: there is nothing to repair it to.
#[test]
fn a_lost_fence_over_foreign_records_is_not_repaired() {
    let world = World::start(&Plan::on(Kind::Knot));
    let position = last_position(&world);
    let delete = format!("update delete {FENCE_NAME}. TXT");
    world.auth.edit(&[SET_API_BY_HAND[0], SET_API_BY_HAND[1], &delete]);
    until_row_after(&world, position, "fenceLost");
    world.until_status_says("restore them, or adopt");
    let held = until_row_after(&world, position, "held");
    assert!(held["details"].to_string().contains("noForeignChange"), "{held}");
    assert_eq!(world.fence(), "");
    world.auth.edit(&SET_API_BACK);
    until("the fence is repaired", PATIENCE, || {
        if world.fence().is_empty() { Err(world.history_kinds()) } else { Ok(()) }
    });
    assert_eq!(world.fence_value("active"), "prod");
}

#[test]
fn a_deleted_tombstone_leaves_the_epoch_going_on() {
    let world = World::start(&Plan::on(Kind::Knot));
    let epoch = world.fence_number("epoch");
    let (code, out, err) = world.admin(&["release", "checkout", "--reason", "moves elsewhere"]);
    assert_eq!(code, 0, "{out}{err}");
    until_standing(&world, "released");
    delete_fence(&world);
    until_standing(&world, "unadopted");
    assert_eq!(world.fence(), "", "a missing tombstone is not put back");
    world.arm();
    assert!(world.fence_number("epoch") > epoch, "{}", world.fence());
}

/// A backup of before the release has a live fence: nobody has asked for the service to be taken back.
#[test]
fn a_zone_set_back_over_a_release_stays_as_it_is_until_it_is_adopted() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (old, before) = (backup(&world), world.fence());
    let (code, out, err) = world.admin(&["release", "checkout", "--reason", "moves elsewhere"]);
    assert_eq!(code, 0, "{out}{err}");
    until_standing(&world, "released");
    let position = last_position(&world);
    world.auth.restore(&old);
    let lost = until_row_after(&world, position, "fenceLost");
    assert_eq!(lost["page"], true, "{lost}");
    until_wanted_and_held_by(&world, "repair", "adopted");
    world.until_status_says("the zone was set back over a release; `dns-admin adopt checkout");
    assert_eq!(world.fence(), before, "nothing was written");
    world.arm();
    assert_eq!((world.fence_value("active").as_str(), world.served_whole()), ("prod", Region::Prod));
    until_standing(&world, "held");
}
