//! Alarms: what somebody else has changed at a target, told together with what the provider tells of it.
//!
//! ```text
//!   found ─┬─▶ report and counter, at once
//!          └─▶ the provider is asked, in a task of its own ─▶ log, and the report says who
//! ```
//!
//! No push waits for that answer, and nothing fails with it: whatever is not known in time is told to be looked for by a person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_api::sync::{AttributionBasis, AttributionReport};
use dns_core::identifier::ProviderName;
use dns_provider::zones::{Attribution, Basis, ZoneTarget};
use dns_service::exit::one_line;
use dns_zone::{Drifted, Next, Owner, SetKey};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::signs::{TargetSign, date};
use crate::place::Place;

/// How long the log waits for what the provider tells: twenty calls of a slow API.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How many sets of one finding the provider is asked about. More than these are one event, and each may cost a call.
const ASKED_MAX: usize = 20;

/// The alarms of one target.
pub(super) struct Alarms {
    teller: Teller,
    asking: JoinSet<()>,
}

/// What an alarm is told with.
#[derive(Clone)]
struct Teller {
    holder: Arc<dyn ZoneTarget>,
    zone: Owner,
    target: ProviderName,
    sign: TargetSign,
    /// When nobody waits for an answer any more.
    hurry: CancellationToken,
}

impl Alarms {
    pub(super) fn new(place: &Place, zone: &Owner, sign: TargetSign) -> Self {
        let (holder, target) = (Arc::clone(&place.holder), place.name.clone());
        let teller = Teller { holder, zone: zone.clone(), target, sign, hurry: CancellationToken::new() };
        Self { teller, asking: JoinSet::new() }
    }

    /// Tells of sets that were found to be somebody else's for the first time.
    pub(super) fn raise(&mut self, found: Vec<Drifted>) {
        while self.asking.try_join_next().is_some() {}
        if !found.is_empty() {
            self.asking.spawn(self.teller.clone().tell(found));
        }
    }

    /// Tells what was raised and is not told yet, without waiting for the provider: it is the end.
    pub(super) async fn tell_all(&mut self) {
        self.teller.hurry.cancel();
        while self.asking.join_next().await.is_some() {}
    }
}

impl Teller {
    async fn tell(self, found: Vec<Drifted>) {
        let told = self.ask(&found).await;
        let Self { holder, zone, target, sign, hurry: _ } = &self;
        for one in &found {
            let report = report(told.get(&one.change.key), holder.trail());
            let who = &report.text;
            match one.next {
                Next::Hold => error!(%zone, provider = %target, "{one}; {who}"),
                Next::Nothing | Next::Wait | Next::Keep | Next::Repair | Next::Believe => {
                    warn!(%zone, provider = %target, "{one}; {who}");
                }
            }
            sign.attributed(one, report);
        }
    }

    /// Of each set that the provider could be asked about, what it tells. What is written over at once is none of these: the answer
    /// would tell of us.
    async fn ask(&self, found: &[Drifted]) -> BTreeMap<SetKey, Option<Attribution>> {
        let others = found.iter().filter(|one| one.next != Next::Repair).take(ASKED_MAX);
        let keys: BTreeSet<SetKey> = others.map(|one| one.change.key.clone()).collect();
        if keys.is_empty() {
            return BTreeMap::new();
        }
        let Self { holder, zone, target, hurry, .. } = self;
        let answer = timeout(ANSWER_WITHIN, holder.attribution(zone, &keys));
        match hurry.run_until_cancelled(answer).await {
            Some(Ok(Ok(mut told))) => keys.into_iter().map(|key| (key.clone(), told.remove(&key))).collect(),
            Some(Ok(Err(error))) => {
                debug!(%zone, provider = %target, error = one_line(&error), "cannot be asked who has changed it");
                BTreeMap::new()
            }
            None | Some(Err(_)) => BTreeMap::new(),
        }
    }
}

/// For people and programs, of a set that the provider was asked about or not. A person is sent on wherever it names nobody
/// who has made the change.
fn report(answer: Option<&Option<Attribution>>, trail: &str) -> AttributionReport {
    let nothing = |why: &str| {
        let text = format!("{why} who did it: look in {trail}");
        AttributionReport { text, basis: None, at: None, by: None, note: None }
    };
    let told = match answer {
        None => return nothing("the provider was not asked, or did not answer,"),
        Some(None) => return nothing("the provider does not tell"),
        Some(Some(told)) => told,
    };
    let Attribution { basis, at, by, note } = told;
    let text = match (basis, by) {
        (Basis::Comment, Some(_)) => told.to_string(),
        (Basis::Records | Basis::Comment | Basis::File, _) => format!("{told}; who did it: look in {trail}"),
    };
    AttributionReport {
        text,
        basis: Some(match basis {
            Basis::Records => AttributionBasis::Records,
            Basis::Comment => AttributionBasis::Comment,
            Basis::File => AttributionBasis::File,
        }),
        at: at.map(date),
        by: by.as_ref().map(ToString::to_string),
        note: note.as_ref().map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests;
