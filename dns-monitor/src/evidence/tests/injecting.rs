//! Injected failures stand beside what is seen, for one region, one drill and a time.

use super::*;
use crate::injecting::{Inject, InjectRefused, Taken};

const LASTS: Duration = Duration::from_mins(1);

fn begin(id: &str) -> Inject {
    Inject::Begin {
        id: id.parse().expect("an id"),
        service: ServiceName::new("checkout").expect("a name"),
        region: RegionName::new("prod").expect("a name"),
        lasts: LASTS,
    }
}

impl Bench {
    fn inject(&mut self, inject: Inject) -> Result<Taken, InjectRefused> {
        let (reply, mut answer) = oneshot::channel();
        self.evidence.hear(Report::Inject { inject, reply }, self.now, self.wall);
        answer.try_recv().expect("answered")
    }

    /// What is seen and what is injected, of each transition.
    fn both(&mut self) -> Vec<(Verdict, Option<(Verdict, u32)>)> {
        let both = |event| match event {
            EvidenceEvent::Transition(Transition { endpoint, .. }) => {
                let injected = endpoint.injected.map(|injected| (injected.verdict, injected.contradicting));
                Some((endpoint.verdict, injected))
            }
            EvidenceEvent::Snapshot(_) | EvidenceEvent::Heartbeat(_) => None,
        };
        self.events().into_iter().filter_map(both).collect()
    }

    fn run_after(&mut self, secs: u64, good: bool) {
        self.pass(Duration::from_secs(secs));
        self.run(0, good);
    }
}

#[test]
fn good_runs_count_as_failed_beside_what_is_seen() {
    let mut bench = Bench::new(1);
    bench.run(0, true);
    bench.events();
    assert_eq!(bench.inject(begin("d1")), Ok(Taken { endpoints: 1 }));
    bench.run_after(1, true);
    bench.run_after(1, true);
    let healthy = Verdict::Healthy;
    assert_eq!(bench.both(), [(healthy, Some((healthy, 1))), (healthy, Some((Verdict::Failing, 0)))]);
    assert_eq!(bench.inject(Inject::End { id: "d1".parse().expect("an id") }), Ok(Taken { endpoints: 1 }));
    bench.run_after(1, true);
    assert_eq!(bench.both(), [(healthy, None)], "nothing was seen otherwise, and nothing has to recover");
}

#[test]
fn what_really_fails_is_seen_to_fail() {
    let mut bench = Bench::new(1);
    bench.run(0, true);
    bench.inject(begin("d1")).expect("taken");
    bench.events();
    bench.run_after(1, false);
    bench.run_after(1, false);
    assert_eq!(bench.both().last(), Some(&(Verdict::Failing, Some((Verdict::Failing, 0)))));
}

#[test]
fn an_injection_ends_by_itself_unless_it_is_prolonged() {
    let mut bench = Bench::new(1);
    bench.run(0, true);
    bench.inject(begin("d1")).expect("taken");
    bench.run_after(1, true);
    bench.run_after(1, true);
    bench.inject(begin("d1")).expect("the same drill goes on");
    bench.events();
    for _ in 0..59 {
        bench.run_after(0, true);
        bench.beat();
    }
    let injected = |both: &[(Verdict, Option<(Verdict, u32)>)]| both.iter().any(|(_, injected)| injected.is_none());
    assert!(!injected(&bench.both()), "its time is not over");
    bench.beat();
    assert_eq!(bench.inject(Inject::End { id: "d1".parse().expect("an id") }), Ok(Taken { endpoints: 0 }));
}

#[test]
fn another_drill_does_not_take_a_region_over() {
    let mut bench = Bench::new(1);
    bench.inject(begin("d1")).expect("taken");
    let refused = bench.inject(begin("d2"));
    assert_eq!(refused, Err(InjectRefused::Taken("d1".parse().expect("an id"))));
    let elsewhere = Inject::Begin {
        id: "d3".parse().expect("an id"),
        service: ServiceName::new("checkout").expect("a name"),
        region: RegionName::new("dr").expect("a name"),
        lasts: LASTS,
    };
    assert_eq!(bench.inject(elsewhere), Ok(Taken { endpoints: 0 }), "this endpoint is in another region");
}
