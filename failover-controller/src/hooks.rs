//! Pre-flip hooks: whoever must be asked before a move is sent, and may say no.
//!
//! All of them are asked at once, after the decision and before the permit; the safety kernel is asked again after them.
//! Who does not answer in time has said what the configuration says for that case. Nobody is asked by a place that only
//! comes after another, or when an operator overrides `hooksAgreed`.

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_core::identifier::ServiceName;
use dns_core::kernel::Rule;
use dns_core::write::{PlannedWrite, WriteKind};
use dns_service::config::Config;
use dns_service::config::notification::{HookConfig, OnTimeout, PreFlipHook};
use dns_store::port::StoreError;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::report::rfc3339;
use crate::notify::post::clean;
use crate::notify::signature::signed;
use crate::notify::story::Story;
use crate::notify::{Office, hook_answered, webhook};

/// A reason stands in history rows and on telephones.
const REASON_CHARS_MAX: usize = 200;

/// Who is asked about which service's moves.
pub(crate) struct Hooks {
    office: Arc<Office>,
    before: BTreeMap<ServiceName, Arc<[PreFlipHook]>>,
}

/// What all hooks together say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Nobody says no.
    Given,
    /// Somebody does: who, and why.
    Vetoed(String),
}

/// What a hook answers.
#[derive(Debug, Deserialize)]
struct Answered {
    verdict: Verdict,
    #[serde(default)]
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Verdict {
    Proceed,
    Veto,
}

impl Hooks {
    pub(crate) fn new(config: &Config, office: &Arc<Office>) -> Self {
        let mut before = BTreeMap::new();
        for hooks in config.hooks.iter().filter(|hooks| !hooks.pre_flip.is_empty()) {
            let all: Arc<[PreFlipHook]> = hooks.pre_flip.clone().into();
            before.extend(hooks.services.iter().map(|service| (service.clone(), Arc::clone(&all))));
        }
        Self { office: Arc::clone(office), before }
    }

    /// Asks whoever must be asked about a write. Cancel safe: hooks may be asked again about the same decision.
    ///
    /// # Errors
    /// If the history, which has the evidence, cannot be read now.
    pub(crate) async fn ask(&self, write: &PlannedWrite) -> Result<Consent, StoreError> {
        let Some(hooks) = self.before.get(&write.service).filter(|_| is_asked_about(write)) else {
            return Ok(Consent::Given);
        };
        let story = Story::of(self.office.store.as_ref(), &write.id).await?;
        let question = self.question(write, story.as_ref());
        let answers = join_all(hooks.iter().map(|hook| self.ask_one(hook, write, &question))).await;
        let veto = answers.into_iter().find_map(|consent| match consent {
            Consent::Given => None,
            Consent::Vetoed(why) => Some(why),
        });
        Ok(veto.map_or(Consent::Given, Consent::Vetoed))
    }

    fn question(&self, write: &PlannedWrite, story: Option<&Story>) -> Value {
        let mut facts = story.map(Story::facts).unwrap_or_default();
        let Office { installation, actor, .. } = self.office.as_ref();
        let asked = json!({
            "version": webhook::VERSION,
            "hook": "preFlip",
            "id": write.id,
            "installation": installation,
            "controller": actor,
            "service": write.service,
            "decision": write.id,
            "kind": write.kind,
            "from": write.from,
            "to": write.to,
            "share": write.fence.blend.as_ref().map(|blend| u8::from(blend.share())),
            "epoch": write.fence.epoch,
            "reason": write.reason,
            "validUntil": rfc3339(write.valid_until),
        });
        if let Value::Object(asked) = asked {
            facts.extend(asked);
        }
        Value::Object(facts)
    }

    async fn ask_one(&self, hook: &PreFlipHook, write: &PlannedWrite, question: &Value) -> Consent {
        let name = &hook.hook.name;
        match self.answer_of(&hook.hook, write, question).await {
            Ok(Answered { verdict: Verdict::Proceed, .. }) => {
                hook_answered(name.as_str(), "proceed");
                Consent::Given
            }
            Ok(Answered { verdict: Verdict::Veto, reason }) => {
                hook_answered(name.as_str(), "veto");
                let reason = clean(&reason, REASON_CHARS_MAX);
                let reason = if reason.is_empty() { "it gives no reason".to_owned() } else { reason };
                Consent::Vetoed(format!("vetoed by hook {name}: {reason}"))
            }
            Err(why) => {
                hook_answered(name.as_str(), "timeout");
                tracing::warn!(hook = %name, service = %write.service, decision = %write.id, why, "a hook gave no verdict");
                silent(hook, &why)
            }
        }
    }

    async fn answer_of(&self, hook: &HookConfig, write: &PlannedWrite, question: &Value) -> Result<Answered, String> {
        let HookConfig { name: _, url, secret_file, timeout } = hook;
        let letter = signed(url, secret_file, write.id.as_str(), self.office.clock.wall(), question).await?;
        let answer = self.office.poster.post(&letter, *timeout).await?;
        if answer.status != 200 {
            return Err(answer.quote());
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| format!("{}, which is no verdict: {error}", answer.quote()))
    }
}

/// Only moves that decide, and only if nobody has taken it upon them to move without. To take a share back from a region that
/// is lost goes nowhere new.
fn is_asked_about(write: &PlannedWrite) -> bool {
    write.kind.moves()
        && write.kind != WriteKind::Abort
        && !write.aligns()
        && !write.overrides.contains(&Rule::HooksAgreed)
}

fn silent(hook: &PreFlipHook, why: &str) -> Consent {
    match hook.on_timeout {
        OnTimeout::Proceed => Consent::Given,
        OnTimeout::Veto => Consent::Vetoed(format!(
            "vetoed by hook {}: it gave no verdict within {} ms, which counts as a veto: {}",
            hook.hook.name,
            hook.hook.timeout.as_millis(),
            clean(why, REASON_CHARS_MAX)
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hook(on_timeout: OnTimeout) -> PreFlipHook {
        let hook = HookConfig {
            name: "desk".parse().expect("a name"),
            url: "https://desk.example.net/".parse().expect("a URL"),
            secret_file: "/run/secrets/desk".into(),
            timeout: Duration::from_secs(2),
        };
        PreFlipHook { hook, on_timeout }
    }

    /// A write of a decision `d1`, whose fence says of which decision the move is.
    fn write(kind: &str, plan: &str, overrides: &[&str]) -> PlannedWrite {
        serde_json::from_value(json!({
            "id": "d1", "service": "checkout", "kind": kind, "initiative": "manual", "by": "oncall",
            "from": "prod", "to": "dr", "reason": "x", "overrides": overrides,
            "decided": 1_795_246_200_000_u64, "validUntil": 1_795_246_210_000_u64,
            "change": {
                "zone": "example.com.", "fenceName": "_checkout._failover.example.com.",
                "guard": { "fence": "exactly", "ttl": 60, "text": ["v=dnsfo1;", "active=prod;"] },
                "requires": [], "deletes": [], "creates": [], "fenceTtl": 60, "fence": ["v=dnsfo1;", "active=dr;"],
            },
            "fence": {
                "install": "acme", "id": "checkout", "provider": "main", "epoch": 2, "rev": 3, "write": "w1", "plan": plan,
                "active": "dr", "released": null, "moved": 1_795_246_200_000_u64, "by": "controller-1", "cfg": 0,
                "pin": null, "pause": null, "rrs": [], "digest": "00112233445566778899aabbccddeeff", "unknown": [],
            },
        }))
        .expect("a planned write")
    }

    #[test]
    fn only_moves_that_decide_are_asked_about() {
        assert!(is_asked_about(&write("failover", "d1", &[])));
        assert!(is_asked_about(&write("failback", "d1", &["cooledDown"])));
        assert!(!is_asked_about(&write("failover", "d0", &[])), "another place has decided");
        assert!(!is_asked_about(&write("annotate", "d1", &[])), "it moves nothing");
        assert!(!is_asked_about(&write("abort", "d1", &[])), "it goes nowhere new");
        let step = PlannedWrite { advances: true, ..write("failback", "d0", &[]) };
        assert!(is_asked_about(&step), "the next step of what was decided here");
        assert!(!is_asked_about(&write("failover", "d1", &["hooksAgreed"])), "an operator takes it upon himself");
    }

    #[test]
    fn silence_means_what_the_configuration_says() {
        assert_eq!(silent(&hook(OnTimeout::Proceed), "no route"), Consent::Given);
        let Consent::Vetoed(why) = silent(&hook(OnTimeout::Veto), "no\nroute") else { panic!("a veto") };
        assert_eq!(why, "vetoed by hook desk: it gave no verdict within 2000 ms, which counts as a veto: no route");
    }
}
