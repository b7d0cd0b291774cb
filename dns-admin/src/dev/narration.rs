//! Tells what happens as it happens: the controller's history row by row, and each move as a timeline when it is over.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_api::client::{ClientError, ControllerClient, HistoryFilter};
use dns_api::history::HistoryRowReport;
use dns_api::timeline::{Step, Timeline};

use super::configuration::VANTAGE_POINTS;
use super::installation::{Installation, Sites};
use crate::arguments::Format;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::timeline::timeline;

/// How soon a row is told: at once, to a person.
const LOOK: Duration = Duration::from_millis(100);

/// Rows that are kept for timelines: many times the rows of one move.
const KEPT_MAX: usize = 500;

/// The narrator.
pub(super) struct Narrator<'a> {
    client: ControllerClient,
    output: &'a Output,
    sites: Option<Sites>,
    rows: Vec<HistoryRowReport>,
    position: u64,
    /// Moves whose timeline was told.
    told: BTreeSet<String>,
    /// What was broken at the last look.
    broken: BTreeSet<String>,
    /// What was wrong with the store at the last look.
    store_error: Option<String>,
}

impl<'a> Narrator<'a> {
    pub(super) fn of(client: &ControllerClient, output: &'a Output) -> Self {
        let (rows, told, broken) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Self { client: client.clone(), output, sites: None, rows, position: 0, told, broken, store_error: None }
    }

    /// Knows when a region was broken, too.
    pub(super) fn with_sites(self, sites: Sites) -> Self {
        Self { sites: Some(sites), ..self }
    }

    /// Waits until both regions are proven, and puts the service under its fence.
    pub(super) async fn until_armed(&mut self, installation: &Installation) -> Result<(), Failure> {
        let mut ordered = false;
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(report) = heard(self.client.service(&installation.service).await)? else { continue };
            let proven = report.summary.regions.iter().all(|region| region.proven);
            match report.standing.as_str() {
                // Once: on a slow disk the adoption is still on its way at the next look.
                "unadopted" if proven && !ordered => {
                    installation.adopt().await?;
                    ordered = true;
                }
                "held" if report.summary.state.starts_with("steady") => return Ok(()),
                _ => {}
            }
        }
    }

    /// Passes over what happened before: a store of one's own has a past.
    pub(super) async fn skip_the_past(&mut self) -> Result<(), Failure> {
        loop {
            let newest = HistoryFilter { limit: Some(1), ..HistoryFilter::default() };
            if let Some(page) = heard(self.client.history(&newest).await)? {
                self.position = page.rows.last().map(|row| row.position).unwrap_or_default();
                return Ok(());
            }
            self.tell_store().await?;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells row after row. Ends only with a failure.
    pub(super) async fn tell_for_ever(&mut self) -> Result<(), Failure> {
        loop {
            self.tell_sites()?;
            self.tell_store().await?;
            let filter = HistoryFilter { after: Some(self.position), ..HistoryFilter::default() };
            let page = heard(self.client.history(&filter).await)?;
            for row in page.into_iter().flat_map(|page| page.rows) {
                self.tell(row)?;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What someone broke or healed, as it becomes so.
    fn tell_sites(&mut self) -> Result<(), Failure> {
        let Some(sites) = self.sites.clone() else { return Ok(()) };
        for (name, site) in sites.iter() {
            let broken = site.broken_since();
            if broken.is_some() == self.broken.contains(name) {
                continue;
            }
            let what = match (broken.is_some(), VANTAGE_POINTS.contains(&name.as_str())) {
                (true, true) => "has lost its network",
                (true, false) => "refuses connections",
                (false, true) => "has its network back",
                (false, false) => "answers again",
            };
            if broken.is_some() {
                self.broken.insert(name.clone())
            } else {
                self.broken.remove(name)
            };
            if self.output.format() == Format::Table {
                let at = broken.unwrap_or_else(jiff::Timestamp::now);
                self.output.text(&format!("{}  {name} {what}", at.strftime("%H:%M:%S%.3f")))?;
            }
        }
        Ok(())
    }

    /// Without its store a controller is silent for ever, so this says why.
    async fn tell_store(&mut self) -> Result<(), Failure> {
        let Some(list) = heard(self.client.services().await)? else { return Ok(()) };
        if list.store_error != self.store_error {
            let told = list.store_error.as_deref().map(|error| format!("the store does not work: {error}"));
            self.output.aside(&told.unwrap_or_else(|| "the store works again".to_owned()));
            self.store_error = list.store_error;
        }
        Ok(())
    }

    fn tell(&mut self, row: HistoryRowReport) -> Result<(), Failure> {
        match self.output.format() {
            Format::Json => self.output.json_line(&row)?,
            Format::Table => self.output.text(&line(&row))?,
        }
        self.position = row.position;
        self.rows.push(row);
        if self.rows.len() > KEPT_MAX {
            self.rows.remove(0);
        }
        self.tell_move()
    }

    /// A move that is over is told as a whole, once.
    fn tell_move(&mut self) -> Result<(), Failure> {
        let Some(moved) = Timeline::newest_move(&self.rows).filter(|moved| moved.total_ms().is_some()) else {
            return Ok(());
        };
        if self.output.format() == Format::Json || !self.told.insert(moved.decision.clone()) {
            return Ok(());
        }
        let moved = match self.broken_before(&moved) {
            Some(failure) => moved.begun_at(failure),
            None => moved,
        };
        // Empty lines set it apart from the rows.
        for text in ["", &timeline(&moved, self.output.width()), ""] {
            self.output.text(text)?;
        }
        Ok(())
    }

    /// When the region that was left had been broken, if that is why.
    fn broken_before(&self, moved: &Timeline) -> Option<jiff::Timestamp> {
        moved.steps.iter().find(|step| step.step == Step::Suspicion)?;
        self.sites.as_ref()?.get(moved.from.as_ref()?)?.broken_since()
    }
}

/// A controller that is still starting says nothing yet.
fn heard<T>(answer: Result<T, ClientError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ClientError::Unreachable { .. } | ClientError::NoAnswer { .. } | ClientError::Other(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The time of day is enough for someone who looks on.
fn line(row: &HistoryRowReport) -> String {
    let time = row.at.split_once('T').map_or(row.at.as_str(), |(_, time)| time.trim_end_matches('Z'));
    let page = if row.page { "PAGE " } else { "" };
    format!("{time}  {}  {page}{}", row.service, row.summary)
}
