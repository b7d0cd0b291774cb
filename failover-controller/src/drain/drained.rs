//! How far a panel of resolvers is: who serves the new records, and how long the others may take.

use std::net::SocketAddr;
use std::time::Duration;

use dns_core::fence::DecisionId;

/// A panel's state at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    /// The move.
    pub(crate) plan: DecisionId,
    /// Whether resolvers are still asked.
    pub(crate) running: bool,
    /// When the last old answer must have left every cache that keeps to TTLs.
    pub(crate) rest: Duration,
    /// Each resolver.
    pub(crate) resolvers: Vec<(SocketAddr, Sample)>,
}

/// What one resolver was last seen to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// The new records; it took so long from the move.
    New {
        /// From the move to the first answer with all of them.
        took: Duration,
    },
    /// An older answer.
    Old {
        /// What it answered.
        answered: String,
        /// How long it may keep it, if it said so.
        rest: Option<Duration>,
    },
    /// Nothing.
    Silent {
        /// Why.
        reason: String,
    },
}

impl Drained {
    /// How many serve the new records.
    pub(crate) fn served(&self) -> usize {
        self.resolvers.iter().filter(|(_, sample)| matches!(sample, Sample::New { .. })).count()
    }

    /// Their share.
    pub(crate) fn ratio(&self) -> f64 {
        // A panel has a few dozen resolvers, which every float holds exactly.
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        if self.resolvers.is_empty() { 1.0 } else { count(self.served()) / count(self.resolvers.len()) }
    }

    /// Their share in whole percent, rounded down: 100 only for all.
    pub(crate) fn percent(&self) -> usize {
        (self.served() * 100).checked_div(self.resolvers.len()).unwrap_or(100)
    }

    /// When the rest should serve the new records: as long as the longest old answer may be kept.
    pub(crate) fn estimate(&self) -> Option<Duration> {
        let rests = self.resolvers.iter().filter_map(|(_, sample)| match sample {
            Sample::New { .. } => None,
            Sample::Old { rest, .. } => Some(rest.unwrap_or(self.rest).min(self.rest)),
            Sample::Silent { .. } => Some(self.rest),
        });
        rests.max()
    }

    /// For people.
    pub(crate) fn describe(&self) -> String {
        let (served, all) = (self.served(), self.resolvers.len());
        match self.estimate() {
            None => format!("drained {served} of {all} resolvers"),
            Some(rest) if self.running => {
                format!("drained {served} of {all} resolvers, the rest within {} s", rest.as_secs_f32().ceil())
            }
            Some(_) => {
                format!("drained {served} of {all} resolvers, although the old TTL has run out: {}", self.stragglers())
            }
        }
    }

    fn stragglers(&self) -> String {
        let words = self.resolvers.iter().filter_map(|(resolver, sample)| match sample {
            Sample::New { .. } => None,
            Sample::Old { answered, .. } => Some(format!("{resolver} answers {answered}")),
            Sample::Silent { reason } => Some(format!("{resolver} does not answer ({reason})")),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use dns_core::time::Timestamp;

    use super::*;

    fn drained(running: bool, samples: Vec<Sample>) -> Drained {
        let resolver = |last: usize| SocketAddr::from(([192, 0, 2, u8::try_from(last).expect("few")], 53));
        Drained {
            plan: DecisionId::at(Timestamp::from_secs(1), 1),
            running,
            rest: Duration::from_secs(50),
            resolvers: samples.into_iter().enumerate().map(|(at, sample)| (resolver(at), sample)).collect(),
        }
    }

    fn new() -> Sample {
        Sample::New { took: Duration::from_secs(1) }
    }

    fn old(rest: Option<u64>) -> Sample {
        Sample::Old { answered: "api A 192.0.2.1".to_owned(), rest: rest.map(Duration::from_secs) }
    }

    #[test]
    fn says_how_many_and_how_long_the_rest_may_take() {
        let some = drained(true, vec![new(), new(), new(), old(Some(41))]);
        assert_eq!(some.describe(), "drained 3 of 4 resolvers, the rest within 41 s");
        assert!((some.ratio() - 0.75).abs() < f64::EPSILON);
        // A TTL of a day after a move of records with a TTL of a minute is another's, or no truth.
        assert_eq!(drained(true, vec![new(), old(Some(86_400))]).estimate(), Some(Duration::from_secs(50)));
        assert_eq!(drained(true, vec![old(Some(3)), old(None)]).estimate(), Some(Duration::from_secs(50)));
        assert_eq!(drained(true, vec![new()]).describe(), "drained 1 of 1 resolvers");
    }

    #[test]
    fn names_who_still_answers_the_old_in_the_end() {
        let silent = Sample::Silent { reason: "nothing within 1000 ms".to_owned() };
        let told = drained(false, vec![new(), old(None), silent]).describe();
        assert!(told.starts_with("drained 1 of 3 resolvers, although the old TTL has run out: "), "{told}");
        assert!(told.contains("192.0.2.1:53 answers api A 192.0.2.1; 192.0.2.2:53 does not answer"), "{told}");
    }
}
