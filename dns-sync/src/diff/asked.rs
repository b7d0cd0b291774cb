//! What a server serves that gives no transfers: it is asked for every record set that the other side has.
//!
//! What it has beside them stays unseen, and so does what no server answers with authority: what lies below a delegation or a
//! DNAME. Whoever is told the result is told that, too.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_zone::{RecordSet, Rtype, SetKey, TargetTraits, Zone, is_compared};
use futures_util::stream::{self, StreamExt as _};

use super::reading::Copy;
use crate::output::Output;
use crate::output::progress::Task;
use crate::served::{self, Unseen, is_seen};

/// Questions under way at once.
const AT_ONCE: usize = 64;

/// How often a question is asked that stays without an answer: a datagram may be lost.
const TRIES: usize = 3;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(3);

/// What the server answered.
pub(crate) struct Answers {
    /// The sets that it serves, of those it was asked for.
    pub(crate) served: Copy,
    /// The sets of the other side that it was asked for.
    pub(crate) wanted: Copy,
    /// How many sets of the other side it could not be asked for.
    pub(crate) unseen: usize,
}

/// A server that is not known to serve or not to serve something.
#[derive(Debug, thiserror::Error)]
#[error("{server} refuses transfers and does not answer for {failed} of {asked} record sets; {key}: {why}")]
pub(crate) struct Unanswered {
    server: SocketAddr,
    failed: usize,
    asked: usize,
    /// One of them.
    key: SetKey,
    why: Unseen,
}

/// Asks a server for all that the other side has.
///
/// # Errors
/// [`Unanswered`] if it does not say of every set whether it serves it: equal is only what is known to be.
pub(crate) async fn ask(server: SocketAddr, other: Copy, output: &Output) -> Result<Answers, Unanswered> {
    let Copy { zone, not_plain } = other;
    let soa = SetKey::new(zone.apex().clone(), Rtype::SOA);
    let plain = TargetTraits::default();
    let compared = zone.sets().map(|(key, _)| key).filter(|key| is_compared(key, zone.apex()));
    let (asked, unseen): (Vec<&SetKey>, Vec<&SetKey>) = compared.partition(|key| is_seen(&zone, &plain, key));
    // Beside what is compared: the serial says how old the server's copy is.
    let questions: Vec<&SetKey> = asked.iter().copied().chain([&soa]).collect();
    let answers = all_answers(server, &questions, output).await?;
    let wanted: Vec<(SetKey, RecordSet)> =
        questions.iter().filter_map(|key| Some(((*key).clone(), zone.get(key)?.clone()))).collect();
    let of_sets =
        |sets| Zone::of_sets(zone.apex().clone(), sets).expect("invariant: only names of the zone were asked for");
    let unseen = unseen.len();
    let answered = Copy { zone: of_sets(answers), not_plain: Vec::new() };
    Ok(Answers { served: answered, wanted: Copy { zone: of_sets(wanted), not_plain }, unseen })
}

async fn all_answers(
    server: SocketAddr,
    questions: &[&SetKey],
    output: &Output,
) -> Result<Vec<(SetKey, RecordSet)>, Unanswered> {
    let about = format!("asking {server}");
    let progress = output.progress(Task { about, unit: "record sets", total: Some(questions.len()) });
    let answered = AtomicUsize::new(0);
    let asked = questions.iter().map(|key| async {
        let answer = patiently(server, key).await;
        progress.at(answered.fetch_add(1, Ordering::Relaxed) + 1);
        ((*key).clone(), answer)
    });
    let answers: Vec<(SetKey, Result<Option<RecordSet>, Unseen>)> =
        stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let failed = answers.iter().filter(|(_, answer)| answer.is_err()).count();
    let asked = questions.len();
    let answers = answers.into_iter().map(|(key, answer)| match answer {
        Ok(set) => Ok(set.map(|set| (key, set))),
        Err(why) => Err(Unanswered { server, failed, asked, key, why }),
    });
    Ok(answers.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

async fn patiently(server: SocketAddr, key: &SetKey) -> Result<Option<RecordSet>, Unseen> {
    let mut last = served::fetch(server, key, WITHIN).await;
    for _ in 1..TRIES {
        if last.is_ok() {
            break;
        }
        last = served::fetch(server, key, WITHIN).await;
    }
    last
}
