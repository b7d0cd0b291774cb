//! One vantage point's watch of one endpoint: probes at fixed times, `fall` and `rise` in a row, without taking the runs one
//! by one.
//!
//! What a run finds follows from when it runs: the endpoint answers then or it does not, and the run is lost on the way or
//! it is not. While all runs confirm the verdict, nothing changes but how long the row is, so whole years of them are taken
//! at once. The rules are those of `dns-monitor`'s detector; a test compares the two, run for run.

use dns_core::evidence::Verdict;

use super::Ms;

/// Runs that are lost on the way, of an endpoint that answers.
#[derive(Clone, Debug)]
struct Losses {
    from: Ms,
    until: Ms,
    permille: u64,
    salt: u64,
}

/// Equal outcomes in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    None,
    Good(u64),
    Bad(u64),
}

/// What a vantage point says of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// The verdict.
    pub verdict: Verdict,
    /// Since when it is held, in milliseconds of the history.
    pub since: Ms,
    /// Whether the last run contradicts it.
    pub contradicted: bool,
}

/// A watch.
#[derive(Clone, Debug)]
pub struct Watch {
    interval: Ms,
    phase: Ms,
    fall: u64,
    rise: u64,
    /// The number of the next run.
    next: u64,
    answers: bool,
    losses: Vec<Losses>,
    verdict: Verdict,
    since: Ms,
    row: Row,
    lapsed: Option<Ms>,
    blind: bool,
    last_bad: Option<Ms>,
}

impl Watch {
    /// Begins to watch an endpoint that answers, and knows nothing yet. The first run is the first at `phase` after a whole
    /// number of intervals.
    pub fn begin(interval: Ms, phase: Ms, fall: u32, rise: u32, now: Ms) -> Self {
        let mut watch = Self {
            interval,
            phase: phase % interval,
            fall: u64::from(fall),
            rise: u64::from(rise),
            next: 0,
            answers: true,
            losses: Vec::new(),
            verdict: Verdict::Undecided,
            since: now,
            row: Row::None,
            lapsed: None,
            blind: false,
            last_bad: None,
        };
        watch.next = watch.first_after(now);
        watch
    }

    /// The same endpoint, watched by a process that begins now.
    pub fn restart(&mut self, now: Ms) {
        self.advance(now);
        (self.verdict, self.since, self.row, self.lapsed) = (Verdict::Undecided, now, Row::None, None);
        (self.blind, self.next) = (false, self.first_after(now));
    }

    /// From now on it answers, or does not.
    pub fn answers(&mut self, answers: bool, now: Ms) {
        self.advance(now);
        self.answers = answers;
    }

    /// Some of the runs until then are lost on the way: `permille` of them, chosen by `salt`.
    pub fn lose(&mut self, permille: u64, until: Ms, salt: u64, now: Ms) {
        self.advance(now);
        self.losses.push(Losses { from: now, until, permille, salt });
    }

    /// The vantage point begins to doubt itself, and takes back what it has seen since `from`.
    pub fn close_eyes(&mut self, from: Ms, now: Ms) {
        self.advance(now);
        if self.since >= from {
            (self.verdict, self.since) = (Verdict::Undecided, now);
        }
        self.row = Row::None;
        self.lapsed.get_or_insert(now);
        self.blind = true;
    }

    /// It sees again; runs that began before count for nothing.
    pub fn open_eyes(&mut self, now: Ms) {
        self.blind = false;
        self.next = self.first_after(now);
    }

    /// Takes every run up to a moment.
    pub fn advance(&mut self, now: Ms) {
        if self.blind {
            return;
        }
        let next = self.at(self.next);
        self.losses.retain(|losses| losses.until >= next);
        while self.at(self.next) <= now {
            let confirmed = self.confirmed_until(now);
            if confirmed > self.next {
                self.extend(confirmed - self.next);
            } else {
                self.take(self.outcome(self.next));
            }
        }
    }

    /// When the next run is that may change the opinion, unless something changes before; `None` if none will.
    pub fn next_news(&self) -> Option<Ms> {
        if self.blind {
            return None;
        }
        if !self.is_confirming() {
            return Some(self.at(self.next));
        }
        let lossy = self.losses.iter().filter(|losses| losses.until >= self.at(self.next));
        lossy.map(|losses| self.at(self.first_after(losses.from).max(self.next))).min()
    }

    /// What there is to say.
    pub fn opinion(&self) -> Opinion {
        if let Some(lapsed) = self.lapsed {
            return Opinion { verdict: Verdict::Undecided, since: lapsed, contradicted: false };
        }
        let contradicted =
            matches!((self.verdict, self.row), (Verdict::Healthy, Row::Bad(_)) | (Verdict::Failing, Row::Good(_)));
        Opinion { verdict: self.verdict, since: self.since, contradicted }
    }

    /// When a run last failed, whatever for.
    pub fn last_bad(&self) -> Option<Ms> {
        self.last_bad
    }

    /// When a run is.
    pub fn at(&self, run: u64) -> Ms {
        self.phase + run * self.interval
    }

    /// What a run finds, as things are now.
    pub fn outcome(&self, run: u64) -> bool {
        let at = self.at(run);
        let lost = |losses: &Losses| {
            (losses.from..=losses.until).contains(&at)
                && fastrand::Rng::with_seed(losses.salt ^ run).u64(..1000) < losses.permille
        };
        self.answers && !self.losses.iter().any(lost)
    }

    fn first_after(&self, now: Ms) -> u64 {
        (now + 1).saturating_sub(self.phase).div_ceil(self.interval)
    }

    /// Whether another run like the last changes nothing.
    fn is_confirming(&self) -> bool {
        let verdict = if self.answers { Verdict::Healthy } else { Verdict::Failing };
        let row = matches!((self.row, self.answers), (Row::Good(_), true) | (Row::Bad(_), false));
        row && self.verdict == verdict && self.lapsed.is_none()
    }

    /// The number of the first run after those that only confirm.
    fn confirmed_until(&self, now: Ms) -> u64 {
        if !self.is_confirming() {
            return self.next;
        }
        let lossy = self.losses.iter().map(|losses| self.first_after(losses.from.saturating_sub(1)));
        lossy.min().unwrap_or(u64::MAX).min(self.first_after(now)).max(self.next)
    }

    fn extend(&mut self, runs: u64) {
        self.row = match self.row {
            Row::Good(count) => Row::Good(count + runs),
            Row::Bad(count) => Row::Bad(count + runs),
            Row::None => Row::None,
        };
        self.next += runs;
        if !self.answers {
            self.last_bad = Some(self.at(self.next - 1));
        }
    }

    fn take(&mut self, good: bool) {
        let at = self.at(self.next);
        self.next += 1;
        self.row = match (good, self.row) {
            (true, Row::Good(count)) => Row::Good(count + 1),
            (false, Row::Bad(count)) => Row::Bad(count + 1),
            (true, Row::None | Row::Bad(_)) => Row::Good(1),
            (false, Row::None | Row::Good(_)) => Row::Bad(1),
        };
        if !good {
            self.last_bad = Some(at);
        }
        if self.lapsed.take().is_some() {
            self.since = at;
            if self.verdict == Verdict::Failing {
                self.verdict = Verdict::Undecided;
            }
        }
        let verdict = match self.row {
            Row::Good(count) if count >= self.rise => Verdict::Healthy,
            Row::Bad(count) if count >= self.fall => Verdict::Failing,
            Row::None | Row::Good(_) | Row::Bad(_) => self.verdict,
        };
        if verdict != self.verdict {
            (self.verdict, self.since) = (verdict, at);
        }
    }
}
