//! Each rule alone: a scene where everything passes, and the one spoilt detail that exactly this rule refuses. A rule
//! that is removed, or a new one without a case, makes a test fail.

mod aligning;
mod answers;
mod relations;
mod sharing;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::change::{Guard, Requirement};
use crate::fixture::{COOLDOWN, START, Seen, Zone, fence, judgement, name, region, service, tombstone};
use crate::fleet::{Fleet, Presence, Progress};
use crate::gate::{GateJudgement, GateSpec, GateState, HttpGate};
use crate::group::GroupMove;
use crate::policy::{Failback, OnStandbyFailure};
use crate::service::Mode;
use crate::window::{EmergencyFailover, When, Window};

/// Everything that a review looks at.
#[derive(Clone)]
struct Scene {
    service: Service,
    judgement: Option<Judgement>,
    standing: Standing,
    held: Option<Fence>,
    pause: Option<Pause>,
    moved: Option<Timestamp>,
    dwell: Option<Dwell>,
    pin: Option<Pin>,
    failovers: Vec<Timestamp>,
    fleet: Fleet,
    veto: Option<&'static str>,
    other_write_open: bool,
    backoff_until: Option<Timestamp>,
    kind: WriteKind,
    initiative: Initiative,
    purpose: Purpose,
    from: Option<RegionName>,
    to: Option<RegionName>,
    overrides: Vec<Rule>,
    overrides_expire: Option<Timestamp>,
    group: Option<GroupMove>,
    change: Option<ChangeSet>,
    after: Option<Rrsets>,
}

impl Scene {
    /// The controller leaves `prod`, which is failing, for `dr`, which is proven.
    fn failover() -> Self {
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
    fn failback() -> Self {
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
    fn automatic_failback() -> Self {
        Self { initiative: Initiative::Automatic, ..Self::failback() }
            .with(|scene| scene.service.policy.failback = Failback::Automatic { soak: Duration::ZERO })
    }

    /// A write of the fence alone.
    fn of_the_fence(kind: WriteKind) -> Self {
        let mut scene = Self { kind, after: None, to: Some(region("prod")), ..Self::failover() };
        let change = scene.change.as_mut().expect("planned");
        change.deletes.clear();
        change.creates.clear();
        scene
    }

    fn by_hand(mut self) -> Self {
        self.initiative = Initiative::Manual { by: "oncall".parse().expect("a name"), approved_by: None };
        self
    }

    fn with(mut self, spoil: impl FnOnce(&mut Self)) -> Self {
        spoil(&mut self);
        self
    }

    fn change(&mut self) -> &mut ChangeSet {
        self.change.as_mut().expect("planned")
    }

    fn review(&self) -> Vec<Rejection> {
        self.ask(review)
    }

    fn ask<T>(&self, ask: fn(&Proposal<'_>, &Situation<'_>) -> T) -> T {
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

    fn rules(&self) -> Vec<Rule> {
        self.review().into_iter().map(|rejection| rejection.rule).collect()
    }

    fn reason(&self) -> String {
        self.review().into_iter().next().map(|rejection| rejection.reason).unwrap_or_default()
    }
}

/// A window that opened a minute ago and closes in an hour.
fn freeze(emergency_failover: EmergencyFailover) -> Arc<[Window]> {
    let when = When::Once { from: START.before(Duration::from_mins(1)), until: START + Duration::from_hours(1) };
    Arc::new([Window { name: "year-end".to_owned(), when, emergency_failover }])
}

/// So many other services begin to leave `prod`; a hundred stay there, which fail as well or don't.
fn others(scene: &mut Scene, failing: bool, leaving: usize) {
    let prod = || region("prod");
    for _ in 0..100 {
        scene.fleet.count(&Presence { region: Some(prod()), failing, ..Presence::default() });
    }
    for _ in 0..leaving {
        let left = Some((prod(), Progress::UnderWay));
        scene.fleet.count(&Presence { region: Some(region("dr")), left, ..Presence::default() });
    }
}

fn pin() -> Pin {
    Pin { by: "oncall".parse().expect("a name"), reason: "a drill".to_owned() }
}

fn pause() -> Pause {
    Pause { by: "oncall".parse().expect("a name"), until: None, reason: "database migration".to_owned() }
}

fn gate() -> GateSpec {
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
fn gated(state: GateState) -> Judgement {
    let asked = Some(START.before(Duration::from_secs(4)));
    let gate = GateJudgement { name: gate().name, state, since: asked, asked };
    let mut judgement = judgement(Seen::Failing, Seen::Proven);
    judgement.regions.get_mut(&region("dr")).expect("judged").gates = vec![gate];
    judgement
}

/// A scene that passes, and what spoils it for exactly this rule.
fn case(rule: Rule) -> (Scene, fn(&mut Scene)) {
    let failover = Scene::failover();
    match rule {
        Rule::EmptyAnswer => (failover, |scene| {
            scene.after.as_mut().expect("rendered").retain(|key, _| key.name() != &name("www.example.com"));
        }),
        Rule::UnreadRecord => (failover, |scene| {
            scene.change().requires.retain(|requirement| !matches!(requirement, Requirement::Exactly(_)));
        }),
        Rule::Unfenced => (failover, |scene| scene.change().guard = Guard::Absent),
        Rule::ZoneKnown => (failover, |scene| scene.standing = Standing::Unread),
        Rule::QuorumJudged => (failover, |scene| scene.judgement = Some(judgement(Seen::Unknown, Seen::Proven))),
        Rule::AllRegionsFailing => {
            let blindly = failover.by_hand().with(|scene| scene.overrides = vec![Rule::TargetProven]);
            (blindly, |scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Failing)))
        }
        Rule::TargetProven => (failover, |scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Healthy))),
        Rule::GatesOpen => {
            let open = failover.with(|scene| {
                scene.service.regions[1].gates = vec![gate()];
                scene.judgement = Some(gated(GateState::Open { said: String::new(), until: START }));
            });
            (open, |scene| {
                let why = "lagSeconds 312, at most 30".to_owned();
                scene.service.regions[1].gates = vec![gate()];
                scene.judgement = Some(gated(GateState::Closed { why }));
            })
        }
        Rule::Observing => (failover, |scene| scene.service.mode = Mode::Observe),
        Rule::NotPaused => (failover, |scene| scene.pause = Some(pause())),
        Rule::ChangeFreeze => (Scene::failback(), |scene| scene.service.windows = freeze(EmergencyFailover::Allow)),
        Rule::RegionEvacuated => (failover, |scene| {
            let evacuated = [(region("dr"), "it is being evacuated".to_owned())];
            scene.fleet.set_evacuated(evacuated.into());
        }),
        Rule::Adopted => (failover, |scene| scene.standing = Standing::Unadopted { serving: Some(region("prod")) }),
        Rule::NoForeignChange => (failover, |scene| scene.standing = Standing::Foreign { why: "a hand".to_owned() }),
        Rule::ConfigurationCurrent => (failover, |scene| scene.held.as_mut().expect("held").cfg = 5),
        Rule::HooksAgreed => (failover, |scene| scene.veto = Some("vetoed by hook desk: freeze")),
        Rule::OneWrite => (failover, |scene| scene.other_write_open = true),
        Rule::CooledDown => {
            (Scene::failback(), |scene| scene.moved = scene.moved.map(|at| at + Duration::from_millis(1)))
        }
        Rule::Soaked => (Scene::automatic_failback(), |scene| {
            scene.service.policy.failback = Failback::Automatic { soak: Duration::from_millis(1) };
        }),
        Rule::NotPinned => (Scene::automatic_failback(), |scene| scene.pin = Some(pin())),
        Rule::StandbyHolds => {
            let from_standby = failover.with(|scene| {
                (scene.from, scene.to) = (Some(region("dr")), Some(region("prod")));
                scene.judgement = Some(judgement(Seen::Proven, Seen::Failing));
            });
            (from_standby, |scene| scene.service.policy.on_standby_failure = OnStandbyFailure::Hold)
        }
        Rule::FailoverBudget => (failover, |scene| {
            scene.failovers = vec![START.before(Duration::from_mins(59)); 4];
        }),
        Rule::BlastRadius => (failover.with(|scene| others(scene, false, 9)), |scene| others(scene, false, 10)),
        Rule::Wave => (failover.with(|scene| others(scene, true, 9)), |scene| others(scene, true, 10)),
        Rule::GroupTogether | Rule::GroupReady | Rule::MemberFirst | Rule::Assertion | Rule::Gating => {
            relations::case(rule)
        }
        Rule::WriteBackoff => (failover.with(|scene| scene.backoff_until = Some(START)), |scene| {
            scene.backoff_until = Some(START + Duration::from_millis(1));
        }),
    }
}

#[test]
fn every_rule_alone_refuses_what_it_is_for() {
    for rule in Rule::ALL {
        let (good, spoil) = case(*rule);
        assert_eq!(good.review(), [], "{rule}: the twin passes");
        let rejections = good.with(spoil).review();
        let rules: Vec<Rule> = rejections.iter().map(|rejection| rejection.rule).collect();
        assert_eq!(rules, [*rule]);
        assert!(rejections[0].reason.len() > 20 || rejections[0].reason == "a hand", "{}", rejections[0].reason);
    }
}

#[test]
fn rejections_come_in_order_of_precedence() {
    let mut expected = Rule::ALL.to_vec();
    // One write cannot break them all: these are of failbacks, of other regions or of a zone that is unread.
    let is_of_others = |rule: &Rule| {
        let of_failback = matches!(rule, Rule::CooledDown | Rule::Soaked | Rule::NotPinned | Rule::StandbyHolds);
        // Of a group or of none, with some companions or others.
        let of_companions =
            matches!(rule, Rule::GroupTogether | Rule::GroupReady | Rule::MemberFirst | Rule::Assertion | Rule::Gating);
        // Either waits for an order or for a wave.
        of_failback
            || of_companions
            || matches!(rule, Rule::ChangeFreeze | Rule::Wave | Rule::ZoneKnown | Rule::Adopted | Rule::QuorumJudged)
    };
    expected.retain(|rule| !is_of_others(rule));
    let all = expected.iter().fold(Scene::failover(), |scene, rule| scene.with(case(*rule).1));
    // The one judgement that neither of the rules about the target can bear.
    let all = all.with(|scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Failing)));
    assert_eq!(all.rules(), expected);
    assert!(Rule::ALL.is_sorted());
}

#[test]
fn an_override_that_has_expired_binds_again_and_says_so() {
    for rule in Rule::ALL.iter().filter(|rule| rule.is_overridable()) {
        let (good, spoil) = case(*rule);
        let overriding = |expire| {
            good.clone().with(spoil).with(|scene| {
                scene.overrides.push(*rule);
                scene.overrides_expire = expire;
            })
        };
        assert_eq!(overriding(Some(START + Duration::from_millis(1))).rules(), [], "{rule} lasts");
        let over = overriding(Some(START)).review();
        let again = over.iter().find(|rejection| rejection.rule == *rule).expect("it binds again");
        assert!(again.reason.ends_with("override of this rule has expired"), "{over:?}");
    }
    let unnamed = Scene::failover().with(case(Rule::TargetProven).1);
    let unnamed =
        unnamed.with(|scene| (scene.overrides, scene.overrides_expire) = (vec![Rule::CooledDown], Some(START)));
    assert!(!unnamed.review()[0].reason.contains("expired"), "it was never overridden");
}

#[test]
fn failback_waits_longer_at_a_service_that_flaps_and_says_why() {
    let two_hours = Duration::from_hours(2);
    let left = |left| {
        let dwell = Dwell { left, since: START.before(two_hours), last: START.before(COOLDOWN) };
        Scene::failback().with(|scene| scene.dwell = Some(dwell))
    };
    assert_eq!(left(1).rules(), [], "once is no flapping");
    assert_eq!(left(3).rules(), [Rule::CooledDown]);
    let said = "it has left `prod` 3 times within 2h00m, so failback waits 40m00s after a move: another 1800 s";
    assert_eq!(left(3).reason(), said);
    let waited = left(3).with(|scene| scene.moved = Some(START.before(COOLDOWN * 4)));
    assert_eq!(waited.rules(), []);
    let enough = left(3).with(|scene| scene.overrides = vec![Rule::CooledDown]);
    assert_eq!(enough.rules(), [], "whoever has looked may go back at once");
    let mut scene = Scene::failover().with(|scene| scene.moved = Some(START));
    scene.dwell = left(9).dwell;
    assert_eq!(scene.rules(), [], "a failing region is left at once, however often");
}

#[test]
fn only_overridable_rules_are_overridden() {
    for rule in Rule::ALL {
        let (good, spoil) = case(*rule);
        let mut overridden = good.with(spoil);
        overridden.overrides.push(*rule);
        let left = overridden.rules();
        assert_eq!(left.is_empty(), rule.is_overridable(), "{rule}");
    }
    let overridable: Vec<&Rule> = Rule::ALL.iter().filter(|rule| rule.is_overridable()).collect();
    let wanted = [
        &Rule::AllRegionsFailing,
        &Rule::TargetProven,
        &Rule::GatesOpen,
        &Rule::ChangeFreeze,
        &Rule::RegionEvacuated,
        &Rule::HooksAgreed,
        &Rule::CooledDown,
        &Rule::GroupTogether,
        &Rule::GroupReady,
        &Rule::MemberFirst,
        &Rule::Assertion,
        &Rule::Gating,
    ];
    assert_eq!(overridable, wanted);
    let other =
        Scene::failover().with(case(Rule::TargetProven).1).with(|scene| scene.overrides = vec![Rule::CooledDown]);
    assert_eq!(other.rules(), [Rule::TargetProven], "an override names its rule");
}

#[test]
fn names_of_rules_round_trip() {
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert_eq!(rule.as_str().parse(), Ok(*rule));
        assert_eq!(serde_json::to_string(rule).expect("json"), format!("\"{rule}\""));
    }
    assert!("everything".parse::<Rule>().is_err());
}

#[test]
fn a_record_is_created_only_where_the_zone_was_read() {
    let scene = Scene::failover().with(|scene| {
        let key = scene.change().creates[0].key().clone();
        scene.change().deletes.retain(|set| set.key() != &key);
        scene.change().requires.retain(|requirement| match requirement {
            Requirement::Exactly(set) => set.key() != &key,
            Requirement::Absent(absent) => absent != &key,
        });
    });
    assert_eq!(scene.rules(), [Rule::UnreadRecord]);
}

#[test]
fn a_deletion_must_be_of_exactly_what_was_read() {
    let scene = Scene::failover().with(|scene| {
        scene.change().deletes[0] =
            crate::fixture::rrset("api.example.com", crate::rrset::GuardedType::A, 60, &["203.0.113.1"]);
    });
    assert_eq!(scene.rules(), [Rule::UnreadRecord]);
}

#[test]
fn the_guard_must_be_the_services_own_fence() {
    let elsewhere = Scene::failover().with(|scene| scene.change().fence_name = name("_other._failover.example.com"));
    assert_eq!(elsewhere.rules(), [Rule::Unfenced]);
    let zone = Scene::failover().with(|scene| scene.change().zone = name("example.org"));
    assert_eq!(zone.rules(), [Rule::Unfenced]);
}

#[test]
fn a_missing_fence_is_required_only_by_adoption_and_repair_of_a_loss() {
    let absent = |kind, standing| {
        let scene = Scene::of_the_fence(kind).by_hand();
        scene.with(|scene| (scene.change().guard, scene.standing) = (Guard::Absent, standing)).rules()
    };
    let lost = |found: Option<Fence>| Standing::Lost { found: found.map(Box::new), serving: Some(region("prod")) };
    assert_eq!(absent(WriteKind::Adopt, Standing::Unadopted { serving: None }), []);
    assert_eq!(absent(WriteKind::Repair, lost(None)), []);
    let older = fence(&service(), "prod", 1, 1);
    assert_eq!(absent(WriteKind::Repair, lost(Some(older))), [Rule::Unfenced]);
    assert_eq!(absent(WriteKind::Repair, Standing::Held), [Rule::Unfenced]);
    for kind in [WriteKind::Annotate, WriteKind::Release, WriteKind::Failback] {
        assert!(absent(kind, Standing::Held).contains(&Rule::Unfenced), "{kind:?}");
    }
}

#[test]
fn an_automatic_failover_needs_a_judgement_and_a_region_to_leave() {
    let unjudged = Scene::failover().with(|scene| scene.judgement = None);
    assert_eq!(unjudged.rules(), [Rule::QuorumJudged, Rule::TargetProven]);
    for prod in [Seen::Proven, Seen::Healthy, Seen::Suspected, Seen::Unknown] {
        let scene = Scene::failover().with(|scene| scene.judgement = Some(judgement(prod, Seen::Proven)));
        assert_eq!(scene.rules(), [Rule::QuorumJudged], "{prod:?}");
        assert_eq!(scene.by_hand().rules(), [], "an operator may know more");
    }
    assert_eq!(Scene::failover().with(|scene| scene.from = None).rules(), [Rule::QuorumJudged]);
}

#[test]
fn a_target_must_exist_and_be_proven_for_moves_and_new_renderings() {
    let none = Scene::failover().by_hand().with(|scene| scene.to = None);
    assert_eq!(none.rules(), [Rule::TargetProven]);
    let rerender = |prod| {
        let scene = Scene::failover().with(|scene| scene.to = Some(region("prod")));
        scene.with(|scene| {
            (scene.kind, scene.judgement) = (WriteKind::Rerender, Some(judgement(prod, Seen::Unknown)));
        })
    };
    assert_eq!(rerender(Seen::Proven).rules(), []);
    for prod in [Seen::Healthy, Seen::Failing, Seen::Unknown] {
        assert_eq!(rerender(prod).rules(), [Rule::TargetProven], "{prod:?}");
    }
    for kind in [WriteKind::Annotate, WriteKind::Release] {
        let scene = Scene::of_the_fence(kind).with(|scene| scene.judgement = None);
        assert_eq!(scene.rules(), [], "{kind:?} moves nothing");
    }
}

#[test]
fn every_gate_of_the_target_must_be_open_for_moves_and_new_renderings() {
    let shut = |spoil: fn(&mut Scene)| Scene::failover().with(case(Rule::GatesOpen).1).with(spoil);
    let reason = shut(|_| {}).reason();
    let expected = "gate replication of region `dr` says no: lagSeconds 312, at most 30; asked 4 s ago";
    assert_eq!(reason, expected);
    assert_eq!(shut(|scene| scene.kind = WriteKind::Rerender).rules(), [Rule::GatesOpen]);
    assert_eq!(shut(|scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Proven))).rules(), [Rule::GatesOpen]);
    let unknown = GateState::Unknown { why: "timed out".to_owned() };
    let old = GateState::Open { said: String::new(), until: START.before(Duration::from_millis(1)) };
    for state in [unknown, old] {
        let scene = shut(|_| {}).with(|scene| scene.judgement = Some(gated(state.clone())));
        assert_eq!(scene.rules(), [Rule::GatesOpen], "{state:?}");
    }
    let elsewhere = shut(|scene| scene.service.regions.swap(0, 1)).with(|scene| {
        scene.service.regions.iter_mut().for_each(|region| region.gates.clear());
        scene.service.regions[1].gates = vec![gate()];
    });
    assert_eq!(elsewhere.rules(), [], "the gates of another region are not asked");
    for kind in [WriteKind::Annotate, WriteKind::Release] {
        let scene = Scene::of_the_fence(kind).with(case(Rule::GatesOpen).1).with(|scene| scene.to = Some(region("dr")));
        assert_eq!(scene.rules(), [], "{kind:?} moves nothing");
    }
}

#[test]
fn a_place_that_only_follows_is_kept_from_nothing_by_a_gate() {
    let scene = Scene::failover().with(case(Rule::GatesOpen).1);
    assert_eq!(scene.with(|scene| scene.purpose = Purpose::Aligns).rules(), []);
}

#[test]
fn an_observing_service_writes_nothing_at_all() {
    for kind in [WriteKind::Adopt, WriteKind::Repair, WriteKind::Annotate, WriteKind::Release, WriteKind::Rerender] {
        let scene = Scene::of_the_fence(kind).by_hand().with(|scene| scene.service.mode = Mode::Observe);
        assert!(scene.rules().contains(&Rule::Observing), "{kind:?}");
    }
}

#[test]
fn a_pause_blocks_what_is_automatic_except_telling_the_fence() {
    let paused = |scene: Scene| scene.with(|scene| scene.pause = Some(pause()));
    assert_eq!(paused(Scene::failover()).rules(), [Rule::NotPaused]);
    assert_eq!(paused(Scene::failover().by_hand()).rules(), []);
    assert_eq!(paused(Scene::of_the_fence(WriteKind::Annotate)).rules(), []);
    let lost = Standing::Lost { found: None, serving: Some(region("prod")) };
    let repair = Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = lost);
    assert_eq!(paused(repair).rules(), [Rule::NotPaused]);
    assert!(paused(Scene::failover()).reason().contains("paused by `oncall`: database migration"));
}

#[test]
fn released_lost_and_unadopted_services_are_not_moved() {
    let released = Standing::Released { fence: Box::new(tombstone(&service(), 2, 2)) };
    let lost = Standing::Lost { found: None, serving: Some(region("prod")) };
    for standing in [released.clone(), lost.clone(), Standing::Unadopted { serving: None }] {
        let scene = Scene::failover().by_hand().with(|scene| scene.standing = standing.clone());
        assert_eq!(scene.rules(), [Rule::Adopted], "{standing:?}");
        let adopt = Scene::of_the_fence(WriteKind::Adopt).by_hand().with(|scene| scene.standing = standing);
        assert_eq!(adopt.rules(), []);
    }
    assert_eq!(Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = lost).rules(), []);
    assert_eq!(Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = released).rules(), [Rule::Adopted]);
}

#[test]
fn a_repair_needs_records_of_a_region_and_never_replaces_a_tombstone() {
    let repair = |found: Option<Fence>, serving: Option<&str>| {
        let standing = Standing::Lost { found: found.map(Box::new), serving: serving.map(region) };
        Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = standing).rules()
    };
    let older = fence(&service(), "dr", 1, 1);
    assert_eq!(repair(Some(older.clone()), Some("dr")), []);
    assert_eq!(repair(Some(older), None), [Rule::NoForeignChange]);
    assert_eq!(repair(Some(tombstone(&service(), 1, 1)), Some("prod")), [Rule::Adopted]);
}

#[test]
fn a_foreign_change_holds_all_but_its_adoption() {
    for kind in [WriteKind::Annotate, WriteKind::Release, WriteKind::Repair, WriteKind::Rerender] {
        let scene = Scene::of_the_fence(kind).by_hand().with(case(Rule::NoForeignChange).1);
        assert!(scene.rules().contains(&Rule::NoForeignChange), "{kind:?}");
    }
    assert_eq!(Scene::of_the_fence(WriteKind::Adopt).by_hand().with(case(Rule::NoForeignChange).1).rules(), []);
}

#[test]
fn an_older_configuration_says_so_in_figures() {
    let older = |revision| {
        let scene = Scene::failover().with(case(Rule::ConfigurationCurrent).1);
        scene.with(|scene| scene.service.revision = revision)
    };
    assert_eq!(older(4).reason(), "the fence was written with configuration revision 5, this one is 4");
    assert_eq!(older(0).reason(), "the fence was written with configuration revision 5, this one has none");
    assert_eq!(older(5).rules(), []);
}

#[test]
fn the_cooldown_binds_failback_only() {
    let hot = |scene: Scene| scene.with(|scene| scene.moved = Some(START));
    assert_eq!(hot(Scene::failback()).reason(), "the cooldown lasts another 600 s");
    assert_eq!(hot(Scene::failover()).rules(), []);
}

#[test]
fn a_window_holds_up_what_can_wait_and_an_emergency_only_if_it_says_so() {
    let frozen = |scene: Scene, emergency| scene.with(|scene| scene.service.windows = freeze(emergency)).rules();
    let (allow, block) = (EmergencyFailover::Allow, EmergencyFailover::Block);
    for emergency in [allow, block] {
        assert_eq!(frozen(Scene::failback(), emergency), [Rule::ChangeFreeze]);
        let planned =
            Scene::failover().by_hand().with(|scene| scene.judgement = Some(judgement(Seen::Proven, Seen::Proven)));
        assert_eq!(frozen(planned, emergency), [Rule::ChangeFreeze], "to leave what works is no emergency");
        let rerender = Scene::failover().with(|scene| {
            (scene.kind, scene.to) = (WriteKind::Rerender, Some(region("prod")));
            scene.judgement = Some(judgement(Seen::Proven, Seen::Proven));
        });
        assert_eq!(frozen(rerender, emergency), [Rule::ChangeFreeze]);
        for kind in [WriteKind::Annotate, WriteKind::Adopt, WriteKind::Release] {
            assert_eq!(frozen(Scene::of_the_fence(kind).by_hand(), emergency), [], "{kind:?} moves nothing");
        }
    }
    assert_eq!(frozen(Scene::failover(), allow), []);
    assert_eq!(frozen(Scene::failover().by_hand(), allow), []);
    assert_eq!(frozen(Scene::failover(), block), [Rule::ChangeFreeze]);
    let spoilt = Scene::failback().with(case(Rule::ChangeFreeze).1);
    assert_eq!(spoilt.reason(), "the window `year-end` is open for another 3600 s");
}

#[test]
fn an_automatic_failback_soaks_and_needs_a_policy_that_wants_it() {
    let soaking = Scene::automatic_failback()
        .with(|scene| scene.service.policy.failback = Failback::Automatic { soak: Duration::from_secs(90) });
    assert_eq!(soaking.reason(), "region `prod` soaks for another 90 s");
    assert_eq!(soaking.by_hand().rules(), [], "an operator has looked");
    let manual = Scene::automatic_failback().with(|scene| scene.service.policy.failback = Failback::Manual);
    assert_eq!(manual.rules(), [Rule::Soaked]);
    let doubted =
        Scene::automatic_failback().with(|scene| scene.judgement = Some(judgement(Seen::Unknown, Seen::Proven)));
    assert_eq!(doubted.rules(), [Rule::TargetProven, Rule::Soaked]);
}

#[test]
fn a_pin_binds_automatic_failback_only() {
    let pinned = |scene: Scene| scene.with(|scene| scene.pin = Some(pin())).rules();
    assert_eq!(pinned(Scene::automatic_failback()), [Rule::NotPinned]);
    assert_eq!(pinned(Scene::failback()), []);
    assert_eq!(pinned(Scene::failover()), [], "failover stays armed");
}

#[test]
fn the_budget_lets_there_and_back_through_and_then_slows_down() {
    let second = Duration::from_secs(1);
    let after = |ago: &[u64]| {
        let failovers = ago.iter().map(|ago| START.before(second * u32::try_from(*ago).expect("short"))).collect();
        Scene::failover().with(|scene| scene.failovers = failovers)
    };
    for (ago, rules) in [
        (&[][..], &[][..]),
        (&[1], &[]),
        (&[2, 1], &[Rule::FailoverBudget]),
        (&[90, 60], &[]),
        (&[300, 200, 119], &[Rule::FailoverBudget]),
        (&[300, 200, 120], &[]),
        (&[3599, 3000, 2000, 1000], &[Rule::FailoverBudget]),
        (&[3600, 3000, 2000, 1000], &[]),
    ] {
        assert_eq!(after(ago).rules(), rules, "{ago:?}");
    }
    let spent = after(&[3540, 3000, 2000, 1000]);
    let expected = "it has left regions 4 times within 60 min, at most 4 times without an order; the next is possible in 60 s, or by hand";
    assert_eq!(spent.reason(), expected);
    assert_eq!(spent.by_hand().rules(), []);
}

#[test]
fn the_backoff_binds_automatic_writes_only() {
    let (good, spoil) = case(Rule::WriteBackoff);
    assert_eq!(good.with(spoil).by_hand().rules(), []);
    let scene = Scene::failover().with(|scene| scene.backoff_until = Some(START + Duration::from_secs(8)));
    assert_eq!(scene.reason(), "the last write failed, the next try is in 8 s");
}

#[test]
fn reasons_carry_figures_and_evidence() {
    let scene = Scene::failover().with(case(Rule::TargetProven).1);
    let reason = scene.reason();
    let expected = "region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; ";
    assert!(reason.starts_with(expected), "{reason}");
    let alone = scene.with(|scene| scene.service.policy.quorum = 1).reason();
    assert!(alone.contains(", 1 vantage point must"), "{alone}");
    let unknown = Scene::failover().with(case(Rule::QuorumJudged).1).reason();
    let expected = "region `prod` is unknown, 2 vantage points must see all of it failing; ";
    assert!(unknown.starts_with(expected) && unknown.contains("2 of 3 silent"), "{unknown}");
}
