//! What is injected strikes.

use super::Ms;
use super::chance::Purpose;
use super::convoy;
use super::happening::{Again, Happening, Verb};
use super::setting::REVISIONS;
use super::watch::Watch;
use super::world::{Ending, Occurrence, World};
use super::zone::{Content, edited};

impl World<'_> {
    /// An entry of the script.
    pub(super) fn strike(&mut self, entry: usize) {
        let script = self.script;
        let what = &script[entry].what;
        self.tell(|| format!("* {what}"));
        if what.strikes_at_once() {
            self.struck(entry);
        }
        match what {
            Happening::RegionFails { .. }
            | Happening::EndpointFails { .. }
            | Happening::PathsCut { .. }
            | Happening::Lossy { .. }
            | Happening::LossRow { .. } => self.strike_reach(entry, what),
            Happening::Blind { .. } | Happening::Silent { .. } | Happening::Partition { .. } => self.strike_sight(what),
            Happening::Stopped { .. }
            | Happening::Crashed { .. }
            | Happening::ClockSet { .. }
            | Happening::StoreRefuses { .. }
            | Happening::StoreSaved { .. } => self.strike_controller(entry, what),
            Happening::Reconfigured => self.roll_out(),
            Happening::ProviderDown { .. }
            | Happening::ProviderDenies { .. }
            | Happening::ProviderThrottles { .. }
            | Happening::ProviderUnreadable { .. }
            | Happening::ReadsLag { .. }
            | Happening::CutOff { .. } => self.strike_provider(what),
            Happening::GateSays { region, word, lasts } => {
                self.gate_says(*region, *word);
                self.end_at(self.now + lasts, Ending::Gate(*region));
            }
            Happening::HookSays { word, lasts } => {
                self.hook_says = *word;
                self.end_at(self.now + lasts, Ending::Hook);
            }
            Happening::NextWrite { .. }
            | Happening::ZoneSaved { .. }
            | Happening::ZoneRestored { .. }
            | Happening::FenceDeleted { .. }
            | Happening::HandEdited { .. } => self.strike_zone(entry, what),
            Happening::Ordered { controller, verb, overriding, again } => {
                self.order(*controller, *verb, *overriding, *again);
            }
            Happening::TidiedUp => self.tidy_up(),
        }
    }

    /// An entry of the script has struck: it counts, once.
    pub(super) fn struck(&mut self, entry: usize) {
        let what = &self.script[entry].what;
        let elsewhere = self.follows && convoy::is_shared(what) == Some(true);
        if let Some(kind) = what.kind().filter(|_| !elsewhere)
            && self.ledger.struck.insert(entry)
        {
            self.tally.event(kind);
        }
    }

    fn end_at(&mut self, at: Ms, ending: Ending) {
        self.plan(at.min(self.span), Occurrence::Ended(ending));
    }

    fn lose(&mut self, entry: usize, vantage: usize, (region, endpoint): (usize, usize), permille: u64, lasts: Ms) {
        let mut dice = self.setting.chance.dice(Purpose::Loss, entry, self.now);
        let (now, salt) = (self.now, dice.between(0, u64::MAX));
        let watch: &mut Watch = &mut self.vantages[vantage].watches[region][endpoint];
        watch.lose(permille, now + lasts, salt, now);
        self.plan_probes(vantage);
    }

    /// What lies between vantage points and regions.
    fn strike_reach(&mut self, entry: usize, what: &Happening) {
        let now = self.now;
        match what {
            Happening::RegionFails { region, lasts } => {
                self.regions_down[*region] += 1;
                self.end_at(now + lasts, Ending::Region(*region));
                self.reach_anew(*region);
            }
            Happening::EndpointFails { region, endpoint, lasts } => {
                self.endpoints_down[*region][*endpoint] += 1;
                self.end_at(now + lasts, Ending::Endpoint(*region, *endpoint));
                self.reach_anew(*region);
            }
            Happening::PathsCut { vantages, region, lasts } => {
                for vantage in vantages {
                    self.vantages[*vantage].cuts[*region] += 1;
                }
                self.end_at(now + lasts, Ending::Paths(vantages.clone(), *region));
                self.reach_anew(*region);
            }
            Happening::Lossy { vantage, region, permille, lasts } => {
                for endpoint in 0..self.setting.endpoints {
                    self.lose(entry, *vantage, (*region, endpoint), *permille, *lasts);
                }
            }
            Happening::LossRow { vantage, region, endpoint, lasts } => {
                self.lose(entry, *vantage, (*region, *endpoint), 1_000, *lasts);
            }
            _elsewhere => {}
        }
    }

    fn strike_controller(&mut self, entry: usize, what: &Happening) {
        let now = self.now;
        match what {
            Happening::Stopped { controller, at: Some(step), .. }
            | Happening::Crashed { controller, at: Some(step), .. } => {
                self.controllers[*controller].traps.push_back((entry, *step, what.clone()));
            }
            Happening::Stopped { controller, .. } | Happening::Crashed { controller, .. } => {
                self.strike_process(*controller, what);
            }
            Happening::ClockSet { controller, skew, lasts } => {
                self.controllers[*controller].skew = *skew;
                self.end_at(now + lasts, Ending::Clock(*controller));
            }
            Happening::StoreRefuses { controller, lasts } => {
                self.controllers[*controller].store_refuses_until = now + lasts;
            }
            Happening::StoreSaved { controller } => self.controllers[*controller].back_up(),
            _elsewhere => {}
        }
    }

    fn strike_zone(&mut self, entry: usize, what: &Happening) {
        match what {
            Happening::NextWrite { place, fate } => self.zones[*place].fates.push_back((entry, *fate)),
            Happening::ZoneSaved { place } => self.zones[*place].backup = Some(self.zones[*place].content.clone()),
            Happening::ZoneRestored { place } => self.restore(*place),
            Happening::FenceDeleted { place } => self.tamper(*place, |content| Content { fence: None, ..content }),
            Happening::HandEdited { place, variant } => {
                let variant = *variant;
                self.edit(*place, move |content| Content { rrsets: edited(&content.rrsets, variant), ..content });
            }
            _elsewhere => {}
        }
    }

    fn strike_sight(&mut self, what: &Happening) {
        let now = self.now;
        match what {
            Happening::Blind { vantage, lasts } => {
                self.vantages[*vantage].blind += 1;
                // It takes back what it has seen since its control targets were last heard: an interval or so.
                let from = now.saturating_sub(self.setting.interval);
                let watches = self.vantages[*vantage].watches.iter_mut().flatten();
                watches.for_each(|watch| watch.close_eyes(from, now));
                self.end_at(now + lasts, Ending::Blind(*vantage));
                self.spread(*vantage, None);
            }
            Happening::Silent { vantage, lasts } => {
                self.vantages[*vantage].silent += 1;
                (0..self.controllers.len()).for_each(|controller| self.disconnect(controller, *vantage));
                self.end_at(now + lasts, Ending::Silent(*vantage));
            }
            Happening::Partition { controller, vantages, lasts } => {
                for vantage in vantages {
                    self.controllers[*controller].partitions[*vantage] += 1;
                    self.disconnect(*controller, *vantage);
                    self.end_at(now + lasts, Ending::Partition(*controller, *vantage));
                }
            }
            _elsewhere => {}
        }
    }

    fn strike_provider(&mut self, what: &Happening) {
        let now = self.now;
        match what {
            Happening::ProviderDown { place, lasts } => self.zones[*place].down_until = now + lasts,
            Happening::ProviderDenies { place, lasts } => self.zones[*place].denies_until = now + lasts,
            Happening::ProviderThrottles { place, lasts } => self.zones[*place].throttles_until = now + lasts,
            Happening::ProviderUnreadable { place, lasts } => self.zones[*place].unreadable_until = now + lasts,
            Happening::ReadsLag { place, by, lasts } => {
                (self.zones[*place].lag, self.zones[*place].lags_until) = (*by, now + lasts);
            }
            Happening::CutOff { controller, place, lasts } => {
                self.controllers[*controller].cut_off_until[*place] = now + lasts;
            }
            _elsewhere => return,
        }
        // Readers find out in their own time.
        (0..self.setting.places).for_each(|place| self.zone_changed(place));
    }

    /// Everyone takes up the next configuration, one after the other.
    fn roll_out(&mut self) {
        if self.newest + 1 >= REVISIONS {
            return;
        }
        self.newest += 1;
        let configuration = self.newest;
        let mut dice = self.setting.chance.dice(Purpose::Roll, configuration, self.now);
        for controller in 0..self.controllers.len() {
            let at = self.now + dice.spread(1_000, 3_600_000);
            self.plan(at, Occurrence::Reloads { controller, configuration });
        }
        for vantage in 0..self.setting.vantages {
            let at = self.now + dice.spread(1_000, 3_600_000);
            self.plan(at, Occurrence::Relearns { vantage, configuration });
        }
    }

    /// A vantage point takes up another configuration: what it now watches elsewhere it has not seen yet.
    pub(super) fn relearn(&mut self, vantage: usize, configuration: usize) {
        let before = self.vantages[vantage].configuration;
        if before >= configuration {
            return;
        }
        self.vantages[vantage].configuration = configuration;
        let now = self.now;
        for (region, endpoint) in self.endpoints() {
            let named = |of: usize| &self.configurations[of].endpoints[region][endpoint];
            if named(before) != named(configuration) && self.vantages[vantage].blind == 0 {
                self.vantages[vantage].watches[region][endpoint].restart(now);
            }
        }
        self.plan_probes(vantage);
        self.spread(vantage, None);
    }

    fn restore(&mut self, place: usize) {
        if let Some(backup) = self.zones[place].backup.clone() {
            self.tamper(place, |_| backup);
        }
    }

    /// Somebody changes a zone in a way that sets its fence back.
    fn tamper(&mut self, place: usize, change: impl FnOnce(Content) -> Content) {
        self.edit(place, change);
        let zone = self.configurations[0].service.projections()[place].zone.clone();
        let order = self.zones[place].fence(&zone).map(|fence| fence.order()).unwrap_or_default();
        self.ledger.forget_zone(place, order, self.now);
    }

    /// Somebody changes a zone.
    pub(super) fn edit(&mut self, place: usize, change: impl FnOnce(Content) -> Content) {
        let content = change(self.zones[place].content.clone());
        self.ledger.by_hand[place].push(content.rrsets.clone());
        let now = self.now;
        self.zones[place].replace(content, now);
        self.check_records(place);
        self.zone_changed(place);
    }

    fn order(&mut self, controller: usize, verb: Verb, overriding: bool, again: Again) {
        let mut dice = self.setting.chance.dice(Purpose::Order, controller, self.now);
        self.plan(self.now + 1, Occurrence::Commanded { controller, verb, overriding });
        let soon = self.now + dice.between(1, 800);
        match again {
            Again::Once => {}
            Again::Twice => self.plan(soon, Occurrence::Commanded { controller, verb, overriding }),
            Again::Elsewhere => {
                let other = (controller + 1) % self.controllers.len();
                let verb = match verb {
                    Verb::Failover(to) => Verb::Failover((to + 1) % self.setting.regions),
                    Verb::Failback | Verb::Pause(_) | Verb::Resume | Verb::Adopt | Verb::Release => verb,
                };
                self.plan(soon, Occurrence::Commanded { controller: other, verb, overriding });
            }
        }
    }
}
