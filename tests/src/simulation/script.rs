//! The script of a history: what happens from outside, and when.
//!
//! Between two entries nothing happens that is worth a step, so the next one is drawn from its distribution instead of
//! being waited for. Most faults come in storms around the loss of a region, since there they meet writes.

use super::Ms;
use super::chance::{Dice, Purpose};
use super::happening::{Again, Fate, Happening, Injection, Step, Store, Verb, Word};
use super::losses::QuietLosses;
use super::setting::Setting;

const SECOND: Ms = 1_000;
const MINUTE: Ms = 60 * SECOND;
const HOUR: Ms = 60 * MINUTE;
const DAY: Ms = 24 * HOUR;

/// How long a region serves on average before it is lost: far more often than in life, since a year in which nothing happens
/// shows nothing.
const REGION_SERVES: Ms = 36 * DAY;
/// The mean time between two other happenings.
const HAPPENING_EVERY: Ms = 12 * DAY;
/// How many happenings come with the loss of a region, at the most.
const STORM_MAX: usize = 12;
/// How many further losses follow one by one, at the most: more than any budget of a world allows moves.
const FLAPS_MAX: usize = 12;
/// How long a storm lasts, from a little before the loss on.
const STORM: Ms = 4 * MINUTE;
/// How often operators look after the service.
const TIDIED_EVERY: Ms = 5 * DAY;
/// The chance that a run is lost in quiet times, by how many in a row turn a verdict: a few false verdicts a year.
const LOSS_CHANCE: [(u32, f64); 2] = [(2, 0.000_6), (3, 0.003)];
/// The first hour is peaceful: the service is adopted.
pub(super) const PEACE: Ms = HOUR;

/// Draws the script of a world for as long as it lasts.
pub(super) fn draw(setting: &Setting, span: Ms) -> Vec<Injection> {
    let mut author = Author { setting, dice: setting.chance.dice(Purpose::Script, 0, 0), script: Vec::new() };
    author.storms(span);
    author.others(span);
    author.tidying(span);
    author.quiet_losses(span);
    let mut script = author.script;
    script.retain(|injection| (PEACE..span).contains(&injection.at));
    script.sort_by_key(|injection| injection.at);
    script
}

struct Author<'a> {
    setting: &'a Setting,
    dice: Dice,
    script: Vec<Injection>,
}

impl Author<'_> {
    fn add(&mut self, at: Ms, what: Happening) {
        self.script.push(Injection { at, what });
    }

    fn storms(&mut self, span: Ms) {
        let mut at = PEACE;
        loop {
            at += self.dice.wait(REGION_SERVES);
            if at >= span {
                return;
            }
            let (region, lasts) = (self.region(), self.dice.spread(20 * SECOND, 6 * HOUR));
            self.add(at, Happening::RegionFails { region, lasts });
            if self.dice.one_in(7) {
                self.flapping(at, region);
            }
            for _ in 0..self.dice.below(STORM_MAX) {
                let when = at.saturating_sub(30 * SECOND) + self.dice.between(0, STORM);
                let what = if self.is_consent_asked() && self.dice.one_in(4) { self.consent() } else { self.any() };
                self.add(when, what);
            }
        }
    }

    /// Regions fail in turn, each as soon as the one before may be left for it.
    fn flapping(&mut self, from: Ms, first: usize) {
        let mut at = from;
        for number in 1..=self.dice.below(FLAPS_MAX) {
            at += self.dice.between(3 * MINUTE, 12 * MINUTE);
            let region = (first + number) % self.setting.regions;
            let lasts = self.dice.spread(30 * SECOND, 10 * MINUTE);
            self.add(at, Happening::RegionFails { region, lasts });
        }
    }

    fn others(&mut self, span: Ms) {
        let mut at = PEACE;
        while at < span {
            at += self.dice.wait(HAPPENING_EVERY);
            let what = self.any();
            self.add(at, what);
        }
    }

    fn tidying(&mut self, span: Ms) {
        let mut at = PEACE;
        while at < span {
            at += self.dice.wait(TIDIED_EVERY);
            self.add(at, Happening::TidiedUp);
        }
    }

    fn quiet_losses(&mut self, span: Ms) {
        let Setting { vantages, regions, endpoints, fall, interval, chance, .. } = *self.setting;
        let of_fall = LOSS_CHANCE.iter().find(|(of, _)| *of == fall).map_or(0.001, |(_, chance)| *chance);
        let quiet = QuietLosses { chance: of_fall, fall, interval };
        for vantage in 0..vantages {
            for (region, endpoint) in (0..regions).flat_map(|region| (0..endpoints).map(move |one| (region, one))) {
                let mut dice = chance.dice(Purpose::Loss, (vantage * regions + region) * endpoints + endpoint, 0);
                let mut at = PEACE;
                loop {
                    let row = quiet.draw(&mut dice);
                    at = at.saturating_add(row.after);
                    if at >= span {
                        break;
                    }
                    let lasts = (row.runs * interval).saturating_sub(1);
                    self.add(at, Happening::LossRow { vantage, region, endpoint, lasts });
                }
            }
        }
    }

    /// Any other happening.
    fn any(&mut self) -> Happening {
        match self.dice.below(100) {
            0..=4 => Happening::EndpointFails {
                region: self.region(),
                endpoint: self.dice.below(self.setting.endpoints),
                lasts: self.dice.spread(10 * SECOND, HOUR),
            },
            5..=18 => self.sight(),
            19..=37 => self.process(),
            38..=62 => self.provider(),
            63..=71 => self.zone(),
            72..=91 => self.order(),
            92..=97 => self.consent(),
            _ => Happening::Reconfigured,
        }
    }

    fn sight(&mut self) -> Happening {
        let (vantage, lasts) = (self.dice.below(self.setting.vantages), self.dice.spread(2 * SECOND, HOUR));
        match self.dice.below(8) {
            0 | 1 => Happening::PathsCut { vantages: vec![vantage], region: self.region(), lasts },
            2 => {
                let others =
                    (0..self.setting.vantages).filter(|other| *other != vantage && self.dice.one_in(2)).collect();
                let vantages: Vec<usize> = [vec![vantage], others].concat();
                Happening::PathsCut { vantages, region: self.region(), lasts }
            }
            3 => {
                let permille = self.dice.between(100, 900);
                let lasts = self.dice.spread(30 * SECOND, 10 * MINUTE);
                Happening::Lossy { vantage, region: self.region(), permille, lasts }
            }
            4 => Happening::Blind { vantage, lasts },
            5 => Happening::Silent { vantage, lasts },
            _ => {
                let all = self.dice.one_in(3);
                let vantages = if all { (0..self.setting.vantages).collect() } else { vec![vantage] };
                Happening::Partition { controller: self.controller(), vantages, lasts }
            }
        }
    }

    fn process(&mut self) -> Happening {
        let controller = self.controller();
        let at = (!self.dice.one_in(3)).then(|| self.dice.pick(&Step::ALL));
        match self.dice.below(20) {
            0..=7 => Happening::Stopped { controller, at, lasts: self.dice.spread(500, 5 * MINUTE) },
            8..=12 => {
                let store =
                    self.dice.pick(&[Store::Kept, Store::Kept, Store::Kept, Store::Kept, Store::Older, Store::Empty]);
                Happening::Crashed { controller, at, lasts: self.dice.spread(SECOND, 10 * MINUTE), store }
            }
            13 | 14 => Happening::ClockSet { controller, skew: self.skew(), lasts: self.dice.spread(SECOND, HOUR) },
            15..=17 => Happening::StoreRefuses { controller, lasts: self.dice.spread(SECOND, 10 * MINUTE) },
            _ => Happening::StoreSaved { controller },
        }
    }

    /// Mostly within what servers bear, at times an hour off.
    fn skew(&mut self) -> i64 {
        let bearable = i64::try_from(self.dice.between(0, 16 * SECOND)).unwrap_or_default() - 8_000;
        if self.dice.one_in(5) { self.dice.pick(&[-3_600_000, 3_600_000]) } else { bearable }
    }

    fn provider(&mut self) -> Happening {
        let (place, lasts) = (self.place(), self.dice.spread(SECOND, 20 * MINUTE));
        match self.dice.below(24) {
            0 | 1 => Happening::ProviderDown { place, lasts },
            2 => Happening::ProviderDenies { place, lasts },
            3 => Happening::ProviderThrottles { place, lasts },
            4 | 5 => Happening::ProviderUnreadable { place, lasts },
            6 | 7 => Happening::ReadsLag { place, by: self.dice.spread(500, MINUTE), lasts },
            8 | 9 => Happening::CutOff { controller: self.controller(), place, lasts },
            _ => Happening::NextWrite { place, fate: self.fate() },
        }
    }

    fn is_consent_asked(&self) -> bool {
        self.setting.leeway.is_gated() || self.setting.leeway.hook.is_some()
    }

    /// Where nobody is asked, somebody sees less.
    fn consent(&mut self) -> Happening {
        let (word, lasts) = (self.dice.pick(&[Word::No, Word::Silence]), self.dice.spread(5 * SECOND, 20 * MINUTE));
        let gated: Vec<usize> = self
            .setting
            .leeway
            .gated
            .iter()
            .enumerate()
            .filter(|(_, gated)| **gated)
            .map(|(region, _)| region)
            .collect();
        match (gated.is_empty(), self.setting.leeway.hook) {
            (true, None) => self.sight(),
            (false, Some(_)) if self.dice.one_in(2) => Happening::HookSays { word, lasts },
            (true, Some(_)) => Happening::HookSays { word, lasts },
            (false, _) => Happening::GateSays { region: self.dice.pick(&gated), word, lasts },
        }
    }

    fn fate(&mut self) -> Fate {
        match self.dice.below(12) {
            0 => Fate::Refused,
            1..=3 => Fate::AnswerLost,
            4 => Fate::Lost,
            5..=8 => Fate::Delayed(self.dice.spread(300, 2 * MINUTE)),
            9 | 10 => Fate::Throttled { applied: self.dice.one_in(2) },
            _ => Fate::Denied,
        }
    }

    fn zone(&mut self) -> Happening {
        let place = self.place();
        match self.dice.below(9) {
            0..=3 => Happening::ZoneSaved { place },
            4 | 5 => Happening::ZoneRestored { place },
            6 => Happening::FenceDeleted { place },
            _ => Happening::HandEdited { place, variant: self.dice.pick(&[1, 2, 3]) },
        }
    }

    fn order(&mut self) -> Happening {
        let verb = match self.dice.below(20) {
            0..=6 => Verb::Failover(self.region()),
            7..=12 => Verb::Failback,
            13 => Verb::Pause(None),
            14 | 15 => Verb::Pause(Some(self.dice.spread(10 * SECOND, 2 * HOUR))),
            16 | 17 => Verb::Resume,
            18 => Verb::Adopt,
            _ => Verb::Release,
        };
        let again = self.dice.pick(&[Again::Once, Again::Once, Again::Twice, Again::Elsewhere]);
        let again = if self.setting.controllers == 1 && again == Again::Elsewhere { Again::Twice } else { again };
        Happening::Ordered { controller: self.controller(), verb, overriding: self.dice.one_in(5), again }
    }

    fn region(&mut self) -> usize {
        self.dice.below(self.setting.regions)
    }

    fn controller(&mut self) -> usize {
        self.dice.below(self.setting.controllers)
    }

    fn place(&mut self) -> usize {
        self.dice.below(self.setting.places)
    }
}
