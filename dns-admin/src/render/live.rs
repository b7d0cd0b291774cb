//! `config check --live`: one line a check.

use serde::Serialize;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and someone should look at it.
    Warning,
    /// It would not work on the day.
    Fault,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How it went.
    pub verdict: Verdict,
    /// The service, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The zone, if it is about one that is kept equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The provider; none for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The record, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// What was found.
    pub message: String,
}

/// A check in one line.
pub fn line(finding: &Finding) -> String {
    let Finding { verdict, service, zone, provider, record, message } = finding;
    let word = match verdict {
        Verdict::Good => "good   ",
        Verdict::Warning => "warning",
        Verdict::Fault => "error  ",
    };
    let about = [("service", service), ("zone", zone), ("provider", provider), ("record", record)];
    let about = about.into_iter().filter_map(|(kind, name)| name.as_ref().map(|name| format!("{kind} {name}")));
    format!("{word} {}: {message}", about.collect::<Vec<_>>().join(", "))
}

/// The last line.
pub fn summary(findings: &[Finding]) -> String {
    let count = |wanted: Verdict| findings.iter().filter(|finding| finding.verdict == wanted).count();
    let (faults, warnings) = (count(Verdict::Fault), count(Verdict::Warning));
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!("{}, {}, {}", plural(findings.len(), "check"), plural(faults, "fault"), plural(warnings, "warning"))
}
