//! Carries out one order: shows the change, asks where something is taken from others, writes it, and reads it back.

use std::io::{BufRead as _, IsTerminal as _};

use dns_core::identifier::{Installation, ProviderName};
use dns_service::clock::Clock;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Line, Mark, Owner, SetChange, Step, change_lines};
use tokio_util::sync::CancellationToken;

use super::order::Order;
use super::{Claims, UnreadClaims, read};
use crate::arguments::ownership::At;
use crate::output::Output;
use crate::place::Place;
use crate::sending::{SendError, Sender, Watch, never_stale};

/// Why an order was not carried out, or not for sure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    /// Somebody else was faster.
    #[error(
        "someone else changed who owns what in {zone} at `{target}` meanwhile ({reason}); look with `ownership show`, then \
         run this again if it is still meant"
    )]
    Overtaken {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// What is other.
        reason: String,
    },
    /// The target does not take it.
    #[error("`{target}` refuses the ownership manifest of {zone}: {reason}")]
    Refused {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// What it said.
        reason: String,
    },
    /// It could not be sent, or nobody knows what came of it.
    #[error("the ownership manifest of {zone} could not be written, or not for sure; look with `ownership show`")]
    Unsent {
        /// The zone.
        zone: Owner,
        /// Why.
        #[source]
        source: Box<SendError>,
    },
}

impl OrderError {
    fn into_failure(self) -> Failure {
        let exit = match &self {
            Self::Overtaken { .. } => Exit::Refused,
            Self::Refused { .. } => Exit::Failed,
            Self::Unsent { source, .. } => match **source {
                SendError::Provider { .. } => Exit::Unreachable,
                SendError::Drifted { .. }
                | SendError::TooBig(_)
                | SendError::RefusesAll { .. }
                | SendError::Stopped { .. } => Exit::Failed,
            },
        };
        Failure::new(exit, self)
    }
}

/// Carries out an order at one target. `yes` says that nobody has to be asked.
pub(super) async fn carry_out(
    target: &Place,
    at: &At,
    order: &Order,
    yes: bool,
    output: &Output,
) -> Result<Exit, Failure> {
    let asked = asked(order).filter(|_| !yes && !at.preview);
    if asked.is_some() {
        may_be_asked()?;
    }
    let claims = read(target, &at.zone, output).await.map_err(UnreadClaims::into_failure)?;
    let refused = |error| Failure::new(Exit::Refused, error);
    let becomes = order.of(&claims.manifest).map_err(refused)?;
    let about = format!("{} at `{}`", at.zone, target.name);
    let Some(change) = becomes.change_in(&claims.zone).map_err(refused)? else {
        output.answer(&format!("{about}: {} already", order.done(&at.zone)))?;
        return Ok(Exit::Done);
    };
    show(&about, order, &claims, &change, output)?;
    if at.preview {
        output.note("a preview: nothing was written")?;
        return Ok(Exit::Done);
    }
    if let Some(from) = asked {
        confirm(from)?;
    }
    write(target, &at.zone, &change).await.map_err(OrderError::into_failure)?;
    let held = read(target, &at.zone, output).await.map_err(|error| Failure::new(Exit::Unverified, error))?;
    if held.manifest != becomes {
        output.answer(&format!("! {about} does not hold what was written; look with `ownership show`"))?;
        return Ok(Exit::Unverified);
    }
    output.answer(&format!("{about}: {}", order.done(&at.zone)))?;
    Ok(Exit::Done)
}

fn show(about: &str, order: &Order, claims: &Claims, change: &SetChange, output: &Output) -> std::io::Result<()> {
    let mut lines = vec![Line { mark: Mark::Head, text: about.to_owned() }];
    lines.extend(change_lines(change));
    let notes = order.notes(&claims.manifest, claims.zone.apex());
    lines.extend(notes.into_iter().map(|note| dns_zone::line(Mark::Note, note)));
    output.lines(&lines)
}

/// Sends the one change. It is never sent again after a conflict.
async fn write(target: &Place, zone: &Owner, change: &SetChange) -> Result<(), OrderError> {
    let stop = CancellationToken::new();
    let sender = Sender {
        zone,
        target,
        clock: Clock::start(),
        stop: &stop,
        is_stale: &never_stale,
        again: &|_| {},
        tell: &|_| {},
    };
    let (sent, ended) = sender.send(&[Step::from(vec![change.clone()])], &mut Watch::nothing(zone)).await;
    ended.map_err(|error| match error {
        SendError::Drifted { zone, target, reason } => OrderError::Overtaken { zone, target, reason },
        error => OrderError::Unsent { zone: zone.clone(), source: Box::new(error) },
    })?;
    match sent.refused.into_iter().next() {
        Some((_, reason)) => Err(OrderError::Refused { zone: zone.clone(), target: target.name.clone(), reason }),
        None => Ok(()),
    }
}

/// Who would lose something by an order, if that is not whoever gives it.
fn asked(order: &Order) -> Option<&Installation> {
    match order {
        Order::Transfer { from, .. } => Some(from),
        Order::Claim(..) | Order::Release(..) => None,
    }
}

/// Nothing is begun that could only end with a question that nobody can answer.
fn may_be_asked() -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    let reason = "this takes claims from another installation, and there is no terminal to ask on: --preview shows them, \
                  --yes takes them without asking";
    Err(Failure::new(Exit::Usage, reason))
}

/// The installation's name, not `y`: it is somebody else's.
fn confirm(from: &Installation) -> Result<(), Failure> {
    eprint!("Type `{from}` to take all of this from it, anything else to stop: ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == from.as_str() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "not confirmed; nothing was written"))
}

#[cfg(test)]
mod tests {
    use dns_provider::zones::NotPlain;
    use dns_zone::{Claim, Extent, Part};

    use super::*;
    use crate::fake::{Fake, Happening, apex, zone};

    const ACME: &str = "_dns-sync TXT \"v=dnssync1;install=acme;own=zone;\"";
    const BETA: &str = "_dns-sync TXT \"v=dnssync1;install=beta;own=zone;\"";

    fn install(text: &str) -> Installation {
        text.parse().expect("a name")
    }

    fn transfer(to: &str) -> Order {
        Order::Transfer { from: install("acme"), to: install(to) }
    }

    /// What came of an order, and how often something was sent.
    async fn ordered(fake: &Fake, order: &Order, preview: bool, yes: bool) -> (Result<Exit, (Exit, String)>, usize) {
        let at = At { zone: apex(), target: "main".parse().expect("a name"), preview };
        let output = Output::new(true).without_progress();
        let done = carry_out(&fake.place(), &at, order, yes, &output).await;
        let calls = fake.state().calls.len();
        (done.map_err(|failure| (failure.exit(), failure.reason())), calls)
    }

    /// The installation that the fake's manifest names.
    fn holds(fake: &Fake, line: &str) -> bool {
        let wanted = zone(&[line]);
        let (key, set) = wanted.sets().next().expect("one set");
        fake.state().zone.get(key).is_some_and(|held| held.values() == set.values())
    }

    #[tokio::test]
    async fn a_transfer_is_one_change_and_the_second_finds_nothing_left() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        assert_eq!(ordered(&fake, &transfer("beta"), false, true).await, (Ok(Exit::Done), 1));
        assert!(holds(&fake, BETA));
        let (refused, calls) = ordered(&fake, &transfer("gamma"), false, true).await;
        assert_eq!((refused.map_err(|(exit, _)| exit), calls), (Err(Exit::Refused), 1), "acme has nothing any more");
    }

    #[tokio::test]
    async fn who_was_overtaken_is_told_to_look_and_sends_nothing_again() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        fake.state().script.push_back(Happening::Conflict);
        let (refused, calls) = ordered(&fake, &transfer("beta"), false, true).await;
        let (exit, reason) = refused.expect_err("a conflict");
        assert_eq!((exit, calls), (Exit::Refused, 1));
        assert!(reason.contains("run this again") && holds(&fake, ACME), "{reason}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_answer_the_zone_is_read() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        fake.state().script.push_back(Happening::Unanswered { arrives_at_list: 1 });
        assert_eq!(ordered(&fake, &transfer("beta"), false, true).await, (Ok(Exit::Done), 1), "it had arrived");
        assert!(holds(&fake, BETA));
    }

    #[tokio::test]
    async fn a_preview_writes_nothing_and_asks_nobody() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        assert_eq!(ordered(&fake, &transfer("beta"), true, false).await, (Ok(Exit::Done), 0));
        assert!(holds(&fake, ACME));
    }

    #[tokio::test]
    async fn a_manifest_that_nobody_understands_is_not_changed() {
        let fake = Fake::holding(zone(&["_dns-sync TXT \"v=dnssync1;install=acme;own=all;\""]), 10);
        let (refused, calls) = ordered(&fake, &transfer("beta"), false, true).await;
        let (exit, reason) = refused.expect_err("no claim");
        assert_eq!((exit, calls), (Exit::Refused, 0));
        assert!(reason.contains("mend it by hand"), "{reason}");
    }

    #[tokio::test]
    async fn a_manifest_that_no_record_set_can_tell_is_not_changed() {
        let fake = Fake::holding(zone(&[]), 10);
        let owner = "_dns-sync.example.test.".parse().expect("a name");
        fake.state().not_plain.push(NotPlain { owner, rtype: "TXT".to_owned(), reason: "disabled".to_owned() });
        let all = Claim::new(Extent::Zone, [], Part::Whole).expect("a claim");
        let claim = Order::Claim(install("acme"), all);
        let (refused, calls) = ordered(&fake, &claim, false, true).await;
        let (exit, reason) = refused.expect_err("it cannot be read");
        assert_eq!((exit, calls), (Exit::Refused, 0));
        assert!(reason.contains("no plain record set (TXT: disabled)"), "{reason}");
    }

    #[tokio::test]
    async fn what_is_not_there_afterwards_is_not_called_done() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        fake.state().script.push_back(Happening::Swallowed);
        assert_eq!(ordered(&fake, &transfer("beta"), false, true).await, (Ok(Exit::Unverified), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_is_never_reached_ends_with_its_own_code() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        fake.state().script = vec![Happening::Unreached; 20].into();
        let (refused, _) = ordered(&fake, &transfer("beta"), false, true).await;
        assert_eq!(refused.map_err(|(exit, _)| exit), Err(Exit::Unreachable));
    }

    #[tokio::test]
    async fn a_target_that_refuses_the_set_is_told_with_its_words() {
        let fake = Fake::holding(zone(&[ACME]), 10);
        fake.state().poison = zone(&[ACME]).sets().map(|(key, _)| key.clone()).collect();
        let (refused, _) = ordered(&fake, &transfer("beta"), false, true).await;
        let (exit, reason) = refused.expect_err("refused");
        assert_eq!(exit, Exit::Failed);
        assert!(reason.ends_with("not here"), "{reason}");
    }
}
