//! What is told about a target: in the log when something happens, in its sign as long as it lasts.

use std::collections::BTreeSet;

use dns_api::sync::TargetState;
use dns_service::exit::one_line;
use dns_zone::{Drift, Drifted, Kind, Proposal, SetChange, SetKey, Step};
use tracing::{error, info, warn};

use super::{Target, Trouble};
use crate::daemon::metering::{self, Push};
use crate::sending::{SendError, Sent};

/// Refused sets that are named; more say no more.
const REFUSED_NAMED_MAX: usize = 5;

impl Target {
    /// Drift is told when it is found, and stays in the report as long as it lasts.
    pub(super) fn tell_drift(&mut self, drifted: &[Drifted]) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        self.sign.drifted(drifted);
        let mut alarms = Vec::new();
        for one in drifted.iter().filter(|one| one.is_new) {
            match one.drift {
                Drift::Lag => info!(%zone, %target, "{one}"),
                Drift::LeftAlone(_) | Drift::Normalised => warn!(%zone, %target, "{one}"),
                Drift::Reverted | Drift::Foreign => alarms.push(one.clone()),
            }
            metering::drifted(zone, target, &one.drift);
        }
        self.alarms.raise(alarms);
    }

    /// What was written, whatever became of the rest.
    pub(super) fn tell_written(&self, done: &[SetChange]) {
        let (zone, target) = (self.original.apex(), &self.place.name);
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

    /// A push that came to its end.
    pub(super) fn tell_sent(&self, steps: &[Step], done: &[SetChange], sent: &Sent) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        for (index, reason) in &sent.refused {
            let sets: Vec<String> = steps[*index].changes.iter().map(|change| change.key.to_string()).collect();
            error!(%zone, %target, sets = sets.join(", "), "refused: {reason}");
        }
        let whole = sent.refused.is_empty() && sent.withheld.is_empty();
        metering::pushed(zone, target, if whole { Push::Done } else { Push::Refused });
        info!(%zone, %target, sets = done.len(), batches = sent.batches, "pushed");
    }

    /// There is nothing left to write.
    pub(super) fn tell_equal(&self, refused: &BTreeSet<SetKey>) {
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

    /// Told once, and again when it is held by something else; how far a limit is exceeded changes all the time.
    pub(super) fn tell_held(&mut self, proposal: &Proposal) {
        let reasons = proposal.stopped_by(&BTreeSet::new());
        let limits = proposal.exceeded.iter().map(|one| one.limit.to_string());
        let markers = proposal.stray_markers.iter().map(ToString::to_string);
        let kinds: Vec<String> =
            proposal.refusals.iter().map(ToString::to_string).chain(limits).chain(markers).collect();
        if self.told != kinds {
            let (zone, target, reasons) = (self.original.apex(), &self.place.name, reasons.join("; "));
            error!(%zone, %target, "held, nothing is written: {reasons}. `dns-sync plan` shows it, `dns-sync apply` does it");
            self.told = kinds;
        }
        self.sign.state(TargetState::Held, reasons);
    }

    /// Something went wrong.
    pub(super) fn tell_trouble(&self, trouble: &Trouble) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        let reason = one_line(trouble);
        let outcome = match trouble {
            Trouble::Unsent(SendError::Drifted { .. }) => Push::Drifted,
            Trouble::Unsent(_) | Trouble::Unread(_) | Trouble::Folder(_) => Push::Failed,
        };
        warn!(%zone, %target, "{reason}");
        metering::pushed(zone, target, outcome);
        self.sign.state(TargetState::Failing, vec![reason]);
    }
}
