//! Why nothing happens to a service right now: where it is, how each region is judged and why, what is held, and what the
//! kernel would say if the region failed this moment.

use std::time::Duration;

use super::account::{RegionAccount, evidence};
use super::moment::{clock, span};
use super::votes::{Tense, seen};
use super::{Sentence, Topic, as_sentence, listed};
use crate::identifier::RegionName;
use crate::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::kernel::{Answer, Said};
use crate::machine::memory::{Failover, Hold};
use crate::machine::preview::Preview;
use crate::machine::returning::Waiting;
use crate::machine::{Machine, State};
use crate::saga::{Around, Saga};
use crate::service::{Mode, Service};
use crate::time::Timestamp;
use crate::write::Initiative;

/// Everything that there is to look at.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The machines of the service.
    pub saga: &'a Saga,
    /// The service, who looks, and when. Nothing is decided, so any nonce will do.
    pub around: &'a Around,
    /// Since when the service has been in its state.
    pub entered: Timestamp,
    /// Why nothing can be decided for it at all.
    pub fault: Option<&'a str>,
    /// Whether its region fails, and others move before it.
    pub waits_its_turn: bool,
}

/// Why nothing happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// In sentences.
    pub sentences: Vec<Sentence>,
    /// What the kernel would say to a failover to each other region, and to the way back.
    pub previews: Vec<Preview>,
}

/// Tells why nothing happens.
pub fn why_not(scene: &Scene<'_>) -> Explanation {
    let previews = previews(scene);
    let told = Told::of(scene);
    let mut sentences = vec![told.place()];
    sentences.extend(scene.fault.map(|fault| Sentence::new(Topic::State, format!("Nothing can be decided: {fault}."))));
    sentences.extend(told.coming_back());
    sentences.extend(told.regions());
    sentences.extend(told.standstill(scene));
    sentences.extend(told.bindings());
    sentences.extend(behind(scene));
    let news = previews.iter().filter(|preview| !told.is_held(preview));
    sentences.extend(news.map(|preview| told.preview(preview)));
    Explanation { sentences, previews }
}

/// Nobody gives this order: it asks what an operator's would meet.
const ORDERER: &str = "operator";

fn previews(scene: &Scene<'_>) -> Vec<Preview> {
    let Scene { saga, around, .. } = scene;
    let service = around.service.lead();
    let by = Initiative::Manual { by: ORDERER.parse().expect("invariant: it is a name"), approved_by: None };
    let others = service.regions.iter().map(|region| &region.name);
    let automatic = others.filter_map(|to| saga.preview(to, &Initiative::Automatic, around));
    let back = saga.preview(service.preferred(), &by, around);
    automatic.chain(back).filter(|preview| preview.from.as_ref().is_some_and(|from| *from != preview.to)).collect()
}

/// Places that have not come after the service's newest move.
fn behind(scene: &Scene<'_>) -> Option<Sentence> {
    let places: Vec<String> =
        scene.saga.divergences().iter().map(|one| scene.around.service.label(&one.place)).collect();
    let text = format!("Not every place has come after the newest move: {}.", listed(&places));
    (!places.is_empty()).then(|| Sentence::new(Topic::State, text))
}

/// What the place that tells best says.
struct Told<'a> {
    machine: &'a Machine,
    service: &'a Service,
    entered: Timestamp,
    now: Timestamp,
}

impl<'a> Told<'a> {
    fn of(scene: &Scene<'a>) -> Self {
        let teller = scene.saga.teller(scene.around.now);
        let machine = scene.saga.machine(teller).expect("invariant: every place has a machine");
        Self { machine, service: scene.around.service.lead(), entered: scene.entered, now: scene.around.now }
    }

    fn memory(&self) -> &'a Failover {
        self.machine.memory()
    }

    fn since(&self, at: Timestamp) -> String {
        format!("since {} ({})", clock(at, self.now), span(self.now.since(at)))
    }

    fn place(&self) -> Sentence {
        let name = &self.service.name;
        let mode = match self.service.mode {
            Mode::Observe => " It only observes: it writes nothing.",
            Mode::Active => "",
        };
        let state = format!("State: {}, {}.", self.machine.state().as_str(), self.since(self.entered));
        let text = match self.memory().active() {
            None => format!("Which region `{name}` is in is not known. {state}{mode}"),
            Some(active) if active == self.service.preferred() => {
                format!("`{name}` is in `{active}`, its preferred region. {state}{mode}")
            }
            Some(active) => {
                let moved = self.memory().moved().map(|moved| format!(" {}", self.since(moved))).unwrap_or_default();
                let preferred = self.service.preferred();
                format!("`{name}` is in `{active}`{moved}, not in its preferred region `{preferred}`. {state}{mode}")
            }
        };
        Sentence::new(Topic::State, text)
    }

    /// How far it has come, while it comes back in steps.
    fn coming_back(&self) -> Option<Sentence> {
        let blend = self.memory().blend()?;
        let next = match self.memory().next_step(self.service)? {
            Waiting::Until(at) => format!("The next step is due {}", self.at(at)),
            Waiting::For(why) => as_sentence(&format!("It holds: {why}")).trim_end_matches('.').to_owned(),
        };
        let text = format!("It is coming back in steps: {blend} {}. {next}.", self.since(blend.since()));
        Some(Sentence::new(Topic::State, text))
    }

    /// Each region, the one that the service is in first.
    fn regions(&self) -> Vec<Sentence> {
        let Some(judgement) = self.memory().judgement() else {
            return vec![Sentence::new(Topic::Evidence, "No region has been judged yet.")];
        };
        let active = self.memory().active();
        let quorum = self.service.policy.quorum;
        let accounts = evidence(judgement, quorum, [active, None], usize::MAX);
        let names = self.service.regions.iter().map(|region| &region.name);
        let others = names.filter(|name| Some(*name) != active);
        active
            .into_iter()
            .chain(others)
            .filter_map(|name| Some(self.region(name, judgement, accounts.get(name.as_str())?)))
            .collect()
    }

    fn region(&self, name: &RegionName, judgement: &Judgement, account: &RegionAccount) -> Sentence {
        let seen = seen(name.as_str(), account, Tense::Present, self.now);
        let health = judgement.health(name);
        let text = if self.memory().active() == Some(name) {
            format!("`{name}` is {health}. {seen}")
        } else if judgement.is_proven(name) {
            let ready = seconds(self.service.policy.ready_for);
            format!("`{name}` is proven: it has been seen healthy for {ready} or longer. {seen}")
        } else {
            format!("`{name}` is {health} and not proven. {seen}{}", self.until_proven(judgement.regions.get(name)))
        };
        Sentence::new(Topic::Evidence, text)
    }

    /// When a region that is healthy will have been so for long enough.
    fn until_proven(&self, judged: Option<&RegionJudgement>) -> String {
        let policy = &self.service.policy;
        let (quorum, all, ready) = (policy.quorum, policy.vantage_points.len(), seconds(policy.ready_for));
        let part = judged.map_or_else(|| "it".to_owned(), |judged| share(judged.proven_min, judged));
        let needs = format!(" To be proven, {quorum} of {all} must have seen {part} healthy for {ready}");
        match judged.and_then(|judged| judged.healthy_since(quorum)) {
            Some(since) => {
                let ready = clock(since + policy.ready_for, self.now);
                format!("{needs}: that is at {ready} if nothing fails.")
            }
            None => format!("{needs}."),
        }
    }

    /// Why it stays where it is.
    fn standstill(&self, scene: &Scene<'_>) -> Vec<Sentence> {
        let memory = self.memory();
        let open = memory.open().map(|open| {
            let (kind, id) = (open.write.kind.as_str(), &open.write.id);
            let decided = clock(open.write.decided, self.now);
            let text =
                format!("A write is under way: {kind}, decided at {decided}; `dns-admin explain {id}` tells of it.");
            (open.write.kind.moves(), Sentence::new(Topic::State, text))
        });
        if let Some((true, under_way)) = open {
            return vec![under_way];
        }
        if scene.waits_its_turn {
            let text = "Its region fails, and it waits its turn: others are moved first, or it has yet to show whether all \
                        of the region fails (blastRadius).";
            return vec![Sentence::new(Topic::State, text)];
        }
        let need = memory.active().map(|active| Sentence::new(Topic::Need, self.need(active)));
        let hold = memory.hold().map(|hold| self.hold(hold));
        [open.map(|(_, under_way)| under_way), hold, need].into_iter().flatten().collect()
    }

    fn hold(&self, hold: &Hold) -> Sentence {
        let to = hold.to.as_ref().map(|to| format!(" to `{to}`")).unwrap_or_default();
        let wanted = hold.wanted.as_str();
        if hold.is_observation() {
            let text = format!("It would have made a {wanted}{to} {}, but it only observes.", self.at(hold.since));
            return Sentence::new(Topic::Hold, text);
        }
        let against: Vec<String> = hold.rejections.iter().map(|no| format!("{}: {}", no.rule, no.reason)).collect();
        let text = format!("A {wanted}{to} is wanted and held {}, by {}.", self.since(hold.since), against.join("; "));
        Sentence::new(Topic::Hold, text)
    }

    fn at(&self, at: Timestamp) -> String {
        format!("at {}", clock(at, self.now))
    }

    /// What the judgement of its region would have to be for it to move.
    fn need(&self, active: &RegionName) -> String {
        let policy = &self.service.policy;
        let memory = self.memory();
        let judged = memory.judgement().and_then(|judgement| judgement.regions.get(active));
        let Some(judged) = judged else { return format!("Nothing moves before `{active}` is judged.") };
        let needs = format!("{} of {} vantage points", policy.quorum, policy.vantage_points.len());
        let part = share((judged.endpoints.len() + 1).saturating_sub(judged.healthy_min), judged);
        match judged.health {
            Health::Healthy => {
                format!("Nothing moves because `{active}` is healthy. It is left when {needs} see {part} failing.")
            }
            Health::Failing if memory.hold().is_some() => {
                format!(
                    "`{active}` is failing by quorum, so a move is wanted. It waits until nothing holds it any more."
                )
            }
            Health::Failing => format!("`{active}` is failing by quorum, so a move is wanted."),
            Health::Unknown => format!(
                "Nothing moves because nobody knows how `{active}` is, and unknown is not failing: {} of {} vantage \
                 points can tell now. It is left when {needs} see {part} failing.",
                able_to_tell(judged),
                policy.vantage_points.len()
            ),
        }
    }

    /// What binds it whatever is judged.
    fn bindings(&self) -> Vec<Sentence> {
        let memory = self.memory();
        let pin = memory.pin().map(|pin| {
            let text = format!(
                "Pinned by `{}`: {}. It is not brought back by itself; failover stays armed",
                pin.by, pin.reason
            );
            Sentence::new(Topic::Hold, as_sentence(&text))
        });
        let wait = memory.failback_wait(&self.service.policy, self.now);
        let grown = self.service.policy.dwell.reason(self.service.preferred(), memory.dwell(), self.now);
        let cooling = memory.moved().filter(|_| self.machine.state() == State::CoolingDown {}).map(|moved| {
            let ends = clock(moved + wait, self.now);
            let grown = grown.map(|why| format!(", grown since {why},")).unwrap_or_default();
            let text = format!(
                "The cooldown of {} after a move{grown} holds a failback until {ends}; it does not hold a failover.",
                seconds(wait)
            );
            Sentence::new(Topic::Hold, text)
        });
        let unreadable = memory.unreadable().map(|trouble| {
            let text = format!("Its zone cannot be read {}: {}", self.since(trouble.since), trouble.reason);
            Sentence::new(Topic::Hold, as_sentence(&text))
        });
        [pin, cooling, unreadable].into_iter().flatten().collect()
    }

    /// Whether the hold has said the same already.
    fn is_held(&self, preview: &Preview) -> bool {
        let hold = self.memory().hold().filter(|_| preview.initiative == Initiative::Automatic);
        hold.is_some_and(|hold| hold.wanted == preview.kind && hold.to.as_ref() == Some(&preview.to))
    }

    fn preview(&self, preview: &Preview) -> Sentence {
        let Preview { from, to, kind, initiative, answers } = preview;
        let from = from.as_ref().map_or("its region", RegionName::as_str);
        let fails = self.memory().judgement().is_some_and(|judgement| {
            self.memory().active().is_some_and(|active| judgement.health(active) == Health::Failing)
        });
        let what = match initiative {
            Initiative::Automatic if fails => format!("A failover from `{from}` to `{to}` now"),
            Initiative::Automatic => format!("If `{from}` failed now, a failover to `{to}`"),
            Initiative::Manual { .. } => format!("By hand, a {} to `{to}` now", kind.as_str()),
        };
        let against: Vec<String> = preview.obstacles().map(obstacle).collect();
        let text = if against.is_empty() {
            format!("{what} would be allowed: {} rules were asked.", answers.len())
        } else {
            format!("{what} would be refused, by {}.", against.join("; "))
        };
        Sentence::new(Topic::Preview, text)
    }
}

/// How many vantage points have an opinion of the endpoint of which the fewest do.
fn able_to_tell(region: &RegionJudgement) -> usize {
    let opinion = |vote: &&Vote| matches!(vote, Vote::Healthy { .. } | Vote::Failing { .. });
    let count = |endpoint: &EndpointJudgement| endpoint.votes.values().filter(opinion).count();
    region.endpoints.iter().map(count).min().unwrap_or_default()
}

/// How much of a region so many of its endpoints are.
fn share(endpoints: usize, region: &RegionJudgement) -> String {
    match region.endpoints.len() {
        all if all == endpoints => "all of it".to_owned(),
        all => format!("{endpoints} of its {all} endpoints"),
    }
}

/// As the kernel says it.
fn seconds(length: Duration) -> String {
    format!("{} s", length.as_secs_f64())
}

fn obstacle(answer: &Answer) -> String {
    let way = if answer.rule.is_overridable() { " (an order can override it)" } else { "" };
    format!("{}: {}{way}", answer.rule, answer.why.as_deref().unwrap_or(Said::No.as_str()))
}
