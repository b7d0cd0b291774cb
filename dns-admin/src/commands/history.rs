//! `history [--service NAME] [--after POSITION] [--limit N] [--follow]` and `history import FILE`

use std::path::Path;
use std::time::Duration;

use dns_api::by_hand::MoveRecord;
use dns_api::client::{ClientError, HistoryFilter};
use dns_api::history::HistoryPage;
use dns_core::identifier::IdentifierError;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::{Format, History, HistoryVerb};
use crate::failure::Failure;
use crate::render::history::{history, row};

/// How soon a new row is seen.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn run(desk: &Desk<'_>, arguments: &History) -> Result<Exit, Failure> {
    let History { verb, service, after, limit, follow } = arguments;
    if let Some(HistoryVerb::Import(import)) = verb {
        return take_down(desk, &import.file).await;
    }
    let filter = HistoryFilter { service: service.clone(), after: *after, limit: Some(*limit) };
    let page = desk.client.history(&filter).await?;
    if *follow {
        return follow_from(desk, filter, page).await;
    }
    desk.output.answer(&page, |width| history(&page.rows, width))?;
    Ok(Exit::Done)
}

async fn take_down(desk: &Desk<'_>, file: &Path) -> Result<Exit, Failure> {
    let wrong = |what: String| {
        let what = format!("{} is no record of a move by hand: {what}", file.display());
        Failure::new(Exit::Usage, what).hint("`dns-admin break-glass` tells the name of the file that it writes")
    };
    let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let record: MoveRecord = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let service = record.service.parse().map_err(|error: IdentifierError| wrong(error.to_string()))?;
    let accepted = desk.client.tell(&service, &record).await?;
    desk.output.answer(&accepted, |_| accepted.message.clone())?;
    Ok(Exit::Done)
}

/// Rows are never changed, so the last position is all that has to be remembered, through restarts, too.
async fn follow_from(desk: &Desk<'_>, filter: HistoryFilter, first: HistoryPage) -> Result<Exit, Failure> {
    let (mut filter, mut page, mut unreachable) = (filter, first, false);
    loop {
        for report in &page.rows {
            match desk.output.format() {
                Format::Table => desk.output.text(&row(report))?,
                Format::Json => desk.output.json_line(report)?,
            }
        }
        // Without any row yet, the first one has a position above 0.
        filter.after = page.rows.last().map(|row| row.position).or(filter.after).or(Some(0));
        tokio::time::sleep(FOLLOW_INTERVAL).await;
        page = match desk.client.history(&filter).await {
            Ok(page) => {
                unreachable = false;
                page
            }
            Err(error @ (ClientError::Unreachable { .. } | ClientError::NoAnswer { .. })) => {
                if !unreachable {
                    desk.output.aside(&error.to_string());
                }
                unreachable = true;
                HistoryPage { rows: Vec::new() }
            }
            Err(error) => return Err(error.into()),
        };
    }
}
