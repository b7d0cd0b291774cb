//! What must hold in every history, checked after everything that could break it.

mod freedom;

use dns_core::fence::Fence;
use dns_core::kernel::Rule;
use dns_core::write::{Initiative, PlannedWrite, WriteKind};

use super::guard::Guard;
use super::setting::Setting;
use super::story::Violation;
use super::world::World;
use super::writing::PERMIT;
use super::zone::{Content, Message};

macro_rules! invariants {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $sentence:literal,)*) => {
        /// An invariant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant {
            $($(#[$doc])* $name,)*
        }

        impl Invariant {
            /// Every invariant.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What it says.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                }
            }
        }
    };
}

invariants! {
    /// Never an empty answer.
    NeverEmpty = "neverEmpty", "a guarded name always answers with something",
    /// Whole plans.
    WholePlans = "wholePlans", "a zone serves the whole plan of one region and one configuration, or what a hand has made",
    /// Order goes up.
    OrderGoesUp = "orderGoesUp", "applied (epoch, rev) only go up in a zone, unless somebody set it back",
    /// One plan an epoch.
    OnePlanPerEpoch = "onePlanPerEpoch", "in a zone an epoch is of one plan, unless somebody set it back",
    /// One region a plan.
    OneRegionPerPlan = "oneRegionPerPlan", "a plan goes to the same region in every zone",
    /// No wrong configuration.
    ConfigurationsInOrder = "configurationsInOrder", "a controller with an older configuration never writes over a newer one",
    /// Nothing late.
    WithinPermit = "withinPermit", "no write is applied after its permit and the bearable skew are over",
    /// Nothing abandoned arrives.
    NothingAbandonedArrives = "nothingAbandonedArrives", "no write is applied that its controller has given up",
    /// Moves on evidence.
    MovesOnEvidence = "movesOnEvidence", "an automatic move leaves only a region that a quorum is heard to see failing",
    /// No wrong move.
    NoWrongMove = "noWrongMove", "an automatic move leaves only a region that failed a quorum of vantage points in truth",
    /// Never while all fail.
    NeverWhileAllFail = "neverWhileAllFail", "nothing moves while every region is heard to fail, unless that is overridden",
    /// Targets are proven.
    TargetsProven = "targetsProven", "records go only to a region that is proven, unless that is overridden",
    /// Pauses hold.
    PausesHold = "pausesHold", "nothing automatic is written while paused, but the pause itself",
    /// Gates hold.
    GatesHold = "gatesHold", "records go only to a region whose gates said yes lately, unless that is overridden",
    /// Vetoes hold.
    VetoesHold = "vetoesHold", "no move is sent that a hook has said no to",
    /// Windows hold.
    WindowsHold = "windowsHold", "nothing that can wait is written while a window is open, unless that is overridden",
    /// Cooldowns hold.
    CooldownsHold = "cooldownsHold", "no failback is written before the cooldown after the last move, unless that is overridden",
    /// Soaks hold.
    SoaksHold = "soaksHold", "an automatic failback goes only to a region that was healthy for the soak without a break",
    /// Pins hold.
    PinsHold = "pinsHold", "no automatic failback is written over a pin",
    /// Standbys hold.
    StandbysHold = "standbysHold", "a service whose policy says so leaves its standby region by order only",
    /// Budgets hold.
    BudgetsHold = "budgetsHold", "a service leaves regions without an order only as often as its budget says, and waits in between",
    /// The blast radius holds.
    BlastRadiusHolds = "blastRadiusHolds", "while only a part of a region fails, only so many services leave it without an order",
    /// Waves hold.
    WavesHold = "wavesHold", "a lost region is left by one service first, and by each wave when the one before has settled",
    /// Outbox and memory agree.
    OutboxAgrees = "outboxAgrees", "the outbox holds exactly what the machines have open",
    /// Held goes up.
    HeldGoesUp = "heldGoesUp", "the fence that a controller holds only goes up while its store is kept",
    /// It settles.
    Settles = "settles", "once all faults are over the service settles in one decision, and leaves a region that is lost then",
}

impl World<'_> {
    pub(super) fn violate(&mut self, invariant: Invariant, what: String) {
        let at = self.now;
        self.tell(|| format!("VIOLATED {}: {what}", invariant.name()));
        match &mut self.violation {
            None => self.violation = Some(Violation { invariant, at, what, also: Vec::new() }),
            Some(first) => first.also.push(invariant),
        }
    }

    pub(super) fn require(&mut self, holds: bool, invariant: Invariant, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(invariant, what());
        }
    }

    /// After a provider has taken a write.
    pub(super) fn check_applied(&mut self, message: &Message, before: &Content) {
        let place = message.place;
        let zone = message.change.zone.clone();
        let Some(fence) = self.zones[place].fence(&zone) else {
            return self.violate(Invariant::WholePlans, "a write left no fence that can be read".to_owned());
        };
        self.tell(|| {
            let moment = if message.sender.burns { "burn" } else { "write" };
            let active = fence.active.as_ref().map_or("none", |active| active.as_str());
            format!(
                "zone {place}: {moment} of {} applied, epoch {}, rev {}, active in {active}",
                fence.by, fence.epoch, fence.rev
            )
        });
        let was = before.fence.as_ref().and_then(|text| Fence::parse(text, &zone).ok());
        if was.as_ref().is_some_and(|was| was.active.is_some() && fence.active.is_some() && was.active != fence.active)
        {
            self.tally.flips += 1;
        }
        self.check_order(place, &fence);
        self.check_plan(place, &fence);
        self.check_sender(message, was.as_ref());
        self.check_return(message, was.as_ref());
        self.note_move(message, was.as_ref(), &fence);
        self.check_records(place);
    }

    fn check_order(&mut self, place: usize, fence: &Fence) {
        let highest = self.ledger.applied[place];
        self.require(fence.order() > highest, Invariant::OrderGoesUp, || {
            format!(
                "zone {place} had epoch {}, rev {}, and got epoch {}, rev {}",
                highest.0, highest.1, fence.epoch, fence.rev
            )
        });
        self.ledger.applied[place] = fence.order();
    }

    fn check_plan(&mut self, place: usize, fence: &Fence) {
        let known = self.ledger.plans[place].entry(fence.epoch).or_insert_with(|| fence.plan.clone()).clone();
        self.require(known == fence.plan, Invariant::OnePlanPerEpoch, || {
            format!("zone {place}: epoch {} was of plan {known} and is of {}", fence.epoch, fence.plan)
        });
        let Some(active) = &fence.active else { return };
        let known = self.ledger.regions.entry(fence.plan.clone()).or_insert_with(|| active.clone()).clone();
        self.require(known == *active, Invariant::OneRegionPerPlan, || {
            format!("plan {} goes to {known} and to {active}", fence.plan)
        });
    }

    fn check_sender(&mut self, message: &Message, was: Option<&Fence>) {
        let Message { place, granted, sender, .. } = message;
        let waited = self.now - granted;
        self.require(waited <= 2 * PERMIT, Invariant::WithinPermit, || format!("applied {waited} ms after its permit"));
        let known = &self.controllers[sender.controller];
        let given_up = known.row(*place, sender.serial).is_none();
        let tampered = self.ledger.tampered_at[*place].is_some_and(|at| at >= *granted);
        let excused = sender.burns || tampered || known.store_epoch != sender.store_epoch;
        self.require(!given_up || excused, Invariant::NothingAbandonedArrives, || {
            format!("a write of controller-{} was applied that it had given up", sender.controller + 1)
        });
        let revision = self.configurations[sender.configuration].service.lead().revision;
        let older = !sender.burns && was.is_some_and(|was| was.cfg > revision);
        self.require(!older, Invariant::ConfigurationsInOrder, || {
            format!("controller-{} with revision {revision} wrote over a newer one", sender.controller + 1)
        });
    }

    /// After anything has changed a zone.
    pub(super) fn check_records(&mut self, place: usize) {
        let served = &self.zones[place].content.rrsets;
        let names = self.configurations[0].plans[place][0].keys();
        let empty = names
            .map(dns_core::rrset::RrsetKey::name)
            .find(|name| !served.keys().any(|key| key.name() == *name))
            .cloned();
        let known = self.configurations.iter().flat_map(|one| &one.plans[place]).any(|plan| plan == served);
        let whole = known || self.ledger.by_hand[place].contains(served);
        self.require(empty.is_none(), Invariant::NeverEmpty, || format!("zone {place} answers nothing for {empty:?}"));
        self.require(whole, Invariant::WholePlans, || format!("zone {place} serves a mixture"));
    }

    /// After a controller was given leave to send a write.
    pub(super) fn check_permitted(&mut self, controller: usize, place: usize, write: &PlannedWrite) {
        let lasts = self.is_overriding(controller, write);
        let overrides = |rule| lasts && write.overrides.contains(&rule);
        let automatic = write.initiative == Initiative::Automatic;
        let heard = self.heard(controller);
        if write.kind.moves() && !overrides(Rule::AllRegionsFailing) {
            let all_fail = heard.iter().all(|region| region.failing);
            self.require(!all_fail, Invariant::NeverWhileAllFail, || format!("{} was let go", write.kind.as_str()));
        }
        if (write.kind.moves() || write.kind == WriteKind::Rerender) && !overrides(Rule::TargetProven) {
            let to = self.rank_of(write.to.as_ref());
            let proven = to.is_some_and(|to| heard[to].proven);
            self.require(proven, Invariant::TargetsProven, || format!("{} to {to:?} was let go", write.kind.as_str()));
        }
        if automatic && write.kind != WriteKind::Annotate {
            self.check_pause(controller, write);
        }
        if automatic && write.kind == WriteKind::Failover && !write.aligns() {
            self.check_evidence(controller, write, &heard);
        }
        self.check_freedom(controller, place, write, &heard);
    }

    /// Whether what an order overrides counts still.
    fn is_overriding(&self, controller: usize, write: &PlannedWrite) -> bool {
        let clock = self.controllers[controller].clock(self.now);
        write.overrides_expire.is_none_or(|end| clock < end)
    }

    fn check_pause(&mut self, controller: usize, write: &PlannedWrite) {
        let known = &self.controllers[controller];
        let clock = known.clock(self.now);
        let binds = |pause: &dns_core::fence::Pause| pause.until.is_none_or(|until| until > clock);
        let paused = known.saga.machines().any(|(_, machine)| machine.memory().pause().is_some_and(binds));
        let ordered = self.ledger.paused;
        self.require(!paused && !ordered, Invariant::PausesHold, || {
            format!("{} of controller-{} was let go", write.kind.as_str(), controller + 1)
        });
    }

    fn check_evidence(&mut self, controller: usize, write: &PlannedWrite, heard: &[super::oracle::Heard]) {
        self.tally.automatic_moves += 1;
        if self.fleets.is_some() {
            self.departing.extend(self.rank_of(write.from.as_ref()).map(|from| (controller, from)));
        }
        let Some(from) = self.rank_of(write.from.as_ref()) else {
            return self.violate(Invariant::MovesOnEvidence, "a failover from nowhere".to_owned());
        };
        self.require(heard[from].failing, Invariant::MovesOnEvidence, || {
            format!("controller-{} leaves {} and hears {:?}", controller + 1, Setting::region(from), heard[from])
        });
        let failed = self.failed_in_truth(from);
        self.require(failed, Invariant::NoWrongMove, || {
            format!("controller-{} leaves {}, which a quorum could reach", controller + 1, Setting::region(from))
        });
        if self.serves_in_truth(from) {
            self.tally.moves_on_false_views += 1;
        }
    }

    /// After each step of a controller.
    pub(super) fn check_controller(&mut self, controller: usize) {
        for place in 0..self.setting.places {
            let known = &self.controllers[controller];
            let Some((_, machine)) = known.saga.machines().nth(place) else { continue };
            let order = machine.memory().held().map(Fence::order).unwrap_or_default();
            let open = machine.memory().open().map(|open| (&open.write.id, open.stage));
            let listed = known.outbox[place].as_ref().map(|row| (&row.write.id, row.stage));
            let agrees = open == listed || self.without == Some(Guard::PermitAsked);
            let before = self.ledger.held[controller][place];
            self.require(agrees, Invariant::OutboxAgrees, || format!("controller-{}, zone {place}", controller + 1));
            self.require(order >= before, Invariant::HeldGoesUp, || {
                format!("controller-{} held {before:?} of zone {place} and holds {order:?}", controller + 1)
            });
            self.ledger.held[controller][place] = order;
        }
    }

    pub(super) fn rank_of(&self, region: Option<&dns_core::identifier::RegionName>) -> Option<usize> {
        (0..self.setting.regions).find(|rank| region == Some(Setting::region(*rank)))
    }
}
