//! NOTIFY (RFC 1996), at the side of who is notified.
//!
//! A NOTIFY says that there may be something new; what there is, the secondary asks the primary itself. So the serial in it is
//! not even read, and the most that a forged one does is a question too many. Many of them become one wake-up: whoever is woken
//! asks after all that came before.

mod listener;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use dns_zone::{Owner, Rtype};
use domain::base::iana::{Class, Opcode, Rcode};
use domain::base::message_builder::MessageBuilder;
use domain::base::{Message, ParsedName, Question};
use tokio::sync::watch;

pub use self::listener::Listener;
use crate::tsig::{Request, Seal, TsigKey};

type Asked<'a> = Question<ParsedName<&'a [u8]>>;

/// Who may wake which zone.
#[derive(Debug, Default)]
pub struct Desk {
    zones: BTreeMap<Owner, Rule>,
}

#[derive(Debug)]
struct Rule {
    from: BTreeSet<IpAddr>,
    keys: Vec<TsigKey>,
    wake: watch::Sender<()>,
}

/// The wake-ups of one zone.
#[derive(Debug)]
pub struct Wake(watch::Receiver<()>);

impl Wake {
    /// Waits for a NOTIFY that came since the last return; those that came meanwhile are one. Cancel safe. If the desk is gone,
    /// none comes any more and it never returns.
    pub async fn woken(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The zone was woken.
    Woken,
    /// It was not, and why.
    Refused(&'static str),
}

/// The answer to a request.
pub(crate) struct Reply {
    pub(crate) wire: Vec<u8>,
    pub(crate) verdict: Verdict,
}

impl Desk {
    /// Lets these addresses wake a zone, signed by one of the keys if there are any. Said again, it takes the place of what was said.
    pub fn watch(
        &mut self,
        apex: Owner,
        from: impl IntoIterator<Item = IpAddr>,
        keys: impl IntoIterator<Item = TsigKey>,
    ) -> Wake {
        let (wake, woken) = watch::channel(());
        let from = from.into_iter().map(|address| address.to_canonical()).collect();
        self.zones.insert(apex, Rule { from, keys: keys.into_iter().collect(), wake });
        Wake(woken)
    }

    /// Whether an address may wake any zone.
    pub(crate) fn knows(&self, from: IpAddr) -> bool {
        let from = from.to_canonical();
        self.zones.values().any(|rule| rule.from.contains(&from))
    }

    /// Answers a request at `now_secs` since 1970, and wakes the zone if it may. Silence to what is no request.
    pub(crate) fn answer(&self, mut wire: Vec<u8>, from: IpAddr, now_secs: u64) -> Option<Reply> {
        let request = wire.clone();
        let message = Message::from_slice(&request).ok().filter(|message| !message.header().qr())?;
        if message.header().opcode() != Opcode::NOTIFY {
            return Some(refuse(message, None, Rcode::NOTIMP, "it is no NOTIFY"));
        }
        let Some(asked) = soa_question(message) else {
            return Some(refuse(message, None, Rcode::FORMERR, "it has not one question for an SOA"));
        };
        let Some(rule) = self.zones.get(&Owner::of(asked.qname())) else {
            return Some(refuse(message, Some(&asked), Rcode::NOTAUTH, "no such zone is watched"));
        };
        if !rule.from.contains(&from.to_canonical()) {
            return Some(refuse(message, Some(&asked), Rcode::REFUSED, "the address is not allowed to"));
        }
        Some(rule.answer(message, &asked, &mut wire, now_secs))
    }
}

impl Rule {
    fn answer(&self, message: &Message<[u8]>, asked: &Asked<'_>, wire: &mut Vec<u8>, now_secs: u64) -> Reply {
        match Request::check(&self.keys, wire, now_secs) {
            Err(_) => refuse(message, Some(asked), Rcode::FORMERR, "its TSIG record cannot be read"),
            Ok(Request::Unsigned) if self.keys.is_empty() => self.woken(message, asked),
            Ok(Request::Unsigned) => refuse(message, Some(asked), Rcode::REFUSED, "it is not signed"),
            Ok(Request::Bad(seal)) => {
                let reply = refuse(message, Some(asked), Rcode::NOTAUTH, "its signature is wrong");
                sealed(reply, seal)
            }
            Ok(Request::Good(seal)) => sealed(self.woken(message, asked), seal),
        }
    }

    fn woken(&self, message: &Message<[u8]>, asked: &Asked<'_>) -> Reply {
        self.wake.send_replace(());
        Reply { wire: compose(message, Some(asked), Rcode::NOERROR), verdict: Verdict::Woken }
    }
}

fn soa_question(message: &Message<[u8]>) -> Option<Asked<'_>> {
    let asked = message.sole_question().ok()?;
    (asked.qtype() == Rtype::SOA && asked.qclass() == Class::IN).then_some(asked)
}

fn refuse(message: &Message<[u8]>, asked: Option<&Asked<'_>>, rcode: Rcode, reason: &'static str) -> Reply {
    Reply { wire: compose(message, asked, rcode), verdict: Verdict::Refused(reason) }
}

/// The request's id, operation and question (RFC 1996 §4.7).
fn compose(message: &Message<[u8]>, asked: Option<&Asked<'_>>, rcode: Rcode) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec();
    let header = builder.header_mut();
    header.set_id(message.header().id());
    header.set_qr(true);
    header.set_opcode(message.header().opcode());
    header.set_aa(rcode == Rcode::NOERROR);
    header.set_rcode(rcode);
    let mut question = builder.question();
    if let Some(asked) = asked {
        question.push(asked).expect("invariant: a vector takes one question");
    }
    question.finish()
}

fn sealed(mut reply: Reply, seal: Seal) -> Reply {
    seal.attach(&mut reply.wire);
    reply
}

#[cfg(test)]
mod tests;
