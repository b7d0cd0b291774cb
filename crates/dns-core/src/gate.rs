//! Gates: what must say yes, beside the probes, before records move to a region. Replication lag and spare capacity are
//! the usual ones.
//!
//! A gate is asked over HTTP all the time, not only when a move is wanted. It is *open* while its newest yes is younger
//! than its `within`; a no closes it at once, and no answer leaves it open only for as long as the last yes counts. What
//! was never asked, or did not answer for that long, is *unknown*, and unknown opens nothing.
//!
//! Asking is the controller's job: nothing here waits or reads a clock.

mod answer;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::identifier::{GateName, RegionName, ServiceName};
use crate::judgement::{Judgement, RegionJudgement};
use crate::service::{Region, Service};
use crate::time::Timestamp;
pub use answer::Answer;

/// One gate of a region of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateSpec {
    /// Its name, unique in the region.
    pub name: GateName,
    /// What is asked.
    pub http: HttpGate,
    /// Time between two questions.
    pub every: Duration,
    /// How long a yes counts, from when it was asked for: longer than a question and the pause before it.
    pub within: Duration,
}

/// A GET request and the answer that means yes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpGate {
    /// The URL; never behind a name that a move changes.
    pub url: String,
    /// How long one question may take.
    pub timeout: Duration,
    /// A file whose one line is a bearer token, read anew for every question.
    pub token_file: Option<PathBuf>,
    /// Figures of the answer, and what each may be at the most.
    pub max: BTreeMap<String, u32>,
    /// Figures of the answer, and what each must be at least.
    pub min: BTreeMap<String, u32>,
}

/// Which gate of which region of which service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateKey {
    /// The service.
    pub service: ServiceName,
    /// The region.
    pub region: RegionName,
    /// The gate.
    pub gate: GateName,
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.service, self.region, self.gate)
    }
}

/// What a gate has said so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateEvidence {
    asked: Timestamp,
    answer: Answer,
    /// Since when it has given answers of this kind only.
    since: Timestamp,
    /// The newest yes that no later no has taken back.
    yes: Option<Yes>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Yes {
    /// Since when yes has followed yes without the gate being shut between.
    since: Timestamp,
    asked: Timestamp,
    said: String,
}

/// Everything that gates have said. A gate that was never asked is absent.
pub type GateBook = BTreeMap<GateKey, GateEvidence>;

impl GateEvidence {
    /// Adds the answer to the question of `asked`, which is later than every one before.
    #[must_use]
    pub fn after(before: Option<Self>, within: Duration, asked: Timestamp, answer: Answer) -> Self {
        let same = |before: &Self| std::mem::discriminant(&before.answer) == std::mem::discriminant(&answer);
        let since = before.as_ref().filter(|before| same(before)).map_or(asked, |before| before.since);
        let before = before.and_then(|before| before.yes);
        let yes = match &answer {
            Answer::Yes(said) => {
                let lasts = before.filter(|yes| asked <= yes.asked + within);
                Some(Yes { since: lasts.map_or(asked, |yes| yes.since), asked, said: said.clone() })
            }
            Answer::No(_) => None,
            Answer::Silent(_) => before,
        };
        Self { asked, answer, since, yes }
    }
}

/// What is made of one gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GateJudgement {
    /// The gate.
    pub name: GateName,
    /// Whether it lets records through.
    pub state: GateState,
    /// Since when; `None` if it was never asked.
    pub since: Option<Timestamp>,
    /// When the newest question was sent that has an outcome.
    pub asked: Option<Timestamp>,
}

/// Whether a gate lets records through.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GateState {
    /// It said yes, lately enough.
    Open {
        /// Its figures.
        said: String,
        /// Until when that counts.
        until: Timestamp,
    },
    /// It said no.
    Closed {
        /// Why, with figures.
        why: String,
    },
    /// It has not said yes lately, nor no.
    Unknown {
        /// Why.
        why: String,
    },
}

impl GateState {
    /// The state as a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Closed { .. } => "closed",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The figures of a yes, or why there is none.
    pub fn words(&self) -> &str {
        match self {
            Self::Open { said, .. } => said,
            Self::Closed { why } | Self::Unknown { why } => why,
        }
    }
}

impl GateJudgement {
    /// Whether it lets records through now. A judgement may be older than the yes that it is made of may be.
    pub fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.state, GateState::Open { until, .. } if now <= until)
    }

    /// As a decision keeps it.
    pub fn to_evidence(&self) -> serde_json::Value {
        let Self { name, state, since, asked } = self;
        json!({ "name": name, "state": state.as_str(), "said": state.words(), "since": since, "asked": asked })
    }

    /// In a sentence, with how long ago it was asked: "says no: lagSeconds 312, at most 30; asked 4 s ago".
    pub fn describe(&self, now: Timestamp) -> String {
        let said = match &self.state {
            GateState::Open { said, .. } if said.is_empty() => "says yes".to_owned(),
            GateState::Open { said, .. } => format!("says yes: {said}"),
            GateState::Closed { why } => format!("says no: {why}"),
            GateState::Unknown { why } => format!("is unknown: {why}"),
        };
        match self.asked {
            Some(asked) => format!("{said}; asked {} s ago", now.since(asked).as_secs()),
            None => said,
        }
    }
}

impl Judgement {
    /// Adds what is made of the gates of every region.
    #[must_use]
    pub fn with_gates(mut self, service: &Service, book: &GateBook, now: Timestamp) -> Self {
        for region in service.regions.iter().filter(|region| !region.gates.is_empty()) {
            if let Some(judged) = self.regions.get_mut(&region.name) {
                judged.gates = region.gates.iter().map(|gate| judge(service, region, gate, book, now)).collect();
            }
        }
        self
    }

    /// Whether records may move to a region as far as probes and gates say.
    pub fn is_ready(&self, region: &RegionName, now: Timestamp) -> bool {
        self.regions.get(region).is_some_and(|judged| judged.is_ready(now))
    }
}

impl RegionJudgement {
    /// Whether it is proven and every gate is open.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        self.proven && self.gates.iter().all(|gate| gate.is_open(now))
    }

    /// The same as of when it was judged, for people: a judgement is made anew when a yes grows too old.
    pub fn was_ready(&self) -> bool {
        self.proven && self.gates.iter().all(|gate| matches!(gate.state, GateState::Open { .. }))
    }

    /// Since when it has been proven with its gates open, as far back as the evidence goes; `None` if it is not.
    pub fn ready_since(&self, service: &Service, now: Timestamp) -> Option<Timestamp> {
        let policy = &service.policy;
        let proven = self.healthy_since(policy.quorum).map(|since| since + policy.ready_for);
        let open = self.gates.iter().filter_map(|gate| gate.since);
        proven.into_iter().chain(open).max().filter(|_| self.is_ready(now))
    }
}

/// Why records may not move to a region as far as its gates say: each that is not open. Gates that were not judged count
/// as not asked.
pub fn shut(region: &Region, judged: Option<&RegionJudgement>, now: Timestamp) -> Option<String> {
    let words = |gate: &GateSpec| {
        let found = judged.and_then(|judged| judged.gates.iter().find(|one| one.name == gate.name));
        match found {
            Some(found) if found.is_open(now) => None,
            Some(found) => Some(format!("gate {} of region `{}` {}", gate.name, region.name, found.describe(now))),
            None => Some(format!("gate {} of region `{}` was not judged yet", gate.name, region.name)),
        }
    };
    let shut: Vec<String> = region.gates.iter().filter_map(words).collect();
    (!shut.is_empty()).then(|| shut.join("; "))
}

fn judge(service: &Service, region: &Region, gate: &GateSpec, book: &GateBook, now: Timestamp) -> GateJudgement {
    let key = GateKey { service: service.name.clone(), region: region.name.clone(), gate: gate.name.clone() };
    let Some(evidence) = book.get(&key) else {
        let why = "it has not been asked since the controller started or stood still".to_owned();
        return GateJudgement { name: key.gate, state: GateState::Unknown { why }, since: None, asked: None };
    };
    let (state, since) = weigh(evidence, gate.within, now);
    GateJudgement { name: key.gate, state, since: Some(since), asked: Some(evidence.asked) }
}

/// The state that a gate is in, and since when.
fn weigh(evidence: &GateEvidence, within: Duration, now: Timestamp) -> (GateState, Timestamp) {
    let GateEvidence { answer, since, yes, .. } = evidence;
    let lasts = |yes: &&Yes| yes.asked <= now && now <= yes.asked + within;
    match (answer, yes) {
        (Answer::No(why), _) => (GateState::Closed { why: why.clone() }, *since),
        (_, Some(yes)) if lasts(&yes) => {
            (GateState::Open { said: yes.said.clone(), until: yes.asked + within }, yes.since)
        }
        (Answer::Silent(why), Some(yes)) => (GateState::Unknown { why: why.clone() }, yes.asked + within),
        (Answer::Silent(why), None) => (GateState::Unknown { why: why.clone() }, *since),
        (Answer::Yes(_), _) => {
            let why = format!("its last yes is older than {} s", within.as_secs_f64());
            (GateState::Unknown { why }, yes.as_ref().map_or(*since, |yes| yes.asked + within))
        }
    }
}

#[cfg(test)]
mod tests;
