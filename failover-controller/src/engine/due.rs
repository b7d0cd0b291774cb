//! When a service has to be looked at again though nothing was heard: what waits for a moment in time.
//!
//! With ten thousand services a look at each, four times a second, is all that a core can do. So a service is judged and
//! stepped when evidence of it has changed, and otherwise not before the earliest moment at which time alone changes
//! something: a ready-time is over, a decision is too old, a pause or a cooldown ends. What depends on time in any other
//! way is found within [`LOOK_AGAIN`].
//!
//! It decides nothing: to look too often costs time, to look again after [`LOOK_AGAIN`] costs that.

use std::time::Duration;

use dns_core::gate::GateState;
use dns_core::judgement::{Judgement, Vote};
use dns_core::machine::memory::Failover;
use dns_core::machine::{Machine, State};
use dns_core::policy::Policy;
use dns_core::saga::Saga;
use dns_core::time::Timestamp;
use dns_core::write::WriteStage;

/// The longest time between two looks at a service.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The time between two looks at what is wanted and refused: its reasons are figures that people read.
const HELD_AGAIN: Duration = Duration::from_secs(1);

/// Time counts in milliseconds, and what ends at a moment is over after it.
const JUST_AFTER: Duration = Duration::from_millis(1);

/// When a service that was looked at `now` is to be looked at again.
pub(super) fn next(saga: &Saga, policy: &Policy, now: Timestamp) -> Timestamp {
    if !saga.is_settled(now) {
        return now;
    }
    let of_machines = saga.machines().flat_map(|(_, machine)| of_machine(machine, policy, now));
    let lapsing = saga.approvals().iter().filter_map(|approval| approval.until);
    of_machines.chain(lapsing).map(|at| at + JUST_AFTER).min().unwrap_or(Timestamp::default()).min(now + LOOK_AGAIN)
}

/// Moments that a machine waits for, and always one.
fn of_machine(machine: &Machine, policy: &Policy, now: Timestamp) -> Vec<Timestamp> {
    let memory = machine.memory();
    let mut moments = vec![now + LOOK_AGAIN];
    if memory.is_write_failing() || memory.unreadable().is_some() {
        moments.push(now);
    }
    moments.extend(memory.hold().map(|_| now + HELD_AGAIN));
    moments.extend(memory.pause().and_then(|pause| pause.until));
    moments.extend(too_old(memory));
    if machine.state() == (State::CoolingDown {}) {
        moments.extend(memory.moved().map(|moved| moved + memory.failback_wait(policy, now)));
    }
    let judged = memory.judgement().map(|judgement| ready(judgement, policy, now));
    moments.extend(judged.into_iter().flatten());
    moments.extend(memory.judgement().into_iter().flat_map(|judgement| shutting(judgement, now)));
    moments
}

fn too_old(memory: &Failover) -> Option<Timestamp> {
    let pending = memory.open().filter(|open| open.stage == WriteStage::Pending);
    pending.map(|open| open.write.valid_until)
}

/// When an endpoint that is healthy will have been so for long enough.
fn ready(judgement: &Judgement, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let endpoints = judgement.regions.values().flat_map(|region| &region.endpoints);
    let since = endpoints
        .flat_map(|endpoint| endpoint.votes.values())
        .filter_map(Vote::healthy_without_doubt_since)
        .map(|since| since + policy.ready_for);
    since.filter(|ready| *ready > now).min()
}

/// When gates that are open will be shut unless they say yes again.
fn shutting(judgement: &Judgement, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let gates = judgement.regions.values().flat_map(|region| &region.gates);
    let until = gates.filter_map(|gate| match gate.state {
        GateState::Open { until, .. } => Some(until),
        GateState::Closed { .. } | GateState::Unknown { .. } => None,
    });
    until.filter(move |until| *until >= now)
}

#[cfg(test)]
mod tests {
    use dns_core::service::Everywhere;

    use super::*;
    use crate::verifier;

    const NOW: Timestamp = Timestamp::from_secs(1_795_246_200);

    fn saga(envelope: impl Fn(String) -> String) -> (Saga, Policy) {
        let service = Everywhere::only((*verifier::tests::service("192.0.2.10")).clone());
        let text = envelope(Saga::new(&service).to_envelope());
        let saga = Saga::from_envelope(&text, &service).expect("an envelope");
        (saga, (*service.lead().policy).clone())
    }

    #[test]
    fn a_service_at_rest_is_left_alone_for_a_while() {
        let (saga, policy) = saga(|text| text);
        assert_eq!(next(&saga, &policy, NOW), NOW + LOOK_AGAIN);
    }

    #[test]
    fn the_end_of_a_pause_is_waited_for() {
        let ends = NOW + Duration::from_secs(7);
        let pause = format!(r#""pause":{{"by":"oncall","until":{},"reason":"x"}}"#, ends.as_millis());
        let (saga, policy) = saga(|text| text.replace(r#""pause":null"#, &pause));
        assert_eq!(next(&saga, &policy, NOW), ends + JUST_AFTER);
    }

    #[test]
    fn the_end_of_what_waits_for_a_second_person_is_waited_for() {
        let lapses = NOW + Duration::from_secs(7);
        let order = r#"{"command":"failback","by":"anna","reason":"x","overrides":[]}"#;
        let until = lapses.as_millis();
        let waiting = format!(
            r#""approvals":[{{"id":"a1","asked":0,"until":{until},"why":"x","subject":{{"order":{order}}}}}],"places""#
        );
        let (saga, policy) = saga(|text| text.replacen(r#""places""#, &waiting, 1));
        assert_eq!(next(&saga, &policy, NOW), lapses + JUST_AFTER);
    }

    #[test]
    fn the_next_try_after_a_failed_write_is_not_missed() {
        let (saga, policy) =
            saga(|text| text.replace(r#""failures":0,"until":null"#, r#""failures":1,"until":1795246201000"#));
        assert!(next(&saga, &policy, NOW) <= NOW + JUST_AFTER);
    }
}
