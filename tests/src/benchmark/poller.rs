//! Asks name servers in a tight loop and notes the moment in which each first gives the new answer.
//!
//! One thread and one UDP socket for each server, so that a slow one delays no other. The moment is that of the
//! answer's arrival: it is late by at most one pause and the way over loopback, the same for everyone who is compared.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};

/// The pause between an answer and the next question: far below every interval that is measured, and few enough
/// questions that asking takes no core away from those who are measured.
const PAUSE: Duration = Duration::from_millis(3);

/// How long an answer is waited for before the question is asked again; loopback loses only what a full buffer drops.
const ANSWER: Duration = Duration::from_millis(250);

/// Larger than any answer here: one address and one question.
const ANSWER_BYTES_MAX: usize = 1232;

/// Who is asked for what.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Names it in tables.
    pub(crate) label: String,
    /// The server.
    pub(crate) server: SocketAddr,
    /// The name whose A record is asked for.
    pub(crate) name: Name,
}

/// A moment by both clocks: one to subtract, one to compare with history rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Monotonic.
    pub(crate) instant: Instant,
    /// Wall clock.
    pub(crate) wall: SystemTime,
}

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now() }
    }
}

/// Loops that ask until each has seen the wanted address.
pub(crate) struct Watch {
    askers: Vec<(String, JoinHandle<anyhow::Result<Moment>>)>,
}

impl Watch {
    /// Begins to ask; each target gives up after `patience`.
    pub(crate) fn start(targets: &[(Target, IpAddr)], patience: Duration) -> Self {
        let asker = |(target, wanted): &(Target, IpAddr)| {
            let (target, wanted) = (target.clone(), *wanted);
            (target.label.clone(), thread::spawn(move || ask_until(&target, wanted, patience)))
        };
        Self { askers: targets.iter().map(asker).collect() }
    }

    /// Waits for all of them: when each saw it first, in the order of the targets.
    pub(crate) fn finish(self) -> anyhow::Result<Vec<Moment>> {
        let joined = self
            .askers
            .into_iter()
            .map(|(label, asker)| asker.join().expect("invariant: an asker returns its errors").context(label));
        joined.collect()
    }
}

fn ask_until(target: &Target, wanted: IpAddr, patience: Duration) -> anyhow::Result<Moment> {
    let Target { server, name, .. } = target;
    let socket = UdpSocket::bind((server.ip(), 0)).context("cannot bind a socket")?;
    socket.connect(server).with_context(|| format!("cannot reach {server}"))?;
    socket.set_read_timeout(Some(ANSWER)).context("cannot bound a read")?;
    let (began, mut last) = (Instant::now(), None);
    loop {
        let answer = ask(&socket, name)?;
        let heard = Moment::now();
        if answer.as_ref().is_some_and(|addresses| addresses.as_slice() == [wanted]) {
            return Ok(heard);
        }
        last = answer.or(last);
        if began.elapsed() > patience {
            bail!("{server} does not answer {name} with {wanted} within {} s; last: {last:?}", patience.as_secs());
        }
        thread::sleep(PAUSE);
    }
}

/// One question; `None` without an answer in time.
fn ask(socket: &UdpSocket, name: &Name) -> anyhow::Result<Option<Vec<IpAddr>>> {
    let mut query = Message::new(fastrand::u16(..), MessageType::Query, OpCode::Query);
    query.add_query(Query::query(name.clone(), RecordType::A));
    let wire = query.to_vec().context("the question cannot be encoded")?;
    if socket.send(&wire).is_err() {
        // A server that is being restarted; the next question tells.
        return Ok(None);
    }
    let mut buffer = [0; ANSWER_BYTES_MAX];
    loop {
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) if is_silence(&error) => return Ok(None),
            Err(error) => return Err(error).context("cannot read an answer"),
        };
        match Message::from_vec(&buffer[..length]) {
            // A late answer to an earlier question would be taken for the moment of this one.
            Ok(message) if message.metadata.id == query.metadata.id => return Ok(Some(addresses(&message))),
            Ok(_) | Err(_) => {}
        }
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::ConnectionRefused)
}

fn addresses(message: &Message) -> Vec<IpAddr> {
    message.answers.iter().filter_map(|record| record.data.ip_addr()).collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::A;

    use super::*;

    const OLD: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
    const NEW: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);

    fn answer(question: &Message, id: u16, address: Ipv4Addr) -> Vec<u8> {
        let mut message = Message::new(id, MessageType::Response, OpCode::Query);
        let name = question.queries[0].name().clone();
        message.answers.push(Record::from_rdata(name, 60, hickory_proto::rr::RData::A(A(address))));
        message.to_vec().expect("an answer")
    }

    /// Answers the first question with the old address, behind a late answer with the new one, and the second question
    /// with the new one; returns how many it was asked.
    fn serve(socket: &UdpSocket) -> u32 {
        socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a bound");
        let mut buffer = [0; ANSWER_BYTES_MAX];
        for number in 1..=2 {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else { return number - 1 };
            let question = Message::from_vec(&buffer[..length]).expect("a question");
            let id = question.metadata.id;
            let answers = match number {
                1 => vec![answer(&question, id.wrapping_add(1), NEW), answer(&question, id, OLD)],
                _ => vec![answer(&question, id, NEW)],
            };
            for wire in answers {
                socket.send_to(&wire, from).expect("it is sent");
            }
        }
        2
    }

    fn target(server: SocketAddr) -> Target {
        Target { label: "primary".to_owned(), server, name: Name::from_ascii("api.example.test.").expect("a name") }
    }

    #[test]
    fn a_late_answer_to_an_earlier_question_is_no_new_answer() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let target = target(socket.local_addr().expect("an address"));
        let server = thread::spawn(move || serve(&socket));
        let watch = Watch::start(&[(target, NEW.into())], Duration::from_secs(5));
        assert_eq!(watch.finish().expect("the new answer").len(), 1);
        assert_eq!(server.join().expect("it served"), 2, "the first question was answered with the old address");
    }

    #[test]
    fn giving_up_names_server_and_what_it_said_last() {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let target = target(socket.local_addr().expect("an address"));
        let error = Watch::start(&[(target, NEW.into())], Duration::ZERO).finish().expect_err("nobody answers");
        let text = format!("{error:#}");
        assert!(text.contains("primary") && text.contains("api.example.test") && text.contains("last: None"), "{text}");
    }
}
