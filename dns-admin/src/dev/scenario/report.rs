//! What a scenario hands out: the steps of its story, what was expected and what happened.

use dns_api::history::HistoryRowReport;
use dns_api::timeline::Timeline;
use serde::Serialize;

use crate::render::Width;
use crate::render::lines;
use crate::render::table::{indented, table};
use crate::render::timeline::timeline;

/// The whole of it. The keys are described in `docs/dev.md`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScenarioReport {
    pub(super) scenario: String,
    pub(super) story: String,
    pub(super) as_expected: bool,
    pub(super) took_ms: u64,
    pub(super) checks: Vec<Check>,
    pub(super) events: Vec<Told>,
    pub(super) timelines: Vec<Timeline>,
    pub(super) history: Vec<HistoryRowReport>,
}

/// Something that was expected.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    pub(super) expected: String,
    pub(super) happened: String,
    pub(super) as_expected: bool,
}

/// Something that was done or seen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    pub(super) offset_ms: u64,
    pub(super) text: String,
}

impl ScenarioReport {
    /// For people. The story's events were told as they happened.
    pub(super) fn text(&self, width: Width) -> String {
        let mut text = String::new();
        for told in &self.timelines {
            text.push_str(&timeline(told, width));
            text.push('\n');
        }
        let mark = |check: &Check| if check.as_expected { "yes" } else { "NO" }.to_owned();
        let rows = self.checks.iter().map(|check| [mark(check), check.expected.clone(), check.happened.clone()]);
        text.push_str(&indented(&table(width, ["OK", "EXPECTED", "HAPPENED"], rows)));
        let verdict = if self.as_expected { "went as expected" } else { "did NOT go as expected" };
        let secs = std::time::Duration::from_millis(self.took_ms).as_secs_f64();
        text.push('\n');
        text.push_str(&lines([format!("{} {verdict}, in {secs:.1} s", self.scenario)]));
        text
    }
}
