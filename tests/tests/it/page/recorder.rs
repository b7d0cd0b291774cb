//! What the page has shown, change by change.

use serde::Deserialize;
use tests::Browser;

/// Notes each change; see there.
const RECORDER: &str = include_str!("recorder.js");

/// What the page showed between two changes.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Sight {
    pub(super) headline: String,
    pub(super) title: String,
    pub(super) live: Option<String>,
    pub(super) active: Option<String>,
    pub(super) steps: Vec<ShownStep>,
}

/// A step of the newest move.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ShownStep {
    step: String,
    state: String,
    pub(super) when: String,
    pub(super) why: String,
}

impl ShownStep {
    pub(super) fn is(&self, step: &str, state: &str) -> bool {
        self.step == step && self.state == state
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == "done"
    }
}

impl Sight {
    pub(super) fn step(&self, step: &str, state: &str) -> Option<&ShownStep> {
        self.steps.iter().find(|shown| shown.is(step, state))
    }
}

/// Everything that was shown since [`Recorder::install`].
pub(super) struct Recorder {
    sights: Vec<Sight>,
}

impl Recorder {
    /// Begins to note.
    pub(super) fn install(browser: &Browser) {
        browser.eval(RECORDER);
    }

    /// What was noted so far.
    pub(super) fn read(browser: &Browser) -> Self {
        let sights = serde_json::from_value(browser.eval("return window.sights")).expect("the page was recorded");
        Self { sights }
    }

    pub(super) fn sights(&self) -> &[Sight] {
        &self.sights
    }

    /// When something was shown first, as a place among the sights.
    pub(super) fn first(&self, what: &str, is_it: impl Fn(&Sight) -> bool) -> usize {
        let found = self.sights.iter().position(is_it);
        found.unwrap_or_else(|| panic!("never shown: {what}; shown: {:#?}", self.sights))
    }
}
