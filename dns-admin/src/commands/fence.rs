//! `fence show NAME`

use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::Fence;
use crate::failure::Failure;
use crate::render::fence::fence;

pub(super) async fn run(desk: &Desk<'_>, verb: &Fence) -> Result<Exit, Failure> {
    let Fence::Show(named) = verb;
    let report = desk.client.service(&named.name).await?;
    let Some(text) = fence(&report, desk.output.width()) else {
        return Err(Failure::new(Exit::Failed, format!("{} has no fence that the controller knows of", named.name))
            .hint(format!("it stands as `{}`; `dns-admin adopt {}` writes one", report.standing, named.name)));
    };
    desk.output.answer(&report.fence, |_| text)?;
    Ok(Exit::Done)
}
