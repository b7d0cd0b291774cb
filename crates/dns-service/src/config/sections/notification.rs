//! `notifications:`: the receivers, and what each is told.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_core::identifier::ServiceName;
use url::Url;

use super::service::ServiceDraft;
use super::top::Top;
use super::{refuse_repeated, remote};
use crate::config::notification::{ReceiverConfig, ReceiverKind, Topic};
use crate::config::secret::SecretKind;
use crate::config::suggestion;
use crate::config::tree::{Map, Spot, each, if_given, or_default};

/// Each reads the history on its own; more would be a bus, and that is what a webhook leads to.
const RECEIVERS_MAX: usize = 32;

/// Longer than a chat service ever takes that takes the message at all.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// While a call waits, those behind it do.
const TIMEOUT_MAX: Duration = Duration::from_mins(1);

/// The public endpoint of `PagerDuty`'s Events API v2 (developer documentation, "Send an alert event").
const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

const KINDS: [&str; 4] = ["webhook", "slack", "pagerduty", "alertmanager"];

/// Reads `notifications`.
pub(crate) fn read(top: &Top<'_>, services: &[ServiceDraft<'_>]) -> Option<Vec<ReceiverConfig>> {
    let items = top.items("notifications");
    if let Some(beyond) = items.get(RECEIVERS_MAX) {
        beyond.fault_with_hint(
            format!("is one receiver too many, {RECEIVERS_MAX} at the most"),
            "let one webhook tell the others",
        );
    }
    let read: Vec<Option<ReceiverConfig>> = items.iter().map(|item| read_one(item, services)).collect();
    let named = items.iter().zip(&read).filter_map(|(item, read)| Some((item, &read.as_ref()?.name)));
    refuse_repeated("receiver", named);
    read.into_iter().collect()
}

fn read_one(item: &Spot<'_>, services: &[ServiceDraft<'_>]) -> Option<ReceiverConfig> {
    let map = item.map(&["name", "on", "services", "webhook", "slack", "pagerduty", "alertmanager"])?;
    let name = map.required("name").and_then(|spot| spot.parse());
    let on = read_topics(&map);
    let services = if_given(map.optional("services"), |spot| read_services(&spot, services));
    let kind = read_kind(&map);
    let (timeout, kind) = kind?;
    Some(ReceiverConfig { name: name?, on: on?, services: services?, timeout: timeout?, kind: kind? })
}

fn read_topics(map: &Map<'_>) -> Option<BTreeSet<Topic>> {
    let spot = map.optional("on");
    let topics = or_default(spot.clone(), BTreeSet::from([Topic::Pages]), |spot| {
        let items = spot.filled_list("topic")?;
        let topic =
            |spot: &Spot<'_>| spot.choice(&[("pages", Topic::Pages), ("moves", Topic::Moves), ("all", Topic::All)]);
        Some(each(&items, topic)?.into_iter().collect())
    })?;
    // What opens and resolves incidents is told of troubles; a move that went well is none.
    let of_troubles = ["pagerduty", "alertmanager"].into_iter().find(|kind| map.optional(kind).is_some());
    if let (Some(spot), Some(kind)) = (spot, of_troubles)
        && topics != BTreeSet::from([Topic::Pages])
    {
        let hint = "remove `on`, or send the rest to a webhook or to Slack";
        spot.fault_with_hint(format!("`{kind}` takes `[pages]` only: it opens incidents and resolves them"), hint);
        return None;
    }
    Some(topics)
}

fn read_services(spot: &Spot<'_>, services: &[ServiceDraft<'_>]) -> Option<BTreeSet<ServiceName>> {
    let items = spot.filled_list("service")?;
    let names = each(&items, |item| {
        let name: ServiceName = item.parse()?;
        let known = || services.iter().filter_map(|draft| draft.name.as_ref());
        if !known().any(|other| *other == name) {
            let hint = suggestion::hint(name.as_str(), known().map(ServiceName::as_str).collect::<Vec<_>>());
            item.fault_with_hint(format!("there is no service `{name}`"), hint);
            return None;
        }
        Some(name)
    })?;
    refuse_repeated("service", items.iter().zip(&names));
    Some(names.into_iter().collect())
}

/// How long a call may take, and how it is made.
type Read = (Option<Duration>, Option<ReceiverKind>);

fn read_kind(map: &Map<'_>) -> Option<Read> {
    let given: Vec<(&str, Spot<'_>)> = KINDS.iter().filter_map(|kind| Some((*kind, map.optional(kind)?))).collect();
    let [(kind, spot)] = given.as_slice() else {
        let hint = "write `webhook: { url: …, secretFile: … }` or the like; make several receivers of several";
        map.spot().fault_with_hint(format!("needs one of {}", KINDS.join(", ")), hint);
        return None;
    };
    match *kind {
        "webhook" => webhook(spot),
        "slack" => slack(spot),
        "pagerduty" => pagerduty(spot),
        _ => alertmanager(spot),
    }
}

fn webhook(spot: &Spot<'_>) -> Option<Read> {
    let map = spot.map(&["url", "secretFile", "timeout", "allowPlainHttp"])?;
    let (url, secret_file) = (remote::url(&map, None), remote::secret(&map, "secretFile", SecretKind::SigningKey));
    let timeout = timeout(&map);
    Some((timeout, url.zip(secret_file).map(|(url, secret_file)| ReceiverKind::Webhook { url, secret_file })))
}

fn slack(spot: &Spot<'_>) -> Option<Read> {
    let map = spot.map(&["urlFile", "timeout"])?;
    let url_file = remote::secret(&map, "urlFile", SecretKind::Url);
    Some((timeout(&map), url_file.map(|url_file| ReceiverKind::Slack { url_file })))
}

fn pagerduty(spot: &Spot<'_>) -> Option<Read> {
    let map = spot.map(&["routingKeyFile", "url", "timeout", "allowPlainHttp"])?;
    let default = Url::parse(PAGERDUTY_URL).expect("invariant: the constant is a URL");
    let (url, key) = (remote::url(&map, Some(default)), remote::secret(&map, "routingKeyFile", SecretKind::Line));
    let kind = url.zip(key).map(|(url, routing_key_file)| ReceiverKind::PagerDuty { url, routing_key_file });
    Some((timeout(&map), kind))
}

fn alertmanager(spot: &Spot<'_>) -> Option<Read> {
    let map = spot.map(&["url", "tokenFile", "timeout", "allowPlainHttp"])?;
    let url = remote::url(&map, None);
    let token = map.optional("tokenFile").map(|_| remote::secret(&map, "tokenFile", SecretKind::Line));
    let token_file = match token {
        None => Some(None),
        Some(file) => file.map(Some),
    };
    let kind = url.zip(token_file).map(|(url, token_file)| ReceiverKind::Alertmanager { url, token_file });
    Some((timeout(&map), kind))
}

fn timeout(map: &Map<'_>) -> Option<Duration> {
    remote::timeout(map, TIMEOUT_DEFAULT, TIMEOUT_MAX, "what is told next waits for it")
}
