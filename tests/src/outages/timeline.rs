//! Reading timelines: a line each for what happens, after the minute and second at which it does.
//!
//! ```text
//! # What is told, and by whom it was told first.
//! providers main second
//! controllers controller-1 controller-2
//! gates dr
//! 00:10 fra1 lon1 see prod failing: connection timed out
//! 00:20 gate dr says no: lagSeconds 312, at most 5
//! 00:40 provider main denies: 403 Forbidden
//! 01:00 controller-1 stops before sending
//! 02:00 order controller-2 pause: we look into it
//! 03:00 ends
//! ```
//!
//! Without more it is about one service, `checkout`. `services shop 24` makes it `shop-01` to `shop-24`, and a line may say
//! which of them it is about: `of shop-03` or `of shop-03 to shop-07`.
//!
//! ```text
//! 00:10 all see prod failing of shop-01 to shop-12: connection timed out
//! 00:50 explain controller-1 of shop-12
//! ```

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// A timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The names of the providers, in order.
    pub providers: Vec<String>,
    /// The names of the controllers.
    pub controllers: Vec<String>,
    /// The regions that have a gate.
    pub gates: Vec<String>,
    /// The names of the services, in order.
    pub services: Vec<String>,
    /// What happens, in order of time.
    pub lines: Vec<Line>,
    /// When it is over.
    pub length: Duration,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Line {
    /// When, from the beginning.
    pub at: Duration,
    /// As it was written.
    pub text: String,
    /// To which services.
    pub of: Of,
    /// What.
    pub event: Event,
}

/// The services that a line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// All there are.
    All,
    /// From one to another; names of as many digits are in order.
    These(String, String),
}

impl Of {
    /// Whether a service is one of them.
    pub fn includes(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(first, last) => (first.as_str()..=last.as_str()).contains(&name),
        }
    }

    /// The services that the words before a colon end with, and the words before them.
    fn split(words: &str) -> (&str, Self) {
        let Some((before, named)) = words.rsplit_once(" of ") else { return (words, Self::All) };
        let (first, last) = named.split_once(" to ").unwrap_or((named, named));
        (before, Self::These(first.to_owned(), last.to_owned()))
    }
}

/// How a vantage point sees a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Every run is good.
    Healthy,
    /// Runs fail, too few in a row to count.
    Wavering,
    /// It counts as failing.
    Failing,
}

impl Seen {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "healthy" => Some(Self::Healthy),
            "wavering" => Some(Self::Wavering),
            "failing" => Some(Self::Failing),
            _ => None,
        }
    }
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Vantage points see a region so; with what their probes say.
    See {
        /// Who.
        vantages: Vec<String>,
        /// What of.
        region: String,
        /// How.
        health: Seen,
        /// What failed probes say.
        error: Option<String>,
    },
    /// Vantage points doubt themselves, and why; `None` means no more.
    Blind(Vec<String>, Option<String>),
    /// Vantage points are not heard, or are again.
    Silent(Vec<String>, bool),
    /// A provider gets into a mood, with what it says.
    Provider(String, String, String),
    /// The gate of a region says yes, no or nothing, with its words.
    Gate(String, String, String),
    /// Something befalls a controller.
    Controller(String, String),
    /// An operator gives an order to a controller: words, and the reason.
    Order(String, Vec<String>, String),
    /// Somebody asks a controller why nothing happens.
    Explain(String),
    /// Somebody does something to a zone past every fence.
    Hand(String, Vec<String>),
    /// Nothing: a remark for whoever reads.
    Note,
}

impl Timeline {
    /// Reads a text.
    ///
    /// # Errors
    /// The first line that cannot be understood, with its number.
    pub fn parse(text: &str) -> Result<Self> {
        let (providers, controllers, gates, lines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let services = vec!["checkout".to_owned()];
        let mut timeline = Self { providers, controllers, gates, services, lines, length: Duration::ZERO };
        for (number, line) in text.lines().enumerate() {
            timeline.take(line.trim()).with_context(|| format!("line {}: `{line}`", number + 1))?;
        }
        ensure!(!timeline.providers.is_empty(), "no line says which `providers` there are");
        ensure!(!timeline.controllers.is_empty(), "no line says which `controllers` there are");
        ensure!(timeline.length > Duration::ZERO, "no line says when it `ends`");
        Ok(timeline)
    }

    fn take(&mut self, line: &str) -> Result<()> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let names = |rest: &str| rest.split_whitespace().map(str::to_owned).collect();
        if let Some(rest) = line.strip_prefix("providers ") {
            self.providers = names(rest);
        } else if let Some(rest) = line.strip_prefix("controllers ") {
            self.controllers = names(rest);
        } else if let Some(rest) = line.strip_prefix("gates ") {
            self.gates = names(rest);
        } else if let Some(rest) = line.strip_prefix("services ") {
            self.services = numbered(rest)?;
        } else {
            let (time, what) = line.split_once(' ').context("a time and what happens then")?;
            self.add(parse_time(time)?, what.trim())?;
        }
        Ok(())
    }

    fn add(&mut self, at: Duration, what: &str) -> Result<()> {
        let last = self.lines.last().map_or(Duration::ZERO, |line| line.at);
        ensure!(at >= last, "it is earlier than the line before");
        if what == "ends" {
            self.length = at;
        } else {
            let (words, said) = what.split_once(": ").map_or((what, None), |(words, said)| (words, Some(said)));
            let (words, of) = Of::split(words);
            let event = Event::parse(words, said.map(str::to_owned))?;
            self.lines.push(Line { at, text: what.to_owned(), of, event });
        }
        Ok(())
    }
}

/// So many services of a name, each with its number.
fn numbered(text: &str) -> Result<Vec<String>> {
    let (name, count) = text.split_once(' ').context("services are NAME COUNT")?;
    let count: u8 = count.parse().context("services are NAME COUNT")?;
    ensure!((2..100).contains(&count), "there can be 2 to 99 services");
    Ok((1..=count).map(|number| format!("{name}-{number:02}")).collect())
}

fn parse_time(text: &str) -> Result<Duration> {
    let (minutes, seconds) = text.split_once(':').context("the time is MINUTES:SECONDS")?;
    Ok(Duration::from_secs(minutes.parse::<u64>()? * 60 + seconds.parse::<u64>()?))
}

/// A time as timelines write it.
pub fn time_text(at: Duration) -> String {
    format!("{:02}:{:02}", at.as_secs() / 60, at.as_secs() % 60)
}

impl Event {
    fn parse(words: &str, said: Option<String>) -> Result<Self> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let event = match words.as_slice() {
            ["note"] => Self::Note,
            ["provider", name, mood @ ..] => {
                Self::Provider((*name).to_owned(), mood.join(" "), said.unwrap_or_default())
            }
            ["order", name, order @ ..] => Self::Order((*name).to_owned(), owned(order), said.context("a reason")?),
            ["gate", region, "says", word] => {
                Self::Gate((*region).to_owned(), (*word).to_owned(), said.context("the gate's words")?)
            }
            ["explain", name] => Self::Explain((*name).to_owned()),
            ["hand", name, deed @ ..] => Self::Hand((*name).to_owned(), owned(deed)),
            [vantages @ .., "see", region, health] => Self::See {
                vantages: owned(vantages),
                region: (*region).to_owned(),
                health: Seen::parse(health).context("a region is seen healthy, wavering or failing")?,
                error: said,
            },
            [vantages @ .., "blind"] => Self::Blind(owned(vantages), Some(said.context("why it is blind")?)),
            [vantages @ .., "sighted"] => Self::Blind(owned(vantages), None),
            [vantages @ .., "silent"] => Self::Silent(owned(vantages), true),
            [vantages @ .., "heard"] => Self::Silent(owned(vantages), false),
            [name, fate @ ..] if name.starts_with("controller-") => {
                Self::Controller((*name).to_owned(), fate.join(" "))
            }
            _ => bail!("nobody knows what that means"),
        };
        Ok(event)
    }
}
