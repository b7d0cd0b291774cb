use aws_sdk_route53::types::RrType;
use dns_core::rrset::canonical_name;

use super::*;

/// A zone that answers pages in the documented order, by the escaped form.
struct Zone {
    /// In order, each with how many sets it has.
    names: Vec<(Place, Name, usize)>,
    calls: usize,
}

impl Zone {
    fn of(names: impl IntoIterator<Item = (String, usize)>) -> Self {
        let mut names: Vec<_> = names
            .into_iter()
            .map(|(text, sets)| {
                let name = canonical_name(&text).expect("a name");
                (Place::of(&name), name, sets)
            })
            .collect();
        names.sort();
        Self { names, calls: 0 }
    }

    fn page(&mut self, ask: &Ask) -> Page {
        self.calls += 1;
        let start = Place::of(&ask.start);
        let mut all = self.names.iter().filter(|(place, ..)| *place >= start).flat_map(|(_, name, count)| {
            (0..*count).map(move |index| {
                let set = ResourceRecordSet::builder().name(text::of_name(name)).r#type(RrType::A);
                set.set_identifier(index.to_string()).build().expect("a set")
            })
        });
        let sets = all.by_ref().take(usize::try_from(ask.items).expect("positive")).collect();
        Page { sets, next: all.next().map(|set| set.name().to_owned()) }
    }

    fn sweep(&mut self, wanted: impl IntoIterator<Item = String>) -> Result<Sets, Failure> {
        let mut sweep = Sweep::new(wanted.into_iter().map(|text| canonical_name(&text).expect("a name")));
        while let Some(ask) = sweep.next() {
            let page = self.page(&ask);
            sweep.take(&ask, page)?;
        }
        Ok(sweep.into_found())
    }
}

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("s-{index:05}.example.com"))
}

#[test]
fn all_names_of_a_zone_cost_what_listing_it_costs() {
    let mut zone = Zone::of(numbered(3_000).map(|name| (name, 2)));
    let found = zone.sweep(numbered(3_000)).expect("swept");
    assert_eq!((found.len(), zone.calls), (3_000, 20));
    assert!(found.values().all(|sets| sets.len() == 2));
}

#[test]
fn absent_names_cost_nothing_where_a_page_surely_passed_them() {
    let odd = numbered(600).enumerate().filter(|(index, _)| index % 2 == 1).map(|(_, name)| (name, 1));
    let mut zone = Zone::of(odd);
    let found = zone.sweep(numbered(600)).expect("swept");
    assert_eq!(found.len(), 300);
    assert!(zone.calls <= 2, "{} calls", zone.calls);
}

#[test]
fn names_far_apart_cost_a_call_each() {
    let mut zone = Zone::of(numbered(10_000).map(|name| (name, 1)));
    let wanted = [0, 4_000, 9_999].map(|index| format!("s-{index:05}.example.com"));
    assert_eq!(zone.sweep(wanted).expect("swept").len(), 3);
    assert_eq!(zone.calls, 3);
}

#[test]
fn a_name_that_a_page_tears_is_read_whole_from_the_next() {
    let mut zone = Zone::of(numbered(100).map(|name| (name, 7)));
    let found = zone.sweep(numbered(100)).expect("swept");
    assert!(found.len() == 100 && found.values().all(|sets| sets.len() == 7));
}

#[test]
fn a_name_with_many_sets_is_asked_for_with_a_larger_page_and_then_given_up() {
    let mut zone = Zone::of([("a.example.com".to_owned(), 250), ("b.example.com".to_owned(), 301)]);
    let found = zone.sweep(["a.example.com".to_owned()]).expect("swept");
    assert_eq!((found.values().next().expect("found").len(), zone.calls), (250, 2));
    assert!(matches!(zone.sweep(["b.example.com".to_owned()]), Err(Failure::Denied(_))));
}

#[test]
fn a_name_whose_order_is_in_doubt_is_asked_for_by_itself() {
    // In RFC 4034's order `a-b` comes after `a`, in the documented one before it: a page that begins at `a` and
    // passes to `b` proves nothing about `a-b`.
    let mut zone = Zone::of([("a.example.com".to_owned(), 1), ("b.example.com".to_owned(), 1)]);
    let mut sweep = Sweep::new(
        ["0.example.com", "a-b.example.com", "a.example.com"].map(|text| canonical_name(text).expect("a name")),
    );
    let ask = sweep.next().expect("a page");
    let page = zone.page(&ask);
    sweep.take(&ask, page).expect("taken");
    let next = sweep.next().expect("not everything is decided");
    assert_eq!(next.start.to_string(), "a-b.example.com.");
}

#[test]
fn a_page_that_contradicts_itself_fails_the_sweep() {
    let mut sweep = Sweep::new([canonical_name("a.example.com").expect("a name")]);
    let ask = sweep.next().expect("a page");
    let page = Page { sets: vec![], next: Some("z.example.com.".to_owned()) };
    assert!(matches!(sweep.take(&ask, page), Err(Failure::Lost(_))));
}
