//! What its group wants of a service: the one decision of a group, as each member derives it.
//!
//! Members see the same of each other, so they come to the same decision. The first of those that have to move makes it,
//! with its own write; whoever has yet to come along sees it in what the others remember, after a restart as before.

use super::{Companions, Stance};
use crate::fence::DecisionId;
use crate::group::{Group, GroupMove};
use crate::identifier::{RegionName, ServiceName};
use crate::judgement::{Health, Judgement};
use crate::machine::memory::LastMove;
use crate::service::Service;
use crate::time::Timestamp;

/// A member as it knows itself, newer than any companion does.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// As configured.
    pub service: &'a Service,
    /// The region that it is in.
    pub active: &'a RegionName,
    /// The decision that led it there.
    pub plan: Option<&'a DecisionId>,
    /// How that was decided, if that is remembered.
    pub last_move: Option<&'a LastMove>,
    /// What is seen of it.
    pub judgement: &'a Judgement,
    /// Now.
    pub now: Timestamp,
}

/// What a group wants of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// The group has gone, and this member comes after it.
    Follow {
        /// With which decision.
        with: GroupMove,
        /// How that was decided.
        how: LastMove,
        /// Where to.
        to: RegionName,
    },
    /// The group has to leave, and nobody has begun; or the member itself would have to, and not enough others.
    Leave {
        /// Who leaves, in order; the first one decides.
        with: GroupMove,
        /// Where to; `None` if there is no other region.
        to: Option<RegionName>,
        /// Why.
        reason: String,
    },
}

impl Call {
    /// Whether it is a member's turn: it decides, or those before it have arrived.
    pub fn is_turn_of(&self, service: &ServiceName, companions: &Companions) -> bool {
        match self {
            Self::Follow { with, to, .. } => companions.not_before(service, with, to).is_none(),
            Self::Leave { with, .. } => with.members.first() == Some(service),
        }
    }

    /// Whether others have decided it.
    pub fn follows(&self) -> bool {
        matches!(self, Self::Follow { .. })
    }
}

/// A move of the group that some member has made.
struct Course<'a> {
    decision: DecisionId,
    with: &'a GroupMove,
    how: &'a LastMove,
    to: &'a RegionName,
}

impl Companions {
    /// What its group wants of a service now. Nothing if it has none, or all is well.
    pub fn call(&self, own: Own<'_>) -> Option<Call> {
        let group = self.group()?;
        self.coming_after(own, group).or_else(|| self.leaving(own, group))
    }

    /// A member comes along with a decision that names it, unless it has been moved since by another one: then somebody
    /// wanted it apart.
    fn coming_after(&self, own: Own<'_>, group: &Group) -> Option<Call> {
        let course = self.course(own, group)?;
        let is_named = course.with.members.contains(&own.service.name);
        let is_older = own.plan.is_none_or(|plan| *plan <= course.decision);
        // After a restart nothing is seen of it at first, and that is no news.
        let in_the_dark = [own.active, course.to].iter().all(|region| own.judgement.health(region) == Health::Unknown);
        if !is_named || !is_older || course.to == own.active || in_the_dark {
            return None;
        }
        let with = GroupMove { decision: Some(course.decision), ..course.with.clone() };
        Some(Call::Follow { with, how: course.how.clone(), to: course.to.clone() })
    }

    /// The newest move of the group. Decisions are numbered by time.
    fn course<'a>(&'a self, own: Own<'a>, group: &'a Group) -> Option<Course<'a>> {
        let of = |last: Option<&'a LastMove>, active: Option<&'a RegionName>| {
            let how = last?;
            let with = how.group.as_ref().filter(|with| with.group == group.name)?;
            Some(Course { decision: with.decision_of(&how.plan), with, how, to: active? })
        };
        let others = group.names().filter_map(|name| self.stance(name));
        let others = others.filter_map(|stance| of(stance.last_move.as_ref(), stance.active.as_ref()));
        let own = of(own.last_move, Some(own.active));
        others.chain(own).max_by(|one, other| one.decision.cmp(&other.decision))
    }

    fn leaving(&self, own: Own<'_>, group: &Group) -> Option<Call> {
        let from = own.active;
        let members = self.members_in(from, own, group);
        let failing = self.failing(&members, from, own);
        // One that fails asks for all even if the group wants more to fail: the kernel refuses that, and somebody is told.
        if !group.move_when.is_met(failing.len(), members.len()) && !failing.contains(&&own.service.name) {
            return None;
        }
        let first = failing.first()?;
        let says = if **first == own.service.name {
            own.judgement.regions.get(from).map(crate::judgement::RegionJudgement::describe).unwrap_or_default()
        } else {
            self.sight(first).map(|sight| sight.says(from).to_owned()).unwrap_or_default()
        };
        let names: Vec<String> = failing.iter().map(|name| format!("`{name}`")).collect();
        let verb = if names.len() == 1 { "fails" } else { "fail" };
        let reason = format!("group `{}` leaves `{from}`, {} {verb} there: {says}", group.name, names.join(", "));
        let to = self.target(&members, own);
        Some(Call::Leave { with: GroupMove { group: group.name.clone(), decision: None, members }, to, reason })
    }

    /// The members that are in a region, in order.
    fn members_in(&self, region: &RegionName, own: Own<'_>, group: &Group) -> Vec<ServiceName> {
        let is_there = |name: &&ServiceName| {
            **name == own.service.name || self.stance(name).is_some_and(|stance| stance.is_in(region))
        };
        group.names().filter(is_there).cloned().collect()
    }

    fn failing<'a>(&self, members: &'a [ServiceName], region: &RegionName, own: Own<'_>) -> Vec<&'a ServiceName> {
        let health = |name: &ServiceName| {
            if *name == own.service.name { own.judgement.health(region) } else { self.health(name, region) }
        };
        members.iter().filter(|name| health(name) == Health::Failing).collect()
    }

    pub(crate) fn health(&self, other: &ServiceName, region: &RegionName) -> Health {
        self.sight(other).map_or(Health::Unknown, |sight| sight.health(region))
    }

    /// The first region that all can go to; else the one that lacks the least, so that the reason why not is of use.
    fn target(&self, members: &[ServiceName], own: Own<'_>) -> Option<RegionName> {
        let regions = || own.service.regions.iter().map(|region| &region.name).filter(|name| *name != own.active);
        let others = || members.iter().filter(|name| **name != own.service.name).map(|name| self.sight(name));
        let ready = |region: &&RegionName| {
            own.judgement.is_ready(region, own.now)
                && others().all(|sight| sight.is_some_and(|sight| sight.is_ready(region)))
        };
        let proven = |region: &&RegionName| {
            own.judgement.is_proven(region) && others().all(|sight| sight.is_some_and(|sight| sight.is_proven(region)))
        };
        regions().find(ready).or_else(|| regions().find(proven)).or_else(|| regions().next()).cloned()
    }

    /// Who has to come along when one leads its group to a region by order: all that are not there.
    pub(crate) fn all_not_in(&self, to: &RegionName, own: &ServiceName) -> Option<GroupMove> {
        let group = self.group()?;
        let elsewhere = |name: &&ServiceName| *name == own || self.stance(name).is_none_or(|stance| !stance.is_in(to));
        let members = group.names().filter(elsewhere).cloned().collect();
        Some(GroupMove { group: group.name.clone(), decision: None, members })
    }

    /// Whether so many members fail where this one is that the group leaves.
    pub(crate) fn has_to_leave(&self, own: Own<'_>) -> bool {
        let Some(group) = self.group() else { return false };
        let members = self.members_in(own.active, own, group);
        group.move_when.is_met(self.failing(&members, own.active, own).len(), members.len())
    }

    /// Whether all members would return to their preferred region by themselves, or are there; of the own one the caller
    /// knows.
    pub(crate) fn all_return(&self, own: &ServiceName, to: &RegionName) -> bool {
        let mut others = self.group().into_iter().flat_map(Group::names).filter(|name| *name != own);
        others.all(|name| self.stance(name).is_some_and(|stance| stance.returns || stance.is_in(to)))
    }

    /// Why a member cannot be written yet with a move of its group: who goes before it.
    pub(crate) fn not_before(&self, own: &ServiceName, with: &GroupMove, to: &RegionName) -> Option<String> {
        let decider = with.members.first().filter(|first| !with.follows() && *first != own);
        if let Some(decider) = decider {
            return Some(format!("`{decider}` moves first, by the decision of group `{}`", with.group));
        }
        let waits = |name: &ServiceName| {
            let stance = self.stance(name)?;
            if !stance.is_in(to) {
                return with.members.contains(name).then(|| format!("`{name}` moves first"));
            }
            (!stance.arrived).then(|| format!("`{name}` moves first, and is not seen to be served in `{to}` yet"))
        };
        self.group()?.before(own).iter().find_map(waits)
    }

    /// Whether another member is in a region by a decision of the group: then the group has left for it.
    pub(crate) fn has_gone(&self, decision: &DecisionId, to: &RegionName) -> bool {
        let by_it = |stance: &Stance| {
            let last = stance.last_move.as_ref().filter(|_| stance.is_in(to));
            last.is_some_and(|last| last.group.as_ref().is_some_and(|with| with.decision_of(&last.plan) == *decision))
        };
        self.others.values().any(|other| by_it(&other.stance))
    }

    /// Why others cannot come along to a region, each with what it lacks.
    pub(crate) fn stragglers(
        &self,
        own: &ServiceName,
        with: &GroupMove,
        to: &RegionName,
        ordered: bool,
    ) -> Vec<String> {
        let lack = |name: &ServiceName| {
            let Some(companion) = self.others.get(name) else { return Some("its state is not loaded".to_owned()) };
            let stance = &companion.stance;
            let paused = stance.paused.as_ref().filter(|_| !ordered).map(|by| format!("it is paused by `{by}`"));
            companion.sight.lack(to).or_else(|| stance.obstacle.map(str::to_owned)).or(paused)
        };
        let others = with.members.iter().filter(|name| *name != own);
        others.filter_map(|name| Some(format!("`{name}` ({})", lack(name)?))).collect()
    }

    /// The members of its group that are paused, and by whom; nothing if none is.
    pub(crate) fn paused_members(&self) -> Option<String> {
        let of_group = |name: &ServiceName| self.group().is_some_and(|group| group.names().any(|one| one == name));
        let paused = self.others.iter().filter(|(name, _)| of_group(name));
        let paused: Vec<String> = paused
            .filter_map(|(name, other)| Some(format!("`{name}` by `{}`", other.stance.paused.as_ref()?)))
            .collect();
        let names = paused.join(", ");
        (!paused.is_empty()).then(|| {
            format!("paused of its group: {names}; resume them, or move the group by `dns-admin group failover`")
        })
    }

    /// The members of its group that are known to be in another region than one that is in this.
    pub fn apart_from(&self, own: &ServiceName, active: &RegionName) -> Vec<(&ServiceName, &RegionName)> {
        let others = self.others.iter().filter(|(name, _)| *name != own);
        let of_group =
            others.filter(|(name, _)| self.group().is_some_and(|group| group.names().any(|one| one == *name)));
        let elsewhere = of_group.filter_map(|(name, other)| Some((name, other.stance.active.as_ref()?)));
        elsewhere.filter(|(_, region)| *region != active).collect()
    }

    /// Whether a move brings a member to where all others are.
    pub(crate) fn reunites(&self, own: &ServiceName, to: &RegionName) -> bool {
        let mut others = self.group().into_iter().flat_map(Group::names).filter(|name| *name != own);
        others.all(|name| self.stance(name).is_some_and(|stance| stance.is_in(to)))
    }
}
