//! Whether the page is alive: it says so when it isn't, and comes back by itself.

use tests::browser::Scripts;
use tests::{Kind, PATIENCE, Plan, World, until};

use super::screen::{OPERATOR, Screen};

/// What a browser notes when the controller goes away in the middle of a stream.
const BROKEN_STREAM: &str = "ERR_INCOMPLETE_CHUNKED_ENCODING";

/// What it notes when it asks before the controller is there again.
const REFUSED: &str = "ERR_CONNECTION_REFUSED";

#[test]
fn a_page_that_is_not_live_says_so_until_it_is_again() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let mut screen = Screen::open(&world);
    screen.sign_in("a-guess");
    screen.until_says("[role=alert]", "Not signed in: the token is not known here");
    screen.expect_errors(&["403 (Forbidden)"], &[]);
    screen.sign_in(OPERATOR);
    screen.until_live();
    screen.mark();

    world.controller.process().sigstop();
    screen.until_says("html[data-live=lost] #live", "Not live for");
    assert!(screen.browser.text("title").expect("a title").starts_with("NOT LIVE "));
    screen.browser.picture("page-not-live");
    screen.until_says("#headline", "checkout is steady");
    world.controller.process().sigcont();
    screen.until_live();
    assert!(!screen.browser.text("title").expect("a title").starts_with("NOT LIVE "));
    assert!(screen.is_marked(), "the page was loaded again, and an open dialog would be lost");
    screen.expect_errors(&[], &[]);

    // Sessions end with the program: whoever looks on shows a token again.
    world.controller.restart();
    screen.until_says("#live", "nobody is signed in here any more");
    screen.expect_errors(&["401 (Unauthorized)", BROKEN_STREAM], &[REFUSED]);
    screen.browser.click("#live a");
    screen.sign_in(OPERATOR);
    screen.until_live();
    screen.until_says("#headline", "checkout is steady");
    screen.until_shown("#state-of-checkout [data-region=prod][data-active=true]");
    // Two sign-in pages, three answers to a token of which two lead to the front page, and that twice.
    assert_eq!(screen.expect_own_requests(), 7);
    screen.expect_errors(&[], &[]);
}

#[test]
fn an_open_page_comes_back_after_a_restart_and_is_useful_without_scripts() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.reconfigure(|text| {
        let (before, tokens) = text.split_once("  tokens:\n").expect("the controller's tokens come last");
        assert!(tokens.lines().all(|line| line.starts_with("    - ")), "something else comes last: {tokens}");
        before.to_owned()
    });
    let mut screen = Screen::open(&world);
    screen.until_live();
    screen.until_says("main", "Orders are refused: no token is configured.");
    screen.until_gone("[data-order]");
    screen.mark();

    world.controller.restart();
    until("the page has loaded itself again", PATIENCE, || {
        if screen.is_still_marked()? { Err("the old page".to_owned()) } else { Ok(()) }
    });
    screen.until_live();
    screen.until_shown("#state-of-checkout [data-region=prod][data-active=true]");
    screen.until_says("#headline", "checkout is steady");
    screen.expect_errors(&[BROKEN_STREAM], &[REFUSED]);

    screen.browser.allow(Scripts::Off);
    screen.load();
    let shown = screen.browser.source();
    assert!(!shown.contains("class=\"js\""), "a script ran: {shown}");
    screen.until_says("#live", "as of ");
    screen.until_says("#headline", "checkout is steady");
    screen.until_says("#state-of-checkout", "steady on the preferred region");
    screen.until_says("#evidence-of-checkout [data-vantage=v1]", "healthy since ");
    screen.until_says("#history", "adopt");
    screen.expect_own_requests();
    screen.expect_errors(&[], &[]);
}
