//! What the page says as of one moment, rendered once for everyone who reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_core::time::Timestamp;

use super::headline::headline;
use super::render;
use super::section::{SectionKey, Subject};
use super::view::PageView;

/// One edition. Editions are numbered; a section remembers in which one it changed last.
pub(crate) struct Edition {
    /// Counts editions, from 1.
    pub(crate) number: u64,
    /// As of when.
    pub(crate) at: Timestamp,
    /// The headline, as the document's title.
    pub(crate) title: String,
    /// Which controller this is.
    pub(crate) controller: String,
    /// The services, by name.
    pub(crate) services: Vec<Line>,
    sections: BTreeMap<SectionKey, Section>,
}

/// What the order of services on the page depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The service.
    pub(crate) name: String,
    /// Whether someone should be awake for it.
    pub(crate) page: bool,
    /// Whether there is something to look at.
    pub(crate) troubled: bool,
}

struct Section {
    html: Arc<str>,
    changed: u64,
}

impl Edition {
    /// The edition after `before`.
    pub(crate) fn of(view: &PageView, before: Option<&Self>) -> Self {
        let number = before.map_or(1, |before| before.number + 1);
        let section = |(key, markup): (SectionKey, maud::Markup)| {
            let html = markup.into_string();
            let known = before.and_then(|before| before.sections.get(&key)).filter(|known| *known.html == *html);
            let section = match known {
                Some(known) => Section { html: Arc::clone(&known.html), changed: known.changed },
                None => Section { html: html.into(), changed: number },
            };
            (key, section)
        };
        let headline = headline(&view.list, view.at);
        let line = |service: &dns_api::status::ServiceSummary| Line {
            name: service.name.clone(),
            page: service.page,
            troubled: !service.attention.is_empty() || service.hold.is_some(),
        };
        Self {
            number,
            at: view.at,
            title: format!("{}{}", headline.before, headline.after),
            controller: view.list.controller.clone(),
            services: view.list.services.iter().map(line).collect(),
            sections: render::sections(view).into_iter().map(section).collect(),
        }
    }

    /// A section, empty if there is none.
    pub(crate) fn html(&self, key: &SectionKey) -> &str {
        self.sections.get(key).map(|section| &*section.html).unwrap_or_default()
    }

    /// The sections of a page that changed after edition `seen`, by their ids; with 0 all of them.
    pub(crate) fn changed_since(&self, seen: u64, subject: &Subject) -> BTreeMap<String, &str> {
        let wanted = |(key, section): &(&SectionKey, &Section)| section.changed > seen && subject.has(key);
        self.sections.iter().filter(wanted).map(|(key, section)| (key.id(), &*section.html)).collect()
    }
}
