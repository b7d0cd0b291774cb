//! What an evacuation would do: every service is asked, and what they say is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_api::evacuation::{EvacuationPreview, ForecastReport, Reasons};
use dns_core::evacuation::forecast::{Forecast, Question, forecast};
use dns_core::evacuation::{Objection, wave_sizes};
use dns_core::fleet::Fleet;
use dns_core::identifier::{ProviderName, RegionName};
use dns_core::saga::Around;
use dns_core::service::{Everywhere, Service};

use super::impact::Effort;
use crate::api::report::objections;
use crate::engine::snapshot::{ServiceView, Snapshot};
use crate::providers::allowance::Allowance;

/// Asks every service.
pub(super) fn preview(
    question: &Question,
    wave_max: Option<usize>,
    snapshot: &Snapshot,
    allowances: &BTreeMap<ProviderName, Allowance>,
) -> EvacuationPreview {
    let mut told = Told::default();
    let fleet = Arc::new(snapshot.fleet.clone());
    let mut effort = Effort::default();
    for (name, view) in snapshot.views() {
        let fleet = match &view.companions {
            Some(companions) => Arc::new(Fleet::clone(&fleet).with_companions(Some(Arc::clone(companions)))),
            None => Arc::clone(&fleet),
        };
        let Some(around) = around(&view, snapshot, &fleet) else {
            told.stays(name.as_str(), "notLoaded", "its state is not loaded from the store".to_owned());
            continue;
        };
        let Some(saga) = view.memory.saga() else { continue };
        match forecast(question, saga, &around) {
            Forecast::Moves { to } => {
                effort.count(&around.service, &question.region, to.as_ref());
                told.moves(name.as_str(), to.as_ref());
            }
            Forecast::Held(objections) => told.held(name.as_str(), &objections),
            Forecast::Elsewhere(active) => told.stays(name.as_str(), "elsewhere", format!("it is in `{active}`")),
            Forecast::Observes => told.stays(name.as_str(), "observes", "it only observes".to_owned()),
            Forecast::Unknown => {
                told.stays(name.as_str(), "unknown", "which region it is in is not known".to_owned());
            }
        }
    }
    let waves = wave_sizes(told.moving, wave_max);
    EvacuationPreview {
        region: question.region.to_string(),
        to: question.to.as_ref().map(ToString::to_string),
        moving: told.moving,
        held: told.held_by.values().map(|reasons| reasons.count).sum(),
        staying: told.staying_as.values().map(|reasons| reasons.count).sum(),
        providers: effort.of_waves(&waves, allowances),
        waves,
        held_by: most_first(told.held_by),
        staying_as: most_first(told.staying_as),
        services: told.services,
    }
}

fn around(view: &ServiceView, snapshot: &Snapshot, fleet: &Arc<Fleet>) -> Option<Around> {
    let service = Everywhere::new(view.here().map(|here| Service::clone(&here.service)))?;
    view.memory.saga()?;
    let actor = snapshot.actor.clone()?;
    Some(Around { service, actor, now: snapshot.at, nonce: 0, fleet: Arc::clone(fleet) })
}

/// What services have said.
#[derive(Default)]
struct Told {
    moving: usize,
    held_by: BTreeMap<String, Reasons>,
    staying_as: BTreeMap<String, Reasons>,
    services: Vec<ForecastReport>,
}

impl Told {
    fn moves(&mut self, service: &str, to: Option<&RegionName>) {
        self.moving += 1;
        let to = to.map(ToString::to_string);
        self.services.push(ForecastReport { to, ..said(service, "moves") });
    }

    fn held(&mut self, service: &str, why: &[Objection]) {
        let rejections = objections(why);
        if let Some(first) = rejections.first() {
            add(&mut self.held_by, &first.rule, service, &first.reason, first.overridable);
        }
        self.services.push(ForecastReport { rejections, ..said(service, "held") });
    }

    /// Those that are elsewhere are no part of it, and only counted.
    fn stays(&mut self, service: &str, word: &str, why: String) {
        add(&mut self.staying_as, word, service, &why, false);
        if word != "elsewhere" {
            self.services.push(ForecastReport { why: Some(why), ..said(service, "stays") });
        }
    }
}

fn said(service: &str, outcome: &str) -> ForecastReport {
    let (service, outcome) = (service.to_owned(), outcome.to_owned());
    ForecastReport { service, outcome, to: None, why: None, rejections: Vec::new() }
}

fn add(all: &mut BTreeMap<String, Reasons>, what: &str, service: &str, why: &str, overridable: bool) {
    let (service, why) = (service.to_owned(), why.to_owned());
    let first = || Reasons { what: what.to_owned(), count: 0, service, why, overridable };
    all.entry(what.to_owned()).or_insert_with(first).count += 1;
}

fn most_first(all: BTreeMap<String, Reasons>) -> Vec<Reasons> {
    let mut all: Vec<Reasons> = all.into_values().collect();
    all.sort_by_key(|reasons| std::cmp::Reverse(reasons.count));
    all
}
