//! Gates of a timeline: what each says, and how controllers hear of it. Each is asked every second.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use dns_core::gate::{Answer, GateBook, GateEvidence, GateKey, GateSpec, HttpGate};
use dns_core::service::Service;
use dns_core::time::Timestamp;

/// How long a yes counts.
const WITHIN: Duration = Duration::from_secs(30);

/// What the gates of regions say.
#[derive(Debug, Default)]
pub struct Gates {
    answers: BTreeMap<String, Answer>,
}

impl Gates {
    /// Gates of these regions, all of which say yes.
    pub fn of(regions: &[String]) -> Self {
        let yes = |region: &String| (region.clone(), Answer::Yes("lagSeconds 1".to_owned()));
        Self { answers: regions.iter().map(yes).collect() }
    }

    /// From now on one says something else.
    ///
    /// # Errors
    /// If the region has no gate, or it is no answer.
    pub fn say(&mut self, region: &str, word: &str, said: &str) -> Result<()> {
        let answer = self.answers.get_mut(region).context("the region has no gate; name it under `gates`")?;
        *answer = match word {
            "yes" => Answer::Yes(said.to_owned()),
            "no" => Answer::No(said.to_owned()),
            "nothing" => Answer::Silent(said.to_owned()),
            _ => bail!("a gate says yes, no or nothing"),
        };
        Ok(())
    }

    /// Asks all of them.
    pub fn ask(&self, service: &Service, book: &mut GateBook, now: Timestamp) {
        for region in &service.regions {
            for (gate, answer) in region.gates.iter().zip(self.answers.get(region.name.as_str())) {
                let (service, region) = (service.name.clone(), region.name.clone());
                let key = GateKey { service, region, gate: gate.name.clone() };
                let before = book.remove(&key);
                book.insert(key, GateEvidence::after(before, gate.within, now, answer.clone()));
            }
        }
    }
}

/// The service with a gate at each of these regions.
pub fn gated(mut service: Service, regions: &[String]) -> Service {
    for region in service.regions.iter_mut().filter(|region| regions.contains(&region.name.to_string())) {
        region.gates.edit(|gates| gates.push(replication()));
    }
    service
}

fn replication() -> GateSpec {
    let http = HttpGate {
        url: "https://replication.example.net/lag".to_owned(),
        timeout: Duration::from_secs(2),
        token_file: None,
        max: BTreeMap::from([("lagSeconds".to_owned(), 5)]),
        min: BTreeMap::new(),
    };
    GateSpec { name: "replication".parse().expect("a name"), http, every: Duration::from_secs(1), within: WITHIN }
}
