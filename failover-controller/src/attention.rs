//! What a person should see first about a service, and whether it should wake someone.

mod places;
mod readiness;

use dns_core::approval::Approval;
use dns_core::drill::detection_bound;
use dns_core::fence::Fence;
use dns_core::judgement::Health;
use dns_core::machine::State;
use dns_core::machine::memory::Failover;
use dns_core::machine::returning::Waiting;
use dns_core::service::Mode;
use dns_core::standing::{Standing, own_records};
use dns_core::time::Timestamp;
use dns_core::write::WriteKind;
use dns_core::zone::FoundFence;
use dns_store::port::HistoryTrouble;

use crate::api::approvals;
use crate::api::report::rfc3339;
use crate::aside::Aside;
use crate::engine::snapshot::ServiceView;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concern {
    /// A sentence, with what to do where that is known.
    pub(crate) text: String,
    /// Whether it should wake someone.
    pub(crate) page: bool,
}

impl Concern {
    fn page(text: impl Into<String>) -> Self {
        Self { text: text.into(), page: true }
    }

    fn note(text: impl Into<String>) -> Self {
        Self { text: text.into(), page: false }
    }
}

/// Everything to look at, most urgent first. Empty if all is well.
pub(crate) fn concerns(view: &ServiceView) -> Vec<Concern> {
    let of_places = if view.places.is_empty() { of_place(view) } else { places::concerns(&view.places) };
    let of_service = [
        unknown(view),
        view.here().find_map(|here| paused(&here.memory)),
        waiting(view),
        elsewhere(view),
        coming_back(view),
        way_back(view),
        apart(view),
        readiness::no_refuge(view),
        readiness::shut_gates(view),
        view.aside.drill.clone().map(Concern::note),
        slow_detection(view),
        history(view),
    ];
    let mut found: Vec<Concern> =
        fault(view).into_iter().chain(of_places).chain(of_service.into_iter().flatten()).collect();
    found.extend(readiness::ending_certificates(view));
    found.extend(undelivered(view));
    found.extend(approvals::waiting(view).iter().map(|approval| Concern::page(second_person(approval))));
    found.extend(view.aside.receivers.iter().cloned().map(Concern::note));
    found.sort_by_key(|concern| !concern.page);
    found
}

/// An objective that the settings cannot keep is missed in every outage.
fn slow_detection(view: &ServiceView) -> Option<Concern> {
    let policy = &view.service.policy;
    let (objective, detection) = (policy.recovery_time_objective?, detection_bound(policy));
    let text = || {
        let [objective, detection] = [objective, detection].map(dns_core::explain::span);
        format!("its policy's recoveryTimeObjective is {objective}, and detection alone may take {detection}")
    };
    (detection > objective).then(|| Concern::note(text()))
}

/// What concerns the one place that a view is of.
fn of_place(view: &ServiceView) -> Vec<Concern> {
    let memory = &view.memory;
    let own = [held(memory), uncertain(memory), failed_write(memory), standing(view), unreadable(memory)];
    own.into_iter().flatten().chain(beside(&view.aside)).collect()
}

/// A canary that does not arrive tells today what a failover would meet.
fn beside(aside: &Aside) -> impl Iterator<Item = Concern> {
    let Aside { drain, canary, delegation, receivers: _, drill: _ } = aside;
    let draining = drain.as_ref().filter(|drain| drain.running).map(|drain| Concern::note(drain.describe()));
    let canary = canary.clone().map(Concern::page);
    [canary, delegation.clone().map(Concern::note), draining].into_iter().flatten()
}

/// Without its state, or a store to commit to, a service has no failover.
fn fault(view: &ServiceView) -> Option<Concern> {
    view.fault.as_ref().map(|fault| Concern::page(format!("nothing can be decided: {fault}")))
}

/// Nothing is decided by history, so it keeps nothing from failing over.
fn history(view: &ServiceView) -> Option<Concern> {
    Some(match view.history.as_ref()? {
        HistoryTrouble::Damaged(why) => {
            Concern::page(format!("the store's history is damaged: {why}; failover goes on as long as commits work"))
        }
        HistoryTrouble::LeftOut(why) => {
            Concern::note(format!("rows of the history are left out, as if a newer program had written them: {why}"))
        }
    })
}

fn held(memory: &Failover) -> Option<Concern> {
    let hold = memory.hold()?;
    let target = hold.to.as_ref().map(|to| format!(" to `{to}`")).unwrap_or_default();
    if hold.is_observation() {
        return Some(Concern::note(format!("would {}{target}, but only observes", hold.wanted.as_str())));
    }
    // Rules that history was not told of only say "in a moment".
    let telling = hold.rejections.iter().find(|rejection| hold.told.contains(&rejection.rule));
    let first = telling.or_else(|| hold.rejections.first())?;
    let text = format!("{}{target} is held by {}: {}", hold.wanted.as_str(), first.rule, first.reason);
    // Nobody is worse off while a fence's text, a changed rendering or the way back waits.
    let patient = matches!(hold.wanted, WriteKind::Annotate | WriteKind::Rerender | WriteKind::Failback);
    Some(if patient || telling.is_none() { Concern::note(text) } else { Concern::page(text) })
}

fn uncertain(memory: &Failover) -> Option<Concern> {
    let open = memory.open()?;
    let reason = open.uncertain.as_ref()?;
    Some(Concern::page(format!("whether the {} arrived is not known, finding out: {reason}", open.write.kind.as_str())))
}

fn failed_write(memory: &Failover) -> Option<Concern> {
    let error = memory.write_error()?;
    let uncertain = memory.open().is_some_and(|open| open.uncertain.is_some());
    if uncertain {
        return None;
    }
    // Once nothing is wanted any more there is nothing to do about it at night, and no order that would end the page.
    Some(if memory.is_write_failing() {
        Concern::page(format!("the last write failed, and none has succeeded since: {error}"))
    } else {
        Concern::note(format!("the last write failed, and nothing is to be written now: {error}"))
    })
}

fn standing(view: &ServiceView) -> Option<Concern> {
    match view.memory.standing() {
        Standing::Foreign { why } => {
            Some(Concern::page(format!("foreign change, every write is held: {why}; {}", way_out(view))))
        }
        Standing::Lost { serving: None, .. } => {
            Some(Concern::page("the fence is lost and the records are no region's; restore them, or adopt".to_owned()))
        }
        Standing::Lost { found, serving: Some(_) } => {
            let released = [view.memory.held(), found.as_deref()].into_iter().flatten().any(Fence::is_tombstone);
            Some(Concern::page(if released {
                format!("the zone was set back over a release; `{}` takes the service back", adopt(view))
            } else {
                "the fence was lost or set back; it is being repaired".to_owned()
            }))
        }
        Standing::Unadopted { .. } if view.service.mode == Mode::Active => {
            Some(Concern::note(format!("not adopted yet: `{}` arms it", adopt(view))))
        }
        Standing::Released { .. } => Some(Concern::note(format!("released; `{}` takes it back", adopt(view)))),
        Standing::Unadopted { .. } | Standing::Unread | Standing::Held | Standing::Newer { .. } => None,
    }
}

/// The order as it runs.
fn adopt(view: &ServiceView) -> String {
    format!("dns-admin adopt {} --reason TEXT", view.service.name)
}

/// What ends a foreign change: only what can be adopted is offered for adoption.
fn way_out(view: &ServiceView) -> String {
    let Some(seen) = view.memory.view() else { return "read the zone again".to_owned() };
    let readable = match &seen.fence {
        FoundFence::Absent => true,
        FoundFence::Present { .. } => seen
            .parsed_fence()
            .is_some_and(|fence| fence.install == view.service.installation && fence.id == view.service.name),
        FoundFence::Unreadable { .. } => false,
    };
    if !readable {
        return format!("delete the TXT at `{}` if it is not needed: the fence is then restored", seen.fence_name);
    }
    match view.service.region_serving(&own_records(seen, &view.service)) {
        Some(region) => {
            format!("`{}` accepts the records of `{region}`, putting them back ends it too", adopt(view))
        }
        None => "put the records back as they were, and it goes on by itself".to_owned(),
    }
}

/// Somebody wanted automation to keep away, and may have forgotten.
fn paused(memory: &Failover) -> Option<Concern> {
    let pause = memory.pause()?;
    let until =
        pause.until.map_or_else(|| "until someone resumes".to_owned(), |until| format!("until {}", rfc3339(until)));
    Some(Concern::note(format!("paused by `{}` {until}, automation is off: {}", pause.by, pause.reason)))
}

fn unreadable(memory: &Failover) -> Option<Concern> {
    memory.unreadable().map(|trouble| Concern::page(format!("the zone cannot be read: {}", trouble.reason)))
}

/// Of a region with thousands of services not all can move at once, and a part of them not without an order.
fn waiting(view: &ServiceView) -> Option<Concern> {
    let text = "its region fails; it waits its turn: others are moved first, or it has yet to show whether all of the \
                region fails (blastRadius). `dns-admin failover` moves it now";
    view.waits_its_turn.then(|| Concern::note(text))
}

/// Not to know is no reason to move, but somebody has to look.
fn unknown(view: &ServiceView) -> Option<Concern> {
    let judgement = view.memory.judgement()?;
    let active = view.memory.active()?;
    if judgement.health(active) != Health::Unknown {
        return None;
    }
    let seen = judgement.regions.get(active).map(dns_core::judgement::RegionJudgement::describe).unwrap_or_default();
    let text = format!("nobody knows how region `{active}` is, so nothing can move by itself: {seen}");
    // A service that relies on us and that we cannot see has no failover: that is worth waking someone.
    let armed = view.service.mode == Mode::Active && *view.memory.standing() == Standing::Held;
    Some(if armed { Concern::page(text) } else { Concern::note(text) })
}

/// Whoever looks for the first time wants to know that it moved, and when.
fn elsewhere(view: &ServiceView) -> Option<Concern> {
    let (active, preferred) = (view.memory.active()?, view.service.regions.first()?);
    let held = view.memory.held().filter(|held| held.active.as_ref() == Some(active))?;
    let text = || format!("on `{active}`, not on `{}`, since {}", preferred.name, to_the_second(held.moved));
    (*active != preferred.name).then(|| Concern::note(text()))
}

/// Whoever looks while answers are shared must not take them for a fault.
fn coming_back(view: &ServiceView) -> Option<Concern> {
    let blend = view.memory.blend()?;
    let next = match view.memory.next_step(&view.service)? {
        Waiting::Until(at) => format!("the next step is due at {}", to_the_second(at)),
        Waiting::For(why) => format!("it holds: {why}"),
    };
    let name = &view.service.name;
    let text = format!(
        "coming back: {blend} since {}, {next}; `dns-admin failback {name} --reason TEXT` finishes it, `dns-admin failover \
         {name} --to {} --reason TEXT` gives it up",
        to_the_second(blend.since()),
        blend.from()
    );
    // A region that nobody sees gets its share all the same, and nothing takes that back by itself.
    let is_unknown = view.memory.judgement().is_some_and(|judged| judged.health(blend.to()) == Health::Unknown);
    Some(if is_unknown { Concern::page(text) } else { Concern::note(text) })
}

/// Nothing comes back by itself. While the cooldown lasts the order would be refused.
fn way_back(view: &ServiceView) -> Option<Concern> {
    if view.state != (State::SteadyElsewhere {}) || view.memory.blend().is_some() {
        return None;
    }
    let (active, preferred) = (view.memory.active()?, view.service.regions.first()?);
    let proven = view.memory.judgement()?.is_proven(&preferred.name);
    let back = format!("dns-admin failback {} --reason TEXT", view.service.name);
    let text = || format!("`{}` is proven again: `{back}` brings it back", preferred.name);
    (*active != preferred.name && proven).then(|| Concern::note(text()))
}

/// What belongs together is in several regions: it is on its way, or somebody wanted it so and may have forgotten.
fn apart(view: &ServiceView) -> Option<Concern> {
    let (companions, active) = (view.companions.as_ref()?, view.memory.active()?);
    let group = &companions.group()?.name;
    let others = companions.apart_from(&view.service.name, active);
    let others: Vec<String> = others.iter().map(|(name, region)| format!("`{name}` in `{region}`")).collect();
    let text = || {
        format!("apart from its group `{group}`: {}; `dns-admin group status {group}` tells more", others.join(", "))
    };
    (!others.is_empty()).then(|| Concern::note(text()))
}

/// Somebody waits for an answer, and may be in a hurry.
fn second_person(approval: &Approval) -> String {
    let until = approval.until.map(|until| format!(" until {}", to_the_second(until))).unwrap_or_default();
    format!(
        "{} waits for a second person{until} ({}): {}; `dns-admin approve {} --reason TEXT`, or `decline`",
        approval.words(),
        approval.why,
        approval.reason(),
        approval.id
    )
}

/// Fences count in seconds, and so do people.
fn to_the_second(at: Timestamp) -> String {
    rfc3339(Timestamp::from_secs(at.as_secs())).replace(".000Z", "Z")
}

fn undelivered(view: &ServiceView) -> Vec<Concern> {
    use dns_core::machine::event::DeliveryOutcome;
    let verifications = view.here().filter_map(|here| here.verification.as_ref());
    let deliveries = verifications.filter(|verification| !verification.running);
    deliveries
        .flat_map(|verification| &verification.deliveries)
        .filter(|delivery| matches!(delivery.outcome, DeliveryOutcome::Silent | DeliveryOutcome::Old))
        .map(|delivery| {
            let word = match delivery.outcome {
                DeliveryOutcome::Silent | DeliveryOutcome::Unobservable => "does not answer",
                DeliveryOutcome::Old | DeliveryOutcome::Served => "did not serve the last write in time",
            };
            let detail = delivery.detail.as_deref().unwrap_or_default();
            Concern::note(format!("authoritative server {} {word}: {detail}", delivery.server))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use dns_core::saga::Saga;
    use dns_core::service::Everywhere;

    use super::*;
    use crate::verifier;

    /// What is remembered of a service whose last write failed.
    fn after_failed_write(backoff: &str) -> Failover {
        let service = Everywhere::only((*verifier::tests::service("192.0.2.10")).clone());
        let envelope = Saga::new(&service).to_envelope();
        let failed = envelope
            .replace(r#""writeError":null"#, r#""writeError":"refused""#)
            .replace(r#""backoff":{"failures":0,"until":null}"#, backoff);
        let saga = Saga::from_envelope(&failed, &service).expect("reads");
        saga.machines().map(|(_, machine)| machine.memory().clone()).next().expect("a place")
    }

    #[test]
    fn a_failed_write_wakes_someone_only_as_long_as_one_is_wanted() {
        let failing = after_failed_write(r#""backoff":{"failures":3,"until":1795246201000}"#);
        assert!(failed_write(&failing).expect("a concern").page);
        let over = after_failed_write(r#""backoff":{"failures":0,"until":null}"#);
        let concern = failed_write(&over).expect("still told");
        assert!(!concern.page && concern.text.contains("refused"), "{concern:?}");
    }

    #[test]
    fn a_receiver_that_takes_nothing_is_a_note_of_one_service_and_wakes_nobody() {
        let asides = crate::aside::Asides::default();
        let service = verifier::tests::service("192.0.2.10");
        let lines = |name: &str| {
            let name = name.parse().expect("a name");
            asides.of(&name, Mode::Active, &service.place()).receivers
        };
        asides.set_herald(Some("checkout".parse().expect("a name")));
        asides.note_receiver("chat", Some("receiver `chat` has taken nothing".to_owned()));
        assert!(asides.take_news().everyone);
        assert_eq!((lines("checkout").len(), lines("search").len()), (1, 0));
        let concerns: Vec<Concern> = lines("checkout").into_iter().map(Concern::note).collect();
        assert!(!concerns[0].page);
        asides.note_receiver("chat", None);
        assert_eq!(lines("checkout"), Vec::<String>::new());
    }

    #[test]
    fn a_canary_that_did_not_arrive_wakes_someone_and_a_delegation_elsewhere_does_not() {
        let aside = Aside {
            drill: None,
            drain: None,
            canary: Some("the canary did not arrive".to_owned()),
            delegation: Some("delegated elsewhere".to_owned()),
            receivers: Vec::new(),
        };
        let found: Vec<(bool, String)> = beside(&aside).map(|concern| (concern.page, concern.text)).collect();
        let wanted = [(true, "the canary did not arrive".to_owned()), (false, "delegated elsewhere".to_owned())];
        assert_eq!(found, wanted);
        assert_eq!(beside(&Aside::default()).count(), 0);
    }
}
