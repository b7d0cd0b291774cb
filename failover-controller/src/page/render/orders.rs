//! Orders: the buttons of a service, and the dialogs that ask for reason, confirmation and token.
//!
//! The page has no way of its own to write: a dialog calls the API that `dns-admin` calls, with the operator's token.
//! What an order will do is said here, in the service's section, so that an open dialog says what is so now.

use std::time::Duration;

use dns_api::status::{EndpointVotes, RegionReport};
use dns_core::kernel::Rule;
use dns_core::time::Timestamp;
use maud::{Markup, html};

use super::approvals::{self, answers};
use super::moment::clock;
use crate::api::report::rfc3339;
use crate::page::view::{Orders, PageView, Pane};

/// The longest reason, as the API takes it.
const REASON_BYTES_MAX: usize = 500;

/// For how long to pause, and how it is called.
const PAUSES: [(u32, &str); 5] =
    [(1800, "30 minutes"), (3600, "1 hour"), (7200, "2 hours"), (28_800, "8 hours"), (86_400, "1 day")];

/// What an order does, which its dialog and its button are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Failover,
    Failback,
    Pause,
    Resume,
    Approve,
    Decline,
}

impl Verb {
    const ALL: [Self; 6] = [Self::Failover, Self::Failback, Self::Pause, Self::Resume, Self::Approve, Self::Decline];

    /// As the API's path has it.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::Failback => "failback",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Approve => "approve",
            Self::Decline => "decline",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Failover => "Fail over",
            Self::Failback => "Fail back",
            Self::Pause => "Pause",
            Self::Resume => "Resume",
            Self::Approve => "Approve",
            Self::Decline => "Decline",
        }
    }

    /// Whether users may be sent elsewhere by it.
    fn moves(self) -> bool {
        matches!(self, Self::Failover | Self::Failback | Self::Approve)
    }
}

/// What can be ordered of a service now. They need JavaScript; without it they are not shown.
pub(super) fn buttons(view: &PageView, pane: &Pane) -> Markup {
    if view.orders == Orders::Refused {
        return Markup::default();
    }
    let name = pane.name();
    html! {
        div.acts {
            @for verb in Verb::ALL { @if offered(pane, verb) {
                button type="button" data-order=(verb.path()) data-service=(name) id={ (verb.path()) "-" (name) } {
                    (verb.label()) "…"
                }
            } }
            @for approval in &pane.approvals { (answers(approval)) }
            ul.says hidden {
                @for Consequence { verb, to, says } in consequences(view, pane) {
                    li data-verb=(verb.path()) data-to=[to] { (says) }
                }
                @for approval in &pane.approvals { (approvals::says(approval)) }
            }
        }
    }
}

fn offered(pane: &Pane, verb: Verb) -> bool {
    let active = pane.report.summary.active.as_deref();
    let fenced = pane.report.fence.is_some() && active.is_some();
    match verb {
        Verb::Failover => fenced,
        Verb::Failback => fenced && active != pane.preferred(),
        Verb::Pause => pane.report.pause.is_none(),
        Verb::Resume => pane.report.pause.is_some(),
        // Of what waits, beside it.
        Verb::Approve | Verb::Decline => false,
    }
}

/// What each order would do, in a sentence; the dialogs show these.
fn consequences(view: &PageView, pane: &Pane) -> Vec<Consequence> {
    let active = pane.report.summary.active.as_deref();
    let standby = pane.report.regions.iter().filter(|region| Some(region.summary.name.as_str()) != active);
    let mut said = Vec::new();
    for region in standby {
        let (to, says) = (region.summary.name.clone(), moving(view.at, pane, region));
        if Some(to.as_str()) == pane.preferred() {
            said.push(Consequence { verb: Verb::Failback, to: Some(to.clone()), says: says.clone() });
        }
        said.push(Consequence { verb: Verb::Failover, to: Some(to), says });
    }
    let name = pane.name();
    let pause = format!("Automation writes nothing for {name} until the pause ends. Orders still work.");
    said.push(Consequence { verb: Verb::Pause, to: None, says: pause });
    said.push(Consequence {
        verb: Verb::Resume,
        to: None,
        says: format!("Automation acts for {name} again, at once."),
    });
    said
}

struct Consequence {
    verb: Verb,
    to: Option<String>,
    says: String,
}

fn moving(at: Timestamp, pane: &Pane, to: &RegionReport) -> String {
    let report = &pane.report;
    let from = report.summary.active.as_deref().unwrap_or("no region");
    let (name, target, count) = (pane.name(), &to.summary.name, report.records.len());
    let records = if count == 1 { "record set changes" } else { "record sets change" };
    let standby = match (to.summary.proven, healthy_age_ms(&to.endpoints, report.quorum)) {
        (true, Some(age)) => {
            let since = clock(&rfc3339(at.before(Duration::from_millis(age))));
            format!("{target} is proven: a quorum has seen it healthy since {since}.")
        }
        (true, None) => format!("{target} is proven."),
        (false, _) => format!("{target} is {} and not proven.", to.summary.judgement),
    };
    format!("Move {name} from {from} to {target}: {count} {records}. {standby}")
}

/// For how long a quorum has seen every endpoint healthy.
fn healthy_age_ms(endpoints: &[EndpointVotes], quorum: usize) -> Option<u64> {
    let of_endpoint = |endpoint: &EndpointVotes| {
        let healthy = endpoint.votes.iter().filter(|vote| vote.vote == "healthy");
        let mut ages: Vec<u64> = healthy.filter_map(|vote| vote.age_ms).collect();
        ages.sort_unstable_by_key(|age| std::cmp::Reverse(*age));
        ages.get(quorum.saturating_sub(1)).copied()
    };
    // `None` is less than any age: an endpoint without a quorum makes it unknown.
    endpoints.iter().map(of_endpoint).min().flatten()
}

/// Why there are no buttons, where there are none.
pub(super) fn without(orders: Orders) -> Markup {
    html! {
        @if orders == Orders::Refused {
            p.dim { "Orders are refused: no token is configured." }
        } @else {
            noscript { p.dim { "Orders need JavaScript here; " code { "dns-admin" } " gives them without." } }
        }
    }
}

/// The dialogs, which live outside of every section: an update never touches what someone is typing.
pub(super) fn dialogs(orders: Orders) -> Markup {
    if orders == Orders::Refused {
        return Markup::default();
    }
    html! {
        @for verb in Verb::ALL { (dialog(verb, orders)) }
        ul #risks hidden {
            @for rule in Rule::ALL.iter().filter(|rule| rule.is_overridable()) {
                li data-rule=(rule) { (risk(*rule)) }
            }
        }
    }
}

fn dialog(verb: Verb, orders: Orders) -> Markup {
    let id = |what: &str| format!("{what}-{}", verb.path());
    html! {
        dialog id=(id("order")) data-verb=(verb.path()) aria-labelledby=(id("title")) {
            form autocomplete="off" {
                h2 id=(id("title")) { (verb.label()) " " span data-fill="service" {} }
                @if verb == Verb::Failover { fieldset { legend { "To region" } div.choices data-fill="choices" {} } }
                p.says data-fill="says" {}
                @if verb == Verb::Pause { (pause_length()) }
                label {
                    "Reason"
                    input name="reason" required maxlength=(REASON_BYTES_MAX) placeholder="kept in history and fence";
                }
                @if verb.moves() {
                    label {
                        span { "Type " b data-fill="service" {} " to confirm" }
                        input name="confirm" required spellcheck="false" autocapitalize="none";
                    }
                }
                @if orders == Orders::WithToken {
                    label {
                        "Operator's token"
                        input name="token" type="password" required autocomplete="off";
                    }
                }
                div.answer role="alert" data-fill="answer" {}
                div.ends {
                    button type="button" data-close { "Cancel" }
                    button.go type="submit" { (verb.label()) }
                }
            }
        }
    }
}

fn pause_length() -> Markup {
    html! {
        label {
            "For"
            select name="for" {
                @for (secs, label) in PAUSES { option value=(secs) selected[secs == 3600] { (label) } }
                option value="" { "until someone resumes" }
            }
        }
    }
}

/// What overriding a rule risks.
fn risk(rule: Rule) -> &'static str {
    match rule {
        Rule::TargetProven => "users may be sent to where nobody has seen it work",
        Rule::GatesOpen => "the region may miss data or capacity: what its gates look at",
        Rule::AllRegionsFailing => "every region is failing: the move may only spread the trouble",
        Rule::ChangeFreeze => "somebody asked that nothing changes now",
        Rule::HooksAgreed => "whoever was to be asked before a move is not asked",
        Rule::RegionEvacuated => "a colleague is moving everything out of that region",
        Rule::CooledDown => "the region may fail again at once, and users move twice",
        Rule::GroupTogether => "the service is parted from those that it belongs to",
        Rule::GroupReady => "a part of the group may be left behind",
        Rule::MemberFirst => "what it needs may not be served there yet",
        Rule::Assertion => "too few or too many services may be in a region",
        Rule::Gating => "what has to be in place for it may not be",
        Rule::EmptyAnswer
        | Rule::UnreadRecord
        | Rule::Unfenced
        | Rule::ZoneKnown
        | Rule::QuorumJudged
        | Rule::Observing
        | Rule::NotPaused
        | Rule::Adopted
        | Rule::NoForeignChange
        | Rule::ConfigurationCurrent
        | Rule::OneWrite
        | Rule::Soaked
        | Rule::NotPinned
        | Rule::StandbyHolds
        | Rule::FailoverBudget
        | Rule::BlastRadius
        | Rule::Wave
        | Rule::WriteBackoff => "cannot be overridden",
    }
}
