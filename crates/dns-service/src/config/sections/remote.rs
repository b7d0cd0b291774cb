//! What others are reached by: URLs that nobody on the way can speak for, secrets, and how long a call may take.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::is_loopback;
use crate::config::secret::{SecretKind, SecretUser};
use crate::config::tree::{Map, Spot, or_default};

/// A shorter call is cut off by a collector of garbage or a lost packet.
pub(super) const TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// Reads `url`, with `allowPlainHttp` beside it.
pub(super) fn url(map: &Map<'_>, default: Option<Url>) -> Option<Url> {
    let plain_allowed = or_default(map.optional("allowPlainHttp"), false, |spot| spot.bool());
    let spot = match (map.optional("url"), default) {
        (None, Some(default)) => return Some(default),
        (Some(spot), _) => spot,
        (None, None) => map.required("url")?,
    };
    let url = sound(&spot)?;
    let plain = url.scheme() == "http" && !is_loopback(&url);
    if plain && !plain_allowed? {
        let hint = "use https, or say `allowPlainHttp: true` beside it if the network itself keeps strangers out";
        spot.fault_with_hint("plain http beyond loopback: anyone on the way could read it, or answer", hint);
        return None;
    }
    Some(url)
}

fn sound(spot: &Spot<'_>) -> Option<Url> {
    let text = spot.text()?;
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        spot.fault_with_hint(format!("`{text}` is no HTTP URL"), "such as `https://hooks.example.net/failover`");
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        spot.fault_with_hint("the url holds a password", "a secret goes into a file");
        return None;
    }
    Some(url)
}

/// Reads the path of a secret of the controller's.
pub(super) fn secret(map: &Map<'_>, key: &str, kind: SecretKind) -> Option<PathBuf> {
    map.required(key).and_then(|spot| spot.secret(kind, SecretUser::Controller))
}

/// Reads `timeout`, up to a bound that `why` explains.
pub(super) fn timeout(map: &Map<'_>, default: Duration, longest: Duration, why: &str) -> Option<Duration> {
    let spot = map.optional("timeout");
    or_default(spot, default.min(longest), |spot| {
        let length = spot.duration()?;
        if (TIMEOUT_MIN..=longest).contains(&length) {
            return Some(length);
        }
        let (least, most) = (humantime::format_duration(TIMEOUT_MIN), humantime::format_duration(longest));
        spot.fault_with_hint(format!("must be between {least} and {most}"), why);
        None
    })
}
