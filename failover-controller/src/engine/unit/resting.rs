//! A service at rest, held in little room.
//!
//! Whatever nothing is under way for is packed after each of its steps, and unpacked for the next one: that step is the
//! same, since the machines are. What is needed to see that there is nothing to step stands beside it.

use std::sync::Arc;

use dns_core::digest::Digest;
use dns_core::identifier::ProviderName;
use dns_core::judgement::Judgement;
use dns_core::machine::State;
use dns_core::saga::Saga;
use dns_core::saga::packed::{Packed, Packer};
use dns_core::service::Everywhere;
use dns_core::standing::Standing;
use dns_core::time::Timestamp;

use super::{due, shown};

/// The machines of one service.
pub(super) enum Held {
    /// At hand.
    Awake(Arc<Saga>),
    /// Packed.
    Resting(Arc<Resting>),
}

/// What is known of a service at rest without unpacking it.
pub(crate) struct Resting {
    packed: Packed,
    /// Where it stands.
    pub(super) state: State,
    /// The judgement that it was stepped by last.
    pub(super) judged: Option<Digest>,
    /// Whether its fence is ours, and the records are those that it guards.
    pub(super) is_held: bool,
    /// Whether enough is known of it to move it by order.
    pub(super) is_known: bool,
    /// Whether an evacuation has moved it.
    pub(super) was_evacuated: bool,
    /// The rank of the place where it would decide.
    anchor: u16,
    /// When time alone changes something, if nothing is heard.
    pub(super) due: Timestamp,
}

impl Held {
    /// Packs machines that rest, as they were after a look at `looked`; others stay at hand.
    pub(super) fn keep(saga: Saga, service: &Everywhere, looked: Timestamp, packer: &mut Packer) -> Self {
        if !rests(&saga) {
            return Self::Awake(Arc::new(saga));
        }
        let Some(small) = packer.pack(&saga, service) else { return Self::Awake(Arc::new(saga)) };
        let (_, machine) = shown(&saga, looked);
        let memory = machine.memory();
        let anchor = saga.anchor(looked);
        let anchor = saga.machines().position(|(place, _)| place == anchor);
        let anchor = anchor.and_then(|rank| u16::try_from(rank).ok()).unwrap_or_default();
        Self::Resting(Arc::new(Resting {
            state: machine.state(),
            judged: one_judgement(&saga),
            is_held: *memory.standing() == Standing::Held,
            is_known: memory.judgement().is_some() && *memory.standing() != Standing::Unread,
            was_evacuated: saga.machines().any(|(_, machine)| machine.memory().passage().is_some()),
            anchor,
            due: due::next(&saga, &service.lead().policy, looked),
            packed: small,
        }))
    }

    /// The machines, to look at.
    pub(super) fn saga(&self, service: &Everywhere) -> Arc<Saga> {
        match self {
            Self::Awake(saga) => Arc::clone(saga),
            Self::Resting(resting) => Arc::new(resting.saga(service)),
        }
    }

    /// A copy of the machines, to step.
    pub(super) fn copy(&self, service: &Everywhere) -> Saga {
        match self {
            Self::Awake(saga) => Saga::clone(saga),
            Self::Resting(resting) => resting.saga(service),
        }
    }

    /// The machines, if they are at hand.
    pub(super) fn awake(&self) -> Option<&Arc<Saga>> {
        match self {
            Self::Awake(saga) => Some(saga),
            Self::Resting(_) => None,
        }
    }
}

impl Resting {
    /// The machines.
    pub(super) fn saga(&self, service: &Everywhere) -> Saga {
        self.packed.unpack(service)
    }

    /// The provider at which it would decide.
    pub(super) fn decides_at<'a>(&self, service: &'a Everywhere) -> &'a ProviderName {
        let place = service.projections().get(usize::from(self.anchor));
        &place.unwrap_or_else(|| service.lead()).provider
    }
}

/// Whether nothing is under way or wanted at any place, and all places agree.
fn rests(saga: &Saga) -> bool {
    let rests = |machine: &dns_core::machine::Machine| {
        let memory = machine.memory();
        memory.open().is_none()
            && memory.being_verified().is_none()
            && memory.hold().is_none()
            && memory.unreadable().is_none()
            && !memory.is_write_failing()
    };
    saga.machines().all(|(_, machine)| rests(machine)) && saga.divergences().is_empty()
}

/// The judgement that all places know.
fn one_judgement(saga: &Saga) -> Option<Digest> {
    let mut all = saga.machines().map(|(_, machine)| machine.memory().judgement());
    let first = all.next()??;
    all.all(|other| other == Some(first)).then(|| Judgement::digest(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verifier;

    const NOW: Timestamp = Timestamp::from_secs(1_795_246_200);

    /// A service of which nothing is known, or what the words make of that.
    fn held(words: Option<(&str, &str)>) -> (Everywhere, Saga, Held) {
        let service = Everywhere::only((*verifier::tests::service("192.0.2.10")).clone());
        let mut text = Saga::new(&service).to_envelope();
        if let Some((from, to)) = words {
            assert!(text.contains(from), "{text}");
            text = text.replace(from, to);
        }
        let saga = Saga::from_envelope(&text, &service).expect("an envelope");
        let held = Held::keep(saga.clone(), &service, NOW, &mut Packer::default());
        (service, saga, held)
    }

    #[test]
    fn what_nothing_is_under_way_for_is_packed_and_stays_the_same() {
        let (service, saga, held) = held(None);
        assert!(held.awake().is_none());
        assert_eq!(held.saga(&service).to_envelope(), saga.to_envelope());
        assert_eq!(held.copy(&service).to_envelope(), saga.to_envelope());
        let Held::Resting(resting) = held else { panic!("it rests") };
        let decides_at = resting.decides_at(&service).as_str();
        assert_eq!((resting.judged, resting.is_held, decides_at), (None, false, "main"));
        assert!(resting.due > NOW);
    }

    #[test]
    fn what_something_is_wanted_or_wrong_for_stays_at_hand() {
        let ways = [
            (r#""verifying":null"#, r#""verifying":"w1""#),
            (r#""unreadable":null"#, r#""unreadable":{"reason":"refused","since":1,"denied":true}"#),
            (r#""failures":0,"until":null"#, r#""failures":1,"until":1795246201000"#),
            (r#""hold":null"#, r#""hold":{"wanted":"failover","to":null,"rejections":[],"since":1,"told":[]}"#),
        ];
        for way in ways {
            assert!(held(Some(way)).2.awake().is_some(), "{way:?}");
        }
    }
}
