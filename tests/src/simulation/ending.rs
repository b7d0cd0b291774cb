//! What was injected ends.

use super::happening::Word;
use super::world::{Ending, World};

impl World<'_> {
    /// What was injected is over.
    pub(super) fn end(&mut self, ending: &Ending) {
        self.tell(|| format!("- over: {ending:?}"));
        match ending {
            Ending::Region(region) => {
                self.regions_down[*region] -= 1;
                self.reach_anew(*region);
            }
            Ending::Endpoint(region, endpoint) => {
                self.endpoints_down[*region][*endpoint] -= 1;
                self.reach_anew(*region);
            }
            Ending::Paths(vantages, region) => {
                for vantage in vantages {
                    self.vantages[*vantage].cuts[*region] -= 1;
                }
                self.reach_anew(*region);
            }
            Ending::Blind(vantage) => self.see_again(*vantage),
            Ending::Silent(vantage) => self.speak_again(*vantage),
            Ending::Partition(controller, vantage) => {
                self.controllers[*controller].partitions[*vantage] -= 1;
                self.plan_connection(*controller, *vantage);
            }
            Ending::Gate(region) => self.gate_says(*region, Word::Yes),
            Ending::Hook => self.hook_says = Word::Yes,
            Ending::Clock(controller) => self.controllers[*controller].skew = 0,
        }
    }

    fn see_again(&mut self, vantage: usize) {
        self.vantages[vantage].blind -= 1;
        if self.vantages[vantage].blind == 0 {
            let now = self.now;
            self.vantages[vantage].watches.iter_mut().flatten().for_each(|watch| watch.open_eyes(now));
            self.plan_probes(vantage);
            self.spread(vantage, None);
        }
    }

    /// A vantage point that was down begins to watch anew.
    fn speak_again(&mut self, vantage: usize) {
        self.vantages[vantage].silent -= 1;
        if self.vantages[vantage].silent > 0 {
            return;
        }
        let (now, blind) = (self.now, self.vantages[vantage].blind > 0);
        for watch in self.vantages[vantage].watches.iter_mut().flatten() {
            watch.restart(now);
            if blind {
                watch.close_eyes(now, now);
            }
        }
        self.plan_probes(vantage);
        (0..self.controllers.len()).for_each(|controller| self.plan_connection(controller, vantage));
    }
}
