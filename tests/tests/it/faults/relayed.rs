//! Real servers behind a relay: `PowerDNS` by its API, and by DNS UPDATE one that takes it.

use std::collections::BTreeMap;

use tests::world::{Damage, Host, PowerDnsApi, Relay, Relayed, Snapshot, Toll};
use tests::{Kind, World};

use super::matrix::{Faulty, Matrix, SLOW, plan};

/// The damages in their order; without a wildcard, so that a new one does not compile before it has its place.
fn next(damage: &Damage) -> Option<Damage> {
    Some(match damage {
        Damage::Cut => Damage::CutAfterwards,
        Damage::CutAfterwards => Damage::Latency(SLOW),
        Damage::Latency(_) => Damage::SlowAnswer(SLOW),
        Damage::SlowAnswer(_) => Damage::Truncated,
        Damage::Truncated => Damage::Unavailable,
        Damage::Unavailable => Damage::UnavailableAfterwards,
        Damage::UnavailableAfterwards => return None,
    })
}

fn words(damage: &Damage) -> &'static [&'static str] {
    match damage {
        Damage::Cut | Damage::CutAfterwards | Damage::Truncated => &[
            "connection closed",
            "closed the connection",
            "early eof",
            "end of file",
            "reset",
            "error reading",
            "body",
        ],
        Damage::Latency(_) | Damage::SlowAnswer(_) => &["timed out", "nothing within"],
        Damage::Unavailable | Damage::UnavailableAfterwards => &["503"],
    }
}

fn calls(relay: &Relay) -> BTreeMap<&'static str, usize> {
    let all = ["DELETE", "GET", "PATCH", "POST", "PUT", "QUERY", "UPDATE"];
    let made = relay.calls();
    assert!(made.keys().all(|call| all.contains(&call.as_str())), "{made:?}");
    all.into_iter().filter_map(|call| Some((call, *made.get(call)?))).collect()
}

macro_rules! faulty {
    ($host:ty, $takes:expr) => {
        impl Faulty for $host {
            type Call = &'static str;
            type Fault = Damage;

            fn calls(&self) -> BTreeMap<&'static str, usize> {
                calls(&self.relay)
            }

            fn faults(&self, _call: &'static str) -> Vec<Damage> {
                std::iter::successors(Some(Damage::Cut), next).filter($takes).collect()
            }

            fn inject(&self, call: &'static str, skip: usize, damage: &Damage) {
                self.relay.inject(Toll { call, skip, times: 1, damage: *damage });
            }

            fn pending(&self) -> usize {
                self.relay.pending()
            }

            fn heal(&self, _damage: &Damage) {
                self.relay.heal();
            }

            fn writes(&self, call: &'static str) -> bool {
                matches!(call, "PATCH" | "UPDATE")
            }

            fn words(&self, damage: &Damage) -> &'static [&'static str] {
                words(damage)
            }

            fn snapshot(&self) -> Snapshot {
                Snapshot::over_dns(self.servers().first().copied().expect("a server"))
            }
        }
    };
}

faulty!(PowerDnsApi, |_| true);
faulty!(Relayed, |damage| !matches!(damage, Damage::Unavailable | Damage::UnavailableAfterwards));

fn run<H: Faulty>(world: World<H>) {
    let watch = world.watch();
    let cases = Matrix::of(world).run();
    let moves = watch.end().len();
    assert!(cases > 10 && moves >= cases, "{cases} faults, {moves} moves");
}

#[test]
fn every_fault_at_every_call_of_a_flip_leaves_one_whole_plan_on_powerdns_by_api() {
    run(World::start_at(&plan(), PowerDnsApi::start));
}

#[test]
fn every_fault_at_every_call_of_a_flip_leaves_one_whole_plan_on_knot() {
    run(World::start_at(&plan(), |sandbox| Relayed::start(sandbox, Kind::Knot)));
}
