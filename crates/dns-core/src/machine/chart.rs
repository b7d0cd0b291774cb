//! The chart: which state handles which event. The diagram stands in [`super`].

#![expect(missing_docs, reason = "the macro makes the enums; the diagram tells what their members mean")]

use serde::{Deserialize, Serialize};
use statig::prelude::*;

use super::Turn;
use super::effect::Refusal;
use super::event::Event;
use super::memory::Failover;

#[state_machine(
    initial = "State::unknown()",
    state(derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)),
    superstate(derive(Debug))
)]
impl Failover {
    #[state(superstate = "resting")]
    fn unknown() -> Outcome<State> {
        Super
    }

    #[state(superstate = "resting")]
    fn steady_preferred() -> Outcome<State> {
        Super
    }

    #[state(superstate = "resting")]
    fn steady_elsewhere() -> Outcome<State> {
        Super
    }

    #[state(superstate = "resting")]
    fn cooling_down() -> Outcome<State> {
        Super
    }

    #[state(superstate = "resting")]
    fn suspected() -> Outcome<State> {
        Super
    }

    #[state(superstate = "resting")]
    fn paused() -> Outcome<State> {
        Super
    }

    /// Nothing is under way that moves records: evidence may start a move, and so may an operator.
    #[superstate(superstate = "supervised")]
    fn resting(&mut self, context: &mut Turn, event: &Event) -> Outcome<State> {
        match event {
            Event::Judged(judgement) => self.judged(judgement, context),
            Event::ZoneRead(view) => self.zone_read(view, context),
            Event::SiblingsChanged => {}
            _ => return Super,
        }
        self.pursue(context);
        self.settle_down(context)
    }

    /// A move is open. Evidence is taken in, and decides when the executor asks for the permit.
    #[state(superstate = "supervised")]
    fn flipping(&mut self, context: &mut Turn, event: &Event) -> Outcome<State> {
        match event {
            Event::Judged(judgement) => self.judged(judgement, context),
            Event::ZoneRead(view) => self.zone_read(view, context),
            Event::SiblingsChanged => {}
            _ => return Super,
        }
        self.settle_down(context)
    }

    /// The records have moved and the authoritative servers are being asked. That never stands in the way of the
    /// next move.
    #[state(superstate = "supervised")]
    fn verifying(&mut self, context: &mut Turn, event: &Event) -> Outcome<State> {
        match event {
            Event::Judged(judgement) => self.judged(judgement, context),
            Event::ZoneRead(view) => self.zone_read(view, context),
            Event::SiblingsChanged => {}
            _ => return Super,
        }
        self.pursue(context);
        self.settle_down(context)
    }

    /// What means the same everywhere. The chain ends here: what nobody understands is recorded as a rejection.
    #[superstate]
    fn supervised(&mut self, context: &mut Turn, event: &Event) -> Outcome<State> {
        match event {
            Event::ZoneUnreadable { reason, denied } => self.zone_unreadable(reason, *denied, context),
            Event::Commanded(order) => self.obey(order, context),
            Event::HookVetoed { decision, reason } => self.hook_vetoed(decision, reason, context),
            Event::PermitAsked { decision } => self.answer_permit(decision, context),
            Event::WriteUncertain { decision, reason } => self.write_uncertain(decision, reason, context),
            Event::WriteSettled { decision, outcome } => self.write_settled(decision, outcome, context),
            Event::Verified { decision, deliveries } => self.verified(decision, deliveries, context),
            // These are handled by every state below.
            Event::Judged(_) | Event::ZoneRead(_) | Event::SiblingsChanged => context.refuse(Refusal::Unexpected),
        }
        self.settle_down(context)
    }
}
