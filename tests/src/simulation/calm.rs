//! The end of a history: all faults end, people put right what only they can, and then the service has to be well.
//! At last the region that it is in is lost for good: whatever came before, the service has to leave it.

use dns_core::fence::Fence;
use dns_core::policy::OnStandbyFailure;

use super::Ms;
use super::controller::Life;
use super::invariants::Invariant;
use super::setting::Setting;
use super::world::{Occurrence, World};

const MINUTE: Ms = 60_000;
/// When people look after the service, after the end of all faults.
const TIDIED: [Ms; 5] = [10 * MINUTE, 30 * MINUTE, 50 * MINUTE, 70 * MINUTE, 90 * MINUTE];
/// When the service has to be well.
const SETTLED: Ms = 150 * MINUTE;
/// How long it may take to leave a region that is lost: detection of ten-second probes, five in a row, and a back-off.
const LEFT: Ms = 5 * MINUTE;
/// The same where others go first: three waves, each with its verification.
const ALL_LEFT: Ms = 15 * MINUTE;

impl World<'_> {
    /// One part of the end after the other.
    pub(super) fn calm(&mut self, part: usize) {
        match part {
            0 => self.end_all_faults(),
            1 => self.tidy_up(),
            2 => {
                self.check_settled("once all faults are over");
                self.lose_active();
            }
            _ => self.check_left(),
        }
    }

    fn end_all_faults(&mut self) {
        self.tell(|| "all faults are over".to_owned());
        let newest = self.newest;
        self.zones.iter_mut().for_each(super::zone::Zone::heal);
        for controller in 0..self.controllers.len() {
            let known = &mut self.controllers[controller];
            known.store_refuses_until = 0;
            known.cut_off_until.fill(0);
            known.traps.clear();
            known.skew = 0;
            // A process whose clock was wrong when it began decides by it until it begins anew.
            known.incarnation += 1;
            known.life = Life::Dead { until: self.now };
            known.configuration = newest;
            let (service, incarnation) = (self.configurations[newest].service.clone(), known.incarnation);
            known.reload(&service);
            self.plan(self.now, Occurrence::Awake { controller, incarnation });
        }
        for vantage in 0..self.setting.vantages {
            self.relearn(vantage, newest);
        }
        for at in TIDIED {
            self.plan(self.now + at, Occurrence::Calm(1));
        }
        self.plan(self.now + SETTLED, Occurrence::Calm(2));
    }

    /// The fences of all zones, if there is one everywhere.
    fn fences(&self) -> Option<Vec<Fence>> {
        let projections = self.configurations[0].service.projections();
        let zones = self.zones.iter().zip(projections);
        zones.map(|(zone, projection)| zone.fence(&projection.zone)).collect()
    }

    /// Whether one decision stands everywhere, with the records of its region as they are configured now. Returns the region.
    fn check_settled(&mut self, when: &str) -> Option<usize> {
        let fences = self.fences();
        let first = fences.as_ref().and_then(|fences| fences.first());
        let same = |one: &Fence, other: &Fence| {
            (one.epoch, &one.plan, &one.active) == (other.epoch, &other.plan, &other.active)
        };
        let agrees = first.is_some_and(|first| fences.iter().flatten().all(|fence| same(first, fence)));
        let region = self.rank_of(first.and_then(|first| first.active.as_ref()));
        let plans = &self.configurations[self.newest].plans;
        let served = region.is_some_and(|region| {
            self.zones.iter().zip(plans).all(|(zone, plans)| zone.content.rrsets == plans[region])
        });
        let open = self.controllers.iter().any(|known| known.outbox.iter().any(Option::is_some));
        let diverging = self.controllers.iter().any(|known| !known.saga.divergences().is_empty());
        if !(agrees && served) || open || diverging {
            let standings: Vec<Vec<&str>> = self
                .controllers
                .iter()
                .map(|known| known.saga.machines().map(|(_, machine)| machine.memory().standing().as_str()).collect())
                .collect();
            let what = format!(
                "{when}: fences agree: {agrees}, records are those of {region:?}: {served}, writes open: {open}, \
                 diverging: {diverging}, standings {standings:?}"
            );
            self.violate(Invariant::Settles, what);
        }
        region
    }

    fn lose_active(&mut self) {
        let active = self.fences().and_then(|fences| self.rank_of(fences.first()?.active.as_ref()));
        let Some(active) = active else { return };
        self.tell(|| format!("* {} is lost for good", Setting::region(active)));
        self.regions_down[active] += 1;
        self.reach_anew(active);
        self.ledger.lost = Some(active);
        let left = if self.fleets.is_some() { ALL_LEFT } else { LEFT };
        self.plan(self.now + left, Occurrence::Calm(3));
    }

    fn check_left(&mut self) {
        let region = self.check_settled("after the last loss");
        let lost = self.ledger.lost;
        // A service that is in a standby region at last, where its policy says to stay, waits for an order.
        let holds = self.setting.leeway.on_standby_failure == OnStandbyFailure::Hold && lost != Some(0);
        if region.is_none() || (region == lost && !holds) {
            self.violate(Invariant::Settles, format!("the service is still in {region:?}, which is lost"));
        }
        self.finished = true;
    }
}
