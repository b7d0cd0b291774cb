//! The story of a decision, told by its history rows.

use super::account::{Account, RegionAccount};
use super::moment::fine_span;
use super::votes::{Tense, first_to_see, seen};
use super::{Sentence, Topic, as_sentence, cut, listed};
use crate::history::{HistoryEntry, HistoryKind};
use crate::kernel::{Answer, Rule, Said};

/// The rules whose figures a story tells apart: those of the judgement are told with the evidence, and how a write is
/// guarded is no news.
const FIGURES_TOLD: [Rule; 3] = [Rule::TargetProven, Rule::CooledDown, Rule::ConfigurationCurrent];

/// The sentences of one decision, made of its rows, oldest first.
pub fn story(rows: &[HistoryEntry]) -> Vec<Sentence> {
    let mut told: Vec<Sentence> = rows.iter().flat_map(recount).collect();
    measure(&mut told);
    told.extend(total(&told, rows));
    told
}

/// The sentences of one row.
pub fn recount(row: &HistoryEntry) -> Vec<Sentence> {
    let teller = TELLERS.iter().find(|(kind, _)| *kind == row.kind);
    teller.map_or_else(|| vec![said(Topic::Event, row)], |(_, tell)| tell(row))
}

/// The kinds of rows that tell what happened to a service lately, in brief.
pub const LATELY: [HistoryKind; 8] = [
    HistoryKind::Decided,
    HistoryKind::Held,
    HistoryKind::WouldMove,
    HistoryKind::Unheld,
    HistoryKind::Followed,
    HistoryKind::Paused,
    HistoryKind::Resumed,
    HistoryKind::ForeignChange,
];

/// One row among others: of a decision only what was decided, with the command that tells the rest.
pub fn in_brief(row: &HistoryEntry) -> Vec<Sentence> {
    match &row.decision {
        Some(decision) if row.kind == HistoryKind::Decided => {
            let text = format!("{} `dns-admin explain {decision}` tells the rest.", intention(row));
            vec![Sentence::new(Topic::Decision, text).at(row.at)]
        }
        Some(_) | None => recount(row),
    }
}

type Teller = fn(&HistoryEntry) -> Vec<Sentence>;

/// Rows of other kinds are told by their summary.
const TELLERS: &[(HistoryKind, Teller)] = &[
    (HistoryKind::Decided, decided),
    (HistoryKind::Held, held),
    (HistoryKind::WouldMove, would_move),
    (HistoryKind::Unheld, |row| vec![said(Topic::Hold, row)]),
    (HistoryKind::Permitted, permitted),
    (HistoryKind::Expired, |row| vec![said(Topic::Permit, row)]),
    (HistoryKind::Applied, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::Conflicted, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::Denied, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::Unreachable, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::OutcomeUnknown, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::Burned, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::Imported, |row| vec![said(Topic::Write, row)]),
    (HistoryKind::Verified, verified),
    (HistoryKind::Unverified, verified),
    (HistoryKind::Drained, |row| vec![said(Topic::Drain, row)]),
];

fn said(about: Topic, row: &HistoryEntry) -> Sentence {
    Sentence::new(about, as_sentence(&cut(&row.summary))).at(row.at)
}

fn decided(row: &HistoryEntry) -> Vec<Sentence> {
    let account = Account::read(&row.details);
    let mut told = before(row, &account);
    told.push(Sentence::new(Topic::Decision, intention(row)).at(row.at));
    told.extend(rules_asked(&account.rules).map(|rules| rules.at(row.at)));
    told.extend(others(&account).map(|others| others.at(row.at)));
    told
}

/// What led to it: who saw the region failing first, and when enough did.
fn before(row: &HistoryEntry, account: &Account) -> Vec<Sentence> {
    let Some((name, region)) = left(row, account) else { return Vec::new() };
    let evidence = || format!("{}{}", seen(name, region, Tense::Past, row.at), quorum(account, region));
    let Some(suspected) = region.suspected_at else {
        return vec![Sentence::new(Topic::Evidence, evidence()).at(row.at)];
    };
    let first = Sentence::new(Topic::Suspicion, suspicion(name, region)).at(suspected);
    let then = match region.agreed_at {
        Some(agreed) => Sentence::new(Topic::Agreement, evidence()).at(agreed),
        None => Sentence::new(Topic::Evidence, evidence()).at(row.at),
    };
    vec![first, then]
}

fn left<'a>(row: &'a HistoryEntry, account: &'a Account) -> Option<(&'a str, &'a RegionAccount)> {
    let name = row.details["from"].as_str()?;
    Some((name, account.evidence.get(name)?))
}

fn suspicion(name: &str, region: &RegionAccount) -> String {
    match first_to_see(region) {
        Some(vote) => {
            let error = vote.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            format!("{} was the first to see `{name}` failing{error}.", vote.vantage)
        }
        None => format!("A vantage point was the first to see `{name}` failing."),
    }
}

/// "The quorum is 2 of 3."
fn quorum(account: &Account, region: &RegionAccount) -> String {
    let all = region.endpoints.iter().map(|endpoint| endpoint.votes.len()).max();
    match (account.quorum, all) {
        (0, _) | (_, None) => String::new(),
        (quorum, Some(all)) => format!(" The quorum is {quorum} of {all}."),
    }
}

/// What was wanted, and by whom.
fn intention(row: &HistoryEntry) -> String {
    let text = |key: &str| row.details[key].as_str();
    let Some(kind) = text("kind") else { return as_sentence(&cut(&row.summary)) };
    let route = match (text("from"), text("to")) {
        (Some(from), Some(to)) if from != to => format!(" from `{from}` to `{to}`"),
        (_, Some(to)) => format!(" in `{to}`"),
        (Some(from), None) => format!(" from `{from}`"),
        (None, None) => String::new(),
    };
    let follows = match with_group(row) {
        _ if row.details["follows"] == true => ", to come after the place that moved first".to_owned(),
        group => group.unwrap_or_default(),
    };
    let drill = text("drill").map(|drill| format!(", for drill {drill}")).unwrap_or_default();
    let follows = format!("{drill}{follows}");
    let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
    match row.details["initiative"]["by"].as_str() {
        // The evidence is of this service, which may be well: it goes with others.
        None if with_group(row).is_some() => {
            as_sentence(&format!("the controller decided on a {kind}{route}{follows}{reason}"))
        }
        Some(by) => {
            let approved = row.details["initiative"]["approvedBy"].as_str();
            let approved = approved.map(|other| format!(", approved by `{other}`")).unwrap_or_default();
            as_sentence(&format!("`{by}` ordered a {kind}{route}{follows}{approved}{reason}"))
        }
        // Why the controller did is told by the evidence.
        None => as_sentence(&format!("the controller decided on a {kind}{route}{follows}")),
    }
}

/// The group that it moves with; and whose decision that was, if it was not this one.
fn with_group(row: &HistoryEntry) -> Option<String> {
    let (name, decision) = (row.details["group"]["name"].as_str()?, row.details["group"]["decision"].as_str());
    let own = row.decision.as_ref().map(crate::fence::DecisionId::as_str);
    let by = decision.filter(|decision| Some(*decision) != own);
    let by = by.map_or_else(|| ", which it is the first of".to_owned(), |by| format!(" by its decision {by}"));
    Some(format!(", with group `{name}`{by}"))
}

/// What the kernel was asked and said; `None` of rows that did not keep it.
fn rules_asked(rules: &[Answer]) -> Option<Sentence> {
    if rules.is_empty() {
        return None;
    }
    let why = |answer: &Answer| answer.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    let named = |said: Said| -> Vec<String> {
        let so = rules.iter().filter(|answer| answer.answer == said);
        so.map(|answer| format!("{}{}", answer.rule, why(answer))).collect()
    };
    let asked = format!("All {} safety rules were asked", rules.len());
    let said = match (named(Said::No).as_slice(), named(Said::Overridden).as_slice()) {
        ([], []) => format!("{asked}: none said no."),
        ([], overridden) => format!("{asked}: the order overrode {}; no other said no.", listed(overridden)),
        (refusing, []) => format!("{asked}: no from {}.", listed(refusing)),
        (refusing, overridden) => {
            format!("{asked}: no from {}; the order overrode {}.", listed(refusing), listed(overridden))
        }
    };
    let agreeing = rules.iter().filter(|one| one.answer == Said::Yes && FIGURES_TOLD.contains(&one.rule));
    let figures = agreeing.filter_map(|one| Some(format!("{}: {}.", one.rule, one.why.as_ref()?)));
    let text: Vec<String> = std::iter::once(said).chain(figures).collect();
    Some(Sentence::new(Topic::Rules, text.join(" ")))
}

/// Why it was this region and no other; nothing to tell where there was no other.
fn others(account: &Account) -> Option<Sentence> {
    let chosen = account.candidates.iter().find(|candidate| candidate.chosen)?;
    let rest = account.candidates.iter().filter(|candidate| !candidate.chosen);
    let rest: Vec<String> = rest
        .map(|other| match other.why.as_str() {
            "proven" => format!("`{}` was proven too", other.region),
            why => format!("`{}` was {why}", other.region),
        })
        .collect();
    let text = format!("`{}` was taken; {}.", chosen.region, listed(&rest));
    (!rest.is_empty()).then(|| Sentence::new(Topic::Candidates, text))
}

/// In short: the reasons of what was overridden were told when it was decided.
fn permitted(row: &HistoryEntry) -> Vec<Sentence> {
    let rules = Account::read(&row.details).rules;
    if rules.is_empty() {
        return vec![said(Topic::Permit, row)];
    }
    let overridden = rules.iter().filter(|answer| answer.answer == Said::Overridden);
    let overridden: Vec<String> = overridden.map(|answer| answer.rule.to_string()).collect();
    let but =
        if overridden.is_empty() { String::new() } else { format!(" but the overridden {}", listed(&overridden)) };
    let text = format!("All {} were asked again just before sending: none{but} said no. It was sent.", rules.len());
    vec![Sentence::new(Topic::Permit, text).at(row.at)]
}

fn held(row: &HistoryEntry) -> Vec<Sentence> {
    let account = Account::read(&row.details);
    let text = |key: &str| row.details[key].as_str();
    let Some(wanted) = text("wanted") else { return vec![said(Topic::Hold, row)] };
    let to = text("to").map(|to| format!(" to `{to}`")).unwrap_or_default();
    let rejections = row.details["rejections"].as_array().map(Vec::as_slice).unwrap_or_default();
    let said_no = |rejection: &serde_json::Value| {
        Some(format!("{}: {}", rejection["rule"].as_str()?, cut(rejection["reason"].as_str()?)))
    };
    let against: Vec<String> = rejections.iter().filter_map(said_no).collect();
    let why = if against.is_empty() { cut(&row.summary) } else { against.join("; ") };
    let hold = Sentence::new(Topic::Hold, format!("Held: a {wanted}{to}, by {}.", why.trim_end_matches('.')));
    [hold].into_iter().chain(evidence_of(row, &account)).map(|sentence| sentence.at(row.at)).collect()
}

fn would_move(row: &HistoryEntry) -> Vec<Sentence> {
    let account = Account::read(&row.details);
    let text = |key: &str| row.details[key].as_str();
    let Some(wanted) = text("wanted") else { return vec![said(Topic::Hold, row)] };
    let to = text("to").map(|to| format!(" to `{to}`")).unwrap_or_default();
    let hold = Sentence::new(Topic::Hold, format!("It would have made a {wanted}{to}, but it only observes."));
    [hold].into_iter().chain(evidence_of(row, &account)).map(|sentence| sentence.at(row.at)).collect()
}

fn evidence_of(row: &HistoryEntry, account: &Account) -> Option<Sentence> {
    let (name, region) = left(row, account)?;
    let text = format!("{}{}", seen(name, region, Tense::Past, row.at), quorum(account, region));
    Some(Sentence::new(Topic::Evidence, text))
}

fn verified(row: &HistoryEntry) -> Vec<Sentence> {
    let servers = row.details["servers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let served = servers.iter().filter(|server| server["outcome"] == "served");
    let slowest = served.filter_map(|server| Some((server["tookMs"].as_u64()?, server["server"].as_str()?))).max();
    let slowest = slowest.map(|(millis, server)| {
        let after = fine_span(std::time::Duration::from_millis(millis));
        format!(" The last to follow was {server}, {after} after the write.")
    });
    let told = said(Topic::Verification, row);
    vec![Sentence { text: told.text.clone() + &slowest.unwrap_or_default(), ..told }]
}

/// Each moment after the first one, and after the one before it.
fn measure(told: &mut [Sentence]) {
    let Some(first) = told.iter().filter_map(|sentence| sentence.at).min() else { return };
    let mut last = first;
    for sentence in told.iter_mut() {
        let Some(at) = sentence.at else { continue };
        sentence.after = Some(at.since(first));
        sentence.took = Some(at.since(last));
        last = last.max(at);
    }
}

/// How long it took until the zone had it and until every server served it.
fn total(told: &[Sentence], rows: &[HistoryEntry]) -> Option<Sentence> {
    let after = |topic: Topic| told.iter().rev().find(|sentence| sentence.about == topic)?.after;
    let written = after(Topic::Write).filter(|_| rows.iter().any(|row| row.kind == HistoryKind::Applied))?;
    let began =
        if told.iter().any(|sentence| sentence.about == Topic::Suspicion) { "first suspicion" } else { "decision" };
    let verified =
        after(Topic::Verification).map(|verified| format!("; to the end of verification: {}", fine_span(verified)));
    let text = format!("From the {began} to the written zone: {}{}.", fine_span(written), verified.unwrap_or_default());
    Some(Sentence::new(Topic::Total, text))
}
