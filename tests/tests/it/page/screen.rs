//! A browser that looks at a world's controller.

use serde_json::{Value, json};
use tests::browser::Scheme;
use tests::{Browser, PATIENCE, World, until};

/// The operator's token of every world.
pub(super) const OPERATOR: &str = "a-token-for-tests";

/// The token of every world that only reads.
pub(super) const VIEWER: &str = "a-token-that-reads";

/// The page of a world, and who looks at it.
pub(super) struct Screen {
    pub(super) browser: Browser,
    origin: String,
}

impl Screen {
    /// Opens the front page, which asks for a token if the world has any.
    pub(super) fn open(world: &World) -> Self {
        let browser = Browser::start(&world.sandbox, world.sandbox.ip());
        browser.prefer(Scheme::Light);
        let screen = Self { browser, origin: world.controller.url() };
        screen.load();
        screen
    }

    /// Loads the front page anew.
    pub(super) fn load(&self) {
        self.browser.open(&format!("{}/", self.origin));
    }

    /// Types a token into the sign-in page.
    pub(super) fn sign_in(&self, token: &str) {
        self.browser.fill("form[action='/session'] input[name=token]", token);
        self.browser.click("form[action='/session'] button");
    }

    /// Opens the page, signs in and waits until it is live.
    pub(super) fn open_signed_in(world: &World) -> Self {
        let screen = Self::open(world);
        screen.sign_in(OPERATOR);
        screen.until_live();
        screen
    }

    /// Waits until the page says that it is live.
    pub(super) fn until_live(&self) {
        self.until_shown("html[data-live=live] #live[data-state=live]");
    }

    /// Waits until there is an element that a selector matches.
    pub(super) fn until_shown(&self, css: &str) {
        until(&format!("{css} is on the page"), PATIENCE, || {
            if self.is_shown(css)? { Ok(()) } else { self.browser.text("body").and_then(Err) }
        });
    }

    /// Waits until no element is matched.
    pub(super) fn until_gone(&self, css: &str) {
        until(
            &format!("{css} is gone"),
            PATIENCE,
            || if self.is_shown(css)? { Err("there".to_owned()) } else { Ok(()) },
        );
    }

    fn is_shown(&self, css: &str) -> Result<bool, String> {
        let found = self.browser.try_eval(&format!("return document.querySelector({}) !== null", quoted(css)))?;
        Ok(found == true)
    }

    /// Waits until an element says something, and returns all that it says.
    pub(super) fn until_says(&self, css: &str, words: &str) -> String {
        until(&format!("{css} says `{words}`"), PATIENCE, || {
            let text = self.browser.text(css)?;
            if text.contains(words) { Ok(text) } else { Err(text) }
        })
    }

    /// An attribute or property of an element, as JavaScript sees it.
    pub(super) fn property(&self, css: &str, property: &str) -> Value {
        self.browser.eval(&format!("return document.querySelector({}).{property}", quoted(css)))
    }

    /// The id of what has the focus.
    pub(super) fn focus(&self) -> String {
        self.browser.eval("return document.activeElement.id").as_str().unwrap_or_default().to_owned()
    }

    /// Leaves something behind that a reload would lose.
    pub(super) fn mark(&self) {
        self.browser.eval("window.mark = true");
    }

    /// Whether the page is still the one that was marked.
    pub(super) fn is_marked(&self) -> bool {
        self.is_still_marked() == Ok(true)
    }

    /// The same, of a page that may be about to load itself again.
    pub(super) fn is_still_marked(&self) -> Result<bool, String> {
        Ok(self.browser.try_eval("return window.mark === true")? == true)
    }

    /// Says that the console has these errors since it was last asked and none but them and the `tolerated`, in any
    /// order; each is named by a part of it.
    pub(super) fn expect_errors(&self, expected: &[&str], tolerated: &[&str]) {
        let said = self.browser.console();
        let errors: Vec<&str> = said.iter().filter(|said| said.is_error()).map(|said| said.text.as_str()).collect();
        let is_known = |error: &str| expected.iter().chain(tolerated).any(|part| error.contains(part));
        let unknown = errors.iter().filter(|error| !is_known(error)).count();
        assert_eq!(unknown, 0, "the console says more than {expected:?}: {said:#?}");
        for part in expected {
            assert!(errors.iter().any(|error| error.contains(part)), "the console does not say {part}: {said:#?}");
        }
    }

    /// Says that nobody but the controller was asked for anything, and returns how many documents it was asked for.
    pub(super) fn expect_own_requests(&mut self) -> usize {
        let own = format!("{}/", self.origin);
        let requests = self.browser.requests();
        let foreign: Vec<_> = requests.iter().filter(|request| !request.url.starts_with(&own)).collect();
        assert!(foreign.is_empty(), "requests to others than {own}: {foreign:#?}");
        let documents = requests.iter().filter(|request| request.kind == "Document").count();
        assert!(documents > 0 && requests.len() > documents, "the log is not whole: {requests:#?}");
        documents
    }
}

/// A text as JavaScript writes it.
pub(super) fn quoted(text: &str) -> String {
    json!(text).to_string()
}
