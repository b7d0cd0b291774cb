//! A review's scene in which everything passes, and what spoils it.

use super::*;

/// Everything that a review looks at.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) service: Service,
    pub(super) judgement: Option<Judgement>,
    pub(super) standing: Standing,
    pub(super) held: Option<Fence>,
    pub(super) pause: Option<Pause>,
    pub(super) moved: Option<Timestamp>,
    pub(super) dwell: Option<Dwell>,
    pub(super) pin: Option<Pin>,
    pub(super) failovers: Vec<Timestamp>,
    pub(super) fleet: Fleet,
    pub(super) veto: Option<&'static str>,
    pub(super) other_write_open: bool,
    pub(super) backoff_until: Option<Timestamp>,
    pub(super) kind: WriteKind,
    pub(super) initiative: Initiative,
    pub(super) purpose: Purpose,
    pub(super) from: Option<RegionName>,
    pub(super) to: Option<RegionName>,
    pub(super) overrides: Vec<Rule>,
    pub(super) overrides_expire: Option<Timestamp>,
    pub(super) group: Option<GroupMove>,
    pub(super) change: Option<ChangeSet>,
    pub(super) after: Option<Rrsets>,
}

impl Scene {
    /// The controller leaves `prod`, which is failing, for `dr`, which is proven.
    pub(super) fn failover() -> Self {
        let service = service();
        let held = fence(&service, "prod", 1, 1);
        let zone = Zone::serving(&service, "prod").with_fence(&held);
        let after = service.render(&region("dr")).expect("renders");
        let next = fence(&service, "dr", 2, 2);
        let change = ChangeSet::plan(&zone.view(&service), &service.keys(), &after, &next).expect("plans");
        Self {
            judgement: Some(judgement(Seen::Failing, Seen::Proven)),
            standing: Standing::Held,
            held: Some(held),
            pause: None,
            moved: None,
            dwell: None,
            pin: None,
            failovers: Vec::new(),
            fleet: Fleet::default(),
            veto: None,
            other_write_open: false,
            backoff_until: None,
            kind: WriteKind::Failover,
            initiative: Initiative::Automatic,
            purpose: Purpose::Decides,
            from: Some(region("prod")),
            to: Some(region("dr")),
            overrides: Vec::new(),
            overrides_expire: None,
            group: None,
            change: Some(change),
            after: Some(after),
            service,
        }
    }

    /// An operator returns from `dr` to `prod` when the cooldown is over.
    pub(super) fn failback() -> Self {
        Self {
            kind: WriteKind::Failback,
            from: Some(region("dr")),
            to: Some(region("prod")),
            judgement: Some(judgement(Seen::Proven, Seen::Proven)),
            moved: Some(START.before(COOLDOWN)),
            ..Self::failover().by_hand()
        }
    }

    /// The controller itself returns from `dr` to `prod`.
    pub(super) fn automatic_failback() -> Self {
        Self { initiative: Initiative::Automatic, ..Self::failback() }
            .with(|scene| scene.service.policy.failback = Failback::Automatic { soak: Duration::ZERO })
    }

    /// A write of the fence alone.
    pub(super) fn of_the_fence(kind: WriteKind) -> Self {
        let mut scene = Self { kind, after: None, to: Some(region("prod")), ..Self::failover() };
        let change = scene.change.as_mut().expect("planned");
        change.deletes.clear();
        change.creates.clear();
        scene
    }

    pub(super) fn by_hand(mut self) -> Self {
        self.initiative = Initiative::Manual { by: "oncall".parse().expect("a name"), approved_by: None };
        self
    }

    pub(super) fn with(mut self, spoil: impl FnOnce(&mut Self)) -> Self {
        spoil(&mut self);
        self
    }

    pub(super) fn change(&mut self) -> &mut ChangeSet {
        self.change.as_mut().expect("planned")
    }

    pub(super) fn review(&self) -> Vec<Rejection> {
        self.ask(review)
    }

    pub(super) fn ask<T>(&self, ask: fn(&Proposal<'_>, &Situation<'_>) -> T) -> T {
        let proposal = Proposal {
            kind: self.kind,
            initiative: &self.initiative,
            purpose: self.purpose,
            from: self.from.as_ref(),
            to: self.to.as_ref(),
            overrides: &self.overrides,
            overrides_expire: self.overrides_expire,
            group: self.group.as_ref(),
            change: self.change.as_ref(),
            after: self.after.as_ref(),
        };
        let situation = Situation {
            service: &self.service,
            judgement: self.judgement.as_ref(),
            standing: &self.standing,
            held: self.held.as_ref(),
            disputed_revision: 0,
            pause: self.pause.as_ref(),
            moved: self.moved,
            dwell: self.dwell,
            pin: self.pin.as_ref(),
            failovers: &self.failovers,
            fleet: &self.fleet,
            veto: self.veto,
            other_write_open: self.other_write_open,
            backoff_until: self.backoff_until,
            now: START,
        };
        ask(&proposal, &situation)
    }

    pub(super) fn rules(&self) -> Vec<Rule> {
        self.review().into_iter().map(|rejection| rejection.rule).collect()
    }

    pub(super) fn reason(&self) -> String {
        self.review().into_iter().next().map(|rejection| rejection.reason).unwrap_or_default()
    }
}

/// A window that opened a minute ago and closes in an hour.
pub(super) fn freeze(emergency_failover: EmergencyFailover) -> Arc<[Window]> {
    let when = When::Once { from: START.before(Duration::from_mins(1)), until: START + Duration::from_hours(1) };
    Arc::new([Window { name: "year-end".to_owned(), when, emergency_failover }])
}

/// So many other services begin to leave `prod`; a hundred stay there, which fail as well or don't.
pub(super) fn others(scene: &mut Scene, failing: bool, leaving: usize) {
    let prod = || region("prod");
    for _ in 0..100 {
        scene.fleet.count(&Presence { region: Some(prod()), failing, ..Presence::default() });
    }
    for _ in 0..leaving {
        let left = Some((prod(), Progress::UnderWay));
        scene.fleet.count(&Presence { region: Some(region("dr")), left, ..Presence::default() });
    }
}

pub(super) fn pin() -> Pin {
    Pin { by: "oncall".parse().expect("a name"), reason: "a drill".to_owned() }
}

pub(super) fn pause() -> Pause {
    Pause { by: "oncall".parse().expect("a name"), until: None, reason: "database migration".to_owned() }
}

pub(super) fn gate() -> GateSpec {
    GateSpec {
        name: "replication".parse().expect("a name"),
        http: HttpGate {
            url: "http://127.0.0.1:1/lag".to_owned(),
            timeout: Duration::from_secs(2),
            token_file: None,
            max: [("lagSeconds".to_owned(), 30)].into(),
            min: std::collections::BTreeMap::new(),
        },
        every: Duration::from_secs(10),
        within: Duration::from_secs(30),
    }
}

/// `prod` fails, `dr` is proven, and its gate is so.
pub(super) fn gated(state: GateState) -> Judgement {
    let asked = Some(START.before(Duration::from_secs(4)));
    let gate = GateJudgement { name: gate().name, state, since: asked, asked };
    let mut judgement = judgement(Seen::Failing, Seen::Proven);
    judgement.regions.get_mut(&region("dr")).expect("judged").gates = vec![gate];
    judgement
}
