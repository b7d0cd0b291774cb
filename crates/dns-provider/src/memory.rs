//! A zone in memory that keeps every condition exactly: the reference of the contract, and the provider of simulations.
//!
//! Invariants: conditions are checked and a change set is applied under one mutex, whole or not at all. Clones are the same
//! zone, as several clients of one provider are. It reads no clock and draws no random number: whether a permit has run
//! out is asked of the clock that it is given, and of none otherwise.
//!
//! Beyond the port it is the hand and the fate of a test: records are put and removed past every fence, the next write
//! waits at a gate, calls fail as they are told to. What resolvers would get, wildcards included, is [`Memory::served`].
//!
//! It does not know SOA, serials, delegations or any type beyond those that are guarded and the fence's.

mod contents;
mod fault;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl};
use dns_core::time::Timestamp;
use dns_core::zone::{ReadRequest, ZoneView};
use hickory_proto::rr::{Name, RData};

use self::contents::Contents;
pub use self::fault::{Call, Fault, Hold};
use self::fault::{Faults, Gate};
use crate::port::{
    AbsenceCondition, ApexCname, Capabilities, Conditions, GuardStrength, Limits, Permit, Progress, Provider,
    ProviderError, Receipt, TtlCondition, Urgency, ZoneFacts,
};
use crate::sound;

/// As many as the strictest common provider takes, so that what fits here fits there.
const RECORDS_MAX: usize = 1_000;

/// Says the time by which permits run out.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A zone in memory.
#[derive(Clone)]
pub struct Memory {
    zone: Name,
    name_servers: Vec<Name>,
    clock: Option<Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    contents: Contents,
    faults: Faults,
    gate: Option<Gate>,
}

impl Memory {
    /// An empty zone.
    pub fn new(zone: &Name, name_servers: Vec<Name>) -> Self {
        Self { zone: zone.clone(), name_servers, clock: None, state: Arc::default() }
    }

    /// Refuses writes whose permit has not begun or has run out by this clock, as a signature's time does.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { clock: Some(Arc::new(now)), ..self }
    }

    /// Puts an RRset by hand, in place of the one that is there.
    pub fn put(&self, rrset: Rrset) {
        self.lock().contents.put(rrset);
    }

    /// Removes an RRset by hand; says whether there was one.
    pub fn remove(&self, key: &RrsetKey) -> bool {
        self.lock().contents.remove(key)
    }

    /// Puts TXT records by hand, in place of those that are there; none removes them.
    pub fn put_texts(&self, name: &Name, ttl: Ttl, texts: Vec<FenceText>) {
        self.lock().contents.put_texts(name, ttl, texts);
    }

    /// Every guarded RRset that the zone holds.
    pub fn rrsets(&self) -> Rrsets {
        self.lock().contents.rrsets().clone()
    }

    /// The values that a resolver gets for a name, from the wildcard above it if it does not exist. An alias has none.
    pub fn served(&self, name: &Name, rtype: GuardedType) -> Vec<RData> {
        self.lock().contents.served(&self.zone, name, rtype)
    }

    /// Lets the next `apply` wait before it looks at the zone, until the gate is opened or dropped.
    pub fn hold_next_apply(&self) -> Hold {
        let (gate, hold) = fault::gate();
        self.lock().gate = Some(gate);
        hold
    }

    /// Spoils the next call of this kind; faults of one kind strike in the order in which they were scripted.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        self.lock().faults.add(call, fault);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("invariant: nothing panics while it holds this lock")
    }

    fn subject(&self) -> String {
        format!("memory of zone {}", self.zone)
    }

    fn holds(&self, zone: &Name) -> Result<(), ProviderError> {
        if *zone == self.zone {
            return Ok(());
        }
        Err(self.denied(format!("it does not hold zone {zone}; it holds {} only", self.zone)))
    }

    fn in_time(&self, permit: &Permit) -> Result<(), ProviderError> {
        let Some(clock) = &self.clock else { return Ok(()) };
        let now = clock();
        let ends = Timestamp::from_millis(permit.granted.as_millis().saturating_add(millis(permit)));
        if (permit.granted..=ends).contains(&now) {
            return Ok(());
        }
        Err(self.denied(format!("the permit ended {} s ago by its clock", now.as_secs().abs_diff(ends.as_secs()))))
    }

    fn denied(&self, reason: String) -> ProviderError {
        ProviderError::Denied { subject: self.subject(), reason }
    }

    /// Checks and applies in one step.
    fn settle(&self, change: &ChangeSet) -> Result<(), ProviderError> {
        let mut state = self.lock();
        let fault = state.faults.draw(Call::Apply);
        if let Some(error) = fault.and_then(|fault| fault.before(&self.subject())) {
            return Err(error);
        }
        state.contents.require(change)?;
        state.contents.write(&self.subject(), change)?;
        fault.and_then(|fault| fault.after(&self.subject())).map_or(Ok(()), Err)
    }

    fn spoiled(&self, call: Call) -> Result<(), ProviderError> {
        let fault = self.lock().faults.draw(call);
        fault.map_or(Ok(()), |fault| Err(fault.of_question(&self.subject())))
    }
}

#[async_trait]
impl Provider for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            guard: GuardStrength::Atomic,
            checked_by: self.subject(),
            types: &GuardedType::ALL,
            alias: true,
            proxy: true,
            weighting: false,
            apex_cname: ApexCname::Refused,
            conditions: Conditions { absence: AbsenceCondition::Everywhere, ttl: TtlCondition::Ignored },
            limits: Limits {
                records: Some(RECORDS_MAX),
                characters: None,
                octets: None,
                ttl_secs: 1..=u32::try_from(Ttl::MAX_SECS).unwrap_or(u32::MAX),
            },
        }
    }

    async fn read(&self, request: &ReadRequest, _urgency: Urgency) -> Result<ZoneView, ProviderError> {
        self.spoiled(Call::Read)?;
        self.holds(&request.zone)?;
        Ok(self.lock().contents.view(request))
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        sound::check(&self.capabilities(), change)?;
        self.holds(&change.zone)?;
        contents::fits(&self.subject(), change, RECORDS_MAX)?;
        let gate = self.lock().gate.take();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        self.in_time(permit)?;
        self.settle(change)?;
        Ok(Receipt::Complete)
    }

    async fn status(&self, _receipt: &Receipt) -> Result<Progress, ProviderError> {
        self.spoiled(Call::Status)?;
        Ok(Progress::Complete)
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        self.spoiled(Call::Zone)?;
        self.holds(zone)?;
        Ok(ZoneFacts { name_servers: self.name_servers.clone() })
    }
}

impl fmt::Debug for Memory {
    /// Leaves out the clock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zone, name_servers, clock: _, state } = self;
        let mut shown = f.debug_struct("Memory");
        shown.field("zone", zone).field("name_servers", name_servers).field("state", state).finish_non_exhaustive()
    }
}

fn millis(permit: &Permit) -> u64 {
    u64::try_from(permit.length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
