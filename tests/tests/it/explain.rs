//! A failover explains itself, and so does a service to which nothing happens; what a service that only observes would
//! have done is in its report.

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

fn explain(world: &World, subject: &str) -> Value {
    let (code, out, err) = world.admin(&["explain", subject, "--output", "json"]);
    assert_eq!(code, 0, "{out}{err}");
    serde_json::from_str(&out).expect("JSON")
}

/// The text of all sentences about something.
fn about(told: &Value, topic: &str) -> String {
    let sentences = told.as_array().expect("sentences").iter();
    let texts =
        sentences.filter(|sentence| sentence["about"] == topic).filter_map(|sentence| sentence["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

fn until_explained(world: &World, words: &str) {
    until(&format!("the explanation says `{words}`"), PATIENCE, || {
        let (_, out, err) = world.admin(&["explain", "checkout"]);
        if out.contains(words) { Ok(()) } else { Err(out + &err) }
    });
}

fn is_calm_and_would_move(world: &World) {
    let told = explain(world, "checkout");
    let sentences = &told["sentences"];
    assert!(about(sentences, "state").contains("`checkout` is in `prod`, its preferred region"), "{told}");
    assert!(about(sentences, "need").contains("It is left when 2 of 3 vantage points see all of it failing"), "{told}");
    assert_eq!((&told["previews"][0]["to"], &told["previews"][0]["allowed"]), (&"dr".into(), &true.into()), "{told}");
}

fn tells_its_story(world: &World, decision: &str) {
    let told = explain(world, decision);
    let story = &told["story"];
    let agreed = about(story, "agreement");
    assert!(agreed.contains("2 of 3 vantage points saw `prod` failing: v1 since "), "{told}");
    assert!(agreed.contains("v0 was silent, last heard at ") && agreed.ends_with("The quorum is 2 of 3."), "{told}");
    assert_eq!(about(story, "decision"), "The controller decided on a failover from `prod` to `dr`.");
    assert!(about(story, "rules").contains("safety rules were asked: none said no. targetProven: 2 of 3 "), "{told}");
    assert!(about(story, "write").contains("active in `dr`"), "{told}");
    assert!(about(story, "verification").contains("The last to follow was "), "{told}");
    let order: Vec<&str> =
        story.as_array().expect("sentences").iter().filter_map(|one| one["about"].as_str()).collect();
    let expected = ["suspicion", "agreement", "decision", "rules", "permit", "write", "verification", "total"];
    assert_eq!(order, expected, "{told}");
    assert!(story[5]["afterMs"].is_u64() && story[5]["at"].is_string(), "{told}");
}

fn observed(world: &World) -> Value {
    let (code, out, err) = world.admin(&["observe", "report", "observed-1", "--since", "1h", "--output", "json"]);
    assert_eq!(code, 0, "{out}{err}");
    let told: Value = serde_json::from_str(&out).expect("JSON");
    told["services"][0].clone()
}

/// One vantage point is silent, prod dies, and comes back.
#[test]
fn tells_why_it_moved_why_it_does_not_and_what_an_observer_would_have_done() {
    let mut world = World::start(&Plan { observers: 1, ..Plan::on(Kind::Knot) });
    is_calm_and_would_move(&world);
    world.monitors[0].process().sigstop();
    until_explained(&world, "v0 is silent, last heard at ");

    world.prod.process().kill9();
    let verified = world.until_history("verified");
    let decision = verified["decision"].as_str().expect("a decision");
    let moved = until("the failover is verified", PATIENCE, || {
        let rows = world.history();
        let decided = rows.iter().rfind(|row| row["kind"] == "decided" && row["details"]["kind"] == "failover");
        let decided = decided.and_then(|row| row["decision"].as_str().map(str::to_owned));
        let is_verified = |id: &String| rows.iter().any(|row| row["kind"] == "verified" && row["decision"] == **id);
        decided.filter(is_verified).ok_or(rows)
    });
    assert_ne!(moved, decision, "the first one was of the adoption");
    tells_its_story(&world, &moved);
    let told = explain(&world, "checkout");
    assert!(about(&told["sentences"], "state").contains("`checkout` is in `dr` since "), "{told}");
    let lately = about(&told["lately"], "decision");
    assert!(lately.contains(&format!("`dns-admin explain {moved}` tells the rest")), "{told}");
    let back = told["previews"].as_array().and_then(|all| all.iter().find(|one| one["initiative"] == "manual"));
    assert!(back.is_some_and(|back| back["kind"] == "failback" && back["allowed"] == false), "{told}");

    let lasting = until("the observer's trouble is told", PATIENCE, || {
        let service = observed(&world);
        if service["wouldHaveMoved"] == 1 { Ok(service) } else { Err(service) }
    });
    let trouble = &lasting["troubles"][0];
    assert_eq!((&trouble["from"], &trouble["to"]), (&"prod".into(), &"dr".into()), "{lasting}");
    assert!(trouble["ended"].is_null() && trouble["suspected"].is_string(), "{lasting}");
    world.prod.restart();
    world.until_proven(Region::Prod);
    until("the observer's trouble is over", PATIENCE, || {
        let service = observed(&world);
        if service["troubles"][0]["end"] == "recovered" { Ok(()) } else { Err(service) }
    });
    let (code, out, err) = world.admin(&["observe", "report"]);
    assert!(code == 0 && out.contains("failover prod → dr") && out.contains("it recovered"), "{out}{err}");
}
