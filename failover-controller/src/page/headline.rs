//! The one sentence on top: what is wrong, the worst first, or that nothing is. The words are those of `dns-admin
//! status`, so that two people who look at different screens talk about the same thing.

use std::time::Duration;

use dns_api::status::{ServiceList, ServiceSummary};
use dns_core::time::Timestamp;

/// States in which a service rests as it should.
const STEADY: &str = "steady";

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// All is well.
    Steady,
    /// Something to look at.
    Note,
    /// Someone should be awake.
    Page,
}

impl Severity {
    /// As the page's attribute has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Note => "note",
            Self::Page => "page",
        }
    }
}

/// The sentence: `before`, then how long `since` is ago if it is told, then `after`. In pieces, since an age that
/// grows must not make it news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    /// How much it matters.
    pub(crate) severity: Severity,
    /// The words before the age.
    pub(crate) before: String,
    /// What the age is of.
    pub(crate) since: Option<Timestamp>,
    /// The words after the age.
    pub(crate) after: String,
}

/// What is wrong with one service.
struct Trouble {
    words: String,
    since: Option<Timestamp>,
}

/// The sentence for a list of services.
pub(crate) fn headline(list: &ServiceList, at: Timestamp) -> Headline {
    if let Some(error) = &list.store_error {
        let words = format!("PAGE: the controller's store does not work: {error}");
        return plain(Severity::Page, words);
    }
    if list.services.is_empty() {
        return plain(Severity::Note, "no services are configured".to_owned());
    }
    let troubled: Vec<(&ServiceSummary, Trouble)> =
        list.services.iter().filter_map(|service| Some((service, trouble(service, at)?))).collect();
    let deaf = list.vantage_points.iter().filter(|vantage| vantage.sight != "sighted").count();
    let deafness = format!("{deaf} of {} vantage points are blind or not heard", list.vantage_points.len());
    let calm = calm(&list.services);
    let worst = troubled.iter().find(|(service, _)| service.page).or(troubled.first());
    match (worst, deaf) {
        (Some((service, trouble)), _) => {
            let more = match troubled.len() - 1 {
                0 => String::new(),
                others => format!(" (and {others} more of {})", list.services.len()),
            };
            let blindly = if deaf > 0 { format!("; {deafness}") } else { String::new() };
            let (severity, mark) = if service.page { (Severity::Page, "PAGE: ") } else { (Severity::Note, "") };
            let before = format!("{mark}{}: {}", service.name, trouble.words);
            Headline { severity, before, since: trouble.since, after: more + &blindly }
        }
        (None, 0) => plain(Severity::Steady, calm),
        (None, _) => plain(Severity::Note, format!("{calm}, but {deafness}")),
    }
}

fn plain(severity: Severity, words: String) -> Headline {
    Headline { severity, before: words, since: None, after: String::new() }
}

fn calm(services: &[ServiceSummary]) -> String {
    match services {
        [one] => format!("{} is steady", one.name),
        all => format!("all {} services steady", all.len()),
    }
}

/// `None` if it rests and every region could serve.
fn trouble(service: &ServiceSummary, at: Timestamp) -> Option<Trouble> {
    let told = |words: String| Some(Trouble { words, since: None });
    if let Some(first) = service.attention.first() {
        // Quotes around names are for terminals; large letters need none.
        return told(first.replace('`', ""));
    }
    if let Some(hold) = &service.hold {
        let rules: Vec<&str> = hold.rejections.iter().map(|rejection| rejection.rule.as_str()).collect();
        return told(format!("{} is held by {}", hold.wanted, rules.join(", ")));
    }
    if service.page || !service.state.starts_with(STEADY) {
        let since = at.before(Duration::from_millis(service.state_age_ms));
        return Some(Trouble { words: service.state.clone(), since: Some(since) });
    }
    let sick = service.regions.iter().find(|region| region.judgement != "healthy")?;
    told(format!("region {} is {}", sick.name, sick.judgement))
}
