//! Orders about evacuations: begin, stop, go on, end, return.

use dns_core::evacuation::rounds::Rounds;
use dns_core::evacuation::{Evacuation, Stage};
use dns_core::fence::EvacuationId;
use dns_core::history::HistoryKind;
use dns_core::identifier::{Actor, RegionName, ServiceName};
use dns_core::kernel::Rule;
use dns_store::port::Generation;

use super::{Change, Changed, EvacuationView, Kept};
use crate::engine::Owner;

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Call {
    /// Leave a region.
    Begin(Begin),
    /// Nothing more moves.
    Stop(Subject),
    /// Go on.
    Resume(Subject),
    /// Leave it as it is: nothing more moves, and automation may use the region again.
    Close(Subject),
    /// Bring back what one has moved.
    Return(Subject, Begin),
}

/// What is to be begun.
#[derive(Debug)]
pub(crate) struct Begin {
    /// The region that is left, or returned to.
    pub(crate) region: RegionName,
    /// Where everything goes.
    pub(crate) to: Option<RegionName>,
    /// Who orders it.
    pub(crate) by: Actor,
    /// Why.
    pub(crate) reason: String,
    /// Rules to override.
    pub(crate) overrides: Vec<Rule>,
    /// The largest wave.
    pub(crate) wave_max: Option<usize>,
}

/// Which evacuation, and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// Its id, or its region: then the open one of it, or the newest.
    pub(crate) which: String,
    /// Who.
    pub(crate) by: Actor,
    /// Why.
    pub(crate) reason: String,
}

/// What becomes of it.
pub(crate) type Answer = Result<EvacuationView, Refused>;

/// Why nothing becomes of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// There is no such region or evacuation: look for the name.
    #[error("{0}")]
    NotFound(String),
    /// It is not possible now: see why, and what would help.
    #[error("{what}")]
    Impossible {
        /// Why.
        what: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The store did not take it: try again.
    #[error("nothing was done: {0}")]
    Store(String),
}

fn impossible(what: String, hint: &'static str) -> Refused {
    Refused::Impossible { what, hint }
}

impl EvacuationView {
    /// Whether it is meant by its id or its region.
    pub(crate) fn is(&self, which: &str) -> bool {
        self.evacuation.id.as_str() == which || self.evacuation.region.as_str() == which
    }

    /// The one that is meant: of a region the open one, or else the newest.
    pub(crate) fn find<'a>(all: &'a [Self], which: &str) -> Option<&'a Self> {
        let meant = || all.iter().rev().filter(|view| view.is(which));
        meant().find(|view| view.evacuation.is_open()).or_else(|| meant().next())
    }
}

impl Owner {
    /// Obeys, or says why not.
    pub(in crate::engine) async fn call(&mut self, call: Call) -> Answer {
        if self.evacuations.kept.is_none() || !self.is_loaded() {
            return Err(Refused::Store("services and evacuations are being loaded from the store".to_owned()));
        }
        let id = match call {
            Call::Begin(begin) => self.begin_evacuation(begin).await?,
            Call::Stop(subject) => self.stop_evacuation(&subject).await?,
            Call::Resume(subject) => self.resume_evacuation(&subject).await?,
            Call::Close(subject) => self.close_evacuation(&subject).await?,
            Call::Return(subject, begin) => self.return_from(&subject, begin).await?,
        };
        self.evacuate().await;
        let view = self.evacuations.shown.iter().find(|view| view.evacuation.id == id).cloned();
        view.ok_or_else(|| Refused::Store("the store has changed meanwhile; look again".to_owned()))
    }

    async fn begin_evacuation(&mut self, begin: Begin) -> Result<EvacuationId, Refused> {
        let (id, change) = self.prepare(begin, None)?;
        self.keep_all(vec![change]).await?;
        Ok(id)
    }

    /// An evacuation, or a return, that is not begun yet: everything that speaks against it is asked first.
    fn prepare(&self, begin: Begin, undoes: Option<EvacuationId>) -> Result<(EvacuationId, Change), Refused> {
        self.check_regions(&begin, undoes.as_ref())?;
        let Begin { region, to, by, reason, overrides, wave_max } = begin;
        let now = self.parts.clock.now();
        let mut evacuation = Evacuation {
            id: EvacuationId::at(now, fastrand::u128(..)),
            herald: self.herald().expect("invariant: a region was found, so there is a service"),
            region,
            to,
            undoes,
            by,
            reason,
            overrides,
            wave_max,
            started: now,
            services: 0,
            run: 1,
            stage: Stage::Running { since: now },
            outcome: None,
        };
        let muster = self.muster(&evacuation, now);
        let first = muster.first().cloned().ok_or_else(|| nobody(&evacuation, muster.left_unread()))?;
        (evacuation.herald, evacuation.services) = (first, muster.tally().all());
        let id = evacuation.id.clone();
        let what = format!("begun by `{}`, {} services: {}", evacuation.by, evacuation.services, evacuation.reason);
        let (rounds, tally) = (Rounds::begin(now), muster.tally());
        let changed = Changed { evacuation, generation: Generation::default(), rounds, tally, unreadable: None };
        let row = self.row(Some(&changed), HistoryKind::EvacuationStarted, &what, false);
        Ok((id, (changed, row)))
    }

    /// Before anything is known of it: any service will do.
    pub(super) fn herald(&self) -> Option<ServiceName> {
        self.services().map(|service| &service.lead().name).min().cloned()
    }

    /// A return ends what it undoes.
    fn check_regions(&self, begin: &Begin, undoes: Option<&EvacuationId>) -> Result<(), Refused> {
        let Begin { region, to, .. } = begin;
        for name in [Some(region), to.as_ref()].into_iter().flatten() {
            if !self.services().any(|service| service.lead().region(name).is_some()) {
                return Err(Refused::NotFound(format!("no service has a region `{name}`")));
            }
        }
        if to.as_ref() == Some(region) {
            return Err(impossible(format!("`{region}` cannot be left for itself"), "name another region with --to"));
        }
        let stays = |one: &&Evacuation| one.is_open() && undoes != Some(&one.id);
        let open = || self.evacuations.all().map(|kept| &kept.evacuation).filter(stays);
        if let Some(one) = open().find(|one| one.region == *region) {
            let what = format!("`{region}` has one that is {} ({})", one.stage.as_str(), one.id);
            return Err(impossible(what, "see it with `dns-admin region show`; resume it, or end it with `close`"));
        }
        if let Some(one) = open().find(|one| to.as_ref() == Some(&one.region)) {
            return Err(impossible(format!("`{}` is being evacuated itself ({})", one.region, one.id), "go elsewhere"));
        }
        match open().find(|one| one.to.as_ref() == Some(region)) {
            None => Ok(()),
            Some(one) => {
                let what = format!("services are being moved into `{region}` out of `{}` ({})", one.region, one.id);
                Err(impossible(what, "stop and close that one first"))
            }
        }
    }

    fn kept(&self, subject: &Subject) -> Result<&Kept, Refused> {
        let which = &subject.which;
        let found = EvacuationView::find(&self.evacuations.shown, which);
        let found = found.and_then(|view| self.evacuations.get(&view.evacuation.id));
        found.ok_or_else(|| Refused::NotFound(format!("there is no evacuation `{which}`, and none of such a region")))
    }

    async fn stop_evacuation(&mut self, subject: &Subject) -> Result<EvacuationId, Refused> {
        let evacuation = &self.kept(subject)?.evacuation;
        if !evacuation.is_running() {
            let what = format!("it is {} already", evacuation.stage.as_str());
            return Err(impossible(what, "see it with `dns-admin region show`"));
        }
        let (id, now) = (evacuation.id.clone(), self.parts.clock.now());
        let Subject { by, reason, .. } = subject;
        let changed = self.changed(&id, |one| one.stop(Some(by.clone()), reason.clone(), now));
        let what = format!("stopped by `{by}`: {reason}");
        let row = self.row(changed.as_ref(), HistoryKind::EvacuationStopped, &what, false);
        self.keep(changed, row).await?;
        Ok(id)
    }

    async fn resume_evacuation(&mut self, subject: &Subject) -> Result<EvacuationId, Refused> {
        let Kept { evacuation, unreadable, .. } = self.kept(subject)?;
        if unreadable.is_some() {
            let what = format!("what was ordered with {} cannot be read", evacuation.id);
            return Err(impossible(what, "end it with `dns-admin region close`, and begin another one"));
        }
        if !matches!(evacuation.stage, Stage::Stopped { .. }) {
            let what = format!("it is {}, not stopped", evacuation.stage.as_str());
            return Err(impossible(what, "an evacuation that has ended is begun anew"));
        }
        let (id, now) = (evacuation.id.clone(), self.parts.clock.now());
        let mut changed = self.changed(&id, |one| one.resume(now));
        if let Some(changed) = &mut changed {
            changed.rounds = Rounds::begin(now);
        }
        let what = format!("resumed by `{}`: {}", subject.by, subject.reason);
        let row = self.row(changed.as_ref(), HistoryKind::EvacuationResumed, &what, false);
        self.keep(changed, row).await?;
        Ok(id)
    }

    async fn close_evacuation(&mut self, subject: &Subject) -> Result<EvacuationId, Refused> {
        let evacuation = &self.kept(subject)?.evacuation;
        if !evacuation.is_open() {
            return Err(impossible("it has ended already".to_owned(), "see it with `dns-admin region show`"));
        }
        let id = evacuation.id.clone();
        self.keep_all(self.closed(&id, subject).into_iter().collect()).await?;
        Ok(id)
    }

    /// One that is ended as it is.
    fn closed(&self, id: &EvacuationId, Subject { by, reason, .. }: &Subject) -> Option<Change> {
        let now = self.parts.clock.now();
        let changed = self.changed(id, |one| one.end(Some(by.clone()), now))?;
        let what = format!("ended as it is by `{by}`: {reason}");
        let row = self.row(Some(&changed), HistoryKind::EvacuationEnded, &what, false);
        Some((changed, row))
    }

    /// What is undone must not go on, and nothing bars the region any more. It ends in the transaction in which the return
    /// begins: one that is refused, or that the store does not take, leaves it and its bar as they were.
    async fn return_from(&mut self, subject: &Subject, begin: Begin) -> Result<EvacuationId, Refused> {
        let evacuation = &self.kept(subject)?.evacuation;
        let (undone, region) = (evacuation.id.clone(), evacuation.region.clone());
        if evacuation.is_return() {
            return Err(impossible(format!("{undone} is a return itself"), "evacuate the region again instead"));
        }
        if evacuation.is_running() {
            return Err(impossible(format!("{undone} is running"), "stop it first with `dns-admin region stop`"));
        }
        let ends = if evacuation.is_open() { self.closed(&undone, subject) } else { None };
        let (id, begins) = self.prepare(Begin { region, ..begin }, Some(undone))?;
        self.keep_all(ends.into_iter().chain([begins]).collect()).await?;
        Ok(id)
    }
}

fn nobody(evacuation: &Evacuation, unread: Option<String>) -> Refused {
    let region = &evacuation.region;
    let what = if evacuation.is_return() {
        format!("it has moved no service that is not in `{region}` again")
    } else {
        format!("no service that this controller moves is in `{region}`")
    };
    let unread = unread.map(|why| format!("; {why}")).unwrap_or_default();
    impossible(format!("{what}{unread}"), "`dns-admin region list` shows where services are")
}
