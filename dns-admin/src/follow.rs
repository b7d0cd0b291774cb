//! `--wait`: follows an order until it is verified at every place, has ended, or time is up.
//!
//! A decision is of one place. The others come after it by decisions of their own, so the service is looked at until each
//! of its places stands where the order wants it. Following only reads, so a controller that goes away for a moment, or
//! for a restart, ends nothing: the decision is in its store.

mod approving;
pub mod group;
pub mod outcome;

use std::time::Duration;

use dns_api::client::{ClientError, ControllerClient};
use dns_api::command::{Accepted, DecisionReport, DecisionStatus};
use dns_api::status::ServiceDetail;
use dns_core::identifier::ServiceName;
use dns_service::exit::Exit;
use tokio::time::Instant;

use self::approving::until_answered;
use self::outcome::{Goal, Outcome, PlaceOutcome, is_shown};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::approval::awaiting;
use crate::render::decision::{accepted, outcome, progress, still_waiting};

/// How often a decision is asked for: often enough that the last line is true, rarely enough to be nothing.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// What a controller shows is four seconds old at the most, or says so: what it shows after this is of after the decision.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// What to follow, and how.
#[derive(Debug)]
pub struct Following<'a> {
    /// Whom to ask.
    pub client: &'a ControllerClient,
    /// Where to tell.
    pub output: &'a Output,
    /// The service.
    pub service: &'a ServiceName,
    /// What the order wants of every place.
    pub goal: Goal,
    /// For how long; `None` doesn't wait at all.
    pub patience: Option<Duration>,
    /// How long the operator is ready to wait for a second person; `None` means until the order lapses.
    pub timeout: Option<Duration>,
}

impl Following<'_> {
    /// Tells what was accepted or, with patience, what became of it.
    ///
    /// # Errors
    /// If time is up or the controller doesn't know the decision.
    pub async fn tell(&self, answer: &Accepted) -> Result<Exit, Failure> {
        if let (Some(waits), None) = (&answer.awaiting_approval, self.patience) {
            self.output.answer(answer, |_| awaiting(&answer.message, waits))?;
            return Ok(Exit::AwaitingApproval);
        }
        let (Some(patience), true) = (self.patience, answer.decision.is_some() || answer.awaiting_approval.is_some())
        else {
            self.output.answer(answer, |_| accepted(answer, self.service.as_str()))?;
            return Ok(Exit::Done);
        };
        let end = self.until_over_and_done(answer, patience).await;
        self.output.progress_over();
        let end = end?;
        self.output.answer(&end, |width| outcome(&end, width))?;
        Ok(end.exit())
    }

    async fn until_over_and_done(&self, answer: &Accepted, patience: Duration) -> Result<Outcome, Failure> {
        let decision = match (&answer.decision, &answer.awaiting_approval) {
            (None, Some(waits)) => {
                self.output.aside(&awaiting(&answer.message, waits));
                until_answered(self.client, &mut News::to(self.output), waits, self.timeout).await?
            }
            (decision, _) => {
                self.output.progress(&answer.message);
                decision.clone().unwrap_or_default()
            }
        };
        self.until_end(&decision, patience).await
    }

    async fn until_end(&self, decision: &str, patience: Duration) -> Result<Outcome, Failure> {
        let deadline = Instant::now() + patience;
        let report = self.until_over(decision, patience, deadline).await?;
        if report.status == DecisionStatus::Ended && self.goal == Goal::Moved {
            // The place that was to move first did not, so there is nothing that the others could come after.
            return Ok(Outcome::of(report, self.goal, None, Vec::new()));
        }
        let (service, places) = self.until_everywhere(&report, deadline).await?;
        Ok(Outcome::of(report, self.goal, service.report.verification, places))
    }

    async fn until_over(
        &self,
        decision: &str,
        patience: Duration,
        deadline: Instant,
    ) -> Result<DecisionReport, Failure> {
        let mut last = None;
        let mut news = News::to(self.output);
        loop {
            let line = match self.client.decision(decision).await {
                Ok(report) if is_over(report.status) => return Ok(report),
                Ok(report) => {
                    let line = progress(&report);
                    last = Some(report.status);
                    line
                }
                Err(error) if is_silence(&error) => error.to_string(),
                Err(error) => return Err(error.into()),
            };
            news.tell(line);
            if Instant::now() + POLL_INTERVAL >= deadline {
                return Err(self.out_of_time(decision, last, patience));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Looks until every place stands where the order wants it, none will any more, or time is up. A service of one place
    /// is looked at once, for the times of its servers.
    async fn until_everywhere(
        &self,
        report: &DecisionReport,
        deadline: Instant,
    ) -> Result<(ServiceDetail, Vec<PlaceOutcome>), Failure> {
        let began = Instant::now();
        let mut news = News::to(self.output);
        loop {
            let is_late = Instant::now() + POLL_INTERVAL >= deadline;
            let line = match self.client.service_detail(self.service).await {
                Ok(service) => {
                    let places: Vec<PlaceOutcome> =
                        service.places.iter().map(|place| PlaceOutcome::of(place, self.goal)).collect();
                    let is_old = began.elapsed() >= SHOWN_WITHIN;
                    let is_known = is_old || is_shown(&service, &report.decision);
                    let is_settled = places.iter().all(|place| place.is_settled(self.goal, is_old));
                    if places.is_empty() || is_known && (is_settled || is_late) {
                        return Ok((service, places));
                    }
                    still_waiting(self.service.as_str(), &places)
                }
                Err(error) if is_silence(&error) && !is_late => error.to_string(),
                Err(error) => return Err(self.places_unknown(&report.decision, &error)),
            };
            news.tell(line);
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn out_of_time(&self, decision: &str, last: Option<DecisionStatus>, patience: Duration) -> Failure {
        let patience = humantime::format_duration(patience);
        let (exit, what) = match last {
            Some(DecisionStatus::Written) => {
                (Exit::Unverified, format!("written, but not verified within {patience} (decision {decision})"))
            }
            Some(_) => (Exit::Failed, format!("not written within {patience} (decision {decision}); it may still be")),
            None => (Exit::Unreachable, format!("the controller did not answer for {patience} (decision {decision})")),
        };
        Failure::new(exit, what).hint(format!("dns-admin history --follow --service {}", self.service))
    }

    fn places_unknown(&self, decision: &str, error: &ClientError) -> Failure {
        let what = format!("decision {decision} is over, and whether every place follows is not known: {error}");
        Failure::new(Exit::Unverified, what).hint(format!("dns-admin service show {}", self.service))
    }
}

/// Tells how far something is, each thing once.
#[derive(Debug)]
struct News<'a> {
    output: &'a Output,
    told: String,
}

impl<'a> News<'a> {
    fn to(output: &'a Output) -> Self {
        Self { output, told: String::new() }
    }

    fn tell(&mut self, line: String) {
        if line != self.told {
            self.output.progress(&line);
            self.told = line;
        }
    }
}

fn is_silence(error: &ClientError) -> bool {
    matches!(error, ClientError::Unreachable { .. } | ClientError::NoAnswer { .. })
}

fn is_over(status: DecisionStatus) -> bool {
    match status {
        DecisionStatus::Open | DecisionStatus::Written => false,
        DecisionStatus::Done | DecisionStatus::Unverified | DecisionStatus::Ended => true,
    }
}
