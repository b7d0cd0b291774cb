//! `GET /api/v1/services/{name}/explanation`: why nothing happens to a service right now, and what happened lately.
//!
//! The sentences are the core's; here they are only asked for. They need no store: while it is down, what happened
//! lately is missing and says so.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use dns_api::explain::{AnswerReport, ExplanationReport, PreviewReport, SentenceReport};
use dns_core::explain::standstill::{Explanation, Scene, why_not};
use dns_core::explain::{LATELY, Sentence, in_brief};
use dns_core::fleet::Presence;
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use dns_core::kernel::Answer;
use dns_core::machine::preview::Preview;
use dns_core::saga::Around;
use dns_core::service::{Everywhere, Service};
use dns_core::write::Initiative;
use dns_service::exit::one_line;
use dns_service::http::ApiError;
use dns_store::port::{HistoryQuery, Store};

use super::report::rfc3339;
use super::{ApiState, no_service, published};
use crate::engine::snapshot::{ServiceView, Snapshot};

/// Rows of what happened lately: they fit a screen below the explanation.
const LATELY_MAX: u32 = 5;

/// How long the store may take for them: whoever asks why nothing happens must not wait for a disk.
const READ_WITHIN: Duration = Duration::from_secs(1);

pub(super) async fn explanation(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<ExplanationReport>, ApiError> {
    let snapshot = published(&state)?;
    let found = snapshot.services.iter().find(|(known, _)| known.as_str() == name);
    let found = found.map(|(known, shown)| (known, snapshot.whole(shown)));
    let (service, view) = found.ok_or_else(|| no_service(&name))?;
    let (sentences, previews) = standstill(&view, &snapshot);
    let (lately, history_error) = match lately(&*state.store, service).await {
        Ok(rows) => (rows.iter().flat_map(in_brief).collect(), None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Ok(Json(ExplanationReport {
        service: name,
        at: rfc3339(snapshot.at),
        sentences,
        previews,
        lately: self::sentences(&lately),
        history_error,
    }))
}

/// Why nothing happens, by what the engine published.
fn standstill(view: &ServiceView, snapshot: &Snapshot) -> (Vec<SentenceReport>, Vec<PreviewReport>) {
    let now = snapshot.at;
    let all = Everywhere::new(view.here().map(|here| Service::clone(&here.service)));
    let (Some(saga), Some(service), Some(actor)) = (view.memory.saga(), all, &snapshot.actor) else {
        return (vec![not_loaded(view)], Vec::new());
    };
    // The kernel is asked about one service and all others.
    let mut fleet = snapshot.fleet.clone();
    fleet.discount(&Presence::of(saga, snapshot.fleet.radius(), now));
    let fleet = fleet.with_companions(view.companions.clone());
    let around = Around { service, actor: actor.clone(), now, nonce: 0, fleet: Arc::new(fleet) };
    let scene = Scene {
        saga,
        around: &around,
        entered: view.entered,
        fault: view.fault.as_deref(),
        waits_its_turn: view.waits_its_turn,
    };
    let Explanation { sentences: told, previews } = why_not(&scene);
    (sentences(&told), previews.iter().map(preview).collect())
}

fn not_loaded(view: &ServiceView) -> SentenceReport {
    let why = view.fault.as_deref().unwrap_or("its state is being loaded from the store");
    let text = format!("Nothing can be decided for `{}`: {why}.", view.service.name);
    SentenceReport { about: "state".to_owned(), at: None, after_ms: None, took_ms: None, text }
}

async fn lately(store: &dyn Store, service: &ServiceName) -> Result<Vec<HistoryEntry>, String> {
    let query = HistoryQuery {
        service: Some(service.clone()),
        kinds: LATELY.to_vec(),
        limit: LATELY_MAX,
        ..HistoryQuery::default()
    };
    match tokio::time::timeout(READ_WITHIN, store.history(&query)).await {
        Ok(Ok(rows)) => Ok(rows.into_iter().map(|row| row.entry).collect()),
        Ok(Err(error)) => Err(one_line(&error)),
        Err(_late) => Err(format!("the store did not answer within {} s", READ_WITHIN.as_secs())),
    }
}

/// Sentences as the API tells them.
pub(super) fn sentences(told: &[Sentence]) -> Vec<SentenceReport> {
    let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let report = |sentence: &Sentence| {
        let Sentence { about, at, after, took, text } = sentence;
        SentenceReport {
            about: about.as_str().to_owned(),
            at: at.map(rfc3339),
            after_ms: after.map(ms),
            took_ms: took.map(ms),
            text: text.clone(),
        }
    };
    told.iter().map(report).collect()
}

fn preview(preview: &Preview) -> PreviewReport {
    let Preview { from, to, kind, initiative, answers } = preview;
    PreviewReport {
        kind: kind.as_str().to_owned(),
        initiative: match initiative {
            Initiative::Automatic => "automatic",
            Initiative::Manual { .. } => "manual",
        }
        .to_owned(),
        from: from.as_ref().map(ToString::to_string),
        to: to.to_string(),
        allowed: preview.obstacles().next().is_none(),
        answers: answers.iter().map(answer).collect(),
    }
}

fn answer(answer: &Answer) -> AnswerReport {
    AnswerReport {
        rule: answer.rule.to_string(),
        answer: answer.answer.as_str().to_owned(),
        why: answer.why.clone(),
        overridable: answer.rule.is_overridable(),
    }
}
