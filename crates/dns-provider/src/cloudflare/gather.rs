//! Reads that come together share one listing of their zone.
//!
//! A few reads of a zone go each for itself, name by name. While these are under way, others wait together, and one task
//! lists the zone for all of them if that takes fewer calls; whoever comes after a listing began waits for the next one,
//! so no read is answered with what was seen before it was asked. Urgent reads wait only for urgent ones.
//!
//! The zone is listed twice, and a view counts if both listings show the same. A fence never returns to an old text, so
//! between the two, where both hold, the records belong to the fence, though the pages of one listing are no snapshot. A
//! read whose names did change goes name by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dns_core::zone::{ReadRequest, ZoneView};
use hickory_proto::rr::Name;
use tokio::sync::oneshot;

use super::api::{Api, Place, Places};
use super::listing::{self, Names};
use crate::port::{ProviderError, Urgency};
use crate::whole_names::{consistent, view};

/// Reads of one zone that go each for itself at a time: a flip's services are read at once, and a thousand are not.
const ALONE_MAX: usize = 4;

/// How often a zone is listed for one answer: before and after.
const LISTINGS: usize = 2;

type Answer = Result<ZoneView, ProviderError>;

/// The reads under way, by zone.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathering(Arc<Mutex<BTreeMap<Lane, Traffic>>>);

/// Reads that can share a listing.
type Lane = (Name, Urgency);

#[derive(Debug)]
struct Traffic {
    alone: usize,
    /// As long as there are callers.
    waiting: Vec<Waiting>,
    has_lister: bool,
    /// Of the zone, as far as is known.
    pages: usize,
}

#[derive(Debug)]
struct Waiting {
    request: ReadRequest,
    answer: oneshot::Sender<Answer>,
}

enum Entry {
    Alone(Passage),
    Together { answer: oneshot::Receiver<Answer>, lister: Option<Lister> },
}

/// A read that goes for itself; it ends with this.
struct Passage {
    gathering: Gathering,
    lane: Lane,
}

/// The task that answers those who wait; another one can begin when it ends, however it does.
struct Lister {
    gathering: Gathering,
    lane: Lane,
    has_ended: bool,
}

impl Gathering {
    pub(super) async fn read(&self, api: &Api, place: Place, request: &ReadRequest, urgency: Urgency) -> Answer {
        match self.enter(&place, request, urgency) {
            Entry::Alone(_passage) => {
                let places = Places::one_by_one(urgency);
                consistent(&Names { api, place: &place, places }, request).await
            }
            Entry::Together { answer, lister } => {
                if let Some(lister) = lister {
                    tokio::spawn(lister.run(api.clone(), place));
                }
                let ended = |_| ProviderError::Transient {
                    subject: api.subject(),
                    reason: "the read was given up with the process".to_owned(),
                };
                answer.await.map_err(ended)?
            }
        }
    }

    fn enter(&self, place: &Place, request: &ReadRequest, urgency: Urgency) -> Entry {
        let lane = (place.zone.clone(), urgency);
        let mut all = self.lock();
        let traffic = all.entry(lane.clone()).or_default();
        if traffic.alone < ALONE_MAX {
            traffic.alone += 1;
            return Entry::Alone(Passage { gathering: self.clone(), lane });
        }
        let (sender, answer) = oneshot::channel();
        traffic.waiting.push(Waiting { request: request.clone(), answer: sender });
        let begins = !std::mem::replace(&mut traffic.has_lister, true);
        Entry::Together { answer, lister: begins.then(|| Lister { gathering: self.clone(), lane, has_ended: false }) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Lane, Traffic>> {
        // Every holder leaves whole values behind at every point.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lister {
    async fn run(mut self, api: Api, place: Place) {
        let urgency = self.lane.1;
        while let Some((waiting, pages)) = self.take() {
            let waiting: Vec<Waiting> = waiting.into_iter().filter(|waiting| !waiting.answer.is_closed()).collect();
            let alone: usize = waiting.iter().map(|waiting| calls_alone(&waiting.request)).sum();
            let names = Names { api: &api, place: &place, places: Places::one_by_one(urgency) };
            if waiting.len() > 1 && LISTINGS * pages < alone {
                self.answer_together(waiting, &names).await;
            } else {
                answer_each(waiting, &names).await;
            }
        }
    }

    /// Those who wait. `None` ends the task, in the same moment in which the next caller has to begin another.
    fn take(&mut self) -> Option<(Vec<Waiting>, usize)> {
        let mut all = self.gathering.lock();
        let traffic = all.get_mut(&self.lane)?;
        if traffic.waiting.is_empty() {
            traffic.has_lister = false;
            self.has_ended = true;
            return None;
        }
        Some((std::mem::take(&mut traffic.waiting), traffic.pages))
    }

    async fn answer_together(&self, waiting: Vec<Waiting>, names: &Names<'_>) {
        let subject = names.api.subject();
        let before = match listing::zone(names.api, names.place, &names.places).await {
            Ok((records, pages)) => {
                self.note(pages);
                waiting.iter().map(|waiting| view(&records, &waiting.request, &subject).ok()).collect::<Vec<_>>()
            }
            Err(error) => return refuse_all(waiting, &error),
        };
        let after = match listing::zone(names.api, names.place, &names.places).await {
            Ok((records, _)) => records,
            Err(error) => return refuse_all(waiting, &error),
        };
        let mut restless = Vec::new();
        for (waiting, before) in waiting.into_iter().zip(before) {
            match view(&after, &waiting.request, &subject) {
                Ok(after) if Some(&after) == before.as_ref() => drop(waiting.answer.send(Ok(after))),
                Ok(_) | Err(_) => restless.push(waiting),
            }
        }
        answer_each(restless, names).await;
    }

    fn note(&self, pages: usize) {
        if let Some(traffic) = self.gathering.lock().get_mut(&self.lane) {
            traffic.pages = pages;
        }
    }
}

impl Drop for Lister {
    /// Also when it was cancelled: those who wait must not wait for nobody.
    fn drop(&mut self) {
        if self.has_ended {
            // The next one may have begun.
            return;
        }
        if let Some(traffic) = self.gathering.lock().get_mut(&self.lane) {
            traffic.has_lister = false;
            traffic.waiting.clear();
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(traffic) = self.gathering.lock().get_mut(&self.lane) {
            traffic.alone -= 1;
        }
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self { alone: 0, waiting: Vec::new(), has_lister: false, pages: 1 }
    }
}

/// The fence twice, and each name.
fn calls_alone(request: &ReadRequest) -> usize {
    let names: std::collections::BTreeSet<&Name> = request.keys.iter().map(dns_core::rrset::RrsetKey::name).collect();
    2 + names.len()
}

async fn answer_each(waiting: Vec<Waiting>, names: &Names<'_>) {
    for Waiting { request, answer } in waiting {
        // One after the other takes its time, and calls are few.
        if answer.is_closed() {
            continue;
        }
        drop(answer.send(consistent(names, &request).await));
    }
}

fn refuse_all(waiting: Vec<Waiting>, error: &ProviderError) {
    for waiting in waiting {
        drop(waiting.answer.send(Err(repeated(error))));
    }
}

/// The same error for another caller.
fn repeated(error: &ProviderError) -> ProviderError {
    let (subject, reason) = match error {
        ProviderError::Throttled { subject, reason, retry_after } => {
            let (subject, reason, retry_after) = (subject.clone(), reason.clone(), *retry_after);
            return ProviderError::Throttled { subject, reason, retry_after };
        }
        ProviderError::Denied { subject, reason } => {
            return ProviderError::Denied { subject: subject.clone(), reason: reason.clone() };
        }
        ProviderError::Transient { subject, reason } | ProviderError::OutcomeUnknown { subject, reason } => {
            (subject.clone(), reason.clone())
        }
        ProviderError::Conflict { zone, reason } => (zone.clone(), reason.clone()),
        ProviderError::Invalid { subject, record: _, reason } => (subject.clone(), reason.clone()),
    };
    ProviderError::Transient { subject, reason }
}

#[cfg(test)]
mod tests;
