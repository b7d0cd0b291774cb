//! `hooks:` of a policy: who is asked before a move and may say no, and who is told after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dns_core::identifier::HookName;

use super::service::ServiceDraft;
use super::{refuse_repeated, remote};
use crate::config::notification::{HookConfig, HooksConfig, OnTimeout, PreFlipHook};
use crate::config::secret::SecretKind;
use crate::config::tree::{Map, Spot, or_default};

/// Hooks of one kind of one policy. All are asked at once; more would be a committee.
const HOOKS_MAX: usize = 8;

/// A desk that decides by itself answers at once, and users wait for it.
const PRE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(2);

/// What of a decision's validity a hook may take: the permit is asked for after it, and other services move meanwhile.
const VALIDITY_SHARE: u32 = 2;

const POST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
const POST_TIMEOUT_MAX: Duration = Duration::from_mins(1);

/// The hooks of one policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hooks {
    pre_flip: Vec<PreFlipHook>,
    post_flip: Vec<HookConfig>,
}

/// Where each hook stands.
pub(crate) type Named<'t> = Vec<(Spot<'t>, HookConfig)>;

/// Reads `hooks` of a policy whose decisions are valid for so long. `None` if something is faulty.
pub(crate) fn read<'t>(spot: &Spot<'t>, validity: Duration, named: &mut Named<'t>) -> Option<Hooks> {
    let map = spot.map(&["preFlip", "postFlip"])?;
    let pre_flip = list(&map, "preFlip", |item| read_pre(item, validity));
    let post_flip = list(&map, "postFlip", read_post);
    let (pre_flip, post_flip) = (pre_flip?, post_flip?);
    named.extend(pre_flip.iter().map(|(spot, read)| (spot.clone(), read.hook.clone())));
    named.extend(post_flip.iter().cloned());
    let pre_flip = pre_flip.into_iter().map(|(_, read)| read).collect();
    Some(Hooks { pre_flip, post_flip: post_flip.into_iter().map(|(_, read)| read).collect() })
}

fn list<'t, T>(map: &Map<'t>, key: &str, read: impl Fn(&Spot<'t>) -> Option<T>) -> Option<Vec<(Spot<'t>, T)>>
where
    T: Clone + AsHook,
{
    let Some(spot) = map.optional(key) else { return Some(Vec::new()) };
    let items = spot.filled_list("hook")?;
    if items.len() > HOOKS_MAX {
        spot.fault(format!("has {} hooks, {HOOKS_MAX} at the most", items.len()));
        return None;
    }
    let read: Vec<Option<(Spot<'t>, T)>> = items.iter().map(|item| Some((item.clone(), read(item)?))).collect();
    refuse_repeated("hook", read.iter().flatten().map(|(spot, read)| (spot, &read.as_hook().name)));
    read.into_iter().collect()
}

/// What both kinds have in common.
trait AsHook {
    fn as_hook(&self) -> &HookConfig;
}

impl AsHook for HookConfig {
    fn as_hook(&self) -> &HookConfig {
        self
    }
}

impl AsHook for PreFlipHook {
    fn as_hook(&self) -> &HookConfig {
        &self.hook
    }
}

fn read_pre(item: &Spot<'_>, validity: Duration) -> Option<PreFlipHook> {
    let map = item.map(&["name", "url", "secretFile", "timeout", "allowPlainHttp", "onTimeout"])?;
    let why = "a decision must still be valid after its hooks: half of its validity, which is two intervals and at \
               least 10s, is theirs";
    let hook = read_hook(&map, PRE_TIMEOUT_DEFAULT, validity / VALIDITY_SHARE, why);
    let on_timeout = or_default(map.optional("onTimeout"), OnTimeout::Proceed, |spot| {
        spot.choice(&[("proceed", OnTimeout::Proceed), ("veto", OnTimeout::Veto)])
    });
    Some(PreFlipHook { hook: hook?, on_timeout: on_timeout? })
}

fn read_post(item: &Spot<'_>) -> Option<HookConfig> {
    let map = item.map(&["name", "url", "secretFile", "timeout", "allowPlainHttp"])?;
    read_hook(&map, POST_TIMEOUT_DEFAULT, POST_TIMEOUT_MAX, "what is told next waits for it")
}

fn read_hook(map: &Map<'_>, default: Duration, longest: Duration, why: &str) -> Option<HookConfig> {
    let name = map.required("name").and_then(|spot| spot.parse::<HookName>());
    let url = remote::url(map, None);
    let secret_file = remote::secret(map, "secretFile", SecretKind::SigningKey);
    let timeout = remote::timeout(map, default, longest, why);
    Some(HookConfig { name: name?, url: url?, secret_file: secret_file?, timeout: timeout? })
}

/// A name stands for one hook, in history, metrics and bookmarks: policies that share one say the same of it.
pub(crate) fn refuse_ambiguous(named: &Named<'_>) {
    let mut first: BTreeMap<&HookName, (&Spot<'_>, &HookConfig)> = BTreeMap::new();
    for (spot, hook) in named {
        let (known_at, known) = *first.entry(&hook.name).or_insert((spot, hook));
        if (&known.url, &known.secret_file) != (&hook.url, &hook.secret_file) {
            let message = format!("hook `{}` is another one at {}", hook.name, known_at.place());
            spot.fault_with_hint(message, "give it a name of its own, or the same url and secretFile");
        }
    }
}

/// The hooks of each policy that has some, with the services that it is for.
pub(crate) fn by_policy(services: &[ServiceDraft<'_>]) -> Vec<HooksConfig> {
    let mut found: BTreeMap<&str, HooksConfig> = BTreeMap::new();
    for service in services {
        let Some(policy) = &service.policy else { continue };
        let (Some(Hooks { pre_flip, post_flip }), Some(name)) = (&policy.hooks, &service.name) else { continue };
        let of_policy = found.entry(&policy.name).or_insert_with(|| HooksConfig {
            services: BTreeSet::new(),
            pre_flip: pre_flip.clone(),
            post_flip: post_flip.clone(),
        });
        of_policy.services.insert(name.clone());
    }
    found.into_values().collect()
}
