//! The account: zones, tokens, the limit on requests, and what each operation does.

use std::time::Instant;

use serde_json::{Value, json};

use super::access;
use super::answer::Answer;
use super::batch;
use super::call::{Call, Operation};
use super::fault::Script;
use super::listing::{self, Page};
use super::record::new_id;
use super::refusal::Refusal;
use super::seen::{Batch, Seen};
use super::setup::{Rate, Setup, Token};
use super::throttle::{Standing, Throttle};
use super::zone::Zone;

/// Everything that a request can meet.
#[derive(Debug)]
pub(super) struct Account {
    id: String,
    zones: Vec<Zone>,
    tokens: Vec<Token>,
    throttle: Throttle,
    pub(super) seen: Seen,
    pub(super) faults: Script,
}

/// How a read is falsified.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// How many of the last changes it does not know.
    pub(super) changes_ago: usize,
    /// How many records its page lacks.
    pub(super) missing: usize,
}

/// What an operation gives.
enum Outcome {
    One(Value),
    Many(Page),
}

impl Account {
    pub(super) fn new(setup: Setup) -> Self {
        let Setup { zones, tokens, rate, body_octets_max: _ } = setup;
        let zone = |setup: super::ZoneSetup| {
            let name = setup.name.clone();
            Zone::new(setup).unwrap_or_else(|refusal| panic!("zone {name} cannot be set up: {refusal}"))
        };
        Self {
            id: new_id(),
            zones: zones.into_iter().map(zone).collect(),
            tokens,
            throttle: Throttle::new(rate),
            seen: Seen::default(),
            faults: Script::default(),
        }
    }

    pub(super) fn zone_named(&self, name: &str) -> &Zone {
        self.zones.iter().find(|zone| zone.name == name).unwrap_or_else(|| panic!("the setup has no zone {name}"))
    }

    pub(super) fn zone_named_mut(&mut self, name: &str) -> &mut Zone {
        self.zones.iter_mut().find(|zone| zone.name == name).unwrap_or_else(|| panic!("the setup has no zone {name}"))
    }

    pub(super) fn set_tokens(&mut self, tokens: Vec<Token>) {
        self.tokens = tokens;
    }

    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.throttle = Throttle::new(rate);
    }

    /// Answers a request; without a call its path is none of the API's. Who asks is looked at before what is asked.
    pub(super) fn answer(
        &mut self,
        call: Result<&Call, &str>,
        authorization: Option<&str>,
        body: &[u8],
        view: View,
    ) -> Answer {
        let secret = match access::bearer(authorization) {
            Ok(secret) => secret,
            Err(refusal) => return Answer::refused(&refusal),
        };
        let standing = self.throttle.count(secret, Instant::now());
        self.answer_within(call, secret, body, view, &standing).with_standing(&standing)
    }

    fn answer_within(
        &mut self,
        call: Result<&Call, &str>,
        secret: &str,
        body: &[u8],
        view: View,
        standing: &Standing,
    ) -> Answer {
        if standing.is_refused {
            return Answer::throttled(standing.resets_in_secs());
        }
        let outcome = match call {
            Ok(call) => self.execute(call, secret, body, view),
            Err(path) => Err(Refusal::no_route(path)),
        };
        match outcome {
            Ok(Outcome::One(result)) => Answer::ok(&result),
            Ok(Outcome::Many(page)) => Answer::page(&page),
            Err(refusal) => Answer::refused(&refusal),
        }
    }

    fn execute(&mut self, call: &Call, secret: &str, body: &[u8], view: View) -> Result<Outcome, Refusal> {
        match call.operation {
            Operation::VerifyToken => access::verify(&self.tokens, secret).map(Outcome::One),
            Operation::ListZones => self.list_zones(call, secret).map(Outcome::Many),
            Operation::GetZone
            | Operation::ListRecords
            | Operation::GetRecord
            | Operation::CreateRecord
            | Operation::OverwriteRecord
            | Operation::PatchRecord
            | Operation::DeleteRecord
            | Operation::Batch => self.in_zone(call, secret, body, view),
        }
    }

    fn list_zones(&self, call: &Call, secret: &str) -> Result<Page, Refusal> {
        let token = access::token(&self.tokens, secret, call.operation)?;
        let covered = self.zones.iter().filter(|zone| access::covers(token, &zone.name));
        listing::zones(covered.map(|zone| (zone.name.clone(), zone.to_json(&self.id))).collect(), &call.query)
    }

    fn in_zone(&mut self, call: &Call, secret: &str, body: &[u8], view: View) -> Result<Outcome, Refusal> {
        let token = access::token(&self.tokens, secret, call.operation)?;
        let zone = self.zones.iter_mut().find(|zone| zone.id == call.zone);
        let zone = zone.ok_or_else(|| Refusal::no_route(&call.path))?;
        access::permit(token, call.operation, &zone.name)?;
        match call.operation {
            Operation::GetZone => Ok(Outcome::One(zone.to_json(&self.id))),
            Operation::ListRecords => {
                let records = zone.records_before(view.changes_ago);
                listing::records(records, &call.query, view.missing).map(Outcome::Many)
            }
            Operation::Batch => batch(zone, &mut self.seen, body).map(Outcome::One),
            Operation::GetRecord
            | Operation::CreateRecord
            | Operation::OverwriteRecord
            | Operation::PatchRecord
            | Operation::DeleteRecord => on_record(zone, call, body, view).map(Outcome::One),
            Operation::VerifyToken | Operation::ListZones => {
                unreachable!("invariant: {:?} names no zone", call.operation)
            }
        }
    }
}

fn batch(zone: &mut Zone, seen: &mut Seen, body: &[u8]) -> Result<Value, Refusal> {
    let body = parse(body)?;
    let result = batch::apply(zone, &body);
    seen.batch(Batch { zone: zone.name.clone(), body, is_applied: result.is_ok() });
    result
}

fn on_record(zone: &mut Zone, call: &Call, body: &[u8], view: View) -> Result<Value, Refusal> {
    let id = call.record.as_str();
    match call.operation {
        Operation::GetRecord => Ok(zone.records_before(view.changes_ago).get(id)?.to_json()),
        Operation::CreateRecord => {
            let request = parse(body)?;
            zone.change(|change| Ok(change.create(&request)?.to_json()))
        }
        Operation::OverwriteRecord => {
            let request = parse(body)?;
            zone.change(|change| Ok(change.overwrite(id, &request)?.to_json()))
        }
        Operation::PatchRecord => {
            let request = parse(body)?;
            zone.change(|change| Ok(change.patch(id, &request)?.to_json()))
        }
        Operation::DeleteRecord => {
            zone.change(|change| change.delete(id))?;
            Ok(json!({ "id": id }))
        }
        Operation::VerifyToken
        | Operation::ListZones
        | Operation::GetZone
        | Operation::ListRecords
        | Operation::Batch => {
            unreachable!("invariant: {:?} is no operation on a record", call.operation)
        }
    }
}

fn parse(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::body(&format!("It is not JSON: {error}.")))
}
