//! Whether every authoritative server of a target serves what was written.
//!
//! What lies at or below a delegation is not answered with authority, a name that a wildcard covers is answered even without a
//! set of its own, and a provider that flattens answers with addresses for the CNAME at its apex: none of it can be seen from
//! outside, so none is asked for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dns_service::exit::{Exit, Failure};
use dns_wire::{ExchangeError, query};
use dns_zone::{Owner, Rdata, RecordSet, Rtype, SetChange, SetKey, Step, TargetTraits, Ttl, Zone};
use domain::base::iana::Rcode;
use domain::base::{Message, ParsedName};
use domain::rdata::AllRecordData;
use futures_util::stream::{self, StreamExt as _};
use hickory_proto::rr::{Name, RecordType};
use tokio::time::{sleep, timeout};

use crate::output::Output;
use crate::output::progress::Task;
use crate::place::Place;

/// How long servers are given: NOTIFY and a transfer take seconds, and whoever waits has other zones to look after.
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

/// Between two rounds.
pub(crate) const EVERY: Duration = Duration::from_millis(200);

/// Questions under way at once.
pub(crate) const AT_ONCE: usize = 64;

/// Differences that are told; more say no more.
pub(crate) const TOLD_MAX: usize = 5;

/// One question that was not answered as it should be: whom, about what, and what came instead.
type Late<'c> = (SocketAddr, &'c SetChange, String);

/// Waits until all servers serve all that was written, and says what came of it: [`Exit::Unverified`] if one does not in time.
pub(crate) async fn wait(target: &Place, zone: &Zone, steps: &[Step], output: &Output) -> Result<Exit, Failure> {
    let about = format!("{} at `{}`", zone.apex(), target.name);
    if target.servers.is_empty() {
        let text =
            "written and read back; whether it is served is not known: the provider has no `authoritativeServers`";
        output.answer(&format!("{about}: {text}"))?;
        return Ok(Exit::Done);
    }
    let traits = target.holder.traits().holds;
    let changes = steps.iter().flat_map(|step| &step.changes).filter(|one| is_seen(zone, &traits, &one.key));
    let mut open: Vec<Late<'_>> = changes
        .flat_map(|change| {
            target.servers.iter().map(move |server| (*server, change, "it was not asked yet".to_owned()))
        })
        .collect();
    let started = Instant::now();
    let all = open.len();
    let task = Task { about: format!("{about}: served"), unit: "answers", total: Some(all) };
    let progress = output.progress(task);
    while !open.is_empty() && started.elapsed() < WITHIN {
        // A server that is dead holds up nobody for longer than the whole may take.
        let left = WITHIN.saturating_sub(started.elapsed());
        match timeout(left, round(&open, target.timeout)).await {
            Ok(late) => open = late,
            Err(_) => break,
        }
        progress.at(all - open.len());
        if !open.is_empty() {
            sleep(EVERY).await;
        }
    }
    drop(progress);
    if open.is_empty() {
        let (servers, took) = (target.servers.len(), started.elapsed().as_millis());
        output.answer(&format!("{about}: served by {servers} of {servers} authoritative servers, {took} ms after"))?;
        return Ok(Exit::Done);
    }
    output.answer(&format!("! {about}: written, but not served everywhere after {} s", WITHIN.as_secs()))?;
    for (server, change, why) in open.iter().take(TOLD_MAX) {
        output.answer(&format!("!   {server}: {}: {why}", change.key))?;
    }
    if open.len() > TOLD_MAX {
        output.answer(&format!("!   … and {} more", open.len() - TOLD_MAX))?;
    }
    Ok(Exit::Unverified)
}

/// Asks everything once; what is not as it should be.
async fn round<'c>(open: &[Late<'c>], within: Duration) -> Vec<Late<'c>> {
    let asked = open.iter().map(|(server, change, _)| async move {
        let answer = ask(*server, change, within).await;
        answer.err().map(|why| (*server, *change, why))
    });
    stream::iter(asked).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}

/// Whether a server of a target answers with authority what the zone holds under a key.
pub(crate) fn is_seen(zone: &Zone, target: &TargetTraits, key: &SetKey) -> bool {
    let has = |owner: &Owner, rtype| zone.get(&SetKey::new(owner.clone(), rtype)).is_some();
    let above =
        || std::iter::successors(Some(key.owner.clone()), Owner::parent).take_while(|one| one.is_in(zone.apex()));
    let cut = above()
        .any(|owner| owner != *zone.apex() && has(&owner, Rtype::NS) && (key.rtype != Rtype::DS || owner != key.owner));
    let renamed = above().skip(1).any(|owner| has(&owner, Rtype::DNAME));
    let wild = above().skip(1).filter_map(|owner| owner.child(b"*").ok()).any(|owner| zone.at(&owner).next().is_some());
    let is_address = matches!(key.rtype, Rtype::A | Rtype::AAAA);
    let aliased = if target.apex_cname && key.owner == *zone.apex() {
        key.rtype == Rtype::CNAME || is_address && has(&key.owner, Rtype::CNAME)
    } else {
        key.rtype != Rtype::CNAME && has(&key.owner, Rtype::CNAME)
    };
    !(cut || renamed || aliased || (wild && zone.get(key).is_none()))
}

/// Whether one server serves one change; what it answers instead if it does not.
pub(crate) async fn ask(server: SocketAddr, change: &SetChange, within: Duration) -> Result<(), String> {
    let answered = fetch(server, &change.key, within).await?;
    if answered == change.after {
        return Ok(());
    }
    Err(match answered {
        None => "it has no such set".to_owned(),
        Some(_) if change.after.is_none() => "it still has it".to_owned(),
        Some(set) => format!("it answers with {} values and a TTL of {} s", set.values().len(), set.ttl()),
    })
}

/// What one server serves under a key; why that is not known, if it is not.
pub(crate) async fn fetch(server: SocketAddr, key: &SetKey, within: Duration) -> Result<Option<RecordSet>, String> {
    let name = Name::from_ascii(key.owner.to_string()).map_err(|error| error.to_string())?;
    let question = query(fastrand::u16(..), &name, RecordType::from(key.rtype.to_int()));
    let wire = question.to_vec().map_err(|error| error.to_string())?;
    let answer =
        dns_wire::udp_then_tcp(server, &wire, within).await.map_err(|error: ExchangeError| error.to_string())?;
    read(&answer.wire, key)
}

/// The set in an answer.
fn read(wire: &[u8], key: &SetKey) -> Result<Option<RecordSet>, String> {
    let broken = |error: &dyn std::fmt::Display| format!("its answer is broken: {error}");
    let message = Message::from_octets(wire).map_err(|error| broken(&error))?;
    let header = message.header();
    if !header.aa() || !matches!(header.rcode(), Rcode::NOERROR | Rcode::NXDOMAIN) {
        return Err(format!("it answers without authority ({})", header.rcode()));
    }
    let mut values = Vec::new();
    let mut ttl = 0;
    for record in message.answer().map_err(|error| broken(&error))? {
        let record = record.map_err(|error| broken(&error))?;
        if record.rtype() != key.rtype || Owner::of(&record.owner()) != key.owner {
            continue;
        }
        ttl = record.ttl().as_secs();
        let record = record.to_any_record::<AllRecordData<_, ParsedName<_>>>().map_err(|error| broken(&error))?;
        values.push(Rdata::of(record.data()));
    }
    Ok(RecordSet::new(Ttl::received(ttl), values))
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{RData, Record};

    use super::*;
    use crate::fake::{Fake, apex, key, zone};

    /// Whether a set is seen from outside in a zone.
    fn seen(zone: &Zone, name: &str, rtype: Rtype) -> bool {
        is_seen(zone, &TargetTraits::default(), &key(name, rtype))
    }

    #[test]
    fn the_cname_at_an_apex_is_not_asked_for_where_it_is_flattened() {
        let flattens = TargetTraits { apex_cname: true, ..TargetTraits::default() };
        let zone = zone(&["@ CNAME lb.example.net.", "@ MX 10 mail", "www CNAME api"]);
        let seen = |name, rtype| is_seen(&zone, &flattens, &key(name, rtype));
        assert!(!seen("@", Rtype::CNAME), "addresses are answered");
        assert!(!seen("@", Rtype::A) && !seen("@", Rtype::AAAA), "those it leads to are, not what stood there");
        assert!(seen("@", Rtype::MX) && seen("www", Rtype::CNAME) && !seen("www", Rtype::A));
        assert!(is_seen(&self::zone(&["@ A 192.0.2.1"]), &flattens, &key("@", Rtype::A)));
    }

    #[test]
    fn what_lies_at_or_below_a_delegation_is_not_asked_for() {
        let zone = zone(&["@ NS ns", "ns A 192.0.2.1", "sub NS ns.sub", "ns.sub A 192.0.2.2", "sub DS 1 13 2 00"]);
        assert!(seen(&zone, "@", Rtype::NS) && seen(&zone, "ns", Rtype::A));
        assert!(!seen(&zone, "sub", Rtype::NS) && !seen(&zone, "ns.sub", Rtype::A));
        assert!(seen(&zone, "sub", Rtype::DS), "the parent answers for it (RFC 4035 §3.1.4.1)");
    }

    #[test]
    fn what_lies_below_a_dname_is_not_asked_for() {
        let zone = zone(&["old DNAME new.example.net.", "old TXT \"t\""]);
        assert!(seen(&zone, "old", Rtype::DNAME) && seen(&zone, "old", Rtype::TXT));
        assert!(!seen(&zone, "www.old", Rtype::A));
    }

    #[test]
    fn what_is_gone_below_a_wildcard_is_not_asked_for() {
        let zone = zone(&["*.wild A 192.0.2.1", "own.wild A 192.0.2.2"]);
        assert!(!seen(&zone, "gone.wild", Rtype::A), "the wildcard answers for it");
        assert!(seen(&zone, "own.wild", Rtype::A) && seen(&zone, "*.wild", Rtype::A) && seen(&zone, "gone", Rtype::A));
    }

    #[test]
    fn what_stood_where_an_alias_stands_now_is_not_asked_for() {
        let zone = zone(&["www CNAME api"]);
        assert!(seen(&zone, "www", Rtype::CNAME) && !seen(&zone, "www", Rtype::A));
    }

    /// An answer to a question for `www A`, with a record of another name beside those of its own.
    fn answer(addresses: &[u8], authoritative: bool, code: ResponseCode) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.metadata.authoritative = authoritative;
        message.metadata.response_code = code;
        let name = |text| Name::from_ascii(text).expect("a name");
        let record = |text, last| Record::from_rdata(name(text), 300, RData::A(A::new(192, 0, 2, last)));
        let own = addresses.iter().map(|last| record("WWW.example.test.", *last));
        message.add_answers(own.chain([record("other.example.test.", 99)]));
        message.to_vec().expect("encodes")
    }

    #[test]
    fn an_answer_is_the_set_of_its_name_and_type_however_it_is_written() {
        let www = key("www", Rtype::A);
        let whole = zone(&["www A 192.0.2.1", "www A 192.0.2.2"]);
        let told = read(&answer(&[2, 1], true, ResponseCode::NoError), &www);
        assert_eq!(told, Ok(whole.get(&www).cloned()));
        assert_eq!(read(&answer(&[], true, ResponseCode::NXDomain), &www), Ok(None));
    }

    #[test]
    fn an_answer_without_authority_says_nothing() {
        let www = key("www", Rtype::A);
        let lame = read(&answer(&[1], false, ResponseCode::NoError), &www);
        assert_eq!(lame, Err("it answers without authority (NOERROR)".to_owned()));
        let failed = read(&answer(&[], true, ResponseCode::ServFail), &www).expect_err("no answer");
        assert!(failed.contains("SERVFAIL"), "{failed}");
        assert!(read(b"short", &www).expect_err("no message").starts_with("its answer is broken"));
    }

    #[tokio::test]
    async fn without_servers_nothing_is_claimed_to_be_served() {
        let fake = Fake::holding(Zone::new(apex()), 1);
        let output = Output::new(true).without_progress();
        let exit = wait(&fake.place(), &zone(&["www A 192.0.2.1"]), &[], &output).await.expect("told");
        assert_eq!(exit, Exit::Done);
    }
}
