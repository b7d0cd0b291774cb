//! The documents around the sections: what does not change while the page is open.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::moment::clock;
use super::orders;
use crate::api::report::rfc3339;
use crate::page::edition::{Edition, Line};
use crate::page::section::{Part, SectionKey, Subject};
use crate::page::view::Orders;

/// So many services are shown whole on the front page. With more of them the details are folded, except where someone
/// should be awake; what is wrong stands above them.
const OPEN_MAX: usize = 3;

/// What a document needs beside its sections.
pub(crate) struct Frame {
    /// Who has signed in, if that is needed.
    pub(crate) reader: Option<String>,
    /// Who may give orders.
    pub(crate) orders: Orders,
    /// Names this run of the program: the page loads itself again when it changes.
    pub(crate) run: String,
}

/// The front page, or that of one service.
pub(crate) fn page(frame: &Frame, subject: &Subject, edition: &Edition) -> Markup {
    let stream = match subject {
        Subject::All => "/events".to_owned(),
        Subject::Service(name) => format!("/events?service={name}"),
    };
    let general = |part| PreEscaped(edition.html(&SectionKey::general(part)));
    let content = html! {
        (general(Part::Masthead))
        main {
            @match subject {
                Subject::All => {
                    (general(Part::Vantage))
                    @let folded = edition.services.len() > OPEN_MAX;
                    div.services data-folded=(folded) {
                        @for line in worst_first(&edition.services) { (article(edition, line, folded)) }
                    }
                    (orders::without(frame.orders))
                    (general(Part::History))
                }
                Subject::Service(name) => {
                    p.back { a href="/" { "← All services" } }
                    (general(Part::Vantage))
                    @for line in edition.services.iter().filter(|line| line.name == *name) {
                        (article(edition, line, false))
                    }
                    (orders::without(frame.orders))
                    (PreEscaped(edition.html(&SectionKey::of(name, Part::ServiceHistory))))
                }
            }
        }
        p #announce.sr role="status" aria-live="polite" {}
        p #said role="status" aria-live="polite" hidden {}
        (orders::dialogs(frame.orders))
    };
    let freshness = format!("as of {}", clock(&rfc3339(edition.at)));
    let bar = Bar { frame, controller: &edition.controller, freshness, stream: Some(stream) };
    document(&edition.title, Some(&bar), &content)
}

/// Older history.
pub(crate) fn history(frame: &Frame, controller: &str, rows: &Markup) -> Markup {
    let content = html! {
        main {
            p.back { a href="/" { "← All services" } }
            section.history { h2 { "Older history" } (rows) }
        }
    };
    let bar = Bar { frame, controller, freshness: "not live".to_owned(), stream: None };
    document("Older history", Some(&bar), &content)
}

/// A page that says one thing.
pub(crate) fn notice(title: &str, text: &str) -> Markup {
    let content = html! {
        main.narrow { h1 { (title) } p { (text) } p { a href="/" { "To the status page" } } }
    };
    document(title, None, &content)
}

/// The worst first, as of when the page is loaded: what moves under a pointer is not read.
fn worst_first(lines: &[Line]) -> Vec<&Line> {
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by_key(|line| (!line.page, !line.troubled));
    sorted
}

fn article(edition: &Edition, line: &Line, folded: bool) -> Markup {
    let section = |part| PreEscaped(edition.html(&SectionKey::of(&line.name, part)));
    let detail = html! { div.detail { (section(Part::Move)) (section(Part::Evidence)) (section(Part::Fence)) } };
    html! {
        article.service id={ "service-" (line.name) } data-service=(line.name) {
            (section(Part::State))
            @if folded {
                details.more id={ "more-" (line.name) } open[line.page] {
                    summary { "Newest move, evidence, fence" }
                    (detail)
                }
            } @else { (detail) }
        }
    }
}

/// With a bar for whoever reads, and without it for whoever does not yet.
pub(super) fn document(title: &str, bar: Option<&Bar<'_>>, content: &Markup) -> Markup {
    let stream = bar.and_then(|bar| bar.stream.as_deref());
    html! {
        (DOCTYPE)
        html lang="en" data-run=[bar.map(|bar| &bar.frame.run)] data-stream=[stream] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" {}
                // Without JavaScript nothing is live: the page is fetched again now and then.
                @if stream.is_some() { noscript { meta http-equiv="refresh" content="10"; } }
            }
            body {
                @if let Some(bar) = bar { (bar.render()) }
                (content)
            }
        }
    }
}

/// The bar on top: whose page this is, and whether it is alive.
pub(super) struct Bar<'a> {
    frame: &'a Frame,
    controller: &'a str,
    /// How old the page is, until the script knows better.
    freshness: String,
    stream: Option<String>,
}

impl Bar<'_> {
    fn render(&self) -> Markup {
        html! {
            div.bar {
                p.who { "failover " b { (self.controller) } }
                p #live data-state="still" { (self.freshness) }
                button #theme type="button" hidden { "theme" }
                @if let Some(reader) = &self.frame.reader {
                    form method="post" action="/session/end" {
                        button type="submit" { "Sign out " (reader) }
                    }
                }
            }
        }
    }
}
