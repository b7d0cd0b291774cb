//! `policies:`: how carefully a service is watched and how freely it may move.
//!
//! Every key has a default, so that a policy states only what differs. A service that names none has the policy
//! `default`, and if there is none either, the built-in one.

mod dwelling;
mod moving;
mod ordering;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use dns_core::approval::ApprovalPolicy;
use dns_core::drill::detection_bound;
use dns_core::dwell::DwellPolicy;
use dns_core::identifier::VantageName;
use dns_core::overriding::OverrideTerm;
use dns_core::policy::{
    CERTIFICATE_WARNING, Capacity, Detection, Failback, FailoverBudget, GuardDemand, OnForeignChange, OnStandbyFailure,
    Policy, STANDBY_UNREADY_FOR, VALIDITY_MIN,
};
use dns_core::shared::Shared;

use super::hook::{self, Hooks, Named};
use super::refuse_repeated;
use super::top::Top;
use super::vantage::{VantageDraft, select};
use crate::config::suggestion;
use crate::config::tree::{Map, Spot, if_given, or_default};

/// The policy of services that name none.
const DEFAULT_NAME: &str = "default";

/// More often than this a prober measures its own scheduler.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Runs in a row are counted in a `u32`; a thousand is beyond any use.
const RUNS_MAX: u64 = 1000;

const KEYS: &[&str] = &[
    "interval",
    "timeout",
    "detection",
    "quorum",
    "vantagePoints",
    "failingBelow",
    "readyFrom",
    "readyFor",
    "cooldown",
    "dwell",
    "failback",
    "onStandbyFailure",
    "failoverBudget",
    "overrides",
    "approval",
    "onForeignChange",
    "guard",
    "standbyUnreadyFor",
    "certificateWarning",
    "verifyWithin",
    "recoveryTimeObjective",
    "hooks",
];

/// A policy as far as it could be read; one for all services that name it.
#[derive(Debug)]
pub(crate) struct PolicyDraft {
    pub(crate) name: String,
    pub(crate) policy: Option<Shared<Policy>>,
    /// The vantage points that judge, even if the rest is faulty.
    pub(crate) selected: BTreeSet<VantageName>,
    /// Those of them that resolve no names.
    pub(crate) without_resolver: BTreeSet<VantageName>,
    /// Who is asked before its moves and told after them.
    pub(crate) hooks: Option<Hooks>,
}

/// Every policy.
#[derive(Debug)]
pub(crate) struct Policies {
    drafts: Vec<Rc<PolicyDraft>>,
    built_in: Rc<PolicyDraft>,
}

impl Policies {
    /// Reads the section.
    pub(crate) fn read(top: &Top<'_>, vantage: &[VantageDraft<'_>]) -> Self {
        let entries = top.entries("policies");
        let names: Vec<String> = entries.iter().map(|(key, _)| key.text().unwrap_or_default().to_owned()).collect();
        refuse_repeated("policy", entries.iter().map(|(key, _)| key).zip(&names));
        let mut hooks = Named::new();
        let drafts = entries
            .iter()
            .zip(names)
            .map(|((_, value), name)| read_one(name, value, vantage, &mut hooks).into())
            .collect();
        hook::refuse_ambiguous(&hooks);
        let (selected, without_resolver) = judges(vantage);
        let policy = Some(Policy { vantage_points: selected.clone(), ..defaults() }.into());
        let built_in = PolicyDraft { name: "built-in".to_owned(), policy, selected, without_resolver, hooks: None };
        Self { drafts, built_in: built_in.into() }
    }

    /// The policy that a service names at `spot`, or the one for services that name none; those stand at `service`.
    pub(crate) fn of(&self, spot: Option<&Spot<'_>>, service: &Spot<'_>) -> Option<Rc<PolicyDraft>> {
        let Some(spot) = spot else { return Some(self.unnamed(service)) };
        let name = spot.text()?;
        let found = self.drafts.iter().find(|draft| draft.name == name);
        if found.is_none() {
            let hint = suggestion::hint(name, self.drafts.iter().map(|draft| draft.name.as_str()));
            spot.fault_with_hint(format!("there is no policy `{name}`"), hint);
        }
        found.cloned()
    }

    /// The policies by which some order needs a second person.
    pub(crate) fn demanding(&self) -> impl Iterator<Item = &str> {
        let demands =
            |draft: &&Rc<PolicyDraft>| draft.policy.as_ref().is_some_and(|policy| policy.approval.is_demanding());
        self.drafts.iter().filter(demands).map(|draft| draft.name.as_str())
    }

    fn unnamed(&self, service: &Spot<'_>) -> Rc<PolicyDraft> {
        if let Some(draft) = self.drafts.iter().find(|draft| draft.name == DEFAULT_NAME) {
            return Rc::clone(draft);
        }
        let (quorum, matching) = (defaults().quorum, self.built_in.selected.len());
        if quorum > matching {
            let hint = "declare more vantage points, or a policy `default` with a smaller quorum";
            service.fault_with_hint(quorum_message(quorum, matching), hint);
        }
        Rc::clone(&self.built_in)
    }
}

/// The defaults of every key; no vantage point.
pub(crate) fn defaults() -> Policy {
    Policy {
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        detection: Detection { fall: 3, rise: 5 },
        quorum: 2,
        vantage_points: BTreeSet::new(),
        capacity: Capacity::default(),
        ready_for: Duration::from_mins(2),
        cooldown: Duration::from_mins(10),
        dwell: DwellPolicy::default(),
        failback: Failback::Manual,
        on_standby_failure: OnStandbyFailure::default(),
        failover_budget: FailoverBudget::default(),
        overrides: OverrideTerm::default(),
        approval: ApprovalPolicy::default(),
        on_foreign_change: OnForeignChange::Hold,
        guard: GuardDemand::Any,
        standby_unready_for: STANDBY_UNREADY_FOR,
        certificate_warning: CERTIFICATE_WARNING,
        recovery_time_objective: None,
        verify_within: Duration::from_mins(1),
    }
}

fn read_one<'t>(name: String, spot: &Spot<'t>, vantage: &[VantageDraft<'_>], all: &mut Named<'t>) -> PolicyDraft {
    let Some(map) = spot.map(KEYS) else {
        let (selected, without_resolver) = Default::default();
        return PolicyDraft { name, policy: None, selected, without_resolver, hooks: None };
    };
    let selected = select(map.optional("vantagePoints").as_ref(), vantage);
    let (names, without_resolver) = judges(selected.iter().flatten().copied());
    let quorum = read_quorum(&map, selected.as_ref().map(Vec::len));
    let policy = read_policy(&map, quorum, names.clone()).filter(|_| selected.is_some());
    let validity = policy.as_ref().map_or(VALIDITY_MIN, Policy::validity);
    let policy = policy.map(Shared::from);
    let hooks = map.optional("hooks").and_then(|spot| hook::read(&spot, validity, all));
    PolicyDraft { name, policy, selected: names, without_resolver, hooks }
}

/// The names of vantage points, and of those among them that resolve no names.
fn judges<'d>(
    vantage: impl IntoIterator<Item = &'d VantageDraft<'d>>,
) -> (BTreeSet<VantageName>, BTreeSet<VantageName>) {
    let (mut names, mut without_resolver) = (BTreeSet::new(), BTreeSet::new());
    for draft in vantage {
        names.extend(draft.name.clone());
        without_resolver.extend(draft.name.clone().filter(|_| draft.resolver.is_none()));
    }
    (names, without_resolver)
}

fn read_policy(map: &Map<'_>, quorum: Option<usize>, vantage_points: BTreeSet<VantageName>) -> Option<Policy> {
    let default = defaults();
    let duration = |key: &str, default: Duration| or_default(map.optional(key), default, |spot| spot.duration());
    let interval = or_default(map.optional("interval"), default.interval, |spot| read_interval(&spot));
    let timeout = read_timeout(map, interval, default.timeout);
    let detection = or_default(map.optional("detection"), default.detection, |spot| read_detection(&spot));
    let capacity = moving::read_capacity(map);
    let ready_for = duration("readyFor", default.ready_for);
    let cooldown = duration("cooldown", default.cooldown);
    let dwell = or_default(map.optional("dwell"), default.dwell, |spot| dwelling::read(&spot));
    let failback = or_default(map.optional("failback"), default.failback, |spot| moving::read_failback(&spot));
    let on_standby_failure =
        or_default(map.optional("onStandbyFailure"), default.on_standby_failure, |spot| moving::read_standby(&spot));
    let failover_budget =
        or_default(map.optional("failoverBudget"), default.failover_budget, |spot| moving::read_budget(&spot));
    let overrides = or_default(map.optional("overrides"), default.overrides, |spot| ordering::read_overrides(&spot));
    let approval = or_default(map.optional("approval"), default.approval, |spot| ordering::read_approval(&spot));
    let on_foreign_change =
        or_default(map.optional("onForeignChange"), default.on_foreign_change, |spot| read_on_foreign_change(&spot));
    let guard = or_default(map.optional("guard"), default.guard, |spot| {
        let choices = [GuardDemand::Any, GuardDemand::OwnWriters, GuardDemand::Atomic];
        spot.choice(&choices.map(|demand| (demand.as_str(), demand)))
    });
    let standby_unready_for =
        or_default(map.optional("standbyUnreadyFor"), default.standby_unready_for, |spot| spot.positive_duration());
    let certificate_warning = duration("certificateWarning", default.certificate_warning);
    let objective = if_given(map.optional("recoveryTimeObjective"), |spot| spot.positive_duration());
    let verify_within =
        or_default(map.optional("verifyWithin"), default.verify_within, |spot| spot.positive_duration());
    let policy = Policy {
        interval: interval?,
        timeout: timeout?,
        detection: detection?,
        quorum: quorum?,
        vantage_points,
        capacity: capacity?,
        ready_for: ready_for?,
        cooldown: cooldown?,
        dwell: dwell?,
        failback: failback?,
        on_standby_failure: on_standby_failure?,
        failover_budget: failover_budget?,
        overrides: overrides?,
        approval: approval?,
        on_foreign_change: on_foreign_change?,
        guard: guard?,
        standby_unready_for: standby_unready_for?,
        certificate_warning: certificate_warning?,
        recovery_time_objective: objective?,
        verify_within: verify_within?,
    };
    warn_of_slow_detection(map, &policy);
    Some(policy)
}

/// An objective that the settings cannot keep is found in the first outage, or now.
fn warn_of_slow_detection(map: &Map<'_>, policy: &Policy) {
    let (Some(spot), Some(objective)) = (map.optional("recoveryTimeObjective"), policy.recovery_time_objective) else {
        return;
    };
    let detection = detection_bound(policy);
    if detection > objective {
        let message = format!("detection alone may take {}", humantime::format_duration(detection));
        spot.warn(message, "shorten `interval` or `timeout`, lower `detection.fall`, or raise the objective");
    }
}

fn read_interval(spot: &Spot<'_>) -> Option<Duration> {
    let length = spot.duration()?;
    if length < INTERVAL_MIN {
        spot.fault(format!("must be at least {}", humantime::format_duration(INTERVAL_MIN)));
        return None;
    }
    Some(length)
}

/// A run must be over before the next one starts.
fn read_timeout(map: &Map<'_>, interval: Option<Duration>, default: Duration) -> Option<Duration> {
    let Some(spot) = map.optional("timeout") else {
        // A default never makes a short interval a fault.
        return Some(interval.map_or(default, |interval| default.min(interval)));
    };
    let timeout = spot.positive_duration()?;
    match interval {
        Some(interval) if timeout > interval => {
            spot.fault(format!(
                "timeout {} is above the interval {}",
                humantime::format_duration(timeout),
                humantime::format_duration(interval)
            ));
            None
        }
        Some(_) | None => Some(timeout),
    }
}

fn read_quorum(map: &Map<'_>, matching: Option<usize>) -> Option<usize> {
    let spot = map.optional("quorum");
    let quorum = match &spot {
        Some(spot) => usize::try_from(spot.number(1..=1000)?).ok()?,
        None => defaults().quorum,
    };
    let at = spot.as_ref().unwrap_or(map.spot());
    match matching {
        Some(matching) if quorum > matching => {
            at.fault_with_hint(quorum_message(quorum, matching), "lower the quorum or declare more vantage points");
            None
        }
        Some(_) if quorum == 1 => {
            at.warn("a quorum of 1: one vantage point alone can move the service", "use at least 2");
            Some(quorum)
        }
        Some(matching) if quorum * 2 <= matching => {
            let message = format!("a quorum of {quorum} of {matching} is no majority: two halves can disagree");
            at.warn(message, format!("use at least {}", matching / 2 + 1));
            Some(quorum)
        }
        Some(_) | None => Some(quorum),
    }
}

fn quorum_message(quorum: usize, matching: usize) -> String {
    format!("the quorum of {quorum} is above the number of matching vantage points, {matching}")
}

fn read_detection(spot: &Spot<'_>) -> Option<Detection> {
    let map = spot.map(&["fall", "rise", "falseFailoversPerYear"])?;
    if let Some(calibrated) = map.optional("falseFailoversPerYear") {
        calibrated.not_yet("use `fall` and `rise`");
        return None;
    }
    let default = defaults().detection;
    let runs = |key: &str, default: u32| {
        or_default(map.optional(key), default, |spot| u32::try_from(spot.number(1..=RUNS_MAX)?).ok())
    };
    let (fall, rise) = (runs("fall", default.fall), runs("rise", default.rise));
    Some(Detection { fall: fall?, rise: rise? })
}

fn read_on_foreign_change(spot: &Spot<'_>) -> Option<OnForeignChange> {
    let read = spot.choice(&[("hold", Some(OnForeignChange::Hold)), ("reassert", None)])?;
    if read.is_none() {
        spot.not_yet("use `hold`; an operator adopts or repairs");
    }
    read
}
