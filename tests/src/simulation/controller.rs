//! One controller: its saga, its store, its outbox, what it hears, and its moods.

use std::collections::VecDeque;

use dns_core::evidence::EvidenceBook;
use dns_core::fence::DecisionId;
use dns_core::gate::GateBook;
use dns_core::identifier::Actor;
use dns_core::judgement::Judgement;
use dns_core::saga::Saga;
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use dns_core::write::{PlannedWrite, WriteStage};

use super::Ms;
use super::consenting::Heeded;
use super::happening::{Happening, Step};

/// When histories begin, by a clock that is right.
pub(super) const START: Timestamp = Timestamp::from_secs(1_795_246_200);

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Runs,
    /// As by SIGSTOP: nothing of it moves.
    Stopped {
        since: Ms,
        until: Ms,
    },
    Dead {
        until: Ms,
    },
}

/// A service whose region fails and that may not move yet.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) since: Ms,
    pub(super) judgement: Judgement,
}

/// A write in the outbox with how far its task is.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) write: PlannedWrite,
    pub(super) stage: WriteStage,
    pub(super) serial: u64,
    /// Which wake-up the task waits for; others come too late.
    pub(super) turn: u64,
    /// The permit: by this controller's clock and in truth.
    pub(super) permit: Option<(Timestamp, Ms)>,
    /// Looks left after the provider accepted it.
    pub(super) looks: u32,
    /// From when on it cannot be taken any more, by this controller's clock.
    pub(super) dead_at: Option<Timestamp>,
    pub(super) pause: Ms,
}

/// What a backup of a store holds.
#[derive(Clone)]
pub(super) struct Backup {
    envelope: String,
    outbox: Vec<Option<(PlannedWrite, WriteStage)>>,
}

/// A controller.
pub(super) struct Controller {
    pub(super) actor: Actor,
    pub(super) life: Life,
    /// Counts processes: what was meant for a former one is for nobody.
    pub(super) incarnation: u64,
    pub(super) configuration: usize,
    pub(super) saga: Saga,
    /// By place.
    pub(super) outbox: Vec<Option<Row>>,
    pub(super) book: EvidenceBook,
    pub(super) gates: GateBook,
    /// By region: what its gate has said.
    pub(super) heeded: Vec<Heeded>,
    /// When it asked gates for the first time.
    pub(super) asks_from: Ms,
    /// By vantage point: whether heartbeats arrive.
    pub(super) hears: Vec<bool>,
    /// By vantage point: how many partitions lie between.
    pub(super) partitions: Vec<u32>,
    /// By place: until when nothing gets through.
    pub(super) cut_off_until: Vec<Ms>,
    /// How far the clock that signs is off, and how far the one that decides was when the process began.
    pub(super) skew: i64,
    pub(super) skew_at_start: i64,
    pub(super) store_refuses_until: Ms,
    pub(super) backup: Option<Backup>,
    /// How often the store was set back or lost.
    pub(super) store_epoch: u64,
    /// When it judges next, unless there is news.
    pub(super) due: Option<Ms>,
    /// When it steps its saga at the latest, whether the judgement is news or not.
    pub(super) forced: Option<Ms>,
    /// By place: when it reads next.
    pub(super) reads_at: Vec<Option<Ms>>,
    /// By place: the version of the zone that it saw last.
    pub(super) saw: Vec<Option<u64>>,
    /// Its region fails, and it is not its turn to move.
    pub(super) waits: Option<Wait>,
    /// Since when writes or reads fail, and when a write has failed last.
    pub(super) failing_since: Option<Ms>,
    pub(super) write_failed_at: Option<Ms>,
    /// What happens to it at a step of a write, with the entry of the script that said so.
    pub(super) traps: VecDeque<(usize, Step, Happening)>,
}

impl Controller {
    pub(super) fn new(number: usize, service: &Everywhere, vantages: usize) -> Self {
        let places = service.projections().len();
        Self {
            actor: format!("controller-{}", number + 1).parse().expect("invariant: a name"),
            life: Life::Runs,
            incarnation: 0,
            configuration: 0,
            saga: Saga::new(service),
            outbox: vec![None; places],
            book: EvidenceBook::new(),
            gates: GateBook::new(),
            heeded: vec![Heeded::default(); service.lead().regions.len()],
            asks_from: 0,
            hears: vec![false; vantages],
            partitions: vec![0; vantages],
            cut_off_until: vec![0; places],
            skew: 0,
            skew_at_start: 0,
            store_refuses_until: 0,
            backup: None,
            store_epoch: 0,
            due: None,
            forced: None,
            reads_at: vec![None; places],
            saw: vec![None; places],
            waits: None,
            failing_since: None,
            write_failed_at: None,
            traps: VecDeque::new(),
        }
    }

    /// The clock that decisions are made by: set when the process begins, and never set back.
    pub(super) fn clock(&self, now: Ms) -> Timestamp {
        skewed(now, self.skew_at_start)
    }

    /// The clock that messages are signed by.
    pub(super) fn wall(&self, now: Ms) -> Timestamp {
        skewed(now, self.skew)
    }

    pub(super) fn runs(&self) -> bool {
        self.life == Life::Runs
    }

    pub(super) fn row(&self, place: usize, serial: u64) -> Option<&Row> {
        self.outbox[place].as_ref().filter(|row| row.serial == serial)
    }

    pub(super) fn place_of(&self, decision: &DecisionId) -> Option<usize> {
        self.outbox.iter().position(|row| row.as_ref().is_some_and(|row| row.write.id == *decision))
    }

    /// Copies the store.
    pub(super) fn back_up(&mut self) {
        let kept = |row: &Option<Row>| row.as_ref().map(|row| (row.write.clone(), row.stage));
        self.backup =
            Some(Backup { envelope: self.saga.to_envelope(), outbox: self.outbox.iter().map(kept).collect() });
    }

    /// A new process takes up what the store holds.
    pub(super) fn reload(&mut self, service: &Everywhere) {
        self.saga = Saga::from_envelope(&self.saga.to_envelope(), service)
            .expect("invariant: a saga reads what it has written");
    }

    /// The store becomes what it was when it was copied, or empty.
    pub(super) fn set_store_back(
        &mut self,
        backup: Option<Backup>,
        service: &Everywhere,
        mut serial: impl FnMut() -> u64,
    ) {
        self.store_epoch += 1;
        let Some(Backup { envelope, outbox }) = backup else {
            self.saga = Saga::new(service);
            self.outbox.iter_mut().for_each(|row| *row = None);
            return;
        };
        self.saga = Saga::from_envelope(&envelope, service).expect("invariant: a saga reads what it has written");
        let mut row = |(write, stage)| Row::new(write, stage, serial());
        self.outbox = outbox.into_iter().map(|kept| kept.map(&mut row)).collect();
    }
}

impl Row {
    pub(super) fn new(write: PlannedWrite, stage: WriteStage, serial: u64) -> Self {
        Self { write, stage, serial, turn: 0, permit: None, looks: 0, dead_at: None, pause: 0 }
    }
}

fn skewed(now: Ms, skew: i64) -> Timestamp {
    Timestamp::from_millis((START.as_millis() + now).saturating_add_signed(skew))
}
