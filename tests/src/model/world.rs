//! The state that is explored: zones, controllers and messages, small enough to be compared and hashed.
//!
//! Ids are numbered anew after every step by where they first appear, so that two histories that differ in nothing else
//! lead to one state. That is exact: ids are only ever compared for equality.

use dns_core::fence::{Epoch, Rev};

use super::guard::{Guard, Guards};
use super::settings::{Opening, Settings};
use super::violation::{Broken, Violation};

/// How many places the service has: a zone at each of two providers.
pub const PLACES: usize = 2;

/// Names a write or a plan. Two are the same or they are not; nothing else is in it.
pub type Id = u8;

/// A region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// The preferred one.
    Prod,
    /// The other one.
    Dr,
}

impl Region {
    /// The region that is not this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Prod => Self::Dr,
            Self::Dr => Self::Prod,
        }
    }
}

/// What a controller makes of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judged {
    /// Both regions are proven.
    Well,
    /// A quorum sees this one failing, the other is proven.
    Fails(Region),
    /// Nobody knows.
    Dark,
}

impl Judged {
    /// Whether a quorum sees a region failing.
    pub fn fails(self, region: Region) -> bool {
        self == Self::Fails(region)
    }

    /// Whether records may move to a region.
    pub fn proves(self, region: Region) -> bool {
        match self {
            Self::Well => true,
            Self::Fails(failing) => failing != region,
            Self::Dark => false,
        }
    }
}

/// A fence, as far as anything is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// Counts moves.
    pub epoch: Epoch,
    /// Counts writes.
    pub rev: Rev,
    /// The move.
    pub plan: Id,
    /// The write.
    pub write: Id,
    /// Where the records are.
    pub active: Region,
}

impl Fence {
    /// What fences are ordered by.
    pub fn order(&self) -> (Epoch, Rev) {
        (self.epoch, self.rev)
    }

    /// What makes fences of several places those of one decision.
    pub fn identity(&self) -> (Epoch, Id) {
        (self.epoch, self.plan)
    }
}

/// What one look at a zone shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Content {
    /// The fence.
    pub fence: Option<Fence>,
    /// The region whose records are served.
    pub records: Region,
}

/// A zone at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone {
    /// What it holds.
    pub content: Content,
    /// Whether its provider can be reached.
    pub reachable: bool,
    /// Whether somebody deleted its fence or restored it from a backup.
    pub touched: bool,
}

/// The kinds of write that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A failover.
    Move,
    /// Only the fence says more.
    Annotate,
    /// A fence that was lost, or two decisions of one epoch, are put right.
    Repair,
    /// The fence is written anew so that a lost message can no longer match.
    Burn,
}

/// A write as it was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// What it is.
    pub kind: Kind,
    /// Whether it follows another place's decision.
    pub aligns: bool,
    /// What the zone must hold for it to happen.
    pub requires: Content,
    /// The region that the service leaves, or is in.
    pub from: Region,
    /// The fence that it leaves; its region is where the records are then.
    pub fence: Fence,
    /// What must not be true of it, as an onlooker sees it who knows all.
    pub faulty: Option<Violation>,
}

/// How far an open write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waits for its permit.
    Pending,
    /// Has its permit, in the process's memory; the permit may have run out.
    InHand {
        /// Whether it has.
        late: bool,
    },
    /// Was sent.
    Waiting,
    /// The provider has answered; the zone is read back.
    Answered,
    /// The answer was lost, or the process died: the zone is read, and the write burned.
    Uncertain,
}

/// A write that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// It.
    pub write: Write,
    /// How far it is.
    pub stage: Stage,
    /// Whether it was sent before, as an onlooker knows.
    pub sent: bool,
}

/// What one controller knows of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stand {
    /// The newest fence written or followed; stored.
    pub held: Option<Fence>,
    /// The write that is not settled; stored.
    pub open: Option<Open>,
    /// The last look; forgotten with the process.
    pub view: Option<Content>,
    /// A loss that one look saw and the next has to confirm; forgotten with the process.
    pub doubt: Option<Content>,
    /// Whether the last read or write did not get through; stored.
    pub unreachable: bool,
}

/// A controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    /// Its judgement; forgotten with the process.
    pub judged: Judged,
    /// Whether it waits for a person after its store was empty.
    pub paused: bool,
    /// How many moves its evidence may still lead to: two controllers that judge differently for ever would move a
    /// service to and fro for ever.
    pub moves_left: u8,
    /// Its places, the first one first.
    pub stands: [Stand; PLACES],
}

/// A message on its way to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// To which.
    pub zone: usize,
    /// From which controller.
    pub by: usize,
    /// What it asks for.
    pub write: Write,
    /// Whether its signature is too old for the provider to take.
    pub late: bool,
    /// Whether its permit has run out, as an onlooker knows.
    pub outlived: bool,
    /// Whether its controller counts on it never to arrive, as an onlooker knows.
    pub abandoned: bool,
}

/// How much may still go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Judgements that turn bad.
    pub turns: u8,
    /// Processes that die.
    pub crashes: u8,
    /// Messages or answers that are lost, and answers that come too late.
    pub losses: u8,
    /// Providers that go down.
    pub outages: u8,
    /// Fences deleted by somebody.
    pub deletions: u8,
    /// Zones restored from the backup of the beginning.
    pub restores: u8,
    /// Stores that are lost.
    pub empty_stores: u8,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The zones, in order of preference.
    pub zones: [Zone; PLACES],
    /// The controllers.
    pub controllers: Vec<Controller>,
    /// The messages on their way.
    pub flying: Vec<Message>,
    /// What may still go wrong.
    pub left: Budget,
    /// What has gone wrong that never may.
    pub broken: Broken,
    /// The first id that is free.
    ids: Id,
}

/// The zone as it was adopted: the backup that is restored.
pub const BEGINNING: Content = Content {
    fence: Some(Fence { epoch: Epoch::new(1), rev: Rev::new(1), plan: 0, write: 0, active: Region::Prod }),
    records: Region::Prod,
};

impl World {
    /// Where the story of these settings begins.
    pub fn beginning(settings: &Settings) -> Self {
        let mut world = Self::adopted(settings);
        match settings.opening {
            Opening::Adopted => {}
            Opening::Split => (0..PLACES).for_each(|rank| world.move_one_place(rank)),
        }
        world
    }

    /// A controller moves the place of its own number, and nobody else hears of it.
    fn move_one_place(&mut self, rank: usize) {
        let (id, active) = (self.fresh_id(), Region::Dr);
        let fence = Fence { epoch: Epoch::new(2), rev: Rev::new(2), plan: id, write: id, active };
        let content = Content { fence: Some(fence), records: active };
        self.zones[rank].content = content;
        let stand = &mut self.controllers[rank].stands[rank];
        (stand.held, stand.view) = (Some(fence), Some(content));
    }

    fn adopted(settings: &Settings) -> Self {
        let zone = Zone { content: BEGINNING, reachable: true, touched: false };
        let stand = Stand { held: BEGINNING.fence, open: None, view: Some(BEGINNING), doubt: None, unreachable: false };
        let controller =
            Controller { judged: Judged::Well, paused: false, moves_left: settings.moves, stands: [stand; PLACES] };
        Self {
            zones: [zone; PLACES],
            controllers: vec![controller; settings.controllers],
            flying: Vec::new(),
            left: settings.budget,
            broken: Broken::default(),
            ids: 1,
        }
    }

    /// An id that is used nowhere.
    pub fn fresh_id(&mut self) -> Id {
        let id = self.ids;
        self.ids += 1;
        id
    }

    /// Whether one decision stands everywhere, everybody knows it and nothing is under way that could change it.
    pub fn is_settled(&self) -> bool {
        let Some(first) = self.zones[0].content.fence else { return false };
        let agrees = |zone: &Zone| {
            let content = zone.content;
            let same = |fence: Fence| fence.identity() == first.identity() && fence.active == content.records;
            zone.reachable && content.fence.is_some_and(same) && content.records == first.active
        };
        let at_rest = |controller: &Controller| {
            !controller.paused
                && controller.stands.iter().zip(&self.zones).all(|(stand, zone)| {
                    stand.open.is_none()
                        && stand.doubt.is_none()
                        && !stand.unreachable
                        && stand.held == zone.content.fence
                        && stand.view == Some(zone.content)
                })
        };
        self.zones.iter().all(agrees)
            && self.controllers.iter().all(at_rest)
            && self.flying.iter().all(|message| message.late)
    }

    /// Brings the state to its one form: forgets what can have no effect any more, and numbers all ids anew, in the order
    /// in which they appear.
    ///
    /// A message that does not fit the zone never will again: what a zone holds has an id of its own, and whoever restores
    /// a zone takes longer than a signature lasts. Only if its sender still listens does it matter that it is refused.
    pub fn tidy(&mut self, guards: Guards) {
        let (zones, controllers) = (&self.zones, &self.controllers);
        self.flying.retain(|message| {
            let fits = zones[message.zone].content == message.write.requires || !guards.has(Guard::FenceCondition);
            let open = controllers[message.by].stands[message.zone].open;
            let listens = open.is_some_and(|open| open.stage == Stage::Waiting && open.write == message.write);
            fits || listens
        });
        self.flying.sort_by_key(|message| (message.zone, message.by, message.write.kind == Kind::Burn));
        self.renumber();
    }

    fn renumber(&mut self) {
        let mut names: Vec<Id> = Vec::with_capacity(usize::from(self.ids));
        let mut rename = |id: &mut Id| {
            let position = names.iter().position(|known| known == id).unwrap_or_else(|| {
                names.push(*id);
                names.len() - 1
            });
            *id = Id::try_from(position).expect("invariant: a state has far fewer than 256 ids");
        };
        let mut fence = |fence: &mut Fence| {
            rename(&mut fence.plan);
            rename(&mut fence.write);
        };
        // The backup keeps its names.
        fence(&mut BEGINNING.fence.expect("invariant: the beginning has a fence"));
        let write = |write: &mut Write, fence: &mut dyn FnMut(&mut Fence)| {
            write.requires.fence.as_mut().map(&mut *fence);
            fence(&mut write.fence);
        };
        for zone in &mut self.zones {
            zone.content.fence.as_mut().map(&mut fence);
        }
        for stand in self.controllers.iter_mut().flat_map(|controller| &mut controller.stands) {
            stand.held.as_mut().map(&mut fence);
            stand.view.as_mut().and_then(|view| view.fence.as_mut()).map(&mut fence);
            stand.doubt.as_mut().and_then(|doubt| doubt.fence.as_mut()).map(&mut fence);
            if let Some(open) = &mut stand.open {
                write(&mut open.write, &mut fence);
            }
        }
        for message in &mut self.flying {
            write(&mut message.write, &mut fence);
        }
        self.ids = Id::try_from(names.len()).expect("invariant: a state has far fewer than 256 ids");
    }
}
