//! `service list` and `service show NAME`

use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::Service;
use crate::failure::Failure;
use crate::render::service::service;
use crate::render::status::services;

pub(super) async fn run(desk: &Desk<'_>, verb: &Service) -> Result<Exit, Failure> {
    match verb {
        Service::List => {
            let list = desk.client.services().await?;
            desk.output.answer(&list.services, |width| services(&list.services, width))?;
        }
        Service::Show(named) => {
            let shown = desk.client.service_detail(&named.name).await?;
            desk.output.answer(&shown, |width| service(&shown, width))?;
        }
    }
    Ok(Exit::Done)
}
