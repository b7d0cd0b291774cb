//! Listings: filters, order and pages. Parameters that are not modelled are refused.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::record::{Record, RecordType};
use super::records::Records;
use super::refusal::Refusal;

/// What a page of records may hold, and holds unless asked.
const RECORDS_PER_PAGE: (RangeInclusive<usize>, usize) = (1..=5_000, 100);

/// What a page of zones may hold, and holds unless asked.
const ZONES_PER_PAGE: (RangeInclusive<usize>, usize) = (5..=50, 20);

/// A page and what the answer says of it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) info: Value,
}

/// Which part of all is wanted.
#[derive(Clone, Copy, Debug)]
struct Part {
    page: usize,
    per_page: usize,
}

/// What a query of records wants.
#[derive(Debug)]
struct Query {
    filters: Vec<Filter>,
    matches_any: bool,
    order: Order,
    descending: bool,
    part: Part,
}

#[derive(Debug)]
enum Filter {
    Name(Matcher),
    Content(Matcher),
    Comment(Matcher),
    Type(RecordType),
    Proxied(bool),
}

/// How a text is compared; always without case.
#[derive(Debug)]
enum Matcher {
    Exact(String),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Type,
    Name,
    Content,
    Ttl,
    Proxied,
}

/// Lists records. `missing` of them are left off the page's end without the answer saying so.
pub(super) fn records(records: &Records, query: &[(String, String)], missing: usize) -> Result<Page, Refusal> {
    let query = Query::parse(query)?;
    let mut found: Vec<&Record> = records.iter().map(|record| &**record).filter(|record| query.takes(record)).collect();
    found.sort_by(|a, b| query.compare(a, b));
    let shown = query.part.of(&found).iter().map(|record| record.to_json()).collect();
    let mut page = query.part.page(shown, found.len());
    page.items.truncate(page.items.len().saturating_sub(missing));
    Ok(page)
}

/// Lists zones, given as their names and what is shown of them.
pub(super) fn zones(zones: Vec<(String, Value)>, query: &[(String, String)]) -> Result<Page, Refusal> {
    let mut part = Part { page: 1, per_page: ZONES_PER_PAGE.1 };
    let mut found = zones;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    for (key, value) in query {
        match key.as_str() {
            "name" => found.retain(|(name, _)| name.eq_ignore_ascii_case(value)),
            "status" if value == "active" => {}
            "page" => part.page = number(key, value, &(1..=usize::MAX))?,
            "per_page" => part.per_page = number(key, value, &ZONES_PER_PAGE.0)?,
            _ => return Err(unknown(key, value)),
        }
    }
    let shown = part.of(&found).iter().map(|(_, zone)| zone.clone()).collect();
    Ok(part.page(shown, found.len()))
}

impl Part {
    fn of<T>(self, all: &[T]) -> &[T] {
        let start = (self.page - 1).saturating_mul(self.per_page).min(all.len());
        &all[start..start.saturating_add(self.per_page).min(all.len())]
    }

    fn page(self, items: Vec<Value>, total: usize) -> Page {
        let Self { page, per_page } = self;
        let pages = total.div_ceil(per_page);
        let info = json!({
            "page": page, "per_page": per_page, "count": items.len(), "total_count": total, "total_pages": pages,
        });
        Page { items, info }
    }
}

impl Query {
    fn parse(pairs: &[(String, String)]) -> Result<Self, Refusal> {
        let part = Part { page: 1, per_page: RECORDS_PER_PAGE.1 };
        let mut query = Self { filters: Vec::new(), matches_any: false, order: Order::Type, descending: false, part };
        for (key, value) in pairs {
            query.set(key, value)?;
        }
        Ok(query)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Refusal> {
        match (key, value) {
            ("page", _) => self.part.page = number(key, value, &(1..=usize::MAX))?,
            ("per_page", _) => self.part.per_page = number(key, value, &RECORDS_PER_PAGE.0)?,
            ("match", "any" | "all") => self.matches_any = value == "any",
            ("direction", "asc" | "desc") => self.descending = value == "desc",
            ("order", _) => self.order = Order::parse(value).ok_or_else(|| unknown(key, value))?,
            ("type", _) => {
                let rtype = RecordType::parse(value).ok_or_else(|| unknown(key, value))?;
                self.filters.push(Filter::Type(rtype));
            }
            ("proxied", "true" | "false") => self.filters.push(Filter::Proxied(value == "true")),
            _ => self.filters.push(text_filter(key, value).ok_or_else(|| unknown(key, value))?),
        }
        Ok(())
    }

    fn takes(&self, record: &Record) -> bool {
        let mut matches = self.filters.iter().map(|filter| filter.takes(record));
        if self.matches_any && !self.filters.is_empty() { matches.any(|it| it) } else { matches.all(|it| it) }
    }

    /// Ids at the end, so that pages neither overlap nor leave a gap.
    fn compare(&self, a: &Record, b: &Record) -> Ordering {
        let first = match self.order {
            Order::Type => a.rtype.as_str().cmp(b.rtype.as_str()),
            Order::Name => a.name.cmp(&b.name),
            Order::Content => a.content.cmp(&b.content),
            Order::Ttl => a.ttl.cmp(&b.ttl),
            Order::Proxied => a.proxied.cmp(&b.proxied),
        };
        let first = if self.descending { first.reverse() } else { first };
        first.then_with(|| (&a.name, &a.content, &a.id).cmp(&(&b.name, &b.content, &b.id)))
    }
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "type" => Self::Type,
            "name" => Self::Name,
            "content" => Self::Content,
            "ttl" => Self::Ttl,
            "proxied" => Self::Proxied,
            _ => return None,
        })
    }
}

impl Filter {
    fn takes(&self, record: &Record) -> bool {
        match self {
            Self::Name(matcher) => matcher.takes(&record.name),
            Self::Content(matcher) => matcher.takes(&record.content),
            Self::Comment(matcher) => record.comment.as_deref().is_some_and(|comment| matcher.takes(comment)),
            Self::Type(rtype) => record.rtype == *rtype,
            Self::Proxied(proxied) => record.proxied == *proxied,
        }
    }
}

impl Matcher {
    fn takes(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        match self {
            Self::Exact(wanted) => text == *wanted,
            Self::Contains(wanted) => text.contains(wanted.as_str()),
            Self::StartsWith(wanted) => text.starts_with(wanted.as_str()),
            Self::EndsWith(wanted) => text.ends_with(wanted.as_str()),
        }
    }
}

/// `name`, `name.exact`, `name.contains` and so on, of names, contents and comments.
fn text_filter(key: &str, value: &str) -> Option<Filter> {
    let (field, how) = key.split_once('.').unwrap_or((key, "exact"));
    let value = value.to_lowercase();
    let matcher = match how {
        "exact" => Matcher::Exact(value),
        "contains" => Matcher::Contains(value),
        "startswith" => Matcher::StartsWith(value),
        "endswith" => Matcher::EndsWith(value),
        _ => return None,
    };
    Some(match field {
        "name" => Filter::Name(matcher),
        "content" => Filter::Content(matcher),
        "comment" => Filter::Comment(matcher),
        _ => return None,
    })
}

fn number(key: &str, value: &str, range: &RangeInclusive<usize>) -> Result<usize, Refusal> {
    let wrong = || Refusal::query(&format!("`{key}` must be from {} to {}.", range.start(), range.end()));
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(wrong)
}

fn unknown(key: &str, value: &str) -> Refusal {
    Refusal::query(&format!("`{key}={value}` is nothing that this fake models."))
}
