//! What a drill does by what it sees, with a crash between any two steps.

use super::*;
use crate::history::HistoryKind;

/// A drill, what it sees, and what it wanted done.
struct Story {
    drill: Drill,
    sight: Sight,
    now: Timestamp,
    told: Vec<Told>,
}

fn at(seconds: u64) -> DecisionId {
    DecisionId::at(START + Duration::from_secs(seconds), 7)
}

impl Story {
    fn new(method: Method) -> Self {
        let sight = Sight { active: Some(region("prod")), plan: Some(at(0)), settled: true, ..Sight::default() };
        Self { drill: drill(method), sight, now: START, told: Vec::new() }
    }

    /// Every step is made by a controller that has just read what the one before kept.
    fn step(&mut self, event: &Event) -> Vec<Act> {
        self.drill = Drill::from_text(&self.drill.to_text()).expect("reads what it wrote");
        let acts = self.drill.step(event, self.now);
        let told = |act: &Act| match act {
            Act::Tell(told) => Some(told.clone()),
            Act::Inject | Act::Withdraw | Act::Order(_) => None,
        };
        self.told.extend(acts.iter().filter_map(told));
        acts
    }

    fn look(&mut self) -> Vec<Act> {
        let event = Event::Looked(self.sight.clone());
        self.step(&event)
    }

    fn pass(&mut self, time: Duration) -> Vec<Act> {
        self.now = self.now + time;
        self.look()
    }

    /// The drill's own move is written, and after it every server serves it.
    fn moves(&mut self, to: &str) -> Vec<Act> {
        let since = self.now.since(START).as_secs();
        self.sight.active = Some(region(to));
        self.sight.drill = Some(self.drill.id.clone());
        self.sight.plan = Some(at(since + 1));
        self.sight.settled = false;
        let mut acts = self.look();
        self.sight.settled = true;
        acts.extend(self.look());
        acts
    }

    /// Somebody else moves it.
    fn is_moved(&mut self, to: &str) {
        self.sight.active = Some(region(to));
        self.sight.drill = None;
        self.sight.plan = Some(at(999));
        self.sight.reason = Some("region `dr` is failing".to_owned());
    }

    fn away(method: Method) -> Self {
        let mut stage = Self::new(method);
        stage.look();
        if method == Method::Injected {
            stage.step(&Event::Injected(Ok(())));
        }
        stage.moves("dr");
        assert_eq!(stage.drill.stage, Stage::Away);
        stage
    }

    fn outcome(&self) -> Option<Outcome> {
        self.drill.outcome()
    }
}

#[test]
fn an_injected_drill_goes_there_and_back() {
    let mut stage = Story::new(Method::Injected);
    assert_eq!(stage.look(), [Act::Inject]);
    assert_eq!(stage.drill.injected, Some(START));
    stage.step(&Event::Injected(Ok(())));
    assert_eq!(stage.drill.stage, Stage::Injected);
    assert!(stage.drill.injects());
    assert_eq!(stage.pass(Duration::from_secs(10)), [], "detection takes its time");
    assert_eq!(stage.moves("dr"), [Act::Withdraw], "as soon as it is written");
    assert!(!stage.drill.injects());
    let away = stage.drill.away.clone();
    assert_eq!(stage.pass(STAY.saturating_sub(Duration::from_secs(1))), []);
    assert_eq!(stage.pass(Duration::from_secs(1)), [Act::Order(region("prod"))]);
    assert_eq!(stage.drill.stage, Stage::Returning);
    stage.step(&Event::Ordered(Ok(Some(at(400)))));
    stage.sight.moving = true;
    assert_eq!(stage.look(), [], "one order is enough");
    stage.sight.moving = false;
    stage.moves("prod");
    assert_eq!(stage.outcome(), Some(Outcome::Completed));
    assert!(away.is_some() && stage.drill.back.is_some() && away != stage.drill.back);
    let [told] = stage.told.as_slice() else { panic!("one end: {:?}", stage.told) };
    assert_eq!((told.kind, told.page), (HistoryKind::DrillEnded, false), "nobody is woken");
    assert_eq!(stage.look(), [], "it is over");
}

#[test]
fn an_ordered_drill_orders_both_ways_and_injects_nothing() {
    let mut stage = Story::new(Method::Ordered);
    assert_eq!(stage.look(), [Act::Order(region("dr"))]);
    assert_eq!(stage.moves("dr"), []);
    assert_eq!(stage.pass(STAY), [Act::Order(region("prod"))]);
    stage.moves("prod");
    assert_eq!((stage.outcome(), stage.drill.injected), (Some(Outcome::Completed), None));
}

#[test]
fn a_stop_before_the_move_ends_it_where_it_is() {
    for method in [Method::Injected, Method::Ordered] {
        let mut stage = Story::new(method);
        stage.look();
        let acts = stage.step(&Event::Stopped("oncall".parse().expect("a name")));
        assert_eq!(acts, if method == Method::Injected { vec![Act::Withdraw] } else { vec![] });
        assert!(!stage.drill.injects(), "from now on");
        stage.look();
        assert_eq!(stage.outcome(), Some(Outcome::Stopped), "{method:?}");
    }
}

#[test]
fn a_stop_during_the_move_waits_for_it_and_returns_at_once() {
    let mut stage = Story::new(Method::Ordered);
    stage.look();
    stage.sight.moving = true;
    stage.step(&Event::Stopped("oncall".parse().expect("a name")));
    assert_eq!(stage.look(), [], "its end is not known");
    stage.sight.moving = false;
    stage.moves("dr");
    assert_eq!(stage.look(), [Act::Order(region("prod"))], "it does not stay");
    stage.moves("prod");
    assert_eq!(stage.outcome(), Some(Outcome::Stopped));
    assert!(!stage.told[0].page);
}

#[test]
fn an_injection_that_vantage_points_do_not_take_ends_it() {
    let mut refused = Story::new(Method::Injected);
    refused.look();
    let acts = refused.step(&Event::Injected(Err("lon1: 404".to_owned())));
    assert!(acts.contains(&Act::Withdraw), "the others may have taken it: {acts:?}");
    assert_eq!(refused.outcome(), Some(Outcome::Failed));
    assert!(refused.told[0].summary.contains("lon1: 404"));

    let mut silent = Story::new(Method::Injected);
    silent.look();
    silent.pass(INJECT_WITHIN + Duration::from_secs(1));
    assert_eq!(silent.outcome(), Some(Outcome::Failed));
    assert_eq!(silent.step(&Event::Injected(Ok(()))), [], "too late, and it was withdrawn");
}

#[test]
fn a_failure_that_nobody_acts_on_ends_it_and_wakes_someone() {
    let mut stage = Story::new(Method::Injected);
    stage.look();
    stage.step(&Event::Injected(Ok(())));
    stage.pass(stage.drill.detect_within);
    assert_eq!(stage.outcome(), None);
    let acts = stage.pass(Duration::from_millis(1));
    assert!(acts.contains(&Act::Withdraw));
    assert_eq!(stage.outcome(), Some(Outcome::Failed));
    assert!(stage.told[0].page, "a failover that does not come is what drills are for");
}

#[test]
fn what_speaks_against_it_gives_it_up_before_the_move_and_not_after() {
    let mut stage = Story::new(Method::Injected);
    stage.look();
    stage.sight.objection = Some("changeFreeze: the window `weekend` is open".to_owned());
    stage.look();
    assert_eq!(stage.outcome(), Some(Outcome::Failed));
    assert!(stage.told[0].summary.contains("weekend"));

    let mut away = Story::away(Method::Injected);
    away.sight.objection = Some("whatever".to_owned());
    assert_eq!(away.pass(STAY), [Act::Order(region("prod"))], "the kernel says whether it may return");
}

#[test]
fn a_real_move_during_the_drill_ends_it_and_is_left_alone() {
    for passed in [Duration::ZERO, STAY] {
        let mut stage = Story::away(Method::Ordered);
        stage.pass(passed);
        stage.is_moved("prod");
        assert_eq!(stage.look().len(), 1, "it only tells");
        assert_eq!(stage.outcome(), Some(Outcome::Failed));
        assert!(stage.told[0].summary.contains("region `dr` is failing"), "{:?}", stage.told);
    }
    let mut leaving = Story::new(Method::Ordered);
    leaving.is_moved("dr");
    leaving.look();
    assert_eq!(leaving.outcome(), Some(Outcome::Failed), "it is where it should be, and not by this drill");
}

#[test]
fn a_way_back_that_is_held_is_tried_for_a_while_and_then_wakes_someone() {
    let mut stage = Story::away(Method::Ordered);
    assert_eq!(stage.pass(STAY), [Act::Order(region("prod"))]);
    stage.step(&Event::Ordered(Err("targetProven: `prod` is not proven".to_owned())));
    assert_eq!(stage.pass(RETURN_WITHIN), [Act::Order(region("prod"))], "it may be proven again");
    stage.step(&Event::Ordered(Err("targetProven: `prod` is not proven".to_owned())));
    stage.pass(Duration::from_millis(1));
    assert_eq!(stage.outcome(), Some(Outcome::Stayed));
    assert!(stage.told[0].page && stage.told[0].summary.contains("targetProven"), "{:?}", stage.told);
}

#[test]
fn a_service_whose_place_is_not_known_is_left_alone() {
    for method in [Method::Injected, Method::Ordered] {
        let mut stage = Story::new(method);
        stage.sight = Sight::default();
        assert_eq!(stage.pass(Duration::from_hours(1)), []);
    }
}

#[test]
fn what_someone_has_brought_back_is_not_ordered_away_again() {
    for method in [Method::Injected, Method::Ordered] {
        let mut stage = Story::new(method);
        stage.look();
        if method == Method::Injected {
            stage.step(&Event::Injected(Ok(())));
        }
        stage.sight.active = Some(region("dr"));
        stage.sight.drill = Some(stage.drill.id.clone());
        stage.sight.settled = false;
        stage.look();
        stage.is_moved("prod");
        let acts = stage.look();
        assert!(!acts.iter().any(|act| matches!(act, Act::Order(_))), "{acts:?}");
        assert_eq!(stage.outcome(), Some(Outcome::Failed));
    }
}
