//! Evacuations as the store has them, readable or not.
//!
//! An open one that cannot be read still keeps services out of its region: an operator has ordered that, and a row that a
//! program does not understand takes no order back. It stands as stopped, pages, and can be closed. If even its name or
//! region cannot be read, or none of them can, nothing fails back anywhere until somebody has mended that.

use std::collections::BTreeMap;

use dns_core::evacuation::rounds::Rounds;
use dns_core::evacuation::{Evacuation, Stage};
use dns_core::time::Timestamp;
use dns_service::exit::one_line;
use dns_store::port::{StoreError, StoredEvacuation};

use super::{ENDED_SHOWN, Kept};
use crate::engine::Owner;

/// How much of a text that cannot be read goes into the history when it is replaced: all of what evacuations are.
const UNREADABLE_MAX: usize = 4096;

/// What a person does about rows of which not even the region is known.
const WAY_OUT: &str = "mend its row in `evacuation` of the store, or restore the store; until then nothing fails back without \
                       `--override regionEvacuated`";

impl Owner {
    /// Reads what a former process has left, as soon as the store can be read.
    pub(in crate::engine) async fn load_evacuations(&mut self) {
        if self.evacuations.kept.is_some() || self.trouble.shut().is_some() {
            return;
        }
        let stored = match self.parts.store.evacuations(ENDED_SHOWN).await {
            Ok(stored) => stored,
            Err(error) => {
                if matches!(error, StoreError::Corrupt { .. }) {
                    self.fleet.set_evacuations_unknown(Some(unknown_by(&one_line(&error))));
                }
                return self.trouble.note(&error);
            }
        };
        let now = self.parts.clock.now();
        let (mut kept, mut unknown) = (BTreeMap::new(), None);
        for one in stored {
            match self.taken_up(&one, now) {
                Ok(Some(taken)) => drop(kept.insert(taken.evacuation.id.clone(), taken)),
                Ok(None) => {}
                Err(error) => {
                    let reason = format!("evacuation `{}` of region `{}`: {error}; {WAY_OUT}", one.id, one.region);
                    unknown.get_or_insert_with(|| unknown_by(&reason));
                    self.trouble.note(&StoreError::Corrupt { subject: "of evacuations".to_owned(), reason });
                }
            }
        }
        self.fleet.set_evacuations_unknown(unknown);
        self.evacuations.kept = Some(kept);
        self.show_evacuations();
    }

    /// One evacuation; nothing of one that is over and cannot be read.
    ///
    /// # Errors
    /// What cannot be read of one that is not over, if that is more than what was ordered.
    fn taken_up(&self, stored: &StoredEvacuation, now: Timestamp) -> Result<Option<Kept>, String> {
        let (generation, rounds) = (stored.generation, Rounds::begin(now));
        let error = match serde_json::from_str::<Evacuation>(&stored.state) {
            Ok(evacuation) => {
                let tally = evacuation.outcome.unwrap_or_default();
                return Ok(Some(Kept { evacuation, generation, rounds, tally, unreadable: None }));
            }
            Err(error) => error.to_string(),
        };
        if !stored.open {
            tracing::warn!(evacuation = stored.id, error, "an evacuation that is over cannot be read and is not shown");
            return Ok(None);
        }
        let evacuation = self.stand_in(stored, &error, now)?;
        tracing::error!(evacuation = stored.id, region = stored.region, error, "an open evacuation cannot be read");
        let unreadable = Some(stored.state.chars().take(UNREADABLE_MAX).collect());
        Ok(Some(Kept { evacuation, generation, rounds, tally: dns_core::evacuation::Tally::default(), unreadable }))
    }

    /// What stands for an evacuation that cannot be read: one that has stopped.
    fn stand_in(&self, stored: &StoredEvacuation, error: &str, now: Timestamp) -> Result<Evacuation, String> {
        let id = stored.id.parse().map_err(|_| format!("{error}, and its id is none"))?;
        let region = stored.region.parse().map_err(|_| format!("{error}, and its region is none"))?;
        let herald = self.herald().ok_or_else(|| format!("{error}, and no service is configured"))?;
        let why = format!(
            "its stored state cannot be read ({error}): end it with `dns-admin region close {id}`, or start the program \
             that wrote it, or restore the store"
        );
        Ok(Evacuation {
            id,
            region,
            to: None,
            undoes: None,
            by: "unknown".parse().expect("invariant: a valid name"),
            reason: "what was ordered cannot be read".to_owned(),
            overrides: Vec::new(),
            wave_max: None,
            started: now,
            herald,
            services: 0,
            run: 1,
            stage: Stage::Stopped { since: now, by: None, why },
            outcome: None,
        })
    }
}

fn unknown_by(why: &str) -> String {
    format!("nobody can tell which regions are being evacuated: {why}")
}
