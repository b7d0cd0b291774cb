//! Whether one server serves what was written: the fence and every RRset, in one bounded round.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use dns_core::fence::text::FenceText;
use dns_core::rrset::{Rrset, RrsetKey, Rrsets};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::time::timeout;

use super::{AskError, Content, ask};
use crate::content::strings;
use crate::wildcard::witnesses;

/// How long one round of questions to one server may take: a hundred of them to the other side of the world. Whoever
/// waits for the answer has other servers to ask as well.
const ROUND_MAX: Duration = Duration::from_secs(30);

/// What a server should serve.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The RRsets.
    pub rrsets: &'a Rrsets,
    /// Keys that should have no RRset of their own.
    pub absent: &'a BTreeSet<RrsetKey>,
    /// The owner name of the fence.
    pub fence_name: &'a Name,
    /// The fence.
    pub fence: &'a FenceText,
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

/// Asks one server for the fence and every RRset, one after the other, until something differs. Each question takes
/// `within` at the most, so that a server far away has the time that its distance takes; all of them together take
/// that for each question, and `ROUND_MAX` at the most.
pub async fn serves(server: SocketAddr, expected: &Expected<'_>, within: Duration) -> Served {
    let fence = match timeout(within, ask(server, expected.fence_name, RecordType::TXT, within)).await {
        Ok(Ok(fence)) => fence,
        Ok(Err(error)) => return Served::Silent { reason: error.to_string(), heard: false },
        Err(_) => return Served::Silent { reason: late(server, within), heard: false },
    };
    // First of all: a server that has not followed yet shows it with one question.
    if !is_fence(&fence, expected.fence) {
        return Served::Old { answered: describe(expected.fence_name, RecordType::TXT, &fence) };
    }
    let round = within.saturating_mul(questions(expected)).min(ROUND_MAX);
    match timeout(round, difference(server, expected, within)).await {
        Ok(Ok(None)) => Served::New,
        Ok(Ok(Some(answered))) => Served::Old { answered },
        Ok(Err(error)) => Served::Silent { reason: error.to_string(), heard: true },
        Err(_) => Served::Silent { reason: late(server, round), heard: true },
    }
}

fn late(server: SocketAddr, within: Duration) -> String {
    format!("{server} did not answer all within {} ms", within.as_millis())
}

/// How many questions a round has after the fence.
fn questions(expected: &Expected<'_>) -> u32 {
    let absent: usize = expected.absent.iter().map(|key| 1 + witnesses(key.name()).len()).sum();
    u32::try_from(expected.rrsets.len() + absent).unwrap_or(u32::MAX)
}

async fn difference(server: SocketAddr, expected: &Expected<'_>, within: Duration) -> Result<Option<String>, AskError> {
    for (key, rrset) in expected.rrsets {
        let rtype = key.rtype().record_type();
        let content = ask(server, key.name(), rtype, within).await?;
        if !is_rrset(&content, rrset) {
            return Ok(Some(describe(key.name(), rtype, &content)));
        }
    }
    for key in expected.absent {
        let rtype = key.rtype().record_type();
        let content = ask(server, key.name(), rtype, within).await?;
        if content.is_present() && !is_lent(server, key.name(), rtype, within).await? {
            return Ok(Some(describe(key.name(), rtype, &content)));
        }
    }
    Ok(None)
}

fn is_fence(content: &Content, expected: &FenceText) -> bool {
    let Content::Records { values, .. } = content else { return false };
    matches!(values.as_slice(), [RData::TXT(txt)] if strings(txt).as_ref() == Some(expected))
}

/// A lower TTL is right too: a cache in front of the server, as of dnsdist, counts it down.
fn is_rrset(content: &Content, expected: &Rrset) -> bool {
    let served = content.clone().into_rrset(expected.key()).ok().flatten();
    served.is_some_and(|served| served.same_values(expected) && served.ttl() <= expected.ttl())
}

async fn is_lent(server: SocketAddr, name: &Name, rtype: RecordType, within: Duration) -> Result<bool, AskError> {
    let witnesses = witnesses(name);
    for witness in &witnesses {
        if !ask(server, witness, rtype, within).await?.is_present() {
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
