//! A failover on the page, from the first suspicion to the last authoritative server, without a reload.

use tests::browser::pictures as folder;
use tests::world::ZONE;
use tests::{Hearing, Kind, Plan, Region, World, command};

use super::looks::{narrow_picture, pictures};
use super::recorder::{Recorder, ShownStep, Sight};
use super::screen::Screen;

/// The steps of a move that nobody ordered, as the page has them, and the only order in which they may be shown.
const STEPS: [&str; 5] = ["suspicion", "judgement", "decision", "permit", "written"];

/// Two monitors are not heard for a moment, and a secondary serves what is old: the page then shows for as long as it
/// is looked at what otherwise takes milliseconds.
#[test]
fn a_failover_is_told_step_by_step_without_a_reload() {
    let plan = Plan::on(Kind::Knot);
    // Longer than pictures take, however busy the machine is.
    let policy = plan.policy.replace("verifyWithin: 20s", "verifyWithin: 2m");
    let mut world = World::start(&Plan { hearing: Hearing::Proxied, policy, ..plan });
    let mut screen = Screen::open_signed_in(&world);
    let steady = screen.until_says("#headline", "checkout is steady");
    assert_eq!(screen.browser.text("title").as_deref(), Ok(steady.as_str()));
    println!("pictures: {}", folder().display());
    pictures(&screen.browser, "steady");
    screen.mark();
    Recorder::install(&screen.browser);

    tell_secondary(&world, "zone-freeze");
    world.proxies[1].hold();
    world.proxies[2].hold();
    world.prod.process().kill9();
    screen.until_shown("#move-of-checkout [data-step=suspicion][data-state=done]");
    screen.until_says("#move-of-checkout [data-step=judgement][data-state=current]", "1 of the 2 vantage points");
    screen.until_shown("#evidence-of-checkout [data-vantage=v0][data-state=failing]");

    world.proxies[1].open();
    world.proxies[2].open();
    screen.until_shown("#move-of-checkout [data-step=written][data-state=done]");
    screen.until_shown("#move-of-checkout [data-step=served][data-state=current]");
    pictures(&screen.browser, "flipping");

    tell_secondary(&world, "zone-thaw");
    for server in world.auth.addresses() {
        screen.until_shown(&format!("#move-of-checkout [data-step=served][data-server='{server}'][data-state=done]"));
    }
    screen.until_says("#move-of-checkout .total", "after the first suspicion");
    screen.until_shown("#state-of-checkout [data-region=dr][data-active=true]");
    let moved = screen.until_says("#headline", "checkout");
    assert_ne!(moved, steady);
    assert_eq!(world.served(), Some(Region::Dr), "the page tells what is so");
    pictures(&screen.browser, "moved");
    narrow_picture(&screen.browser, "moved");

    assert!(screen.is_marked(), "the page was loaded again");
    expect_the_order_of_steps(&Recorder::read(&screen.browser));
    // The front page, the answer to the sign-in, and the front page that it leads to.
    assert_eq!(screen.expect_own_requests(), 3);
    screen.expect_errors(&[], &[]);
}

/// A secondary that takes no changes still answers, so nothing counts as lost.
fn tell_secondary(world: &World, action: &str) {
    let configuration = world.sandbox.path().join(format!("knot-secondary0-{ZONE}/knot.conf"));
    let configuration = configuration.display().to_string();
    command::run("knotc", ["-b", "-c", &configuration, action, ZONE], "").expect(action);
}

/// Each step is shown as done no earlier than the one before it.
fn expect_the_order_of_steps(recorder: &Recorder) {
    let done = |step: &'static str| recorder.first(step, move |sight| sight.step(step, "done").is_some());
    let order = STEPS.map(done);
    assert!(order.is_sorted(), "{STEPS:?} were done in the order {order:?}: {:#?}", recorder.sights());
    assert!(order[0] < order[1], "the suspicion is not shown before the judgement");
    let asking = recorder.first("servers are asked", |sight| sight.step("served", "current").is_some());
    let by_all = recorder.first("served by all", is_over);
    assert!(order[4] <= asking && asking < by_all, "verified at {by_all}, asked at {asking}, written at {}", order[4]);
    let suspected = recorder.first("a headline of suspicion", |sight| sight.headline.contains("checkout: suspected"));
    assert!(suspected <= order[1], "the headline is late: {:#?}", recorder.sights());
    let active = recorder.first("dr is active", |sight| sight.active.as_deref() == Some("dr"));
    assert!(order[3] <= active, "dr is active before the write was permitted");
    expect_times_and_words(recorder.sights());
}

fn is_over(sight: &Sight) -> bool {
    sight.step("served", "done").is_some() && sight.steps.iter().all(ShownStep::is_done)
}

/// Times count up from the first step; titles follow the headline; the page was live throughout.
fn expect_times_and_words(sights: &[Sight]) {
    let last = sights.last().expect("something was shown");
    let offset = |when: &str| when.trim_start_matches('+').trim_end_matches(" s").parse::<f64>().ok();
    let times: Vec<Option<f64>> = last.steps.iter().map(|step| offset(&step.when)).collect();
    assert!(times.iter().all(Option::is_some) && times.is_sorted(), "times of the steps: {:#?}", last.steps);
    assert!(last.steps.iter().any(|step| step.why.contains("failing")), "no step says why: {:#?}", last.steps);
    for sight in sights {
        assert_eq!(sight.title, sight.headline);
        assert_eq!(sight.live.as_deref(), Some("live"));
    }
}
