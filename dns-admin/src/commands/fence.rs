//! `fence show NAME`, from the controller or from the zones themselves.

use dns_api::status::{FenceReport, PlaceDetail, ServiceReport};
use dns_core::identifier::ServiceName;
use dns_provider::port::Urgency;
use dns_service::exit::Exit;
use futures_util::future::join_all;
use serde::Serialize;

use super::Desk;
use crate::arguments::FenceShow;
use crate::direct::places::{self, Place, ReadFailure};
use crate::direct::sight::Sight;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::fence::{fence, zones};

/// For programs: the fence of the place that decides now, with every place if there are several.
#[derive(Debug, Serialize)]
struct Held<'a> {
    #[serde(flatten)]
    fence: Option<&'a FenceReport>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    places: &'a [PlaceDetail],
}

/// As the controller last read it.
pub(super) async fn show_held(desk: &Desk<'_>, arguments: &FenceShow) -> Result<Exit, Failure> {
    let service = desk.client.service_detail(&arguments.name).await?;
    let Some(text) = fence(&service, desk.output.width()) else {
        return Err(no_fence(&service.report, &arguments.name));
    };
    let held = Held { fence: service.report.fence.as_ref(), places: &service.places };
    desk.output.answer(&held, |_| text)?;
    Ok(Exit::Done)
}

/// Only a zone that was read and has no fence can be adopted.
fn no_fence(report: &ServiceReport, name: &ServiceName) -> Failure {
    let standing = report.standing.as_str();
    let failure = Failure::new(Exit::Failed, format!("{name} has no fence that the controller knows of"));
    failure.hint(match standing {
        "unadopted" => format!("it stands as `unadopted`; `dns-admin adopt {name} --reason TEXT` writes one"),
        "unread" => format!(
            "its zone could not be read, so whether there is a fence is not known; `dns-admin service show {name}` says why"
        ),
        _ => format!("it stands as `{standing}`; `dns-admin service show {name}` says more"),
    })
}

/// As every place of the service has it now.
pub(super) async fn show_zones(arguments: &FenceShow, output: &Output) -> Result<Exit, Failure> {
    let config = places::load(&arguments.files)?;
    let places = places::of_service(&config, &arguments.name)?;
    let looks = join_all(places.iter().map(|place: &Place| place.read(Urgency::Flip))).await;
    let sights: Vec<Sight> = places.iter().zip(&looks).map(|(place, look)| Sight::of(place, look)).collect();
    output.answer(&sights, |width| zones(&sights, width))?;
    let any = |wanted: fn(&ReadFailure) -> bool| looks.iter().any(|look| look.as_ref().is_err_and(wanted));
    if any(|failure| matches!(failure, ReadFailure::Unreachable(_))) {
        return Ok(Exit::Unreachable);
    }
    Ok(if any(|failure| matches!(failure, ReadFailure::Refused(_))) { Exit::Failed } else { Exit::Done })
}
