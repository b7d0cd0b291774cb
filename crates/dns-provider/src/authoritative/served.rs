//! Whether one server serves what was written: the fence and every RRset, in one bounded round.
//!
//! The fence is asked for whatever the records are. Of the records
//! - plain ones must be answered exactly;
//! - an *alias* must be answered with addresses, all of which are the load balancer's;
//! - one that is *drawn by weight* must be answered with one of its values; which, and how often, shows no answer;
//! - a *proxied* one is not asked for: its answer is the proxy's, before the move and after it. The same goes for a CNAME
//!   at the apex, which providers that take one answer with its target's addresses.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_core::fence::text::FenceText;
use dns_core::rrset::{Alias, GuardedType, Rrset, RrsetKey, Rrsets, Weighted};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::time::timeout;

use super::{AskError, Asker, Content, Here, Targets, ask_by};
use crate::content::strings;
use crate::wildcard::witnesses;

/// How long one round of questions to one server may take: a hundred of them to the other side of the world. Whoever
/// waits for the answer has other servers to ask as well.
const ROUND_MAX: Duration = Duration::from_secs(30);

/// Cloudflare's TTL for a record whose TTL it chooses itself. Nobody else has use for one second.
const TTL_AUTOMATIC: u32 = 1;

const UNRESOLVED: &str = "no resolver is configured that could tell the load balancer's addresses";

/// What a server should serve.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The zone.
    pub zone: &'a Name,
    /// The RRsets.
    pub rrsets: &'a Rrsets,
    /// Keys that should have no RRset of their own.
    pub absent: &'a BTreeSet<RrsetKey>,
    /// The owner name of the fence.
    pub fence_name: &'a Name,
    /// The fence; `None` if there should be none.
    pub fence: Option<&'a FenceText>,
    /// The addresses that aliases may be answered with.
    pub targets: &'a Targets,
}

/// What a server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// All that was expected.
    New,
    /// Something else.
    Old {
        /// The first thing that differs, as it answered.
        answered: String,
    },
    /// Nothing that counts: no answer, or none with authority.
    Silent {
        /// What happened.
        reason: String,
        /// Whether it has answered the fence before: then it is there, and a packet was lost.
        heard: bool,
    },
}

/// How much of an RRset an answer in DNS shows.
enum Shown<'a> {
    /// All of it.
    Exactly,
    /// Addresses that are a load balancer's.
    Addresses(&'a Alias),
    /// One of these, whichever the server draws: how often shows no answer.
    OneOf(&'a [Weighted]),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

impl Expected<'_> {
    /// The RRsets of which no answer in DNS says whether they are as written, each with the reason.
    pub fn unobservable(&self) -> Vec<(&RrsetKey, &'static str)> {
        let hidden = self.rrsets.iter().filter_map(|(key, set)| match self.shown(set) {
            Shown::Nothing(why) => Some((key, why)),
            Shown::Addresses(_) if !self.targets.can_resolve() => Some((key, UNRESOLVED)),
            Shown::OneOf(sets) if !self.targets.can_resolve() && sets.iter().any(|one| one.set.alias().is_some()) => {
                Some((key, UNRESOLVED))
            }
            Shown::Exactly | Shown::Addresses(_) | Shown::OneOf(_) => None,
        });
        hidden.collect()
    }

    fn shown<'s>(&self, set: &'s Rrset) -> Shown<'s> {
        let at_apex = set.key().rtype() == GuardedType::Cname && set.key().name().eq_ignore_root(self.zone);
        match set.alias() {
            _ if set.is_proxied() => Shown::Nothing("the provider's proxy answers for it"),
            _ if !set.weighted().is_empty() => Shown::OneOf(set.weighted()),
            Some(alias) => Shown::Addresses(alias),
            None if at_apex => Shown::Nothing("the provider answers with its target's addresses"),
            None => Shown::Exactly,
        }
    }

    /// Whether the provider itself answers at this name: then answers of other types say nothing about what is written.
    fn is_answered_for(&self, name: &Name) -> bool {
        let sets = self.rrsets.iter().filter(|(key, _)| key.name() == name);
        sets.into_iter().any(|(_, set)| matches!(self.shown(set), Shown::Nothing(_)))
    }
}

/// One round of questions to one server.
#[derive(Clone, Copy)]
struct Round<'a> {
    asker: &'a dyn Asker,
    server: SocketAddr,
    /// For each question.
    within: Duration,
}

impl Round<'_> {
    async fn ask(&self, name: &Name, rtype: RecordType) -> Result<Content, AskError> {
        ask_by(self.asker, self.server, name, rtype, self.within).await
    }
}

/// Asks one server from here for the fence and every RRset, one after the other, until something differs. Each question
/// takes `within` at the most, so that a server far away has the time that its distance takes; all of them together take
/// that for each question, and `ROUND_MAX` at the most.
pub async fn serves(server: SocketAddr, expected: &Expected<'_>, within: Duration) -> Served {
    serves_by(&Here, server, expected, within).await
}

/// As [`serves`], by way of an asker.
pub async fn serves_by(asker: &dyn Asker, server: SocketAddr, expected: &Expected<'_>, within: Duration) -> Served {
    let round = Round { asker, server, within };
    let fence = match timeout(within, round.ask(expected.fence_name, RecordType::TXT)).await {
        Ok(Ok(fence)) => fence,
        Ok(Err(error)) => return Served::Silent { reason: error.to_string(), heard: false },
        Err(_) => return Served::Silent { reason: late(server, within), heard: false },
    };
    // First of all: a server that has not followed yet shows it with one question.
    if !is_fence(&fence, expected.fence) {
        return Served::Old { answered: describe(expected.fence_name, RecordType::TXT, &fence) };
    }
    let all = within.saturating_mul(questions(expected)).min(ROUND_MAX);
    match timeout(all, difference(round, expected)).await {
        Ok(Ok(None)) => Served::New,
        Ok(Ok(Some(answered))) => Served::Old { answered },
        Ok(Err(error)) => Served::Silent { reason: error.to_string(), heard: true },
        Err(_) => Served::Silent { reason: late(server, all), heard: true },
    }
}

fn late(server: SocketAddr, within: Duration) -> String {
    format!("{server} did not answer all within {} ms", within.as_millis())
}

/// How many questions a round has after the fence. An alias may need one more, to a resolver.
fn questions(expected: &Expected<'_>) -> u32 {
    let absent: usize = expected.absent.iter().map(|key| 1 + witnesses(key.name()).len()).sum();
    let drawn = expected.rrsets.values().flat_map(Rrset::weighted).map(|one| &one.set);
    let aliases = expected.rrsets.values().chain(drawn).filter(|set| set.alias().is_some()).count();
    u32::try_from(expected.rrsets.len() + aliases + absent).unwrap_or(u32::MAX)
}

async fn difference(round: Round<'_>, expected: &Expected<'_>) -> Result<Option<String>, AskError> {
    for (key, rrset) in expected.rrsets {
        let differs = match expected.shown(rrset) {
            Shown::Nothing(_) => continue,
            Shown::Addresses(alias) => {
                let content = round.ask(key.name(), key.rtype().record_type()).await?;
                unlike_alias(round, key, alias, expected.targets, &content).await
            }
            Shown::OneOf(sets) => unlike_any(round, key, sets, expected.targets).await?,
            Shown::Exactly => {
                let rtype = key.rtype().record_type();
                let content = round.ask(key.name(), rtype).await?;
                (!is_rrset(&content, rrset)).then(|| describe(key.name(), rtype, &content))
            }
        };
        if differs.is_some() {
            return Ok(differs);
        }
    }
    for key in expected.absent.iter().filter(|key| !expected.is_answered_for(key.name())) {
        let rtype = key.rtype().record_type();
        let content = round.ask(key.name(), rtype).await?;
        if content.is_present() && !is_lent(round, key.name(), rtype).await? {
            return Ok(Some(describe(key.name(), rtype, &content)));
        }
    }
    Ok(None)
}

/// What is wrong with an answer that is drawn by weight: it is none of those that can be drawn.
async fn unlike_any(
    round: Round<'_>,
    key: &RrsetKey,
    sets: &[Weighted],
    targets: &Targets,
) -> Result<Option<String>, AskError> {
    let rtype = key.rtype().record_type();
    let content = round.ask(key.name(), rtype).await?;
    let mut differs = describe(key.name(), rtype, &content);
    for Weighted { set, .. } in sets {
        let unlike = match set.alias() {
            None => (!is_rrset(&content, set)).then_some(None),
            Some(alias) => unlike_alias(round, key, alias, targets, &content).await.map(Some),
        };
        match unlike {
            None => return Ok(None),
            Some(why) => differs = why.unwrap_or(differs),
        }
    }
    Ok(Some(differs))
}

/// What is wrong with the answer of an alias, if anything is.
async fn unlike_alias(
    round: Round<'_>,
    key: &RrsetKey,
    alias: &Alias,
    targets: &Targets,
    content: &Content,
) -> Option<String> {
    let rtype = key.rtype().record_type();
    let Content::Records { values, .. } = content else {
        return Some(describe(key.name(), rtype, content));
    };
    if !targets.can_resolve() {
        return None;
    }
    let answered: BTreeSet<IpAddr> = values.iter().filter_map(RData::ip_addr).collect();
    let strangers = targets.strangers(alias.target(), &answered, round.within).await;
    strangers.map(|why| format!("{}: {why}", describe(key.name(), rtype, content)))
}

fn is_fence(content: &Content, expected: Option<&FenceText>) -> bool {
    match (content, expected) {
        (Content::Absent, None) => true,
        (Content::Records { values, .. }, Some(expected)) => {
            matches!(values.as_slice(), [RData::TXT(txt)] if strings(txt).as_ref() == Some(expected))
        }
        (Content::Absent, Some(_)) | (Content::Records { .. }, None) => false,
    }
}

/// A lower TTL is right too: a cache in front of the server, as of dnsdist, counts it down.
fn is_rrset(content: &Content, expected: &Rrset) -> bool {
    let served = content.clone().into_rrset(expected.key()).ok().flatten();
    let of_providers_choice = expected.ttl().as_secs() == TTL_AUTOMATIC;
    served.is_some_and(|served| served.same_values(expected) && (of_providers_choice || served.ttl() <= expected.ttl()))
}

async fn is_lent(round: Round<'_>, name: &Name, rtype: RecordType) -> Result<bool, AskError> {
    let witnesses = witnesses(name);
    for witness in &witnesses {
        if !round.ask(witness, rtype).await?.is_present() {
            return Ok(false);
        }
    }
    Ok(!witnesses.is_empty())
}

fn describe(name: &Name, rtype: RecordType, content: &Content) -> String {
    match content {
        Content::Absent => format!("{name} {rtype} is absent"),
        Content::Records { ttl_secs, values } => {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            format!("{name} {ttl_secs} {rtype} {}", values.join(", "))
        }
    }
}
