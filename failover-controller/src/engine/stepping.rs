//! Steps of several services, committed together.
//!
//! What takes long is to wait for the disk at the end of a transaction. While a region with thousands of services is
//! evacuated, steps would wait for one another for minutes, evidence would be stale before it is heard, and decisions too
//! old before they are sent. So steps that come together share a transaction. Each is still a step of one service alone: a
//! service's later step starts from its earlier one, and if one of them does not fit what the store holds, each is
//! committed by itself, so that it lets down no other.

use std::collections::BTreeMap;

use dns_core::fleet::{Fleet, Presence};
use dns_core::identifier::ServiceName;
use dns_core::judgement::Judgement;
use dns_core::machine::effect::PermitAnswer;
use dns_core::machine::event::Event;
use dns_core::policy::VALIDITY_MIN;
use dns_core::saga::SagaStep;
use dns_core::service::Place;
use dns_provider::port::{Permit, ProviderError};
use dns_service::exit::one_line;
use dns_service::failpoint::{self, Failpoint};
use dns_store::port::{Commit, Generation, StoreError};

use super::Owner;
use super::handle::Message;
use super::unit::{Draft, NotStepped, Unit};

/// Steps of one transaction, at the most: enough that the disk is waited for rarely, and few enough that they take no
/// longer than it does.
pub(super) const GROUP_MAX: usize = 128;

/// A step that is wanted.
pub(super) struct Wanted {
    pub(super) service: ServiceName,
    /// The place that the event is of, if it is of one.
    pub(super) place: Option<Place>,
    pub(super) event: Event,
}

impl Wanted {
    /// A service was judged.
    pub(super) fn judged(service: &ServiceName, judgement: Judgement) -> Self {
        Self { service: service.clone(), place: None, event: Event::Judged(judgement) }
    }
}

/// The fleet as it will be when the drafts are kept: steps that share a transaction know of each other.
struct Census<'a> {
    fleet: Fleet,
    counted: BTreeMap<&'a ServiceName, Presence>,
}

impl<'a> Census<'a> {
    fn of(fleet: &Fleet) -> Self {
        Self { fleet: fleet.clone(), counted: BTreeMap::new() }
    }

    /// All but one.
    fn others(&self, service: &ServiceName, unit: &Unit) -> Fleet {
        let mut others = self.fleet.clone();
        others.discount(self.counted.get(service).unwrap_or(unit.present()));
        others
    }

    /// Counts one as its draft has it.
    fn take(&mut self, service: &'a ServiceName, unit: &Unit, next: Presence) {
        self.fleet.discount(self.counted.get(service).unwrap_or(unit.present()));
        self.fleet.count(&next);
        self.counted.insert(service, next);
    }
}

type Stepped = Result<SagaStep, NotStepped>;

/// What is to be done when a step has ended.
type Then = Box<dyn FnOnce(&mut Owner, Stepped) + Send>;

/// Steps that will share a transaction, and what follows the last step of each message.
#[derive(Default)]
struct Group {
    wanted: Vec<Wanted>,
    then: Vec<(usize, Then)>,
}

impl Group {
    fn want(&mut self, service: ServiceName, place: Option<Place>, event: Event) {
        self.wanted.push(Wanted { service, place, event });
    }

    /// What follows the step that was wanted last.
    fn then(&mut self, then: impl FnOnce(&mut Owner, Stepped) + Send + 'static) {
        self.then.push((self.wanted.len().saturating_sub(1), Box::new(then)));
    }
}

impl Owner {
    /// Handles messages in their order; steps that only follow one another share a transaction.
    pub(crate) async fn handle_all(&mut self, messages: Vec<Message>) {
        let hears = messages.iter().any(|message| matches!(message, Message::Heard(..) | Message::Gate(_)));
        let mut group = Group::default();
        for message in messages {
            if let Some(other) = self.want(message, &mut group) {
                self.step_group(std::mem::take(&mut group)).await;
                self.handle_alone(other).await;
            }
        }
        self.step_group(group).await;
        // Once for all that was heard: each vantage point may speak of thousands of services.
        if hears && self.hears_news() {
            self.judge_due().await;
        }
    }

    async fn step_group(&mut self, group: Group) {
        let Group { wanted, then } = group;
        if wanted.is_empty() {
            return;
        }
        let mut stepped: Vec<Option<Stepped>> = self.step_all(wanted).await.into_iter().map(Some).collect();
        for (at, then) in then {
            if let Some(stepped) = stepped.get_mut(at).and_then(Option::take) {
                then(self, stepped);
            }
        }
    }

    /// Turns a message into steps, or gives it back if it is no message of that kind.
    fn want(&mut self, message: Message, group: &mut Group) -> Option<Message> {
        match message {
            Message::Zone(service, place, read) => {
                let event = self.look_of(&service, &place, read);
                // A failure is logged, and it comes again by itself.
                group.want(service, Some(place), event);
            }
            Message::Uncertain(service, decision, reason) => {
                group.want(service, None, Event::WriteUncertain { decision, reason });
            }
            Message::Vetoed(service, decision, reason, reply) => {
                group.want(service, None, Event::HookVetoed { decision, reason });
                group.then(move |_, stepped| drop(reply.send(stepped.map(drop).map_err(|error| one_line(&error)))));
            }
            Message::Settled(service, decision, outcome, reply) => {
                group.want(service, None, Event::WriteSettled { decision, outcome });
                // Only a commit is an answer that ends the executor's part.
                group.then(move |_, stepped| drop(reply.send(stepped.map(drop).map_err(|error| one_line(&error)))));
            }
            Message::Verified(service, decision, deliveries, reply) => {
                let event = Event::Verified { decision: decision.clone(), deliveries: deliveries.clone() };
                group.want(service.clone(), None, event);
                group.then(move |owner, stepped| {
                    // An answer that nobody waits for any more says nothing of what is served now.
                    let wanted = matches!(&stepped, Ok(step) if step.refusal.is_none());
                    if let Some(unit) = owner.units.get_mut(&service).filter(|_| wanted) {
                        unit.note_deliveries(&decision, &deliveries);
                    }
                    let _gone = reply.send(stepped.map(drop).map_err(|error| one_line(&error)));
                });
            }
            Message::Permit(service, decision, reply) => {
                // Before the judgement and the commit: a process that is stopped or starved from here on signs with this
                // time, and the server's own clock refuses it.
                let granted = self.parts.clock.wall();
                let place = self.units.get(&service).and_then(|unit| unit.owner(&decision));
                let length = place.and_then(|place| self.parts.permits.get(&place.provider)).copied();
                let permit = Permit { granted, length: length.unwrap_or(VALIDITY_MIN) };
                // The newest evidence, not that of the last tick.
                self.look_at_companions(&service);
                if let Some(judgement) = self.judgement_of(&service) {
                    group.wanted.push(Wanted::judged(&service, judgement));
                }
                group.want(service, None, Event::PermitAsked { decision });
                group.then(move |_, stepped| drop(reply.send(permitted(stepped, permit))));
            }
            other @ (Message::Heard(..)
            | Message::Gate(_)
            | Message::Order(..)
            | Message::Delivered(..)
            | Message::Evacuation(..)
            | Message::Honour(..)
            | Message::Recorded(_)) => {
                return Some(other);
            }
        }
        None
    }

    fn look_of(
        &mut self,
        service: &ServiceName,
        place: &Place,
        read: Result<Box<dns_core::zone::ZoneView>, ProviderError>,
    ) -> Event {
        match read {
            Ok(view) => {
                if let Some(unit) = self.units.get_mut(service) {
                    unit.note_read(place, self.parts.clock.now());
                }
                Event::ZoneRead(*view)
            }
            Err(error) => {
                let denied = matches!(error, ProviderError::Denied { .. });
                Event::ZoneUnreadable { reason: error.to_string(), denied }
            }
        }
    }

    /// Makes steps in their order, commits them, and only then keeps them and carries out what follows. Steps that change
    /// nothing that is kept cost no commit, and are made even if the store is shut.
    pub(super) async fn step_all(&mut self, wanted: Vec<Wanted>) -> Vec<Stepped> {
        let (drafts, mut stepped) = self.draft_all(&wanted);
        let commits: Vec<Commit> =
            drafts.iter().filter_map(|(name, draft)| self.units.get(name)?.commit_of(draft)).collect();
        match self.commit_all(&commits).await {
            Ok(generations) => self.take_all(drafts, &commits, &generations),
            Err(NotStepped::Refused(StoreError::Stale { .. } | StoreError::Corrupt { .. })) if commits.len() > 1 => {
                return self.step_one_by_one(wanted).await;
            }
            Err(error) => {
                let refused = |name: &ServiceName| commits.iter().any(|commit| commit.service == *name);
                let kept = drafts.into_iter().filter(|(name, _)| !refused(name)).collect();
                // Before everything is loaded anew, if it is: these are steps of what was known until now.
                self.take_all(kept, &[], &[]);
                if let NotStepped::Refused(error) = &error {
                    self.take_in(error).await;
                }
                let text = one_line(&error);
                let mut error = Some(error);
                for (wanted, stepped) in wanted.iter().zip(&mut stepped).filter(|(wanted, _)| refused(&wanted.service))
                {
                    let shut = || NotStepped::Shut(format!("{text} (service {})", wanted.service));
                    *stepped = Err(error.take().unwrap_or_else(shut));
                }
            }
        }
        stepped
    }

    /// One of several does not fit what the store holds: each finds out for itself.
    async fn step_one_by_one(&mut self, wanted: Vec<Wanted>) -> Vec<Stepped> {
        let mut all = Vec::with_capacity(wanted.len());
        for one in wanted {
            all.extend(Box::pin(self.step_all(vec![one])).await);
        }
        all
    }

    fn draft_all(&self, wanted: &[Wanted]) -> (BTreeMap<ServiceName, Draft>, Vec<Stepped>) {
        let mut drafts: BTreeMap<ServiceName, Draft> = BTreeMap::new();
        let mut stepped = Vec::with_capacity(wanted.len());
        let mut census = Census::of(&self.fleet);
        for Wanted { service, place, event } in wanted {
            let Some(unit) = self.units.get(service) else {
                stepped.push(Err(NotStepped::NotLoaded(service.clone())));
                continue;
            };
            let others = census.others(service, unit);
            let companions = self.companions_of(service, &drafts);
            let before = drafts.remove(service);
            let (draft, step) = unit.draft(before, place.as_ref(), event, &self.parts, others, companions);
            let next = unit.presence(&draft.saga, &self.fleet, self.parts.clock.now());
            census.take(service, unit, next);
            drafts.insert(service.clone(), draft);
            stepped.push(Ok(step));
        }
        (drafts, stepped)
    }

    async fn commit_all(&self, commits: &[Commit]) -> Result<Vec<Generation>, NotStepped> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(why) = self.trouble.shut() {
            return Err(NotStepped::Shut(why.to_owned()));
        }
        let writes = commits.iter().any(|commit| !commit.outbox.is_empty());
        if writes {
            failpoint::reach(Failpoint::BeforeCommit);
        }
        match self.parts.store.commit_all(commits).await {
            Ok(generations) => {
                if writes {
                    failpoint::reach(Failpoint::AfterCommit);
                }
                Ok(generations)
            }
            Err(error) => Err(NotStepped::Refused(error)),
        }
    }

    fn take_all(&mut self, drafts: BTreeMap<ServiceName, Draft>, commits: &[Commit], generations: &[Generation]) {
        let mut committed: BTreeMap<&ServiceName, (&Commit, Generation)> = commits
            .iter()
            .zip(generations)
            .map(|(commit, generation)| (&commit.service, (commit, *generation)))
            .collect();
        for (name, draft) in drafts {
            let Some(unit) = self.units.get_mut(&name) else { continue };
            let now = self.parts.clock.now();
            let stance = unit.stance(now);
            let committed = committed.remove(&name);
            let effects = unit.take(draft, committed, &self.parts, &mut self.fleet, &mut self.packer);
            if unit.stance(now) != stance {
                self.rouse_companions(&name);
            }
            self.carry_out(&name, &effects);
        }
    }
}

fn permitted(stepped: Stepped, permit: Permit) -> Result<Permit, String> {
    match stepped {
        Ok(step) => match step.permit {
            Some(PermitAnswer::Granted) => Ok(permit),
            Some(PermitAnswer::Refused(why)) => Err(why),
            None => Err("the decision has ended".to_owned()),
        },
        Err(NotStepped::NotLoaded(_)) => Err("its state is not loaded".to_owned()),
        Err(error @ (NotStepped::Refused(_) | NotStepped::Shut(_))) => {
            Err(format!("the permit could not be committed: {}", one_line(&error)))
        }
    }
}
