//! Listings of records, whole or failed: at some names, or of a zone.
//!
//! A page may come without its last records and still look whole, so every page is counted against what it says of itself
//! and of the whole. A listing of several pages is no snapshot: one whose total changes on the way, or that shows a
//! record twice, is begun again.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use hickory_proto::rr::Name;

use super::api::{Api, Envelope, PageInfo, Place, Places};
use super::record::{Record, Records, written};
use crate::port::ProviderError;
use crate::whole_names::Look;

/// The most that the API gives at once.
pub(super) const PER_PAGE: usize = 5_000;

/// A million records; no zone has as many, and an API that pages for ever must not be followed.
const PAGES_MAX: usize = 200;

/// How often a listing is begun. Whoever changes a zone of several pages all the time is read name by name.
const TRIES_MAX: u32 = 2;

/// Reads names, each with one call.
pub(super) struct Names<'a> {
    pub(super) api: &'a Api,
    pub(super) place: &'a Place,
    pub(super) places: Places,
}

impl Names<'_> {
    /// The records at some names.
    pub(super) async fn records(&self, names: &BTreeSet<Name>) -> Result<Vec<Record>, ProviderError> {
        let mut all = Vec::new();
        for name in names {
            let query = [("name.exact", written(name))];
            all.extend(list(self.api, self.place, &query, &self.places).await?);
        }
        Ok(all)
    }
}

#[async_trait]
impl Look for Names<'_> {
    type Found = Records;

    fn subject(&self) -> String {
        self.api.subject()
    }

    async fn at(&self, names: &BTreeSet<Name>) -> Result<Records, ProviderError> {
        Ok(Records::new(self.records(names).await?))
    }
}

/// Every record of a zone, and how many pages it took.
pub(super) async fn zone(api: &Api, place: &Place, places: &Places) -> Result<(Records, usize), ProviderError> {
    let all = records(api, place, places).await?;
    let pages = all.len().div_ceil(PER_PAGE).max(1);
    Ok((Records::new(all), pages))
}

/// The same, as they come.
pub(super) async fn records(api: &Api, place: &Place, places: &Places) -> Result<Vec<Record>, ProviderError> {
    list(api, place, &[("order", "name".to_owned())], places).await
}

/// The records at some name, or below it. What else ends in the same letters is among them.
pub(super) async fn ending_in(
    api: &Api,
    place: &Place,
    top: &Name,
    places: &Places,
) -> Result<Vec<Record>, ProviderError> {
    list(api, place, &[("name.endswith", written(top)), ("order", "name".to_owned())], places).await
}

async fn list(
    api: &Api,
    place: &Place,
    query: &[(&str, String)],
    places: &Places,
) -> Result<Vec<Record>, ProviderError> {
    let mut why = String::new();
    for _ in 0..TRIES_MAX {
        match pages(api, place, query, places).await? {
            Ok(records) => return Ok(records),
            Err(unsettled) => why = unsettled,
        }
    }
    let reason = format!("zone {} could not be listed whole in {TRIES_MAX} tries: {why}", place.zone);
    Err(ProviderError::Transient { subject: api.subject(), reason })
}

/// One listing, or why it is not whole.
async fn pages(
    api: &Api,
    place: &Place,
    query: &[(&str, String)],
    places: &Places,
) -> Result<Result<Vec<Record>, String>, ProviderError> {
    let mut all: Vec<Record> = Vec::new();
    let mut total = None;
    for page in 1..=PAGES_MAX {
        let part = [("page", page.to_string()), ("per_page", PER_PAGE.to_string())];
        let query: Vec<(&str, String)> = query.iter().cloned().chain(part).collect();
        let Envelope::<Vec<Record>> { result, result_info } = api.page(place, &query, places).await?;
        let Some(PageInfo { count, total_count }) = result_info else {
            return Ok(Err(format!("page {page} does not say how many records there are")));
        };
        if result.len() != count {
            return Ok(Err(format!("page {page} has {} records and says {count}", result.len())));
        }
        if *total.get_or_insert(total_count) != total_count {
            return Ok(Err("records came or went while it was read".to_owned()));
        }
        all.extend(result);
        if all.len() >= total_count {
            return Ok(settled(all, total_count));
        }
        if count == 0 {
            return Ok(Err(format!("it ends after {} of {total_count} records", all.len())));
        }
    }
    Ok(Err(format!("it has more than {PAGES_MAX} pages")))
}

fn settled(all: Vec<Record>, total: usize) -> Result<Vec<Record>, String> {
    let ids: HashSet<&str> = all.iter().map(|record| record.id.as_str()).collect();
    if ids.len() != total || all.len() != total {
        return Err("records moved between its pages".to_owned());
    }
    Ok(all)
}
