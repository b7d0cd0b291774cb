//! What is told about a target: in the log when something happens, in its sign as long as it lasts.

use std::collections::BTreeSet;

use dns_api::sync::TargetState;
use dns_provider::port::ProviderError;
use dns_service::exit::one_line;
use dns_zone::{Drift, Drifted, Kind, Next, Overspent, Proposal, SetChange, SetKey, Step};
use tracing::{error, info, warn};

use super::{Target, Trouble, keys};
use crate::daemon::metering::{self, Push};
use crate::sending::{SendError, Sent};

/// Refused sets that are named; more say no more.
const REFUSED_NAMED_MAX: usize = 5;

/// What log lines of written sets are filtered by, as they may be many.
const WRITTEN: &str = "dns_sync::written";

/// Sets found together that the log names; more say no more.
const DRIFT_LOGGED_MAX: usize = 20;

/// Reasons for which a target is held that are told; a zone of millions can have one for each of its sets.
const REASONS_TOLD_MAX: usize = 20;

impl Target {
    /// Drift is told when it is found, and stays in the report as long as it lasts. Of much at once the first is told, what wants a
    /// person before all else.
    pub(super) fn tell_drift(&mut self, drifted: &[Drifted]) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        self.sign.drifted(drifted);
        let mut alarms = Vec::new();
        for one in worth_telling(drifted).into_iter().take(DRIFT_LOGGED_MAX) {
            match one.drift {
                Drift::Lag => info!(%zone, provider = %target, "{one}"),
                Drift::LeftAlone(_) | Drift::Normalised => warn!(%zone, provider = %target, "{one}"),
                Drift::Reverted | Drift::Foreign => alarms.push(one.clone()),
            }
        }
        self.alarms.raise(alarms);
        let new =
            drifted.iter().filter(|one| one.is_new).inspect(|one| metering::drifted(zone, target, &one.drift)).count();
        if new > DRIFT_LOGGED_MAX {
            let more = new - DRIFT_LOGGED_MAX;
            warn!(%zone, provider = %target, "and {more} more sets have drifted; `GET /api/v1/sync` names them");
        }
    }

    /// What was written, or may have been, whatever became of the rest. Each set is told, as nothing else says afterwards what was done
    /// when.
    pub(super) fn tell_written(&self, done: &[SetChange], in_doubt: &[SetChange]) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        for change in done {
            info!(target: WRITTEN, %zone, provider = %target, set = %change.key, "written: {}", change.in_words());
        }
        for change in in_doubt {
            warn!(target: WRITTEN, %zone, provider = %target, set = %change.key, "perhaps written: {}", change.in_words());
        }
        for kind in [Kind::Create, Kind::Update, Kind::Delete] {
            let count = done.iter().filter(|change| change.kind() == kind).count() as u64;
            if count > 0 {
                metering::changed(zone, target, kind, count);
            }
        }
        if !done.is_empty() {
            self.sign.written();
        }
    }

    /// A batch is sent again, or looked for: before that is given up minutes may pass.
    pub(super) fn tell_again(&self, error: &ProviderError) {
        let reason = one_line(error);
        warn!(zone = %self.original.apex(), provider = %self.place.name, "a batch is not through yet, it is looked for or sent again: {reason}");
        self.sign.state(TargetState::Behind, vec![reason]);
    }

    /// A push that came to its end. What is refused again and again is told once.
    pub(super) fn tell_sent(&mut self, steps: &[Step], done: &[SetChange], sent: &Sent) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        for (index, reason) in &sent.refused {
            let sets = keys(&steps[*index]);
            let named: Vec<String> = sets.iter().map(ToString::to_string).collect();
            if self.poison.insert(sets, reason.clone()).as_ref() != Some(reason) {
                error!(%zone, provider = %target, sets = named.join(", "), "refused: {reason}");
            }
        }
        let whole = sent.refused.is_empty() && sent.withheld.is_empty();
        metering::pushed(zone, target, if whole { Push::Done } else { Push::Refused });
        if !done.is_empty() {
            info!(%zone, provider = %target, sets = done.len(), batches = sent.batches, "pushed");
        }
    }

    /// There is nothing left to write.
    pub(super) fn tell_equal(&mut self, refused: &BTreeSet<SetKey>) {
        self.poison.retain(|sets, _| sets.iter().any(|set| refused.contains(set)));
        let following = self.following.state();
        // The source has changed since, and the next round tells.
        if following.behind_since.is_some() {
            return;
        }
        if refused.is_empty() {
            return self.sign.state(TargetState::Equal, Vec::new());
        }
        let named: Vec<String> = refused.iter().take(REFUSED_NAMED_MAX).map(ToString::to_string).collect();
        let (count, named) = (refused.len(), named.join(", "));
        let reason =
            format!("{count} record sets are refused, or need one that is, and nothing is deleted meanwhile: {named}");
        self.sign.state(TargetState::Refusing, vec![reason]);
    }

    /// The limits of the zone, or something else about it, hold it.
    pub(super) fn tell_held(&mut self, proposal: &Proposal) {
        let limits = proposal.exceeded.iter().map(|one| one.limit.to_string());
        let markers = proposal.stray_markers.iter().map(ToString::to_string);
        let kinds = proposal.refusals.iter().map(ToString::to_string).chain(limits).chain(markers).collect();
        self.hold(kinds, bounded(proposal.stopped_by(&BTreeSet::new())));
    }

    /// What was written lately, of its zone or of all, leaves no room for it.
    pub(super) fn tell_overspent(&mut self, overspent: &[Overspent]) {
        let limits = overspent.iter().map(|one| one.exceeded.limit.to_string());
        self.hold(limits.collect(), overspent.iter().map(ToString::to_string).collect());
    }

    /// Told once, and again when it is held by something else; how far a limit is exceeded changes all the time.
    fn hold(&mut self, kinds: Vec<String>, reasons: Vec<String>) {
        if self.told != kinds {
            let (zone, target, reasons) = (self.original.apex(), &self.place.name, reasons.join("; "));
            error!(%zone, provider = %target, "held, nothing is written: {reasons}. `dns-sync plan` shows it, `dns-sync apply` does it");
            self.told = kinds;
        }
        self.sign.state(TargetState::Held, reasons);
    }

    /// Nothing holds it any more.
    pub(super) fn tell_no_hold(&mut self) {
        if !std::mem::take(&mut self.told).is_empty() {
            info!(zone = %self.original.apex(), provider = %self.place.name, "held no longer");
        }
        self.held_looks = 0;
    }

    /// Something went wrong: told once as long as it lasts.
    pub(super) fn tell_trouble(&mut self, trouble: &Trouble) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        let reason = one_line(trouble);
        if self.troubled.is_news(&reason) {
            warn!(%zone, provider = %target, "{reason}");
        }
        match trouble {
            Trouble::Unread(_) => metering::unread(zone, target),
            // It is about this machine.
            Trouble::Folder(_) | Trouble::Stopped => {}
            Trouble::Denied { .. } => metering::pushed(zone, target, Push::Refused),
            Trouble::Unsent(error) => metering::pushed(zone, target, outcome(error)),
        }
        self.sign.state(TargetState::Failing, vec![reason]);
    }

    /// Nothing is wrong.
    pub(super) fn tell_no_trouble(&mut self) {
        if self.troubled.is_over() {
            info!(zone = %self.original.apex(), provider = %self.place.name, "it is read and written again");
        }
    }
}

/// What became of a push that failed.
fn outcome(error: &SendError) -> Push {
    match error {
        SendError::Drifted { .. } => Push::Drifted,
        SendError::TooBig(_)
        | SendError::Provider { .. }
        | SendError::Stopped { .. }
        | SendError::RefusesAll { .. } => Push::Failed,
    }
}

/// What was not told yet, what is left to a person first.
fn worth_telling(drifted: &[Drifted]) -> Vec<&Drifted> {
    let mut new: Vec<&Drifted> = drifted.iter().filter(|one| one.is_new).collect();
    new.sort_by_key(|one| one.next != Next::Hold);
    new
}

/// The first of many reasons, and how many more there are.
fn bounded(mut reasons: Vec<String>) -> Vec<String> {
    let more = reasons.len().saturating_sub(REASONS_TOLD_MAX);
    if more > 0 {
        reasons.truncate(REASONS_TOLD_MAX);
        reasons.push(format!("and {more} more"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use dns_core::time::Timestamp;
    use dns_zone::Rtype;

    use super::*;
    use crate::fake::{apex, key};

    fn drifted(name: &str, next: Next, is_new: bool) -> Drifted {
        let change = SetChange { key: key(name, Rtype::A), before: None, after: None };
        Drifted { change, drift: Drift::Foreign, since: Timestamp::from_secs(0), is_new, next }
    }

    #[test]
    fn of_new_drift_what_wants_a_person_is_told_first() {
        let all = [drifted("a", Next::Wait, true), drifted("b", Next::Hold, true), drifted("c", Next::Hold, false)];
        let told: Vec<String> = worth_telling(&all).iter().map(|one| one.change.key.to_string()).collect();
        assert_eq!(told, ["b.example.test. A", "a.example.test. A"]);
    }

    #[test]
    fn of_many_reasons_the_first_are_told_and_the_others_counted() {
        let reasons = |count: usize| (0..count).map(|nth| nth.to_string()).collect::<Vec<_>>();
        assert_eq!(bounded(reasons(REASONS_TOLD_MAX)), reasons(REASONS_TOLD_MAX));
        let told = bounded(reasons(REASONS_TOLD_MAX + 30));
        assert_eq!((told.len(), told.last().map(String::as_str)), (REASONS_TOLD_MAX + 1, Some("and 30 more")));
    }

    #[test]
    fn a_push_that_somebody_elses_change_ended_has_not_failed() {
        let (zone, target, reason) = (apex(), "main".parse().expect("a name"), String::new());
        assert_eq!(outcome(&SendError::Drifted { zone, target, reason }), Push::Drifted);
        let (zone, target, reason) = (apex(), "main".parse().expect("a name"), String::new());
        assert_eq!(outcome(&SendError::RefusesAll { zone, target, reason }), Push::Failed);
    }
}
