//! Readers: each controller looks at each zone when it is asked to, when a zone has changed, and after a look that failed or
//! was shown something old. Looks that would see what is known already are not made.

use dns_core::machine::event::Event;
use dns_core::zone::ZoneView;

use super::Ms;
use super::chance::Purpose;
use super::world::{Occurrence, World};
use super::zone::{Unreadable, view};

impl World<'_> {
    /// Plans a look, unless an earlier one is planned.
    pub(super) fn read_at(&mut self, controller: usize, place: usize, at: Ms) {
        let planned = &mut self.controllers[controller].reads_at[place];
        if planned.is_none_or(|planned| planned > at || planned < self.now) {
            *planned = Some(at);
            self.plan(at, Occurrence::Read { controller, place });
        }
    }

    /// A zone has changed: every reader finds it in its own time.
    pub(super) fn zone_changed(&mut self, place: usize) {
        for controller in 0..self.controllers.len() {
            let mut dice = self.setting.chance.dice(Purpose::Read, controller * 2 + place, self.now);
            let at = self.now + dice.between(1, self.setting.read_every);
            self.read_at(controller, place, at);
        }
    }

    /// What a controller sees of a zone now.
    pub(super) fn look(&self, controller: usize, place: usize) -> Result<ZoneView, Unreadable> {
        let cut_off = self.controllers[controller].cut_off_until[place];
        if self.now < cut_off {
            return Err(Unreadable { until: cut_off });
        }
        let content = self.zones[place].seen(self.now)?;
        Ok(view(content, &self.projection(controller, place)))
    }

    pub(super) fn read(&mut self, controller: usize, place: usize) {
        if self.controllers[controller].reads_at[place] != Some(self.now) {
            return;
        }
        self.controllers[controller].reads_at[place] = None;
        // While a write is under way nobody would listen; the end of the write asks for a look.
        if self.is_sending(controller, place) {
            return;
        }
        let mut dice = self.setting.chance.dice(Purpose::Read, 100 + controller * 2 + place, self.now);
        let took = if dice.one_in(40) { dice.between(500, 4_000) } else { dice.between(5, 250) };
        let incarnation = self.controllers[controller].incarnation;
        let (version, view) = match self.look(controller, place) {
            Ok(view) => {
                let current = self.zones[place].seen(self.now).is_ok_and(|seen| *seen == self.zones[place].content);
                (current.then_some(self.zones[place].version), Some(Box::new(view)))
            }
            Err(Unreadable { until }) => {
                self.read_at(controller, place, until + dice.between(1, 30_000));
                (None, None)
            }
        };
        self.plan(self.now + took, Occurrence::WasRead { controller, incarnation, place, version, view });
    }

    fn is_sending(&self, controller: usize, place: usize) -> bool {
        let row = self.controllers[controller].outbox[place].as_ref();
        row.is_some_and(|row| row.stage == dns_core::write::WriteStage::Sent)
    }

    pub(super) fn was_read(
        &mut self,
        controller: usize,
        place: usize,
        version: Option<u64>,
        view: Option<Box<ZoneView>>,
    ) {
        let is_seen = view.is_some();
        let event = match view {
            Some(view) => Event::ZoneRead(*view),
            None => Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false },
        };
        if self.step(controller, Some(place), &event).is_none() {
            let at = self.controllers[controller].store_refuses_until + 500;
            return self.read_at(controller, place, at);
        }
        if !is_seen {
            return;
        }
        self.controllers[controller].saw[place] = version;
        if version != Some(self.zones[place].version) {
            let mut dice = self.setting.chance.dice(Purpose::Read, 200 + controller * 2 + place, self.now);
            let at = self.now + dice.between(1, self.setting.read_every);
            self.read_at(controller, place, at);
        }
    }
}
