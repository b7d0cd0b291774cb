//! `fence show NAME`, from the controller or from the zones themselves.

use dns_provider::port::Urgency;
use dns_service::exit::Exit;
use futures_util::future::join_all;

use super::Desk;
use crate::arguments::FenceShow;
use crate::direct::places::{self, Place, ReadFailure};
use crate::direct::sight::Sight;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::fence::{fence, zones};

/// As the controller last read it.
pub(super) async fn show_held(desk: &Desk<'_>, arguments: &FenceShow) -> Result<Exit, Failure> {
    let report = desk.client.service(&arguments.name).await?;
    let Some(text) = fence(&report, desk.output.width()) else {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} has no fence that the controller knows of", arguments.name),
        )
        .hint(format!("it stands as `{}`; `dns-admin adopt {}` writes one", report.standing, arguments.name)));
    };
    desk.output.answer(&report.fence, |_| text)?;
    Ok(Exit::Done)
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
