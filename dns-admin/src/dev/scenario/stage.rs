//! Where a scenario plays: what it can see and do, and what it has told and checked so far.

use std::net::SocketAddr;
use std::time::Duration;

use dns_api::client::{ClientError, HistoryFilter};
use dns_api::history::HistoryRowReport;
use dns_api::problem::Problem;
use dns_api::status::{ServiceReport, ServiceSummary};
use dns_api::timeline::Timeline;
use dns_service::exit::Exit;
use hickory_proto::rr::{Name, RecordType};
use tokio::time::Instant;

use super::Story;
use super::report::{Check, ScenarioReport, Told};
use crate::dev::configuration::{SERVICE, ZONE};
use crate::dev::installation::Installation;
use crate::dev::site::Condition;
use crate::failure::Failure;
use crate::output::Output;

/// How often something is looked at that is waited for: fine enough for stories in tenths of a second.
const LOOK: Duration = Duration::from_millis(50);

/// How long something may take to come about: ten times what the built-in intervals need.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a question to an authoritative server may take: it is in the same process.
const QUESTION: Duration = Duration::from_secs(2);

/// More rows than a scenario makes.
const ROWS_MAX: u32 = 1000;

/// The address that the guarded name has in each region, as an authoritative server answers it.
pub(super) const IN_PROD: &str = "127.0.0.11";
/// As [`IN_PROD`].
pub(super) const IN_DR: &str = "127.0.0.12";

/// The stage.
pub(super) struct Stage<'a> {
    pub(super) at: &'a Installation,
    output: &'a Output,
    began: Instant,
    told: Vec<Told>,
    checks: Vec<Check>,
    timelines: Vec<Timeline>,
}

impl<'a> Stage<'a> {
    pub(super) fn of(at: &'a Installation, output: &'a Output) -> Self {
        let (told, checks, timelines) = (Vec::new(), Vec::new(), Vec::new());
        Self { at, output, began: Instant::now(), told, checks, timelines }
    }

    /// Tells what was done or seen, with when.
    pub(super) fn tell(&mut self, text: impl Into<String>) {
        let (since, text) = (self.began.elapsed(), text.into());
        self.output.aside(&format!("{:6.2} s  {text}", since.as_secs_f64()));
        let offset_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.told.push(Told { offset_ms, text });
    }

    /// Compares what was expected with what was found.
    pub(super) fn check(&mut self, expected: &str, as_expected: bool, happened: impl Into<String>) {
        self.checks.push(Check { expected: expected.to_owned(), happened: happened.into(), as_expected });
    }

    /// Waits until everything is healthy, and puts the service under its fence.
    pub(super) async fn prepare(&mut self) -> Result<(), Failure> {
        self.tell(format!("everything has started; page and API: {}", self.at.page));
        self.until("both regions are proven", async |stage| {
            let summary = stage.summary().await?;
            Ok(summary.regions.iter().all(|region| region.proven).then_some(()))
        })
        .await?;
        self.at.adopt().await?;
        self.until("the records are under the fence", async |stage| {
            let report = stage.service().await?;
            let verified = report.verification.is_some_and(|verification| !verification.running);
            Ok((report.standing == "held" && verified).then_some(()))
        })
        .await?;
        self.until_state("steady on the preferred region").await?;
        self.tell("checkout is served from prod, dr has proven itself, and the records are under a fence");
        Ok(())
    }

    /// Breaks something.
    pub(super) async fn break_down(&mut self, name: &str) -> Result<jiff::Timestamp, Failure> {
        self.at.switch(name, Condition::Broken).await
    }

    /// Heals something.
    pub(super) async fn heal(&mut self, name: &str) -> Result<jiff::Timestamp, Failure> {
        self.at.switch(name, Condition::Answering).await
    }

    /// Looks again and again until there is something to see.
    ///
    /// # Errors
    /// If it takes too long, with what was waited for.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        look: impl AsyncFn(&Self) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match look(self).await {
                Ok(Some(seen)) => return Ok(seen),
                Ok(None) => {}
                Err(failure) if is_starting(&failure) => {}
                Err(failure) => return Err(failure),
            }
            if Instant::now() >= deadline {
                let state = self.summary().await.map_or_else(|failure| failure.what, |summary| format!("{summary:?}"));
                let what = format!("waited {} s in vain until {what}", PATIENCE.as_secs());
                return Err(Failure::new(Exit::Failed, what).hint(format!("the service at that time: {state}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits for something that comes about by itself.
    pub(super) async fn within<T>(&self, what: &str, happens: impl Future<Output = T>) -> Result<T, Failure> {
        let happened = tokio::time::timeout(PATIENCE, happens).await;
        happened
            .map_err(|_| Failure::new(Exit::Failed, format!("waited {} s in vain until {what}", PATIENCE.as_secs())))
    }

    /// Waits for a state of the machine.
    pub(super) async fn until_state(&self, state: &str) -> Result<(), Failure> {
        let is_so = async |stage: &Self| Ok((stage.summary().await?.state == state).then_some(()));
        self.until(&format!("checkout is {state}"), is_so).await
    }

    /// Waits for a history row of a kind after a position.
    pub(super) async fn until_row(&self, kind: &str, after: u64) -> Result<HistoryRowReport, Failure> {
        let find = async |stage: &Self| {
            let rows = stage.rows().await?;
            Ok(rows.into_iter().find(|row| row.kind == kind && row.position > after))
        };
        self.until(&format!("history tells `{kind}`"), find).await
    }

    /// Waits until the next move after a position has arrived everywhere, and keeps its timeline.
    pub(super) async fn until_moved(
        &mut self,
        after: u64,
        failure: Option<jiff::Timestamp>,
    ) -> Result<Timeline, Failure> {
        let timeline = self
            .until("the move is served by every authoritative server", async |stage| {
                let rows: Vec<_> = stage.rows().await?.into_iter().filter(|row| row.position > after).collect();
                Ok(Timeline::newest_move(&rows).filter(|timeline| timeline.total_ms().is_some()))
            })
            .await?;
        let timeline = failure.into_iter().fold(timeline, Timeline::begun_at);
        self.timelines.push(timeline.clone());
        Ok(timeline)
    }

    /// Looks at everything for a while and reports the first time that an authoritative server answers otherwise.
    pub(super) async fn answers_stay(&self, address: &str, length: Duration) -> Result<bool, Failure> {
        let end = Instant::now() + length;
        while Instant::now() < end {
            if self.answers().await?.iter().any(|answer| answer != address) {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(true)
    }

    /// Looks for a while whether a vantage point has had a bad run of an endpoint that it holds for healthy.
    pub(super) async fn sees_contradiction(&self, length: Duration) -> Result<bool, Failure> {
        let end = Instant::now() + length;
        let mut seen = false;
        while Instant::now() < end {
            let regions = self.service().await?.regions;
            let mut votes = regions.iter().flat_map(|region| &region.endpoints).flat_map(|endpoint| &endpoint.votes);
            seen |= votes.any(|vote| vote.vote == "healthy" && vote.error.is_some());
            tokio::time::sleep(LOOK).await;
        }
        Ok(seen)
    }

    /// The address that each authoritative server answers for the guarded name now, asked by DNS.
    pub(super) async fn answers(&self) -> Result<Vec<String>, Failure> {
        let mut answers = Vec::new();
        for server in self.at.servers {
            answers.push(ask(server, &format!("api.{ZONE}."), RecordType::A).await?);
        }
        Ok(answers)
    }

    /// The fence as the primary serves it, asked by DNS.
    pub(super) async fn fence(&self) -> Result<String, Failure> {
        let [primary, _] = self.at.servers;
        ask(primary, &format!("_{SERVICE}._failover.{ZONE}."), RecordType::TXT).await
    }

    /// Checks what every authoritative server answers.
    pub(super) async fn check_answers(&mut self, expected: &str, address: &str) -> Result<(), Failure> {
        let answers = self.answers().await?;
        let as_expected = answers.iter().all(|answer| answer == address);
        let found = match answers.as_slice() {
            [one, other] if one == other => format!("api.{ZONE} is {one} at both authoritative servers"),
            _ => format!("api.{ZONE} is {} at the primary and its secondary", answers.join(" and ")),
        };
        self.check(expected, as_expected, found);
        Ok(())
    }

    /// Checks how often the service has moved since an epoch.
    pub(super) async fn check_moves(&mut self, expected: &str, before: u64, moves: u64) -> Result<(), Failure> {
        let epoch = self.epoch().await?;
        let happened = match epoch {
            epoch if epoch == before => format!("the fence's epoch, which counts moves, stayed {before}"),
            epoch => format!("the fence's epoch, which counts moves, went from {before} to {epoch}"),
        };
        self.check(expected, epoch == before + moves, happened);
        Ok(())
    }

    /// The fence's epoch: it counts moves.
    pub(super) async fn epoch(&self) -> Result<u64, Failure> {
        Ok(self.service().await?.fence.map(|fence| fence.epoch).unwrap_or_default())
    }

    pub(super) async fn service(&self) -> Result<ServiceReport, Failure> {
        Ok(self.at.client.service(&self.at.service).await?)
    }

    pub(super) async fn summary(&self) -> Result<ServiceSummary, Failure> {
        Ok(self.service().await?.summary)
    }

    /// All history.
    pub(super) async fn rows(&self) -> Result<Vec<HistoryRowReport>, Failure> {
        let filter = HistoryFilter { after: Some(0), limit: Some(ROWS_MAX), ..HistoryFilter::default() };
        Ok(self.at.client.history(&filter).await?.rows)
    }

    /// The position of the newest row.
    pub(super) async fn position(&self) -> Result<u64, Failure> {
        Ok(self.rows().await?.last().map(|row| row.position).unwrap_or_default())
    }

    /// Whether vantage points have a sight: `sighted` or `blind`.
    pub(super) async fn until_sight(&self, names: &[&str], sight: &str) -> Result<(), Failure> {
        let what = format!("{} {sight}", names.join(" and "));
        self.until(&what, async |stage| {
            let list = stage.at.client.services().await.map_err(|error: ClientError| Failure::from(error))?;
            let mut found = list.vantage_points.iter().filter(|vantage| names.contains(&vantage.name.as_str()));
            Ok(found.all(|vantage| vantage.sight == sight).then_some(()))
        })
        .await
    }

    /// Ends the story.
    pub(super) async fn report(&mut self, story: &Story) -> Result<ScenarioReport, Failure> {
        Ok(ScenarioReport {
            scenario: story.name.to_owned(),
            story: story.text.to_owned(),
            as_expected: self.checks.iter().all(|check| check.as_expected),
            took_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            checks: std::mem::take(&mut self.checks),
            events: std::mem::take(&mut self.told),
            timelines: std::mem::take(&mut self.timelines),
            history: self.rows().await?,
        })
    }
}

/// Whether the controller does not answer yet, or not yet with anything.
fn is_starting(failure: &Failure) -> bool {
    let unavailable = |problem: &Problem| problem.status == 503;
    failure.exit == Exit::Unreachable || failure.problem.as_ref().is_some_and(unavailable)
}

async fn ask(server: SocketAddr, name: &str, rtype: RecordType) -> Result<String, Failure> {
    let name = Name::from_ascii(name).expect("invariant: the built-in names are names");
    let query = dns_wire::query(fastrand::u16(..), &name, rtype);
    let wire = query.to_vec().map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let answer = dns_wire::udp_then_tcp(server, &wire, QUESTION).await;
    let answer = answer.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let records: Vec<String> = answer.message.answers.iter().map(|record| record.data.to_string()).collect();
    Ok(if records.is_empty() { "nothing".to_owned() } else { records.join(" ") })
}
