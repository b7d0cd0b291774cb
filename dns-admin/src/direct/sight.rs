//! What a place was found to hold, in the words of the API.

use dns_api::status::FenceReport;
use dns_core::fence::{Fence, Pause, Pin};
use dns_core::service::Service;
use dns_core::standing::{Standing, classify, compare, own_records};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ZoneView};
use jiff::Timestamp as Date;
use serde::Serialize;

use super::places::{Place, ReadFailure};

/// One place as it was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sight {
    /// The provider.
    pub provider: String,
    /// The zone.
    pub zone: String,
    /// The fence's owner name.
    pub fence_name: String,
    /// What it means: `held`, `unadopted`, `released`, `foreign`, `unread`.
    pub standing: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fence, if there is one that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fence: Option<FenceReport>,
    /// The installation that the fence belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<String>,
    /// A pause in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// A pin in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// The region whose records are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving: Option<String>,
    /// The service's records as they are served.
    pub records: Vec<String>,
    /// How they differ from what the configuration renders for the fence's region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

impl Sight {
    /// Of a look without a memory.
    pub fn of(place: &Place, look: &Result<ZoneView, ReadFailure>) -> Self {
        let service = &place.service;
        let bare = Self {
            provider: service.provider.to_string(),
            zone: service.zone.to_string(),
            fence_name: service.fence_name().map(|name| name.to_string()).unwrap_or_default(),
            standing: Standing::Unread.as_str().to_owned(),
            detail: None,
            fence: None,
            installation: None,
            pause: None,
            pin: None,
            serving: None,
            records: Vec::new(),
            difference: None,
        };
        match look {
            Ok(view) => bare.seeing(service, view),
            Err(failure) => Self { detail: Some(failure.reason().to_owned()), ..bare },
        }
    }

    fn seeing(self, service: &Service, view: &ZoneView) -> Self {
        let standing = classify(None, view, service);
        let served = own_records(view, service);
        let fence = fence_in(view);
        let rendered = fence.as_ref().filter(|fence| fence.active.is_some()).map(|fence| service.render_under(fence));
        let difference = rendered.map(|rendered| compare(&rendered, &served)).filter(|text| !text.is_empty());
        Self {
            standing: word(&standing).to_owned(),
            detail: detail(&standing),
            installation: fence.as_ref().map(|fence| fence.install.to_string()),
            pause: fence.as_ref().and_then(|fence| fence.pause.as_ref()).map(pause_text),
            pin: fence.as_ref().and_then(|fence| fence.pin.as_ref()).map(pin_text),
            fence: fence.map(|fence| report(&fence, &self.fence_name, view)),
            serving: service.region_serving(&served).map(ToString::to_string),
            records: served.values().map(ToString::to_string).collect(),
            difference,
            ..self
        }
    }
}

/// A point in time as people write it, in UTC.
pub fn date(at: Timestamp) -> String {
    let secs = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    Date::from_second(secs).map_or_else(|_| at.to_string(), |date| date.to_string())
}

/// Without a memory a good fence is a newer one; to people it is one that holds.
fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Newer { .. } | Standing::Held => "held",
        Standing::Unread
        | Standing::Unadopted { .. }
        | Standing::Lost { .. }
        | Standing::Foreign { .. }
        | Standing::Released { .. } => standing.as_str(),
    }
}

fn detail(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Foreign { why } => Some(why.clone()),
        Standing::Unadopted { serving } | Standing::Lost { serving, .. } => Some(serving.as_ref().map_or_else(
            || "there is no fence, and the records served are no region's".to_owned(),
            |region| format!("there is no fence; the records of region `{region}` are served"),
        )),
        Standing::Released { fence } => fence.released.map(|at| format!("at {}", date(at))),
        Standing::Newer { .. } | Standing::Held | Standing::Unread => None,
    }
}

fn fence_in(view: &ZoneView) -> Option<Fence> {
    match &view.fence {
        FoundFence::Present { text, .. } => Fence::parse(text, &view.zone).ok(),
        FoundFence::Absent | FoundFence::Unreadable { .. } => None,
    }
}

fn report(fence: &Fence, name: &str, view: &ZoneView) -> FenceReport {
    let text = match &view.fence {
        FoundFence::Present { text, .. } => text.strings().to_vec(),
        FoundFence::Absent | FoundFence::Unreadable { .. } => Vec::new(),
    };
    FenceReport {
        name: name.to_owned(),
        epoch: fence.epoch.get(),
        rev: fence.rev.get(),
        active: fence.active.as_ref().map(ToString::to_string),
        by: fence.by.to_string(),
        moved: date(fence.moved),
        released: fence.released.map(date),
        text,
    }
}

fn pause_text(pause: &Pause) -> String {
    let end = pause.until.map_or_else(|| "until resumed".to_owned(), |until| format!("until {}", date(until)));
    format!("by {} {end}: {}", pause.by, pause.reason)
}

fn pin_text(pin: &Pin) -> String {
    format!("by {}: {}", pin.by, pin.reason)
}
