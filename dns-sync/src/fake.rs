//! A holder of one zone for tests: it does what a script says, and otherwise what a provider does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use dns_provider::port::{GuardStrength, Permit, ProviderError, Receipt};
use dns_provider::zones::{Attribution, Extent, Listing, NotPlain, Refreshed, Writer, ZoneTarget, ZoneTraits};
use dns_service::clock::Clock;
use dns_zone::{
    Limits, MarkerForms, Owner, Protected, Rdata, RecordSet, Rtype, SetChange, SetKey, Settings, Step, TargetTraits,
    Ttl, TtlPolicy, Weight, Zone, difference,
};

use crate::place::{Came, Place};

/// What happens to one call of `apply`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happening {
    /// Nothing: it is taken.
    Taken,
    /// It is taken, and the zone cannot be read the next time.
    TakenAndUnreadable,
    /// It is told to come again later.
    Throttled(Duration),
    /// It is not reached.
    Unreached,
    /// It is told that the zone is another.
    Conflict,
    /// It waits, and nothing ever comes.
    Silence,
    /// It hears nothing, and the write is there when the zone is listed for the so-manieth time from then on; never with zero.
    Unanswered { arrives_at_list: usize },
    /// It hears nothing, the write is there, and the zone cannot be read the next time.
    UnansweredAndUnreadable,
    /// It is told that the write was taken, and it is not there.
    Swallowed,
}

/// How it tells what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As a primary: all of it.
    Primary,
    /// As an API: what says who holds what, of which it has nothing.
    Api,
}

/// What it tells of who has changed something.
#[derive(Clone, Debug)]
pub(crate) enum Tells {
    /// This.
    This(BTreeMap<SetKey, Attribution>),
    /// That it is not reached.
    Error,
    /// Nothing, ever.
    Never,
}

/// The holder; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Fake {
    operations_max: usize,
    manner: Manner,
    state: Arc<Mutex<State>>,
}

/// What it holds and has seen.
pub(crate) struct State {
    pub(crate) zone: Zone,
    /// What it holds that is no record set.
    pub(crate) not_plain: Vec<NotPlain>,
    /// Sets that it does not take.
    pub(crate) poison: BTreeSet<SetKey>,
    /// Sets that it denies in the words of a server that takes nothing.
    pub(crate) denied: BTreeSet<SetKey>,
    /// What happens to the next calls.
    pub(crate) script: VecDeque<Happening>,
    /// How many of the next readings fail.
    pub(crate) unreadable: usize,
    /// The form that it keeps sets in.
    pub(crate) form: Option<fn(&SetKey, RecordSet) -> RecordSet>,
    /// How many changes each call had, refused ones too.
    pub(crate) calls: Vec<usize>,
    /// What it tells of who has changed something.
    pub(crate) tells: Tells,
    /// What is done while the next call is on its way.
    pub(crate) meanwhile: Option<Box<dyn FnOnce() + Send>>,
    /// About how many sets it was asked so.
    pub(crate) asked: Vec<usize>,
    /// What is on its way, and how many lists it takes to arrive.
    under_way: Option<(usize, Vec<SetChange>)>,
}

impl Fake {
    /// Holds a zone, and takes so many operations at once.
    pub(crate) fn holding(zone: Zone, operations_max: usize) -> Self {
        let state = State {
            zone,
            not_plain: Vec::new(),
            poison: BTreeSet::new(),
            denied: BTreeSet::new(),
            script: VecDeque::new(),
            unreadable: 0,
            form: None,
            calls: Vec::new(),
            tells: Tells::This(BTreeMap::new()),
            meanwhile: None,
            asked: Vec::new(),
            under_way: None,
        };
        Self { operations_max, manner: Manner::Primary, state: Arc::new(Mutex::new(state)) }
    }

    /// The same that tells otherwise what has changed.
    pub(crate) fn telling_as(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// What it holds and has seen.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked while it held this")
    }

    /// As a place of the configuration.
    pub(crate) fn place(&self) -> Place {
        Place {
            name: "main".parse().expect("a name"),
            holder: Arc::new(self.clone()),
            permit: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
            servers: Vec::new(),
            came: Came { unit: "calls", count: Arc::new(AtomicUsize::new(0)) },
        }
    }
}

impl State {
    fn write(&mut self, changes: &[SetChange]) {
        for change in changes {
            let mut change = change.clone();
            if let Some(form) = self.form {
                change.after = change.after.map(|set| form(&change.key, set));
            }
            change.apply_to(&mut self.zone).expect("a name of the zone");
        }
    }

    fn read(&mut self) -> Result<Listing, ProviderError> {
        if self.unreadable > 0 {
            self.unreadable -= 1;
            return Err(ProviderError::Transient { subject: "the fake".to_owned(), reason: "as scripted".to_owned() });
        }
        if let Some((lists, changes)) = self.under_way.take() {
            if lists == 1 {
                self.write(&changes);
            } else {
                self.under_way = Some((lists - 1, changes));
            }
        }
        Ok(Listing { zone: self.zone.clone(), not_plain: self.not_plain.clone(), serial_stays: None })
    }

    fn happen(&mut self, what: Happening, changes: &[SetChange]) -> Result<(), ProviderError> {
        let subject = "the fake".to_owned();
        let reason = "as scripted".to_owned();
        Err(match what {
            Happening::Taken | Happening::Swallowed => return Ok(()),
            Happening::TakenAndUnreadable => {
                self.unreadable = 1;
                return Ok(());
            }
            Happening::Throttled(retry_after) => ProviderError::Throttled { subject, reason, retry_after },
            Happening::Unreached => ProviderError::Transient { subject, reason },
            Happening::Silence => unreachable!("nothing comes of it"),
            Happening::Conflict => ProviderError::Conflict { zone: self.zone.apex().to_string(), reason },
            Happening::Unanswered { arrives_at_list } => {
                self.under_way = (arrives_at_list > 0).then_some((arrives_at_list, changes.to_vec()));
                ProviderError::OutcomeUnknown { subject, reason }
            }
            Happening::UnansweredAndUnreadable => {
                self.write(changes);
                self.unreadable = 1;
                ProviderError::OutcomeUnknown { subject, reason }
            }
        })
    }
}

#[async_trait]
impl ZoneTarget for Fake {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: "the fake".to_owned(),
            guard: GuardStrength::Atomic,
            holds: TargetTraits::default(),
            apex_ns: Writer::Client,
            soa: Writer::Client,
            batch_max: Weight { operations: self.operations_max as u64, ..Weight::UNBOUNDED },
        }
    }

    fn envelope(&self, _: &Owner) -> Weight {
        Weight::default()
    }

    fn weigh(&self, _: &Owner, step: &Step) -> Weight {
        Weight { operations: step.changes.len() as u64, ..Weight::default() }
    }

    async fn list(&self, _: &Owner) -> Result<Listing, ProviderError> {
        self.state().read()
    }

    async fn refresh(&self, known: &mut Listing) -> Result<Refreshed, ProviderError> {
        let now = self.state().read()?;
        match self.manner {
            Manner::Primary => {
                let changes = difference(&known.zone, &now.zone);
                *known = now;
                Ok(Refreshed { extent: Extent::All, changes })
            }
            Manner::Api => Ok(Refreshed { extent: Extent::Guards, changes: Vec::new() }),
        }
    }

    async fn apply(&self, _: &Owner, steps: &[&Step], _: &Permit) -> Result<Receipt, ProviderError> {
        let changes: Vec<SetChange> = steps.iter().flat_map(|step| step.changes.clone()).collect();
        let (happening, meanwhile) = {
            let mut state = self.state();
            state.calls.push(changes.len());
            (state.script.pop_front(), state.meanwhile.take())
        };
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        match happening {
            Some(Happening::Silence) => std::future::pending().await,
            Some(Happening::Swallowed) => return Ok(Receipt::Complete),
            Some(what) => self.state().happen(what, &changes)?,
            None => {}
        }
        let mut state = self.state();
        if changes.iter().any(|change| state.denied.contains(&change.key)) {
            let (subject, reason) = ("the fake".to_owned(), "frozen".to_owned());
            return Err(ProviderError::Denied { subject, reason });
        }
        if let Some(poison) = changes.iter().find(|change| state.poison.contains(&change.key)) {
            let (subject, reason) = ("the fake".to_owned(), "not here".to_owned());
            return Err(ProviderError::Invalid { subject, record: poison.key.to_string(), reason });
        }
        let is_other = |change: &&SetChange| state.zone.get(&change.key) != change.before.as_ref();
        if let Some(other) = changes.iter().find(is_other) {
            return Err(ProviderError::Conflict { zone: "example.test.".to_owned(), reason: other.key.to_string() });
        }
        state.write(&changes);
        Ok(Receipt::Complete)
    }

    fn trail(&self) -> &'static str {
        "its log"
    }

    async fn attribution(
        &self,
        _: &Owner,
        keys: &BTreeSet<SetKey>,
    ) -> Result<BTreeMap<SetKey, Attribution>, ProviderError> {
        let tells = {
            let mut state = self.state();
            state.asked.push(keys.len());
            state.tells.clone()
        };
        match tells {
            Tells::This(told) => Ok(told),
            Tells::Error => {
                Err(ProviderError::Transient { subject: "the fake".to_owned(), reason: "as scripted".to_owned() })
            }
            Tells::Never => std::future::pending().await,
        }
    }
}

/// How plans for it are made.
pub(crate) fn settings() -> Settings {
    Settings {
        target: "main".parse().expect("a name"),
        traits: TargetTraits::default(),
        ttl_policy: TtlPolicy::Adjust,
        limits: Limits::default(),
        protected: Protected::default(),
        install: "acme".parse().expect("a name"),
        markers: MarkerForms::default(),
        not_plain: BTreeMap::new(),
        serial_stays: None,
        source_sets_known: None,
        made: Clock::start().wall(),
        valid_for: Duration::from_hours(1),
    }
}

/// The zone of the tests.
pub(crate) fn apex() -> Owner {
    "example.test.".parse().expect("a name")
}

/// A set of the zone.
pub(crate) fn key(name: &str, rtype: Rtype) -> SetKey {
    let owner = if name == "@" { apex() } else { format!("{name}.example.test.").parse().expect("a name") };
    SetKey::new(owner, rtype)
}

/// A zone of lines such as `www A 192.0.2.1`, all with one TTL.
pub(crate) fn zone(lines: &[&str]) -> Zone {
    let mut zone = Zone::new(apex());
    for line in lines {
        let [name, rtype, data] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("`{line}` lacks words") };
        let rtype: Rtype = rtype.parse().expect("a type");
        let value = Rdata::parse(rtype, data, &apex()).expect("record data");
        let ttl = Ttl::from_secs(300).expect("a TTL");
        match zone.get(&key(name, rtype)).cloned() {
            Some(mut set) => {
                set.insert(value);
                zone.put(key(name, rtype), set).expect("in the zone");
            }
            None => {
                zone.put(key(name, rtype), RecordSet::of_one(ttl, value)).expect("in the zone");
            }
        }
    }
    zone
}
