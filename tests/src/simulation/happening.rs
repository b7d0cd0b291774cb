//! What can happen to a world from outside: faults, recoveries, orders. Each is complete in itself, so that any of them can be
//! left out of a history.

use std::fmt;

use super::Ms;

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A region stops serving.
    RegionFails { region: usize, lasts: Ms },
    /// One endpoint of a region stops serving.
    EndpointFails { region: usize, endpoint: usize, lasts: Ms },
    /// Vantage points lose their way to a region that serves.
    PathsCut { vantages: Vec<usize>, region: usize, lasts: Ms },
    /// Some runs of one vantage point are lost.
    Lossy { vantage: usize, region: usize, permille: u64, lasts: Ms },
    /// A row of losses by chance.
    LossRow { vantage: usize, region: usize, endpoint: usize, lasts: Ms },
    /// A vantage point doubts itself.
    Blind { vantage: usize, lasts: Ms },
    /// A vantage point is down.
    Silent { vantage: usize, lasts: Ms },
    /// A controller does not hear some vantage points.
    Partition { controller: usize, vantages: Vec<usize>, lasts: Ms },
    /// A controller is stopped as by SIGSTOP, at a step of its next write or at once.
    Stopped { controller: usize, at: Option<Step>, lasts: Ms },
    /// A controller dies, at a step of its next write or at once, and begins again later.
    Crashed { controller: usize, at: Option<Step>, lasts: Ms, store: Store },
    /// A controller's clock is set.
    ClockSet { controller: usize, skew: i64, lasts: Ms },
    /// A controller's store takes nothing.
    StoreRefuses { controller: usize, lasts: Ms },
    /// A backup of a controller's store is made.
    StoreSaved { controller: usize },
    /// A new configuration is rolled out.
    Reconfigured,
    /// Nothing gets through to a provider.
    ProviderDown { place: usize, lasts: Ms },
    /// A provider refuses every write.
    ProviderDenies { place: usize, lasts: Ms },
    /// A provider throttles most writes.
    ProviderThrottles { place: usize, lasts: Ms },
    /// A provider cannot be read.
    ProviderUnreadable { place: usize, lasts: Ms },
    /// A provider shows what was, `by` ago.
    ReadsLag { place: usize, by: Ms, lasts: Ms },
    /// A controller is cut off from a provider.
    CutOff { controller: usize, place: usize, lasts: Ms },
    /// What becomes of the next write that is sent to a place.
    NextWrite { place: usize, fate: Fate },
    /// A region's gate says something else than yes.
    GateSays { region: usize, word: Word, lasts: Ms },
    /// The hook says something else than yes.
    HookSays { word: Word, lasts: Ms },
    /// A backup of a zone is made.
    ZoneSaved { place: usize },
    /// A zone is restored from its backup.
    ZoneRestored { place: usize },
    /// Somebody deletes the fence.
    FenceDeleted { place: usize },
    /// Somebody changes a record.
    HandEdited { place: usize, variant: u8 },
    /// An operator gives an order, perhaps twice, perhaps to two controllers.
    Ordered { controller: usize, verb: Verb, overriding: bool, again: Again },
    /// Operators put things right: restore records, adopt, resume, fail back.
    TidiedUp,
}

/// A step of a write, just before which a process can be stopped or die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Permit,
    Send,
    Answer,
    ReadBack,
    Resolve,
}

impl Step {
    pub(super) const ALL: [Self; 5] = [Self::Permit, Self::Send, Self::Answer, Self::ReadBack, Self::Resolve];
}

/// What a controller finds in its store when it begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Kept,
    Older,
    Empty,
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Refused before anything was sent.
    Refused,
    /// It arrives; its answer does not.
    AnswerLost,
    /// It never arrives.
    Lost,
    /// It arrives much later.
    Delayed(Ms),
    /// Throttled, although it may have been carried out.
    Throttled { applied: bool },
    /// Refused for a reason that only a person can change.
    Denied,
}

/// What a gate or a hook says when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Yes,
    No,
    Silence,
}

/// What an operator orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Failover(usize),
    Failback,
    Pause(Option<Ms>),
    Resume,
    Adopt,
    Release,
}

/// Whether an order is given a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Once,
    Twice,
    /// To another controller at the same time, and if it is a failover to another region.
    Elsewhere,
}

/// A happening with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Injection {
    pub(super) at: Ms,
    pub(super) what: Happening,
}

impl Happening {
    /// The kind, for the table. `None` for what is no event by itself.
    pub(super) fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::RegionFails { .. } => "region fails",
            Self::EndpointFails { .. } => "endpoint fails",
            Self::PathsCut { vantages, .. } if vantages.len() == 1 => "path of one vantage point cut",
            Self::PathsCut { .. } => "paths of several vantage points cut",
            Self::Lossy { .. } => "lossy path",
            Self::LossRow { .. } => "row of losses by chance",
            Self::Blind { .. } => "vantage point blind",
            Self::Silent { .. } => "vantage point silent",
            Self::Partition { vantages, .. } if vantages.len() == 1 => "vantage point and controller partitioned",
            Self::Partition { .. } => "several vantage points and controller partitioned",
            Self::Stopped { at: None, .. } => "controller stopped",
            Self::Stopped { at: Some(_), .. } => "controller stopped at a step of a write",
            Self::Crashed { store: Store::Older, .. } => "crash, older store restored",
            Self::Crashed { store: Store::Empty, .. } => "crash, store lost",
            Self::Crashed { at: None, store: Store::Kept, .. } => "crash",
            Self::Crashed { at: Some(_), store: Store::Kept, .. } => "crash at a step of a write",
            Self::ClockSet { .. } => "clock set",
            Self::StoreRefuses { .. } => "store refuses commits",
            Self::Reconfigured => "configuration rolled out",
            Self::ProviderDown { .. } => "provider down",
            Self::ProviderDenies { .. } => "provider denies writes",
            Self::ProviderThrottles { .. } => "provider throttles",
            Self::ProviderUnreadable { .. } => "provider unreadable",
            Self::ReadsLag { .. } => "reads lag",
            Self::CutOff { .. } => "controller and provider partitioned",
            Self::NextWrite { fate: Fate::Refused, .. } => "write refused before it was sent",
            Self::NextWrite { fate: Fate::AnswerLost, .. } => "write's answer lost",
            Self::NextWrite { fate: Fate::Lost, .. } => "write lost",
            Self::NextWrite { fate: Fate::Delayed(_), .. } => "write delayed in flight",
            Self::NextWrite { fate: Fate::Throttled { .. }, .. } => "write throttled",
            Self::NextWrite { fate: Fate::Denied, .. } => "write denied",
            Self::GateSays { word: Word::Silence, .. } => "gate silent",
            Self::GateSays { .. } => "gate says no",
            Self::HookSays { word: Word::Silence, .. } => "hook silent",
            Self::HookSays { .. } => "hook says no",
            Self::ZoneRestored { .. } => "zone restored from an older copy",
            Self::FenceDeleted { .. } => "fence deleted",
            Self::HandEdited { .. } => "record changed by hand",
            Self::Ordered { verb, again, .. } => verb.kind(*again),
            Self::StoreSaved { .. } | Self::ZoneSaved { .. } | Self::TidiedUp => return None,
        })
    }

    /// Whether it strikes at once; the others wait for the next write.
    pub(super) fn strikes_at_once(&self) -> bool {
        !matches!(self, Self::Stopped { at: Some(_), .. } | Self::Crashed { at: Some(_), .. } | Self::NextWrite { .. })
    }
}

impl Verb {
    fn kind(self, again: Again) -> &'static str {
        match (again, self) {
            (Again::Twice, _) => "the same order twice",
            (Again::Elsewhere, _) => "orders to two controllers at once",
            (Again::Once, Self::Failover(_)) => "order: failover",
            (Again::Once, Self::Failback) => "order: failback",
            (Again::Once, Self::Pause(_)) => "order: pause",
            (Again::Once, Self::Resume) => "order: resume",
            (Again::Once, Self::Adopt) => "order: adopt",
            (Again::Once, Self::Release) => "order: release",
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self:?}", self.kind().unwrap_or("bookkeeping:"))
    }
}
