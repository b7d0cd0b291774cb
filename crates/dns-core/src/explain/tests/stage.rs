//! A service whose story is played: real machines, a zone that obeys, and judgements vote by vote.

use std::sync::Arc;
use std::time::Duration;

use crate::explain::standstill::{Explanation, Scene, why_not};
use crate::fixture::{START, Zone, region, service};
use crate::history::HistoryEntry;
use crate::judgement::{EndpointJudgement, Health, Judgement, RegionJudgement, Vote};
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::machine::effect::{Effect, PermitAnswer};
use crate::machine::event::{Delivery, DeliveryOutcome, Event, WriteOutcome};
use crate::saga::{Around, Saga, SagaStep};
use crate::service::{Everywhere, Service};
use crate::time::Timestamp;
use crate::write::PlannedWrite;

pub(super) struct Stage {
    pub(super) service: Everywhere,
    pub(super) saga: Saga,
    pub(super) now: Timestamp,
    pub(super) rows: Vec<HistoryEntry>,
    zone: Zone,
    open: Option<PlannedWrite>,
    to_verify: Option<crate::fence::DecisionId>,
    nonce: u128,
}

impl Stage {
    /// `prod` is served; the zone was read.
    pub(super) fn of(service: Service) -> Self {
        let zone = Zone::serving(&service, "prod");
        let service = Everywhere::only(service);
        let saga = Saga::new(&service);
        let mut stage =
            Self { service, saga, now: START, rows: Vec::new(), zone, open: None, to_verify: None, nonce: 0 };
        stage.judged([all(healthy_since(START)), all(healthy_since(START))]);
        stage.read();
        stage
    }

    /// Adopted in `prod`, its history forgotten; a day has passed.
    pub(super) fn adopted() -> Self {
        let mut stage = Self::of(service());
        stage.order(Command::Adopt, &[]);
        stage.carry_out();
        stage.rows.clear();
        stage.pass(Duration::from_hours(3));
        stage
    }

    pub(super) fn around(&self) -> Around {
        Around {
            service: self.service.clone(),
            actor: "controller-1".parse().expect("a name"),
            now: self.now,
            nonce: self.nonce,
            fleet: Arc::default(),
        }
    }

    pub(super) fn step(&mut self, event: &Event) -> SagaStep {
        self.nonce += 1;
        let step = self.saga.step(event, &self.around());
        for placed in &step.effects {
            match &placed.effect {
                Effect::Record(row) => self.rows.push(row.clone()),
                Effect::Enqueue(write) => self.open = Some((**write).clone()),
                Effect::Dequeue(_) => self.open = None,
                Effect::Verify(decision) => self.to_verify = Some(decision.clone()),
                Effect::MarkSent(_) | Effect::ReadZone => {}
            }
        }
        step
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// What is seen of `prod` and `dr`, by `fra1`, `lon1` and `nyc1`.
    pub(super) fn judged(&mut self, [prod, dr]: [[Vote; 3]; 2]) {
        let judgement = self.judgement(prod, dr);
        self.step(&Event::Judged(judgement));
    }

    fn judgement(&self, prod: [Vote; 3], dr: [Vote; 3]) -> Judgement {
        let policy = &self.service.lead().policy;
        let of = |endpoint: &str, votes: [Vote; 3]| {
            let names = ["fra1", "lon1", "nyc1"].map(|name| name.parse().expect("a name"));
            let count = |word: &str| votes.iter().filter(|vote| vote.as_str() == word).count();
            let health = match (count("healthy") >= policy.quorum, count("failing") >= policy.quorum) {
                (true, false) => Health::Healthy,
                (false, true) => Health::Failing,
                (_, _) => Health::Unknown,
            };
            let is_ready = |vote: &&Vote| crate::judgement::is_ready(vote, self.service.lead(), self.now);
            let proven = health == Health::Healthy && votes.iter().filter(is_ready).count() >= policy.quorum;
            let votes = names.into_iter().zip(votes).collect();
            let endpoint = EndpointJudgement {
                endpoint: endpoint.to_owned(),
                health,
                proven,
                insiders_only: false,
                certificate: None,
                votes,
            };
            RegionJudgement {
                health,
                proven,
                gates: Vec::new(),
                healthy_min: 1,
                proven_min: 1,
                endpoints: vec![endpoint],
            }
        };
        let regions = [(region("prod"), of("192.0.2.10", prod)), (region("dr"), of("198.51.100.10", dr))];
        Judgement { regions: regions.into(), drill: None }
    }

    pub(super) fn read(&mut self) {
        let view = self.zone.view(self.service.lead());
        self.step(&Event::ZoneRead(view));
    }

    pub(super) fn order(&mut self, command: Command, overrides: &[Rule]) -> SagaStep {
        let (by, reason) = ("oncall".parse().expect("a name"), "users see errors".to_owned());
        self.step(&Event::Commanded(Order { overrides: overrides.to_vec(), ..Order::new(command, by, reason) }))
    }

    /// Permit, write and verification, each after a while.
    pub(super) fn carry_out(&mut self) {
        let decision = self.open.as_ref().expect("an open write").id.clone();
        self.pass(Duration::from_millis(4));
        let permit = self.step(&Event::PermitAsked { decision: decision.clone() }).permit;
        assert_eq!(permit, Some(PermitAnswer::Granted));
        self.pass(Duration::from_millis(31));
        let write = self.open.clone().expect("it is open until it is settled");
        self.zone.apply(&write.change).expect("nothing has changed");
        let view = self.zone.view(self.service.lead());
        self.step(&Event::WriteSettled { decision, outcome: WriteOutcome::Applied(Box::new(view)) });
        self.pass(Duration::from_millis(450));
        self.verify();
    }

    fn verify(&mut self) {
        let decision = self.to_verify.take().expect("something to verify");
        let served = |server: &str, millis| Delivery {
            server: server.to_owned(),
            outcome: DeliveryOutcome::Served,
            took: Some(Duration::from_millis(millis)),
            detail: None,
        };
        let deliveries = vec![served("192.0.2.53:53", 12), served("198.51.100.53:53", 431)];
        self.step(&Event::Verified { decision, deliveries });
    }

    /// The rows of the decision that was made last.
    pub(super) fn newest_decision(&self) -> Vec<HistoryEntry> {
        let newest = self.rows.iter().rev().find_map(|row| row.decision.clone()).expect("a decision");
        self.rows.iter().filter(|row| row.decision.as_ref() == Some(&newest)).cloned().collect()
    }

    pub(super) fn why_not(&self) -> Explanation {
        let around = self.around();
        let entered = self.now.before(Duration::from_secs(72));
        why_not(&Scene { saga: &self.saga, around: &around, entered, fault: None, waits_its_turn: false })
    }
}

pub(super) fn all(vote: Vote) -> [Vote; 3] {
    [vote.clone(), vote.clone(), vote]
}

pub(super) fn healthy_since(since: Timestamp) -> Vote {
    Vote::Healthy { since, contradicting: 0, error: None }
}

pub(super) fn failing_since(since: Timestamp) -> Vote {
    Vote::Failing { since, error: Some("https: connection refused".to_owned()) }
}

pub(super) fn blind_since(since: Timestamp) -> Vote {
    Vote::Blind { reason: "control targets failing".to_owned(), since }
}
