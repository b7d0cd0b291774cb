//! `observe report [SERVICE] [--since DURATION]`

use dns_api::client::ObservationFilter;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::ObserveReport;
use crate::failure::Failure;
use crate::render::observation::observations;

pub(super) async fn report(desk: &Desk<'_>, arguments: &ObserveReport) -> Result<Exit, Failure> {
    let ObserveReport { service, since } = arguments;
    let filter = ObservationFilter { service: service.clone(), since_secs: Some(since.as_secs()) };
    let told = desk.client.observations(&filter).await?;
    desk.output.answer(&told, |width| observations(&told, width))?;
    Ok(Exit::Done)
}
