//! TLS and tokens, end to end: monitors are known by their certificates, the controller and people by their tokens.

use tests::daemon::admin_with;
use tests::{Authority, Hearing, Kind, Plan, Region, World, http};

/// Runs `dns-admin` over HTTPS as the holder of a token file of the sandbox, trusting a certificate of the sandbox.
fn admin_as(world: &World, token: Option<&str>, ca: Option<&str>, args: &[&str]) -> (i32, String, String) {
    let path = |name: &str| world.sandbox.path().join(name).display().to_string();
    let (server, token, ca) = (world.controller.url(), token.map(path), ca.map(path));
    let options = [("--token-file", &token), ("--ca", &ca)];
    let options = options.iter().filter_map(|(option, value)| Some([*option, value.as_deref()?])).flatten();
    let args: Vec<&str> = args.iter().copied().chain(["--server", &server]).chain(options).collect();
    admin_with(&args, &[], "")
}

#[test]
fn everything_works_over_tls_with_tokens() {
    let mut world = World::start(&Plan { hearing: Hearing::Tls, ..Plan::on(Kind::Knot) });
    assert!(world.controller.url().starts_with("https://"));
    (0..3).for_each(|number| drop(world.until_sight(number, "sighted")));
    roles_decide_who_may_write(&world);
    strangers_are_told_what_they_lack(&world);
    world.prod.process().kill9();
    world.until_served(Region::Dr);
}

fn roles_decide_who_may_write(world: &World) {
    let (code, out, err) = admin_as(world, Some("viewer.token"), Some("ca.pem"), &["status"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("checkout is steady"), "{out}");
    let fence = world.fence();
    let pause = ["pause", "checkout", "--reason", "test"];
    let (code, out, err) = admin_as(world, Some("viewer.token"), Some("ca.pem"), &pause);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("`viewer` has the role viewer; this needs operator"), "{err}");
    assert!(err.contains("hint: "), "{err}");
    assert_eq!(world.service()["pause"], serde_json::Value::Null);
    assert_eq!(world.fence(), fence);
}

fn strangers_are_told_what_they_lack(world: &World) {
    let (code, out, err) = admin_as(world, None, Some("ca.pem"), &["status"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("the request carries no token") && err.contains("--token-file"), "{err}");

    // The monitors' token is none of the controller's.
    let (code, out, err) = admin_as(world, Some("evidence.token"), Some("ca.pem"), &["status"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("the token is not known here"), "{err}");

    let stranger = Authority::new(&world.sandbox, "stranger");
    assert!(stranger.certificate().ends_with("stranger.pem"));
    for ca in [Some("stranger.pem"), None] {
        let (code, out, err) = admin_as(world, Some("oncall.token"), ca, &["status"]);
        assert_eq!(code, 5, "{out}{err}");
        assert!(err.to_lowercase().contains("certificate"), "{err}");
    }

    let evidence = format!("{}/api/v1/evidence", world.monitors[0].url());
    let answer = http::get(&evidence, world.monitors[0].ca()).expect("an answer");
    assert_eq!(answer.status, 401, "nobody hears evidence without a token: {answer:?}");
}

/// One monitor shows another's certificate, one knows another token: both are silent, with the reason, and the
/// quorum of the rest is missing.
#[test]
fn a_monitor_that_cannot_prove_who_it_is_is_silent_and_says_why() {
    let mut world = World::start(&Plan { hearing: Hearing::Tls, ..Plan::on(Kind::Knot) });
    let fence = world.fence();
    let address = world.sandbox.ip().to_string();
    let authority = world.authority.as_ref().expect("the plan wants TLS");
    authority.issue("v0", &["v2", &address]);
    world.monitors[0].restart();
    let reason = world.until_sight(0, "silent");
    assert!(reason.contains("certificate not valid for name \"v0\""), "{reason}");

    world.sandbox.write("another.token", "another-token\n");
    // Only in its own list; the controller goes on showing the old one.
    world.reconfigure_monitor(1, |text| text.replace("evidence.token } ]", "another.token } ]"));
    let reason = world.until_sight(1, "silent");
    assert!(reason.contains("401"), "{reason}");

    let (_, status, _) = world.admin(&["status"]);
    assert!(status.contains("2 of 3 vantage points are blind or not heard"), "{status}");
    world.until_state("unknown");
    world.prod.process().kill9();
    world.until_seen(2, Region::Prod, "failing");
    world.until_vote(2, Region::Prod, "failing");
    world.until_judged(Region::Prod, "unknown");
    assert_eq!(world.moves_decided(), [""; 0]);
    assert_eq!(world.fence(), fence);
}
