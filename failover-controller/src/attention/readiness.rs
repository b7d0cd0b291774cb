//! Whether a service could move if it had to, told by day: standbys that are not ready, certificates that end.

use dns_core::certificate::CertificateEnd;
use dns_core::gate::GateState;
use dns_core::judgement::Health;

use super::{Concern, to_the_second};
use crate::engine::snapshot::ServiceView;

/// Learnt now instead of on the night when the active region fails.
pub(super) fn no_refuge(view: &ServiceView) -> Option<Concern> {
    let (judgement, active) = (view.memory.judgement()?, view.memory.active()?);
    let others: Vec<&str> = view
        .service
        .regions
        .iter()
        .map(|region| &region.name)
        .filter(|name| *name != active)
        .map(dns_core::identifier::RegionName::as_str)
        .collect();
    let proven = judgement.regions.iter().any(|(name, judged)| name != active && judged.proven);
    let ready = judgement.regions.iter().any(|(name, judged)| name != active && judged.was_ready());
    let word = if proven { "ready" } else { "proven" };
    let text =
        || format!("no other region is {word} ({}): if `{active}` failed now, nothing could move", others.join(", "));
    (judgement.health(active) == Health::Healthy && !ready).then(|| Concern::note(text()))
}

/// Which gates of standbys are shut, and since when a move there would have been held. It tells no ages: a sentence that
/// changes each second would be news each second.
pub(super) fn shut_gates(view: &ServiceView) -> Option<Concern> {
    let (judgement, active) = (view.memory.judgement()?, view.memory.active()?);
    let standbys = judgement.regions.iter().filter(|(name, _)| *name != active);
    let shut = standbys.flat_map(|(name, judged)| {
        let gates = judged.gates.iter().filter(|gate| !matches!(gate.state, GateState::Open { .. }));
        gates.map(move |gate| format!("{} of `{name}` is {}: {}", gate.name, gate.state.as_str(), gate.state.words()))
    });
    let shut: Vec<String> = shut.collect();
    let since =
        view.unready.values().min().map(|since| format!("since {} ", to_the_second(*since))).unwrap_or_default();
    (!shut.is_empty())
        .then(|| Concern::note(format!("{since}a standby is not ready, its gates are shut: {}", shut.join("; "))))
}

/// Told while there are days left: on the last one the endpoint fails, and a region with it.
pub(super) fn ending_certificates(view: &ServiceView) -> Vec<Concern> {
    let regions = view.memory.judgement().into_iter().flat_map(|judgement| &judgement.regions);
    let endpoints = regions.flat_map(|(name, judged)| judged.endpoints.iter().map(move |endpoint| (name, endpoint)));
    let ending = endpoints.filter_map(|(name, endpoint)| {
        let CertificateEnd { days_left, .. } = endpoint.certificate.filter(|certificate| certificate.is_soon)?;
        let left = if days_left == 1 { "1 day".to_owned() } else { format!("{days_left} days") };
        let text =
            format!("the certificate of {} in `{name}` ends in {left}, and the endpoint fails then", endpoint.endpoint);
        Some(Concern::note(text))
    });
    ending.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use dns_core::gate::GateJudgement;
    use dns_core::identifier::RegionName;
    use dns_core::judgement::{EndpointJudgement, Judgement, RegionJudgement};
    use dns_core::machine::State;
    use dns_core::machine::event::Event;
    use dns_core::saga::{Around, Saga};
    use dns_core::service::{Everywhere, Region};
    use dns_core::time::Timestamp;

    use super::*;
    use crate::aside::Aside;
    use crate::engine::snapshot::Remembered;
    use crate::verifier;

    /// `checkout` in `prod`, with `dr` beside it, judged so.
    fn judged(spoil: impl FnOnce(&mut RegionJudgement)) -> Vec<Concern> {
        let mut service = (*verifier::tests::service("192.0.2.10")).clone();
        let (prod, dr) = (service.regions[0].name.clone(), "dr".parse::<RegionName>().expect("a region"));
        let standby = Region { name: dr.clone(), ..service.regions[0].clone() };
        service.regions.edit(|regions| regions.push(standby));
        let service = Everywhere::only(service);
        let envelope = Saga::new(&service).to_envelope().replacen(r#""active":null"#, r#""active":"prod""#, 1);
        let mut saga = Saga::from_envelope(&envelope, &service).expect("reads");
        let endpoint = EndpointJudgement {
            endpoint: "198.51.100.10".to_owned(),
            health: Health::Healthy,
            proven: true,
            insiders_only: false,
            votes: BTreeMap::new(),
            certificate: None,
        };
        let health = Health::Healthy;
        let region = || RegionJudgement {
            health,
            proven: true,
            healthy_min: 1,
            proven_min: 1,
            endpoints: vec![endpoint.clone()],
            gates: Vec::new(),
        };
        let mut standby = region();
        spoil(&mut standby);
        let judgement = Judgement { regions: [(prod, region()), (dr, standby)].into(), drill: None };
        let (actor, now) = ("controller-1".parse().expect("a name"), Timestamp::from_secs(1_795_246_200));
        saga.step(
            &Event::Judged(judgement),
            &Around { service: service.clone(), actor, now, nonce: 1, fleet: Arc::default() },
        );
        let (place, state) = (service.lead().place(), State::SteadyPreferred {});
        let view = ServiceView {
            service: Arc::clone(service.lead()),
            state,
            entered: now,
            memory: Remembered::at(&Arc::new(saga), &place),
            read: None,
            verification: None,
            fault: None,
            history: None,
            waits_its_turn: false,
            unready: BTreeMap::new(),
            companions: None,
            aside: Aside::default(),
            places: Vec::new(),
        };
        let told = [no_refuge(&view), shut_gates(&view)].into_iter().flatten();
        told.chain(ending_certificates(&view)).collect()
    }

    #[test]
    fn a_standby_behind_a_shut_gate_is_no_refuge_and_its_gate_is_named() {
        assert_eq!(judged(|_| {}), []);
        let gate =
            |state| GateJudgement { name: "replication".parse().expect("a name"), state, since: None, asked: None };
        let open = GateState::Open { said: String::new(), until: Timestamp::default() };
        assert_eq!(judged(|dr| dr.gates.push(gate(open))), []);
        let closed = GateState::Closed { why: "lagSeconds 312, at most 30".to_owned() };
        let told = judged(|dr| dr.gates.push(gate(closed)));
        let expected = [
            "no other region is ready (dr): if `prod` failed now, nothing could move",
            "a standby is not ready, its gates are shut: replication of `dr` is closed: lagSeconds 312, at most 30",
        ];
        assert_eq!(told, expected.map(Concern::note));
        let unproven = judged(|dr| dr.proven = false);
        assert_eq!(
            unproven,
            [Concern::note("no other region is proven (dr): if `prod` failed now, nothing could move")]
        );
    }

    #[test]
    fn a_certificate_that_ends_soon_is_told_with_the_days_left() {
        let end = |days_left, is_soon| CertificateEnd { until: Timestamp::default(), days_left, is_soon };
        assert_eq!(judged(|dr| dr.endpoints[0].certificate = Some(end(40, false))), []);
        for (days, words) in [(5, "5 days"), (1, "1 day"), (0, "0 days")] {
            let told = judged(|dr| dr.endpoints[0].certificate = Some(end(days, true)));
            let text = format!("the certificate of 198.51.100.10 in `dr` ends in {words}, and the endpoint fails then");
            assert_eq!(told, [Concern::note(text)]);
        }
    }
}
