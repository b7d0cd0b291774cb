//! Whether every authoritative server of a target serves what was written.
//!
//! What lies at or below a delegation is not answered with authority, a name that a wildcard covers is answered even without a
//! set of its own, and a provider that flattens answers with addresses for the CNAME at its apex: none of it can be seen from
//! outside, so none is asked for.

pub(crate) mod asking;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_service::exit::{Exit, Failure};
use dns_wire::{ExchangeError, query};
use dns_zone::{Owner, Rdata, RecordSet, Rtype, SetChange, SetKey, Step, TargetTraits, Ttl, Zone};
use domain::base::iana::Rcode;
use domain::base::{Message, ParsedName};
use domain::rdata::AllRecordData;
use futures_util::future::join_all;
use hickory_proto::rr::RecordType;
use tokio::time::{Instant, sleep, timeout};

use self::asking::Asker;
use crate::output::Output;
use crate::output::progress::Task;
use crate::place::Place;

/// How long servers are given: NOTIFY and a transfer take seconds, and whoever waits has other zones to look after.
pub(crate) const WITHIN: Duration = Duration::from_mins(1);

/// Between two rounds.
pub(crate) const EVERY: Duration = Duration::from_millis(200);

/// Differences that are told; more say no more.
pub(crate) const TOLD_MAX: usize = 5;

/// Why it is not known that a server serves something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unseen {
    /// Nothing was asked yet.
    #[error("it was not asked yet")]
    Unasked,
    /// It says nothing at all.
    #[error("{0}")]
    Silent(String),
    /// It says something else.
    #[error("{0}")]
    Other(String),
}

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
    let changes = steps.iter().flat_map(|step| &step.changes);
    let changes: Vec<&SetChange> = changes.filter(|one| is_seen(zone, &traits, &one.key)).collect();
    let mut servers: Vec<Waiting<'_>> = target.servers.iter().map(|server| Waiting::new(*server, &changes)).collect();
    let all = servers.len() * changes.len();
    let started = Instant::now();
    let progress = output.progress(Task { about: format!("{about}: served"), unit: "answers", total: Some(all) });
    let left = AtomicUsize::new(all);
    let answered = || progress.at(all - (left.fetch_sub(1, Ordering::Relaxed) - 1));
    let asking =
        servers.iter_mut().map(|server| server.until_served(&answered, |at, one| ask(at, one, target.timeout)));
    // What was answered until then counts.
    let _in_time = timeout(WITHIN, join_all(asking)).await;
    drop(progress);
    tell(&about, &servers, started.elapsed(), output)
}

fn tell(about: &str, servers: &[Waiting<'_>], took: Duration, output: &Output) -> Result<Exit, Failure> {
    let late: Vec<_> = servers.iter().flat_map(Waiting::late).collect();
    if late.is_empty() {
        let (servers, took) = (servers.len(), took.as_millis());
        output.answer(&format!("{about}: served by {servers} of {servers} authoritative servers, {took} ms after"))?;
        return Ok(Exit::Done);
    }
    output.answer(&format!("! {about}: written, but not served everywhere after {} s", WITHIN.as_secs()))?;
    for (server, key, why) in late.iter().take(TOLD_MAX) {
        output.answer(&format!("!   {server}: {key}: {why}"))?;
    }
    if late.len() > TOLD_MAX {
        output.answer(&format!("!   … and {} more", late.len() - TOLD_MAX))?;
    }
    Ok(Exit::Unverified)
}

/// What one server does not serve yet. Each has its own, so that none waits for another.
struct Waiting<'c> {
    asker: Asker,
    open: BTreeMap<&'c SetKey, (&'c SetChange, Unseen)>,
}

impl<'c> Waiting<'c> {
    fn new(server: SocketAddr, changes: &[&'c SetChange]) -> Self {
        let open = changes.iter().map(|change| (&change.key, (*change, Unseen::Unasked))).collect();
        Self { asker: Asker::new(server), open }
    }

    /// Asks until nothing is open. Whoever drops it finds what is known by then.
    async fn until_served<F: Future<Output = Result<(), Unseen>>>(
        &mut self,
        answered: &impl Fn(),
        ask: impl Fn(SocketAddr, &'c SetChange) -> F,
    ) {
        let Self { asker, open } = self;
        while !open.is_empty() {
            let changes: Vec<&'c SetChange> = open.values().map(|(change, _)| *change).collect();
            let told = |change: &'c SetChange, seen| match seen {
                Ok(()) => {
                    open.remove(&change.key);
                    answered();
                }
                Err(why) => drop(open.insert(&change.key, (change, why))),
            };
            asker.round(changes, &ask, told).await;
            if !open.is_empty() {
                sleep(EVERY).await;
            }
        }
    }

    fn late(&self) -> impl Iterator<Item = (SocketAddr, &SetKey, &Unseen)> {
        self.open.iter().map(|(key, (_, why))| (self.asker.server(), *key, why))
    }
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
pub(crate) async fn ask(server: SocketAddr, change: &SetChange, within: Duration) -> Result<(), Unseen> {
    let answered = fetch(server, &change.key, within).await?;
    if answered == change.after {
        return Ok(());
    }
    Err(Unseen::Other(match answered {
        None => "it has no such set".to_owned(),
        Some(_) if change.after.is_none() => "it still has it".to_owned(),
        Some(set) => format!("it answers with {} values and a TTL of {} s", set.values().len(), set.ttl()),
    }))
}

/// What one server serves under a key; why that is not known, if it is not.
pub(crate) async fn fetch(server: SocketAddr, key: &SetKey, within: Duration) -> Result<Option<RecordSet>, Unseen> {
    let name = dns_provider::zones::name(&key.owner);
    let question = query(fastrand::u16(..), &name, RecordType::from(key.rtype.to_int()));
    let wire = question.to_vec().map_err(|error| Unseen::Other(error.to_string()))?;
    let answer = dns_wire::udp_then_tcp(server, &wire, within).await.map_err(|error| match error {
        ExchangeError::Connect { .. } | ExchangeError::NoAnswer { .. } => Unseen::Silent(error.to_string()),
        ExchangeError::Garbage { .. } => Unseen::Other(error.to_string()),
    })?;
    read(&answer.wire, key).map_err(Unseen::Other)
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
    use hickory_proto::rr::{Name, RData, Record};

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

    /// One server answers, the other one never does.
    #[tokio::test(start_paused = true)]
    async fn a_dead_server_holds_up_no_other() {
        let (dead, healthy) = (([192, 0, 2, 1], 53).into(), ([192, 0, 2, 2], 53).into());
        let lines: Vec<String> = (0..10_000).map(|one| format!("n{one} A 192.0.2.1")).collect();
        let wanted = zone(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let changes = dns_zone::difference(&Zone::new(apex()), &wanted);
        let changes: Vec<&SetChange> = changes.iter().collect();
        let mut servers = [Waiting::new(dead, &changes), Waiting::new(healthy, &changes)];
        let ask = |server, _: &SetChange| async move {
            if server == healthy {
                return Ok(());
            }
            sleep(Duration::from_secs(2)).await;
            Err(Unseen::Silent("nothing came".to_owned()))
        };
        let asking = join_all(servers.iter_mut().map(|server| server.until_served(&|| {}, ask)));
        assert!(timeout(Duration::from_secs(5), asking).await.is_err(), "one never serves it");
        assert_eq!(servers[1].late().count(), 0);
        assert_eq!(servers[0].late().count(), 10_000);
        assert!(servers[0].late().all(|(server, _, why)| server == dead && *why != Unseen::Unasked));
    }

    #[tokio::test]
    async fn without_servers_nothing_is_claimed_to_be_served() {
        let fake = Fake::holding(Zone::new(apex()), 1);
        let output = Output::new(true).without_progress();
        let exit = wait(&fake.place(), &zone(&["www A 192.0.2.1"]), &[], &output).await.expect("told");
        assert_eq!(exit, Exit::Done);
    }
}
