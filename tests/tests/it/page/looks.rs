//! Whether a person can read it: contrast in both schemes, and room on a narrow screen.

use serde::Deserialize;
use tests::browser::{Browser, Scheme};

/// Measures every text that is shown; see there.
const CONTRAST: &str = include_str!("contrast.js");

/// The contrast that WCAG 2.2 §1.4.3 asks for, whatever the size of a text.
const CONTRAST_MIN: f64 = 4.5;

/// The narrowest phones that people carry.
const NARROW: u32 = 360;

#[derive(Debug, Deserialize)]
struct Seen {
    texts: usize,
    headline: f64,
    faint: Vec<String>,
    paper: String,
}

/// Pictures of what is shown now, light and dark, once it was found readable.
pub(super) fn pictures(browser: &Browser, name: &str) {
    let papers = Scheme::ALL.map(|scheme| {
        browser.prefer(scheme);
        let seen: Seen = serde_json::from_value(browser.eval(CONTRAST)).expect("contrasts were measured");
        assert!(seen.texts > 30, "hardly any text is measured: {seen:?}");
        assert!(seen.faint.is_empty(), "{name}, {}: hard to read: {:#?}", scheme.as_str(), seen.faint);
        assert!(seen.headline >= CONTRAST_MIN, "{name}, {}: the headline: {}", scheme.as_str(), seen.headline);
        browser.picture(&format!("page-{}-{name}", scheme.as_str()));
        seen.paper
    });
    browser.prefer(Scheme::Light);
    assert_ne!(papers[0], papers[1], "light and dark have the same background");
}

/// A picture on a phone's screen, where nothing may be wider than it.
pub(super) fn narrow_picture(browser: &Browser, name: &str) {
    let wide = browser.width();
    browser.resize(NARROW);
    let too_wide = "return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 && !element.closest('.sr'))
        .map((element) => `${element.tagName} ${element.className} ${element.id}`)";
    let across = browser.eval("return document.documentElement.scrollWidth");
    assert_eq!(browser.width(), u64::from(NARROW));
    assert_eq!(across, NARROW, "{name} is to be scrolled sideways for {}", browser.eval(too_wide));
    browser.picture(&format!("page-narrow-{name}"));
    browser.resize(u32::try_from(wide).expect("invariant: a width that was set"));
}
