//! Orders by the dialogs of the page: with a reason and a token, refused with reasons, and by keyboard.

use serde_json::json;
use tests::browser::Key;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::screen::{OPERATOR, Screen, VIEWER, quoted};
use crate::approvals;

/// A reason that would run as a script if it were taken for markup.
const NASTY: &str = "<img src=x onerror=alert(1)> & \"maintenance\"";

/// How often Tab is pressed before an action counts as out of reach.
const TABS_MAX: usize = 30;

#[test]
fn a_pause_needs_an_operators_token_and_is_told_with_name_and_reason() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let mut screen = Screen::open_signed_in(&world);
    screen.mark();
    screen.browser.eval("window.alert = () => { window.ran = true }");
    for details in ["#txt-_checkout\\._failover\\.example\\.test\\.", "#records-checkout"] {
        screen.browser.click(&format!("{details} > summary"));
        screen.until_shown(&format!("{details}[open]"));
    }
    let fence = world.fence();
    let answer = "#order-pause [data-fill=answer]";
    screen.browser.click("#pause-checkout");
    screen.until_says("#order-pause", "Automation writes nothing for checkout until the pause ends");
    screen.browser.click("#order-pause .go");
    assert_eq!(
        screen.property("#order-pause input[name=reason]", "validity.valueMissing"),
        true,
        "a reason is asked for"
    );

    screen.browser.fill("#order-pause input[name=reason]", NASTY);
    updates_leave_the_dialog_alone(&mut world, &screen);
    screen.browser.fill("#order-pause input[name=token]", "a-guess");
    screen.browser.click("#order-pause .go");
    screen.until_says(answer, "the token is not known here");
    screen.browser.fill("#order-pause input[name=token]", VIEWER);
    screen.browser.click("#order-pause .go");
    screen.until_says(answer, "has the role viewer; this needs operator");
    screen.expect_errors(&["401 (Unauthorized)", "403 (Forbidden)"], &[]);
    assert_eq!(world.fence(), fence, "nothing was done");
    assert!(!world.history_kinds().contains(&"paused".to_owned()));

    screen.browser.fill("#order-pause input[name=token]", OPERATOR);
    screen.browser.click("#order-pause .go");
    screen.until_gone("#order-pause[open]");
    screen.until_says("#said", "checkout is paused until");
    let row = screen.until_says("#history li[data-kind=paused] .said", NASTY);
    assert!(row.contains("oncall"), "who paused it? {row}");
    screen.until_says("#headline", "paused");
    screen.until_shown("#state-of-checkout[data-paused=true]");
    screen.until_shown("#resume-checkout");
    expect_text_and_no_markup(&mut screen);

    // The fence was rewritten by the pause: what is open was updated, and stays open.
    screen.until_says("#txt-_checkout\\._failover\\.example\\.test\\.[open]", "pause=oncall");
    screen.until_shown("#records-checkout[open]");
    assert_eq!(screen.property("#order-pause input[name=token]", "value"), "", "a closed dialog keeps the token");
    assert!(screen.is_marked(), "the page was loaded again");
    screen.expect_own_requests();
    screen.expect_errors(&[], &[]);
}

/// The page changes behind a dialog, which keeps what was typed and the focus.
fn updates_leave_the_dialog_alone(world: &mut World, screen: &Screen) {
    world.dr.process().kill9();
    screen.until_shown("#state-of-checkout [data-region=dr][data-state=failing]");
    assert_eq!(screen.property("#order-pause input[name=reason]", "value"), NASTY);
    assert_eq!(screen.browser.eval("return document.activeElement.name"), "reason");
    world.dr.restart();
    screen.until_shown("#state-of-checkout [data-region=dr][data-proven=true]");
}

fn expect_text_and_no_markup(screen: &mut Screen) {
    let images = screen.browser.eval("return document.images.length");
    assert_eq!((images, screen.browser.eval("return window.ran")), (json!(0), json!(null)), "the reason became markup");
    let asked = screen.browser.requests().iter().filter(|request| request.url.ends_with("/x")).count();
    assert_eq!(asked, 0, "the picture in the reason was asked for");
}

#[test]
fn an_ordered_move_tells_which_rules_refuse_it_and_is_done_when_none_does() {
    let world = World::start(&Plan::on(Kind::Knot));
    let mut screen = Screen::open_signed_in(&world);
    screen.mark();
    screen.browser.click("#failover-checkout");
    screen.until_says("#order-failover .says", "Move checkout from prod to dr: 5 record sets change. dr is proven");
    sign("#order-failover", &screen, "an exercise");
    screen.browser.fill("#order-failover input[name=confirm]", "chekout");
    screen.browser.click("#order-failover .go");
    screen.until_says("#order-failover [data-fill=answer]", "Type checkout to confirm.");
    assert_eq!(world.served(), Some(Region::Prod), "nothing was ordered");
    screen.browser.fill("#order-failover input[name=confirm]", "checkout");
    screen.browser.click("#order-failover .go");
    screen.until_gone("#order-failover[open]");
    screen.until_shown("#state-of-checkout [data-region=dr][data-active=true]");
    screen.until_says("#move-of-checkout [data-step=decision][data-state=done]", "ordered by oncall");
    screen.until_says("#move-of-checkout .total", "after the decision");
    world.until_served(Region::Dr);
    screen.until_says("#state-of-checkout .pin", "oncall");

    screen.browser.click("#failback-checkout");
    sign("#order-failback", &screen, "back again");
    screen.browser.fill("#order-failback input[name=confirm]", "checkout");
    screen.browser.click("#order-failback .go");
    let rule = "#order-failback [data-rule=cooledDown]";
    screen.until_says(rule, "cooldown");
    screen.until_says(rule, "override at your own risk: the region may fail again at once");
    screen.browser.picture("page-refused");
    screen.expect_errors(&["409 (Conflict)"], &[]);
    assert_eq!(world.served(), Some(Region::Dr), "a refused order moves nothing");
    screen.browser.click(&format!("{rule} input[name=override]"));
    screen.browser.click("#order-failback .go");
    screen.until_gone("#order-failback[open]");
    screen.until_shown("#state-of-checkout [data-region=prod][data-active=true]");
    world.until_served(Region::Prod);
    screen.until_says("#move-of-checkout h3", "Failback dr → prod");
    screen.until_says("#history li[data-kind=decided] .said", "back again");
    assert!(screen.is_marked(), "the page was loaded again");
    screen.expect_own_requests();
    screen.expect_errors(&[], &[]);
}

/// Reason and token, as every order needs them.
fn sign(dialog: &str, screen: &Screen, reason: &str) {
    screen.browser.fill(&format!("{dialog} input[name=reason]"), reason);
    screen.browser.fill(&format!("{dialog} input[name=token]"), OPERATOR);
}

#[test]
fn what_waits_for_a_second_person_is_approved_with_the_token_of_one() {
    let world = approvals::demanding("15m");
    let mut screen = Screen::open_signed_in(&world);
    let button = format!("#approve-{}", approvals::order(&world));
    screen.until_shown(&button);
    screen.browser.click(&button);
    screen.until_says("#order-approve .says", "the failover to dr ordered by oncall: prod is slow");
    sign("#order-approve", &screen, "seen it too");
    screen.browser.fill("#order-approve input[name=confirm]", "checkout");
    screen.browser.click("#order-approve .go");
    screen.until_says("#order-approve [data-fill=answer]", "somebody else must agree");
    screen.expect_errors(&["409 (Conflict)"], &[]);
    assert_eq!(world.served(), Some(Region::Prod), "nothing was decided");

    screen.browser.fill("#order-approve input[name=token]", approvals::BEN);
    screen.browser.click("#order-approve .go");
    screen.until_gone("#order-approve[open]");
    world.until_served(Region::Dr);
    screen.until_gone(&button);
    screen.expect_own_requests();
    screen.expect_errors(&[], &[]);
}

#[test]
fn the_keyboard_reaches_every_order_and_comes_back_from_its_dialog() {
    let world = World::start(&Plan::on(Kind::Knot));
    let mut screen = Screen::open_signed_in(&world);
    for action in ["failover", "pause"] {
        let button = format!("{action}-checkout");
        tab_to(&screen, &button);
        screen.browser.press(Key::Enter);
        screen.until_shown(&format!("#order-{action}[open]"));
        let inside = format!("return document.querySelector('#order-{action}').contains(document.activeElement)");
        assert_eq!(screen.browser.eval(&inside), true, "the focus is not in the dialog");
        screen.browser.press(Key::Escape);
        screen.until_gone(&format!("#order-{action}[open]"));
        assert_eq!(screen.focus(), button, "the focus does not come back");
    }
    // A whole order without a pointer.
    screen.browser.press(Key::Enter);
    screen.until_shown("#order-pause[open]");
    for (field, text) in [("reason", "by keyboard"), ("token", OPERATOR)] {
        until(&format!("{field} has the focus"), PATIENCE, || {
            let name = screen.browser.eval("return document.activeElement.name");
            if name == field {
                return Ok(());
            }
            screen.browser.press(Key::Tab);
            Err(name)
        });
        screen.browser.write(text);
    }
    screen.browser.press(Key::Enter);
    screen.until_says("#history li[data-kind=paused] .said", "by keyboard");
    screen.until_gone("dialog[open]");
    screen.expect_own_requests();
    screen.expect_errors(&[], &[]);
}

/// Presses Tab until an element has the focus, and shows that it has.
fn tab_to(screen: &Screen, id: &str) {
    let mut seen = Vec::new();
    for _ in 0..TABS_MAX {
        screen.browser.press(Key::Tab);
        seen.push(screen.focus());
        if seen.last().is_some_and(|focus| focus == id) {
            let ring = screen.browser.eval("return getComputedStyle(document.activeElement).outlineStyle");
            assert_eq!(ring, "solid", "nobody sees that {} has the focus", quoted(id));
            return;
        }
    }
    panic!("Tab does not reach {id}; it reaches {seen:?}");
}
