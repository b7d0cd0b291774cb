//! Chromium without a window, driven as a person drives it: real key strokes and clicks, and a look at what is shown.
//!
//! Invariants: the browser reaches one address and nothing else, whatever a page asks for; its profile and every other
//! file are in the sandbox; it ends with its driver, and the driver with the test. Every command has a time limit.
//!
//! It has a runtime of its own to drive the driver's client, so it is for plain tests only. A page that reloads itself
//! can break any command: what may meet that is asked with [`Browser::try_eval`] or [`Browser::text`] and repeated by
//! [`until`].

mod command;
mod launch;
mod log;
mod picture;

use std::future::Future;
use std::net::IpAddr;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
pub use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use self::command::Cdp;
use self::log::Log;
pub use self::log::{ConsoleMessage, Request};
pub use self::picture::pictures;
use crate::process::{Process, Sandbox};
use crate::until::{PATIENCE, until};

/// The width of a laptop's browser window, in CSS pixels.
const WIDTH: u32 = 1280;

/// The height of the window; pictures show all of the page nonetheless.
const HEIGHT: u32 = 800;

/// A running browser with one tab.
#[derive(Debug)]
pub struct Browser {
    /// `None` once it is closed.
    client: Option<Client>,
    runtime: Runtime,
    log: Log,
    /// After the client, which tells it to end the browser.
    driver: Process,
}

/// The colours that a reader prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// As CSS names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// As usual.
    Run,
    /// As in a browser whose owner has turned JavaScript off.
    Off,
}

impl Browser {
    /// Starts a browser that reaches nothing but `host`.
    ///
    /// # Panics
    ///
    /// When it or its driver is not installed, or not ready within [`PATIENCE`].
    pub fn start(sandbox: &Sandbox, host: IpAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (driver, client) = launch::launch(sandbox, &runtime, host);
        let browser = Self { client: Some(client), runtime, log: Log::default(), driver };
        browser.resize(WIDTH);
        // It opens a page of its own first, which is no business of a test.
        browser.open("about:blank");
        let _of_that_page = [browser.entries("browser"), browser.entries("performance")];
        browser
    }

    /// The driver's process.
    pub fn driver(&mut self) -> &mut Process {
        &mut self.driver
    }

    /// Goes to a URL and waits until it is loaded.
    ///
    /// # Panics
    ///
    /// When nothing answers there.
    pub fn open(&self, url: &str) {
        self.run(self.client().goto(url)).unwrap_or_else(|error| panic!("cannot open {url}: {error}"));
    }

    /// Runs a function's body in the page and returns what it returns.
    ///
    /// # Panics
    ///
    /// When it throws.
    pub fn eval(&self, body: &str) -> Value {
        self.try_eval(body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// The same, shaped for [`until`].
    ///
    /// # Errors
    ///
    /// What was thrown, or that the page went away meanwhile.
    pub fn try_eval(&self, body: &str) -> Result<Value, String> {
        self.run(self.client().execute(body, Vec::new()))
    }

    /// The text of an element as a reader sees it; the title of the tab is that of `title`.
    ///
    /// # Errors
    ///
    /// That there is no such element, or that the page went away meanwhile.
    pub fn text(&self, css: &str) -> Result<String, String> {
        if css == "title" {
            return self.run(self.client().title());
        }
        let element = self.find(css)?;
        self.run(element.text())
    }

    /// The markup of the page as it is now.
    ///
    /// # Panics
    ///
    /// When the browser does not tell.
    pub fn source(&self) -> String {
        self.run(self.client().source()).expect("the source of the page")
    }

    /// Clicks an element, as soon as it is there and nothing covers it.
    ///
    /// # Panics
    ///
    /// When that is not within [`PATIENCE`].
    pub fn click(&self, css: &str) {
        until(&format!("{css} is clicked"), PATIENCE, || self.find(css).and_then(|found| self.run(found.click())));
    }

    /// Types into a field, in place of what was there.
    ///
    /// # Panics
    ///
    /// When there is no such field within [`PATIENCE`], or it takes no text.
    pub fn fill(&self, css: &str, text: &str) {
        let field = until(&format!("{css} is there"), PATIENCE, || self.find(css));
        self.run(field.clear()).unwrap_or_else(|error| panic!("cannot clear {css}: {error}"));
        self.run(field.send_keys(text)).unwrap_or_else(|error| panic!("cannot type into {css}: {error}"));
    }

    /// Presses a key, whatever has the focus.
    ///
    /// # Panics
    ///
    /// When the browser takes no keys.
    pub fn press(&self, key: Key) {
        self.write(&String::from(char::from(key)));
    }

    /// Types a text, whatever has the focus.
    ///
    /// # Panics
    ///
    /// When the browser takes no keys.
    pub fn write(&self, text: &str) {
        let strokes = text.chars().fold(KeyActions::new("keyboard".to_owned()), |strokes, value| {
            strokes.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.run(self.client().perform_actions(strokes)).expect("key strokes");
    }

    /// Sets the width of what is shown, in CSS pixels; a phone's would be too narrow for a window.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    pub fn resize(&self, width: u32) {
        let metrics = json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// The width that was set last; see [`resize`](Self::resize).
    pub fn width(&self) -> u64 {
        self.eval("return window.innerWidth").as_u64().unwrap_or_default()
    }

    /// Makes the reader prefer a scheme.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    pub fn prefer(&self, scheme: Scheme) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme.as_str() }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Lets pages that are loaded from now on run scripts, or not.
    ///
    /// # Panics
    ///
    /// When the browser refuses.
    pub fn allow(&self, scripts: Scripts) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": scripts == Scripts::Off }));
    }

    /// The messages of the console since the last call.
    ///
    /// # Panics
    ///
    /// When the browser does not tell.
    pub fn console(&self) -> Vec<ConsoleMessage> {
        log::console(&self.entries("browser"))
    }

    /// Every request that was made so far, by the pages and by the browser for them, followed redirects and those that
    /// failed included.
    ///
    /// # Panics
    ///
    /// When the browser does not tell.
    pub fn requests(&mut self) -> &[Request] {
        let entries = self.entries("performance");
        self.log.requests(&entries)
    }

    /// A command of the Chrome `DevTools` protocol.
    fn cdp(&self, method: &'static str, params: Value) -> Value {
        let answer = self.run(self.client().issue_cmd(Cdp { method, params }));
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn entries(&self, kind: &'static str) -> Value {
        let answer = self.run(self.client().issue_cmd(command::TakeLog { kind }));
        answer.unwrap_or_else(|error| panic!("no {kind} log: {error}"))
    }

    fn find(&self, css: &str) -> Result<Element, String> {
        self.run(self.client().find(Locator::Css(css)))
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("invariant: the client is there until this is dropped")
    }

    /// Waits for the driver's answer, within a bound.
    fn run<T>(&self, answer: impl Future<Output = Result<T, CmdError>>) -> Result<T, String> {
        let answer = self.runtime.block_on(async { timeout(PATIENCE, answer).await });
        answer.map_err(|_late| format!("no answer within {PATIENCE:?}"))?.map_err(|error| error.to_string())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closing waits until the browser has ended, and so wrote its last file; the sandbox can go after that. If it
        // fails, the driver is killed next, which ends the browser as well.
        if let Some(client) = self.client.take() {
            let closed = self.runtime.block_on(async { timeout(PATIENCE, client.close()).await });
            drop(closed);
        }
    }
}
